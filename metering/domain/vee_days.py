"""What sticks out among the intervals of spans: largest and smallest value, a spike, a run that was not measured."""

from collections.abc import Sequence

import numpy as np

from cis.kernel.fixed import LIMIT, Int64
from metering.domain.intervals import MEASURED, IntervalColumns, Window, meet, round_wh, slots_inside
from metering.domain.vee_columns import Extremes, Flags, per_cent

THIRD = 3


def extremes(*, blocks: Sequence[IntervalColumns], window: Window, percent: int, least_wh: int) -> Extremes:
    """
    Return what sticks out of the intervals of each span of the window, n rows.

    The day that sticks out most is the one whose largest value is farthest above what a spike may be: ``percent`` of
    its third-largest, and ``least_wh`` at least. A day of fewer than three intervals has no spike.

    blocks  as ``intervals.days`` gives them, one version of a day only
    """
    count = len(window)
    most, least = np.full(count, -LIMIT, dtype=np.int64), np.full(count, LIMIT, dtype=np.int64)
    excess = np.full(count, -LIMIT, dtype=np.int64)
    minutes, peak, third, day, filled = (np.zeros(count, dtype=np.int64) for _ in range(5))
    for block in blocks:
        rows, span, inside = _pairs(block, window)
        if not rows.size:
            continue
        top, low = _tops(block, rows, inside)
        np.maximum.at(most, span, top[:, -1])
        np.minimum.at(least, span, low)
        np.maximum.at(minutes, span, block.interval_minutes)
        np.maximum.at(filled, span, _longest_runs(block, rows, span, inside, count)[span])
        if block.slots < THIRD:
            continue
        over = top[:, -1] - np.maximum(per_cent(percent=percent, of=top[:, 0]), least_wh)
        # The last of equal writes holds: the farthest one of each span.
        order = np.argsort(over, kind="stable")
        order = order[over[order] > excess[span[order]]]
        at = span[order]
        excess[at], peak[at], third[at], day[at] = over[order], top[order, -1], top[order, 0], block.day[rows[order]]
    known = least < LIMIT
    return Extremes(
        most_wh=np.where(known, most, 0),
        least_wh=np.where(known, least, 0),
        minutes=minutes,
        peak_wh=peak,
        third_wh=third,
        peak_day=day,
        filled=filled,
    )


def none(*, count: int) -> Extremes:
    """Return what sticks out of spans without intervals: nothing, n rows."""
    return Extremes(*(np.zeros(count, dtype=np.int64) for _ in range(7)))


def _pairs(block: IntervalColumns, window: Window) -> tuple[Int64, Int64, Flags]:
    """Return each day that meets a span, by span and time, and which of its slots are inside it (m, s)."""
    rows, span = meet(block=block, window=window)
    order = np.lexsort((block.start_us[rows], span))
    rows, span = rows[order], span[order]
    first, end = slots_inside(block=block, rows=rows, window=window, span=span)
    slot = np.arange(block.slots, dtype=np.int64)
    inside = (slot >= first[:, None]) & (slot < end[:, None])
    some = inside.any(axis=1)
    return rows[some], span[some], inside[some]


def _tops(block: IntervalColumns, rows: Int64, inside: Flags) -> tuple[Int64, Int64]:
    """Return the three largest values inside of each pair, ascending (m, 3), and the smallest, (m,). [Wh]"""
    values = block.values[rows]
    shown = np.where(inside, values, -LIMIT)
    take = min(THIRD, block.slots)
    largest = np.sort(np.partition(shown, block.slots - take, axis=1)[:, -take:], axis=1)
    # Where fewer than three are inside, the smallest of those that are stands for the third-largest.
    top = np.where(largest == -LIMIT, largest[:, -1:], largest)
    least = np.where(inside, values, LIMIT).min(axis=1)
    return round_wh(values=top, exponent=block.exponent), round_wh(values=least, exponent=block.exponent)


def _longest_runs(block: IntervalColumns, rows: Int64, span: Int64, inside: Flags, count: int) -> Int64:
    """Return the longest run of values that were not measured, by span, (n,); runs go on over midnight."""
    longest = np.zeros(count, dtype=np.int64)
    guessed = np.broadcast_to(block.quality[rows] != MEASURED, inside.shape)
    if not guessed.any():
        return longest
    flags, owner = guessed[inside], np.broadcast_to(span[:, None], inside.shape)[inside]
    place = np.arange(len(flags), dtype=np.int64)
    begins = np.ones(len(flags), dtype=np.bool_)
    begins[1:] = owner[1:] != owner[:-1]
    stop = np.where(flags, np.where(begins, place - 1, -1), place)
    np.maximum.at(longest, owner, np.where(flags, place - np.maximum.accumulate(stop), 0))
    return longest
