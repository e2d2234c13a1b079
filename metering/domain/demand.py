"""
What registers of demand show: the largest mean power (最大需量) since they were reset, span by span.

A span's demand is known if the register began at 0 with it, or moved on since: else it may still show what was there
before, and nothing is guessed.
"""

from enum import IntEnum

import numpy as np

from cis.kernel.fixed import Int64
from metering.domain.places import Reset
from metering.domain.reads import OVERLOAD
from metering.domain.registers import WH_PER_KWH
from metering.domain.usage import KEY, NO_READ, Cuts, Doubts, Flags, Hangings, Reads, Spans, reads_of, required_days

RESETS = ("", *(str(one) for one in Reset))
"""Codes of registers, as they are counted in columns; "" is a counter of energy."""
EPOCH_DAY = 719_163
"""``date.toordinal`` of 1970-01-01."""


class DemandDoubt(IntEnum):
    """
    Why the demand of a span is not known.

    UNMOVED    the register stands where it stood: it may show what was before the span
    FELL       the register fell though it was not to be reset, so it is not known since when it counts
    MONTH_CUT  the register began anew within the span, and nobody read it then
    TOO_HIGH   more than the supply can carry
    OFF_DIAL   the value has more digits than the register
    """

    UNMOVED = 20
    FELL = 21
    MONTH_CUT = 22
    TOO_HIGH = 23
    OFF_DIAL = 24


def fits_dial(*, reading_w: Int64, digits: Int64) -> Flags:
    """Return whether a register of so many digits before the point can show some values [W], (n,)."""
    return np.asarray((reading_w >= 0) & (reading_w < 10**digits * WH_PER_KWH))


def between_resets(*, hangings: Hangings, resets: Int64, reads: Reads, cuts: Cuts) -> tuple[Spans, Doubts]:
    """
    Return the demand of the spans between reads, and what is missing or doubtful; ``energy_wh`` holds W.

    Spans end where those of energy do; where each read resets the register, at each read. The demand of a span is the
    largest value that was read at the end of a step inside it, times the multiplier.

    resets  (h,) place in ``RESETS`` of each hanging
    """
    hanging, read = reads_of(hangings=hangings, reads=reads)
    day = reads.day[read]
    needed_hanging, needed_day = required_days(hangings=hangings, cuts=cuts)
    needed = needed_hanging * KEY + needed_day
    missing = ~np.isin(needed, hanging * KEY + day)
    is_cut = np.isin(hanging * KEY + day, needed) | (resets[hanging] == RESETS.index(Reset.READ))
    at = np.flatnonzero(is_cut)
    first, last = at[:-1], at[1:]
    passed = np.searchsorted(cuts.boundaries, day[last], "left") - np.searchsorted(cuts.boundaries, day[first], "right")
    together = (hanging[first] == hanging[last]) & (passed <= 0)
    code = _codes(hangings, resets, hanging, day, reads.reading_wh[read], is_cut)
    # The step that ends at a read is judged with that read.
    doubts_until = np.cumsum(code > 0)
    made = together & (doubts_until[last] == doubts_until[first])
    first, last = first[made], last[made]
    power_w = _largest(reads.reading_wh[read], first, last) * hangings.multiplier[hanging[first]]
    spans = Spans(
        hanging=hanging[first],
        start_day=day[first],
        end_day=day[last],
        start_reading_wh=reads.reading_wh[read[first]],
        end_reading_wh=reads.reading_wh[read[last]],
        energy_wh=power_w,
        is_estimated=reads.is_estimated[read[last]],
    )
    doubtful = np.flatnonzero(code > 0)
    doubts = Doubts(
        hanging=np.concatenate((needed_hanging[missing], hanging[doubtful])),
        day=np.concatenate((needed_day[missing], day[doubtful])),
        code=np.concatenate((np.full(int(missing.sum()), NO_READ), code[doubtful])),
    )
    return spans, doubts


def _codes(hangings: Hangings, resets: Int64, hanging: Int64, day: Int64, reading: Int64, is_cut: Flags) -> Int64:
    """Return what is doubtful of the step that ends with each read, 0 = nothing; the first of a hanging ends none."""
    before = np.maximum(np.arange(len(hanging)) - 1, 0)
    begins = np.ones(len(hanging), dtype=np.bool_)
    begins[1:] = hanging[1:] != hanging[:-1]
    start, start_day = reading[before], day[before]
    kind = resets[hanging]
    by_month = kind == RESETS.index(Reset.MONTH)
    was_reset = (kind == RESETS.index(Reset.READ)) | (by_month & _starts_month(start_day))
    # What stood there at the start was read within the span, unless the span begins with this step.
    is_known = was_reset | (reading > start) | (start == 0) | ~is_cut[before]
    crosses = by_month & (_month(start_day) != _month(day - 1))
    power = reading * hangings.multiplier[hanging]
    found = np.select(
        [
            begins,
            ~fits_dial(reading_w=reading, digits=hangings.digits[hanging]),
            crosses,
            ~was_reset & (reading < start),
            ~is_known,
            power > OVERLOAD * hangings.capacity_w[hanging],
        ],
        [
            0,
            int(DemandDoubt.OFF_DIAL),
            int(DemandDoubt.MONTH_CUT),
            int(DemandDoubt.FELL),
            int(DemandDoubt.UNMOVED),
            int(DemandDoubt.TOO_HIGH),
        ],
        default=0,
    )
    return np.asarray(found, dtype=np.int64)


def _month(day: Int64) -> Int64:
    """Return a number of the month of each date, ``date.toordinal``."""
    months: Int64 = (day - EPOCH_DAY).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return months


def _starts_month(day: Int64) -> Flags:
    return np.asarray(_month(day) != _month(day - 1))


def _largest(reading: Int64, first: Int64, last: Int64) -> Int64:
    """Return the largest reading after each first place, up to and with the last one, (n,)."""
    if not len(first):
        return np.zeros(0, dtype=np.int64)
    # Spans do not overlap; what lies between two of them is a piece of its own and left out.
    edges = np.stack((first + 1, last + 1), axis=1).reshape(-1)
    padded = np.append(reading, 0)
    found: Int64 = np.maximum.reduceat(padded, edges)[::2]
    return found
