"""Figures of cases: by month, class and cause, how long each state takes, what was kept and settled at once."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from accounts.queries import teams
from accounts.queries.teams import TeamCard
from cis.desk.answers import csv_file, today
from cis.desk.case_quality_words import BY, PRICES
from cis.desk.cases import rules_or_none
from cis.desk.forms.case_figures import FiguresForm, cause_names, class_names, query_of_span, span_of
from cis.desk.forms.complaints import language
from cis.desk.roles import READERS
from cis.desk.words import word
from cis.kernel.periods import add_months
from cis.platform.access import actor_of, allow
from complaints.domain.figures import WAITING, By
from complaints.domain.kinds import CaseKind
from complaints.queries import rules as case_rules
from complaints.queries import statistics
from complaints.queries.statistics import Figures, Span

TENTHS_OF_HOUR = 360
SHOWN = 12


@allow(*READERS)
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Show the figures of a span, each leading to the cases behind it."""
    known = teams.listed()
    span, by, found = _found(request)
    areas = statistics.areas(actor=actor_of(request))
    rules, lang = rules_or_none(), language()
    names = names_of(by, known, class_names(rules, lang))
    causes, classes = cause_names(rules, lang), class_names(rules, lang)
    kinds = [kind.value for kind in CaseKind]
    months = _months(span)
    counted = {(month, kind): count for month, kind, count in found.by_month}
    context: dict[str, Any] = {
        "form": FiguresForm(_shown(span, by), areas=areas, teams=known), "span": span, "by": by,
        "by_word": BY[by], "found": found, "total": sum(counted.values()), "tab": "figures",
        "query": request.GET.urlencode(), "is_filtered": bool(request.GET),
        "kinds": kinds,
        "months": [
            (month, [(counted.get((month, kind), 0), _list(span, since=f"{month:%Y-%m}", until=f"{month:%Y-%m}",
             kind=kind)) for kind in kinds])
            for month in reversed(months)
        ],
        "classes": [
            (classes.get(code, code), count, _list(span, **{"class": code}) if code else "")
            for code, count in found.by_class[:SHOWN]
        ],
        "causes": [
            (causes.get(one.cause, one.cause), names.get(one.of, one.of), one,
             _list(span, cause=one.cause, by=by.value, of=one.of))
            for one in found.causes
        ],
        "stays": [(state_word(one.state), one.count, _hours(one.median), _hours(one.ninetieth)) for one in found.stays],
        "chart": {
            "labels": [f"{month:%Y-%m}" for month in months],
            "series": [
                {"name": str(word("case_kind", kind)), "values": [100 * counted.get((m, kind), 0) for m in months]}
                for kind in kinds if any(counted.get((m, kind)) for m in months)
            ],
            "words": {"symbol": ""},
        },
    }  # fmt: skip
    return render(request, "desk/cases/figures.html", context)


@allow(*READERS)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give all figures as a file: one line each, with its table."""
    _span, by, found = _found(request)
    rules, lang = rules_or_none(), language()
    causes, classes = cause_names(rules, lang), class_names(rules, lang)
    names = names_of(by, teams.listed(), classes)
    header = [_("Figure"), _("Of what"), _("Counted by"), pgettext("complaint", "Cases"), _("More"), _("And more")]
    rows: list[tuple[object, ...]] = [
        *((_("By month"), f"{month:%Y-%m}", word("case_kind", kind), count) for month, kind, count in found.by_month),
        *((_("By class of case"), classes.get(code, code), "", count) for code, count in found.by_class),
        *((_("Causes by"), causes.get(c.cause, c.cause), names.get(c.of, c.of), c.count, c.liable, c.repeated)
          for c in found.causes),
        *((_("Hours in state"), state_word(s.state), "", s.count, _hours(s.median), _hours(s.ninetieth))
          for s in found.stays),
        *((_("In time"), word("standard", k.standard), "", k.share.whole, k.share.part, k.share.percent)
          for k in found.kept),
        *((_("Quality"), q.team, "", q.count, q.mean) for q in found.quality),
        (_("Settled at the first contact"), "", "", found.at_once.whole, found.at_once.part, found.at_once.percent),
        (_("Opened again"), "", "", found.reopened.whole, found.reopened.part, found.reopened.percent),
    ]  # fmt: skip
    return csv_file("case-figures.csv", header, rows)


def names_of(by: By, known: tuple[TeamCard, ...], classes: Mapping[str, str]) -> Mapping[str, Any]:
    """Return what the values are called by which causes are counted."""
    if by is By.CLASS:
        return {**classes, "": _("No class")}
    if by is By.TEAM:
        return {**{str(one.id): one.name for one in known}, "": _("No team")}
    if by is By.PRICE:
        return PRICES
    return {"": _("no district") if by is By.AREA else _("Not known")}


def state_word(state: str) -> str:
    """Return what a state is called in figures: what waits for its caller is its own."""
    return str(_("Waits for the caller") if state == WAITING else word("case", state))


def _found(request: HttpRequest) -> tuple[Span, By, Figures]:
    span = span_of(request.GET)
    by = span.by or By.CLASS
    price_days = case_rules.figure_rules(at=today()).price_days
    return span, by, statistics.figures(
        span=span, by=by, price_days=price_days, at=timezone.now(), actor=actor_of(request)
    )  # fmt: skip


def _shown(span: Span, by: By) -> dict[str, str]:
    return {
        "since": f"{span.since:%Y-%m}", "until": f"{add_months(span.until, -1):%Y-%m}", "kind": span.kind,
        "area": span.area, "team": str(span.team_id or ""), "by": by.value,
    }  # fmt: skip


def _months(span: Span) -> list[date]:
    found: list[date] = []
    month = span.since
    while month < span.until:
        found.append(month)
        month = add_months(month, 1)
    return found


def _list(span: Span, **more: str) -> str:
    """Return the address of the cases behind a figure."""
    query = query_of_span(span, **more)
    return reverse("desk:cases", query={"state": "all", "figure": query})


def _hours(seconds: int) -> str:
    tenths = (2 * seconds + TENTHS_OF_HOUR) // (2 * TENTHS_OF_HOUR)
    return f"{tenths // 10}.{tenths % 10}"
