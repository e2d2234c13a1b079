"""
Rating: what segments of energy and time cost under a plan, line by line.

One function for one bill and for a million. Columns are worked through in blocks that stay in the processor's cache;
inside a block each component makes one vector pass.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cis.kernel import fixed
from cis.kernel.columns import group_rows
from cis.kernel.errors import Refused
from cis.kernel.fixed import Int64
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.basic import Tax, TaxMode
from tariffs.domain.inputs import AXES, Input
from tariffs.domain.lines import Adjusting, Component, LedgerClass, MissingPrice, Scoped
from tariffs.domain.plan import Plan, Scope

BLOCK = 8192
"""Segments of one block: large enough that NumPy's fixed costs vanish, small enough for the cache (measured)."""
MOST_SHORT = 2**15


class WrongPeriods(Refused):
    """The energy is not given by the plan's periods of use."""

    code = "wrong_periods"


class MissingInput(Refused):
    """The plan prices something that was not measured, or not agreed."""

    code = "missing_input"


class AmountOutOfRange(Refused):
    """The amounts of a bill do not fit 64 bits."""

    code = "amount_out_of_range"


@dataclass(frozen=True, slots=True, eq=False)
class Rated:
    """
    The result of rating n segments under a plan of l line slots.

    amount_minor  (n, l) rounded amount of each line, as printed. [minor unit]
    quantity      (n, l) what was priced, in the unit and decimals of the slot
    total_minor   (n,)   sum of the lines that count in the total. [minor unit]
    """

    amount_minor: Int64
    quantity: Int64
    total_minor: Int64


@dataclass(frozen=True, slots=True, eq=False)
class Charged:
    """
    What one component charged a block of n segments, as it is seen on the way.

    seen        what it was charged on: for one that adjusts, the batch before it did
    base_minor  (n,) what it was charged on of the lines before it [minor unit]
    holds       (n,) 1 where it is charged, 0 where its scope leaves it out; None = it is charged everywhere
    amounts_e9  (l, n) exact, before rounding [10^-9 minor unit]
    """

    component: Component
    seen: RatingBatch
    base_minor: Int64
    holds: Int64 | None
    amounts_e9: NDArray[Any]


Watch = Callable[[Charged], None]
"""Who is told what each component charges, in order."""


@dataclass(frozen=True, slots=True, eq=False)
class RatedGroup:
    """
    The rows of a mixed batch that have one plan.

    rows     places in the mixed batch
    rated    their result, or None if the plan could not rate them
    refusal  why not
    """

    plan: Plan
    rows: Int64
    rated: Rated | None
    refusal: Refused | None


def rate(*, plan: Plan, batch: RatingBatch, watch: Watch | None = None) -> Rated:
    """
    Return lines and total of each segment of a batch.

    watch  is told on the way what each component charges, block by block

    :raises MissingPrice: a price of the plan is not known; the message names it.
    :raises WrongPeriods: ``used_wh`` has not one column per period of use of the plan.
    :raises AmountOutOfRange: an amount or total is beyond 2^62 minor units.
    """
    return _rate(plan, len(batch), batch.take, watch)


def _rate(plan: Plan, segments: int, block_of: Callable[[slice], RatingBatch], watch: Watch | None = None) -> Rated:
    """Rate as many segments, taken block by block so that each is still in the cache when it is worked on."""
    if plan.missing_prices:
        raise MissingPrice(
            f"Tariff {plan.code} has no price for {', '.join(plan.missing_prices)}.",
            advice="Publish a version that gives the price, then rate again.",
            plan=plan.code,
            missing=plan.missing_prices,
        )
    # Slot by slot in memory: each component writes runs that lie side by side.
    amount = np.empty((len(plan.slots), segments), dtype=np.int64)
    quantity = np.empty_like(amount)
    total = np.empty(segments, dtype=np.int64)
    for start in range(0, segments, BLOCK):
        rows = slice(start, min(start + BLOCK, segments))
        _rate_block(plan, block_of(rows), amount[:, rows], quantity[:, rows], total[rows], watch)
    return Rated(amount.T, quantity.T, total)


def _rate_block(
    plan: Plan, batch: RatingBatch, amount: Int64, quantity: Int64, total: Int64, watch: Watch | None
) -> None:
    """Fill amount (l, n), quantity (l, n) and total (n,) of one block."""
    if batch.used_wh.shape[1] != len(plan.periods):
        raise _wrong_periods(plan)
    _check_inputs(plan, batch)
    nothing = np.zeros(len(batch), dtype=np.int64)
    rounder = Rounder(plan, nothing)
    batch, seen = _adjusted(plan, batch)
    for component, span, base in zip(plan.components, plan.spans, plan.bases, strict=True):
        own = _own(plan, span, seen.get(component.code, batch))
        base_minor = _sum_slots(amount, base) if base else nothing
        charge = component.charge(own, base_minor)
        amounts_e9, quantities = charge.amounts_e9.T, charge.quantities.T
        holds = _holds(plan, component.scope, batch)
        if holds is not None:
            amounts_e9 = amounts_e9 * holds
            quantities = quantities * holds + _resting(plan, span, own) * (1 - holds)
        if watch is not None:
            watch(Charged(component, own, base_minor, holds, amounts_e9))
        rounder.round(amounts_e9, amount[span.start : span.stop], alone=bool(base))
        quantity[span.start : span.stop] = quantities
    counted = [place for place, slot in enumerate(plan.slots) if slot.in_total]
    # Amounts that fit 64 bits in 10^-9 minor units cannot pass them as a sum of minor units.
    if rounder.wide and len(amount) * max(int(amount.max(initial=0)), -int(amount.min(initial=0))) >= fixed.LIMIT:
        raise AmountOutOfRange(f"Tariff {plan.code}: a total does not fit 64 bits.", plan=plan.code)
    total[:] = _sum_slots(amount, counted)


def _holds(plan: Plan, scope: Scoped, batch: RatingBatch) -> Int64 | None:
    """Return 1 where a component is charged and 0 where it is not, (n,); None = it is charged everywhere."""
    holds = None
    if scope.months:
        holds = np.isin(batch.inputs[Input.MONTH], list(scope.months))
    for codes, wanted in ((scope.only_for, True), (scope.not_for, False)):
        if codes:
            places = [plan.features.index(code) for code in codes]
            has_one = (batch.inputs[Input.FEATURES][:, places] != 0).any(axis=1)
            holds = (has_one == wanted) if holds is None else holds & (has_one == wanted)
    return None if holds is None else holds.astype(np.int64)


def _own(plan: Plan, span: range, batch: RatingBatch) -> RatingBatch:
    """Return the batch with what the slots of one component carried, instead of what all slots did."""
    columns = [column for column, place in enumerate(plan.carried_places) if place in span]
    if len(columns) in (0, len(plan.carried_places)):
        return batch
    return replace(batch, inputs={**batch.inputs, Input.CARRIED: batch.inputs[Input.CARRIED][:, columns]})


def _resting(plan: Plan, span: range, own: RatingBatch) -> Int64:
    """Return the quantities of a component where it is not charged, (l, n): what was carried is carried on."""
    quantities = np.zeros((len(span), len(own)), dtype=np.int64)
    carrying = [place - span.start for place in span if plan.slots[place].carries]
    if carrying:
        quantities[carrying] = own.inputs[Input.CARRIED].T
    return quantities


def billed_wh(*, plan: Plan, batch: RatingBatch) -> Int64:
    """
    Return the energy that is billed, (n,): as used, and adjusted by losses or by what was given back. [Wh]

    It is this energy that counts in a tier cycle, as ``before_wh`` of the segments to come.
    """
    return adjusted(plan=plan, batch=batch).total_wh


def adjusted(*, plan: Plan, batch: RatingBatch) -> RatingBatch:
    """Return the batch that is priced: with losses added, and without what energy given to the grid offsets."""
    return _adjusted(plan, batch)[0] if plan.adjusting else batch


def _adjusted(plan: Plan, batch: RatingBatch) -> tuple[RatingBatch, dict[str, RatingBatch]]:
    """
    Return the batch with what its adjusting components add to it, each on top of those before it.

    :returns: besides, by code of an adjusting component, the batch that it saw: its own lines tell what it added to it.
    """
    seen = {}
    for component, span in zip(plan.components, plan.spans, strict=True):
        if not isinstance(component, Adjusting):
            continue
        seen[component.code] = batch
        own = _own(plan, span, batch)
        holds = _holds(plan, component.scope, batch)
        holds = np.ones(len(batch), dtype=np.int64) if holds is None else holds
        added_wh, inputs = component.added_wh(own) * holds[:, None], dict(batch.inputs)
        if Input.REACTIVE_VARH in inputs:
            inputs[Input.REACTIVE_VARH] = inputs[Input.REACTIVE_VARH] + component.added_varh(own) * holds
        if Input.PEAK_W in inputs:
            inputs[Input.PEAK_W] = inputs[Input.PEAK_W] + component.added_peak_w(own) * holds[:, None]
        if Input.EXPORT_WH in inputs:
            inputs[Input.EXPORT_WH] = inputs[Input.EXPORT_WH] + component.added_export_wh(own) * holds[:, None]
        batch = replace(batch, used_wh=batch.used_wh + added_wh, inputs=inputs)
    return batch, seen


def _check_inputs(plan: Plan, batch: RatingBatch) -> None:
    """Refuse a batch that lacks what the plan's components read; nothing is taken as 0 in its place."""
    missing = sorted(need for need in plan.needs if need not in batch.inputs)
    if missing:
        raise MissingInput(
            f"Tariff {plan.code} needs {', '.join(missing)}, which is not known.",
            advice="Enter it on the agreement, or read the registers that measure it; then rate again.",
            plan=plan.code,
            missing=missing,
        )
    for need in plan.needs:
        wanted = tuple(plan.length_of(axis) for axis in AXES.get(need, ()))
        given = batch.inputs[need].shape[1:]
        if len(given) != len(wanted) or any(one not in (None, two) for one, two in zip(wanted, given, strict=True)):
            raise ValueError(f"input {need} of {plan.code} has axes {given}, not {wanted}")


def _wrong_periods(plan: Plan) -> WrongPeriods:
    return WrongPeriods(f"Tariff {plan.code} takes energy by {', '.join(plan.periods)}.", plan=plan.code)


class Rounder:
    """
    Rounding of the lines of one block to minor units.

    By line, each is rounded by itself. By bill, the exact amounts are summed up and each line is what the rounded sum
    grows by: so the total is the rounded exact sum, is the sum of the printed lines all the same, and a printed line
    is at most one minor unit from its exact amount. A tax, being charged on printed amounts, is rounded by itself.
    """

    def __init__(self, plan: Plan, nothing: Int64) -> None:
        self.plan = plan
        self.sum_e9: NDArray[Any] = nothing
        self.rounded = nothing
        self.bound = 0
        self.wide = False

    def round(self, amounts_e9: NDArray[Any], amount: Int64, *, alone: bool) -> None:
        """Write the rounded amounts (l, n) of a component; those charged on printed amounts stand alone."""
        self.wide |= amounts_e9.dtype == np.object_
        if alone or self.plan.rounding_scope is Scope.LINE:
            amount[:] = fixed.to_minor(amounts_e9, self.plan.rounding)
            return
        sums_e9 = self.sums(amounts_e9)
        rounded = fixed.to_minor(sums_e9, self.plan.rounding)
        np.subtract(rounded[0], self.rounded, out=amount[0])
        np.subtract(rounded[1:], rounded[:-1], out=amount[1:])
        self.sum_e9, self.rounded = sums_e9[-1], rounded[-1]

    def sums(self, amounts_e9: NDArray[Any]) -> NDArray[Any]:
        """Return the exact sum of the bill up to and with each line, (l, n)."""
        self.bound += len(amounts_e9) * max(int(amounts_e9.max(initial=0)), -int(amounts_e9.min(initial=0)))
        if self.bound >= fixed.LIMIT or self.sum_e9.dtype == np.object_:
            amounts_e9, self.wide = amounts_e9.astype(object), True
        sums_e9 = np.empty_like(amounts_e9)
        before = self.sum_e9
        for line_e9, sum_e9 in zip(amounts_e9, sums_e9, strict=True):
            np.add(before, line_e9, out=sum_e9)
            before = sum_e9
        return sums_e9


def _sum_slots(amount: Int64, places: Sequence[int]) -> Int64:
    """Return the sum of some slots of amounts (l, n), (n,). [minor unit]"""
    total = amount[places[0]].copy() if places else np.zeros(amount.shape[1], dtype=np.int64)
    for place in places[1:]:
        total += amount[place]
    return total


def rate_many(
    *,
    plans: Sequence[Plan],
    plan_of: Int64,
    batch: RatingBatch,
    inputs_of: Mapping[int, Mapping[Input, Int64]] | None = None,
) -> list[RatedGroup]:
    """
    Rate a batch of segments that have different plans.

    plan_of  (n,) place of each segment's plan in ``plans``
    batch    ``used_wh`` (n, p) is as wide as the plan with most periods; a plan with fewer uses the first ones, and
             the rest of its rows must be 0
    inputs_of  place of a plan -> its inputs, for its own rows in their order in the batch; the batch itself has none

    A plan that cannot rate is returned with its refusal; the others are rated.
    """
    groups = []
    # NumPy sorts 16-bit keys several times faster.
    for place, rows in group_rows(plan_of.astype(np.int16) if len(plans) <= MOST_SHORT else plan_of):
        plan = plans[place]
        try:
            rated = _rate(plan, len(rows), _blocks_of(plan, batch, rows, (inputs_of or {}).get(place, {})))
        except Refused as refusal:
            groups.append(RatedGroup(plan, rows, None, refusal))
        else:
            groups.append(RatedGroup(plan, rows, rated, None))
    return groups


def _blocks_of(
    plan: Plan, batch: RatingBatch, rows: Int64, inputs: Mapping[Input, Int64]
) -> Callable[[slice], RatingBatch]:
    """Return what takes a block of some rows of a mixed batch, with the periods of one plan."""

    def block(part: slice) -> RatingBatch:
        mine = {name: column[part] for name, column in inputs.items()}
        return batch_of(plan=plan, batch=batch, rows=rows[part], inputs=mine)

    return block


def batch_of(*, plan: Plan, batch: RatingBatch, rows: Int64, inputs: Mapping[Input, Int64]) -> RatingBatch:
    """
    Return the batch of some rows (r,) of a mixed one, with the periods of their plan and its inputs, (r, ...) each.

    :raises WrongPeriods: there is energy beyond the periods of the plan.
    """
    # ndarray.take gathers rows twice as fast as an index does.
    names = ("days", "month_share_e9", "before_wh", "household")
    columns = {name: getattr(batch, name).take(rows) for name in names}
    used_wh = batch.used_wh.take(rows, axis=0)
    periods = len(plan.periods)
    if used_wh[:, periods:].any():
        raise _wrong_periods(plan)
    return RatingBatch(used_wh=used_wh[:, :periods], inputs=inputs, **columns)


def by_ledger_class(*, plan: Plan, rated: Rated) -> dict[LedgerClass, Int64]:
    """
    Return the amount to post under each ledger class, (n,) each; they sum to the total exactly. [minor unit]

    A tax that the prices contain is taken out of the classes of its base, in slot order: the tax on the amounts up to
    and with a class, less the tax on those before it, each rounded as the printed tax is.
    """
    amount = rated.amount_minor.T
    classes = {ledger: np.zeros(amount.shape[1], dtype=np.int64) for ledger in LedgerClass}
    for slot, column in zip(plan.slots, amount, strict=True):
        if slot.in_total:
            classes[slot.ledger] += column
    for component, base in zip(plan.components, plan.bases, strict=True):
        if isinstance(component, Tax) and component.mode is TaxMode.INSIDE:
            _move_tax(plan, component, base, amount, classes)
    used = {slot.ledger for slot in plan.slots}
    return {ledger: column for ledger, column in classes.items() if ledger in used}


def _move_tax(plan: Plan, tax: Tax, base: tuple[int, ...], amount: Int64, classes: dict[LedgerClass, Int64]) -> None:
    """Move the tax inside the base slots from their classes to that of the tax."""
    before = running = np.zeros(amount.shape[1], dtype=np.int64)
    for place in base:
        running = running + amount[place]
        until = fixed.to_minor(tax.of(running), plan.rounding)
        classes[plan.slots[place].ledger] -= until - before
        classes[tax.ledger] += until - before
        before = until
