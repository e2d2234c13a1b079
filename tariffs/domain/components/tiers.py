"""
Components with steps (inclining blocks, 阶梯电价), alone and together with periods of use.

Limits count energy from the start of the tier cycle: pass ``before_wh`` = 0 for a monthly cycle billed by whole
months, or the energy since the tier year began. Limits are not scaled to the length of a period here.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import accumulate

import numpy as np

from cis.kernel import fixed
from cis.kernel.fixed import Int64
from cis.kernel.periods import Period
from tariffs.domain.batch import RatingBatch
from tariffs.domain.lines import Charge, LineSlot, Named, Unit, known


class Cycle(StrEnum):
    """How often the steps begin anew."""

    NONE = "none"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class TierCycle:
    """
    When the steps of a plan begin anew.

    start_month  month in which the tier year begins, on its first day.
    """

    kind: Cycle = Cycle.NONE
    start_month: int = 1

    def start_of(self, *, on: date) -> date | None:
        """Return the day on which the cycle that holds ``on`` began; None if the plan has no steps."""
        if self.kind is Cycle.NONE:
            return None
        if self.kind is Cycle.MONTH:
            return on.replace(day=1)
        return date(on.year if on.month >= self.start_month else on.year - 1, self.start_month, 1)

    def cuts(self, *, period: Period) -> tuple[date, ...]:
        """
        Return the days inside a billing period at which it must be cut into segments.

        A tier year begins anew for whoever bills across its start. Monthly steps belong to the billed month and cut
        nothing.
        """
        if self.kind is not Cycle.YEAR:
            return ()
        starts = (date(year, self.start_month, 1) for year in range(period.start.year, period.end.year + 1))
        return tuple(start for start in starts if period.start < start < period.end)


@dataclass(frozen=True, slots=True)
class HouseholdAllowance:
    """
    Wider steps for a household of many persons (一户多人口).

    from_persons  the smallest household that has it
    grow_wh       (k-1,) by how much each limit grows. [Wh]
    """

    from_persons: int
    grow_wh: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepped(Named):
    """
    What components with steps share.

    limits_wh  (k-1,) upper bound of each step since the cycle began, ascending; the last step has none. [Wh]
    allowance  wider limits for large households, or None
    """

    limits_wh: tuple[int, ...]
    allowance: HouseholdAllowance | None = None

    def below_wh(self, batch: RatingBatch) -> Int64:
        """
        Return the energy of each segment below each limit, (k, n), its last row all of it. [Wh]

        The first step is open downward, so a true-up may take energy back past the start of the cycle.
        """
        used_wh = batch.total_wh
        stop_wh = batch.before_wh + used_wh
        below = np.empty((len(self.limits_wh) + 1, len(used_wh)), dtype=np.int64)
        for row, limit_wh in enumerate(self.limits(batch)):
            np.minimum(stop_wh, limit_wh, out=below[row])
            below[row] -= np.minimum(batch.before_wh, limit_wh)
        below[-1] = used_wh
        return below

    def limits(self, batch: RatingBatch) -> list[Int64 | int]:
        """Return each limit, one for all segments or (n,) by household. [Wh]"""
        if self.allowance is None:
            return list(self.limits_wh)
        large = batch.household >= self.allowance.from_persons
        pairs = zip(self.limits_wh, self.allowance.grow_wh, strict=True)
        return [limit_wh + grow_wh * large for limit_wh, grow_wh in pairs]


def _between(below_wh: Int64, inside_wh: Int64) -> Int64:
    """Fill and return the energy inside each step, given that below each limit, both (k, n). [Wh]"""
    inside_wh[0] = below_wh[0]
    np.subtract(below_wh[1:], below_wh[:-1], out=inside_wh[1:])
    return inside_wh


@dataclass(frozen=True, slots=True, kw_only=True)
class TieredEnergy(Stepped):
    """
    Energy priced in steps of use since the tier cycle began.

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
        inside_wh = _between(below_wh, np.empty_like(below_wh)).T
        return Charge(fixed.times(inside_wh, known(self.prices_e6)), inside_wh)


class Convention(StrEnum):
    """How energy is dealt to steps and periods of use at once; no law seen says it, so each tariff declares it."""

    PROPORTIONAL = "proportional"


@dataclass(frozen=True, slots=True, kw_only=True)
class TieredTimeOfUse(Stepped):
    """
    Energy priced by step and by period of use together.

    Rule (proportional): each step holds the same mix of periods as the segment as a whole, dealt to the Wh by
    ``_deal``. Where every period's step differences are equal, all conventions give the same total.

    periods    (p,) codes, in the plan's order
    prices_e6  (k, p) price inside each step and period. [10^-6 minor unit/kWh]
    """

    periods: tuple[str, ...]
    prices_e6: tuple[tuple[int | None, ...], ...]
    convention: Convention

    def slots(self) -> tuple[LineSlot, ...]:
        """Return k x p line slots, all periods of step 1 first."""
        return tuple(
            self.slot(Unit.KWH, price_e6, step=step, period=period)
            for step, row in enumerate(self.prices_e6, start=1)
            for period, price_e6 in zip(self.periods, row, strict=True)
        )

    def charge(self, batch: RatingBatch, base_minor: Int64) -> Charge:  # noqa: ARG002
        """Return the energy charge by step and period of use, (n, k x p)."""
        below_wh, used_wh = self.below_wh(batch), batch.used_wh
        if used_wh.min(initial=0) < 0:
            mixed = np.flatnonzero((used_wh < 0).any(axis=1) & (used_wh > 0).any(axis=1))
            plain_below_wh, plain_used_wh = below_wh.copy(), used_wh.copy()
            plain_below_wh[:, mixed] = 0
            plain_used_wh[mixed] = 0
            cells_wh = _deal(plain_below_wh, plain_used_wh)
            self.deal_mixed(batch, below_wh, cells_wh, mixed)
        else:
            cells_wh = _deal(below_wh, used_wh)
        quantities = cells_wh.reshape(-1, len(batch)).T
        flat = tuple(price_e6 for row in self.prices_e6 for price_e6 in row)
        return Charge(fixed.times(quantities, known(flat)), quantities)

    def deal_mixed(self, batch: RatingBatch, below_wh: Int64, cells_wh: Int64, rows: Int64) -> None:
        """
        Deal the segments in which one period of use was taken and another given back.

        Such a true-up has no mix of periods to keep. Its cells are the second differences of
        round(below x cumulative use / all use); if the periods cancel to 0 kWh, all stands in the step that the next
        kWh would enter.
        """
        for row in rows.tolist():
            used_wh: list[int] = batch.used_wh[row].tolist()
            total_wh = sum(used_wh)
            if total_wh:
                sums = [0, *accumulate(used_wh)]
                parts = [[_half_away(low * part, total_wh) for part in sums] for low in (0, *below_wh[:, row].tolist())]
                corner = np.array(parts, dtype=np.int64)
                cells_wh[:, :, row] = np.diff(np.diff(corner, axis=0), axis=1)
            else:
                before_wh = int(batch.before_wh[row])
                limits = [int(np.broadcast_to(limit_wh, len(batch))[row]) for limit_wh in self.limits(batch)]
                cells_wh[bisect_right(limits, before_wh), :, row] = used_wh


def _deal(below_wh: Int64, used_wh: Int64) -> Int64:
    """
    Deal the energy of each step to the periods of use in proportion, (k, p, n). [Wh]

    below_wh  (k, n) energy below each limit, last row all of it
    used_wh   (n, p) energy by period of use, of one sign in each segment

    Periods are taken out one after another: of what is left below each limit, a period gets its share of all that is
    left, rounded half away from zero to the Wh. So the cells of a step sum to the step and those of a period to the
    period exactly, no cell turns against the sign of the use, and a step or period without energy has none.
    """
    if used_wh.min(initial=0) < 0:
        cells = _deal(np.abs(below_wh), np.abs(used_wh))
        return np.where(below_wh[-1] < 0, -cells, cells)
    steps, segments = below_wh.shape
    periods = used_wh.shape[1]
    cells = np.empty((steps, periods, segments), dtype=np.int64)
    largest = periods * int(used_wh.max(initial=0))
    narrow = 2 * largest * largest + largest < fixed.LIMIT
    left, taken = below_wh, np.empty_like(below_wh)
    for period in range(periods - 1):
        taken[-1] = used_wh[:, period]
        for row in range(steps - 1):
            taken[row] = _share_wh(left[row], taken[-1], left[-1], narrow=narrow)
        _between(taken, cells[:, period])
        left = left - taken
    _between(left, cells[:, -1])
    return cells


def _share_wh(part_wh: Int64, used_wh: Int64, whole_wh: Int64, *, narrow: bool) -> Int64:
    """
    Return part x used / whole of (n,) columns, none negative, rounded half up; 0 where whole is 0. [Wh]

    narrow  the product is known to fit 64 bits
    """
    part = part_wh if narrow else part_wh.astype(object)
    share: Int64 = ((2 * used_wh) * part + whole_wh) // (2 * np.maximum(whole_wh, 1))
    return share.astype(np.int64, copy=False)


def _half_away(over: int, under: int) -> int:
    """Return over / under rounded to the nearest integer, halves away from zero."""
    size = (2 * abs(over) + abs(under)) // (2 * abs(under))
    return size if (over < 0) == (under < 0) else -size
