"""Approved energy of spans, and how it follows from counter values."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64
from metering.domain.reads import most_wh
from metering.domain.registers import usage_between

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class UsageColumns(Columns):
    """
    Approved energy, n spans in the order of service point, register and start.

    period_codes      codes of periods of use, "" = all hours; ``period_of_use`` counts in them
    service_point_id  (n,)
    register_id       (n,)
    period_of_use     (n,) place in period_codes
    start_day         (n,) first local date, ``date.toordinal``
    end_day           (n,) first local date after the span
    energy_wh         (n,) multiplier included [Wh]
    is_estimated      (n,) a value it was computed from was not measured
    is_interval       (n,) computed from interval days, so that it can be split by time of day
    multiplier        (n,) by which values of its register become energy
    """

    period_codes: tuple[str, ...]
    service_point_id: Int64
    register_id: Int64
    period_of_use: Int64
    start_day: Int64
    end_day: Int64
    energy_wh: Int64
    is_estimated: Flags
    is_interval: Flags
    multiplier: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Hung(Columns):
    """
    Registers of some kinds while their meters hung somewhere, h rows by service point, start and meter.

    period_codes  codes of periods, "" = all hours; ``period_of_use`` counts in them

    meter_id           (h,) of one feed of the service point
    is_demand          (h,) it shows the largest demand; else it counts energy
    is_interval        (h,) delivered as interval days
    start_day, end_day (h,) half-open, ``date.toordinal``, not cut to any window
    """

    period_codes: tuple[str, ...]
    service_point_id: Int64
    meter_id: Int64
    register_id: Int64
    is_demand: Flags
    is_interval: Flags
    period_of_use: Int64
    start_day: Int64
    end_day: Int64


_NONE = np.zeros(0, dtype=np.int64)
NOTHING_HUNG = Hung(
    period_codes=(),
    service_point_id=_NONE,
    meter_id=_NONE,
    register_id=_NONE,
    is_demand=_NONE > 0,
    is_interval=_NONE > 0,
    period_of_use=_NONE,
    start_day=_NONE,
    end_day=_NONE,
)


@dataclass(frozen=True, slots=True)
class Hangings(Columns):
    """
    Registers while their meter hung at a service point, cut to the window that is approved, h rows.

    start_day, end_day  (h,) half-open, ``date.toordinal``
    multiplier          (h,) ratio of its transformers
    digits              (h,) of the dial
    capacity_w          (h,) of the service point [W]
    period_of_use       (h,) place among the codes of the caller
    """

    service_point_id: Int64
    register_id: Int64
    start_day: Int64
    end_day: Int64
    multiplier: Int64
    digits: Int64
    capacity_w: Int64
    period_of_use: Int64


@dataclass(frozen=True, slots=True)
class Reads(Columns):
    """
    Counter values that hold, in the order of register and day, m rows.

    reading_wh    (m,) before the multiplier [Wh]
    is_estimated  (m,) not read from the meter
    """

    register_id: Int64
    day: Int64
    reading_wh: Int64
    is_estimated: Flags


@dataclass(frozen=True, slots=True)
class Cuts:
    """
    Where spans are cut.

    boundaries  (b,) days on which every span ends: starts of months, ascending
    places      (k,) service points with cuts of their own (an agreement begins or ends there)
    days        (k,) and the days of those
    every_read  each read ends a span; else only reads of the days above do, and of the ends of a hanging
    """

    boundaries: Int64
    places: Int64
    days: Int64
    every_read: bool = True


@dataclass(frozen=True, slots=True)
class Spans(Columns):
    """
    Energy between two reads, n rows.

    hanging                       (n,) place among the hangings
    start_day, end_day            (n,) half-open
    start_reading, end_reading    (n,) counter values [Wh]
    energy_wh                     (n,) multiplier included [Wh]
    is_estimated                  (n,) one of the two values was not read from the meter
    """

    hanging: Int64
    start_day: Int64
    end_day: Int64
    start_reading_wh: Int64
    end_reading_wh: Int64
    energy_wh: Int64
    is_estimated: Flags


@dataclass(frozen=True, slots=True)
class Doubts(Columns):
    """
    What keeps energy from being approved, k rows.

    hanging  (k,) place among the hangings
    day      (k,) date of the read that is missing, or that is doubtful
    code     (k,) NO_READ, or the SpanCode of registers.usage_between
    """

    hanging: Int64
    day: Int64
    code: Int64


NO_READ = -1
KEY = 1 << 22
"""Day numbers fit below it, so that a row and a day make one sortable key."""


def between_reads(*, hangings: Hangings, reads: Reads, cuts: Cuts) -> tuple[Spans, Doubts]:
    """
    Return the energy of the spans between reads, and what is missing or doubtful.

    Every hanging needs a read at each boundary inside it and at both of its ends; a span that would pass over a
    boundary without a read is not made. Energy is added up over all reads inside a span, so each rollover counts. A
    span with a doubtful step (see registers.SpanCode) is not made: nothing is guessed.
    """
    hanging, read = reads_of(hangings=hangings, reads=reads)
    day = reads.day[read]
    needed_hanging, needed_day = required_days(hangings=hangings, cuts=cuts)
    needed = needed_hanging * KEY + needed_day
    missing = ~np.isin(needed, hanging * KEY + day)
    steps = _steps(hangings, reads, hanging, read)
    is_cut = np.isin(hanging * KEY + day, needed) | cuts.every_read
    at = np.flatnonzero(is_cut)
    first, last = at[:-1], at[1:]
    passed = np.searchsorted(cuts.boundaries, day[last], "left") - np.searchsorted(cuts.boundaries, day[first], "right")
    made = (hanging[first] == hanging[last]) & (passed <= 0)
    doubts_until = np.cumsum(steps.is_doubtful)
    made &= doubts_until[last] == doubts_until[first]
    first, last = first[made], last[made]
    energy_until = np.cumsum(np.where(steps.is_doubtful, 0, steps.usage_wh))
    doubtful = np.flatnonzero(steps.is_doubtful)
    spans = Spans(
        hanging=hanging[first],
        start_day=day[first],
        end_day=day[last],
        start_reading_wh=reads.reading_wh[read[first]],
        end_reading_wh=reads.reading_wh[read[last]],
        energy_wh=energy_until[last] - energy_until[first],
        is_estimated=reads.is_estimated[read[first]] | reads.is_estimated[read[last]],
    )
    doubts = Doubts(
        hanging=np.concatenate((needed_hanging[missing], hanging[doubtful])),
        day=np.concatenate((needed_day[missing], day[doubtful])),
        code=np.concatenate((np.full(int(missing.sum()), NO_READ), steps.code[doubtful])),
    )
    return spans, doubts


def required_days(*, hangings: Hangings, cuts: Cuts) -> tuple[Int64, Int64]:
    """
    Return the days on which spans of each hanging end, in the order of hanging and day: (place among hangings, day).

    Both ends of the hanging, the boundaries inside it, and the cuts of its service point inside it.
    """
    every = np.arange(len(hangings), dtype=np.int64)
    low = np.searchsorted(cuts.boundaries, hangings.start_day, "right")
    high = np.searchsorted(cuts.boundaries, hangings.end_day, "left")
    inner_hanging, inner = ragged(low=low, high=high)
    order = np.lexsort((cuts.days, cuts.places))
    places, days = cuts.places[order], cuts.days[order]
    own_hanging, own = ragged(
        low=np.searchsorted(places, hangings.service_point_id, "left"),
        high=np.searchsorted(places, hangings.service_point_id, "right"),
    )
    inside = (days[own] > hangings.start_day[own_hanging]) & (days[own] < hangings.end_day[own_hanging])
    keys = np.unique(
        np.concatenate(
            (
                every * KEY + hangings.start_day,
                every * KEY + hangings.end_day,
                inner_hanging * KEY + cuts.boundaries[inner],
                own_hanging[inside] * KEY + days[own][inside],
            )
        )
    )
    return keys // KEY, keys % KEY


def ragged(*, low: Int64, high: Int64) -> tuple[Int64, Int64]:
    """Return all places low[i] .. high[i] - 1 of each row i, as (row, place)."""
    counts = np.maximum(high - low, 0)
    row = np.repeat(np.arange(len(low), dtype=np.int64), counts)
    begins = np.cumsum(counts) - counts
    return row, np.arange(int(counts.sum()), dtype=np.int64) - begins[row] + low[row]


@dataclass(frozen=True, slots=True)
class _Steps:
    """From each read of a hanging's reads to the next; the first read of a hanging has a step of nothing."""

    usage_wh: Int64
    code: Int64
    is_doubtful: Flags


def reads_of(*, hangings: Hangings, reads: Reads) -> tuple[Int64, Int64]:
    """Return the reads of each hanging, those of both of its ends included: (place among hangings, among reads)."""
    ids = np.unique(reads.register_id)
    rank = np.searchsorted(ids, hangings.register_id)
    known = np.zeros(len(hangings), dtype=np.bool_)
    known[rank < len(ids)] = ids[rank[rank < len(ids)]] == hangings.register_id[rank < len(ids)]
    keys = np.searchsorted(ids, reads.register_id) * KEY + reads.day
    low = np.searchsorted(keys, rank * KEY + hangings.start_day, "left")
    high = np.searchsorted(keys, rank * KEY + hangings.end_day, "right")
    return ragged(low=low, high=np.where(known, high, low))


def _steps(hangings: Hangings, reads: Reads, hanging: Int64, read: Int64) -> _Steps:
    before = np.maximum(np.arange(len(read)) - 1, 0)
    begins = np.ones(len(read), dtype=np.bool_)
    begins[1:] = hanging[1:] != hanging[:-1]
    start = np.where(begins, read, read[before])
    span = usage_between(
        start_wh=reads.reading_wh[start],
        end_wh=reads.reading_wh[read],
        digits=hangings.digits[hanging],
        max_wh=most_wh(capacity_w=hangings.capacity_w[hanging], days=reads.day[read] - reads.day[start]),
        multiplier=hangings.multiplier[hanging],
    )
    return _Steps(usage_wh=span.usage_wh, code=span.code, is_doubtful=span.is_doubtful())
