"""
Segments that nobody billed: those of an earlier bill with something of a later one, to be rated for a comparison.

The segments of a supply keep their plans and their order. Where the later bill has as many segments, each takes from
its counterpart; else sums (days, energy) are dealt to them as they lay in them, and facts are those of the nearest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeVar

import numpy as np

from cis.kernel import fixed
from cis.kernel.fixed import Int64
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.blocks import TieredByPeriod
from tariffs.domain.components.tiers import Stepped
from tariffs.domain.inputs import AXES, Axis, Input
from tariffs.domain.lines import Component
from tariffs.domain.plan import Plan
from tariffs.domain.rating import billed_wh

ENERGY = (Input.SERIES_E9, Input.ORDERED_WH)
"""What follows the energy of a segment."""
EXPORT = (Input.EXPORT_WH,)
MONTHLY = (Input.MONTH,)
OF_THE_YEAR = (Input.CARRIED, Input.YEAR_MINOR, Input.MONTH_END, Input.FINAL)
SUMS = (Input.REACTIVE_VARH, Input.SUBMETER_WH, Input.ENERGIZED_MINUTES, Input.EXPORT_WH)
"""Counted over time; all else is a fact of each segment."""
Steps = TypeVar("Steps", bound=Stepped)
POWER = tuple(need for need in Input if need not in {*ENERGY, *EXPORT, *MONTHLY, *OF_THE_YEAR})


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Months:
    """
    The segments of one supply in the order of time.

    plans    of each segment
    batches  what each is rated by, n = 1
    priced   plans with limits scaled to the energy, while the mix of steps is to stay; else the plans themselves
    """

    plans: tuple[Plan, ...]
    batches: tuple[RatingBatch, ...]
    priced: tuple[Plan, ...]

    def __len__(self) -> int:
        """Return the number of segments."""
        return len(self.plans)

    def column(self, name: str) -> list[int]:
        """Return one number of each segment."""
        return [int(getattr(one, name)[0]) for one in self.batches]

    @property
    def energy_wh(self) -> list[int]:
        """Return the energy of each segment. [Wh]"""
        return self.column("total_wh")

    def nearest(self, place: int, count: int) -> RatingBatch:
        """Return what stands for one of so many segments."""
        return self.batches[place * len(self) // count]


def days_of(*, at: Months, goal: Months) -> Months:
    """Return the segments over the time of the goal, with as much use a day as before."""
    days = _laid(goal.column("days"), at.column("days"))
    months = _laid(goal.column("month_share_e9"), at.column("month_share_e9"))
    part = _ratio(sum(days), sum(at.column("days")))

    def change(place: int, batch: RatingBatch) -> RatingBatch:
        sums = {name: _scaled(batch.inputs[name], part) for name in SUMS if name in batch.inputs}
        grown = _with_used(batch, _scaled(batch.used_wh, part))
        time = {"days": _one(days[place]), "month_share_e9": _one(months[place])}
        return replace(grown, **time, inputs={**grown.inputs, **sums})

    return _changed(at, change)


def use_of(*, at: Months, goal: Months) -> Months:
    """Return the segments with the energy of the goal, in the mix of periods of use and of steps as before."""
    part = _ratio(sum(goal.energy_wh), sum(at.energy_wh))
    if part <= 0:
        return hours_of(at=at, goal=goal)
    sums = _laid(goal.energy_wh, at.energy_wh)

    def change(place: int, batch: RatingBatch) -> RatingBatch:
        found = _with_used(batch, _row(_dealt(sums[place], batch.used_wh[0].tolist())))
        return replace(found, before_wh=_scaled(batch.before_wh, part))

    priced = tuple(scaled_plan(plan=plan, part=part) for plan in at.plans)
    return replace(_changed(at, change), priced=priced)


def hours_of(*, at: Months, goal: Months) -> Months:
    """Return the segments with the energy of the goal by period of use, where all tell the same periods apart."""
    if len({plan.periods for plan in (*at.plans, *goal.plans)}) > 1:
        return at
    columns = [
        _laid([int(one.used_wh[0, place]) for one in goal.batches], [int(one.used_wh[0, place]) for one in at.batches])
        for place in range(len(at.plans[0].periods))
    ]
    return _changed(at, lambda place, batch: _with_used(batch, _row([column[place] for column in columns])))


def steps_of(*, at: Months, goal: Months) -> Months:
    """Return the segments with limits as they are, and with what was used before and the household of the goal."""

    def change(place: int, batch: RatingBatch) -> RatingBatch:
        near = goal.nearest(place, len(at))
        found = replace(batch, household=near.household, before_wh=near.before_wh)
        own, ordered = (one.inputs.get(Input.ORDERED_WH) for one in (found, near))
        if (
            own is None
            or ordered is None
            or own.shape != ordered.shape
            or not np.array_equal(own.sum(1), ordered.sum(1))
        ):
            return found
        return replace(found, inputs={**found.inputs, Input.ORDERED_WH: ordered})

    return _changed(replace(at, priced=at.plans), change, is_chained=len(at) != len(goal))


def power_of(*, at: Months, goal: Months) -> Months:
    """Return the segments with demand, capacity, reactive energy and other facts of the goal."""
    return _facts(at, goal, POWER)


def export_of(*, at: Months, goal: Months) -> Months:
    """Return the segments with the energy given to the grid of the goal."""
    return _facts(at, goal, EXPORT)


def season_of(*, at: Months, goal: Months) -> Months:
    """Return the segments in the month of the goal."""
    return _facts(at, goal, MONTHLY)


def earlier_of(*, at: Months, goal: Months) -> Months:
    """Return the segments with what earlier bills hand to the goal, and with the ends of its year and agreement."""
    return _facts(at, goal, OF_THE_YEAR)


def _facts(at: Months, goal: Months, names: Sequence[Input]) -> Months:
    """Return the segments with some inputs of the goal, as far as both mean the same by them."""

    def change(place: int, batch: RatingBatch) -> RatingBatch:
        near = goal.nearest(place, len(at))
        plan, other = at.plans[place], goal.plans[place * len(goal) // len(at)]
        found = {name: _fact(name, plan, other, batch, near) for name in names if name in batch.inputs}
        return replace(batch, inputs={**batch.inputs, **found})

    if len(at) == len(goal):
        return _changed(at, change)
    sums = [name for name in names if name in SUMS and all(name in one.inputs for one in (*at.batches, *goal.batches))]
    laid = {name: _laid_rows(goal, at, name) for name in sums if _means_same(name, at.plans[0], goal.plans[0])}
    return _changed(
        _changed(at, change),
        lambda place, batch: replace(
            batch, inputs={**batch.inputs, **{name: rows[place] for name, rows in laid.items()}}
        ),
    )


def _fact(name: Input, plan: Plan, other: Plan, batch: RatingBatch, near: RatingBatch) -> Int64:
    """Return one input of the goal's segment for a plan; its own where the other plan does not say the same."""
    own = batch.inputs[name]
    if name is Input.FEATURES:
        # A feature that the other tariff does not ask for is not known of the other month.
        known = near.inputs.get(name)
        values = [
            own[0, place] if known is None or code not in other.features else known[0, other.features.index(code)]
            for place, code in enumerate(plan.features)
        ]
        return _row(values)
    if name not in near.inputs or not _means_same(name, plan, other):
        return own
    return near.inputs[name]


def _means_same(name: Input, plan: Plan, other: Plan) -> bool:
    """Return whether two plans give an input the same axes."""
    axes = AXES.get(name, ())
    return (
        (Axis.PERIOD not in axes or plan.periods == other.periods)
        and (Axis.DEMAND_PERIOD not in axes or plan.demand.periods == other.demand.periods)
        and (Axis.CARRIED not in axes or [one.key for one in plan.carried] == [one.key for one in other.carried])
    )


def _laid_rows(goal: Months, at: Months, name: Input) -> list[Int64]:
    """Return the sum of an input over the goal, dealt to segments by their days."""
    total = np.sum([one.inputs[name] for one in goal.batches], axis=0)
    days = at.column("days")
    columns = [_dealt(int(value), days) for value in total.ravel()]
    return [
        np.array([column[place] for column in columns], dtype=np.int64).reshape(total.shape) for place in range(len(at))
    ]


def scaled_plan(*, plan: Plan, part: Fraction) -> Plan:
    """Return a plan whose limits of energy are so much wider, so that so much more energy lies in the same steps."""
    return replace(plan, components=tuple(_scaled_steps(one, part) for one in plan.components))


def _scaled_steps(component: Component, part: Fraction) -> Component:
    if isinstance(component, TieredByPeriod):
        return replace(component, parts=tuple(_widened(one, part) for one in component.parts))
    return _widened(component, part) if isinstance(component, Stepped) else component


def _widened(stepped: Steps, part: Fraction) -> Steps:
    grown = (replace(one, grow_wh=_parts(one.grow_wh, part)) for one in stepped.allowances)
    return replace(stepped, limits_wh=_parts(stepped.limits_wh, part), allowances=tuple(grown))


def _parts(values: Sequence[int], part: Fraction) -> tuple[int, ...]:
    return tuple(_half_away(value * part) for value in values)


def _changed(at: Months, change: Callable[[int, RatingBatch], RatingBatch], *, is_chained: bool = True) -> Months:
    """Return the segments, each changed by its place; where a count went on from one to the next, it does so again."""
    counted = [int(billed_wh(plan=plan, batch=one)[0]) for plan, one in zip(at.plans, at.batches, strict=True)]
    before = at.column("before_wh")
    found: list[RatingBatch] = []
    for place, batch in enumerate(at.batches):
        new = change(place, batch)
        goes_on = place > 0 and before[place] == before[place - 1] + counted[place - 1] and counted[place - 1] != 0
        if is_chained and goes_on:
            last = found[-1]
            new = replace(new, before_wh=last.before_wh + billed_wh(plan=at.plans[place - 1], batch=last))
        found.append(new)
    return replace(at, batches=tuple(found))


def _with_used(batch: RatingBatch, used_wh: Int64) -> RatingBatch:
    """Return a segment with other energy; what follows the energy follows."""
    inputs = dict(batch.inputs)
    if Input.ORDERED_WH in inputs:
        cells = inputs[Input.ORDERED_WH][0]
        columns = [_dealt(int(total), cells[:, place].tolist()) for place, total in enumerate(used_wh[0])]
        inputs[Input.ORDERED_WH] = np.array(columns, dtype=np.int64).T[None]
    if Input.SERIES_E9 in inputs:
        inputs[Input.SERIES_E9] = _scaled(inputs[Input.SERIES_E9], _ratio(int(used_wh.sum()), int(batch.total_wh[0])))
    return replace(batch, used_wh=used_wh, inputs=inputs)


def _laid(goal: Sequence[int], weights: Sequence[int]) -> list[int]:
    """Return the numbers of as many segments, or their sum dealt to others."""
    return list(goal) if len(goal) == len(weights) else _dealt(sum(goal), weights)


def _dealt(total: int, weights: Sequence[int]) -> list[int]:
    """Return a total in parts that follow weights, all alike where none is above 0; they sum to it exactly."""
    kept = [max(int(weight), 0) for weight in weights]
    if not any(kept):
        kept = [1] * len(kept)
    found: list[int] = fixed.share(np.array([total], dtype=np.int64), np.array(kept, dtype=np.int64))[0].tolist()
    return found


def _ratio(new: int, old: int) -> Fraction:
    """Return new / old; 1 where there was nothing to compare with."""
    return Fraction(new, old) if old else Fraction(1)


def _scaled(values: Int64, part: Fraction) -> Int64:
    flat = [_half_away(int(value) * part) for value in values.ravel()]
    return np.array(flat, dtype=np.int64).reshape(values.shape)


def _half_away(value: Fraction) -> int:
    size = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return -size if value < 0 else size


def _row(values: Sequence[int]) -> Int64:
    return np.array([values], dtype=np.int64)


def _one(value: int) -> Int64:
    return np.array([value], dtype=np.int64)
