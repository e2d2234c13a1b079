"""
The head end: the system that speaks to meters over the air or the wire.

It is handed commands and later tells what became of them, first an acknowledgement, then a result. Both ways are
repeated until they are confirmed, so either side may see a thing twice. What meters say of their own, values and
alarms, is pulled from it, or pushed by it. Which one is used is named by HEAD_END_GATEWAY and bound in ``cis.wiring``;
where none is, meters are switched by hand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from cis.kernel.errors import Refused
from metering.domain.device_commands import Answer, Order


class Unreachable(Exception):
    """The head end did not take the command: nothing was done, and nothing will be."""


class Declined(Exception):
    """The head end will never do the command, and says why."""


class BadAnswer(Exception):
    """The head end answered what cannot be understood, or the line broke: whether it did what was asked is open."""


class NoHeadEnd(Refused):
    """This installation speaks to no head end."""

    code = "no_head_end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """
    What meters said after a cursor.

    messages  as ``metering.domain.head_end_messages`` reads them
    cursor    from which on the next ones are asked for; the same as before: there is no more
    """

    messages: tuple[Any, ...]
    cursor: str


class HeadEnd(Protocol):
    """What a head end does for us."""

    def send(self, order: Order) -> None:
        """
        Hand over a command; one with a known reference is the same command.

        :raises Unreachable: it was not taken, for sure.
        :raises Declined: it will never be done; any other error leaves open whether it was taken.
        """

    def answers(self, *, most: int) -> Sequence[Answer]:
        """Return answers that were not confirmed yet, oldest first."""

    def confirm(self, answer_ids: Sequence[str]) -> None:
        """Say that answers are kept, so that they are not given again."""

    def pull(self, *, cursor: str, most: int) -> Pulled:
        """Return what meters said after a cursor, "" = from the beginning; the same cursor gives the same again."""


_bound: list[HeadEnd] = []


def use(head_end: HeadEnd | None) -> None:
    """Bind the head end, None: there is none; for ``cis.wiring`` only, and tests."""
    _bound[:] = [] if head_end is None else [head_end]


def is_bound() -> bool:
    """Return whether meters can be told anything."""
    return bool(_bound)


def current() -> HeadEnd:
    """
    Return the head end in use.

    :raises NoHeadEnd: none is bound.
    """
    if not _bound:
        raise NoHeadEnd(
            "No head-end is connected: meters cannot be told anything from here.",
            advice="Do it at the meter by a work order, or connect a head-end by the setting HEAD_END_GATEWAY.",
        )
    return _bound[0]
