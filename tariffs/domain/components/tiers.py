"""
Components with steps (inclining blocks, 阶梯电价), alone and together with periods of use.

Limits count energy from the start of the tier cycle (pass it as ``before_wh``), or are those of the segment itself:
per month, per day, per kW. Blocks that price otherwise than step by step are in ``blocks``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np

from cis.kernel import fixed
from cis.kernel.errors import Refused
from cis.kernel.fixed import Int64
from cis.kernel.periods import Period
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.dealing import between, deal, deal_mixed
from tariffs.domain.inputs import Input
from tariffs.domain.lines import Charge, LineSlot, Named, Unit, known

E9 = 10**9


class Cycle(StrEnum):
    """How often the steps begin anew."""

    NONE = "none"
    MONTH = "month"
    SEASON = "season"
    YEAR = "year"


class Restart(StrEnum):
    """
    Events at which the count of a tier cycle begins anew; one that a tariff does not name leaves the count running.

    MOVE              a customer goes to another place; without it the count goes along with him
    HOLDER_CHANGE     a place gets another customer (过户); without it he takes over the count of the place
    METER_EXCHANGE    another meter is hung
    HOUSEHOLD_CHANGE  the number of persons changes (一户多人口)
    TARIFF_CHANGE     the agreement changes to another tariff, as from one price to peak and valley
    CYCLE_CHANGE      another cycle comes into force, as months in place of the year, or another first month
    """

    MOVE = "move"
    HOLDER_CHANGE = "holder_change"
    METER_EXCHANGE = "meter_exchange"
    HOUSEHOLD_CHANGE = "household_change"
    TARIFF_CHANGE = "tariff_change"
    CYCLE_CHANGE = "cycle_change"


class CountOf(StrEnum):
    """Whose energy a tier cycle counts."""

    AGREEMENT = "agreement"
    PLACE = "place"
    CUSTOMER = "customer"


OWN_COUNT = frozenset({Restart.MOVE, Restart.HOLDER_CHANGE})
"""Each customer at each place has a count of his own, which nothing else interrupts."""


@dataclass(frozen=True, slots=True)
class TierCycle:
    """
    When the steps of a plan begin anew.

    Rule: whether the count of the year follows the customer is not said in the texts seen, and differs by province; so
    each tariff with a longer cycle than the month may declare it. [source: none of the provincial texts seen]

    start_month  month in which the tier year begins, on its first day
    seasons      (month, day) on which each season of the cycle begins, ascending
    restarts_at  events at which the count begins anew as well
    """

    kind: Cycle = Cycle.NONE
    start_month: int = 1
    seasons: tuple[tuple[int, int], ...] = ()
    restarts_at: frozenset[Restart] = OWN_COUNT

    @property
    def starts(self) -> tuple[tuple[int, int], ...]:
        """Return (month, day) of each start in a calendar year, ascending; () if the cycle is not of the year."""
        if self.kind is Cycle.YEAR:
            return ((self.start_month, 1),)
        return self.seasons if self.kind is Cycle.SEASON else ()

    @property
    def count_of(self) -> CountOf:
        """Return whose energy is counted."""
        if Restart.HOLDER_CHANGE not in self.restarts_at:
            return CountOf.PLACE
        return CountOf.AGREEMENT if Restart.MOVE in self.restarts_at else CountOf.CUSTOMER

    def start_of(self, *, on: date) -> date | None:
        """Return the day on which the cycle that holds ``on`` began; None if the plan has no steps."""
        if self.kind is Cycle.NONE:
            return None
        if self.kind is Cycle.MONTH:
            return on.replace(day=1)
        starts = (date(year, month, day) for year in (on.year - 1, on.year) for month, day in self.starts)
        return max(start for start in starts if start <= on)

    def counted_from(self, *, on: date, events: Iterable[tuple[date, Restart]]) -> date | None:
        """
        Return the day from which energy counts into the steps on a day; None if the plan has no steps.

        events  what happened to the agreement: first day of the new state, and what it was; those after ``on`` and
                those that the cycle does not restart at are passed over
        """
        start = self.start_of(on=on)
        if start is None:
            return None
        return max([start, *(day for day, event in events if event in self.restarts_at and day <= on)])

    def cuts(self, *, period: Period) -> tuple[date, ...]:
        """
        Return the days inside a billing period at which it must be cut into segments.

        A tier year or season begins anew for whoever bills across its start. Monthly steps belong to the billed month
        and cut nothing.
        """
        years = range(period.start.year, period.end.year + 1)
        starts = (date(year, month, day) for year in years for month, day in self.starts)
        return tuple(start for start in starts if period.start < start < period.end)


class LimitsPer(StrEnum):
    """
    What a limit is counted in.

    CYCLE   kWh since the tier cycle began; the only one that counts ``before_wh``
    MONTH   kWh a month: times the months of the segment, each day counted by its own month
    DAY     kWh a day: times the days of the segment
    KW      kWh per kW of the largest demand and month (hours of use)
    KW_DAY  kWh per kW of the largest demand and day
    """

    CYCLE = "cycle"
    MONTH = "month"
    DAY = "day"
    KW = "kw"
    KW_DAY = "kw_day"


PER_KW = (LimitsPer.KW, LimitsPer.KW_DAY)
PER_MONTH = (LimitsPer.MONTH, LimitsPer.KW)


@dataclass(frozen=True, slots=True)
class HouseholdAllowance:
    """
    Wider steps for a household of many persons (一户多人口).

    from_persons  the smallest household that has it
    grow_wh       (k-1,) by how much each limit grows, per what the limit is per. [Wh]
    """

    from_persons: int
    grow_wh: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted(Named):
    """A component that may count energy from the start of the tier cycle."""

    @property
    def is_cyclic(self) -> bool:
        """Return whether it counts from the start of the cycle, not from that of the segment."""
        return True

    def start_wh(self, batch: RatingBatch) -> Int64:
        """Return the count at the start of each segment, (n,). [Wh]"""
        return batch.before_wh if self.is_cyclic else np.zeros(len(batch), dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepped(Counted):
    """
    What components with steps share.

    Rule (scaling): a limit per month or day is that of a whole month or day; a segment of 80 days has the limits of its
    real months, rounded to the Wh, halves up. [source: Chongqing 2022, reading
    moved to the end of the month in one bridging period]

    limits_wh   (k-1,) upper bound of each step, ascending among those per the same; the last step has none
                [Wh per what ``limits_per`` says]
    limits_per  one word for all limits, or one each: a kWh limit inside a block of kWh per kW ends with that block
    allowances  wider limits for large households, by ascending size; the last one reached holds
    """

    limits_wh: tuple[int, ...]
    limits_per: tuple[LimitsPer, ...] = (LimitsPer.CYCLE,)
    allowances: tuple[HouseholdAllowance, ...] = ()

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return the largest demand, where limits are per kW."""
        return (Input.PEAK_W,) if any(per in PER_KW for per in self.limits_per) else ()

    @property
    def is_cyclic(self) -> bool:
        """Return whether limits count from the start of the cycle, not from that of the segment."""
        return LimitsPer.CYCLE in self.limits_per

    def below_wh(self, batch: RatingBatch) -> Int64:
        """
        Return the energy of each segment below each limit, (k, n), its last row all of it. [Wh]

        The first step is open downward, so a true-up may take energy back past the start of the cycle.
        """
        used_wh, start_wh = batch.total_wh, self.start_wh(batch)
        stop_wh = start_wh + used_wh
        below = np.empty((len(self.limits_wh) + 1, len(used_wh)), dtype=np.int64)
        for row, limit_wh in enumerate(self.limits(batch)):
            np.minimum(stop_wh, limit_wh, out=below[row])
            below[row] -= np.minimum(start_wh, limit_wh)
        below[-1] = used_wh
        return below

    def limits(self, batch: RatingBatch) -> list[Int64 | int]:
        """Return each limit, one for all segments or (n,) by segment. [Wh]"""
        if self.is_cyclic and not self.allowances:
            return list(self.limits_wh)
        peak_w = batch.inputs[Input.PEAK_W][:, 0] if Input.PEAK_W in self.needs else None
        found = self.limits_of(
            household=batch.household, days=batch.days, month_share_e9=batch.month_share_e9, peak_w=peak_w
        )
        return list(found.T)

    def limits_for(self, *, persons: int) -> tuple[int, ...]:
        """Return the limits of a household, per what they are per, (k-1,). [Wh]"""
        grow: tuple[int, ...] = (0,) * len(self.limits_wh)
        for allowance in self.allowances:
            grow = allowance.grow_wh if persons >= allowance.from_persons else grow
        return tuple(limit_wh + more_wh for limit_wh, more_wh in zip(self.limits_wh, grow, strict=True))

    def limits_of(self, *, household: Int64, days: Int64, month_share_e9: Int64, peak_w: Int64 | None = None) -> Int64:
        """
        Return the limits of each segment, (n, k-1), never descending. [Wh]

        household, days, month_share_e9  (n,) as in ``RatingBatch``
        peak_w                           (n,) largest demand at whatever time, where ``needs`` asks for it [W]
        """
        wide = np.empty((len(self.limits_wh), len(household)), dtype=np.int64)
        per = self.limits_per * (len(wide) if len(self.limits_per) == 1 else 1)
        for row, limit_wh in enumerate(self.limits_wh):
            wide[row] = limit_wh
            for allowance in self.allowances:
                wide[row, household >= allowance.from_persons] = limit_wh + allowance.grow_wh[row]
            wide[row] = _scaled(wide[row], per[row], days, month_share_e9, peak_w)
        for row in range(len(wide) - 2, -1, -1):
            np.minimum(wide[row], wide[row + 1], out=wide[row])
        return wide.T


def _scaled(limit_wh: Int64, per: LimitsPer, days: Int64, month_share_e9: Int64, peak_w: Int64 | None) -> Int64:
    """Return a limit (n,) times the time and demand that it is per, to the Wh, halves up. [Wh]"""
    if per is LimitsPer.CYCLE:
        return limit_wh
    factors, under = ([month_share_e9], E9) if per in PER_MONTH else ([days], 1)
    if per in PER_KW:
        if peak_w is None:
            raise ValueError("limits per kW need the demand")
        factors, under = [*factors, peak_w], under * 1000
    bound = 2 * int(limit_wh.max(initial=0)) + under
    for factor in factors:
        bound *= max(int(factor.max(initial=0)), 1)
    product = limit_wh.astype(object) if bound >= fixed.LIMIT else limit_wh
    for factor in factors:
        product = product * factor
    scaled: Int64 = np.minimum((2 * product + under) // (2 * under), fixed.LIMIT).astype(np.int64)
    return scaled


@dataclass(frozen=True, slots=True, kw_only=True)
class TieredEnergy(Stepped):
    """
    Energy priced in steps of use.

    Rule: a step's price applies to the energy inside that step only; crossing a limit never re-prices the energy
    below it. [source: legal text named in the tariff version]

    prices_e6  (k,) price inside each step. [10^-6 minor unit/kWh]
    """

    prices_e6: tuple[int | None, ...]

    def slots(self) -> tuple[LineSlot, ...]:
        """Return one line slot per step."""
        return tuple(self.slot(Unit.KWH, price_e6, step=step) for step, price_e6 in enumerate(self.prices_e6, start=1))

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002 - the protocol of all components
        """Return the energy charge by step, (n, k)."""
        below_wh = self.below_wh(batch)
        inside_wh = between(below_wh=below_wh, inside_wh=np.empty_like(below_wh)).T
        return Charge(fixed.times(inside_wh, known(self.prices_e6)), inside_wh)


class Convention(StrEnum):
    """
    How energy is dealt to steps and periods of use at once; no law seen says it, so each tariff declares it.

    PROPORTIONAL  each step holds the mix of periods of the whole segment
    TIME_ORDER    energy fills the first step interval by interval, then the next; needs interval values
    """

    PROPORTIONAL = "proportional"
    TIME_ORDER = "time_order"


class UnevenOrder(Refused):
    """Energy by step in order of time does not sum to the energy of the segment."""

    code = "uneven_order"


@dataclass(frozen=True, slots=True, kw_only=True)
class TieredTimeOfUse(Stepped):
    """
    Energy priced by step and by period of use together.

    Rule (proportional): each step holds the same mix of periods as the segment as a whole, dealt to the Wh by
    ``dealing.deal``. Rule (time order): the cells are measured, as ``Input.ORDERED_WH``. Where every period's step
    differences are equal, all conventions give the same total.

    periods    (p,) codes, in the plan's order
    prices_e6  (k, p) price inside each step and period. [10^-6 minor unit/kWh]
    """

    periods: tuple[str, ...]
    prices_e6: tuple[tuple[int | None, ...], ...]
    convention: Convention

    @property
    def needs(self) -> tuple[Input, ...]:
        """Return what the limits need, and the energy in order of time where that is the convention."""
        limits = super(TieredTimeOfUse, self).needs
        return (*limits, Input.ORDERED_WH) if self.convention is Convention.TIME_ORDER else limits

    def slots(self) -> tuple[LineSlot, ...]:
        """Return k x p line slots, all periods of step 1 first."""
        return tuple(
            self.slot(Unit.KWH, price_e6, step=step, period=period)
            for step, row in enumerate(self.prices_e6, start=1)
            for period, price_e6 in zip(self.periods, row, strict=True)
        )

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002
        """Return the energy charge by step and period of use, (n, k x p)."""
        in_order = self.convention is Convention.TIME_ORDER
        quantities = self.ordered_wh(batch) if in_order else self.dealt_wh(batch)
        flat = tuple(price_e6 for row in self.prices_e6 for price_e6 in row)
        return Charge(fixed.times(quantities, known(flat)), quantities)

    def ordered_wh(self, batch: RatingBatch) -> Int64:
        """
        Return the cells as measured, (n, k x p). [Wh]

        Where components of other seasons have more steps, more are given; in months of this one they are empty.

        :raises UnevenOrder: they are not all of the energy, as when something was added to it after it was measured.
        """
        steps, given = len(self.prices_e6), batch.inputs[Input.ORDERED_WH]
        if given.shape[1] < steps:
            raise ValueError(f"{self.code} has {steps} steps, {given.shape[1]} are given")
        cells_wh = given[:, :steps]
        is_uneven = (cells_wh.sum(axis=1) != batch.used_wh).any(axis=1)
        if self.scope.months:
            is_uneven &= np.isin(batch.inputs[Input.MONTH], list(self.scope.months))
        if is_uneven.any():
            raise UnevenOrder(f"The steps of {self.code} in order of time do not sum to the energy of their periods.")
        return cells_wh.reshape(-1, len(self.prices_e6) * len(self.periods))

    def dealt_wh(self, batch: RatingBatch) -> Int64:
        """Return the cells in proportion, (n, k x p). [Wh]"""
        below_wh, used_wh = self.below_wh(batch), batch.used_wh
        cells = len(self.prices_e6) * len(self.periods)
        if used_wh.min(initial=0) >= 0:
            return deal(below_wh=below_wh, used_wh=used_wh).reshape(cells, -1).T
        mixed = np.flatnonzero((used_wh < 0).any(axis=1) & (used_wh > 0).any(axis=1))
        plain_below_wh, plain_used_wh = below_wh.copy(), used_wh.copy()
        plain_below_wh[:, mixed] = 0
        plain_used_wh[mixed] = 0
        cells_wh = deal(below_wh=plain_below_wh, used_wh=plain_used_wh)
        start_wh, limits = self.start_wh(batch), [np.broadcast_to(limit, len(batch)) for limit in self.limits(batch)]
        for row in mixed.tolist():
            cells_wh[:, :, row] = deal_mixed(
                used_wh=used_wh[row].tolist(),
                below_wh=below_wh[:, row].tolist(),
                before_wh=int(start_wh[row]),
                limits_wh=[int(limit[row]) for limit in limits],
            )
        return cells_wh.reshape(cells, -1).T
