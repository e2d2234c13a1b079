"""
Losses: of a transformer metered on its low side (高供低计), added to the energy before it is priced; and those of the
grid on what is purchased, as a price per kWh.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from cis.kernel import fixed
from cis.kernel.fixed import Exact, Int64
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.spans import Proration, needs_of, part_of, span_of
from tariffs.domain.inputs import Input
from tariffs.domain.lines import Adjusting, Charge, LineSlot, Named, Unit, known

E6 = 10**6
MILLIWATT_MINUTES = 60_000
"""Milliwatt minutes of a Wh."""
REACTIVE = "reactive"


class Deal(StrEnum):
    """
    To which period of use a loss belongs; published bills show both.

    MIX         to all of them, as the energy of the segment is dealt; without energy to the one that is named
    ONE_PERIOD  to the one that is named
    """

    MIX = "mix"
    ONE_PERIOD = "one_period"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost(Adjusting):
    """
    What components share that add a loss to the energy of a segment.

    Rule: the loss is rounded once, half away from zero, to its grain, and dealt to the periods of use.

    grain_wh  losses are rounded to multiples of it: 1, 10, 100 or 1000 [Wh and varh]
    deal      to which periods
    period    place of the period that takes what is not dealt
    """

    grain_wh: int = 1
    deal: Deal = Deal.MIX
    period: int = 0

    def lost_wh(self, batch: RatingBatch) -> Int64:
        """Return the energy lost, (n,). [Wh]"""
        raise NotImplementedError

    def lost_varh(self, batch: RatingBatch) -> Int64:
        """Return the reactive energy lost, (n,). [varh]"""
        raise NotImplementedError

    def slots(self) -> tuple[LineSlot, ...]:
        """Return the slots of two lines that tell what was added, and cost nothing by themselves."""
        energy, reactive = self.slot(Unit.KWH, 0), self.slot(Unit.KVARH, 0, period=REACTIVE)
        return (replace(energy, in_total=False), replace(reactive, in_total=False))

    def added_wh(self, batch: RatingBatch) -> Int64:
        """Return the loss by period of use, (n, p). [Wh]"""
        weights = np.abs(batch.used_wh) if self.deal is Deal.MIX else np.zeros_like(batch.used_wh)
        weights[~weights.any(axis=1), self.period] = 1
        return fixed.share(self.lost_wh(batch), weights)

    def added_varh(self, batch: RatingBatch) -> Int64:
        """Return the reactive loss, (n,). [varh]"""
        return self.lost_varh(batch)

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002 - the protocol of all components
        """Return nothing to pay, and what was lost, (n, 2)."""
        quantities = np.stack([self.lost_wh(batch), self.lost_varh(batch)], axis=1)
        return Charge(np.zeros_like(quantities), quantities)

    def rounded(self, over: Exact, under: int) -> Int64:
        """Return (n,) numbers over one below them, rounded half away from zero to the grain."""
        whole = under * self.grain_wh
        size = (2 * abs(over) + whole) // (2 * whole) * self.grain_wh
        return np.where(over < 0, -size, size).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class LossRates:
    """
    How much a transformer loses of one kind of energy.

    iron_mw    no-load loss while it is under voltage (铁损) [mW, or mvar]
    copper_e6  part of the energy lost in its windings (铜损), 0.02 = 20_000 [10^-6]
    load_mw    load loss at full load, of which the part k_e6 counts while it is under voltage [mW, or mvar]
    k_e6       the factor K of the loss tables [10^-6]
    """

    iron_mw: int = 0
    copper_e6: int = 0
    load_mw: int = 0
    k_e6: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerLoss(Lost):
    """
    The losses of a transformer by its hours under voltage and by the energy that passed it.

    Rule: no-load kW x energised hours + a part of the kWh, or + K x load loss x hours.
    [source: 供电营业规则 (1996) 第七十四条: 计量装置不安装在产权分界处时, 变压器损耗由产权所有者负担]

    active    losses of energy
    reactive  reactive losses; their copper part is one of the kWh
    """

    active: LossRates
    reactive: LossRates

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return the time under voltage."""
        return (Input.ENERGIZED_MINUTES,)

    def lost_wh(self, batch: RatingBatch) -> Int64:
        """Return the energy lost, (n,). [Wh]"""
        return self.lost(batch, self.active)

    def lost_varh(self, batch: RatingBatch) -> Int64:
        """Return the reactive energy lost, (n,). [varh]"""
        return self.lost(batch, self.reactive)

    def lost(self, batch: RatingBatch, rates: LossRates) -> Int64:
        """Return what is lost at some rates, (n,)."""
        constant = rates.iron_mw * E6 + rates.load_mw * rates.k_e6
        by_time = fixed.times(batch.inputs[Input.ENERGIZED_MINUTES], constant)
        by_energy = fixed.times(batch.total_wh, rates.copper_e6 * MILLIWATT_MINUTES)
        return self.rounded(_roomy(by_time) + _roomy(by_energy), MILLIWATT_MINUTES * E6)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedLoss(Lost):
    """
    Losses of a transformer as agreed for a month (协议损耗), whatever was used.

    wh, varh   a month, or a day [Wh, varh]
    proration  what a segment takes that is no whole month
    """

    wh: int
    varh: int
    proration: Proration

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return what counts parts of a month."""
        return needs_of(self.proration)

    def lost_wh(self, batch: RatingBatch) -> Int64:
        """Return the energy lost, (n,). [Wh]"""
        return self.lost(batch, self.wh)

    def lost_varh(self, batch: RatingBatch) -> Int64:
        """Return the reactive energy lost, (n,). [varh]"""
        return self.lost(batch, self.varh)

    def lost(self, batch: RatingBatch, quantity: int) -> Int64:
        """Return a quantity of a month for each segment, (n,)."""
        over, under = span_of(batch=batch, proration=self.proration)
        return self.rounded(_roomy(fixed.times(over, quantity)), under)


def _roomy(values: Exact) -> Exact:
    """Return values that can be added up and doubled: as Python ints if they are large."""
    largest = max(int(values.max(initial=0)), -int(values.min(initial=0)))
    return values.astype(object) if largest >= fixed.LIMIT // 4 else values


class LossMethod(StrEnum):
    """
    How a loss rate becomes a price; both are seen.

    GROSS  purchase price x rate / (1 - rate): so much more is purchased than is delivered
    PLAIN  purchase price x rate
    """

    GROSS = "gross"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineLoss(Named):
    """
    What the supplier purchases for the losses of the grid (上网环节线损费用), on all energy.

    price_e6  of purchased energy [10^-6 minor unit/kWh]
    rate_e6   comprehensive loss rate, 0.035 = 35_000 [10^-6]
    method    what the rate is a part of
    """

    price_e6: int | None
    rate_e6: int
    method: LossMethod

    def slots(self) -> tuple[LineSlot, ...]:
        """Return its one line slot; its price is shown to the last decimal that prices have, rounded half up."""
        shown_e6 = (
            None if self.price_e6 is None else (2 * self.price_e6 * self.rate_e6 + self.under) // (2 * self.under)
        )
        return (self.slot(Unit.KWH, shown_e6),)

    @property
    def under(self) -> int:
        """Return what the rate is divided by. [10^-6]"""
        return E6 - self.rate_e6 if self.method is LossMethod.GROSS else E6

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002
        """Return the charge for losses, (n, 1), computed from the exact price and cut once."""
        used_wh = batch.total_wh[:, None]
        rates = np.full(len(batch), self.rate_e6, dtype=np.int64)
        return Charge(part_of(fixed.times(used_wh, known((self.price_e6,))), over=rates, under=self.under), used_wh)
