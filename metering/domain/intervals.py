"""
Interval days: values of one day on the metering clock, and the energy of local days cut out of them.

Meter files keep their own clock (NEM12: UTC+10 all year), bills are made for local days of 23, 24 or 25 hours. So a
span of local days is cut at its instants: an interval belongs to the span in which it starts. Values keep the full
precision of the meter, and only the energy of a whole span is rounded.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cis.kernel.columns import Columns
from cis.kernel.errors import Refused
from cis.kernel.fixed import LIMIT, Int64

Letters = NDArray[np.uint8]
Flags = NDArray[np.bool_]

MINUTE_US = 60_000_000
MEASURED = ord("A")
NO_VALUE = ord("N")
FINEST_EXPONENT, COARSEST_EXPONENT = -6, 6


class ValuesTooLarge(Refused):
    """Interval values of very different magnitude cannot be held in one unit."""

    code = "values_too_large"


@dataclass(frozen=True, slots=True)
class IntervalColumns(Columns):
    """
    Interval days of one interval length, d days of s slots, in the order of register and day.

    interval_minutes  length of an interval [min]
    exponent          values are multiples of 10^exponent Wh; 0 unless a meter counts finer (then below 0). The same
                      for all columns of one answer.
    register_id       (d,)
    day               (d,) date on the metering clock, ``date.toordinal``
    start_us          (d,) start of the first interval [microseconds since 1970 UTC]
    values            (d, s) [10^exponent Wh or varh]
    quality           (d, s) letter of each value, or (d, 1) where each day has one letter: A measured, N no value
    """

    interval_minutes: int
    exponent: int
    register_id: Int64
    day: Int64
    start_us: Int64
    values: Int64
    quality: Letters

    @property
    def slots(self) -> int:
        """Count of values a day."""
        return int(self.values.shape[1])


@dataclass(frozen=True, slots=True)
class Window(Columns):
    """
    Spans of time of registers, n rows; spans of one register do not overlap.

    register_id  (n,)
    from_us      (n,) first instant [microseconds since 1970 UTC]
    until_us     (n,) first instant after the span
    """

    register_id: Int64
    from_us: Int64
    until_us: Int64


@dataclass(frozen=True, slots=True)
class SpanEnergy(Columns):
    """
    Energy of n spans.

    energy_wh     (n,) sum of the values, rounded half away from zero [Wh or varh]
    is_complete   (n,) there is a value for each interval of the span
    is_estimated  (n,) a value in the span was not measured
    """

    energy_wh: Int64
    is_complete: Flags
    is_estimated: Flags


def unpack(*, packed: NDArray[np.int32], exponent: Int64, to_exponent: int) -> Int64:
    """
    Return values of days as int64 (d, s), brought from each day's exponent to a common one.

    packed       (d, s)
    exponent     (d,)
    to_exponent  not above any of them

    :raises ValuesTooLarge: a value does not fit below 2^62 in that unit.
    """
    values = packed.astype(np.int64)
    scale = exponent - to_exponent
    if not scale.any():
        return values
    most = np.abs(values).max(axis=1, initial=0).astype(object) * np.array([10 ** int(n) for n in scale], dtype=object)
    if most.max() >= LIMIT:
        raise ValuesTooLarge(
            "Interval values of very different magnitude meet in one query.",
            advice="Check the units of the meter files.",
        )
    scaled: Int64 = values * (10**scale)[:, None]
    return scaled


def round_wh(*, values: Int64, exponent: int) -> Int64:
    """Return sums of values as whole Wh, rounded half away from zero; same shape. [Wh or varh]"""
    if exponent >= 0:
        return np.asarray(values * 10**exponent)
    unit = 10**-exponent
    return np.asarray(np.sign(values) * ((np.abs(values) + unit // 2) // unit))


def sum_spans(*, blocks: Sequence[IntervalColumns], window: Window) -> SpanEnergy:
    """
    Return the energy of each span of the window, out of interval days of any interval lengths.

    A span is complete when its intervals with a value fill it. Where its length is no multiple of the interval (a
    zone that is half an hour off the metering clock, read hourly), the intervals that start in it count as filling it.

    blocks  as ``intervals.days`` gives them, one version of a day only
    """
    count = len(window)
    total = np.zeros(count, dtype=np.int64)
    covered = np.zeros(count, dtype=np.int64)
    longest = np.ones(count, dtype=np.int64)
    estimated = np.zeros(count, dtype=np.bool_)
    for block in blocks:
        rows, span = meet(block=block, window=window)
        first, end = slots_inside(block=block, rows=rows, window=window, span=span)
        np.add.at(total, span, _between(np.cumsum(block.values, axis=1)[rows], first, end))
        is_blank, is_guessed = block.quality == NO_VALUE, block.quality != MEASURED
        known = end - first - _count(is_blank, rows, first, end)
        np.add.at(covered, span, known * block.interval_minutes)
        np.logical_or.at(estimated, span, _count(is_guessed, rows, first, end) > 0)
        np.maximum.at(longest, span, np.where(end > first, block.interval_minutes, 1))
    length = (window.until_us - window.from_us) // MINUTE_US
    slack = np.where(length % longest, longest, 1)
    exponent = blocks[0].exponent if blocks else 0
    return SpanEnergy(
        energy_wh=round_wh(values=total, exponent=exponent),
        is_complete=np.abs(covered - length) < slack,
        is_estimated=estimated,
    )


def meet(*, block: IntervalColumns, window: Window) -> tuple[Int64, Int64]:
    """Return each pair of a day and a span of its register that overlap, as places in block and window, (m,), (m,)."""
    ids = np.unique(np.concatenate((block.register_id, window.register_id)))
    origin = min(int(block.start_us.min(initial=0)), int(window.from_us.min(initial=0)))
    shift = 1 << 40  # minutes fit below it, so that register and minute make one sortable key
    span_key = np.searchsorted(ids, window.register_id) * shift
    day_key = np.searchsorted(ids, block.register_id) * shift
    order = np.argsort(span_key + (window.from_us - origin) // MINUTE_US, kind="stable")
    until = (span_key + (window.until_us - origin) // MINUTE_US)[order]
    begins = (span_key + (window.from_us - origin) // MINUTE_US)[order]
    day_start = day_key + (block.start_us - origin) // MINUTE_US
    day_end = day_start + block.interval_minutes * block.slots
    at = np.searchsorted(until, day_start, side="right")
    rows, spans = [], []
    alive = np.arange(len(block), dtype=np.int64)
    while alive.size:
        alive = alive[at[alive] < len(order)]
        alive = alive[begins[at[alive]] < day_end[alive]]
        rows.append(alive)
        spans.append(order[at[alive]])
        at[alive] += 1
    return _joined(rows), _joined(spans)


def _joined(parts: list[Int64]) -> Int64:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def slots_inside(*, block: IntervalColumns, rows: Int64, window: Window, span: Int64) -> tuple[Int64, Int64]:
    """Return the slots [first, end) of each of m pairs of a day and a span that start inside the span, (m,), (m,)."""
    step = block.interval_minutes * MINUTE_US
    start = block.start_us[rows]
    first = -((start - window.from_us[span]) // step)
    end = -((start - window.until_us[span]) // step)
    return np.clip(first, 0, block.slots), np.clip(end, 0, block.slots)


def _between(running: Int64, first: Int64, end: Int64) -> Int64:
    """Return sums over slots [first, end) of rows, given their running sums (m, s); (m,)."""
    row = np.arange(len(running))
    upper = np.where(end > 0, running[row, np.maximum(end, 1) - 1], 0)
    lower = np.where(first > 0, running[row, np.maximum(first, 1) - 1], 0)
    return np.where(end > first, upper - lower, 0)


def _count(flags: Flags, rows: Int64, first: Int64, end: Int64) -> Int64:
    """Return how many slots [first, end) of rows are flagged; flags (d, s), or (d, 1) for whole days."""
    if flags.shape[1] == 1:
        return np.asarray(flags[rows, 0] * (end - first))
    return _between(np.cumsum(flags, axis=1, dtype=np.int64)[rows], first, end)
