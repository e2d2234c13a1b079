"""Alarms of meters on the desk: what they said of their own, and what came of it."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cis.desk.answers import FILE_ROWS_MOST, csv_file, today
from cis.desk.forms.outages import AlarmListForm
from cis.desk.roles import READERS
from cis.desk.words import word
from cis.kernel.actors import Actor
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from complaints.queries import alarm_cases
from contracts.queries import usage_inspections
from metering.queries import meter_alarms as queries
from metering.queries import outage_places
from metering.queries.meter_alarms import AlarmRow, WantedAlarms


@allow(*READERS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List alarms, those that were heard last first."""
    form = AlarmListForm(request.GET)
    wanted = form.wanted()
    page = page_context(request, partial(queries.listed, wanted=wanted))
    context = {
        "form": form, **page, "tab": "alarms", "lines": _lines(page["rows"], actor_of(request)),
        "is_filtered": wanted != WantedAlarms(), "is_offered": outage_places.is_offered(at=today()),
    }  # fmt: skip
    return render(request, "desk/outages/alarms.html", context)


@allow(*READERS)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    header = [
        _("Meter"), _("What it says"), _("When"), _("Heard"), _("Address"), _("Transformer"), _("What came of it"),
        _("Outage"),
    ]  # fmt: skip
    rows = (
        (one.serial, word("alarm_kind", one.kind), _clock(one.occurred_at), _clock(one.received_at), one.address,
         one.transformer, word("alarm_answer", one.answer), one.outage_id or "")
        for one in queries.listed(wanted=AlarmListForm(request.GET).wanted(), most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("meter-alarms.csv", header, rows)


def _lines(rows: Sequence[AlarmRow], actor: Actor) -> list[tuple[AlarmRow, dict[str, Any]]]:
    """Return alarms with the case or the usage inspection that came of the first of their kind; two statements."""
    first = {row.first_id for row in rows if row.first_id is not None}
    found: dict[int, dict[str, Any]] = {
        one: {"case_id": case_id, "number": number}
        for one, (case_id, number) in alarm_cases.of_alarms(alarm_ids=first, actor=actor).items()
    }
    inspections = usage_inspections.of_alarms(alarm_ids=first)
    found |= {one: {"inspection_id": inspection_id} for one, inspection_id in inspections.items()}
    return [(row, found.get(row.first_id or 0, {})) for row in rows]


def _clock(at: datetime) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S")
