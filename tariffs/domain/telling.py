"""
A rated segment as plain data: what it was given, and what each component made of it.

Whole numbers of Wh, W and minor units stand as integers, whatever may be finer or larger as decimal text; so a reader
in any language gets each number as it is. The format is that of docs/guide/bill-proof.md.
"""

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from cis.kernel import fixed
from cis.kernel.fixed import Int64
from tariffs.domain import layout
from tariffs.domain.batch import RatingBatch
from tariffs.domain.inputs import AXES, Axis, Input
from tariffs.domain.layout import HandedOn
from tariffs.domain.lines import LineSlot, price_text
from tariffs.domain.plan import Plan
from tariffs.domain.tracing import Step, Trace

EXACT_PLACES = 9
Plain = dict[str, Any]


def kinds_of(*, text: str) -> tuple[str, ...]:
    """Return the kinds of the components of a tariff document, in its order."""
    return tuple(part["kind"] for part in tomllib.loads(text)["component"])


def given(*, plan: Plan, batch: RatingBatch) -> Plain:
    """Return what one segment was priced on: time, energy, household, and what else the plan asks for."""
    return {
        "days": int(batch.days[0]),
        "months": fixed.to_text(int(batch.month_share_e9[0]), places=9),
        "household": int(batch.household[0]),
        "before_wh": int(batch.before_wh[0]),
        "energy_wh": _by_name(plan.periods, batch.used_wh[0]),
        "given": {_key(need): _input(need, plan, batch.inputs[need][0]) for need in Input if need in plan.needs},
    }


def handed_on(*, plan: Plan, handed_on: Int64) -> Plain:
    """
    Return what one segment hands to those after it, by name.

    handed_on  (1, v) as in ``layout.handed_layout``

    :raises OtherLayout: the plan's segments hand on more or fewer numbers.
    """
    parts = layout.handed_layout(plan=plan)
    names = {
        HandedOn.PEAK_W: plan.demand.periods,
        HandedOn.CHARGED_W: plan.demand.periods,
        HandedOn.CARRIED: tuple(slot.key for slot in plan.carried),
    }
    found = {}
    for name, values in layout.apart(layout=parts, values=handed_on).items():
        of = names.get(HandedOn(name))
        found[name] = int(values[0].item()) if of is None else _by_name(of, values[0])
    return found


def _by_name(names: Sequence[str], values: Int64) -> dict[str, int]:
    return {name: int(value) for name, value in zip(names, values, strict=True)}


def _key(need: Input) -> str:
    """Return the name of an input; the amounts of price series are told in minor units."""
    return "series_minor" if need is Input.SERIES_E9 else need.value


def _input(need: Input, plan: Plan, value: Any) -> Any:
    """Return one input of one segment by the names that its axes have."""
    axes = AXES.get(need, ())
    if axes == (Axis.FEATURE,):
        return [code for code, has in zip(plan.features, value, strict=True) if has]
    if axes == (Axis.SERIES,):
        codes = [component.code for component in plan.priced_by_hour]
        return {code: _exact(int(one)) for code, one in zip(codes, value, strict=True)}
    names = _names(plan).get(axes[-1]) if axes else None
    if names is None:
        return int(value)
    if len(axes) == 1:
        return _by_name(names, value)
    return [_by_name(names, row) for row in value]


def _names(plan: Plan) -> Mapping[Axis, Sequence[str]]:
    return {
        Axis.PERIOD: plan.periods,
        Axis.DEMAND_PERIOD: plan.demand.periods,
        Axis.CARRIED: tuple(slot.key for slot in plan.carried),
    }


def _exact(amount_e9: int) -> str:
    """Return an amount in minor units as text."""
    return fixed.to_text(amount_e9, places=EXACT_PLACES)


def priced(*, plan: Plan, trace: Trace) -> Plain:
    """Return what was priced where losses or energy given back changed what was given; {} where nothing did."""
    if not plan.adjusting:
        return {}
    final = trace.final
    changed = (Input.REACTIVE_VARH, Input.PEAK_W, Input.EXPORT_WH)
    inputs = {need.value: _input(need, plan, final.inputs[need][0]) for need in changed if need in plan.needs}
    return {"energy_wh": _by_name(plan.periods, final.used_wh[0]), **inputs}


def steps(*, plan: Plan, trace: Trace, kinds: Sequence[str], tax_minor: Int64) -> list[Plain]:
    """
    Return what each component charged one segment; lines of nothing are left out.

    kinds      of the components, ``kinds_of`` the document
    tax_minor  (l,) tax contained in each line [minor unit]
    """
    return [_step(plan, trace, step, kind, tax_minor) for step, kind in zip(trace.steps, kinds, strict=True)]


def _step(plan: Plan, trace: Trace, step: Step, kind: str, tax_minor: Int64) -> Plain:
    lines = [
        _line(plan, trace, place, amount_e9, int(tax_minor[place]))
        for place, amount_e9 in zip(step.places, step.amounts_e9, strict=True)
        if amount_e9 or trace.rated.quantity[0, place] or trace.rated.amount_minor[0, place]
    ]
    told: Plain = {
        "component": step.component.code,
        "kind": kind,
        "labels": dict(plan.labels.get(plan.slots[step.places.start].label, {})),
        "is_charged": step.is_charged,
        "on": list(step.component.base),
        "base_minor": step.base_minor,
    }
    if step.limits_wh:
        told["limits_wh"] = {period: list(limits) for period, limits in step.limits_wh.items()}
    return {**told, "lines": lines}


def _line(plan: Plan, trace: Trace, place: int, amount_e9: int, tax_minor: int) -> Plain:
    slot, rated = plan.slots[place], trace.rated
    return {
        "line": slot.key,
        "unit": str(slot.unit),
        "quantity": fixed.to_text(int(rated.quantity[0, place]), places=slot.quantity_places),
        "price": price(slot=slot, decimals=plan.decimals),
        "exact_minor": _exact(amount_e9),
        "amount_minor": int(rated.amount_minor[0, place]),
        "tax_minor": tax_minor,
        "in_total": slot.in_total,
        "ledger": str(slot.ledger),
    }


def price(*, slot: LineSlot, decimals: int) -> str | None:
    """Return the price of a line as printed; None for what is priced by the hour, which has a mean of each segment."""
    return None if slot.is_mean_price else price_text(slot=slot, decimals=decimals)
