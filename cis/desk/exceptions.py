"""Exceptions of usage on the desk: energy that somebody looks at, in its past; what is done is ``exception_acts``."""

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404
from cis.desk.forms.exceptions import AcceptForm, EditForm, EstimateForm, ExceptionListForm
from cis.desk.roles import METERERS, READERS
from cis.desk.words import word
from cis.kernel.fixed import to_text
from cis.platform.access import actor_of, allow
from cis.platform.forms import PageForm
from cis.platform.packs import MissingRule
from cis.platform.paging import page_context
from cis.platform.templatetags.local import day
from metering.domain.counter_estimates import Guess
from metering.domain.exception_acts import Act
from metering.operations.exception_bulk import BULK_ACTS
from metering.queries import estimation_facts, re_reads, read_changes
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
        "may_act": bool(actor_of(request).roles & set(METERERS)), "acts": BULK_ACTS,
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
    return page(request, card)


def unit(card: ExceptionCard) -> str:
    """Return the word for the unit of what was found."""
    return {"days": _("days"), "count": _("times")}.get(card.unit, card.unit)


def methods_of(card: ExceptionCard) -> tuple[str, ...]:
    """Return the methods by which the pack estimates what an exception is about; none where it says none."""
    try:
        ways = estimation_facts.ways(at=card.start_date)
    except MissingRule:
        return ()
    return tuple(one.value for one in (ways.days if card.is_interval else ways.counters))


def page(request: HttpRequest, card: ExceptionCard, **forms: PageForm) -> HttpResponse:
    """Show one exception; ``forms`` are those that were refused, by the name of their act."""
    spans = queries.past(card=card)
    actor = actor_of(request)
    may_act = bool(actor.roles & set(METERERS))
    acts = card.acts if may_act else frozenset()
    methods = methods_of(card) if Act.ESTIMATE in acts else ()
    context = {
        "card": card, "spans": spans, "unit": unit(card), "measure": _number(card, card.measure),
        "bound": _number(card, card.bound), "chart": _chart(card, spans),
        "accept_form": forms.get("accept") or AcceptForm(), "edit_form": forms.get("edit") or EditForm(),
        "estimate_form": forms.get("estimate") or EstimateForm(methods=methods), "shown": next(iter(forms), ""),
        "changes": read_changes.of_exception(exception_id=card.id), "my_id": actor.person_id,
        "visits": re_reads.of_exception(exception_id=card.id), "offers": _offers(card) if methods else (),
        "may_act": may_act, "may_accept": Act.ACCEPT in acts, "may_edit": Act.EDIT in acts,
        "may_estimate": bool(methods), "may_visit": Act.VISIT in acts,
    }  # fmt: skip
    return render(request, "desk/exceptions/exception.html", context)


def _offers(card: ExceptionCard) -> tuple[Guess, ...]:
    """Return what each method gives for a counter value."""
    if card.is_interval:
        return ()
    return estimation_facts.offers(
        service_point_id=card.service_point_id, register_id=card.register_id, on=card.about.read_date
    )


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
