"""Agreements whose bills hand something to the next, and from when on their days are rated for it."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64
from cis.kernel.periods import Period, add_months

FAR = np.iinfo(np.int64).max
NOT_CHAINED = -1
MONTHS = 12
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chained(Columns):
    """
    Agreements whose bills hand something on, ascending, one row each.

    since_day   (g,) the days from here on hand on, billed or not; ``FAR`` = from the first that is billed
    window_day  (g,) first day that may be rated anew
    end_day     (g,) first day without supply; ``FAR`` = until further notice
    """

    agreement_id: Int64
    since_day: Int64
    window_day: Int64
    end_day: Int64

    def place_of(self, agreement_id: Int64) -> Int64:
        """Return the row of agreements (m,); NOT_CHAINED = their bills hand on nothing."""
        if not len(self):
            return np.full(len(agreement_id), NOT_CHAINED, dtype=np.int64)
        place = np.minimum(np.searchsorted(self.agreement_id, agreement_id), len(self) - 1)
        return np.where(self.agreement_id[place] == agreement_id, place, NOT_CHAINED)


def linked(
    *, chained: Chained, agreement_id: Int64, count_of: Int64, start_day: Int64, is_billed: Mask, counts: Mask
) -> Mask:
    """
    Return which pieces (m,) come before a billed one of the same agreement, and hand something on to it.

    counts  (m,) the piece counts in the tier year of a billed one, where energy counts as it is billed, with losses: so
            it is rated, however early it lies, and at whatever place the customer was then
    """
    place = chained.place_of(agreement_id)
    mine = place != NOT_CHAINED
    since, until = chained.since_day.copy(), np.zeros(len(chained), dtype=np.int64)
    known = np.where(since == FAR, 0, since)
    billed = mine & is_billed
    np.minimum.at(since, place[billed], start_day[billed])
    np.maximum.at(until, place[billed], start_day[billed])
    _, group = np.unique(count_of, return_inverse=True)
    last = np.zeros(len(count_of), dtype=np.int64)
    np.maximum.at(last, group[billed], start_day[billed])
    since_day = np.maximum(np.where(counts, known[place], since[place]), chained.window_day[place])
    found: Mask = mine & (start_day >= since_day) & (start_day < np.where(counts, last[group], until[place]))
    return found


def rhythm(*, period: Period, low: int, high: int) -> Int64:
    """
    Return the days on which a period like that of the run begins, ascending ordinals: from the last one at or before
    the day ``low`` to the first one at or after ``high``, and perhaps one more at either end.

    Days that nobody billed yet are rated in such periods, as they will be billed. A period that is no whole number of
    months counts as one of calendar months.
    """
    months = _months_apart(period.start, period.end)
    is_whole = months > 0 and period.start.day == period.end.day
    start, step = (period.start, months) if is_whole else (period.start.replace(day=1), 1)
    first = _months_apart(start, date.fromordinal(low)) // step - 1
    last = _months_apart(start, date.fromordinal(high)) // step + 1
    days = [add_months(start, step * count).toordinal() for count in range(first, last + 1)]
    return np.array(days, dtype=np.int64)


def _months_apart(start: date, end: date) -> int:
    return (end.year - start.year) * MONTHS + end.month - start.month
