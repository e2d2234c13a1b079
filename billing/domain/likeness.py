"""
Whether what a segment was rated from tells all that another plan asks for; and if so, the same in that plan's order.

Where it does not, as with other hours or steps that count from another day, the months are measured anew.
"""

from dataclasses import replace
from datetime import date

import numpy as np

from billing.domain.pieces import Mask
from cis.kernel.fixed import Int64
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.dynamic import DynamicEnergy
from tariffs.domain.components.tiers import Cycle, Stepped
from tariffs.domain.inputs import Input
from tariffs.domain.lines import Component
from tariffs.domain.plan import TOTAL, Plan
from tariffs.domain.time_of_use import DAYS, Calendar

OF_PERIOD = frozenset({Input.EXPORT_WH, Input.SUBMETER_WH})
"""Inputs that stand by period of use, as the energy does."""
HANDED_ON = frozenset({Input.CARRIED, Input.YEAR_MINOR})
"""Inputs that follow from the amounts of the months before; a month alone does not tell them under other prices."""
OF_DEMAND = frozenset({Input.PEAK_W, Input.BILLED_PEAK_W, Input.PAST_PEAKS_W})
OF_HOURS = frozenset({Input.SERIES_E9, Input.ORDERED_WH})
"""Inputs that are summed up from intervals by rules of the plan itself."""
LEAP_YEAR = 2024


def is_told(*, old: Plan, new: Plan) -> bool:
    """
    Return whether the inputs of a segment rated by the old plan tell those that the new plan asks for.

    Energy by period of use is told where both have the same hours, or the new plan has no periods at all.
    """
    return (
        _same_energy(old, new)
        and (new.tier_cycle.kind is Cycle.NONE or _same_count(old, new))
        and all(_is_told(need, old, new) for need in new.needs)
    )


def _same_energy(old: Plan, new: Plan) -> bool:
    if new.periods == TOTAL:
        return True
    if set(new.periods) != set(old.periods):
        return False
    # A plan that is billed on registers takes them as they are, whatever their hours.
    return new.calendar is None or same_hours(one=old.calendar, other=new.calendar)


def _same_count(old: Plan, new: Plan) -> bool:
    """Return whether the steps of both count the same energy from the same day."""
    return new.tier_cycle == old.tier_cycle and new.adjusting == old.adjusting


def _is_told(need: Input, old: Plan, new: Plan) -> bool:
    if need is Input.MONTH:
        return True
    if need is Input.FEATURES:
        return set(new.features) <= set(old.features)
    if need not in old.needs or need in HANDED_ON:
        return False
    if need in OF_DEMAND:
        return _same_demand(old, new)
    if need in OF_HOURS:
        return _same_hourly(need, old, new)
    return True


def _same_demand(old: Plan, new: Plan) -> bool:
    return (
        old.demand.window_minutes == new.demand.window_minutes
        and old.demand.periods == new.demand.periods
        and same_hours(one=old.demand.calendar, other=new.demand.calendar)
    )


def _same_hourly(need: Input, old: Plan, new: Plan) -> bool:
    """Return whether both sum up intervals by the same rule, whatever the price on top of it."""
    theirs, ours = ([_rule(one) for one in plan.components if need in one.needs] for plan in (old, new))
    return theirs == ours


def _rule(component: Component) -> tuple[object, ...]:
    if isinstance(component, DynamicEnergy):
        return (component.series, component.floor_e6, component.cap_e6, component.negative)
    if isinstance(component, Stepped):
        return (component.limits_wh, component.limits_per, component.allowances)
    return (component,)


def same_hours(*, one: Calendar | None, other: Calendar | None) -> bool:
    """Return whether two calendars give each half hour of each day, events included, to the same period of use."""
    if one is None or other is None:
        return one is other
    return one.events == other.events and np.array_equal(_hours(one), _hours(other))


def _hours(calendar: Calendar) -> np.ndarray:
    """Return the code of the period of use of each half hour, (days of a leap year, day types, 48)."""
    first = date(LEAP_YEAR, 1, 1).toordinal()
    days = [date.fromordinal(first + offset) for offset in range(366)]
    seasons = calendar.season_of_day[[(day.month - 1) * DAYS + day.day - 1 for day in days]]
    names: np.ndarray = np.array(calendar.periods)[calendar.slots[seasons]]
    return names


def is_cut(*, plan: Plan, start_day: Int64, end_day: Int64) -> Mask:
    """
    Return which spans of days a plan would cut, (n,): a season or the year of its steps begins inside.

    start_day, end_day  (n,) half-open
    """
    distinct, place = np.unique(np.stack((start_day, end_day)), axis=1, return_inverse=True)
    starts = {*plan.tier_cycle.starts, *((month, 1) for month in plan.season_starts)}
    cut = np.array([_cuts(starts, int(low), int(high)) for low, high in distinct.T], dtype=np.bool_)
    found: Mask = cut[place.reshape(-1)] if len(cut) else np.zeros(0, dtype=np.bool_)
    return found


def _cuts(starts: set[tuple[int, int]], low: int, high: int) -> bool:
    first, last = date.fromordinal(low), date.fromordinal(high)
    days = (date(year, month, day).toordinal() for year in range(first.year, last.year + 1) for month, day in starts)
    return any(low < day < high for day in days)


def retold(*, old: Plan, new: Plan, batch: RatingBatch, month: Int64) -> RatingBatch:
    """
    Return what segments were rated from under the old plan, as the new plan asks for it.

    batch  n segments in the order of the old plan
    month  (n,) calendar month of their first day, 1 to 12

    Only where ``is_told`` says that it can be.
    """
    needed = {need: _input(need, old, new, batch, month) for need in sorted(new.needs)}
    return replace(batch, used_wh=_by_period(batch.used_wh, old, new), inputs=needed)


def _by_period(values: Int64, old: Plan, new: Plan) -> Int64:
    """Return columns (n, p) of the old periods as those of the new ones."""
    if new.periods == TOTAL:
        total: Int64 = values.sum(axis=1, keepdims=True)
        return total
    return values[:, [old.periods.index(code) for code in new.periods]]


def _input(need: Input, old: Plan, new: Plan, batch: RatingBatch, month: Int64) -> Int64:
    if need is Input.MONTH:
        return month
    if need is Input.FEATURES:
        return batch.inputs[need][:, [old.features.index(code) for code in new.features]]
    if need in OF_PERIOD:
        return _by_period(batch.inputs[need], old, new)
    return batch.inputs[need]
