"""The price book, to be read: tariffs, versions, prices, and when each period of use holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from cis.desk.answers import csv_file, today
from cis.desk.roles import READERS
from cis.kernel import fixed
from cis.platform.access import allow
from cis.platform.templatetags.local import in_language
from tariffs.domain.components.blocks import limits_of_step
from tariffs.domain.components.tiers import Cycle, LimitsPer, Stepped
from tariffs.domain.lines import LineSlot, price_text
from tariffs.domain.plan import Plan
from tariffs.domain.time_of_use import DAY_TYPES, Calendar
from tariffs.queries import plans
from tariffs.queries.plans import TariffCard, VersionCard

HALF_HOURS = 48
Limits = tuple[tuple[int, LimitsPer], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """One strip of 24 hours: (period of use, first half hour, half hours) in a row."""

    season: str
    days: tuple[str, ...]
    parts: tuple[tuple[str, int, int], ...]

    @property
    def texts(self) -> list[tuple[str, str]]:
        """Return the same in words: (period of use, "22:00-06:00")."""
        return [(code, f"{_clock(start)}-{_clock(start + length)}") for code, start, length in self.parts]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """One price; ``step_text`` says up to where its step goes. ``price`` None: not known yet."""

    label: str
    step: int
    step_text: str
    period: str
    price: str | None
    unit: str
    ledger: str


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the tariffs."""
    text = request.GET.get("text", "").strip()
    cards = [
        card
        for card in plans.price_book()
        if not text or text.casefold() in f"{card.code} {card.name_zh} {card.name_en}".casefold()
    ]
    rows = [{"card": card, "version": _now(card)} for card in cards]
    return render(request, "desk/tariffs.html", {"rows": rows, "text": text})


@allow(*READERS)
def show(request: HttpRequest, tariff_id: int) -> HttpResponse:
    """Show a tariff with the prices of one version: the one that holds, or the one chosen."""
    card, version = _found(request, tariff_id)
    plan = plans.compiled(version.id) if version and version.state == "published" else None
    context = {
        "card": card,
        "version": version,
        "plan": plan,
        "prices": price_rows(plan) if plan else [],
        "strips": strips(plan.calendar) if plan and plan.calendar else [],
        "allowance": _allowance(plan) if plan else None,
        "today": today(),
    }
    return render(request, "desk/tariff.html", context)


@allow(*READERS)
def export(request: HttpRequest, tariff_id: int) -> StreamingHttpResponse:
    """Give the prices of a version as a file."""
    card, version = _found(request, tariff_id)
    if version is None or version.state != "published":
        raise Http404
    header = [_("What"), _("Step"), _("Period of use"), _("Price"), _("Unit")]
    rows = ((r.label, r.step_text, r.period, r.price, r.unit) for r in price_rows(plans.compiled(version.id)))
    return csv_file(f"{card.code}.csv", header, rows)


def price_rows(plan: Plan) -> list[PriceRow]:
    """Return the prices of a plan in the order of the bill; lines that only tell a quantity have none."""
    components = {component.code: component for component in plan.components}
    return [
        _price(slot, plan, limits_of_step(component=components[slot.code], period=slot.period))
        for slot in plan.slots
        if slot.in_total or slot.price_e6 != 0
    ]


def strips(calendar: Calendar) -> list[Hours]:
    """Return the 24-hour strips of a calendar; kinds of days with the same hours share one."""
    found = []
    for season, name in enumerate(calendar.seasons):
        by_hours: dict[tuple[int, ...], list[str]] = {}
        for place, day_type in enumerate(DAY_TYPES):
            by_hours.setdefault(tuple(calendar.slots[season, place].tolist()), []).append(str(day_type))
        for slots, days in by_hours.items():
            found.append(Hours(season=name, days=tuple(days), parts=_parts(slots, calendar.periods)))
    return found


def _parts(slots: tuple[int, ...], periods: tuple[str, ...]) -> tuple[tuple[str, int, int], ...]:
    parts, start = [], 0
    for period, run in groupby(slots):
        length = len(list(run))
        parts.append((periods[period], start, length))
        start += length
    return tuple(parts)


def _price(slot: LineSlot, plan: Plan, limits: Limits) -> PriceRow:
    labels: Mapping[str, str] = plan.labels.get(slot.label, {})
    return PriceRow(
        label=in_language(dict(labels)) or slot.code,
        step=slot.step,
        step_text=_step(slot.step, limits, plan.tier_cycle.kind) if slot.step else "",
        period=in_language(dict(plan.labels.get(slot.period, {}))) if slot.period else "",
        price=None if slot.price_e6 is None else price_text(slot=slot, decimals=plan.decimals),
        unit=str(slot.unit),
        ledger=str(slot.ledger),
    )


def _step(step: int, limits: Limits, cycle: Cycle) -> str:
    if not limits:
        return str(step)
    limit_wh, per = limits[min(step, len(limits)) - 1]
    words = {
        LimitsPer.CYCLE: {Cycle.YEAR: _("a year"), Cycle.SEASON: _("a season")}.get(cycle, _("a month")),
        LimitsPer.MONTH: _("a month"),
        LimitsPer.DAY: _("a day"),
        LimitsPer.KW: _("per kW and month"),
        LimitsPer.KW_DAY: _("per kW and day"),
    }
    given = {"step": step, "limit": fixed.to_text(limit_wh, places=3).rstrip("0").rstrip("."), "per": words[per]}
    if step > len(limits):
        return _("%(step)s: above %(limit)s kWh %(per)s") % given
    return _("%(step)s: up to %(limit)s kWh %(per)s") % given


def _allowance(plan: Plan) -> dict[str, Any] | None:
    """Return by how much steps widen for large households; None if they do not."""
    found = next((c.allowances[0] for c in plan.components if isinstance(c, Stepped) and c.allowances), None)
    return {"from_persons": found.from_persons, "grow_wh": found.grow_wh} if found else None


def _found(request: HttpRequest, tariff_id: int) -> tuple[TariffCard, VersionCard | None]:
    card = next((one for one in plans.price_book() if one.id == tariff_id), None)
    if card is None:
        raise Http404
    wanted = request.GET.get("version", "")
    chosen = next((version for version in card.versions if str(version.id) == wanted), None)
    return card, chosen or _now(card) or next(iter(card.versions), None)


def _now(card: TariffCard) -> VersionCard | None:
    """Return the published version that holds today."""
    return next(
        (
            version
            for version in card.versions
            if version.state == "published"
            and version.start_date <= today()
            and (version.end_date is None or today() < version.end_date)
        ),
        None,
    )


def _clock(half_hours: int) -> str:
    return f"{half_hours // 2:02d}:{'30' if half_hours % 2 else '00'}"
