"""
Day counts: how much of a month some local days are, where a tariff says that not each month counts by its own days.

Both sum exactly over the parts of a month or cycle, however it is cut.
"""

from calendar import monthrange
from datetime import date

import numpy as np

from cis.kernel.fixed import Int64
from cis.kernel.periods import MONTHS_IN_YEAR, Period, month_of
from tariffs.domain.batch import month_share_e9

E9 = 10**9
MONTH_DAYS = 30
LAST = 31


def even_days(*, start: date, end: date, month_days: int = MONTH_DAYS) -> int:
    """
    Return the days of [start, end) in months that all have as many days: from 23 May to 15 June are 22 of 30.

    A day of the month beyond that number is none; a month that is shorter gains its days at its end.
    """
    return _even(end, month_days) - _even(start, month_days)


def _even(on: date, month_days: int) -> int:
    return month_days * (on.year * MONTHS_IN_YEAR + on.month) + min(on.day - 1, month_days)


def cycle_months_e9(*, period: Period, cycle: Period) -> int:
    """
    Return how many months a period is by the days of the billing cycle that it is a part of. [10^-9 month]

    Each day is an equal part of the months of its cycle, rounded once, half up: 14 days of 10 February to 10 March are
    half a month. A cycle that is no whole number of months has each day counted by its own calendar month.
    """
    months = whole_months(cycle)
    if months is None:
        return month_share_e9(period=period)
    return (2 * months * period.days * E9 + cycle.days) // (2 * cycle.days)


def even_days_of(*, start_day: Int64, end_day: Int64) -> Int64:
    """Return the days of some segments in months of 30 days, (n,); days are ``date.toordinal``, half-open."""
    days, place = np.unique(np.concatenate((start_day, end_day)), return_inverse=True)
    even = np.array([_even(date.fromordinal(day), MONTH_DAYS) for day in days.tolist()], dtype=np.int64)[place]
    return even[len(start_day) :] - even[: len(start_day)]


def cycle_months_of(*, start_day: Int64, end_day: Int64, cycle_start_day: Int64, cycle_end_day: Int64) -> Int64:
    """Return the months of some segments by the days of their cycles, (n,). [10^-9 month]"""
    columns = np.stack((start_day, end_day, cycle_start_day, cycle_end_day))
    distinct, place = np.unique(columns, axis=1, return_inverse=True)
    months = [
        cycle_months_e9(period=Period.of_days(start, end), cycle=Period.of_days(first, last))
        for start, end, first, last in distinct.T.tolist()
    ]
    return np.array(months, dtype=np.int64)[place]


def whole_months(cycle: Period) -> int | None:
    """
    Return how many months a cycle is that ends on the day of the month on which it begins; None if it does not.

    A cycle that begins on a day that a month does not have begins on that month's last day.
    """
    start, end = cycle.start, cycle.end
    months = (end.year - start.year) * MONTHS_IN_YEAR + end.month - start.month
    days = {start.day, end.day, LAST}
    fits = any(_clipped(start, day) == start.day and _clipped(end, day) == end.day for day in days)
    return months if months > 0 and fits else None


def _clipped(on: date, day: int) -> int:
    return min(day, monthrange(on.year, on.month)[1])


def cycle_of(*, on: date, anchor: date, day: int, months: int = 1) -> Period:
    """
    Return the billing cycle that holds a date.

    Cycles begin on one day of the month, or its last day where it is shorter, and lie a whole number of cycles from the
    month of the anchor: so a quarter that is joined in February begins in February, May, August and November.

    anchor  a date in a month in which a cycle begins, as the first day of supply
    day     of the month on which cycles begin
    months  of a cycle
    """
    first = month_of(anchor).start
    number = ((on.year - first.year) * MONTHS_IN_YEAR + on.month - first.month) // months
    if on < _begins(first, number * months, day):
        number -= 1
    return Period(_begins(first, number * months, day), _begins(first, (number + 1) * months, day))


def _begins(first: date, months: int, day: int) -> date:
    year, month = divmod(first.year * MONTHS_IN_YEAR + first.month - 1 + months, MONTHS_IN_YEAR)
    return date(year, month + 1, _clipped(date(year, month + 1, 1), day))
