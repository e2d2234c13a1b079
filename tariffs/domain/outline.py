"""What a plan looks like to a reader: its components with prices and steps, its seasons with hours."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from tariffs.domain.components.blocks import limits_of_step
from tariffs.domain.components.demand import MeasuredDemand
from tariffs.domain.components.export import TieredExport
from tariffs.domain.components.tiers import LimitsPer
from tariffs.domain.lines import Component, LineSlot, Unit, price_text
from tariffs.domain.plan import Plan
from tariffs.domain.time_of_use import DAY_TYPES, Calendar, DayType

NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
Words = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """
    The upper end of a step.

    value  with 3 decimals of its unit: Wh, W
    per    what it is per: a word of ``Cycle`` for one of the tier cycle, of ``LimitsPer`` for others, "segment", or ""
           for power
    """

    value: int
    unit: str
    per: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """
    One price of a component.

    key     of its slot, as "energy/2/peak"
    low, high  limits of its step; None = open
    period  words of its period of use, empty = all hours
    text    as printed; None = not known
    """

    key: str
    step: int
    low: Limit | None
    high: Limit | None
    period: Words
    unit: str
    price_e6: int | None
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A component with its words, kind and prices."""

    code: str
    labels: Words
    kind: str
    prices: tuple[Price, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Half hours [start, end) of some day types, which may run over midnight, with their period of use."""

    days: tuple[DayType, ...]
    start: int
    end: int
    period: Words


def part_of(*, plan: Plan, place: int, kind: str = "") -> Part:
    """Return a component of a plan with its prices; lines that only tell a quantity have none."""
    component = plan.components[place]
    slots = [plan.slots[number] for number in plan.spans[place]]
    return Part(
        code=component.code,
        labels=plan.labels.get(slots[0].label, {}) if slots else {},
        kind=kind,
        prices=tuple(_price(plan, component, slot) for slot in slots if _is_priced(slot)),
    )


def _is_priced(slot: LineSlot) -> bool:
    """Return whether a line has a price; those that only tell a quantity have none, nor has the power factor."""
    return slot.price_e6 != 0 or (slot.in_total and slot.unit is not Unit.FACTOR)


def _price(plan: Plan, component: Component, slot: LineSlot) -> Price:
    limits = limits_of(plan=plan, component=component, period=slot.period) if slot.step else ()
    return Price(
        key=slot.key,
        step=slot.step,
        low=limits[slot.step - 2] if 1 < slot.step <= len(limits) + 1 else None,
        high=limits[slot.step - 1] if 0 < slot.step <= len(limits) else None,
        period=plan.labels.get(slot.period, {}) if slot.period else {},
        unit="%" if slot.unit is Unit.MONEY else f"{plan.currency}/{slot.unit}",
        price_e6=slot.price_e6,
        text=None if slot.price_e6 is None else price_text(slot=slot, decimals=plan.decimals),
    )


def rules_of(values: Mapping[str, Any], *, told: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Return (key, text) of what a component's table says beside prices; ``told`` names keys to be left out."""
    return tuple((key, text_of(value)) for key, value in values.items() if key not in told)


def text_of(value: Any) -> str:
    """Return a value of a document as people read it, "" for none."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{key} {text_of(one)}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(text_of(one) for one in value)
    return str(value)


def is_alike(*, one: Any, other: Any) -> bool:
    """Return whether two values of a document say the same: numbers are alike where they are equal."""
    return _plain(one) == _plain(other)


def _plain(value: Any) -> str:
    text = text_of([_plain(one) for one in value] if isinstance(value, list) else value)
    return text.rstrip("0").rstrip(".") if "." in text and NUMBER.fullmatch(text) else text


def limits_of(*, plan: Plan, component: Component, period: str) -> tuple[Limit, ...]:
    """Return where the steps of a component end; () for one without steps."""
    if isinstance(component, MeasuredDemand):
        return tuple(Limit(value=value, unit="kW", per="") for value in component.limits_w)
    if isinstance(component, TieredExport):
        return tuple(Limit(value=value, unit="kWh", per="segment") for value in component.limits_wh)
    cycle = str(plan.tier_cycle.kind)
    return tuple(
        Limit(value=value, unit="kWh", per=cycle if per is LimitsPer.CYCLE else str(per))
        for value, per in limits_of_step(component=component, period=period)
    )


def hours_of(*, calendar: Calendar, season: str, labels: Mapping[str, Words]) -> tuple[Span, ...]:
    """Return the hours of a season, kinds of days with the same hours together."""
    rows = calendar.slots[calendar.seasons.index(season)]
    by_hours: dict[tuple[int, ...], list[DayType]] = {}
    for place, day_type in enumerate(DAY_TYPES):
        by_hours.setdefault(tuple(rows[place].tolist()), []).append(day_type)
    return tuple(
        Span(days=tuple(days), start=start, end=end, period=words_of(labels=labels, key=calendar.periods[period]))
        for slots, days in by_hours.items()
        for start, end, period in runs(slots)
    )


def words_of(*, labels: Mapping[str, Words], key: str) -> Words:
    """Return the words of a period, its code where it has none."""
    return labels.get(key) or {"en": key, "zh": key}


def runs(values: Sequence[Any], *, over_midnight: bool = True) -> list[tuple[int, int, Any]]:
    """Return (start, end, value) of the runs of equal values; over midnight, one that goes on there is one."""
    found, start = [], 0
    for value, same in groupby(values):
        length = len(list(same))
        found.append((start, start + length, value))
        start += length
    if over_midnight and len(found) > 1 and found[0][2] == found[-1][2]:
        found[0] = (found.pop()[0], found[0][1], found[0][2])
    return found
