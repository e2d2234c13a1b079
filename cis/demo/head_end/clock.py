"""The clock of made-up meters: it begins somewhere in the past, runs faster than ours, and never before it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cis.demo.head_end.meters import slot_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """
    What meters think it is.

    start  what it showed when it began
    began  when that was, by our clock
    speed  so many seconds pass in one of ours, until it shows what ours does
    until  it stops there; None: it does not
    now    our clock
    """

    start: datetime
    began: datetime
    speed: int
    now: Callable[[], datetime]
    until: datetime | None = None

    def at(self) -> datetime:
        """Return what it shows."""
        now = self.now()
        shown = min(self.start + (now - self.began) * self.speed, now)
        return shown if self.until is None else min(shown, self.until)

    def slot(self) -> int:
        """Return the slot that is under way."""
        return slot_of(self.at())
