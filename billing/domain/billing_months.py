"""
Billing months: which billed periods of an agreement are parts of one month.

A tariff that charges demand once a month deducts what a part of the month was charged for. A billing month begins with
a billed period; the next periods are parts of it as long as they end within a month of its first day. So a bill between
two readings shares the month with the rest of it, whatever the day of reading; and a period that runs on beyond that
month, as after a moved day of reading, is a month of its own.
"""

import numpy as np

from cis.kernel.columns import group_rows
from cis.kernel.fixed import Int64

EPOCH_DAY = 719_163
"""1 January 1970 as a day number."""
NOTHING = -1


def month_number(days: Int64) -> Int64:
    """Return the month of each day number, counted from January 1970, (n,)."""
    months: Int64 = (days - EPOCH_DAY).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return months


def first_day(months: Int64) -> Int64:
    """Return the first day number of months counted from January 1970, (n,)."""
    days: Int64 = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + EPOCH_DAY
    return days


def a_month_after(days: Int64) -> Int64:
    """Return the day a month after each, the last of its month where that is shorter, (n,)."""
    month = month_number(days)
    first = first_day(month + 1)
    after: Int64 = np.minimum(first + days - first_day(month), first_day(month + 2) - 1)
    return after


def rank_in_time(*, of: Int64, start_day: Int64) -> Int64:
    """Return the number of each row, from 0, in the order of time of its owner, (n,)."""
    place, rank = np.arange(len(of), dtype=np.int64), np.zeros(len(of), dtype=np.int64)
    order = np.lexsort((start_day, of))
    fresh = np.ones(len(of), dtype=np.bool_)
    fresh[1:] = of[order][1:] != of[order][:-1]
    rank[order] = place - np.maximum.accumulate(np.where(fresh, place, 0)) if len(of) else place
    return rank


def billing_months(*, of: Int64, start_day: Int64, period_start_day: Int64, period_end_day: Int64) -> Int64:
    """
    Return the number of the billing month of each segment, from 0, among those of its agreement, (n,).

    of                                (n,) agreements, as places from 0
    start_day                         (n,) of the segments
    period_start_day, period_end_day  (n,) of the billed periods that they are pieces of
    """
    began = np.full(int(of.max(initial=-1)) + 1, NOTHING, dtype=np.int64)
    number = np.full(len(began), NOTHING, dtype=np.int64)
    found = np.zeros(len(of), dtype=np.int64)
    for _, rows in group_rows(rank_in_time(of=of, start_day=start_day)):
        mine, start = of[rows], period_start_day[rows]
        since = began[mine]
        is_part = (start == since) | (period_end_day[rows] <= a_month_after(np.maximum(since, 1)))
        goes_on = (since != NOTHING) & is_part
        began[mine] = np.where(goes_on, since, start)
        number[mine] += ~goes_on
        found[rows] = number[mine]
    return found
