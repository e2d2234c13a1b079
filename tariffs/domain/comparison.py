"""
What changes from one version of a tariff to another, as a change of law says it: prices, steps, hours, components.

Prices, limits and hours are compared as they are compiled, so that another way of writing them is no change; whatever
else the documents say is compared key by key, so that nothing that differs is passed over.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from tariffs.domain.components.blocks import limits_of_step
from tariffs.domain.components.demand import MeasuredDemand
from tariffs.domain.components.export import TieredExport
from tariffs.domain.document import TariffDocument
from tariffs.domain.lines import Component, LineSlot, Unit, price_text
from tariffs.domain.plan import Plan
from tariffs.domain.time_of_use import DAY_TYPES, SLOTS, Calendar, DayType

NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
CALENDARS = ("time_of_use", "demand")
APART = frozenset({"component", "vector", "labels"})
"""Parts of a document that are compared by themselves; seasons and events of the calendars are, too."""
PRICED = frozenset({"price", "prices", "fees", "rate", "margin", "unit"})
LIMITED = frozenset({"limits_kwh", "limits_kw"})
NAMED = frozenset({"code", "kind"})

Values = Mapping[str, Any]
Words = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """
    The upper end of a step.

    value  with 3 decimals of its unit: Wh, W
    per    what it is per: a word of ``LimitsPer``, "segment", or "" for power
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """A season of a calendar: its dates as written, and its hours."""

    dates: str
    hours: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactChanged:
    """A key of the document outside components and calendars; "" = it is not said."""

    key: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartChanged:
    """A component that is new (before None), no longer there (after None), or of another kind."""

    before: Part | None
    after: Part | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChanged:
    """The components that stand in both are charged in another order; codes."""

    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChanged:
    """A price of a component; None = there was, or is, no such step or period."""

    part: Part
    before: Price | None
    after: Price | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChanged:
    """Where a step of a component ends; ``period`` has words where each period has steps of its own."""

    part: Part
    step: int
    period: Words
    before: Limit
    after: Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChanged:
    """Any other key of a component; "" = it is not said."""

    part: Part
    key: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursChanged:
    """Hours of a season that belong to another period of use; ``which`` calendar: time_of_use or demand."""

    which: str
    season: str
    span: Span
    before: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonChanged:
    """A season that is new, no longer there, or has other dates."""

    which: str
    name: str
    before: Season | None
    after: Season | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventChanged:
    """An event of a calendar: the keys of it that differ, with their texts; empty = there is no such event."""

    which: str
    code: str
    before: Words
    after: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class WordsChanged:
    """Printed words of a label, by language; empty = none."""

    key: str
    before: Words
    after: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseChanged:
    """A test vector with its expected total; None = there is none of that name."""

    name: str
    before: str | None
    after: str | None


Change = (
    FactChanged
    | PartChanged
    | OrderChanged
    | PriceChanged
    | LimitChanged
    | RuleChanged
    | HoursChanged
    | SeasonChanged
    | EventChanged
    | WordsChanged
    | CaseChanged
)


def compare(*, before: TariffDocument, after: TariffDocument) -> tuple[Change, ...]:
    """
    Return what changes from one version to another; () if they say the same.

    Facts come first, then components in their order, calendars, words, and test vectors. Two versions of different
    tariffs may be compared, too.
    """
    old, new = tomllib.loads(before.text), tomllib.loads(after.text)
    return (
        *_facts(old, new),
        *_components(_Side(before.plan, old), _Side(after.plan, new)),
        *(
            change
            for which in CALENDARS
            for change in _calendars(which, _Side(before.plan, old), _Side(after.plan, new))
        ),
        *_words(before.plan.labels, after.plan.labels),
        *_cases(old, new),
    )


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two: compiled, and as written."""

    plan: Plan
    values: Values

    def parts(self) -> dict[str, tuple[Part, Component, Values]]:
        """Return the components by code."""
        written = self.values.get("component", [])
        return {
            component.code: (part_of(plan=self.plan, place=place, kind=str(values["kind"])), component, values)
            for place, (component, values) in enumerate(zip(self.plan.components, written, strict=True))
        }

    def calendar(self, which: str) -> Calendar | None:
        return self.plan.calendar if which == "time_of_use" else self.plan.demand.calendar

    def tables(self, which: str, key: str) -> dict[str, Values]:
        """Return the seasons or events of a calendar by name."""
        name = "name" if key == "season" else "code"
        return {str(one[name]): one for one in self.values.get(which, {}).get(key, [])}


def part_of(*, plan: Plan, place: int, kind: str = "") -> Part:
    """Return a component of a plan with its prices; lines that only tell a quantity have none."""
    component = plan.components[place]
    slots = [plan.slots[number] for number in plan.spans[place]]
    return Part(
        code=component.code,
        labels=plan.labels.get(slots[0].label, {}) if slots else {},
        kind=kind,
        prices=tuple(_price(plan, component, slot) for slot in slots if slot.in_total or slot.price_e6 != 0),
    )


def _price(plan: Plan, component: Component, slot: LineSlot) -> Price:
    limits = limits_of(component=component, period=slot.period) if slot.step else ()
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


def limits_of(*, component: Component, period: str) -> tuple[Limit, ...]:
    """Return where the steps of a component end; () for one without steps."""
    if isinstance(component, MeasuredDemand):
        return tuple(Limit(value=value, unit="kW", per="") for value in component.limits_w)
    if isinstance(component, TieredExport):
        return tuple(Limit(value=value, unit="kWh", per="segment") for value in component.limits_wh)
    found = limits_of_step(component=component, period=period)
    return tuple(Limit(value=value, unit="kWh", per=str(per)) for value, per in found)


# ---- facts and keys ----------------------------------------------------------------------------------------------------


def _facts(old: Values, new: Values) -> Iterator[Change]:
    def rest(values: Values) -> Values:
        kept = {key: value for key, value in values.items() if key not in APART}
        for which in CALENDARS:
            if which in kept:
                kept[which] = {key: value for key, value in kept[which].items() if key not in {"season", "event"}}
        return kept

    for key, before, after in _differing(rest(old), rest(new)):
        yield FactChanged(key=key, before=before, after=after)


def _differing(old: Any, new: Any, where: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield (key, text before, text after) of the leaves that differ; a list of plain values is one leaf."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            yield from _differing(old.get(key), new.get(key), f"{where}.{key}" if where else key)
    elif _is_tables(old) and _is_tables(new):
        for place in range(max(len(old), len(new))):
            pair = (rows[place] if place < len(rows) else None for rows in (old, new))
            yield from _differing(*pair, f"{where}.{place + 1}")
    elif _text(old) != _text(new):
        yield where, _text(old), _text(new)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(one, dict) for one in value)


def _text(value: Any) -> str:
    """Return a value as people read it; numbers alike where they are equal."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(one)}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(_text(one) for one in value)
    text = str(value)
    return text.rstrip("0").rstrip(".") if "." in text and NUMBER.fullmatch(text) else text


# ---- components --------------------------------------------------------------------------------------------------------


def _components(before: _Side, after: _Side) -> Iterator[Change]:
    old, new = before.parts(), after.parts()
    for code, (part, _, _) in old.items():
        if code not in new:
            yield PartChanged(before=part, after=None)
    for code, (part, component, values) in new.items():
        if code not in old:
            yield PartChanged(before=None, after=part)
            continue
        was, component_was, values_were = old[code]
        if was.kind != part.kind:
            yield PartChanged(before=was, after=part)
        shown = [*_prices(was, part), *_limits(part, component_was, component)]
        yield from shown
        if component_was != component:
            yield from _rules(part, values_were, values, shown)
    order = tuple(code for code in old if code in new), tuple(code for code in new if code in old)
    if order[0] != order[1]:
        yield OrderChanged(before=order[0], after=order[1])


def _prices(was: Part, part: Part) -> Iterator[Change]:
    old, new = ({price.key: price for price in one.prices} for one in (was, part))
    for key in dict.fromkeys([*new, *old]):
        before, after = old.get(key), new.get(key)
        if before is None or after is None or (before.price_e6, before.unit) != (after.price_e6, after.unit):
            yield PriceChanged(part=part, before=before, after=after)


def _limits(part: Part, before: Component, after: Component) -> Iterator[Change]:
    seen = set()
    for slot in after.slots():
        old, new = (limits_of(component=one, period=slot.period) for one in (before, after))
        words = next((price.period for price in part.prices if price.key == slot.key), {})
        own = slot.period if _has_steps_by_period(after) else ""
        for step, pair in enumerate(zip(old, new, strict=False), start=1):
            if pair[0] != pair[1] and (own, step) not in seen:
                seen.add((own, step))
                yield LimitChanged(part=part, step=step, period=words if own else {}, before=pair[0], after=pair[1])


def _has_steps_by_period(component: Component) -> bool:
    periods = dict.fromkeys(slot.period for slot in component.slots())
    return len({limits_of(component=component, period=period) for period in periods}) > 1


def _rules(part: Part, old: Values, new: Values, shown: Sequence[Change]) -> Iterator[Change]:
    """Yield the keys that differ, without those that prices and limits have told already."""
    told = set(NAMED)
    if any(isinstance(change, PriceChanged) for change in shown):
        told |= PRICED
    if shown:
        told |= LIMITED
    for key, before, after in _differing(old, new):
        if not told.intersection(key.split(".")):
            yield RuleChanged(part=part, key=key, before=before, after=after)


# ---- calendars ---------------------------------------------------------------------------------------------------------


def _calendars(which: str, before: _Side, after: _Side) -> Iterator[Change]:
    old, new = before.tables(which, "season"), after.tables(which, "season")
    for name in dict.fromkeys([*new, *old]):
        was = _season(before, which, old[name], name) if name in old else None
        now = _season(after, which, new[name], name) if name in new else None
        if was is None or now is None or was.dates != now.dates:
            yield SeasonChanged(which=which, name=name, before=was, after=now)
        if was is not None and now is not None:
            yield from _hours(which, name, before, after)
    old, new = before.tables(which, "event"), after.tables(which, "event")
    for code in dict.fromkeys([*new, *old]):
        was_event, is_event = ({key: _text(value) for key, value in side.get(code, {}).items()} for side in (old, new))
        keys = [key for key in dict.fromkeys([*was_event, *is_event]) if was_event.get(key) != is_event.get(key)]
        if keys:
            texts = ({key: one[key] for key in keys if key in one} for one in (was_event, is_event))
            yield EventChanged(which=which, code=code, before=next(texts), after=next(texts))


def _season(side: _Side, which: str, written: Values, name: str) -> Season:
    calendar = side.calendar(which)
    hours = hours_of(calendar=calendar, season=name, labels=side.plan.labels) if calendar else ()
    return Season(dates=_text(written.get("dates")), hours=hours)


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


def runs(values: Sequence[Any]) -> list[tuple[int, int, Any]]:
    """Return (start, end, value) of the runs of equal values of a day; one that goes on after midnight is one."""
    found, start = [], 0
    for value, same in groupby(values):
        length = len(list(same))
        found.append((start, start + length, value))
        start += length
    if len(found) > 1 and found[0][2] == found[-1][2]:
        found[0] = (found.pop()[0], found[0][1], found[0][2])
    return found


def _hours(which: str, season: str, before: _Side, after: _Side) -> Iterator[Change]:
    """Yield the hours of a season that belong to another period than before."""
    old, new = before.calendar(which), after.calendar(which)
    if old is None or new is None:
        return
    rows = old.slots[old.seasons.index(season)], new.slots[new.seasons.index(season)]
    changed: dict[tuple[int, int, str, str], list[DayType]] = {}
    for place, day_type in enumerate(DAY_TYPES):
        pairs = [
            (old.periods[int(rows[0][place, slot])], new.periods[int(rows[1][place, slot])]) for slot in range(SLOTS)
        ]
        for start, end, (was, now) in runs(pairs):
            if was != now:
                changed.setdefault((start, end, was, now), []).append(day_type)
    for (start, end, was, now), days in sorted(changed.items()):
        period = words_of(labels=after.plan.labels, key=now)
        span = Span(days=tuple(days), start=start, end=end, period=period)
        yield HoursChanged(which=which, season=season, span=span, before=words_of(labels=before.plan.labels, key=was))


# ---- words and cases ---------------------------------------------------------------------------------------------------


def _words(old: Mapping[str, Words], new: Mapping[str, Words]) -> Iterator[Change]:
    for key in dict.fromkeys([*new, *old]):
        # The words of what is new or gone are told with it.
        if key in old and key in new and dict(old[key]) != dict(new[key]):
            yield WordsChanged(key=key, before=old[key], after=new[key])


def _cases(old: Values, new: Values) -> Iterator[Change]:
    was, now = (_by_name(values.get("vector", [])) for values in (old, new))
    for name in dict.fromkeys([*now, *was]):
        before, after = was.get(name), now.get(name)
        if before is None or after is None or any(_differing(before, after)):
            totals = (None if one is None else str(one["total"]) for one in (before, after))
            yield CaseChanged(name=name, before=next(totals), after=next(totals))


def _by_name(vectors: Sequence[Values]) -> dict[str, Values]:
    """Return test vectors by name; of several with one name, the later ones are counted."""
    found: dict[str, Values] = {}
    for vector in vectors:
        name, count = str(vector["name"]), 1
        while name in found:
            count += 1
            name = f"{vector['name']} ({count})"
        found[name] = vector
    return found
