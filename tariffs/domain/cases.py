"""
Cases: any usage as it stands in a test vector, read for a plan, rated line by line, and written as a vector again.

A case is a vector without name and expected lines: the same keys, the same findings. What a plan needs beside energy
and time stands under ``inputs``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cis.kernel import fixed
from cis.kernel.errors import Refused
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.tiers import Counted, Stepped
from tariffs.domain.document import TariffDocument
from tariffs.domain.editing import lines_text, literal
from tariffs.domain.inputs import AXES, WRITTEN, Axis, Input
from tariffs.domain.lines import mean_price_e6, price_text
from tariffs.domain.outline import Words
from tariffs.domain.plan import TOTAL, Plan
from tariffs.domain.tracing import Trace, trace
from tariffs.domain.vectors import MONTH_PLACES, OPTIONAL, WH_PLACES, Vector, read_case, result_of

MOST_STEPS = 12
EXACT_PLACES = 9


class InvalidCase(Refused):
    """The usage that is to be rated has findings; ``detail["findings"]`` has them."""

    code = "invalid_case"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseField:
    """
    One value of a case.

    path      where it stands, as "used_kwh.peak"
    need      the input that it belongs to; None = energy, count, household
    name      period of use or of demand, or a carried line; "" = none
    many      how many numbers it holds at most; 0 = codes of features
    is_whole  whether it is a whole number
    optional  whether it may be left out, and is nothing then
    """

    path: str
    need: Input | None = None
    name: str = ""
    many: int = 1
    is_whole: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """
    One line of a rated case, as printed; ``exact`` is its amount before rounding, in minor units.

    labels, period  words by language
    price           None = the price of no unit, as of the power factor
    """

    key: str
    labels: Words
    step: int
    period: Words
    unit: str
    quantity: str
    price: str | None
    exact: str
    amount_minor: int
    in_total: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePart:
    """
    What one component charged.

    is_charged  whether it holds in the month and for the agreement of the case
    base_minor  sum of the lines that it is charged on, None = on quantities [minor unit]
    limits_wh   where its steps end here, by period of use; "" = all energy [Wh]
    """

    code: str
    labels: Words
    is_charged: bool
    base_minor: int | None
    limits_wh: Mapping[str, tuple[int, ...]]
    lines: tuple[CaseLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedCase:
    """A case with its lines by component and its total. [minor unit]"""

    vector: Vector
    parts: tuple[CasePart, ...]
    total_minor: int


def fields_of(*, plan: Plan) -> tuple[CaseField, ...]:
    """Return the values that a case of a plan has beside its time: energy first, then what the plan needs besides."""
    if plan.periods == TOTAL:
        energy = [CaseField(path="used_kwh")]
    else:
        energy = [CaseField(path=f"used_kwh.{period}", name=period) for period in plan.periods]
    counts = any(isinstance(one, Counted) and one.is_cyclic for one in plan.components)
    grows = any(isinstance(one, Stepped) and one.allowances for one in plan.components)
    before = [CaseField(path="before_kwh", optional=True)] if counts else []
    household = [CaseField(path="household", is_whole=True, optional=True)] if grows else []
    return (*energy, *before, *household, *(one for need in Input if need in plan.needs for one in _inputs(plan, need)))


def _inputs(plan: Plan, need: Input) -> Iterator[CaseField]:
    """Yield the values of one input, one for each cell of its last axis that has a name."""
    written, axes = WRITTEN[need], AXES.get(need, ())
    path, optional = f"inputs.{written.key}", need in OPTIONAL
    if axes == (Axis.FEATURE,):
        yield CaseField(path=path, need=need, many=0, optional=True)
    elif axes == (Axis.SERIES,):
        yield CaseField(path=path, need=need, many=len(plan.priced_by_hour), optional=optional)
    elif not axes:
        yield CaseField(path=path, need=need, is_whole=written.places == 0, optional=optional)
    else:
        many = {Axis.PAST_MONTH: 12, Axis.STEP: MOST_STEPS}.get(axes[0], 1)
        names = {
            Axis.PERIOD: plan.periods,
            Axis.DEMAND_PERIOD: plan.demand.periods,
            Axis.CARRIED: tuple(slot.key for slot in plan.carried),
        }[axes[-1]]
        for name in names:
            shown = "" if len(names) == 1 else name
            yield CaseField(path=f"{path}.{name}", need=need, name=shown, many=many, optional=optional)


def values_of(*, texts: Mapping[str, str], plan: Plan) -> dict[str, Any]:
    """
    Return a case from the texts of its fields, by path; blank ones are left out.

    Lists are written with blanks or commas between their numbers.
    """
    values: dict[str, Any] = {}
    for field in fields_of(plan=plan):
        text = texts.get(field.path, "").strip()
        if not text:
            continue
        parts = text.replace(",", " ").split()
        value: Any = parts if field.many != 1 else text
        if field.is_whole and text.isascii() and text.isdigit() and len(text) < EXACT_PLACES:
            value = int(text)
        at = values
        *heads, last = field.path.split(".")
        for head in heads:
            at = at.setdefault(head, {})
        at[last] = value
    return values


def rated(*, document: TariffDocument, values: Mapping[str, Any]) -> RatedCase:
    """
    Return a case rated by a version, line by line.

    :raises InvalidCase: the case has findings; nothing that is missing is taken as 0.
    :raises Refused: the plan cannot rate it, as while a price is not known.
    """
    plan = document.plan
    vector, findings = read_case(values=values, plan=plan)
    findings.raise_if_any(InvalidCase)
    found = trace(plan=plan, batch=vector.batch())
    return RatedCase(
        vector=vector,
        parts=tuple(_part(plan, found, place) for place in range(len(plan.components))),
        total_minor=int(found.rated.total_minor[0]),
    )


def _part(plan: Plan, found: Trace, place: int) -> CasePart:
    step = found.steps[place]
    lines = [
        _line(plan, found, number, exact)
        for number, exact in zip(step.places, step.amounts_e9, strict=True)
        if exact or found.rated.quantity[0, number] or found.rated.amount_minor[0, number]
    ]
    first = plan.slots[step.places.start] if len(step.places) else None
    return CasePart(
        code=step.component.code,
        labels=plan.labels.get(first.label, {}) if first else {},
        is_charged=step.is_charged,
        base_minor=step.base_minor if step.component.base else None,
        limits_wh={period: limits for period, limits in step.limits_wh.items() if limits},
        lines=tuple(lines),
    )


def _line(plan: Plan, found: Trace, number: int, exact_e9: int) -> CaseLine:
    slot, rated_ = plan.slots[number], found.rated
    if slot.is_mean_price:
        mean = mean_price_e6(amount_minor=rated_.amount_minor[:, number], energy_wh=rated_.quantity[:, number])
        price = fixed.to_text(int(mean[0]), places=6 + plan.decimals)
    else:
        price = price_text(slot=slot, decimals=plan.decimals)
    return CaseLine(
        key=slot.key,
        labels=plan.labels.get(slot.label, {}),
        step=slot.step,
        period=plan.labels.get(slot.period, {}) or ({"en": slot.period, "zh": slot.period} if slot.period else {}),
        unit=str(slot.unit),
        quantity=fixed.to_text(int(rated_.quantity[0, number]), places=slot.quantity_places),
        price=price if slot.in_total or slot.price_e6 else None,
        exact=fixed.to_text(exact_e9, places=EXACT_PLACES),
        amount_minor=int(rated_.amount_minor[0, number]),
        in_total=slot.in_total,
    )


def vector_text(*, plan: Plan, vector: Vector, values: Mapping[str, Any], name: str) -> str:
    """Return a rated case as a test vector in TOML that expects what the plan computes now."""
    result = result_of(plan=plan, vector=vector)
    lines = [line for line in result.lines if line.slot]
    keys = "".join(f"{key} = {literal(value)}\n" for key, value in values.items() if value != {})
    total = literal(result.total[1])
    return f"[[vector]]\nname = {literal(name)}\n{keys}total = {total}\nlines = {lines_text(lines)}\n"


def written(*, plan: Plan, batch: RatingBatch) -> dict[str, Any]:
    """Return the one segment of a batch as a case: read again for the same plan, it is the same batch."""
    values: dict[str, Any] = {
        "days": int(batch.days[0]),
        "months": fixed.to_text(int(batch.month_share_e9[0]), places=MONTH_PLACES),
        "household": int(batch.household[0]),
        "before_kwh": _wh(batch.before_wh[0]),
    }
    used = [_wh(one) for one in batch.used_wh[0]]
    values["used_kwh"] = used[0] if plan.periods == TOTAL else dict(zip(plan.periods, used, strict=True))
    inputs = {WRITTEN[need].key: _written(plan, need, batch.inputs[need][0]) for need in Input if need in plan.needs}
    return {**values, **({"inputs": inputs} if inputs else {})}


def _wh(value: Any) -> str:
    return fixed.to_text(int(value), places=WH_PLACES)


def _written(plan: Plan, need: Input, value: Any) -> Any:
    """Return one input of one segment as a case writes it."""
    axes = AXES.get(need, ())
    places = plan.decimals if need is Input.YEAR_MINOR else WRITTEN[need].places
    if axes == (Axis.FEATURE,):
        return [code for code, has in zip(plan.features, value, strict=True) if has]
    if not axes:
        return int(value) if places == 0 else fixed.to_text(int(value), places=places)
    if axes == (Axis.SERIES,):
        return [fixed.to_text(int(one), places=places) for one in value]
    if axes == (Axis.CARRIED,):
        return {
            slot.key: fixed.to_text(int(one), places=slot.quantity_places)
            for slot, one in zip(plan.carried, value, strict=True)
        }
    names = plan.periods if axes[-1] is Axis.PERIOD else plan.demand.periods
    columns = np.atleast_2d(value).T
    texts = [[fixed.to_text(int(one), places=places) for one in column] for column in columns]
    return {name: column if len(axes) > 1 else column[0] for name, column in zip(names, texts, strict=True)}
