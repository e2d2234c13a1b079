"""
The head end: the system that speaks to meters over the air or the wire.

It is handed commands and later tells what became of them, first an acknowledgement, then a result. Both ways are
repeated until they are confirmed, so either side may see a thing twice. Which one is used is bound in ``cis.wiring``.
"""

from collections.abc import Sequence
from typing import Protocol

from metering.domain.device_commands import Answer, Order


class Unreachable(Exception):
    """The head end did not take the command: nothing was done, and nothing will be."""


class NoHeadEnd(RuntimeError):
    """No head end is bound in ``cis.wiring``."""


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


def use(head_end: HeadEnd) -> None:
    """Bind the head end; for ``cis.wiring`` only, and tests."""
    _bound[:] = [head_end]


def current() -> HeadEnd:
    """
    Return the head end in use.

    :raises NoHeadEnd: none is bound.
    """
    if not _bound:
        raise NoHeadEnd("no head end is bound")
    return _bound[0]
