"""
The text of a tariff version: a TOML document, compiled into a ``Plan`` with its own test vectors.

Reading is complete: every finding is collected, unknown keys are findings, and nothing is guessed. Prices are texts
("0.617") with a unit ("yuan/kWh"), never binary fractions. The full grammar stands in cis/packs/README.md.
"""

import hashlib
import json
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from cis.kernel.errors import Findings, Refused
from tariffs.domain.calendars import read_calendar, read_periods
from tariffs.domain.choice import read_choice
from tariffs.domain.grammar import Table
from tariffs.domain.lines import Component
from tariffs.domain.parts.frame import Frame
from tariffs.domain.parts.readers import read_components
from tariffs.domain.parts.tiers import read_tier_cycle
from tariffs.domain.plan import (
    TOTAL,
    WHOLE_TIME,
    DemandMetering,
    Plan,
    Scope,
    SeveralFeeds,
    SplitBy,
    UnknownBase,
    compile_plan,
)
from tariffs.domain.vectors import Vector, check_vectors, read_vectors

SCHEMA = 1
MAX_DECIMALS = 3
MONTH_MOST = 31
"""Most days of a suspension that is paid for: each run looks back a month, so that one that ended early is billed."""
LANGUAGES = ("zh", "en")
WINDOWS = (5, 10, 15, 30, 60)
MOST_DEEP = 32
"""
So deep tables and lists may lie in each other, and so many parts a dotted key may have: what the reader of the
standard library needs grows with the square of them, and readers of values go down by calling themselves.
"""
_LONG_KEY = re.compile(
    r"""(?:\.[ \t]*+(?:[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+){%d}""" % MOST_DEEP  # noqa: UP031
)


class CustomerClass(StrEnum):
    """Whom a tariff is for: the classes of the price lists."""

    RESIDENTIAL = "residential"
    COMMERCIAL = "commercial"
    INDUSTRIAL = "industrial"
    AGRICULTURAL = "agricultural"
    LIGHTING = "lighting"
    OTHER = "other"


class InvalidTariff(Refused):
    """The text of a tariff version has findings."""

    code = "invalid_tariff"


@dataclass(frozen=True, slots=True, eq=False)
class TariffDocument:
    """
    A tariff version as read.

    text       as given
    text_hash  SHA-256 of the canonical text: what the document says, whatever its layout, comments and key order
    """

    plan: Plan
    vectors: tuple[Vector, ...]
    text: str
    text_hash: str


def parse(*, text: str) -> TariffDocument:
    """
    Return the tariff version that a TOML text describes.

    :raises InvalidTariff: the text has findings; all of them are in the message and in ``detail``.
    """
    document, findings = examine(text=text)
    findings.raise_if_any(InvalidTariff)
    if document is None:
        raise InvalidTariff("The tariff cannot be read.")
    return document


def check(*, document: TariffDocument) -> Findings:
    """Return what keeps a well-formed version from being published: no vectors, or vectors that fail."""
    findings = check_vectors(plan=document.plan, vectors=document.vectors)
    if not document.vectors:
        findings.add("vector", "no_vector", "The tariff has no test vector.", "Add a case with its expected lines.")
    return findings


def examine(*, text: str) -> tuple[TariffDocument | None, Findings]:
    """Return the document and everything found in its text; the document is None if there are findings."""
    findings = Findings()
    values, text_hash = _read_toml(text, findings)
    if values is None:
        return None, findings
    table = Table(values=values, where="", findings=findings)
    plan, vectors = _read_plan(table, text_hash)
    table.close()
    if findings or plan is None:
        return None, findings
    return TariffDocument(plan=plan, vectors=vectors, text=text, text_hash=text_hash), findings


def _read_toml(text: str, findings: Findings) -> tuple[dict[str, Any] | None, str]:
    """Return the values of a text with their hash, or note why it is not read: it may come from anybody."""
    long_key = _LONG_KEY.search(text)
    if long_key:
        line = text.count("\n", 0, long_key.start()) + 1
        findings.add("", "not_toml", f"The text is not a tariff: a key has too many parts (at line {line}, column 1).")
        return None, ""
    try:
        values = tomllib.loads(text)
        if not _is_too_deep(values):
            return values, _hash_of(values)
    except ValueError as error:  # not TOML, or a number of thousands of digits
        findings.add("", "not_toml", f"The text is not TOML: {error}.")
        return None, ""
    except RecursionError:
        pass
    findings.add("", "not_toml", "The text is not a tariff: its lists or tables are nested too deep.")
    return None, ""


def _is_too_deep(values: dict[str, Any]) -> bool:
    layer: list[Any] = [values]
    for _ in range(MOST_DEEP):
        layer = [
            item
            for outer in layer
            for item in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(item, dict | list)
        ]
    return bool(layer)


def _hash_of(values: dict[str, Any]) -> str:
    """Return the SHA-256 of the canonical text: JSON in UTF-8, keys sorted, dates as YYYY-MM-DD."""
    canonical = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _read_plan(table: Table, text_hash: str) -> tuple[Plan | None, tuple[Vector, ...]]:
    """Return plan and vectors, noting every finding."""
    table.integer("schema", low=SCHEMA, high=SCHEMA)
    valid_from, valid_to = _read_validity(table)
    frame, calendar_table = _read_frame(table)
    calendar = read_calendar(table=calendar_table, periods=frame.periods)
    calendar_table.close()
    demand = _read_demand(table, frame)
    components = read_components(table=table, frame=frame)
    tier_cycle = read_tier_cycle(table=table, components=components)
    usage_split, usage_profile = _read_usage_split(table)
    suspended_least_days = _read_suspension(table)
    periods = frame.periods or TOTAL
    labels = _read_labels(table, components, (*frame.periods, *frame.demand_periods[1:]))
    try:
        plan = compile_plan(
            components=components,
            code=table.code("code"),
            name_zh=table.text("name_zh"),
            name_en=table.text("name_en"),
            legal_source=table.text("legal_source"),
            valid_from=valid_from,
            valid_to=valid_to,
            customer_class=str(table.word("customer_class", CustomerClass)) if table.has("customer_class") else "",
            area=table.text("area", required=False),
            choice=read_choice(table=table),
            currency=frame.currency,
            decimals=frame.decimals,
            periods=periods,
            calendar=calendar,
            tier_cycle=tier_cycle,
            usage_split=usage_split,
            usage_profile=usage_profile,
            demand=demand,
            suspended_least_days=suspended_least_days,
            rounding_scope=table.word("rounding", Scope),
            labels=labels,
            text_hash=text_hash,
        )
    except UnknownBase as refusal:
        table.note("component", refusal.code, refusal.message, refusal.advice)
        table.raw("vector", required=False)
        return None, ()
    return plan, read_vectors(table=table, plan=plan)


def _read_validity(table: Table) -> tuple[date, date | None]:
    """Return the first day of validity, and the first day without it or None."""
    valid_from = table.day("valid_from") or date.min
    valid_to = table.day("valid_to", required=False)
    if valid_to is not None and valid_to <= valid_from:
        table.note("valid_to", "empty_validity", "valid_to is the first day without these prices; it must be later.")
    return valid_from, valid_to


def _read_frame(table: Table) -> tuple[Frame, Table]:
    """Return what all components share, and the table of the calendar."""
    currency = table.text("currency")
    if currency and not (len(currency) == len("CNY") and currency.isascii() and currency.isupper()):
        table.note("currency", "bad_currency", f"{currency!r} is no currency code.", 'Write it as "CNY".')
    decimals = table.integer("decimals", low=0, high=MAX_DECIMALS)
    times = table.table("time_of_use", required=False)
    periods = read_periods(table=times) if table.has("time_of_use") else ()
    demand_periods = read_periods(table=table.table("demand")) if _names_demand(table) else ()
    frame = Frame(currency=currency, decimals=decimals, periods=periods, demand_periods=(WHOLE_TIME, *demand_periods))
    return frame, times


def _read_usage_split(table: Table) -> tuple[SplitBy, str]:
    """Return how usage of registers is split at an edge, and by which profile; it is not where nothing says so."""
    if not table.has("proration"):
        return SplitBy.READ, ""
    part = table.table("proration")
    found = part.word("usage", SplitBy)
    profile = part.text("profile") if found is SplitBy.PROFILE else ""
    part.text("source")
    part.close()
    return found, profile


def _read_suspension(table: Table) -> int | None:
    """Return for how many days capacity must be suspended, else it is paid for; None where nothing is said of it."""
    if not table.has("suspension"):
        return None
    part = table.table("suspension")
    least_days = part.integer("least_days", low=1, high=MONTH_MOST)
    part.text("source")
    part.close()
    return least_days


def _names_demand(table: Table) -> bool:
    """Return whether the document tells periods of demand apart."""
    return table.has("demand") and table.table("demand").has("periods")


def _read_demand(table: Table, frame: Frame) -> DemandMetering:
    """Return how demand is measured; over 15 minutes at whatever time where the document does not say it."""
    if not table.has("demand"):
        return DemandMetering()
    part = table.table("demand")
    part.raw("periods", required=False)
    window = part.integer("window_minutes", low=1, high=60, default=15)
    if window not in WINDOWS:
        part.note("window_minutes", "bad_window", f"Demand is not averaged over {window} minutes.", "Use 15, 30 or 60.")
    calendar = read_calendar(table=part, periods=frame.demand_periods[1:]) if len(frame.demand_periods) > 1 else None
    if len(frame.demand_periods) > 1 and calendar is None:
        part.note("season", "missing_key", "Periods of demand need their hours.", "Add the tables demand.season.")
    feeds = part.word("several_feeds", SeveralFeeds) if part.has("several_feeds") else None
    part.close()
    return DemandMetering(window_minutes=window, periods=frame.demand_periods, calendar=calendar, several_feeds=feeds)


def _read_labels(
    table: Table, components: tuple[Component, ...], periods: tuple[str, ...]
) -> dict[str, dict[str, str]]:
    """Return the words of every label and period of use, each in all languages of the bill."""
    part = table.table("labels")
    keys = dict.fromkeys([slot.label for component in components for slot in component.slots()] + list(periods))
    labels = {}
    for key in keys:
        words = part.table(key)
        labels[key] = {language: words.text(language) for language in LANGUAGES}
        words.close()
    part.close()
    return labels
