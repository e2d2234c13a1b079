"""
Announcements: how an upstream room tells what happened without knowing who listens.

An announcement is a frozen dataclass of its room's domain. Listeners are bound in ``cis.wiring`` only; they run in
the same transaction and only write rows, so that the deed and its consequences stand or fall together.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar

from cis.platform.db import joins_transaction

E = TypeVar("E")
_listeners: dict[type, list[Callable[..., None]]] = defaultdict(list)


def listen(event_type: type[E], listener: Callable[[E], None]) -> None:
    """Call the listener for each announcement of this type; binding it twice changes nothing."""
    if listener not in _listeners[event_type]:
        _listeners[event_type].append(listener)


@joins_transaction
def announce(event: object) -> None:
    """Tell all listeners, in the order in which they were bound; what one raises undoes the deed."""
    for listener in _listeners[type(event)]:
        listener(event)
