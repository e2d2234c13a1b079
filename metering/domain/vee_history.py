"""
Rules of validation that hold a span against its own past; each is one function with one code.

A cycle is an approved span of at least ``least_days`` days: spans of meters that are read daily are no cycles, and a
span that is shorter itself is not judged. Where the past is too short, a rule says UNKNOWN, never that something is
high: the first year of a supply has no year before it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cis.kernel.fixed import Int64, times
from metering.domain.usage import KEY, ragged
from metering.domain.vee_columns import PERCENT, Counted, Flags, Past, Said, Spans, is_above, is_below, per_cent, say

YEAR_DAYS = 365
FOURTEEN_MONTHS_DAYS = 426
THREE = 3
NO_SERIES = -1
EPOCH = 719_163
"""``date.toordinal`` of 1970-01-01, from which NumPy counts days and months."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """
    Which spans are held against a mean of the past.

    least_days        shorter spans are not judged, and are no cycles
    least_wh_per_day  a smaller difference a day is nobody's time worth [Wh]
    season            use a day in each month of the year in percent of the mean, January first; empty: always the same
    """

    least_days: int
    least_wh_per_day: int
    season: tuple[int, ...] = ()

    def weights(self, *, start_day: Int64, end_day: Int64) -> Int64:
        """
        Return how much use some days [start, end) stand for, (n,): percents of a mean day, added up; days, where no
        season is known.
        """
        if not self.season or not len(start_day):
            return end_day - start_day
        first, last = int(start_day.min()), int(end_day.max())
        months = (np.arange(first - EPOCH, last - EPOCH).astype("datetime64[D]").astype("datetime64[M]")).astype(int)
        until = np.concatenate(([0], np.cumsum(np.array(self.season, dtype=np.int64)[months % len(self.season)])))
        return np.asarray(until[end_day - first] - until[start_day - first])


def consecutive(*, spans: Spans, past: Past) -> Said:
    """
    Say which spans do not follow at once on the one before them: the energy of the days between is nobody's.

    Unknown for the first span of a series. measure: days between; bound: 0.
    """
    low, until = _before(spans, past)
    hole = np.zeros(len(spans), dtype=np.int64)
    known = until > low
    hole[known] = spans.start_day[known] - past.end_day[until[known] - 1]
    return say(failed=hole > 0, measure=hole, bound=np.zeros(len(spans), dtype=np.int64), unknown=~known)


def high(*, spans: Spans, past: Past, percent: int, judged: Judged) -> Said:
    """
    Say which spans are above so many percent of what is usual: the mean a day of the measured cycles of a year.

    Unknown with fewer than three of them. measure: energy; bound: what it may be [Wh, varh].
    """
    usual, known = usual_of(spans=spans, past=past, judged=judged)
    failed = is_above(value=spans.energy_wh, percent=percent, of=usual) & _matters(spans, usual, judged)
    return _told(spans, failed, per_cent(percent=percent, of=usual), known, judged)


def low(*, spans: Spans, past: Past, percent: int, judged: Judged) -> Said:
    """Say which spans are below so many percent of what is usual, and not 0; else as ``high``."""
    usual, known = usual_of(spans=spans, past=past, judged=judged)
    failed = is_below(value=spans.energy_wh, percent=percent, of=usual) & _matters(spans, usual, judged)
    return _told(spans, failed & (spans.energy_wh != 0), per_cent(percent=percent, of=usual), known, judged)


def three_cycles(*, spans: Spans, past: Past, above: int, below: int, judged: Judged) -> Said:
    """
    Say which spans are far from the mean a day of the last three cycles, season allowed for.

    measure: energy; bound: the one that was passed [Wh, varh].
    [source: rules.md 1.12, "> 200 % or < 20 % of ... 3-cycle mean"]
    """
    usual, known = _usual(spans, past, judged, since=None, most=THREE)
    return _off(spans, usual, known, above, below, judged)


def last_year(*, spans: Spans, past: Past, above: int, below: int, judged: Judged) -> Said:
    """
    Say which spans are far from the energy of the same days a year ago.

    Unknown where not all of those days are approved. What lay across their ends is dealt by days, rounded down.
    measure: energy; bound: the one that was passed [Wh, varh].
    [source: rules.md 1.12, "> 200 % or < 20 % of same month last year"]
    """
    first, end = spans.start_day - YEAR_DAYS, spans.end_day - YEAR_DAYS
    ends, starts = past.series * KEY + past.end_day, past.series * KEY + past.start_day
    row, at = ragged(
        low=np.searchsorted(ends, spans.series * KEY + first, "right"),
        high=np.searchsorted(starts, spans.series * KEY + end, "left"),
    )
    shared = np.minimum(past.end_day[at], end[row]) - np.maximum(past.start_day[at], first[row])
    length = np.maximum(past.end_day[at] - past.start_day[at], 1)
    energy, covered = np.zeros(len(spans), dtype=np.int64), np.zeros(len(spans), dtype=np.int64)
    np.add.at(energy, row, scaled(energy_wh=past.energy_wh[at], days=length, to_days=shared))
    np.add.at(covered, row, shared)
    return _off(spans, energy, covered == spans.days, above, below, judged)


def most_of_14_months(*, spans: Spans, past: Past, percent: int, least: int, judged: Judged) -> Said:
    """
    Say which spans are above so many percent of the highest cycle of fourteen months, by the day, season allowed for.

    Unknown with fewer than ``least`` cycles. measure: energy; bound: what it may be [Wh, varh].
    [source: rules.md 1.12, "above 150 % of the 14-month maximum with at least 4 periods" (S13c)]
    """
    cycles = _cycles(past, judged.least_days)
    row, at = ragged(low=_since(spans, cycles, FOURTEEN_MONTHS_DAYS), high=_before(spans, cycles)[1])
    highest = np.zeros(len(spans), dtype=np.int64)
    weight = np.maximum(judged.weights(start_day=cycles.start_day, end_day=cycles.end_day), 1)
    mine = judged.weights(start_day=spans.start_day, end_day=spans.end_day)
    np.maximum.at(highest, row, scaled(energy_wh=cycles.energy_wh[at], days=weight[at], to_days=mine[row]))
    count = np.bincount(row, minlength=len(spans))
    failed = is_above(value=spans.energy_wh, percent=percent, of=highest) & _matters(spans, highest, judged)
    return _told(spans, failed, per_cent(percent=percent, of=highest), count >= least, judged)


def multiplier(*, spans: Spans, past: Past, ratios: Sequence[int], percent: int, judged: Judged) -> Said:
    """
    Say which spans look as if a ratio of transformers had been applied twice or not at all.

    Rule: the energy is what is usual times a known ratio, or divided by it, give or take so many percent.
    measure: energy; bound: what is usual [Wh, varh].
    """
    usual, known = usual_of(spans=spans, past=past, judged=judged)
    near = np.zeros(len(spans), dtype=np.bool_)
    for ratio in ratios:
        for value, wanted in ((spans.energy_wh, times(usual, ratio)), (times(spans.energy_wh, ratio), usual)):
            off = abs(value - wanted)
            near |= np.asarray(times(off, PERCENT) <= times(wanted, percent), dtype=np.bool_)
    failed = near & (usual > 0) & _matters(spans, usual, judged)
    return _told(spans, failed, usual, known, judged)


def zero(*, spans: Spans, past: Past, cycles: int, least_days: int) -> Said:
    """
    Say which spans are 0 for so many cycles in a row, where supply is connected; energy drawn alone.

    measure, bound: cycles. [source: rules.md 1.12, "zero for >= 2 cycles on an active point"]
    """
    is_zero = (spans.energy_wh == 0) & spans.is_connected & ~spans.is_export & (spans.counted == Counted.ACTIVE)
    return _run(spans, past, is_zero & (spans.days >= least_days), lambda _, at: at.energy_wh == 0, cycles, least_days)


def unchanged(*, spans: Spans, past: Past, cycles: int, least_days: int) -> Said:
    """
    Say which spans have the very energy of the cycles before them, and not 0: a value that is copied on.

    measure, bound: cycles. [source: rules.md 1.12, "same value two cycles"]
    """
    judged = (spans.energy_wh != 0) & (spans.days >= least_days) & (spans.counted != Counted.DEMAND)
    return _run(spans, past, judged, lambda mine, at: at.energy_wh == mine.energy_wh, cycles, least_days)


def long_estimated(*, spans: Spans, past: Past, most: int, least_days: int) -> Said:
    """
    Say which spans are estimated, and more than ``most`` cycles in a row are.

    measure: cycles in a row, this one included; bound: what may be.
    [source: rules.md 1.12, "> 2 consecutive estimates -> field order"]
    """
    judged = spans.is_estimated & (spans.days >= least_days)
    said = _run(spans, past, judged, lambda _, at: at.is_estimated, most + 1, least_days)
    return Said(verdict=said.verdict, measure=said.measure, bound=said.bound - 1)


def used_before(*, spans: Spans, past: Past, mirror: Int64) -> Flags:
    """
    Return which spans' other direction had energy before they began, (n,).

    mirror  (n,) series of the other direction, NO_SERIES where there is none
    """
    used = past.take(past.energy_wh != 0)
    first = np.searchsorted(used.series, mirror, "left")
    until = np.searchsorted(used.series * KEY + used.end_day, mirror * KEY + spans.start_day, "right")
    return np.asarray((mirror != NO_SERIES) & (until > first), dtype=np.bool_)


def scaled(*, energy_wh: Int64, days: Int64, to_days: Int64) -> Int64:
    """Return energy of some days brought to others in proportion, rounded down, (n,). [Wh]"""
    return np.asarray(energy_wh // days * to_days + energy_wh % days * to_days // days)


def usual_of(*, spans: Spans, past: Past, judged: Judged) -> tuple[Int64, Flags]:
    """Return what measured cycles of a year give for the days of each span, season allowed for; are three known?"""
    return _usual(spans, past, judged, since=YEAR_DAYS, most=None)


def _cycles(past: Past, least_days: int) -> Past:
    return past.take(past.end_day - past.start_day >= least_days)


def _before(spans: Spans, past: Past) -> tuple[Int64, Int64]:
    """Return the places [low, until) of what ended before each span began."""
    first = np.searchsorted(past.series, spans.series, "left")
    until = np.searchsorted(past.series * KEY + past.end_day, spans.series * KEY + spans.start_day, "right")
    return np.asarray(first, dtype=np.int64), np.asarray(until, dtype=np.int64)


def _since(spans: Spans, past: Past, days: int) -> Int64:
    """Return the first place of what began in so many days before each span."""
    key = spans.series * KEY + np.maximum(spans.start_day - days, 0)
    return np.asarray(np.searchsorted(past.series * KEY + past.start_day, key, "left"), dtype=np.int64)


def _usual(spans: Spans, past: Past, judged: Judged, *, since: int | None, most: int | None) -> tuple[Int64, Flags]:
    """Return what measured cycles give for the days of each span, and whether there are three of them."""
    cycles = _cycles(past.take(~past.is_estimated), judged.least_days)
    first, until = _before(spans, cycles)
    if since is not None:
        first = np.maximum(first, _since(spans, cycles, since))
    if most is not None:
        first = np.maximum(first, until - most)
    first = np.minimum(first, until)
    energy = np.concatenate(([0], np.cumsum(cycles.energy_wh)))
    weights = judged.weights(start_day=cycles.start_day, end_day=cycles.end_day)
    length = np.concatenate(([0], np.cumsum(weights)))
    known = np.maximum(length[until] - length[first], 1)
    mine = judged.weights(start_day=spans.start_day, end_day=spans.end_day)
    usual = scaled(energy_wh=energy[until] - energy[first], days=known, to_days=mine)
    return usual, until - first >= THREE


def _matters(spans: Spans, usual: Int64, judged: Judged) -> Flags:
    return np.asarray(np.abs(spans.energy_wh - usual) >= judged.least_wh_per_day * spans.days, dtype=np.bool_)


def _off(spans: Spans, usual: Int64, known: Flags, above: int, below: int, judged: Judged) -> Said:
    """Say which spans are above or below percentages of others."""
    is_high = is_above(value=spans.energy_wh, percent=above, of=usual)
    is_low = is_below(value=spans.energy_wh, percent=below, of=usual) & (spans.energy_wh != 0)
    bound = np.where(is_low, per_cent(percent=below, of=usual), per_cent(percent=above, of=usual))
    return _told(spans, (is_high | is_low) & _matters(spans, usual, judged), bound, known, judged)


def _told(spans: Spans, failed: Flags, bound: Int64, known: Flags, judged: Judged) -> Said:
    """Say what fails of the spans that are judged: long enough, and of energy."""
    mine = (spans.days >= judged.least_days) & (spans.counted != Counted.DEMAND)
    return say(failed=failed & mine, measure=spans.energy_wh, bound=bound, unknown=mine & ~known)


def _run(
    spans: Spans, past: Past, judged: Flags, fits: Callable[[Spans, Past], Flags], cycles: int, least_days: int
) -> Said:
    """Say which spans have ``cycles - 1`` cycles before them that fit; unknown where fewer are there and all fit."""
    held = _cycles(past, least_days)
    first, until = _before(spans, held)
    going, length = judged.copy(), judged.astype(np.int64)
    short = np.zeros(len(spans), dtype=np.bool_)
    for back in range(1, cycles):
        short |= going & (until - back < first)
        going &= until - back >= first
        rows = np.flatnonzero(going)
        going[rows] = fits(spans.take(rows), held.take(until[rows] - back))
        length[going] += 1
    return say(failed=going, measure=length, bound=np.full(len(spans), cycles, dtype=np.int64), unknown=short)
