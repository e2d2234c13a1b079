"""How long applications take: share in time of each step and of all by month, median days, what waits for whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cis.desk.answers import FILE_ROWS_MOST, csv_file, today
from cis.desk.application_words import APPLICATION_CLASSES, STANDARDS, TURN_OUTCOMES
from cis.desk.forms.customers import choices
from cis.desk.roles import READERS
from cis.desk.words import word
from cis.kernel.fixed import to_text
from cis.platform.access import allow
from cis.platform.forms import DayField, PageForm
from cis.platform.paging import page_context
from cis.platform.templatetags.local import month as month_name
from contracts.domain.application_workflow import STANDARDS as STEPS
from contracts.domain.application_workflow import StandardClass
from contracts.queries import application_figures as figures
from contracts.queries.application_figures import Figure, Outcome, Report, Step, Turn, WantedTurns

_STANDARDS: Final = {one.key: STANDARDS[one.key] for one in STEPS}


class SpanForm(PageForm):
    """The span that is looked at."""

    since = DayField(label=gettext_lazy("From"), required=False)
    until = DayField(label=gettext_lazy("Until"), required=False)


class FiguresForm(SpanForm):
    """The span, and of which supplies."""

    standard_class = forms.ChoiceField(
        label=gettext_lazy("Class"), required=False, choices=choices(APPLICATION_CLASSES, empty=gettext_lazy("All"))
    )


class TurnsForm(FiguresForm):
    """Filters of the list of turns."""

    standard = forms.ChoiceField(
        label=gettext_lazy("Standard"), required=False, choices=choices(_STANDARDS, empty=gettext_lazy("All"))
    )
    outcome = forms.ChoiceField(
        label=gettext_lazy("How it ended"), required=False, choices=choices(TURN_OUTCOMES, empty=gettext_lazy("All"))
    )
    field_order = ("standard", "outcome", "standard_class", "since", "until")


@dataclass(frozen=True, slots=True)
class Span:
    """A span that is one click away."""

    code: str
    query: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """One step on the page: its figures, its chart's data, and the id of the element that holds them."""

    step: Step
    chart: Mapping[str, Any]
    script_id: str


@allow(*READERS)
def show(request: HttpRequest) -> HttpResponse:
    """Show the figures by month with their charts, and what waits for whom now."""
    now = timezone.now()
    form, report = asked(request, FiguresForm)
    waits = figures.waiting(at=now)
    context: dict[str, Any] = {
        "form": form,
        "report": report,
        "panels": panels(report),
        "spans": spans(report),
        "standard_class": form.cleaned_data.get("standard_class", "") if form.is_valid() else "",
        "query": span_query(report),
        "waits": waits,
        "waits_late": sum(one.late for one in waits),
    }
    return render(request, "desk/application_figures.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the figures as a file: each step by month, then each class over the span."""
    _form, report = asked(request, FiguresForm)
    header = [
        _("Standard"), _("Class"), _("Month"), _("From"), _("Until"), _("In time"), _("Late"), _("Sent back"), "%",
        _("Median"), _("Unit"), _("Still running"),
    ]  # fmt: skip
    by_month = (
        (word("standard", step.standard), "", f"{one.since:%Y-%m}", one.since, one.until, *_counts(one.figure, step))
        for step in report.steps
        for one in step.months
    )
    by_class = (
        (word("standard", line.standard), word("application_class", line.standard_class), "", report.since,
         report.until, *_counts(line.figure, line))
        for line in report.classes
    )  # fmt: skip
    return csv_file("service-standards.csv", header, (*by_month, *by_class))


@allow(*READERS)
def turns(request: HttpRequest) -> HttpResponse:
    """List the turns behind a number."""
    form, wanted = _wanted(request)
    now = timezone.now()
    context = {
        "form": form,
        **page_context(request, partial(figures.turns, wanted=wanted, at=now)),
        "count": figures.count_turns(wanted=wanted, at=now),
        "wanted": wanted,
        "is_filtered": bool(request.GET),
    }
    return render(request, "desk/application_turns.html", context)


@allow(*READERS)
def turns_file(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    _form, wanted = _wanted(request)
    header = [
        _("Application"), _("Name"), _("Standard"), _("Class"), _("Began"), _("Due"), _("Ended on"), _("Time used"),
        _("Unit"), _("How it ended"), _("Sent back"),
    ]  # fmt: skip
    rows = (_cells(turn) for turn in figures.turns(wanted=wanted, at=timezone.now(), most=FILE_ROWS_MOST))
    return csv_file("service-standard-turns.csv", header, rows)


def asked(request: HttpRequest, kind: type[SpanForm]) -> tuple[SpanForm, Report]:
    """Return the form of a request and the figures of the span that it asks for."""
    form, since, until = _span(request, kind)
    code = form.cleaned_data.get("standard_class") if form.is_bound and form.is_valid() else None
    only = StandardClass(code) if code else None
    return form, figures.report(since=since, until=until, at=timezone.now(), standard_class=only)


def panels(report: Report) -> list[Panel]:
    """Return the steps with the data of their charts."""
    return [Panel(step, _chart(step), f"share-{n}") for n, step in enumerate(report.steps, start=1)]


def spans(report: Report) -> list[Span]:
    """Return the spans that are one click away."""
    here = (report.since, report.until)
    found = [(code, *figures.clipped(since=since, until=until, today=today())) for code, since, until in _spans()]
    return [
        Span(code, urlencode({"since": since, "until": until}), (since, until) == here) for code, since, until in found
    ]


def span_query(report: Report) -> str:
    """Return the span as the query of an address."""
    return urlencode({"since": report.since, "until": report.until})


def _span(request: HttpRequest, kind: type[SpanForm]) -> tuple[SpanForm, date, date]:
    form = kind(request.GET or None)
    given = form.cleaned_data if form.is_bound and form.is_valid() else {}
    until = given.get("until") or today()
    since = given.get("since") or _year_before(until)
    since, until = figures.clipped(since=since, until=until, today=today())
    if given or not form.is_bound:
        # What is looked at stands in the fields, though nobody typed it.
        form = kind({**request.GET.dict(), "since": since.isoformat(), "until": until.isoformat()})
    return form, since, until


def _spans() -> list[tuple[str, date, date]]:
    now = today()
    year = now.year
    return [
        ("year", _year_before(now), now),
        ("this_year", date(year, 1, 1), now),
        ("last_year", date(year - 1, 1, 1), date(year - 1, 12, 31)),
    ]


def _year_before(until: date) -> date:
    """Return the first of the month eleven months before: twelve months with the one that runs."""
    count = until.year * 12 + until.month - 12
    return date(count // 12, count % 12 + 1, 1)


def _wanted(request: HttpRequest) -> tuple[SpanForm, WantedTurns]:
    form, since, until = _span(request, TurnsForm)
    given = form.cleaned_data if form.is_bound and form.is_valid() else {}
    outcome = given.get("outcome")
    return form, WantedTurns(
        since=since,
        until=until,
        standard=given.get("standard", ""),
        standard_class=given.get("standard_class", ""),
        outcome=Outcome(outcome) if outcome else None,
    )


def _chart(step: Step) -> dict[str, Any]:
    counts = [one.figure for one in step.months]
    return {
        "labels": [month_name(one.since) for one in step.months],
        "starts": [one.since.isoformat() for one in step.months],
        "percent": [one.percent for one in counts],
        "in_time": [one.in_time for one in counts],
        "due": [one.due for one in counts],
        "median": [one.median_hundredths for one in counts],
        "words": {
            "share": _("In time"), "median": _("Median"), "nothing": _("nothing was due"),
            "unit": word("standard_unit", step.unit),
        },
    }  # fmt: skip


def _counts(figure: Figure, of: Any) -> Sequence[object]:
    percent = _("nothing was due") if figure.percent is None else figure.percent
    median = "" if figure.median_hundredths is None else to_text(figure.median_hundredths, places=2)
    unit = word("standard_unit", of.unit)
    return (figure.in_time, figure.late, figure.sent_back, percent, median, unit, figure.running)


def _cells(turn: Turn) -> Sequence[object]:
    begun, due, ended = (
        timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else ""
        for at in (turn.started_at, turn.due_at, turn.ended_at)
    )
    used = "" if turn.used_hundredths is None else to_text(turn.used_hundredths, places=2)
    return (
        turn.number, turn.name, word("standard", turn.standard), word("application_class", turn.standard_class), begun,
        due, ended, used, word("standard_unit", turn.unit), word("turn_outcome", turn.outcome),
        _("yes") if turn.is_sent_back else "",
    )  # fmt: skip
