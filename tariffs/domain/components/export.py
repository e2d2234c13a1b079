"""
Energy given to the grid: net metering, and credits in kWh or in money.

Signs, here and in all of Wattline: ``used_wh`` is energy drawn from the grid, ``EXPORT_WH`` is energy given to it and
is never negative; both are what the counters say, after the netting inside one interval where the meter nets at all.
A credit lowers the bill: its amount is below 0.

How the trade's regimes are put together:

- net metering with credits in kWh: ``KwhCredits``;
- net metering with credits in money: ``Netting``, then ``MoneyCredits`` for the surplus that it leaves;
- net billing: ``ExportCredit``, and what is given is paid in the month, even below 0;
- net billing with carry-over: ``MoneyCredits``;
- buy all, sell all: ``ExportCredit`` on two counters, for which used and given are measured apart.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from cis.kernel import fixed
from cis.kernel.fixed import Int64
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.basic import E6, E9
from tariffs.domain.inputs import Input
from tariffs.domain.lines import Adjusting, Charge, LineSlot, Named, Unit, known

DECEMBER = 12


class Ending(StrEnum):
    """What becomes of credits that are left where their year, or the agreement, ends."""

    PAY = "pay"
    FORFEIT = "forfeit"


class Applied(StrEnum):
    """From when a credit pays: in the month that earned it, or from the month after it."""

    SAME_MONTH = "same_month"
    NEXT_MONTH = "next_month"


class Paid(StrEnum):
    """Which energy is paid out at the end of a year: the credits that are left, or the net energy given."""

    CREDITS = "credits"
    NET = "net"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditYear:
    """
    When credits end, and what becomes of them then.

    first_month  month with which their year begins, 1 to 12; None = they do not lapse
    at_end       at the end of the year
    leaving      where the agreement ends
    """

    first_month: int | None
    at_end: Ending
    leaving: Ending

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return what tells whether the year or the agreement ends."""
        return (Input.FINAL,) if self.first_month is None else (Input.MONTH_END, Input.FINAL)

    def settle(self, batch: RatingBatch, left: Int64) -> tuple[Int64, Int64]:
        """Return what is paid out of the credits left, and what is handed on, each of their shape (n,) or (n, c)."""
        final = batch.inputs[Input.FINAL] != 0
        ends = np.zeros_like(final)
        if self.first_month is not None:
            ends = batch.inputs[Input.MONTH_END] == (self.first_month - 1 or DECEMBER)
        pays = ends & (self.at_end is Ending.PAY) | final & ~ends & (self.leaving is Ending.PAY)
        axes = (slice(None), *[None] * (left.ndim - 1))
        return left * pays[axes], left * ~(ends | final)[axes]


class Netted(NamedTuple):
    """
    What netting leaves.

    offset_wh  (n, p) energy used that is not billed [Wh]
    export_wh  (n, p) energy given that offset nothing [Wh]
    credit_wh  (n, g) credits that are left [Wh]
    """

    offset_wh: Int64
    export_wh: Int64
    credit_wh: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Netting(Adjusting):
    """
    Energy given offsets energy used before anything is priced; what is left of it stays energy given.

    Rule: within a pool of periods of use, energy given offsets first the use of its own period, then that of the
    others in the order of the plan. Energy of one pool never offsets use of another. A true-up below 0 is not offset.
    [source: NREL SAM, Utilityrate5: each period is a pool; utilities that bill (import - export): one pool of all]

    periods  codes of the plan
    pools    (g,) places of the periods of each pool; every period is in one
    """

    periods: tuple[str, ...]
    pools: tuple[tuple[int, ...], ...]

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return the energy given."""
        return (Input.EXPORT_WH,)

    def slots(self) -> tuple[LineSlot, ...]:
        """Return one line slot that informs: the energy that was offset."""
        return (replace(self.slot(Unit.KWH, 0), in_total=False),)

    def added_wh(self, batch: RatingBatch) -> Int64:
        """Return what is offset, (n, p), as a negative. [Wh]"""
        return -self.net(batch, self.credit_wh(batch)).offset_wh

    def added_export_wh(self, batch: RatingBatch) -> Int64:
        """Return what offset use and so is no longer given, (n, p), as a negative. [Wh]"""
        return self.net(batch, self.credit_wh(batch)).export_wh - batch.inputs[Input.EXPORT_WH]

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002 - the protocol of all components
        """Return no amount, and the energy that was offset, (n, 1)."""
        offset_wh = self.net(batch, self.credit_wh(batch)).offset_wh.sum(axis=1)[:, None]
        return Charge(np.zeros_like(offset_wh), offset_wh)

    def credit_wh(self, batch: RatingBatch) -> Int64:
        """Return the credits from before, (n, g): none. [Wh]"""
        return np.zeros((len(batch), len(self.pools)), dtype=np.int64)

    def net(self, batch: RatingBatch, credit_wh: Int64) -> Netted:
        """Return what is offset and what is left, given the credits of each pool, (n, g)."""
        export_wh = batch.inputs[Input.EXPORT_WH]
        room_wh = np.maximum(batch.used_wh, 0)
        offset_wh = np.minimum(room_wh, export_wh)
        left_wh, credit_left = export_wh - offset_wh, credit_wh.copy()
        for column, pool in enumerate(self.pools):
            given_wh = left_wh[:, pool].sum(axis=1)
            more_wh = np.maximum(room_wh - offset_wh, 0)[:, pool]
            taken = _filled(more_wh, given_wh + credit_wh[:, column])
            offset_wh[:, pool] += taken
            taken_wh = taken.sum(axis=1)
            from_given = np.minimum(taken_wh, given_wh)
            left_wh[:, pool] -= _filled(left_wh[:, pool], from_given)
            credit_left[:, column] -= taken_wh - from_given
        return Netted(offset_wh, left_wh, credit_left)


def _filled(room_wh: Int64, total_wh: Int64) -> Int64:
    """Return a total (n,) laid into columns of room (n, p), one after another; what finds no room is left out."""
    until = np.minimum(np.cumsum(room_wh, axis=1), total_wh[:, None])
    return np.diff(until, axis=1, prepend=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class KwhCredits(Netting):
    """
    Net metering: what a pool gave beyond its use is a credit in kWh, which offsets its use in the months after.

    Rule: month's use - month's export - credits, never below 0; the rest is handed on, and at the end of the year
    paid out at a price per kWh, or lost. [source: NREL SAM, Utilityrate5, metering option 0]

    Rule (moves): where a season ends the hours of a period, its credits go to the pool of the period that takes them.
    [source: as above: to the period that holds at the same hour of the day]

    moves     month from which on a credit of one pool is one of another: (month, from, to), places of pools
    paid      whether the credits left are paid out, or the net energy given over all periods, which is less where some
              period had to be paid for; a text that says neither has one pool, in which the two are the same
    price_e6  paid for one kWh [10^-6 minor unit/kWh]
    """

    year: CreditYear
    paid: Paid
    price_e6: int | None
    moves: tuple[tuple[int, int, int], ...] = ()

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return the energy given, and what tells when credits end or move."""
        return (Input.EXPORT_WH, *((Input.MONTH,) if self.moves else ()), *self.year.needs)

    @property
    def year_starts(self) -> int | None:
        """Return the month with which the year of the credits begins."""
        return self.year.first_month

    def slots(self) -> tuple[LineSlot, ...]:
        """Return the line of the pay-out, then what only informs: energy offset, net energy, credits of each pool."""
        price_e6 = None if self.price_e6 is None else -self.price_e6
        told = replace(self.slot(Unit.KWH, 0), in_total=False)
        names = [self.periods[pool[0]] if len(self.pools) > 1 else "" for pool in self.pools]
        return (
            self.slot(Unit.KWH, price_e6),
            replace(told, code=f"{self.code}-offset"),
            replace(told, code=f"{self.code}-net", carries=True),
            *(replace(told, code=f"{self.code}-credit", period=name, carries=True, is_credit=True) for name in names),
        )

    def credit_wh(self, batch: RatingBatch) -> Int64:
        """Return the credits from before, in the pools of this month, (n, g). [Wh]"""
        before_wh = batch.inputs[Input.CARRIED][:, 1:]
        credit_wh = before_wh.copy()
        for month, source, target in self.moves:
            moved_wh = np.where(batch.inputs[Input.MONTH] == month, before_wh[:, source], 0)
            credit_wh[:, source] -= moved_wh
            credit_wh[:, target] += moved_wh
        return credit_wh

    def added_export_wh(self, batch: RatingBatch) -> Int64:
        """Return all energy given, (n, p), as a negative: it offset use, or is a credit now. [Wh]"""
        return -batch.inputs[Input.EXPORT_WH]

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002
        """Return the pay-out and the quantities of all its lines, (n, 3 + g)."""
        netted = self.net(batch, self.credit_wh(batch))
        credit_wh = netted.credit_wh.copy()
        for column, pool in enumerate(self.pools):
            credit_wh[:, column] += netted.export_wh[:, pool].sum(axis=1)
        given_wh = batch.inputs[Input.EXPORT_WH].sum(axis=1)
        net_wh = np.maximum(batch.inputs[Input.CARRIED][:, 0] + given_wh - batch.total_wh, 0)
        paid_wh, kept_wh = self.year.settle(batch, credit_wh)
        paid_net_wh, kept_net_wh = self.year.settle(batch, net_wh)
        paid = paid_net_wh if self.paid is Paid.NET else paid_wh.sum(axis=1)
        quantities = np.column_stack([paid, netted.offset_wh.sum(axis=1), kept_net_wh, kept_wh])
        (price_e6,) = known((self.price_e6,))
        return Charge(fixed.times(quantities, (-price_e6, *[0] * (quantities.shape[1] - 1))), quantities)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportCredit(Named):
    """
    Energy given, paid by the price of the period of use in which it was given; the bill may fall below 0.

    [source: NREL SAM, Utilityrate5, metering options 2 and 4]

    periods    (p,) codes, in the plan's order
    prices_e6  (p,) paid for one kWh [10^-6 minor unit/kWh]
    """

    periods: tuple[str, ...]
    prices_e6: tuple[int | None, ...]

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return the energy given."""
        return (Input.EXPORT_WH,)

    def slots(self) -> tuple[LineSlot, ...]:
        """Return one line slot per period of use."""
        names = self.periods if len(self.periods) > 1 else ("",)
        return tuple(
            self.slot(Unit.KWH, None if price_e6 is None else -price_e6, period=period)
            for period, price_e6 in zip(names, self.prices_e6, strict=True)
        )

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002
        """Return the credits by period of use, (n, p), as negatives."""
        export_wh = batch.inputs[Input.EXPORT_WH]
        return Charge(fixed.times(export_wh, tuple(-price_e6 for price_e6 in known(self.prices_e6))), export_wh)


@dataclass(frozen=True, slots=True, kw_only=True)
class TieredExport(Named):
    """
    Energy given, paid in steps of what the segment gave over all periods.

    Rule: a step's price holds for the energy inside that step only; the steps begin anew with each segment, so a
    tariff that has them is billed by whole months. [source: NREL SAM, Utilityrate5: steps of sell rates fill by month]

    limits_wh  (k-1,) upper bound of each step, ascending; the last step has none [Wh]
    prices_e6  (k,) paid for one kWh inside each step [10^-6 minor unit/kWh]
    """

    limits_wh: tuple[int, ...]
    prices_e6: tuple[int | None, ...]

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return the energy given."""
        return (Input.EXPORT_WH,)

    def slots(self) -> tuple[LineSlot, ...]:
        """Return one line slot per step."""
        return tuple(
            self.slot(Unit.KWH, None if price_e6 is None else -price_e6, step=step)
            for step, price_e6 in enumerate(self.prices_e6, start=1)
        )

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002
        """Return the credits by step, (n, k), as negatives."""
        export_wh = batch.inputs[Input.EXPORT_WH].sum(axis=1)
        below = [np.minimum(export_wh, limit_wh) for limit_wh in self.limits_wh]
        inside_wh = np.diff(np.column_stack([*below, export_wh]), axis=1, prepend=0)
        return Charge(fixed.times(inside_wh, tuple(-price_e6 for price_e6 in known(self.prices_e6))), inside_wh)


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyCredits(Named):
    """
    Energy given earns credits in money, which pay the components it names and are handed on while any is left.

    Rule: what is given x its price, rounded, is earned. Credits pay up to the rounded amount of the base, never below
    0; the rest is handed on, and at the end of the year paid out or lost. Two codes are its own beside the component's:
    ``CODE-paid`` is what is paid out, ``CODE-balance`` what is handed on; a minimum charge that names the component
    counts what credits paid, and not what is paid out after it.
    [source: NREL SAM, Utilityrate5, metering options 1 and 3, ``ur_nb_apply_credit_current_month``,
    ``ur_nb_credit_expire``, ``ur_nm_credit_month``]

    on         codes of the components that credits may pay
    applied    whether a credit pays in the month that earns it
    periods    (p,) codes, in the plan's order
    prices_e6  (p,) earned by one kWh [10^-6 minor unit/kWh]
    """

    on: tuple[str, ...]
    applied: Applied
    year: CreditYear
    periods: tuple[str, ...]
    prices_e6: tuple[int | None, ...]

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return the energy given, and what tells when credits end."""
        return (Input.EXPORT_WH, *self.year.needs)

    @property
    def base(self) -> tuple[str, ...]:
        """Return the codes of the components that credits may pay."""
        return self.on

    @property
    def year_starts(self) -> int | None:
        """Return the month with which the year of the credits begins."""
        return self.year.first_month

    def slots(self) -> tuple[LineSlot, ...]:
        """Return the lines of what credits pay and of the pay-out; then balance and earnings, which inform."""
        money = self.slot(Unit.MONEY, E6)
        names = self.periods if len(self.periods) > 1 else ("",)
        return (
            money,
            replace(money, code=f"{self.code}-paid"),
            replace(money, code=f"{self.code}-balance", carries=True, is_credit=True, in_total=False),
            *(
                replace(self.slot(Unit.KWH, price_e6, period=name), code=f"{self.code}-earned", in_total=False)
                for name, price_e6 in zip(names, self.prices_e6, strict=True)
            ),
        )

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:
        """Return what credits pay and what is paid out, as negatives, and balance and earnings, (n, 3 + p)."""
        export_wh = batch.inputs[Input.EXPORT_WH]
        earned_e9 = fixed.times(export_wh, known(self.prices_e6))
        earned_minor = fixed.to_minor(earned_e9).sum(axis=1)
        now_minor = earned_minor if self.applied is Applied.SAME_MONTH else np.zeros_like(earned_minor)
        usable_minor = batch.inputs[Input.CARRIED][:, 0] + now_minor
        applied_minor = np.clip(base_minor, 0, usable_minor)
        left_minor = usable_minor - applied_minor + (earned_minor - now_minor)
        paid_minor, kept_minor = self.year.settle(batch, left_minor)
        money = np.column_stack([-applied_minor, -paid_minor, np.zeros_like(kept_minor)])
        amounts_e9 = np.column_stack([fixed.times(money, (E9, E9, E9)), earned_e9])
        return Charge(amounts_e9, np.column_stack([applied_minor, paid_minor, kept_minor, export_wh]))
