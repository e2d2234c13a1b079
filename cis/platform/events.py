"""
Announcements: how a room that lies upstream speaks to rooms downstream without knowing them.

An announcement is a frozen dataclass in the domain of the room that makes it. Who listens is said in ``cis.wiring``
alone. Listeners run at once, in the transaction of the use case, and write rows only: what goes to the world outside
goes through the outbox.
"""

from collections.abc import Callable
from dataclasses import is_dataclass
from typing import Any, TypeVar

from cis.platform.db import joins_transaction

Announcement = TypeVar("Announcement")
LISTENERS: dict[type, list[Callable[[Any], None]]] = {}


def listen(kind: type[Announcement], listener: Callable[[Announcement], None]) -> None:
    """
    Call the listener for each announcement of exactly this kind. To be called from ``cis.wiring`` only.

    :raises TypeError: the kind is not a dataclass.
    """
    if not is_dataclass(kind):
        raise TypeError(f"{kind.__qualname__} is not a dataclass")
    listeners = LISTENERS.setdefault(kind, [])
    if listener not in listeners:
        listeners.append(listener)


@joins_transaction
def announce(announcement: object) -> None:
    """Call all who listen, in the order in which they were bound; what one of them raises ends the use case."""
    for listener in LISTENERS.get(type(announcement), ()):
        listener(announcement)
