"""
Rules of validation that need no past: what a span says by itself, beside its siblings, and in its intervals.

Each rule is one function with one code (``metering.domain.vee.Code``). It never changes a value: it says of each span
whether a person should look at it, with the number that was found and the one it is held against.
"""

import numpy as np

from cis.kernel.fixed import Int64
from metering.domain.vee_columns import Counted, Extremes, Flags, Said, Spans, is_above, per_cent, say

HOURS = 24
HOUR_MINUTES = 60


def duplicate(*, spans: Spans) -> Said:
    """
    Say which spans have the very numbers of another register of their service point: a value that was typed in twice.

    Rule: the same days, the same energy (not 0) and the same counter values, of the same quantity, both of all hours or
    both of a period of use. measure: how many registers say so; bound: 1.
    """
    keys = (
        spans.service_point_id, spans.counted, spans.is_total.astype(np.int64), spans.start_day, spans.end_day,
        spans.energy_wh, spans.start_reading_wh, spans.end_reading_wh,
    )  # fmt: skip
    count = _alike(*keys)
    return say(failed=(count > 1) & (spans.energy_wh != 0), measure=count, bound=np.ones(len(spans), dtype=np.int64))


def negative(*, spans: Spans, extremes: Extremes) -> Said:
    """
    Say which spans hold negative energy: each register counts its own direction upward, import as export.

    measure: the smallest interval of the span, or its energy [Wh or varh]; bound: 0.
    [source: rules.md 1.12, "negative -> stop"; whether it stops is the pack's to say]
    """
    least = np.where(spans.is_interval, np.minimum(extremes.least_wh, spans.energy_wh), spans.energy_wh)
    return say(failed=least < 0, measure=least, bound=np.zeros(len(spans), dtype=np.int64))


def spike(*, spans: Spans, extremes: Extremes, percent: int, least_wh: int) -> Said:
    """
    Say which spans have an interval far above the third-largest of its day.

    Rule: largest > percent of the third-largest, and above ``least_wh``, so that a kettle in an empty flat is none.
    measure: the largest; bound: what it may be [Wh].
    [source: rules.md 1.12, "spike = interval > 3 x third-largest of day (classic interval rule)"]
    """
    bound = np.maximum(per_cent(percent=percent, of=extremes.third_wh), least_wh)
    return say(failed=spans.is_interval & (extremes.peak_wh > bound), measure=extremes.peak_wh, bound=bound)


def gap(*, spans: Spans, extremes: Extremes, most: int) -> Said:
    """Say which spans have more than ``most`` intervals in a row that were not measured; both in intervals."""
    bound = np.full(len(spans), most, dtype=np.int64)
    return say(failed=spans.is_interval & (extremes.filled > most), measure=extremes.filled, bound=bound)


def breaker(*, spans: Spans, extremes: Extremes, percent: int) -> Said:
    """
    Say which spans hold more than so many percent of what the supply may carry, as a whole or in one interval.

    Rule: energy > capacity x 24 h x days; an interval > capacity x its length; a demand > capacity. Active energy and
    demand only. measure, bound: of the interval where one is too high, else of the span [Wh; W of demand].
    [source: rules.md 1.12, "daily > breaker capacity x 24 h"]
    """
    carried = spans.capacity_w * HOURS * spans.days
    whole = np.where(spans.counted == Counted.DEMAND, spans.capacity_w, carried)
    one = spans.capacity_w * extremes.minutes // HOUR_MINUTES
    peaks = spans.is_interval & is_above(value=extremes.most_wh, percent=percent, of=one)
    failed = is_above(value=spans.energy_wh, percent=percent, of=whole) | peaks
    return say(
        failed=failed & (spans.counted != Counted.REACTIVE),
        measure=np.where(peaks, extremes.most_wh, spans.energy_wh),
        bound=per_cent(percent=percent, of=np.where(peaks, one, whole)),
    )


def rollover(*, spans: Spans) -> Said:
    """
    Say where a dial passed its last value: believed, since it fits, and worth a look.

    measure, bound: the counter value at the end and at the start [Wh or varh]. What fits no dial is not here: it is
    never approved (``metering.domain.registers.SpanCode``).
    """
    passed = (spans.start_reading_wh > spans.end_reading_wh) & (spans.end_reading_wh >= 0) & (spans.energy_wh >= 0)
    return say(
        failed=passed & (spans.counted != Counted.DEMAND), measure=spans.end_reading_wh, bound=spans.start_reading_wh
    )


def inactive(*, spans: Spans) -> Said:
    """Say where energy was counted at a service point that is not connected; bound: 0. [Wh or varh]"""
    failed = ~spans.is_connected & (spans.energy_wh != 0)
    return say(failed=failed, measure=spans.energy_wh, bound=np.zeros(len(spans), dtype=np.int64))


def outside_window(*, spans: Spans, boundaries: Int64, days: int, least_days: int) -> Said:
    """
    Say which reads lie farther than ``days`` from the day on which they are due.

    Rule: the end of a span between reads is at most so many days off the nearest boundary, unless it ends at an end of
    the hanging. Spans shorter than ``least_days`` are of meters that are read daily, and are not judged.

    boundaries  (b,) days on which reads are due, ascending, ``date.toordinal``
    measure, bound: days.
    """
    bound = np.full(len(spans), days, dtype=np.int64)
    off = np.zeros(len(spans), dtype=np.int64)
    if len(boundaries):
        after = np.clip(np.searchsorted(boundaries, spans.end_day), 0, len(boundaries) - 1)
        before = np.maximum(after - 1, 0)
        off = np.minimum(np.abs(boundaries[after] - spans.end_day), np.abs(boundaries[before] - spans.end_day))
    judged = ~spans.is_due & ~spans.is_interval & (spans.days >= least_days)
    return say(failed=judged & (off > days), measure=off, bound=bound, unknown=judged & (len(boundaries) == 0))


def periods_against_total(*, spans: Spans, slack_wh: int) -> Said:
    """
    Say where the registers of periods of use do not add up to the register of all hours of their meter.

    Rule: |sum of periods - total| <= slack x multiplier, over the same days. Unknown where the meter has registers of
    periods over the same days and not all of them end there. measure: sum of periods; bound: total [Wh or varh].
    [source: rules.md 1.12, "sum of TOU registers = total within 1 unit"]
    """
    side = spans.counted * 2 + spans.is_export
    same_days = _groups(spans.meter_id, side, spans.start_day, spans.end_day)
    whole = _groups(spans.meter_id, side)
    parts = np.where(spans.is_total, 0, spans.energy_wh)
    added = _sums(same_days, parts)[same_days]
    named = _distinct(whole, np.where(spans.is_total, -1, spans.register_id))[whole]
    here = _sums(same_days, (~spans.is_total).astype(np.int64))[same_days]
    judged = spans.is_total & (spans.counted != Counted.DEMAND) & (named > 0)
    failed = judged & (np.abs(added - spans.energy_wh) > slack_wh * spans.multiplier)
    return say(failed=failed, measure=added, bound=spans.energy_wh, unknown=judged & (here != named))


def sibling(*, spans: Spans, used_before: Flags) -> Said:
    """
    Say where a meter was read in one direction and not in the other, though it used to be.

    Rule: a service point whose other direction had energy before has a span of that direction over the same days.

    used_before  (n,) the other direction of the same quantity has approved energy before the span
    measure: spans of the other direction; bound: 1.
    """
    here = (spans.service_point_id, spans.counted, spans.is_export.astype(np.int64), spans.start_day, spans.end_day)
    there = (here[0], here[1], 1 - here[2], here[3], here[4])
    found = _matches(here, there)
    failed = used_before & (spans.counted != Counted.DEMAND) & (found == 0)
    return say(failed=failed, measure=found, bound=np.ones(len(spans), dtype=np.int64))


def interval_against_register(*, spans: Spans, slack_wh: int) -> Said:
    """
    Say where interval days and the counter of the same service point differ over the same days.

    Rule: |intervals - counter| <= slack x multiplier of the counter, both of all hours, the same quantity and
    direction. measure: the intervals; bound: the counter [Wh or varh]. Said of the span from interval days.
    """
    key = _groups(
        spans.service_point_id, spans.counted * 2 + spans.is_export, spans.start_day, spans.end_day,
        spans.is_total.astype(np.int64),
    )  # fmt: skip
    counters = ~spans.is_interval & spans.is_total & (spans.counted != Counted.DEMAND)
    shown = _sums(key, np.where(counters, spans.energy_wh, 0))[key]
    count = _sums(key, counters.astype(np.int64))[key]
    ratio = np.maximum(_sums(key, np.where(counters, spans.multiplier, 0))[key], 1)
    judged = spans.is_interval & spans.is_total & (count > 0)
    return say(
        failed=judged & (np.abs(spans.energy_wh - shown) > slack_wh * ratio), measure=spans.energy_wh, bound=shown
    )


def feeder_balance(*, master_wh: Int64, members_wh: Int64, percent: int) -> Said:
    """
    Say where a master meter and the sum of the service points behind it differ by more than a share of the master.

    Rule: |master - members| <= percent of the master, which is the loss that is usual there. Nothing is known where the
    master counted nothing. measure: the difference; bound: what it may be [Wh].

    master_wh, members_wh  (n,) of n transformers or feeders over the same days [Wh]
    """
    lost = master_wh - members_wh
    bound = per_cent(percent=percent, of=np.maximum(master_wh, 0))
    return say(failed=np.abs(lost) > bound, measure=lost, bound=bound, unknown=master_wh <= 0)


def _groups(*keys: Int64) -> Int64:
    """Return the number of the group of each row: rows with the same keys have the same one, (n,)."""
    group = np.zeros(len(keys[0]), dtype=np.int64)
    for key in keys:
        _, place = np.unique(key, return_inverse=True)
        _, group = np.unique(group * (int(place.max(initial=0)) + 1) + place, return_inverse=True)
    return np.asarray(group, dtype=np.int64)


def _alike(*keys: Int64) -> Int64:
    """Return how many rows have the keys of each row, itself included, (n,)."""
    group = _groups(*keys)
    return np.bincount(group, minlength=1).astype(np.int64)[group]


def _sums(group: Int64, values: Int64) -> Int64:
    """Return the sum of each group, by its number."""
    total = np.zeros(int(group.max(initial=-1)) + 1, dtype=np.int64)
    np.add.at(total, group, values)
    return total


def _distinct(group: Int64, values: Int64) -> Int64:
    """Return how many different values each group has, by its number; -1 does not count."""
    counts = values != -1
    pairs = np.unique(np.stack((group[counts], values[counts])), axis=1)
    return np.bincount(pairs[0], minlength=int(group.max(initial=-1)) + 1).astype(np.int64)


def _matches(here: tuple[Int64, ...], there: tuple[Int64, ...]) -> Int64:
    """Return how many rows have as ``here`` what each row has as ``there``, (n,)."""
    count = len(here[0])
    group = _groups(*(np.concatenate(pair) for pair in zip(here, there, strict=True)))
    return np.bincount(group[:count], minlength=int(group.max(initial=-1)) + 1).astype(np.int64)[group[count:]]
