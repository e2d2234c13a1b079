"""
What other rooms know that holds an account: money that is under way, complaints that are open, supplies in the dark.

A room that knows such a thing is bound in ``cis.wiring``; where none is bound, only holds that somebody placed count.
Whoever answers is asked in the transaction that dispatches, so what he says must be written under the ledger's lock,
but for outages: one that is confirmed while an order is dispatched comes after it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from arrears.domain.cut_facts import Hold


class Hindrances(Protocol):
    """Says what hinders accounts, in a constant number of statements for any number of them."""

    def __call__(self, *, account_ids: Sequence[int], at: datetime) -> Mapping[int, tuple[Hold, ...]]:
        """
        Return the holds by account; accounts without are left out.

        hold_id   of the row of that room: a debit, a checkout, a complaint
        evidence  what shows it, for people to read
        """


_asked: dict[str, Hindrances] = {}


def ask(name: str, *, answers: Hindrances) -> None:
    """Bind a room that knows of hindrances; the later binding of a name counts. For ``cis.wiring`` only."""
    _asked[name] = answers


def of_accounts(*, account_ids: Sequence[int], at: datetime) -> dict[int, tuple[Hold, ...]]:
    """Return what all rooms that were bound say, by account; no statement where none is bound."""
    found: dict[int, tuple[Hold, ...]] = {}
    for answers in _asked.values():
        for account_id, holds in answers(account_ids=account_ids, at=at).items():
            found[account_id] = (*found.get(account_id, ()), *holds)
    return found
