"""What the page of a tariff version shows: prices, hours as maps, test cases beside what the plan gets."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.utils.translation import get_language, gettext

from cis.kernel import fixed
from cis.platform.phrases import Words, explain
from cis.platform.templatetags.local import MONTHS, in_language
from tariffs.domain import comparison, wording
from tariffs.domain.document import TariffDocument
from tariffs.domain.editing import Field
from tariffs.domain.energy_prices import energy_prices
from tariffs.domain.heat_map import HeatMap, heat_maps
from tariffs.domain.lines import PRICE_PLACES
from tariffs.domain.outline import Part, Price, part_of, rules_of
from tariffs.domain.plan import TOTAL, Plan
from tariffs.domain.time_of_use import Calendar
from tariffs.domain.vectors import VectorResult, result_of
from tariffs.domain.wording import Value, clock

DAY_UNITS = 31
FILLS = {
    "sharp": ("sharp", "critical", "critical-peak", "super-peak"),
    "peak": ("peak", "on-peak", "high"),
    "flat": ("flat", "mid-peak", "part-peak", "shoulder", "normal", "standard"),
    "valley": ("valley", "off-peak", "low", "night"),
    "deep": ("deep", "deep-valley", "super-off-peak"),
}
"""Colours of the house for periods of use by the codes that the trade gives them."""
SPARE_FILLS = 8
TOLD = frozenset({"kind", "code", "label", "price", "prices", "fees", "unit", "steps", "limits_kwh", "limits_kw"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """One price; ``step`` says where its step ends. ``price`` None: not known yet."""

    label: str
    step: str
    period: str
    price: str | None
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartView:
    """A component: its words, what it is, its rules as (words, text), its prices."""

    label: str
    kind: str
    rules: tuple[tuple[str, str], ...]
    prices: tuple[PriceRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One coloured block of a map: place and size in half hours and days, and what it says."""

    x: int
    y: int
    width: int
    height: int
    fill: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MapView:
    """A map of 24 hours x 12 months; ``key`` names it on the page, ``hours`` says the same in words."""

    key: str
    title: str
    blocks: tuple[Block, ...]
    months: tuple[str, ...]
    hours: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodView:
    """A period of use with its colour and what a kWh costs in it, by months where that differs."""

    fill: str
    label: str
    prices: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """A test case beside what the plan gets; ``refusal`` None where it could be rated."""

    result: VectorResult
    refusal: Words | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionView:
    """All that is shown of the document of a version."""

    plan: Plan
    facts: tuple[tuple[str, str], ...]
    parts: tuple[PartView, ...]
    periods: tuple[PeriodView, ...]
    maps: tuple[MapView, ...]
    demand_periods: tuple[PeriodView, ...]
    demand_maps: tuple[MapView, ...]
    cases: tuple[CaseView, ...]

    @property
    def red(self) -> int:
        """Return how many test cases fail."""
        return sum(not case.result.is_green for case in self.cases)


def view_of(document: TariffDocument) -> VersionView:
    """Return what is shown of a document; its test cases are computed."""
    plan, values = document.plan, tomllib.loads(document.text)
    hidden = {
        "schema",
        "code",
        "name_zh",
        "name_en",
        "legal_source",
        "valid_from",
        "valid_to",
        "customer_class",
        "area",
    }
    facts = comparison.facts_of(values)
    calendar, demand = plan.calendar, plan.demand.calendar
    periods = () if plan.periods == TOTAL else plan.periods
    return VersionView(
        plan=plan,
        facts=tuple(
            (told(wording.fact_name(key)), told(wording.value_of(key=key, text=text)))
            for key, text in facts
            if key not in hidden
        ),
        parts=_parts(plan, values["component"]),
        periods=_periods(plan, periods, is_energy=True),
        maps=_maps(plan, calendar, "use", is_energy=True) if calendar else (),
        demand_periods=_periods(plan, demand.periods, is_energy=False) if demand else (),
        demand_maps=_maps(plan, demand, "demand", is_energy=False) if demand else (),
        cases=tuple(_case(result_of(plan=plan, vector=vector)) for vector in document.vectors),
    )


def told(value: Value) -> str:
    """Return a sentence of the price book in the language of the page."""
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    return wording.say(value, language=language, translate=gettext)


# ---- prices ----------------------------------------------------------------------------------------------------------


def price_rows(plan: Plan) -> list[PriceRow]:
    """Return the prices of a plan in the order of the bill; lines that only tell a quantity have none."""
    parts = (part_of(plan=plan, place=place) for place in range(len(plan.components)))
    return [_row(part, price) for part in parts for price in part.prices]


def _parts(plan: Plan, written: Sequence[Mapping[str, Any]]) -> tuple[PartView, ...]:
    found = []
    for place, values in enumerate(written):
        part = part_of(plan=plan, place=place, kind=str(values["kind"]))
        rules = tuple(
            (told(wording.rule_name(key)), _rule(plan, key, text)) for key, text in rules_of(values, told=TOLD)
        )
        rows = tuple(_row(part, price) for price in part.prices)
        found.append(PartView(label=_label(part), kind=told(wording.kind_of(part.kind)), rules=rules, prices=rows))
    return tuple(found)


def _rule(plan: Plan, key: str, text: str) -> str:
    """Return what a rule says; codes of components that something is charged on ("*" = all before) by their labels."""
    if key != "on":
        return told(wording.value_of(key=key, text=text))
    parts = (part_of(plan=plan, place=place) for place in range(len(plan.components)))
    labels = {"*": gettext("everything before it"), **{part.code: _label(part) for part in parts}}
    return ", ".join(labels.get(code, code) for code in text.split(", "))


def _label(part: Part) -> str:
    return in_language(dict(part.labels)) or part.code


def _row(part: Part, price: Price) -> PriceRow:
    return PriceRow(
        label=_label(part),
        step=told(wording.step_of(price)),
        period=in_language(dict(price.period)),
        price=price.text,
        unit=price.unit,
    )


def price_label(plan: Plan, number: Field) -> str:
    """Return what a number of a document is: component, key, step, period or base price, and unit."""
    part = part_of(plan=plan, place=number.place)
    words = {"price": "", "prices": ""}
    key = words.get(number.key, told(wording.rule_name(number.key)))
    name = _word(plan, number.name) if number.name else ""
    step = gettext("step %(step)s") % {"step": number.step} if number.step else ""
    shown = ", ".join(text for text in (_label(part), key, step, name) if text)
    return f"{shown} ({number.unit})" if number.unit and number.is_price else shown


# ---- hours -----------------------------------------------------------------------------------------------------------


def fills_of(periods: Sequence[str]) -> dict[str, str]:
    """Return the colour of each period of use: by its code where the trade has one, else by its place."""
    named = {code: fill for fill, codes in FILLS.items() for code in codes}
    found: dict[str, str] = {}
    for place, code in enumerate(periods):
        fill = named.get(code.replace("_", "-"), "")
        found[code] = fill if fill and fill not in found.values() else f"p{place % SPARE_FILLS + 1}"
    return found


def month_name(month: int) -> str:
    """Return a month in the language of the page."""
    return f"{month}月" if (get_language() or "").startswith("zh") else MONTHS[month - 1]


def _periods(plan: Plan, periods: Sequence[str], *, is_energy: bool) -> tuple[PeriodView, ...]:
    fills = fills_of(periods)
    return tuple(
        PeriodView(fill=fills[code], label=_word(plan, code), prices=_by_month(plan, code) if is_energy else "")
        for code in periods
    )


def _word(plan: Plan, code: str) -> str:
    return in_language(dict(plan.labels.get(code, {}))) or code


def _by_month(plan: Plan, period: str) -> str:
    """Return what a kWh costs in a period of use: once, or by months."""
    texts = [(month, _energy_price(plan, month, period)) for month in range(1, 13)]
    if len({text for _, text in texts}) == 1:
        return texts[0][1]
    spans = []
    for text, same in groupby(texts, key=lambda pair: pair[1]):
        months = [month for month, _ in same]
        first, last = month_name(months[0]), month_name(months[-1])
        spans.append(f"{first}{f'–{last}' if len(months) > 1 else ''}: {text}")
    return "; ".join(spans)


def _energy_price(plan: Plan, month: int, period: str) -> str:
    """Return what a kWh costs, a price for each step; "" where nothing is priced by the kWh."""
    prices = energy_prices(plan=plan, month=month, period=period)
    texts = [gettext("not known") if price is None else _price_text(price, plan.decimals) for price in prices]
    return f"{' / '.join(texts)} {plan.currency}/kWh" if texts else ""


def _price_text(price_e6: int, decimals: int) -> str:
    whole, _, rest = fixed.to_text(price_e6, places=PRICE_PLACES + decimals).partition(".")
    return f"{whole}.{rest.rstrip('0').ljust(decimals, '0')}".rstrip(".")


def _maps(plan: Plan, calendar: Calendar, key: str, *, is_energy: bool) -> tuple[MapView, ...]:
    fills = fills_of(calendar.periods)
    prices = {
        (month, code): _energy_price(plan, month, code) if is_energy else ""
        for month in range(1, 13)
        for code in calendar.periods
    }
    return tuple(
        MapView(
            key=f"{key}-{place}",
            title=_title(a_map),
            blocks=tuple(_blocks(plan, a_map, fills, prices)),
            months=tuple(month_name(month) for month in range(1, 13)),
            hours=_in_words(plan, a_map),
        )
        for place, a_map in enumerate(heat_maps(calendar=calendar), start=1)
    )


def _title(a_map: HeatMap) -> str:
    days = told(wording.days_of(a_map.days))
    days = days[:1].upper() + days[1:]
    return gettext("%(days)s with the event %(event)s") % {"days": days, "event": a_map.event} if a_map.event else days


def _blocks(
    plan: Plan, a_map: HeatMap, fills: Mapping[str, str], prices: Mapping[tuple[int, str], str]
) -> Sequence[Block]:
    blocks = []
    for place, row in enumerate(a_map.rows):
        # The last part of a month fills its row, however many days the month has.
        is_last = place + 1 == len(a_map.rows) or a_map.rows[place + 1].month != row.month
        bottom = DAY_UNITS if is_last else row.last_day
        is_whole = row.first_day == 1 and is_last
        when = month_name(row.month) if is_whole else f"{month_name(row.month)} {row.first_day}–{row.last_day}"
        for start, end, code in row.runs:
            what = " ".join(text for text in (_word(plan, code), prices[row.month, code]) if text)
            blocks.append(
                Block(
                    x=start,
                    y=(row.month - 1) * DAY_UNITS + row.first_day - 1,
                    width=end - start,
                    height=bottom - row.first_day + 1,
                    fill=fills[code],
                    text=f"{when}, {clock(start)}–{clock(end)}: {what}",
                )
            )
    return blocks


def _in_words(plan: Plan, a_map: HeatMap) -> tuple[tuple[str, str], ...]:
    """Return (when, hours) of rows that are alike, one after another."""
    found = []
    for runs, same in groupby(a_map.rows, key=lambda row: row.runs):
        rows = list(same)
        first, last = rows[0], rows[-1]
        start = month_name(first.month) + (f" {first.first_day}" if first.first_day > 1 else "")
        whole = len(rows) == 1 and first.first_day == 1
        end = month_name(last.month) + ("" if last.last_day >= 28 or whole else f" {last.last_day}")  # noqa: PLR2004 (the shortest month)
        texts = " · ".join(f"{_word(plan, code)} {clock(begin)}–{clock(stop)}" for begin, stop, code in runs)
        found.append((start if start == end else f"{start} – {end}", texts))
    return tuple(found)


# ---- test cases ------------------------------------------------------------------------------------------------------


def _case(result: VectorResult) -> CaseView:
    refused = result.refusal
    words = explain(refused.code, refused.message, refused.advice) if refused is not None else None
    return CaseView(result=result, refusal=words)
