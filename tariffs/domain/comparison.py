"""
What changes from one version of a tariff to another, as a change of law says it: prices, steps, hours, components.

Prices, limits and hours are compared as they are compiled, so that another way of writing them is no change; whatever
else the documents say is compared key by key, so that nothing that differs is passed over.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tariffs.domain.changes import (
    CaseChanged,
    Change,
    EventChanged,
    FactChanged,
    HoursChanged,
    LimitChanged,
    OrderChanged,
    PartChanged,
    PriceChanged,
    RuleChanged,
    Season,
    SeasonChanged,
    WordsChanged,
)
from tariffs.domain.document import TariffDocument
from tariffs.domain.lines import Component
from tariffs.domain.outline import Part, Span, Words, hours_of, is_alike, limits_of, part_of, runs, text_of, words_of
from tariffs.domain.plan import Plan
from tariffs.domain.time_of_use import DAY_TYPES, SLOTS, Calendar, DayType

CALENDARS = ("time_of_use", "demand")
APART = frozenset({"component", "vector", "labels"})
"""Parts of a document that are compared by themselves; seasons and events of the calendars are, too."""
PRICED = frozenset({"price", "prices", "fees", "rate", "margin", "unit"})
LIMITED = frozenset({"limits_kwh", "limits_kw"})
NAMED = frozenset({"code", "kind"})

Values = Mapping[str, Any]


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


# ---- facts and keys --------------------------------------------------------------------------------------------------


def facts_of(values: Values) -> tuple[tuple[str, str], ...]:
    """Return (key, text) of what a document says outside components, calendars, words and test vectors."""
    return tuple((key, text) for key, _, text in _differing({}, _rest(values)))


def _facts(old: Values, new: Values) -> Iterator[Change]:
    for key, before, after in _differing(_rest(old), _rest(new)):
        yield FactChanged(key=key, before=before, after=after)


def _rest(values: Values) -> Values:
    kept = {key: value for key, value in values.items() if key not in APART}
    for which in CALENDARS:
        if which in kept:
            kept[which] = {key: value for key, value in kept[which].items() if key not in {"season", "event"}}
    return kept


def _differing(old: Any, new: Any, where: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield (key, text before, text after) of the leaves that differ; a list of plain values is one leaf."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            yield from _differing(old.get(key), new.get(key), f"{where}.{key}" if where else key)
    elif isinstance(old, dict) or isinstance(new, dict):
        old, new = (one if isinstance(one, dict) else {} for one in (old, new))
        yield from _differing(old, new, where)
    elif _is_tables(old) and _is_tables(new):
        for place in range(max(len(old), len(new))):
            pair = [rows[place] if place < len(rows) else None for rows in (old, new)]
            yield from _differing(pair[0], pair[1], f"{where}.{place + 1}")
    elif not is_alike(one=old, other=new):
        yield where, text_of(old), text_of(new)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(one, dict) for one in value)


# ---- components ------------------------------------------------------------------------------------------------------


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
        shown = [*_prices(was, part), *_limits(part, (before.plan, component_was), (after.plan, component))]
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


def _limits(part: Part, before: tuple[Plan, Component], after: tuple[Plan, Component]) -> Iterator[Change]:
    seen = set()
    by_period = _has_steps_by_period(*after)
    for slot in after[1].slots():
        old, new = (limits_of(plan=plan, component=one, period=slot.period) for plan, one in (before, after))
        words = next((price.period for price in part.prices if price.key == slot.key), {})
        own = slot.period if by_period else ""
        for step, pair in enumerate(zip(old, new, strict=False), start=1):
            if pair[0] != pair[1] and (own, step) not in seen:
                seen.add((own, step))
                yield LimitChanged(part=part, step=step, period=words if own else {}, before=pair[0], after=pair[1])


def _has_steps_by_period(plan: Plan, component: Component) -> bool:
    periods = dict.fromkeys(slot.period for slot in component.slots())
    return len({limits_of(plan=plan, component=component, period=period) for period in periods}) > 1


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


# ---- calendars -------------------------------------------------------------------------------------------------------


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
        was_event, is_event = (
            {key: text_of(value) for key, value in side.get(code, {}).items()} for side in (old, new)
        )
        keys = [key for key in dict.fromkeys([*was_event, *is_event]) if was_event.get(key) != is_event.get(key)]
        if keys:
            texts = ({key: one[key] for key in keys if key in one} for one in (was_event, is_event))
            yield EventChanged(which=which, code=code, before=next(texts), after=next(texts))


def _season(side: _Side, which: str, written: Values, name: str) -> Season:
    calendar = side.calendar(which)
    hours = hours_of(calendar=calendar, season=name, labels=side.plan.labels) if calendar else ()
    return Season(dates=text_of(written.get("dates")), hours=hours)


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


# ---- words and cases -------------------------------------------------------------------------------------------------


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
