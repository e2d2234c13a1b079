"""
From interval values to the columns that a plan needs: energy by period of use, peaks, priced series, ordered steps.

All customers share the run, so which cell (month x period of use x period of demand) a slot lies in is found once, as
a ``Layout``; what is done for each customer is in ``cells``. Months are rated in order by whoever asks: credits, past
peaks and amounts of the year come from the months before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

import numpy as np

from cis.kernel import fixed
from cis.kernel.errors import Refused
from cis.kernel.fixed import Int64
from cis.kernel.periods import Period
from tariffs.domain.batch import EnergyOutOfRange, RatingBatch, month_share_e9
from tariffs.domain.cells import Cells, arrange, cells_of, ordered, peaks, sums, windows
from tariffs.domain.components.tiers import Stepped
from tariffs.domain.inputs import Input
from tariffs.domain.plan import TOTAL, DemandMetering, Plan
from tariffs.domain.runs import Run
from tariffs.domain.time_of_use import Calendar, day_columns

MINUTES_IN_HOUR = 60
BLOCK = 32
"""Customers of one block: a year of their hours, put in order, stays in the processor's cache (measured)."""
LAYOUTS = 64


class MissingCalendar(Refused):
    """The plan has periods that no calendar tells apart."""

    code = "missing_calendar"


class WindowTooFine(Refused):
    """Demand is averaged over a window that the intervals cannot show."""

    code = "window_too_fine"


class MissingHistory(Refused):
    """The steps of the plan count from before the run, and the energy since then was not given."""

    code = "missing_history"


class MixedSteps(Refused):
    """Two components fill different steps in order of time."""

    code = "mixed_steps"


class Netting(StrEnum):
    """
    How import and export of one interval meet.

    GROSS     both stand as the meter's two registers show them
    INTERVAL  each interval counts with its difference, as import or as export
    """

    GROSS = "gross"
    INTERVAL = "interval"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Layout:
    """
    What each slot of a run is under a plan; made once for all customers.

    months         the calendar months of the run, the first and last perhaps in part
    bounds         (m + 1,) first slot of each month, and the number of slots
    period         (s,) period of use of each slot
    energy         slots by month and period of use, and by period of demand where windows are intervals
    demand         windows by month and period of demand; None = those of ``energy`` serve
    slots          slots of one window
    shape          (m, p, q) of the cells of ``energy``; q = 1 where ``demand`` is apart
    """

    months: tuple[Period, ...]
    bounds: tuple[int, ...]
    period: Int64
    energy: Cells
    demand: Cells | None
    slots: int
    shape: tuple[int, int, int]


@lru_cache(maxsize=LAYOUTS)
def layout_of(*, plan: Plan, run: Run) -> Layout:
    """
    Return what each slot of a run is under a plan.

    :raises MissingCalendar: the plan has periods and no calendar, being billed on registers.
    :raises WindowTooFine: the plan's demand window is shorter than an interval, or no multiple of it.
    :raises IntervalTooCoarse: the edge of a period may cut an interval, or the window of demand.
    """
    months = run.months()
    month = run.month_of_slot(months)
    period = period_of_slot(calendar=plan.calendar, periods=plan.periods, run=run)
    measured = bool(plan.needs & {Input.PEAK_W, Input.PAST_PEAKS_W})
    slots = slots_of_window(demand=plan.demand, run=run) if measured else 1
    # The period of demand of the whole time is no cell of its own: it is the largest of all others.
    width = max(len(plan.demand.periods) - 1, 1) if measured else 1
    demand_period = demand_period_of_window(demand=plan.demand, run=run) if measured else None
    key = month * len(plan.periods) + period
    demand, shape = None, (len(months), len(plan.periods), 1)
    if demand_period is not None and slots == 1:
        key, shape = key * width + demand_period, (len(months), len(plan.periods), width)
    elif demand_period is not None:
        demand = cells_of(keys=month[::slots] * width + demand_period, count=len(months) * width)
    return Layout(
        months=months,
        bounds=(*np.searchsorted(month, np.arange(len(months))).tolist(), len(month)),
        period=period,
        energy=cells_of(keys=key, count=int(np.prod(shape))),
        demand=demand,
        slots=slots,
        shape=shape,
    )


def period_of_slot(*, calendar: Calendar | None, periods: tuple[str, ...], run: Run) -> Int64:
    """
    Return the period of each slot of a run, (s,).

    :raises MissingCalendar: there are several periods and no calendar.
    :raises IntervalTooCoarse: the edge of a period may cut an interval.
    :raises TwoEvents: two events of the calendar are announced for one day.
    """
    if len(periods) == 1:
        return np.zeros(len(run.minute), dtype=np.int64)
    if calendar is None:
        raise MissingCalendar(
            f"No calendar tells {', '.join(periods)} apart: intervals cannot be split.",
            advice="Give the tariff a calendar, or bill it on registers.",
        )
    season, day_type = day_columns(
        calendar=calendar,
        dates=run.dates(),
        holidays=run.holidays,
        makeup_days=run.makeup_days,
        events=run.events,
    )
    return calendar.period_of_slot(
        local_minutes=run.minute,
        season=season[run.day],
        day_type=day_type[run.day],
        interval_minutes=run.interval_minutes,
    )


def demand_period_of_window(*, demand: DemandMetering, run: Run) -> Int64:
    """
    Return the period of demand of each window of a run, (s / slots of a window,); all 0 where there are none.

    :raises WindowTooFine, IntervalTooCoarse: demand cannot be seen in these intervals.
    """
    slots = slots_of_window(demand=demand, run=run)
    heads = run if slots == 1 else run.every(slots)
    return period_of_slot(calendar=demand.calendar, periods=demand.periods[1:] or TOTAL, run=heads)


def slots_of_window(*, demand: DemandMetering, run: Run) -> int:
    """
    Return how many slots of a run the plan's window of demand has.

    :raises WindowTooFine: it is shorter than an interval, or no whole number of them.
    """
    slots, rest = divmod(demand.window_minutes, run.interval_minutes)
    if rest or not slots or len(run.minute) % slots:
        raise WindowTooFine(
            f"Demand over {demand.window_minutes} minutes cannot be seen in intervals of {run.interval_minutes}.",
            advice="Read the meter in shorter intervals, or bill the demand that its register measured.",
        )
    return slots


def measure(
    *,
    plan: Plan,
    run: Run,
    values_wh: Int64,
    export_wh: Int64 | None = None,
    netting: Netting = Netting.GROSS,
    before_wh: Int64 | None = None,
    household: Int64 | None = None,
    series_e6: Int64 | None = None,
    given: Mapping[Input, Int64] | None = None,
) -> list[RatingBatch]:
    """
    Return one batch of n segments a calendar month of the run, in order (``run.months()``).

    values_wh  (n, s) energy of n customers over the s intervals of the run [Wh]
    export_wh  (n, s) energy given to the grid, never negative, or None [Wh]
    netting    how import and export of one interval meet
    before_wh  (n,) energy since the tier cycle began, before the run; may be left out where it begins with the run
    household  (n,) persons, by default one
    series_e6  (s, r) price of each interval by price series, cap and floor applied [10^-6 minor unit/kWh]
    given      what else the plan needs, (n, ...) each, the same in every month

    Of energy, demand and what follows from them, only what the plan needs is worked out. What one month hands to the
    next (past peaks, credits, amounts of the year) is not in the batches.

    :raises MissingHistory: the steps began before the run, and ``before_wh`` is None.
    :raises MissingCalendar, WindowTooFine, IntervalTooCoarse, MixedSteps: the plan cannot be billed on these intervals.
    """
    layout = layout_of(plan=plan, run=run)
    if values_wh.shape[1] != len(run.minute) or (export_wh is not None and export_wh.shape != values_wh.shape):
        raise ValueError(f"values {values_wh.shape} are not those of a run of {len(run.minute)} slots")
    columns = _Columns(plan, layout, len(values_wh), exports=export_wh is not None, series=series_e6)
    for start in range(0, len(values_wh), BLOCK):
        rows = slice(start, start + BLOCK)
        used, export = values_wh[rows], None if export_wh is None else export_wh[rows]
        if export is not None and netting is Netting.INTERVAL:
            used, export = np.maximum(used - export, 0), np.maximum(export - used, 0)
        columns.fill(rows, used, export)
    batches = columns.batches(before_wh, household, given or {})
    if Input.ORDERED_WH in plan.needs:
        net = values_wh if export_wh is None or netting is Netting.GROSS else np.maximum(values_wh - export_wh, 0)
        batches = [_with_order(plan, layout, net, at, batch) for at, batch in enumerate(batches)]
    return batches


class _Columns:
    """The columns of all months, filled block by block of customers."""

    def __init__(self, plan: Plan, layout: Layout, customers: int, *, exports: bool, series: Int64 | None) -> None:
        self.plan, self.layout = plan, layout
        months, periods, _ = layout.shape
        self.used_wh = np.empty((months, customers, periods), dtype=np.int64)
        self.export_wh = np.empty_like(self.used_wh) if exports and Input.EXPORT_WH in plan.needs else None
        demands = len(plan.demand.periods)
        self.peak_w = np.empty((months, customers, demands), dtype=np.int64) if self._measures_demand() else None
        self.series_e6 = series if Input.SERIES_E9 in plan.needs else None
        width = 0 if self.series_e6 is None else self.series_e6.shape[1]
        self.series_e9 = np.empty((months, customers, width), dtype=np.int64)

    def _measures_demand(self) -> bool:
        return bool(self.plan.needs & {Input.PEAK_W, Input.PAST_PEAKS_W})

    def fill(self, rows: slice, used: Int64, export: Int64 | None) -> None:
        """Write the columns of one block of customers."""
        layout = self.layout
        arranged = arrange(values=used, cells=layout.energy)
        self.used_wh[:, rows] = self._by_period(arranged)
        if self.peak_w is not None:
            self.peak_w[:, rows] = self._peaks(used, arranged)
        if self.export_wh is not None and export is not None:
            self.export_wh[:, rows] = self._by_period(arrange(values=export, cells=layout.energy))
        if self.series_e6 is not None:
            for month, (first, last) in enumerate(zip(layout.bounds, layout.bounds[1:], strict=False)):
                for place, prices_e6 in enumerate(self.series_e6.T):
                    self.series_e9[month, rows, place] = _priced(used[:, first:last], prices_e6[first:last])

    def _by_period(self, arranged: Int64) -> Int64:
        """Return energy by month and period of use, (m, b, p)."""
        cells = sums(arranged=arranged, cells=self.layout.energy).reshape(len(arranged), *self.layout.shape)
        return (cells[..., 0] if cells.shape[-1] == 1 else cells.sum(axis=-1)).swapaxes(0, 1)

    def _peaks(self, used: Int64, arranged: Int64) -> Int64:
        """Return the largest demand by month and period of demand, the whole time first, (m, b, q). [W]"""
        layout = self.layout
        months = layout.shape[0]
        if layout.demand is None:
            cells = peaks(arranged=arranged, cells=layout.energy).reshape(len(used), *layout.shape).max(axis=2)
        else:
            sums_wh = arrange(values=windows(values_wh=used, slots=layout.slots), cells=layout.demand)
            cells = peaks(arranged=sums_wh, cells=layout.demand).reshape(len(used), months, -1)
        cells = cells.swapaxes(0, 1) * (MINUTES_IN_HOUR // self.plan.demand.window_minutes)
        whole = cells.max(axis=-1, keepdims=True)
        return whole if len(self.plan.demand.periods) == 1 else np.concatenate((whole, cells), axis=-1)

    def batches(
        self, before_wh: Int64 | None, household: Int64 | None, given: Mapping[Input, Int64]
    ) -> list[RatingBatch]:
        """Return one batch a month."""
        customers = self.used_wh.shape[1]
        found = []
        for place, month in enumerate(self.layout.months):
            inputs = dict(given)
            columns = ((Input.PEAK_W, self.peak_w), (Input.EXPORT_WH, self.export_wh))
            inputs |= {name: column[place] for name, column in columns if column is not None}
            if self.series_e6 is not None:
                inputs[Input.SERIES_E9] = self.series_e9[place]
            if Input.MONTH in self.plan.needs:
                inputs[Input.MONTH] = np.full(customers, month.start.month, dtype=np.int64)
            found.append(
                RatingBatch.of(
                    used_wh=self.used_wh[place],
                    days=np.full(customers, month.days, dtype=np.int64),
                    month_share_e9=np.full(customers, month_share_e9(period=month), dtype=np.int64),
                    before_wh=self._before(place, before_wh),
                    household=household,
                    inputs=inputs,
                )
            )
        return found

    def _before(self, place: int, before_wh: Int64 | None) -> Int64:
        """Return the energy since the tier cycle began, before a month, (n,). [Wh]"""
        months = self.layout.months
        began = self.plan.tier_cycle.start_of(on=months[place].start)
        if began is None:
            return np.zeros(self.used_wh.shape[1], dtype=np.int64)
        if began < months[0].start and before_wh is None:
            raise MissingHistory(
                f"The steps of {self.plan.code} count from {began}, before the first interval.",
                advice="Give the energy since then, or start with the day on which the steps begin.",
            )
        first = next(at for at, month in enumerate(months) if month.start >= began)
        passed: Int64 = self.used_wh[first:place].sum(axis=(0, 2))
        return passed if began >= months[0].start or before_wh is None else passed + before_wh


def _priced(values_wh: Int64, prices_e6: Int64) -> Int64:
    """Return energy times price, summed over the intervals, (b,). [10^-9 minor unit]"""
    amounts = fixed.dot(values_wh, prices_e6)
    if amounts.dtype != np.int64:
        raise EnergyOutOfRange("The priced energy of a month does not fit 64 bits.")
    return amounts


def _with_order(plan: Plan, layout: Layout, values_wh: Int64, place: int, batch: RatingBatch) -> RatingBatch:
    """Return the batch of a month with its energy by step and period, the steps filled in order of time."""
    start_wh, limits_wh = steps_in_order(plan=plan, batch=batch, month=layout.months[place].start.month)
    slots = slice(*layout.bounds[place : place + 2])
    parts = []
    for start in range(0, len(values_wh), BLOCK):
        rows = slice(start, start + BLOCK)
        part = ordered(
            values_wh=values_wh[rows, slots],
            before_wh=start_wh[rows],
            limits_wh=[limit[rows] if isinstance(limit, np.ndarray) else limit for limit in limits_wh],
            keys=layout.period[slots],
            count=len(plan.periods),
        )
        parts.append(part)
    # As wide as the plan has it: another season may have more steps.
    cells = np.zeros((len(values_wh), plan.steps_in_order, len(plan.periods)), dtype=np.int64)
    if parts:
        cells[:, : len(limits_wh) + 1] = np.concatenate(parts)
    return replace(batch, inputs={**batch.inputs, Input.ORDERED_WH: cells})


def steps_in_order(*, plan: Plan, batch: RatingBatch, month: int) -> tuple[Int64, list[Int64 | int]]:
    """
    Return where the steps of a plan lie that fill in order of time: the count at the start, (n,), and each limit. [Wh]

    batch  of which ``before_wh``, time and household are read, and the demand where limits are per kW
    month  calendar month of its segments, 1 to 12

    :raises MixedSteps: components of the plan fill different steps.
    """
    ordering = [one for one in plan.components if isinstance(one, Stepped) and Input.ORDERED_WH in one.needs]
    # Of seasons with limits of their own the month has one; without any, whatever order serves as well.
    stepped = [one for one in ordering if not one.scope.months or month in one.scope.months] or ordering[:1]
    found = [(one.start_wh(batch), one.limits(batch)) for one in stepped]
    start_wh, limits_wh = found[0]
    if any(not np.array_equal(start, start_wh) or not _same(limits, limits_wh) for start, limits in found[1:]):
        raise MixedSteps(f"Components of {plan.code} fill different steps in order of time.")
    return start_wh, limits_wh


def _same(one: Sequence[Int64 | int], other: Sequence[Int64 | int]) -> bool:
    return len(one) == len(other) and all(np.array_equal(left, right) for left, right in zip(one, other, strict=True))
