"""
Changes of a tariff, its steps and hours in sentences, each with its values apart, so that doors can translate them.

A sentence is an English text with names for its values; values are texts, words by language, or sentences themselves.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from cis.kernel import fixed
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
from tariffs.domain.outline import Limit, Part, Price, Span, Words
from tariffs.domain.time_of_use import DAY_TYPES, DayType
from tariffs.domain.words import FACTS, KEYS, KINDS, TABLES, VALUES, _

Value: TypeAlias = "str | Sentence | Labels | Joined"
PLACES = 3


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text that is translated, with the values that it names as %(name)s."""

    text: str
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Labels:
    """Words by language."""

    words: Words


@dataclass(frozen=True, slots=True)
class Joined:
    """Values one after another."""

    values: Sequence[Value]
    by: str = ", "


def say(value: Value, *, language: str = "en", translate: Callable[[str], str] = str) -> str:
    """Return a value in a language; ``translate`` gives the sentence of that language for an English one."""
    if isinstance(value, str):
        return value
    if isinstance(value, Labels):
        return value.words.get(language) or next(iter(value.words.values()), "")
    if isinstance(value, Joined):
        return value.by.join(say(one, language=language, translate=translate) for one in value.values)
    said = {name: say(one, language=language, translate=translate) for name, one in value.values.items()}
    return translate(value.text) % said if said else translate(value.text)


def section_of(change: Change) -> str:
    """Return under which heading a change stands."""
    return SECTIONS[type(change)]


def place_of(change: Change) -> int:
    """Return the place of a change in a list by headings."""
    return list(SECTIONS.values()).index(SECTIONS[type(change)])


def sentence_of(change: Change) -> Sentence:
    """Return the sentence of a change."""
    return SENTENCES[type(change)](change)


def _fact(change: FactChanged) -> Sentence:
    before, after = (value_of(key=change.key, text=text) for text in (change.before, change.after))
    return _from_to(fact_name(change.key), before, after)


def _rule(change: RuleChanged) -> Sentence:
    what = Sentence(_("%(part)s, %(key)s"), {"part": _called(change.part), "key": rule_name(change.key)})
    return _from_to(what, *(value_of(key=change.key, text=text) for text in (change.before, change.after)))


def _order(change: OrderChanged) -> Sentence:
    return _from_to(Sentence(_("Order of the components")), ", ".join(change.before), ", ".join(change.after))


def _words(change: WordsChanged) -> Sentence:
    before, after = (" / ".join(words.values()) for words in (change.before, change.after))
    return _from_to(Sentence(_("Words of %(key)s"), {"key": change.key}), before, after)


def _from_to(what: Value, before: Value, after: Value) -> Sentence:
    values: dict[str, Value] = {"what": what, "before": before, "after": after}
    if not before:
        return Sentence(_("%(what)s: %(after)s (new)"), values)
    if not after:
        return Sentence(_("%(what)s: no longer (before: %(before)s)"), values)
    return Sentence(_("%(what)s: %(before)s → %(after)s"), values)


def fact_name(key: str) -> Value:
    """Return the words of a key outside components."""
    return _name(FACTS, key)


def rule_name(key: str) -> Value:
    """Return the words of a key of a component."""
    return _name(KEYS, key)


def value_of(*, key: str, text: str) -> Value:
    """Return the value of a key in words, the text itself where it has none."""
    if key in TABLES:
        return _table(*TABLES[key], text)
    words = VALUES.get(key, {})
    parts = text.split(", ") if words else []
    if any(part in words for part in parts):
        return Joined(tuple(Sentence(words[part]) if part in words else part for part in parts))
    return text


def _table(pattern: str, sentence: str, text: str) -> Value:
    """Return a table, or a list of them, as a sentence each; the text itself where it looks otherwise."""
    found = list(re.finditer(pattern, text))
    if ", ".join(one.group() for one in found) != text:
        return text
    rows = [Sentence(sentence, {name: _numbers(value) for name, value in one.groupdict().items()}) for one in found]
    return Joined(rows, by="; ")


def _numbers(text: str) -> str:
    """Return numbers of a document with thousands apart, as "1,200 / 0"; one that stands for all of them once."""
    shown = [quantity(fixed.parse(one, places=PLACES)) for one in text.split(", ")]
    return shown[0] if len(set(shown)) == 1 else " / ".join(shown)


def _name(words: Mapping[str, str], key: str) -> Value:
    """Return the words of a key; those of its beginning with the rest as written; else the key."""
    head, _dot, rest = key.partition(".")
    if key in words:
        return Sentence(words[key])
    return Joined((Sentence(words[head]), f"({rest})"), by=" ") if head in words else key


def _called(part: Part) -> Value:
    return Labels(part.labels) if part.labels else part.code


# ---- prices and steps ------------------------------------------------------------------------------------------------

PER = {
    "none": "",
    "year": _("a year"),
    "season": _("a season"),
    "month": _("a month"),
    "day": _("a day"),
    "kw": _("per kW and month"),
    "kw_day": _("per kW and day"),
    "segment": _("in the bill"),
    "": "",
}


def quantity(value: int) -> str:
    """Return a quantity of 3 decimals as "3,120.5"."""
    whole, _dot, rest = fixed.to_text(value, places=PLACES).partition(".")
    shown = f"{int(whole):,}" if whole != "-0" else "-0"
    return f"{shown}.{rest.rstrip('0')}" if rest.strip("0") else shown


def _end(limit: Limit) -> Value:
    per = (Sentence(PER[limit.per]),) if PER[limit.per] else ()
    return Joined((f"{quantity(limit.value)} {limit.unit}", *per), by=" ")


def step_of(price: Price) -> Value:
    """Return which step a price belongs to, "" for a price without steps."""
    if not price.step:
        return ""
    low, high = price.low, price.high
    values: dict[str, Value] = {"step": str(price.step)}
    if low is not None:
        is_alike = high is not None and (low.unit, low.per) == (high.unit, high.per)
        values["low"] = quantity(low.value) if is_alike else _end(low)
    if high is not None:
        values["high"] = _end(high)
        if low is not None:
            return Sentence(_("step %(step)s above %(low)s up to %(high)s"), values)
        return Sentence(_("step %(step)s up to %(high)s"), values)
    return Sentence(_("step %(step)s above %(low)s") if low is not None else _("step %(step)s"), values)


def _at(part: Part, price: Price) -> Value:
    """Return where a price stands: its component, step and period."""
    period = Labels(price.period) if price.period else ""
    return Joined(tuple(value for value in (_called(part), step_of(price), period) if value))


def _amount(price: Price) -> Value:
    if price.text is None:
        return Sentence(_("not known"))
    return f"{price.text} {price.unit}"


def _price(change: PriceChanged) -> Sentence:
    shown = change.after or change.before
    if shown is None:
        raise ValueError("a price that is neither before nor after")
    what = _at(change.part, shown)
    before = "" if change.before is None else _amount(change.before)
    after = "" if change.after is None else _amount(change.after)
    if change.before is None or change.after is None or change.before.unit != change.after.unit:
        return _from_to(what, before, after)
    percent = _percent(change.before.price_e6, change.after.price_e6)
    if change.before.text is None or percent is None:
        return _from_to(what, before, after)
    values: dict[str, Value] = {"what": what, "before": change.before.text, "after": after, "percent": percent}
    return Sentence(_("%(what)s: %(before)s → %(after)s (%(percent)s %%)"), values)


def _percent(before_e6: int | None, after_e6: int | None) -> str | None:
    """Return by how many percent a price changes, with a sign and one decimal; None where that says nothing."""
    if not before_e6 or after_e6 is None:
        return None
    over, under = 2000 * (after_e6 - before_e6), 2 * abs(before_e6)
    tenths = (abs(over) + abs(before_e6)) // under
    return f"{'+' if over > 0 else '-'}{fixed.to_text(tenths, places=1)}"


def _limit(change: LimitChanged) -> Sentence:
    values: dict[str, Value] = {
        "part": Joined(tuple(v for v in (_called(change.part), change.period and Labels(change.period)) if v)),
        "step": str(change.step),
        "before": _end(change.before),
        "after": _end(change.after),
    }
    return Sentence(_("%(part)s: step %(step)s ends at %(after)s (before: %(before)s)"), values)


def _part(change: PartChanged) -> Sentence:
    part = change.after or change.before
    if part is None:
        raise ValueError("a component that is neither before nor after")
    values: dict[str, Value] = {"part": _called(part), "kind": kind_of(part.kind), "prices": _listed(part)}
    if change.before is not None and change.after is not None:
        return _from_to(_called(part), kind_of(change.before.kind), kind_of(change.after.kind))
    if change.after is None:
        return Sentence(_("No longer charged: %(part)s (%(kind)s)%(prices)s"), values)
    return Sentence(_("New: %(part)s (%(kind)s)%(prices)s"), values)


def kind_of(kind: str) -> Value:
    """Return what a kind of component is, in words."""
    return Sentence(KINDS[kind]) if kind in KINDS else kind


def _listed(part: Part) -> Value:
    """Return the prices of a component behind a colon, "" for one without prices."""
    if not part.prices:
        return ""
    rows = []
    for price in part.prices:
        where = tuple(v for v in (step_of(price), price.period and Labels(price.period)) if v)
        rows.append(Joined((*((Joined(where),) if where else ()), _amount(price)), by=" "))
    return Joined((": ", Joined(rows, by="; ")), by="")


# ---- calendars -------------------------------------------------------------------------------------------------------

DAYS = {
    DayType.WEEKDAY: _("Monday to Friday"),
    DayType.SATURDAY: _("Saturday"),
    DayType.SUNDAY: _("Sunday"),
    DayType.HOLIDAY: _("public holidays"),
}
WEEKEND = (DayType.SATURDAY, DayType.SUNDAY)
CALENDAR_OF = {"time_of_use": _("Season %(name)s"), "demand": _("Season of demand %(name)s")}
EVENT_OF = {"time_of_use": _("Event %(name)s"), "demand": _("Event of demand %(name)s")}


def days_of(days: Sequence[DayType]) -> Value:
    """Return kinds of days in words."""
    if set(days) == set(DAY_TYPES):
        return Sentence(_("all days"))
    if set(days) == set(WEEKEND):
        return Sentence(_("weekends"))
    return Joined(tuple(Sentence(DAYS[day]) for day in days))


def clock(half_hours: int) -> str:
    """Return a time of day as "22:30"."""
    return f"{half_hours // 2:02d}:{half_hours % 2 * 30:02d}"


def hours_of_span(span: Span) -> str:
    """Return the hours of a span, as "22:00-06:00"."""
    return f"{clock(span.start)}-{clock(span.end)}"


def _season(season: Season | None) -> Value:
    """Return dates and hours of a season, "" for none."""
    if season is None:
        return ""
    rows = [Joined((days_of(s.days), hours_of_span(s), Labels(s.period)), by=" ") for s in season.hours]
    return Joined((season.dates, *rows), by="; ")


def _hours(change: HoursChanged) -> Sentence:
    values: dict[str, Value] = {
        "season": Sentence(CALENDAR_OF[change.which], {"name": change.season}),
        "days": days_of(change.span.days),
        "hours": hours_of_span(change.span),
        "before": Labels(change.before),
        "after": Labels(change.span.period),
    }
    return Sentence(_("%(season)s, %(days)s, %(hours)s: %(before)s → %(after)s"), values)


def _dates(change: SeasonChanged) -> Sentence:
    what = Sentence(CALENDAR_OF[change.which], {"name": change.name})
    if change.before is not None and change.after is not None:
        return _from_to(what, change.before.dates, change.after.dates)
    return _from_to(what, _season(change.before), _season(change.after))


def _event(change: EventChanged) -> Sentence:
    what = Sentence(EVENT_OF[change.which], {"name": change.code})
    return _from_to(what, _keys(change.before), _keys(change.after))


def _keys(words: Words) -> Value:
    """Return the keys of an event with their texts, "" for none."""
    rows = [Joined((_name(KEYS, key), text), by=" ") for key, text in words.items() if key != "code"]
    return Joined(rows, by="; ") if rows else ""


def _case(change: CaseChanged) -> Sentence:
    what = Sentence(_("Case “%(name)s” expects"), {"name": change.name})
    if change.before == change.after:
        return Sentence(_("Case “%(name)s” has other inputs or lines"), {"name": change.name})
    return _from_to(what, change.before or "", change.after or "")


SECTIONS: Mapping[type, str] = {
    FactChanged: _("Validity and text"),
    PriceChanged: _("Prices and steps"),
    LimitChanged: _("Prices and steps"),
    PartChanged: _("Components and rules"),
    RuleChanged: _("Components and rules"),
    OrderChanged: _("Components and rules"),
    HoursChanged: _("Hours"),
    SeasonChanged: _("Hours"),
    EventChanged: _("Hours"),
    WordsChanged: _("Words"),
    CaseChanged: _("Test cases"),
}
SENTENCES: Mapping[type, Callable[..., Sentence]] = {
    FactChanged: _fact,
    PriceChanged: _price,
    LimitChanged: _limit,
    PartChanged: _part,
    RuleChanged: _rule,
    OrderChanged: _order,
    HoursChanged: _hours,
    SeasonChanged: _dates,
    EventChanged: _event,
    WordsChanged: _words,
    CaseChanged: _case,
}
