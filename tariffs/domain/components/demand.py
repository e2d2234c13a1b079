"""
What is paid for power: capacity connected, demand contracted, demand measured.

A price per kW times W is an amount in 10^-9 minor units exactly, as it is for energy.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cis.kernel import fixed
from cis.kernel.fixed import Int64
from tariffs.domain.batch import E9, RatingBatch
from tariffs.domain.components.spans import Proration, needs_of, part_of, span_of
from tariffs.domain.inputs import PAST_MONTHS, Input
from tariffs.domain.lines import Charge, LineSlot, Named, Unit, known

E6 = 10**6
HUNDREDTHS = 100
MEASURED = "measured"
"""Names of the lines that only tell how a billed demand came about."""
CONTRACT = "contract"
RATCHET = "ratchet"
USE_PER_KVA = "kwh-per-kva"
DISCOUNT = "discount"
TELLING = frozenset({MEASURED, CONTRACT, RATCHET, USE_PER_KVA, DISCOUNT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity(Named):
    """
    The capacity connected at a price per kVA (按变压器容量计收基本电费), whatever was used.

    price_e6   of one kVA and month, or day [10^-6 minor unit/kVA]
    proration  what a segment pays that is no whole month
    """

    price_e6: int | None
    proration: Proration

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return the capacity, and what counts parts of a month."""
        return (Input.CAPACITY_VA, *needs_of(self.proration))

    def slots(self) -> tuple[LineSlot, ...]:
        """Return its one line slot."""
        return (self.slot(Unit.KVA, self.price_e6),)

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002 - the protocol of all components
        """Return the capacity charge, (n, 1)."""
        capacity_va = batch.inputs[Input.CAPACITY_VA][:, None]
        over, under = span_of(batch=batch, proration=self.proration)
        return Charge(part_of(fixed.times(capacity_va, known((self.price_e6,))), over=over, under=under), capacity_va)


class UseCounts(StrEnum):
    """
    Which energy counts as the use of the capacity.

    BILLED          what the segment is billed for, losses added
    WITH_SUBMETERS  that, and what sub-meters took that are billed apart: the kWh of all points
    """

    BILLED = "billed"
    WITH_SUBMETERS = "with_submeters"


@dataclass(frozen=True, slots=True, kw_only=True)
class UseDiscount:
    """
    A lower price of demand for those who use their capacity well.

    Rule: from 260 kWh a month for each kVA on, the price of demand is 90 %.
    [source: 发改价格〔2023〕526号: 每月每千伏安用电量达到260千瓦时及以上的, 当月需量电价按核定标准90%执行]

    from_wh_per_kva   [Wh/kVA and month]
    factor_hundredths  0.9 = 90
    counts            energy that counts
    """

    from_wh_per_kva: int
    factor_hundredths: int
    counts: UseCounts

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return the capacity, and the sub-meters if they count."""
        submeters = (Input.SUBMETER_WH,) if self.counts is UseCounts.WITH_SUBMETERS else ()
        return (Input.CAPACITY_VA, *submeters)

    def energy_wh(self, batch: RatingBatch) -> Int64:
        """Return the energy that counts, (n,). [Wh]"""
        if self.counts is UseCounts.BILLED:
            return batch.total_wh
        submeters_wh: Int64 = batch.inputs[Input.SUBMETER_WH].sum(axis=1)
        return batch.total_wh + submeters_wh

    def is_earned(self, batch: RatingBatch) -> NDArray[np.bool_]:
        """Return where the capacity is used well enough, (n,); a part of a month needs its part of the use."""
        capacity_va = batch.inputs[Input.CAPACITY_VA]
        use = fixed.times(self.energy_wh(batch), 1000 * E9)
        wanted = fixed.times(fixed.times(capacity_va, self.from_wh_per_kva), batch.month_share_e9)
        return np.asarray((use >= wanted) & (capacity_va > 0), dtype=np.bool_)

    def use_hundredths(self, batch: RatingBatch) -> Int64:
        """Return the energy for each kVA, cut to 0.01 kWh; 0 without capacity, (n,). [0.01 kWh/kVA]"""
        capacity_va = batch.inputs[Input.CAPACITY_VA]
        energy_wh = np.maximum(self.energy_wh(batch), 0)
        return np.where(capacity_va > 0, energy_wh * HUNDREDTHS // np.maximum(capacity_va, 1), 0)

    def prices(self, batch: RatingBatch, prices_e6: tuple[int, ...]) -> Int64:
        """Return the price of each step for each segment, (n, k); readers see to it that the lower one is exact."""
        full = np.array(prices_e6, dtype=np.int64)
        return np.where(self.is_earned(batch)[:, None], full * self.factor_hundredths // HUNDREDTHS, full)


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedByPower(Named):
    """
    What components priced per kW share.

    proration  what a segment pays that is no whole month
    discount   a lower price for good use of the capacity, or None
    """

    proration: Proration
    discount: UseDiscount | None = None

    @property
    def shared_needs(self) -> tuple[Input, ...]:
        """Return what the discount asks for, and what counts parts of a month."""
        return (*needs_of(self.proration), *(self.discount.needs if self.discount else ()))

    def amounts_e9(self, batch: RatingBatch, billed_w: Int64, prices_e6: tuple[int | None, ...]) -> NDArray[Any]:
        """Return what (n, k) power costs at the prices of its steps, (n, k). [10^-9 minor unit]"""
        full = known(prices_e6)
        prices = full if self.discount is None else self.discount.prices(batch, full)
        over, under = span_of(batch=batch, proration=self.proration)
        return part_of(fixed.times(billed_w, prices), over=over, under=under)

    def telling(self, unit: Unit, name: str, step: int = 0) -> LineSlot:
        """Return the slot of a line that only tells how the billed power came about."""
        return replace(self.slot(unit, 0, step=step, period=name), in_total=False)

    def discount_slots(self) -> tuple[LineSlot, ...]:
        """Return the slots that tell the use of the capacity, and the factor of the price; () without a discount."""
        if self.discount is None:
            return ()
        return (self.telling(Unit.FACTOR, USE_PER_KVA), self.telling(Unit.FACTOR, DISCOUNT))

    def discount_columns(self, batch: RatingBatch) -> tuple[Int64, ...]:
        """Return the quantities of these slots, (n,) each."""
        if self.discount is None:
            return ()
        factor = np.where(self.discount.is_earned(batch), self.discount.factor_hundredths, HUNDREDTHS)
        return (self.discount.use_hundredths(batch), factor)


def filled(*, amounts_e9: NDArray[Any], quantities: Int64, told: tuple[Int64, ...]) -> Charge:
    """Return a charge of (n, k) priced lines, and of lines that tell a quantity (n,) and cost nothing."""
    nothing = np.zeros((len(quantities), len(told)), dtype=np.int64)
    columns = [column[:, None] for column in told]
    return Charge(np.concatenate([amounts_e9, nothing], axis=1), np.concatenate([quantities, *columns], axis=1))


class Excess(StrEnum):
    """
    How demand above the tolerance is charged twice; the texts seen allow both.

    MEASURED_PLUS_EXCESS         what was measured, and once more what is above the tolerance
    CONTRACT_PLUS_DOUBLE_EXCESS  what was contracted, and twice what is above the tolerance
    """

    MEASURED_PLUS_EXCESS = "measured_plus_excess"
    CONTRACT_PLUS_DOUBLE_EXCESS = "contract_plus_double_excess"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractedDemand(PricedByPower):
    """
    The contracted maximum demand (合同最大需量), and what was taken beyond it.

    Rule: up to 105 % of the contract, the contract is billed; what is above 105 % is billed double. A contract below
    40 % of the capacity counts as 40 %. [source: 国家电网财〔2016〕633号; 发改办价格〔2016〕1583号]

    price_e6      [10^-6 minor unit/kW]
    excess        how the double is meant
    tolerance_e6  1.05 = 1_050_000
    floor_e6      least contract as a part of the capacity, 0.4 = 400_000; 0 = none
    """

    price_e6: int | None
    excess: Excess
    tolerance_e6: int
    floor_e6: int

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return contract and peak, and what floor and discount ask for."""
        floor = (Input.CAPACITY_VA,) if self.floor_e6 else ()
        return (Input.CONTRACT_W, Input.PEAK_W, *floor, *self.shared_needs)

    def slots(self) -> tuple[LineSlot, ...]:
        """Return the slot of what is billed, and those that tell how it came about."""
        told = (self.telling(Unit.KW, MEASURED), self.telling(Unit.KW, CONTRACT), *self.discount_slots())
        return (self.slot(Unit.KW, self.price_e6), *told)

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002
        """Return the demand charge, (n, 1), and the lines that tell measured and contracted demand."""
        measured_w, contract_w = batch.inputs[Input.PEAK_W][:, 0], self.contract_w(batch)
        billed_w = self.billed_w(measured_w, contract_w)[:, None]
        told = (measured_w, contract_w, *self.discount_columns(batch))
        amounts_e9 = self.amounts_e9(batch, billed_w, (self.price_e6,))
        return filled(amounts_e9=amounts_e9, quantities=billed_w, told=told)

    def contract_w(self, batch: RatingBatch) -> Int64:
        """Return the contract, or its floor rounded half up to the W, (n,). [W]"""
        contract_w = batch.inputs[Input.CONTRACT_W]
        if not self.floor_e6:
            return contract_w
        return np.maximum(contract_w, rounded_part(power_w=batch.inputs[Input.CAPACITY_VA], part_e6=self.floor_e6))

    def billed_w(self, measured_w: Int64, contract_w: Int64) -> Int64:
        """Return the demand that is billed, (n,); what is above the tolerance is rounded half up to the W. [W]"""
        above_w = np.maximum(measured_w - rounded_part(power_w=contract_w, part_e6=self.tolerance_e6), 0)
        if self.excess is Excess.MEASURED_PLUS_EXCESS:
            return np.where(above_w > 0, measured_w + above_w, contract_w)
        billed_w: Int64 = contract_w + 2 * above_w
        return billed_w


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratchet:
    """
    A part of the largest peak of the past that is billed at the least.

    part_e6    0.75 = 750_000
    months     calendar months whose peaks count; empty = all
    look_back  how many months back, 1 to 12
    """

    part_e6: int
    months: frozenset[int] = frozenset()
    look_back: int = PAST_MONTHS

    def least_w(self, batch: RatingBatch, place: int) -> Int64:
        """Return the least demand by the peaks of one demand period, rounded half up to the W, (n,). [W]"""
        past_w = batch.inputs[Input.PAST_PEAKS_W][:, : self.look_back, place]
        if self.months:
            back = np.arange(1, self.look_back + 1)
            month = (batch.inputs[Input.MONTH][:, None] - back - 1) % PAST_MONTHS + 1
            past_w = np.where(np.isin(month, list(self.months)), past_w, 0)
        return rounded_part(power_w=past_w.max(axis=1, initial=0), part_e6=self.part_e6)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredDemand(PricedByPower):
    """
    The largest mean demand in the window of the plan, whatever the hour or in one period of demand.

    Billed is the largest of what was measured, of each ratchet, and of the least demand, rounded half up. If a part of
    the month was charged before, only what is above the demand charged then is charged, in the steps where it lies.

    period       code of the demand period, "" = whatever the hour
    place        its place on the axis of ``Input.PEAK_W``
    limits_w     (k-1,) upper bound of each step of demand, ascending; () = no steps [W]
    prices_e6    (k,) price inside each step [10^-6 minor unit/kW]
    ratchets     what past peaks ask for at the least
    least_w      [W]
    grain_w      demand is rounded to multiples of it: 1, 10, 100 or 1000 [W]
    incremental  whether what was charged in the same billing month is left out
    """

    period: str
    place: int
    limits_w: tuple[int, ...]
    prices_e6: tuple[int | None, ...]
    ratchets: tuple[Ratchet, ...] = ()
    least_w: int = 0
    grain_w: int = 1
    incremental: bool = False

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return the peak, and what ratchets, discount and parts of a month ask for."""
        past = (Input.PAST_PEAKS_W,) if self.ratchets else ()
        month = (Input.MONTH,) if any(ratchet.months for ratchet in self.ratchets) else ()
        billed = (Input.BILLED_PEAK_W,) if self.incremental else ()
        return (Input.PEAK_W, *past, *month, *billed, *self.shared_needs)

    def slots(self) -> tuple[LineSlot, ...]:
        """Return one line slot per step, and those that tell how the billed demand came about."""
        first = 1 if self.limits_w else 0
        priced = tuple(
            self.slot(Unit.KW, price_e6, step=step, period=self.period)
            for step, price_e6 in enumerate(self.prices_e6, start=first)
        )
        ratchet = (self.telling(Unit.KW, RATCHET),) if self.ratchets else ()
        return (*priced, self.telling(Unit.KW, MEASURED), *ratchet, *self.discount_slots())

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002
        """Return the demand charge by step, (n, k), and the lines that tell how the demand came about."""
        measured_w = batch.inputs[Input.PEAK_W][:, self.place]
        ratchet_w = [ratchet.least_w(batch, self.place) for ratchet in self.ratchets]
        largest_w = np.maximum(measured_w, self.least_w)
        for least_w in ratchet_w:
            largest_w = np.maximum(largest_w, least_w)
        until_w = self.rounded(largest_w)
        since_w = self.rounded(batch.inputs[Input.BILLED_PEAK_W][:, self.place]) if self.incremental else None
        inside_w = self.inside_w(until_w)
        if since_w is not None:
            inside_w = self.inside_w(np.maximum(until_w, since_w)) - self.inside_w(since_w)
        told = (measured_w, *((np.max(ratchet_w, axis=0),) if ratchet_w else ()), *self.discount_columns(batch))
        amounts_e9 = self.amounts_e9(batch, inside_w, self.prices_e6)
        return filled(amounts_e9=amounts_e9, quantities=inside_w, told=told)

    def rounded(self, power_w: Int64) -> Int64:
        """Return demand rounded half up to the grain, (n,). [W]"""
        rounded: Int64 = (np.maximum(power_w, 0) + self.grain_w // 2) // self.grain_w * self.grain_w
        return rounded

    def inside_w(self, power_w: Int64) -> Int64:
        """Return the demand inside each step, (n, k). [W]"""
        tops = [np.minimum(power_w, limit_w) for limit_w in self.limits_w]
        return np.diff(np.stack([*tops, power_w], axis=1), axis=1, prepend=0)


def rounded_part(*, power_w: Int64, part_e6: int) -> Int64:
    """Return a part of a power that is not negative, rounded half up to the W, (n,). [W]"""
    part: Int64 = ((fixed.times(power_w, part_e6) + E6 // 2) // E6).astype(np.int64, copy=False)
    return part
