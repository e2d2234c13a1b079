"""
Interval days of a register that counted wrongly, with the values that hold instead.

Values are corrected where they start inside the days; qualities stay as they were delivered, since what is behind a
value has not changed. The unit is made finer where there is room, so that a factor does not drown in rounding.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm

import numpy as np

from cis.kernel.columns import Columns
from cis.kernel.fixed import Exact, Int64
from metering.domain.correction_factors import BadCorrection
from metering.domain.intervals import MINUTE_US, NO_VALUE, IntervalColumns

MINUTES_IN_DAY = 24 * 60
FINEST = -3
COARSEST = 6
MOST = 2**31 - 1
"""Greatest magnitude of a value that is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instants:
    """
    The corrected days of a register on the clock of the world. [microseconds since 1970 UTC]

    start_us, end_us  local midnights between which they lie
    first_end_us      local midnight at the end of the first one
    first_share       share of the first day that is corrected
    """

    start_us: int
    first_end_us: int
    end_us: int
    first_share: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedDays(Columns):
    """
    Days that are changed, d of s slots.

    place    (d,) place in the block
    values   (d, s) [10^exponent Wh or varh]
    """

    exponent: int
    place: Int64
    values: Int64


def profile_of(blocks: tuple[IntervalColumns, ...], *, slots: int) -> Int64:
    """Return how a normal day's use lies over its slots, (slots,); all 1 where the days say nothing of it."""
    total = sum(
        (block.values.clip(min=0).sum(axis=0) for block in blocks if block.slots == slots),
        np.zeros(slots, dtype=np.int64),
    )
    return total if total.any() else np.ones(slots, dtype=np.int64)


def days_inside(*, block: IntervalColumns, instants: Instants) -> Fraction:
    """Return how many days of values are corrected; a day of 23 hours is less than one."""
    minutes = int(_weights(block, instants).sum()) * block.interval_minutes
    return Fraction(minutes, MINUTES_IN_DAY * instants.first_share.denominator)


def corrected(
    *, block: IntervalColumns, instants: Instants, factor: Fraction, added_wh: Fraction, profile: Int64
) -> CorrectedDays:
    """
    Return the days of one register that change, rounded by their running sum.

    Each value becomes factor x the value, and ``added_wh`` is dealt to all of them by the profile.

    profile  (s,) how energy that is added lies over the slots of a day, none below 0 and some above

    :raises BadCorrection: a value would change its sign, or grow beyond what is kept.
    """
    weight = _weights(block, instants)
    parts = instants.first_share.denominator
    dealt = weight * profile[None, :]
    whole = int(dealt.sum())
    each_wh = added_wh / whole if whole else Fraction(0)
    exponent = _exponent(block, weight, factor, each_wh * int(dealt.max(initial=0)))
    numerator, denominator = _exact(block, exponent, (weight, (factor - 1) / parts), (dealt, each_wh))
    values = _rounded(numerator, denominator).reshape(block.values.shape)
    touched = np.flatnonzero((weight != 0).any(axis=1))
    found = values[touched]
    if found.size and int(np.abs(found).max()) > MOST:
        raise BadCorrection("A value of an interval would be too large.", advice="Check the factor.")
    if ((found < 0) & (block.values[touched] >= 0)).any():
        raise BadCorrection("Less than nothing would be left of an interval.", advice="Check the factor and the days.")
    return CorrectedDays(exponent=exponent, place=touched, values=found.astype(np.int64))


def like(*, block: IntervalColumns, days: CorrectedDays) -> IntervalColumns:
    """Return the days of a block that change, with their new values."""
    return replace(block.take(days.place), exponent=days.exponent, values=days.values)


def between(*, block: IntervalColumns, edges_us: Sequence[int]) -> list[Fraction]:
    """Return the energy of values that start between each two instants. [Wh or varh]"""
    start = block.start_us[:, None] + np.arange(block.slots, dtype=np.int64) * (block.interval_minutes * MINUTE_US)
    place = np.searchsorted(np.array(edges_us, dtype=np.int64), start.ravel(), side="right")
    sums = np.zeros(len(edges_us) + 1, dtype=np.int64)
    np.add.at(sums, place, block.values.ravel())
    return [int(one) * Fraction(10) ** block.exponent for one in sums[1:-1].tolist()]


def _weights(block: IntervalColumns, instants: Instants) -> Int64:
    """Return the share of each value that is corrected, in parts of the first share's denominator, (d, s)."""
    start = block.start_us[:, None] + np.arange(block.slots, dtype=np.int64) * (block.interval_minutes * MINUTE_US)
    weight = np.zeros(start.shape, dtype=np.int64)
    weight[(start >= instants.start_us) & (start < instants.end_us)] = instants.first_share.denominator
    weight[(start >= instants.start_us) & (start < instants.first_end_us)] = instants.first_share.numerator
    weight[np.broadcast_to(block.quality == NO_VALUE, weight.shape)] = 0
    return weight


def _exponent(block: IntervalColumns, weight: Int64, factor: Fraction, added_wh: Fraction) -> int:
    """Return the finest unit in which the corrected values can be kept, but not finer than need be."""
    held = block.values[(weight != 0).any(axis=1)]
    greatest = int(np.abs(held).max(initial=0)) * max(abs(factor), Fraction(1)) * Fraction(10) ** block.exponent
    greatest += abs(added_wh)
    for exponent in range(min(FINEST, block.exponent), COARSEST):
        if greatest < MOST * Fraction(10) ** exponent:
            return exponent
    return COARSEST


def _exact(
    block: IntervalColumns, exponent: int, scaled: tuple[Int64, Fraction], added: tuple[Int64, Fraction]
) -> tuple[Exact, int]:
    """
    Return the exact values as numerators of one denominator, in the order of time.

    scaled  weights, and what one unit of weight adds to a value for each unit of it
    added   weights, and what one unit of weight adds to a value [Wh]
    """
    unit = Fraction(10) ** (block.exponent - exponent)
    by_value, by_weight = scaled[1] * unit, added[1] / Fraction(10) ** exponent
    denominator = lcm(unit.denominator, by_value.denominator, by_weight.denominator)
    values = block.values.astype(object)
    numerator = values * int(unit * denominator)
    numerator += scaled[0].astype(object) * values * int(by_value * denominator)
    numerator += added[0].astype(object) * int(by_weight * denominator)
    return numerator, denominator


def _rounded(numerator: Exact, denominator: int) -> Exact:
    until = np.cumsum(numerator.ravel())
    whole = [(2 * abs(value) + denominator) // (2 * denominator) * (-1 if value < 0 else 1) for value in until]
    return np.diff(np.array([0, *whole], dtype=object))
