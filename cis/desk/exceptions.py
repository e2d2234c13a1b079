"""Exceptions of usage on the desk: energy that somebody looks at, in its past, and accepts with a reason."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, tell_refusal
from cis.desk.forms.exceptions import AcceptForm, ExceptionListForm
from cis.desk.roles import METERERS, READERS
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.kernel.fixed import to_text
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.templatetags.local import day
from metering.operations import exceptions as operations
from metering.queries import exceptions as queries
from metering.queries.exceptions import ExceptionCard, PastSpan, Wanted


@allow(*READERS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List exceptions, the latest first; who chose no state sees what is to be looked at."""
    form = ExceptionListForm(_asked(request))
    wanted = form.wanted()
    context = {
        "form": form, **page_context(request, partial(queries.listed, wanted=wanted)),
        "count": queries.count(wanted=wanted), "is_filtered": wanted != Wanted(state="open"),
    }  # fmt: skip
    return render(request, "desk/exceptions/list.html", context)


@allow(*READERS)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    wanted = ExceptionListForm(_asked(request)).wanted()
    header = [
        _("Number"), _("What is doubtful"), _("Severity"), _("State"), _("Meter"), _("Register"), _("Supply"),
        _("Address"), _("From"), _("To, not included"), _("It shows on"), _("Number found"), _("Held against"),
        _("Unit"), _("Accepted by"), _("Reason"),
    ]  # fmt: skip
    rows = (
        (c.id, word("exception_code", c.code), word("exception_severity", c.severity), word("exception", c.state),
         c.serial, c.register, c.service_point, c.address, c.start_date, c.end_date, c.fact_date,
         _number(c, c.measure), _number(c, c.bound), unit(c) if c.measure is not None else "", c.decider, c.reason)
        for c in queries.listed(wanted=wanted, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("exceptions.csv", header, rows)


@allow(*READERS)
@require_safe
def show(request: HttpRequest, exception_id: int) -> HttpResponse:
    """Show one exception with the past that it is seen in."""
    with or_404():
        card = queries.one(exception_id=exception_id)
    return _page(request, card, AcceptForm())


@allow(*METERERS)
@require_POST
def accept(request: HttpRequest, exception_id: int) -> HttpResponse:
    """Accept an exception: it is right as it is, and why."""
    with or_404():
        card = queries.one(exception_id=exception_id)
    form = AcceptForm(request.POST)
    if form.is_valid():
        try:
            operations.accept(exception_id=exception_id, reason=form.cleaned_data["reason"], actor=actor_of(request))
        except Refused as refusal:
            tell_refusal(request, refusal)
        else:
            messages.success(request, _("Accepted. It is not asked again while it says the same."))
        return redirect("desk:exception", exception_id)
    return _page(request, card, form)


def unit(card: ExceptionCard) -> str:
    """Return the word for the unit of what was found."""
    return {"days": _("days"), "count": _("times")}.get(card.unit, card.unit)


def _page(request: HttpRequest, card: ExceptionCard, form: AcceptForm) -> HttpResponse:
    spans = queries.past(card=card)
    context = {
        "card": card, "form": form, "spans": spans, "unit": unit(card), "measure": _number(card, card.measure),
        "bound": _number(card, card.bound), "chart": _chart(card, spans),
        "may_accept": card.is_acceptable and bool(actor_of(request).roles & set(METERERS)),
    }  # fmt: skip
    return render(request, "desk/exceptions/exception.html", context)


def _chart(card: ExceptionCard, spans: tuple[PastSpan, ...]) -> dict[str, Any]:
    """Return the energy a day of each span, in thousandths of the unit; what is meant stands out."""
    is_demand = card.quantity == "demand"
    return {
        "labels": [day(span.start_date) for span in spans],
        "values": [span.energy_wh if is_demand else span.wh_per_day for span in spans],
        "meant": [span.is_meant for span in spans],
        "estimated": [span.is_estimated for span in spans],
        "words": {
            "value": card_unit(card), "estimated": _("estimated"), "meant": _("this one"),
            "nothing": _("not approved"),
        },
    }  # fmt: skip


def card_unit(card: ExceptionCard) -> str:
    """Return the unit of the chart: energy a day, or the demand itself."""
    if card.quantity == "demand":
        return "kW"
    return _("kvarh a day") if card.quantity == "reactive" else _("kWh a day")


def _number(card: ExceptionCard, value: int | None) -> str:
    if value is None:
        return ""
    return to_text(value, places=3) if card.is_energy else str(value)


def _asked(request: HttpRequest) -> dict[str, Any]:
    return {"state": "open", **request.GET.dict()}
