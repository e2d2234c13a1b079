"""
What is paid for reactive energy: the power factor adjustment (力调电费), extra demand, kvarh.

cos phi = P / sqrt(P^2 + Q^2), with the energy of the segment, losses added, rounded half up to two decimals. It is
found in integers alone: a half never occurs, for 200^2 is no sum of two squares of which one is odd.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from math import isqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cis.kernel import fixed
from cis.kernel.fixed import Int64
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.demand import MEASURED, filled
from tariffs.domain.components.spans import Proration, needs_of, part_of, span_of
from tariffs.domain.inputs import Input
from tariffs.domain.lines import Charge, LineSlot, Named, Unit, known

E6 = 10**6
ONE = 100
"""The power factor 1.00, in hundredths."""
POINT_OF_PERCENT = 100
"""A hundredth of a percent as a part. [10^-6]"""
PERCENT = "percent"
BASE = "base"
FACTOR = "factor"

SHIFT: Final = 12
STAGES: Final = 3
BITS: Final = SHIFT * STAGES
MOST_RATIO: Final = 200
NARROW: Final = 2**50
"""Energy below it can be divided in int64."""
THRESHOLDS: Final[Int64] = np.array(
    [isqrt(((4 * ONE**2 - odd * odd) << 2 * BITS) // (odd * odd)) for odd in range(2 * ONE - 1, 0, -2)], dtype=np.int64
)
"""Largest Q / P, times 2^36 and cut, at which cos phi is still rounded to 1.00, 0.99, ... 0.01."""


def power_factor(*, active_wh: Int64, reactive_varh: Int64) -> Int64:
    """
    Return cos phi rounded half up to two decimals, (n,); 1.00 where there is neither energy. [hundredths]

    active_wh, reactive_varh  (n,) of any sign
    """
    active, reactive = np.abs(active_wh), np.abs(reactive_varh)
    if max(int(active.max(initial=0)), int(reactive.max(initial=0))) >= NARROW:
        pairs = zip(active.tolist(), reactive.tolist(), strict=True)
        return np.array([_exactly(one, two) for one, two in pairs], dtype=np.int64)
    ratio = _ratio(active, reactive)
    found: Int64 = ONE - np.searchsorted(THRESHOLDS, ratio)
    # A ratio that is cut to a threshold may lie on either side of it.
    unsure = np.flatnonzero(THRESHOLDS[np.minimum(np.searchsorted(THRESHOLDS, ratio), ONE - 1)] == ratio)
    for row in unsure.tolist():
        found[row] = _exactly(int(active[row]), int(reactive[row]))
    return found


def _ratio(active: Int64, reactive: Int64) -> Int64:
    """Return Q / P times 2^36, cut, by long division; beyond the last threshold where it would be 0.00."""
    divisor = np.maximum(active, 1)
    ratio = reactive // divisor
    rest = reactive - ratio * divisor
    too_large = ratio >= MOST_RATIO
    ratio = np.where(too_large, MOST_RATIO, ratio)
    for _ in range(STAGES):
        rest <<= SHIFT
        digit = rest // divisor
        rest -= digit * divisor
        ratio = (ratio << SHIFT) + digit
    none_active = (active == 0) & (reactive > 0)
    return np.where(none_active, MOST_RATIO << BITS, ratio)


def _exactly(active: int, reactive: int) -> int:
    """Return cos phi in hundredths, rounded half up: the largest h with (2h - 1)^2 (P^2 + Q^2) <= (200 P)^2."""
    if not active and not reactive:
        return ONE
    # floor((200 P / S + 1) / 2), where floor(200 P / S) is a square root in integers.
    return (isqrt(4 * ONE**2 * active**2 // (active**2 + reactive**2)) + 1) // 2


class Standard(StrEnum):
    """
    The power factor that a customer must keep.

    P90  high-voltage industry above 160 kVA, high voltage with on-load tap changer, irrigation from 3,200 kVA
    P85  other industry, non-industry and irrigation from 100 kVA
    P80  farming and resale from 100 kVA
    """

    P90 = "0.90"
    P85 = "0.85"
    P80 = "0.80"


LAST_REWARD = {Standard.P90: 95, Standard.P85: 94, Standard.P80: 92}
SMALL_REWARD_TO = 90


def schedule_of_1983(*, standard: Standard) -> tuple[int, ...]:
    """
    Return the adjustment for each power factor from 0.00 to 1.00, (101,). [hundredths of a percent]

    Rule: for each 0.01 above the standard -0.10 % up to 0.90 and -0.15 % beyond, to the last that is rewarded; for
    each 0.01 below it +0.5 % the first 20 times, +1 % the next 5, +2 % from there on.
    [source: 功率因数调整电费办法, (83)水电财字第215号, 1983-12-02]
    """
    at = int(str(standard).partition(".")[2])
    rows = []
    for hundredths in range(ONE + 1):
        better = min(hundredths, LAST_REWARD[standard])
        small = max(min(better, SMALL_REWARD_TO) - at, 0)
        large = max(better - max(at, SMALL_REWARD_TO), 0)
        worse = max(at - hundredths, 0)
        steep, steeper = max(worse - 20, 0), max(worse - 25, 0)
        rows.append(-10 * small - 15 * large + 50 * worse + 50 * steep + 100 * steeper)
    return tuple(rows)


def linear_schedule(*, target: int, below: int, above: int) -> tuple[int, ...]:
    """
    Return an adjustment by so much for each 0.01, (101,). [hundredths of a percent]

    target  power factor in hundredths
    below   added for each 0.01 below the target; above: taken off for each 0.01 above it
    """
    return tuple(below * max(target - at, 0) - above * max(at - target, 0) for at in range(ONE + 1))


class Submeters(StrEnum):
    """
    How a sub-meter that is billed apart is wired; ``used_wh`` is without its energy.

    PARALLEL  beside the meter of this segment: it has no part in its power factor
    SERIES    behind it: its energy counts in the power factor [source: (83)水电财字第215号, as practised]
    """

    PARALLEL = "parallel"
    SERIES = "series"


@dataclass(frozen=True, slots=True, kw_only=True)
class ByPowerFactor(Named):
    """
    What components share that look at the power factor.

    submeters  whether energy of sub-meters counts
    """

    submeters: Submeters = Submeters.PARALLEL

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return the reactive energy, and that of sub-meters if it counts."""
        series = (Input.SUBMETER_WH,) if self.submeters is Submeters.SERIES else ()
        return (Input.REACTIVE_VARH, *series)

    def active_wh(self, batch: RatingBatch) -> Int64:
        """Return the energy that counts in the power factor, (n,). [Wh]"""
        if self.submeters is Submeters.PARALLEL:
            return batch.total_wh
        submeters_wh: Int64 = batch.inputs[Input.SUBMETER_WH].sum(axis=1)
        return batch.total_wh + submeters_wh

    def factor(self, batch: RatingBatch) -> Int64:
        """Return the power factor of each segment, (n,). [hundredths]"""
        return power_factor(active_wh=self.active_wh(batch), reactive_varh=batch.inputs[Input.REACTIVE_VARH])

    def exists(self, batch: RatingBatch) -> Int64:
        """Return 1 where there is energy to have a power factor, else 0, (n,)."""
        is_any: NDArray[np.bool_] = (self.active_wh(batch) != 0) | (batch.inputs[Input.REACTIVE_VARH] != 0)
        return is_any.astype(np.int64)

    def telling(self, unit: Unit, name: str) -> LineSlot:
        """Return the slot of a line that only tells how the amount came about."""
        return replace(self.slot(unit, 0, period=name), in_total=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerFactor(ByPowerFactor):
    """
    A percentage of other amounts by the power factor: more below a standard, less above it.

    Rule: the rounded lines of its base x the percentage of the schedule, rounded once. Without any energy there is no
    power factor, and nothing is charged.

    schedule  (101,) adjustment from 0.00 to 1.00 [hundredths of a percent]
    on        codes of the components whose amounts it is charged on
    """

    schedule: tuple[int, ...]
    on: tuple[str, ...]

    @property
    def base(self) -> tuple[str, ...]:
        """Return the codes of the components that it is charged on."""
        return self.on

    def slots(self) -> tuple[LineSlot, ...]:
        """Return the slot of the amount, whose quantity is the power factor, and those of percentage and base."""
        base = replace(self.telling(Unit.FACTOR, BASE), unit=Unit.MONEY, quantity_places=0)
        return (self.slot(Unit.FACTOR, 0), self.telling(Unit.FACTOR, PERCENT), base)

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:
        """Return the adjustment, (n, 1), and the lines that tell the percentage and what it is charged on."""
        exists, factor = self.exists(batch), self.factor(batch)
        percent = np.array(self.schedule, dtype=np.int64)[factor] * exists
        amount_e9 = fixed.times(base_minor, percent * (1000 * POINT_OF_PERCENT))
        shown = (factor * exists)[:, None]
        return filled(amounts_e9=amount_e9[:, None], quantities=shown, told=(percent, base_minor))


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerFactorDemand(ByPowerFactor):
    """
    Demand added to what was measured because the power factor is below a target.

    Rule: billed kW = measured kW x target / power factor, rounded half up to the grain; what it has above the
    measured kW is charged here. A power factor of the target or more adds nothing; below 0.01 it counts as 0.01.

    target      power factor in hundredths
    place       of the demand period on the axis of ``Input.PEAK_W``; period is its code, "" = whatever the hour
    price_e6    [10^-6 minor unit/kW]
    grain_w     billed demand is rounded to multiples of it [W]
    proration   what a segment pays that is no whole month
    """

    target: int
    period: str
    place: int
    price_e6: int | None
    grain_w: int
    proration: Proration

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return the peak and what the power factor is computed from."""
        series = (Input.SUBMETER_WH,) if self.submeters is Submeters.SERIES else ()
        return (Input.PEAK_W, Input.REACTIVE_VARH, *series, *needs_of(self.proration))

    def slots(self) -> tuple[LineSlot, ...]:
        """Return the slot of the added demand, and those that tell power factor and measured demand."""
        added = self.slot(Unit.KW, self.price_e6, period=self.period)
        return (added, self.telling(Unit.FACTOR, FACTOR), self.telling(Unit.KW, MEASURED))

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002 - the protocol of all components
        """Return the charge for the added demand, (n, 1), and the lines that tell how it came about."""
        exists, factor = self.exists(batch), self.factor(batch)
        measured_w = np.maximum(batch.inputs[Input.PEAK_W][:, self.place], 0)
        below = np.minimum(np.maximum(factor, 1), self.target)
        whole = 2 * below * self.grain_w
        billed_w = (fixed.times(measured_w, 2 * self.target) + below * self.grain_w) // whole * self.grain_w
        falls_short = (factor < self.target) & (exists == 1)
        added_w = np.where(falls_short, np.maximum(billed_w - measured_w, 0), 0).astype(np.int64)[:, None]
        over, under = span_of(batch=batch, proration=self.proration)
        amount_e9 = part_of(fixed.times(added_w, known((self.price_e6,))), over=over, under=under)
        return filled(amounts_e9=amount_e9, quantities=added_w, told=(factor * exists, measured_w))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactiveEnergy(Named):
    """
    Reactive energy above a free share of the energy, at a price per kvarh.

    Rule: kvarh - free share x kWh, the latter rounded half up to the varh; never less than 0.

    price_e6  [10^-6 minor unit/kvarh]
    free_e6   kvarh that are free for each kWh, 0.5 = 500_000 [10^-6]
    """

    price_e6: int | None
    free_e6: int

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return the reactive energy."""
        return (Input.REACTIVE_VARH,)

    def slots(self) -> tuple[LineSlot, ...]:
        """Return its one line slot."""
        return (self.slot(Unit.KVARH, self.price_e6),)

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002
        """Return the charge for reactive energy, (n, 1)."""
        active_wh = np.maximum(batch.total_wh, 0)
        free_varh = (fixed.times(active_wh, self.free_e6) + E6 // 2) // E6
        billed_varh = np.maximum(batch.inputs[Input.REACTIVE_VARH] - free_varh, 0).astype(np.int64)[:, None]
        return Charge(fixed.times(billed_varh, known((self.price_e6,))), billed_varh)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactiveDemand(Named):
    """
    The largest reactive demand at a price per kvar, as in rates of the United States.

    price_e6   [10^-6 minor unit/kvar]
    proration  what a segment pays that is no whole month
    """

    price_e6: int | None
    proration: Proration

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return the largest reactive demand, and what counts parts of a month."""
        return (Input.REACTIVE_PEAK_VAR, *needs_of(self.proration))

    def slots(self) -> tuple[LineSlot, ...]:
        """Return its one line slot."""
        return (self.slot(Unit.KVAR, self.price_e6),)

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002
        """Return the charge for reactive demand, (n, 1)."""
        billed_var = np.maximum(batch.inputs[Input.REACTIVE_PEAK_VAR], 0)[:, None]
        over, under = span_of(batch=batch, proration=self.proration)
        return Charge(part_of(fixed.times(billed_var, known((self.price_e6,))), over=over, under=under), billed_var)
