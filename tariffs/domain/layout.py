"""
The numbers that are kept with a rated segment, in an order that its plan defines.

``inputs`` is what rating was given beside time, household and ``before_wh``: so a frozen segment and its frozen tariff
version rate to the same lines again. ``handed_on`` is what later segments of the same agreement read of it.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from math import prod
from typing import NamedTuple, Self

import numpy as np

from cis.kernel.errors import Refused
from cis.kernel.fixed import Int64
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.tiers import Cycle, Stepped
from tariffs.domain.inputs import AXES, Axis, Input
from tariffs.domain.plan import Plan

USED_WH = "used_wh"


class OtherLayout(Refused):
    """Numbers were kept in another layout than that of the plan."""

    code = "other_layout"

    @classmethod
    def of(cls, *, kept: int, wanted: int) -> Self:
        """Return the refusal of a segment that keeps more or fewer numbers than its plan's segments do."""
        return cls(
            f"A segment keeps {kept} numbers where its tariff version has {wanted}.",
            advice="It was billed by another release: rate its period anew.",
        )


class HandedOn(StrEnum):
    """
    What one segment hands to those after it; n segments first.

    COUNTED_WH  (n,) energy that counts in the tier cycle, where it is not what was used, as with losses [Wh]
    PEAK_W      (n, q) demand that was measured, which ratchets look back at [W]
    CHARGED_W   (n, q) demand that was charged in its month, up to and with the segment [W]
    YEAR_MINOR  (n,) what it adds to the amount that yearly limits look at [minor unit]
    CARRIED     (n, c) quantity of each carrying slot, in slot units
    """

    COUNTED_WH = "counted_wh"
    PEAK_W = "peak_w"
    CHARGED_W = "charged_w"
    YEAR_MINOR = "year_minor"
    CARRIED = "carried"


class Part(NamedTuple):
    """Some neighbouring numbers: the column they come from, and its shape after the first axis."""

    name: str
    shape: tuple[int, ...]

    @property
    def width(self) -> int:
        """Return how many numbers a segment has of it."""
        return prod(self.shape)


Layout = tuple[Part, ...]
READ_FROM_EARLIER = frozenset({Input.CARRIED, Input.YEAR_MINOR, Input.BILLED_PEAK_W, Input.PAST_PEAKS_W})
"""Inputs that earlier segments of the agreement tell."""


def needs_order(*, plan: Plan) -> bool:
    """Return whether segments must be rated in order of time: one needs what those before it hand on."""
    return bool(plan.needs & READ_FROM_EARLIER) or counts_as_billed(plan=plan)


def counts_as_billed(*, plan: Plan) -> bool:
    """Return whether energy counts in the tier cycle as it is billed, adjusted by losses or credits."""
    return plan.tier_cycle.kind is not Cycle.NONE and bool(plan.adjusting)


def inputs_layout(*, plan: Plan) -> Layout:
    """Return the order of ``inputs``: energy by period of use, then the needs of the plan in the order of ``Input``."""
    needs = (Part(need.value, _shape(plan, need)) for need in Input if need in plan.needs)
    return (Part(USED_WH, (len(plan.periods),)), *needs)


def handed_layout(*, plan: Plan) -> Layout:
    """Return the order of ``handed_on``, as ``HandedOn`` lists it; () where a plan hands on nothing but its energy."""
    demands = (len(plan.demand.periods),)
    parts: list[tuple[bool, HandedOn, tuple[int, ...]]] = [
        (counts_as_billed(plan=plan), HandedOn.COUNTED_WH, ()),
        (Input.PEAK_W in plan.needs, HandedOn.PEAK_W, demands),
        (Input.BILLED_PEAK_W in plan.needs, HandedOn.CHARGED_W, demands),
        (Input.YEAR_MINOR in plan.needs, HandedOn.YEAR_MINOR, ()),
        (bool(plan.carried), HandedOn.CARRIED, (len(plan.carried),)),
    ]
    return tuple(Part(name.value, shape) for holds, name, shape in parts if holds)


def width_of(layout: Layout) -> int:
    """Return how many numbers a segment has."""
    return sum(part.width for part in layout)


def flat(*, layout: Layout, columns: Mapping[str, Int64]) -> Int64:
    """Return columns laid side by side, (n, w)."""
    return np.concatenate([columns[part.name].reshape(-1, part.width) for part in layout], axis=1)


def apart(*, layout: Layout, values: Int64) -> dict[str, Int64]:
    """
    Return the columns of numbers that were laid side by side, (n, w), by name.

    :raises OtherLayout: there are more or fewer numbers than the layout has.
    """
    if values.ndim != 2 or values.shape[1] != width_of(layout):  # noqa: PLR2004 (segments and numbers)
        raise OtherLayout.of(kept=values.shape[-1], wanted=width_of(layout))
    return {part.name: column.reshape(-1, *part.shape) for part, column in _columns(layout, values)}


def inputs_of(*, plan: Plan, batch: RatingBatch) -> Int64:
    """Return what a batch gives to rating, (n, w), in the plan's order; what the plan does not need is left out."""
    columns = {USED_WH: batch.used_wh, **{need.value: column for need, column in batch.inputs.items()}}
    return flat(layout=inputs_layout(plan=plan), columns=columns)


def given_to(*, plan: Plan, inputs: Int64) -> tuple[Int64, dict[Input, Int64]]:
    """
    Return ``used_wh`` (n, p) and the inputs of a batch from what was kept, (n, w).

    :raises OtherLayout: it is not what the plan's segments keep.
    """
    columns = apart(layout=inputs_layout(plan=plan), values=inputs)
    used_wh = columns.pop(USED_WH)
    return used_wh, {Input(name): column for name, column in columns.items()}


def _columns(layout: Layout, values: Int64) -> Iterator[tuple[Part, Int64]]:
    start = 0
    for part in layout:
        yield part, values[:, start : start + part.width]
        start += part.width


def _shape(plan: Plan, need: Input) -> tuple[int, ...]:
    """Return the shape of an input after its first axis."""
    lengths = (_steps(plan) if axis is Axis.STEP else plan.length_of(axis) for axis in AXES.get(need, ()))
    return tuple(length or 0 for length in lengths)


def _steps(plan: Plan) -> int:
    """Return the number of steps that fill in order of time; components that do so share them."""
    return max(
        len(one.limits_wh) + 1 for one in plan.components if isinstance(one, Stepped) and Input.ORDERED_WH in one.needs
    )
