"""
Announcements: how a room that lies upstream speaks to rooms downstream without knowing them.

An announcement is a frozen dataclass in the domain of the room that makes it. Who listens is said in ``cis.wiring``
alone. Listeners run at once, in the transaction of the use case, and write rows only: what goes to the world outside
goes through the outbox.

Some announcements are about accounts (``account_ids``), and most of these concern no listener: a payment that no plan,
no deposit and no disconnection waits for. Who listens to such a one says where its accounts stand (``Accounts``); all
who do are asked in one statement, and only who has one of them is called, with these accounts alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from typing import Any, TypeVar

from cis.platform import db
from cis.platform.db import joins_transaction

Announcement = TypeVar("Announcement")
LISTENERS: dict[type, list[Callable[[Any], None]]] = {}


@dataclass(frozen=True, slots=True)
class Accounts:
    """Rows of a table with an ``account_id``, and the condition in SQL under which they are looked at."""

    table: str
    where: str


_looked_at: dict[Callable[[Any], None], Accounts] = {}


def listen(kind: type[Announcement], listener: Callable[[Announcement], None], *, of: Accounts | None = None) -> None:
    """
    Call the listener for each announcement of exactly this kind. To be called from ``cis.wiring`` only.

    :param of: whose announcements it hears; rows that others write while the same one is told count no more.
    :raises TypeError: the kind is not a dataclass, or says of no accounts though it is to be heard of some.
    """
    if not is_dataclass(kind):
        raise TypeError(f"{kind.__qualname__} is not a dataclass")
    listeners = LISTENERS.setdefault(kind, [])
    if listener not in listeners:
        listeners.append(listener)
    if of is not None:
        if "account_ids" not in kind.__dataclass_fields__:
            raise TypeError(f"{kind.__qualname__} is about no accounts")
        _looked_at[listener] = of


@joins_transaction
def announce(announcement: object) -> None:
    """Call all who listen, in the order in which they were bound; what one of them raises ends the use case."""
    listeners = LISTENERS.get(type(announcement), ())
    concerned = _concerned(listeners, announcement)
    for listener in listeners:
        if listener not in _looked_at:
            listener(announcement)
        elif account_ids := concerned.get(listener):
            listener(replace(announcement, account_ids=account_ids))  # type: ignore[type-var]


def _concerned(
    listeners: Sequence[Callable[[Any], None]], announcement: Any
) -> Mapping[Callable[[Any], None], tuple[int, ...]]:
    """Return the accounts that each listener looks at, of those that look at some; one statement."""
    asked = [one for one in listeners if one in _looked_at]
    if not asked:
        return {}
    parts = (
        f"SELECT {at}, t.account_id FROM {_looked_at[one].table} t"
        f" WHERE t.account_id = ANY(%(accounts)s::bigint[]) AND {_looked_at[one].where}"
        for at, one in enumerate(asked)
    )
    found = set(db.fetch(" UNION ALL ".join(parts), {"accounts": list(announcement.account_ids)}))
    return {
        one: tuple(account_id for account_id in announcement.account_ids if (at, account_id) in found)
        for at, one in enumerate(asked)
    }
