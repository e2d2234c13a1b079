"""One segment rated step by step, for whoever has to prove or explain a bill: the numbers between input and line."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.blocks import TieredByPeriod
from tariffs.domain.components.tiers import Stepped
from tariffs.domain.lines import Component
from tariffs.domain.plan import Plan
from tariffs.domain.rating import Charged, Rated, adjusted, rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """
    What one component charged.

    places      of its lines in the plan
    is_charged  whether it holds in the month of the segment and for its agreement
    base_minor  sum of the lines that it was charged on [minor unit]
    limits_wh   limits of its steps after household, time and demand, by period of use; "" = of all energy [Wh]
    amounts_e9  exact amount of each line [10^-9 minor unit]
    """

    component: Component
    places: range
    is_charged: bool
    base_minor: int
    limits_wh: Mapping[str, tuple[int, ...]]
    amounts_e9: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Trace:
    """
    A segment, rated.

    rated  its lines, n = 1
    final  what was priced: the batch with losses added and with what was netted taken off
    steps  one a component, in the order of the plan
    """

    rated: Rated
    final: RatingBatch
    steps: tuple[Step, ...]


def trace(*, plan: Plan, batch: RatingBatch) -> Trace:
    """
    Return how the lines of one segment come about.

    :raises ValueError: the batch has not exactly one segment.
    :raises Refused: it cannot be rated; see ``rating.rate``.
    """
    if len(batch) != 1:
        raise ValueError(f"one segment is traced at a time, not {len(batch)}")
    seen: list[Charged] = []
    rated = rate(plan=plan, batch=batch, watch=seen.append)
    return Trace(
        rated=rated,
        final=adjusted(plan=plan, batch=batch),
        steps=tuple(_step(one, span) for one, span in zip(seen, plan.spans, strict=True)),
    )


def _step(charged: Charged, places: range) -> Step:
    return Step(
        component=charged.component,
        places=places,
        is_charged=charged.holds is None or bool(charged.holds[0]),
        base_minor=int(charged.base_minor[0]),
        limits_wh=limits_of(component=charged.component, batch=charged.seen),
        amounts_e9=tuple(int(amount) for amount in charged.amounts_e9[:, 0]),
    )


def limits_of(*, component: Component, batch: RatingBatch) -> dict[str, tuple[int, ...]]:
    """Return the limits of one segment by period of use, "" = of all energy; {} for what has no steps. [Wh]"""
    if isinstance(component, TieredByPeriod):
        pairs = zip(component.periods, component.parts, strict=True)
        return {period: _limits(part, batch) for period, part in pairs if part.limits_wh}
    return {"": _limits(component, batch)} if isinstance(component, Stepped) else {}


def _limits(stepped: Stepped, batch: RatingBatch) -> tuple[int, ...]:
    return tuple(int(np.broadcast_to(limit, 1)[0]) for limit in stepped.limits(batch))
