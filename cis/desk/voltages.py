"""Voltages on the desk: which places are thought to leave the band, and how one of them goes by the hour."""

from datetime import date
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cis.desk.answers import FILE_ROWS_MOST, csv_file, today
from cis.desk.forms.network_loads import VoltageListForm
from cis.desk.roles import READERS
from cis.kernel.fixed import to_text
from cis.platform.access import allow
from cis.platform.paging import page_context
from cis.platform.templatetags.local import day as said_day
from metering.domain.voltages import UNKNOWN
from metering.queries import voltages

MV_STEP = 5_000


@allow(*READERS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List places whose voltage is thought to leave the band, the farthest first."""
    form = VoltageListForm(_asked(request))
    wanted: dict[str, Any] = {"wanted": form.wanted(), "day": form.day(today())}
    context = {
        "form": form, **page_context(request, partial(voltages.forecasts, **wanted)), "day": wanted["day"],
        "count": voltages.count(**wanted), "view": "voltages", "is_filtered": bool(request.GET),
        "has_rule": voltages.bands(at=today()) is not None,
    }  # fmt: skip
    return render(request, "desk/network/voltages.html", context)


@allow(*READERS)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    form = VoltageListForm(_asked(request))
    header = [
        _("Day"), _("Supply"), _("Address"), _("Meter"), _("Transformer"), _("Lowest (V)"), _("Highest (V)"),
        _("Allowed from (V)"), _("Allowed to (V)"), _("Mean error (V)"), _("Known until"),
    ]  # fmt: skip
    rows = (
        (one.day_date, one.service_point, one.address, one.serial, one.transformer,
         *(to_text(mv, places=3) for mv in (one.low_mv, one.high_mv, one.least_mv, one.most_mv, one.error_mv)),
         one.known_date)
        for one in voltages.forecasts(wanted=form.wanted(), day=form.day(today()), most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("voltages.csv", header, rows)


@allow(*READERS)
@require_safe
def show(request: HttpRequest, service_point_id: int) -> HttpResponse:
    """Show the voltage that is thought to come at a place, beside what its meter said on the last day."""
    coming = voltages.of_place(service_point_id=service_point_id, since=today())
    if not coming:
        raise Http404
    last = coming[-1]
    said = voltages.hours_of(meter_id=last.meter_id, day=last.known_date)
    context = {"coming": coming, "card": last, "chart": _chart(said, last.hours_mv, last.known_date, last.day_date)}
    return render(request, "desk/network/voltage.html", context)


def _chart(said: tuple[int, ...] | None, coming: tuple[int, ...], was: date, will: date) -> dict[str, Any]:
    """Return the chart of the hours of a day that was beside those of one to come; it begins a little below them."""
    known = [one for one in (*(said or ()), *coming) if one != UNKNOWN]
    return {
        "least": (min(known) // MV_STEP - 1) * MV_STEP,
        "labels": [f"{hour:02d}" for hour in range(24)],
        "old": [None if one == UNKNOWN else one for one in said or (UNKNOWN,) * 24],
        "new": [None if one == UNKNOWN else one for one in coming],
        "words": {"old": said_day(was), "new": said_day(will), "unit": "V"},
    }


def _asked(request: HttpRequest) -> dict[str, Any]:
    return {"only": "out", **request.GET.dict()}
