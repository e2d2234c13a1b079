"""
The head end: the system that speaks to meters over the air or the wire.

It is handed commands and later tells what became of them, first an acknowledgement, then a result. Both ways are
repeated until they are confirmed, so either side may see a thing twice. Which one is used is named by
HEAD_END_GATEWAY and bound in ``cis.wiring``; where none is, meters are switched by hand.
"""

from collections.abc import Sequence
from typing import Protocol

from cis.kernel.errors import Refused
from metering.domain.device_commands import Answer, Order


class Unreachable(Exception):
    """The head end did not take the command: nothing was done, and nothing will be."""


class NoHeadEnd(Refused):
    """This installation speaks to no head end."""

    code = "no_head_end"


class HeadEnd(Protocol):
    """What a head end does for us."""

    def send(self, order: Order) -> None:
        """
        Hand over a command; one with a known reference is the same command.

        :raises Unreachable: it was not taken, for sure; any other error leaves that open.
        """

    def answers(self, *, most: int) -> Sequence[Answer]:
        """Return answers that were not confirmed yet, oldest first."""

    def confirm(self, answer_ids: Sequence[str]) -> None:
        """Say that answers are kept, so that they are not given again."""


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
