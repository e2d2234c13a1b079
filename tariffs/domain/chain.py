"""
Rating months in sequence: what one bill hands to the next.

Four things live longer than a bill: energy in the tier cycle, credits and other quantities that slots carry, peaks that
ratchets look back at, and what was charged in the year of a yearly limit. Each is defined here once, as a function of a
plan and of what was rated, so that a bill that gathers them from stored lines and a simulation that hands them from
month to month say the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.charge_limits import YearlyLimit
from tariffs.domain.components.demand import MeasuredDemand
from tariffs.domain.components.tiers import Cycle
from tariffs.domain.inputs import AXES, PAST_MONTHS, Input
from tariffs.domain.layout import HandedOn, flat, handed_layout
from tariffs.domain.plan import Plan
from tariffs.domain.rating import MissingInput, Rated, billed_wh, rate

MONTHS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed(Columns):
    """
    What n customers bring to a month.

    before_wh     (n,) energy since the tier cycle began [Wh]
    carried       (n, c) quantity of each carrying slot, in slot units
    past_peaks_w  (n, 12, q) peaks of the months before, the latest first [W]
    year_minor    (n,) what the yearly limit of the plan has counted in its year [minor unit]
    """

    before_wh: Int64
    carried: Int64
    past_peaks_w: Int64
    year_minor: Int64

    @classmethod
    def of(cls, *, plan: Plan, batch: RatingBatch) -> Self:
        """Return what a first batch itself says; what it does not say is nothing, as on a first bill."""

        def given(name: Input) -> Int64:
            shape = (len(batch), *(plan.length_of(axis) or 0 for axis in AXES.get(name, ())))
            return batch.inputs.get(name, np.zeros(shape, dtype=np.int64))

        return cls(
            before_wh=batch.before_wh,
            carried=given(Input.CARRIED),
            past_peaks_w=given(Input.PAST_PEAKS_W),
            year_minor=given(Input.YEAR_MINOR),
        )


def rate_months(*, plan: Plan, months: Sequence[RatingBatch], first_month: int) -> tuple[Rated, ...]:
    """
    Return the results of consecutive whole months of the same n customers, each built on those before it.

    months       what was used in each month, and the inputs that are measured or agreed; a batch that has no
                 ``MONTH_END`` or ``FINAL`` holds a whole month of an agreement that goes on. The first may say what
                 was before it (``before_wh``, ``CARRIED``, ``PAST_PEAKS_W``, ``YEAR_MINOR``); in the others these are
                 replaced by what the months before them hand on
    first_month  calendar month of the first, 1 to 12

    :raises MissingInput: a ratchet looks back at peaks that were not measured.
    :raises ValueError: a season of the steps begins within a month, which no whole month can tell.
    """
    if any(day != 1 for _, day in plan.tier_cycle.starts):
        raise ValueError(f"the steps of {plan.code} begin anew within a month")
    results: list[Rated] = []
    handed = Handed.of(plan=plan, batch=months[0]) if months else None
    for place, batch in enumerate(months):
        month = (first_month - 1 + place) % MONTHS + 1
        if handed is None or len(batch) != len(handed):
            raise ValueError("every month holds the same customers")
        held = with_handed(plan=plan, batch=batch, handed=handed, month=month)
        results.append(rate(plan=plan, batch=held))
        handed = handed_on(plan=plan, batch=held, rated=results[-1], handed=handed, month=month)
    return tuple(results)


def with_handed(*, plan: Plan, batch: RatingBatch, handed: Handed, month: int) -> RatingBatch:
    """Return a month's batch with what it was handed, as the inputs that the plan needs."""
    count = len(batch)
    found = {
        Input.MONTH: batch.inputs.get(Input.MONTH, np.full(count, month)),
        Input.MONTH_END: batch.inputs.get(Input.MONTH_END, np.full(count, month)),
        Input.FINAL: batch.inputs.get(Input.FINAL, np.zeros(count, dtype=np.int64)),
        Input.CARRIED: handed.carried,
        Input.PAST_PEAKS_W: handed.past_peaks_w,
        Input.YEAR_MINOR: handed.year_minor,
    }
    needed = {name: column for name, column in found.items() if name in plan.needs}
    return replace(batch, before_wh=handed.before_wh, inputs={**batch.inputs, **needed})


def handed_on(*, plan: Plan, batch: RatingBatch, rated: Rated, handed: Handed, month: int) -> Handed:
    """Return what a month that was rated hands to the month after it."""
    before_wh = handed.before_wh
    if plan.tier_cycle.kind is Cycle.MONTH:
        before_wh = np.zeros_like(before_wh)
    elif plan.tier_cycle.starts:
        starts = (month % MONTHS + 1, 1) in plan.tier_cycle.starts
        before_wh = np.zeros_like(before_wh) if starts else before_wh + billed_wh(plan=plan, batch=batch)
    return Handed(
        before_wh=before_wh,
        carried=carried_of(plan=plan, rated=rated),
        past_peaks_w=past_peaks_of(plan=plan, batch=batch, before=handed.past_peaks_w),
        year_minor=_year_on(plan, rated, handed.year_minor, month),
    )


def carried_of(*, plan: Plan, rated: Rated) -> Int64:
    """Return what the slots of a plan hand to the next bill, (n, c), in slot units."""
    return rated.quantity[:, list(plan.carried_places)]


def past_peaks_of(*, plan: Plan, batch: RatingBatch, before: Int64) -> Int64:
    """
    Return the past peaks of the month after this one, (n, 12, q), the latest first. [W]

    :raises MissingInput: the plan looks back at peaks that this month does not tell.
    """
    if Input.PAST_PEAKS_W not in plan.needs:
        return before
    if Input.PEAK_W not in batch.inputs:
        raise MissingInput(f"Tariff {plan.code} looks back at peaks, which are not known.", plan=plan.code)
    return np.concatenate([batch.inputs[Input.PEAK_W][:, None, :], before], axis=1)[:, :PAST_MONTHS]


def year_minor_of(*, plan: Plan, rated: Rated) -> Int64:
    """
    Return what segments add to the amount of the year that the yearly limits of the plan look at, (n,). [minor unit]

    0 for all if the plan has none; all of a plan count the same (``plan.YearlyLimitsDiffer``).
    """
    total = np.zeros(len(rated.total_minor), dtype=np.int64)
    for component, base in zip(plan.components, plan.bases, strict=True):
        if isinstance(component, YearlyLimit):
            for place in base:
                total += rated.amount_minor[:, place]
            return component.counted_minor(total)
    return total


def charged_w_of(*, plan: Plan, batch: RatingBatch, rated: Rated) -> Int64:
    """
    Return the demand charged in the month of each segment, up to and with it, by demand period, (n, q). [W]

    It is what components that leave out what was charged before (``MeasuredDemand.incremental``) read as
    ``BILLED_PEAK_W`` in the next part of the month; 0 for periods that none of them charges.
    """
    charged_w = np.zeros((len(batch), len(plan.demand.periods)), dtype=np.int64)
    for component, span in zip(plan.components, plan.spans, strict=True):
        if isinstance(component, MeasuredDemand) and component.incremental:
            before_w = batch.inputs[Input.BILLED_PEAK_W][:, component.place]
            added_w = rated.quantity[:, [place for place in span if plan.slots[place].in_total]].sum(axis=1)
            # A component of another season adds nothing, and its grain rounds nothing.
            until_w = np.where(added_w > 0, component.rounded(before_w) + added_w, before_w)
            np.maximum(charged_w[:, component.place], until_w, out=charged_w[:, component.place])
    return charged_w


def handed_of(*, plan: Plan, batch: RatingBatch, rated: Rated) -> Int64:
    """Return what segments hand to those after them, (n, v), in the order of ``layout.handed_layout``."""
    found: dict[HandedOn, Callable[[], Int64]] = {
        HandedOn.COUNTED_WH: lambda: billed_wh(plan=plan, batch=batch),
        HandedOn.PEAK_W: lambda: batch.inputs[Input.PEAK_W],
        HandedOn.CHARGED_W: lambda: charged_w_of(plan=plan, batch=batch, rated=rated),
        HandedOn.YEAR_MINOR: lambda: year_minor_of(plan=plan, rated=rated),
        HandedOn.CARRIED: lambda: carried_of(plan=plan, rated=rated),
    }
    parts = handed_layout(plan=plan)
    if not parts:
        return np.zeros((len(batch), 0), dtype=np.int64)
    return flat(layout=parts, columns={part.name: found[HandedOn(part.name)]() for part in parts})


def year_start_of(*, plan: Plan) -> int | None:
    """Return the month, 1 to 12, with which the year of the plan's yearly limits begins; None if it has none."""
    limits = (component.first_month for component in plan.components if isinstance(component, YearlyLimit))
    return next(limits, None)


def _year_on(plan: Plan, rated: Rated, year_minor: Int64, month: int) -> Int64:
    """Return the amount of the year at the start of the month after this one."""
    if year_start_of(plan=plan) in (None, month % MONTHS + 1):
        return np.zeros_like(year_minor)
    return year_minor + year_minor_of(plan=plan, rated=rated)
