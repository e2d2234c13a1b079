"""
Hours of an event of demand response that a load forecast suggests; a person decides.

Proposed are the hours of a day in which an area is expected to take most, where that is more than it usually takes at
most: than the peaks of nine of ten of the days before (house rule). What is beyond them is what might be saved.
"""

from collections.abc import Sequence
from dataclasses import dataclass

HOURS_USUAL = 2
USUAL_OF_TEN = 9
LEAST_DAYS = 14
"""Days whose peaks must be known: fewer say nothing of what is usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """
    Hours that stand out.

    start_hour   on the clock on the wall
    mean_w       expected over the hours [W]
    usual_w      what the peak over as many hours is on nine of ten days [W]
    """

    start_hour: int
    hours: int
    mean_w: int
    usual_w: int

    @property
    def beyond_w(self) -> int:
        """Return how much is expected beyond what is usual. [W]"""
        return self.mean_w - self.usual_w


def propose(
    *, values_w: Sequence[int], days_w: Sequence[Sequence[int | None]], hours: int = HOURS_USUAL
) -> Proposal | None:
    """
    Return the hours of a day that stand out; None: none does, or too little is known of the days before.

    :param values_w: expected load of each hour of the day [W].
    :param days_w: measured load of each hour of the days before; days with an hour that is not known say nothing [W].
    """
    peaks = sorted(_peak(known, hours)[1] for day in days_w if (known := _whole(day)) is not None)
    if len(peaks) < LEAST_DAYS or len(values_w) < hours:
        return None
    start, total = _peak(values_w, hours)
    usual = peaks[(len(peaks) * USUAL_OF_TEN - 1) // 10]
    if total <= usual:
        return None
    return Proposal(start_hour=start, hours=hours, mean_w=total // hours, usual_w=usual // hours)


def _whole(day: Sequence[int | None]) -> list[int] | None:
    known = [one for one in day if one is not None]
    return known if len(known) == len(day) and known else None


def _peak(values: Sequence[int], hours: int) -> tuple[int, int]:
    """Return the first hour of the largest sum of hours that follow each other, and that sum."""
    sums = [sum(values[at : at + hours]) for at in range(len(values) - hours + 1)]
    top = max(sums)
    return sums.index(top), top
