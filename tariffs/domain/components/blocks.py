"""
Blocks that price otherwise than step by step: the whole use at the price of the step reached, packages begun, fees of
steps, and steps that each period of use has of its own.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cis.kernel import fixed
from cis.kernel.fixed import Int64
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.basic import Fixed, Per
from tariffs.domain.components.dealing import between
from tariffs.domain.components.tiers import Counted, LimitsPer, Stepped
from tariffs.domain.inputs import Input
from tariffs.domain.lines import Charge, LineSlot, Unit, known


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeEnergy(Stepped):
    """
    All energy at the price of the step that it reaches.

    Rule: with limits of the segment, all its energy is in one step. With limits of the cycle, crossing a limit
    re-prices what was used since the cycle began: the line of the old step takes it back, the line of the new one has
    it all. A limit belongs to the step below it. [source: published models of usage billing, "volume"]

    prices_e6  (k,) price of all energy when the step is reached. [10^-6 minor unit/kWh]
    """

    prices_e6: tuple[int | None, ...]

    def slots(self) -> tuple[LineSlot, ...]:
        """Return one line slot per step."""
        return tuple(self.slot(Unit.KWH, price_e6, step=step) for step, price_e6 in enumerate(self.prices_e6, start=1))

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002 - the protocol of all components
        """Return the energy charge by step, (n, k)."""
        start_wh, limits = self.start_wh(batch), self.limits(batch)
        stop_wh = start_wh + batch.total_wh
        before, after = (step_reached(count_wh=count_wh, limits=limits) for count_wh in (start_wh, stop_wh))
        quantities = np.zeros((len(self.prices_e6), len(batch)), dtype=np.int64)
        for step in range(len(quantities)):
            quantities[step] = np.where(after == step, stop_wh, 0) - np.where(before == step, start_wh, 0)
        return Charge(fixed.times(quantities.T, known(self.prices_e6)), quantities.T)


def step_reached(*, count_wh: Int64, limits: list[Int64 | int]) -> Int64:
    """Return in which step a count stands, (n,) from 0; on a limit it stands below it."""
    reached = np.zeros(len(count_wh), dtype=np.int64)
    for limit_wh in limits:
        reached += count_wh > limit_wh
    return reached


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageEnergy(Counted):
    """
    Energy sold in packages, each paid in full once it is begun.

    Rule: what is above the free energy is counted in packages, rounded up; since the cycle began, so that a cut segment
    pays no package twice, or in the segment alone. [source: published models of usage billing, "package"]

    package_wh   energy of one package, above 0 [Wh]
    free_wh      energy without charge, first [Wh]
    counted_per  CYCLE, or MONTH where each segment counts anew (free energy is not scaled then)
    price_e6     price of one package [10^-6 minor unit]
    """

    package_wh: int
    free_wh: int
    counted_per: LimitsPer
    price_e6: int | None

    @property
    def is_cyclic(self) -> bool:
        """Return whether packages are counted from the start of the cycle."""
        return self.counted_per is LimitsPer.CYCLE

    def slots(self) -> tuple[LineSlot, ...]:
        """Return its one line slot."""
        return (self.slot(Unit.BLOCK, self.price_e6),)

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002
        """Return the charge for the packages begun, (n, 1)."""
        start_wh = self.start_wh(batch)
        count = (self.begun(start_wh + batch.total_wh) - self.begun(start_wh))[:, None]
        return Charge(fixed.times(count * 1000, known((self.price_e6,))), count)

    def begun(self, count_wh: Int64) -> Int64:
        """Return how many packages a count has begun, (n,); none below the free energy."""
        return np.maximum(-(-(count_wh - self.free_wh) // self.package_wh), 0)


class FeeOf(StrEnum):
    """Which steps pay their fee: all that are entered (graduated), or the last one reached (volume)."""

    ENTERED = "entered"
    REACHED = "reached"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFee(Stepped):
    """
    A standing fee of each step of use.

    Rule: the first step is entered whatever is used, any other by the first Wh above its lower limit. Limits are those
    of the segment, and the fee is per the same day or month as they are, so a cut period pays the share of each part.
    [source: published models of usage billing, "graduated" and "volume" with flat amounts]

    fees_e6  (k,) fee of each step per day or month. [10^-6 minor unit]
    fee_of   which steps pay
    """

    fees_e6: tuple[int | None, ...]
    per: Per
    fee_of: FeeOf

    def slots(self) -> tuple[LineSlot, ...]:
        """Return one line slot per step."""
        unit = Unit(self.per.value)
        return tuple(self.slot(unit, fee_e6, step=step) for step, fee_e6 in enumerate(self.fees_e6, start=1))

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:
        """Return the fee of each step, (n, k)."""
        reached = step_reached(count_wh=batch.total_wh, limits=self.limits(batch))
        amounts: list[NDArray[Any]] = []
        quantities: list[Int64] = []
        for step, fee_e6 in enumerate(known(self.fees_e6)):
            pays = reached >= step if self.fee_of is FeeOf.ENTERED else reached == step
            fee = Fixed(code=self.code, label=self.label, ledger=self.ledger, per=self.per, price_e6=fee_e6)
            whole = fee.charge(batch, base_minor)
            amounts.append(whole.amounts_e9[:, 0] * pays)
            quantities.append(whole.quantities[:, 0] * pays)
        return Charge(np.stack(amounts, axis=1), np.stack(quantities, axis=1))


class Fills(StrEnum):
    """
    What fills the steps of a period of use.

    OWN  the energy of that period alone
    ALL  the energy of all periods; each step of a period has its share of the energy below each limit
    """

    OWN = "own"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class TieredByPeriod(Counted):
    """
    Periods of use that each have limits and prices of their own, as the rates of URDB allow.

    Rule (own): a period is a tariff with steps for its own energy. Rule (all): of the energy of all periods below each
    limit of the period, it has its share of all energy, to the Wh, halves away from zero. Texts that give periods
    different limits do not say which, so the tariff declares it.

    periods  (p,) codes, in the plan's order
    parts    (p,) steps of each period
    fills    what fills them
    """

    periods: tuple[str, ...]
    parts: tuple["PeriodSteps", ...]
    fills: Fills

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return what the limits of any period need."""
        return tuple({need: None for part in self.parts for need in part.needs})

    @property
    def is_cyclic(self) -> bool:
        """Return whether limits of any period count from the start of the cycle."""
        return any(part.is_cyclic for part in self.parts)

    def slots(self) -> tuple[LineSlot, ...]:
        """Return the steps of the first period, then those of the next."""
        return tuple(
            self.slot(Unit.KWH, price_e6, step=step, period=period)
            for period, part in zip(self.periods, self.parts, strict=True)
            for step, price_e6 in enumerate(part.prices_e6, start=1)
        )

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002
        """Return the energy charge by period of use and step, (n, l)."""
        rows: list[Int64] = []
        for place, part in enumerate(self.parts):
            used_wh = batch.used_wh[:, place]
            below = part.own_below_wh if self.fills is Fills.OWN else part.share_below_wh
            below_wh = below(batch, used_wh)
            rows.extend(between(below_wh=below_wh, inside_wh=np.empty_like(below_wh)))
        quantities = np.array(rows, dtype=np.int64).T
        flat = tuple(price_e6 for part in self.parts for price_e6 in part.prices_e6)
        return Charge(fixed.times(quantities, known(flat)), quantities)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodSteps(Stepped):
    """
    Limits and prices of one period of use; no component by itself.

    prices_e6  (k,) price inside each step. [10^-6 minor unit/kWh]
    """

    prices_e6: tuple[int | None, ...]

    def own_below_wh(self, batch: RatingBatch, used_wh: Int64) -> Int64:
        """Return the energy of the period below each of its limits, (k, n). [Wh]"""
        return np.array([*(np.minimum(used_wh, limit_wh) for limit_wh in self.limits(batch)), used_wh])

    def share_below_wh(self, batch: RatingBatch, used_wh: Int64) -> Int64:
        """
        Return the period's share of the energy below each of its limits, (k, n). [Wh]

        Where periods of different sign cancel to 0, all stands in the step that the next Wh would enter.
        """
        total_wh, start_wh = batch.total_wh, self.start_wh(batch)
        below_wh = self.below_wh(batch)
        for row, limit_wh in enumerate(self.limits(batch)):
            share_wh = portion_wh(part_wh=below_wh[row], used_wh=used_wh, whole_wh=total_wh)
            below_wh[row] = np.where(total_wh == 0, np.where(start_wh < limit_wh, used_wh, 0), share_wh)
        below_wh[-1] = used_wh
        return below_wh


def portion_wh(*, part_wh: Int64, used_wh: Int64, whole_wh: Int64) -> Int64:
    """Return part x used / whole of (n,) columns of any sign, halves away from zero; 0 where whole is 0. [Wh]"""
    part, used, whole = (column.astype(object) for column in (part_wh, used_wh, whole_wh))
    if 2 * max(_size(part_wh), 1) * max(_size(used_wh), 1) + _size(whole_wh) < fixed.LIMIT:
        part, used, whole = part_wh, used_wh, whole_wh
    over = part * used
    size = (2 * np.abs(over) + np.abs(whole)) // (2 * np.maximum(np.abs(whole), 1))
    share = np.where((over < 0) == (whole < 0), size, -size)
    return np.where(whole_wh == 0, 0, share).astype(np.int64)


def _size(column: Int64) -> int:
    return int(np.abs(column).max(initial=0))


def limits_of_step(*, component: object, period: str) -> tuple[tuple[int, LimitsPer], ...]:
    """Return the upper limit of each step but the last, and what it is per; () for what has none. [Wh]"""
    if isinstance(component, TieredByPeriod):
        component = component.parts[component.periods.index(period)]
    if not isinstance(component, Stepped):
        return ()
    per = component.limits_per * (len(component.limits_wh) if len(component.limits_per) == 1 else 1)
    return tuple(zip(component.limits_wh, per, strict=True))
