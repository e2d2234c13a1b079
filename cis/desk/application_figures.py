"""How long applications take: share in time of each step and of all, median days, what waits for whom."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts.queries import supplier
from cis.desk.answers import csv_file, today
from cis.desk.application_words import STANDARDS, standard_parts
from cis.desk.roles import READERS
from cis.desk.words import word
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.kernel.fixed import to_text
from cis.platform import deadlines, rendering
from cis.platform.access import allow
from cis.platform.deadlines import Figures
from cis.platform.forms import DayField, PageForm
from contracts.domain.application_workflow import SUBJECT
from contracts.queries import applications

DAYS = 365


class SpanForm(PageForm):
    """The span that is looked at."""

    since = DayField(label=gettext_lazy("From"), required=False)
    until = DayField(label=gettext_lazy("Until"), required=False)


@dataclass(frozen=True, slots=True)
class Line:
    """One standard of one class with its figures."""

    standard: str
    standard_class: str
    card: Figures
    source: str

    @property
    def median(self) -> str:
        """Return the median in the unit of the standard."""
        return to_text(self.card.median_hundredths, places=2).rstrip("0").rstrip(".")


@allow(*READERS)
def show(request: HttpRequest) -> HttpResponse:
    """Show the figures, and what waits for whom now."""
    form, since, until = _span(request)
    lines = _lines(since, until)
    context: dict[str, Any] = {
        "form": form,
        "since": since,
        "until": until,
        "whole": [line for line in lines if line.standard == "connection"],
        "steps": [line for line in lines if line.standard != "connection"],
        "queues": applications.queues(at=timezone.now()),
    }
    return render(request, "desk/application_figures.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the figures as a file."""
    _form, since, until = _span(request)
    header = [_("Standard"), _("Class"), _("Within"), _("Unit"), _("Done"), _("In time"), "%", _("Median"), _("Late")]
    rows = (
        (word("standard", line.standard), word("application_class", line.standard_class), line.card.within,
         line.card.unit.value, line.card.met, line.card.in_time, line.card.percent, line.median, line.card.late_open)
        for line in _lines(since, until)
    )  # fmt: skip
    return csv_file("service-standards.csv", header, rows)


@allow(*READERS)
def paper(request: HttpRequest) -> HttpResponse:
    """Give the figures as a paper for the public; it names nobody."""
    _form, since, until = _span(request)
    context: dict[str, Any] = {"lines": _lines(since, until), "since": since, "until": until, "today": today()}
    context["supplier"] = supplier.current().name(language=get_language() or "en")
    written = rendering.pdf(template="documents/service_standards.html", css="documents/contract.css", context=context)
    answer = HttpResponse(written, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="service-standards-{since}-{until}.pdf"'
    return answer


def _span(request: HttpRequest) -> tuple[SpanForm, date, date]:
    form = SpanForm(request.GET or None)
    given = form.cleaned_data if form.is_valid() else {}
    until = given.get("until") or today()
    since = given.get("since") or until - timedelta(days=DAYS)
    return form, min(since, until), until


def _lines(since: date, until: date) -> list[Line]:
    clock, now = local_clock(settings.TIME_ZONE), timezone.now()
    cards = deadlines.figures(
        subject=SUBJECT,
        since_at=clock.day_start_utc(since),
        until_at=clock.day_start_utc(until + timedelta(days=1)),
        at=now,
    )
    lines = []
    for card in cards:
        name, found = standard_parts(card.standard)
        try:
            source = deadlines.find_standard(card.standard, at=now).source
        except Refused:
            source = ""  # the standard is not in force any more
        lines.append(Line(name, found, card, source))
    order = list(STANDARDS)
    return sorted(
        lines, key=lambda one: (order.index(one.standard) if one.standard in order else 99, one.standard_class)
    )
