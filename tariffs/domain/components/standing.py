"""Charges by meters, unmetered supply, premiums for green energy, and concessions."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cis.kernel import fixed
from cis.kernel.fixed import Int64
from tariffs.domain.batch import E9, RatingBatch
from tariffs.domain.components.basic import E6, Per, by_time
from tariffs.domain.inputs import Input
from tariffs.domain.lines import Adjusting, Charge, LineSlot, Named, Unit, known

DECEMBER = 12
HOURS_PLACES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterCharge(Named):
    """
    A standing charge for each meter of the agreement, as meter rent.

    Rule: meters x time x price; a month counts by its own days. The quantity is meter-days or meter-months.

    price_e6  price of one meter for one day or month [10^-6 minor unit]
    """

    per: Per
    price_e6: int | None

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return the number of meters."""
        return (Input.METERS,)

    def slots(self) -> tuple[LineSlot, ...]:
        """Return its one line slot."""
        return (self.slot(Unit(self.per.value), self.price_e6),)

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002 - the protocol of all components
        """Return the charge for all meters, (n, 1)."""
        meters = batch.inputs[Input.METERS]
        together = replace(batch, days=batch.days * meters, month_share_e9=batch.month_share_e9 * meters)
        (price_e6,) = known((self.price_e6,))
        amounts_e9, spans = by_time(together, per=self.per, price_e6=price_e6)
        return Charge(amounts_e9[:, None], spans[:, None])


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCharge(Named):
    """
    A standing charge once for the account, however many agreements it has.

    Rule: time x price, for the days on which no other agreement of the account pays it; of a month their part of the
    segment's days, half up to 10^-9 month. The quantity is days or months.

    price_e6  price of one day or month [10^-6 minor unit]
    """

    per: Per
    price_e6: int | None

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return the days that are paid here."""
        return (Input.ACCOUNT_DAYS,)

    def slots(self) -> tuple[LineSlot, ...]:
        """Return its one line slot."""
        return (self.slot(Unit(self.per.value), self.price_e6),)

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002 - the protocol of all components
        """Return the charge of the account, (n, 1)."""
        days, whole = batch.inputs[Input.ACCOUNT_DAYS], np.maximum(batch.days, 1)
        share_e9 = (2 * batch.month_share_e9 * days + whole) // (2 * whole)
        paid = replace(batch, days=days, month_share_e9=share_e9)
        (price_e6,) = known((self.price_e6,))
        amounts_e9, spans = by_time(paid, per=self.per, price_e6=price_e6)
        return Charge(amounts_e9[:, None], spans[:, None])


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmetered(Adjusting):
    """
    Supply without a meter, as of street lamps: energy by a profile of burning hours.

    Rule: load as contracted x hours of the calendar month x months of the segment, rounded half up to the Wh and dealt
    to the periods of use by fixed weights; it is added to whatever is metered.
    [source: none seen that fixes the hours; they are the supplier's table, so each document has its own]

    hours_e3  (12,) burning hours of each calendar month [10^-3 h]
    weights   (p,) part of each period of use, in any unit
    """

    hours_e3: tuple[int, ...]
    weights: tuple[int, ...]

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return the load, and the month that says how long it burns."""
        return (Input.CONTRACT_W, Input.MONTH)

    def slots(self) -> tuple[LineSlot, ...]:
        """Return one line slot that informs: the energy that is deemed used."""
        return (replace(self.slot(Unit.KWH, 0), in_total=False),)

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002
        """Return no amount, and the energy deemed used, (n, 1)."""
        energy_wh = self.energy_wh(batch)[:, None]
        return Charge(np.zeros_like(energy_wh), energy_wh)

    def added_wh(self, batch: RatingBatch) -> Int64:
        """Return the energy deemed used by period of use, (n, p). [Wh]"""
        return fixed.share(self.energy_wh(batch), np.array(self.weights, dtype=np.int64))

    def energy_wh(self, batch: RatingBatch) -> Int64:
        """Return the energy deemed used, (n,). [Wh]"""
        hours_e3 = np.array(self.hours_e3, dtype=np.int64)[batch.inputs[Input.MONTH] - 1]
        under = HOURS_PLACES * E9
        exact = batch.inputs[Input.CONTRACT_W].astype(object) * hours_e3 * batch.month_share_e9
        return ((2 * exact + under) // (2 * under)).astype(np.int64)


class BeyondUse(StrEnum):
    """What of green blocks that are more than the use: paid all the same, or left out."""

    CHARGE = "charge"
    LEAVE_OUT = "leave_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class GreenPremium(Named):
    """
    A premium per kWh for green energy: for a part of the use, or for blocks bought a month.

    Rule: part x use, rounded half up to the Wh; or blocks x kWh per block x months of the segment, likewise.
    [source: none seen that prefers one; each tariff says which]

    price_e6   [10^-6 minor unit/kWh]
    part_e6    part of the use, 1_000_000 = all of it; None = by blocks
    block_wh   energy of one block a month [Wh]
    beyond     whether blocks beyond the use are paid
    """

    price_e6: int | None
    part_e6: int | None
    block_wh: int = 0
    beyond: BeyondUse = BeyondUse.CHARGE

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return the blocks, where it is sold by blocks."""
        return (Input.GREEN_BLOCKS,) if self.part_e6 is None else ()

    def slots(self) -> tuple[LineSlot, ...]:
        """Return its one line slot."""
        return (self.slot(Unit.KWH, self.price_e6),)

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002
        """Return the premium, (n, 1), and the green energy."""
        green_wh = self.green_wh(batch)[:, None]
        return Charge(fixed.times(green_wh, known((self.price_e6,))), green_wh)

    def green_wh(self, batch: RatingBatch) -> Int64:
        """Return the green energy, (n,). [Wh]"""
        used_wh = np.maximum(batch.total_wh, 0)
        if self.part_e6 is not None:
            return _rounded(fixed.times(used_wh[:, None], (self.part_e6,))[:, 0], E6)
        blocks_wh = batch.inputs[Input.GREEN_BLOCKS].astype(object) * self.block_wh * batch.month_share_e9
        green_wh = _rounded(blocks_wh, E9)
        return green_wh if self.beyond is BeyondUse.CHARGE else np.minimum(green_wh, used_wh)


def _rounded(exact: NDArray[Any], under: int) -> Int64:
    """Return exact / under, half up, of numbers that are not negative."""
    found: Int64 = ((2 * exact + under) // (2 * under)).astype(np.int64, copy=False)
    return found


class CapSpan(StrEnum):
    """Span within which a concession is capped."""

    MONTH = "month"
    YEAR = "year"


class ConcessionOf(StrEnum):
    """What a concession is a rate of."""

    PERCENT = "percent"
    DAY = "day"
    MONTH = "month"
    KWH = "kWh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Concession(Named):
    """
    What is taken off the components it names: a percentage, or an amount per day, month or kWh.

    Rule: the rate, rounded, but no more than the base is (never below 0), and no more than is left of the cap: that of
    a month counts by the time of the segment, that of a year is whole and begins anew with its month.
    [source: none seen for the bound by the base: a concession is no payment to the customer]

    on           codes of the components it is granted on, or ("*",) for all before it
    rate         what ``rate_e6`` is of
    rate_e6      13 % = 130_000; else [10^-6 minor unit] per day, month or kWh
    cap_minor    the most of a month or year, None = no cap [minor unit]
    cap_span     span of the cap
    first_month  month with which the year of the cap begins, 1 to 12
    """

    on: tuple[str, ...]
    rate: ConcessionOf
    rate_e6: int | None
    cap_minor: int | None = None
    cap_span: CapSpan = CapSpan.MONTH
    first_month: int = 1

    @property
    def is_yearly(self) -> bool:
        """Return whether the cap is that of a year."""
        return self.cap_minor is not None and self.cap_span is CapSpan.YEAR

    @property
    def base(self) -> tuple[str, ...]:
        """Return the codes of the components it is granted on."""
        return self.on

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return what tells when the year of the cap ends."""
        return (Input.MONTH_END,) if self.is_yearly else ()

    @property
    def year_starts(self) -> int | None:
        """Return the month with which the year of the cap begins, None if its cap knows no year."""
        return self.first_month if self.is_yearly else None

    def slots(self) -> tuple[LineSlot, ...]:
        """Return its line slot; with a yearly cap another that informs: what was granted in the year."""
        unit = Unit.MONEY if self.rate is ConcessionOf.PERCENT else Unit(self.rate.value)
        slot = self.slot(unit, None if self.rate_e6 is None else -self.rate_e6)
        if not self.is_yearly:
            return (slot,)
        granted = replace(self.slot(Unit.MONEY, E6), code=f"{self.code}-granted", in_total=False, carries=True)
        return (slot, granted)

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:
        """Return what is taken off, (n, 1), as a negative; with a yearly cap also what the year has come to."""
        bound_minor = np.maximum(base_minor, 0)
        exact_e9, quantity = self.full(batch, bound_minor)
        granted_minor = np.minimum(fixed.to_minor(exact_e9), bound_minor)
        if self.cap_minor is None:
            return Charge(fixed.times(granted_minor[:, None], (-E9,)), quantity[:, None])
        if not self.is_yearly:
            cap_e9, _ = by_time(batch, per=Per.MONTH, price_e6=self.cap_minor * E6)
            granted_minor = np.minimum(granted_minor, fixed.to_minor(cap_e9))
            return Charge(fixed.times(granted_minor[:, None], (-E9,)), quantity[:, None])
        before_minor = batch.inputs[Input.CARRIED][:, 0]
        granted_minor = np.minimum(granted_minor, np.maximum(self.cap_minor - before_minor, 0))
        goes_on = batch.inputs[Input.MONTH_END] != (self.first_month - 1 or DECEMBER)
        carried_minor = (before_minor + granted_minor) * goes_on
        amounts_e9 = fixed.times(np.column_stack([granted_minor, carried_minor]), (-E9, 0))
        return Charge(amounts_e9, np.column_stack([quantity, carried_minor]))

    def full(self, batch: RatingBatch, bound_minor: Int64) -> tuple[NDArray[Any], Int64]:
        """Return what the rate gives without bounds, (n,) [10^-9 minor unit], and what it is a rate of."""
        (rate_e6,) = known((self.rate_e6,))
        if self.rate is ConcessionOf.PERCENT:
            return fixed.times(bound_minor[:, None], (rate_e6 * 1000,))[:, 0], bound_minor
        if self.rate is ConcessionOf.KWH:
            used_wh = np.maximum(batch.total_wh, 0)
            return fixed.times(used_wh[:, None], (rate_e6,))[:, 0], used_wh
        return by_time(batch, per=Per(self.rate.value), price_e6=rate_e6)
