"""Corrections of usage: choose how, see what would change, propose; decide, undo, bill anew; all of them as a list."""

from functools import partial
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from billing.operations import rebills, trials
from billing.queries import rebills as rebill_queries
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.correction_methods import GROUPS, METHODS, words_of
from cis.desk.forms.corrections import CorrectionForm, CorrectionListForm
from cis.desk.roles import BILLERS, METERERS, READERS
from cis.desk.supply import supply_of
from cis.desk.usage_inspections import found_at
from cis.kernel.errors import Refused
from cis.kernel.fixed import to_text
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from contracts.operations import usage_inspections
from contracts.queries import breaches
from metering.domain.correction_orders import Order
from metering.domain.correction_workflow import WORKFLOW
from metering.operations import corrections as operations
from metering.queries import corrections, places


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the corrections, latest first."""
    form, wanted = _wanted(request)
    page = page_context(request, partial(corrections.listed, **wanted))
    cards = page["rows"]
    context = {
        "form": form,
        "cards": cards,
        "count": corrections.count(**wanted),
        "pager": page["pager"],
        "is_filtered": any(wanted.values()),
    }
    return render(request, "desk/corrections.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    _form, wanted = _wanted(request)
    cards = corrections.listed(**wanted, most=FILE_ROWS_MOST)
    header = [
        _("Number"), _("Cause"), _("State"), _("Meter"), _("Address"), _("From"), _("To, not included"), "kWh",
        _("Proposed by"), _("Decided by"), _("Undone by"),
    ]  # fmt: skip
    rows = (
        (c.id, c.cause, c.state, c.serial, c.address, c.start_date, c.end_date, to_text(c.change_wh, places=3),
         c.proposer, c.decider, c.undoer)
        for c in cards
    )  # fmt: skip
    return csv_file("corrections.csv", header, rows)


@allow(*BILLERS, *METERERS)
def new(request: HttpRequest, account_id: int, agreement_id: int, method: str) -> HttpResponse:
    """Work out a correction at a supply; the first button shows what would change, the second proposes it."""
    if method not in METHODS:
        raise Http404
    account, agreement = supply_of(account_id, agreement_id)
    customer_operations.record_look(customer_id=account.holder.id, actor=actor_of(request), purpose=LookPurpose.BILLING)
    point = agreement.service_point_id
    (place,) = places.overview(service_point_ids=[point], at_date=today())
    meters = [(str(meter.id), meter.serial) for meter in place.meters]
    visit_id, seen = found_at(request, service_point_id=point)
    start = {"until_date": today(), "request_key": uuid4().hex, "reactive": _has_reactive(place), **seen}
    form = CorrectionForm(posted(request), way=method, meters=meters, initial=start)
    trial = None
    if request.method == "POST" and form.is_valid():
        try:
            order = _order(form, point)
            if "propose" in request.POST:
                found = usage_inspections.correct(
                    order=order, request_key=form.cleaned_data["request_key"], today=today(), actor=actor_of(request),
                    inspection_id=visit_id,
                )  # fmt: skip
                messages.success(request, _("The correction is entered."))
                return redirect("desk:correction", found)
            trial = trials.of_order(order=order, today=today(), actor=actor_of(request))
        except Refused as refusal:
            form.refuse(refusal)
    context = {
        "form": form,
        "account": account,
        "agreement": agreement,
        "place": place,
        "way": method,
        "groups": _groups(),
        "visit_id": visit_id,
        "trial": trial,
        "stays": _staying(place, form.cleaned_data["meter"], trial) if trial else [],
    }
    return render(request, "desk/correction_new.html", context)


@allow(*READERS)
def show(request: HttpRequest, correction_id: int) -> HttpResponse:
    """Show one correction: what, why, by whom, and what became of the bills."""
    with or_404():
        detail = corrections.one(correction_id=correction_id)
    actor = actor_of(request)
    case_id = breaches.of_correction(correction_id=correction_id)
    # Nobody is offered what only a second person may do.
    own = {"apply"} if actor.id == detail.card.proposer_id else set()
    own |= {"confirm_undo"} if actor.id == detail.card.undo_proposer_id else set()
    context = {
        "detail": detail,
        "card": detail.card,
        "given": words_of(detail.given),
        "rebills": rebill_queries.of_correction(correction_id=correction_id),
        "case_id": case_id,
        "actions": [
            str(one)
            for one in WORKFLOW.actions(detail.card.state, actor)
            # What is part of a case is decided there.
            if case_id is None and str(one) not in own
        ],
        "may_bill": bool(actor.roles & set(BILLERS)),
    }
    return render(request, "desk/correction.html", context)


@allow(*BILLERS, *METERERS)
def decide(request: HttpRequest, correction_id: int) -> HttpResponse:
    """Apply, drop or undo a correction; confirm that it is undone, or keep it."""
    action = request.POST.get("action", "")
    actor = actor_of(request)
    try:
        if action == "apply":
            operations.apply(correction_id=correction_id, actor=actor)
        elif action == "drop":
            operations.drop(correction_id=correction_id, actor=actor)
        elif action == "undo":
            reason = request.POST.get("reason", "")
            operations.undo(correction_id=correction_id, reason=reason, today=today(), actor=actor)
        elif action == "confirm_undo":
            operations.confirm_undo(correction_id=correction_id, actor=actor)
        elif action == "keep":
            operations.keep(correction_id=correction_id, actor=actor)
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:correction", correction_id)


@allow(*BILLERS)
def rebill(request: HttpRequest, account_id: int) -> HttpResponse:
    """Bill one account anew at once, by a run of its own."""
    try:
        run_id = rebills.rebill(account_id=account_id, today=today(), actor=actor_of(request))
    except Refused as refusal:
        tell_refusal(request, refusal)
        return redirect("desk:account", account_id)
    return redirect("desk:run", run_id)


def _order(form: CorrectionForm, service_point_id: int) -> Order:
    given = form.cleaned_data
    return Order(
        service_point_id=service_point_id,
        meter_id=int(given["meter"]),
        cause=form.method.cause,
        since_date=given["since_date"],
        until_date=given["until_date"],
        amount=form.method.amount(given),
        evidence=given["evidence"],
        given=form.given(),
        is_customer_fault=given["is_customer_fault"],
    )


def _wanted(request: HttpRequest) -> tuple[CorrectionListForm, dict[str, Any]]:
    """Return the filters, as a form and as what is asked of the query; nonsense filters nothing."""
    form = CorrectionListForm(request.GET)
    form.is_valid()
    return form, {name: form.cleaned_data.get(name, "") for name in ("state", "cause", "text")}


def _groups() -> list[tuple[Any, list[tuple[str, Any]]]]:
    """Return the ways to correct, (word of the group, [(slug, label)])."""
    return [
        (word, [(slug, one.label) for slug, one in METHODS.items() if one.group == group])
        for group, word in GROUPS.items()
    ]


def _staying(place: places.ServicePointOverview, meter: str, trial: trials.Trial) -> list[str]:
    """Return the registers of a meter that a trial leaves as they were counted, with their units."""
    changed = {part.register for part in trial.correction.parts}
    registers = [one for card in place.meters if str(card.id) == meter for one in card.registers]
    return [f"{one.code} ({one.unit})" for one in registers if one.code not in changed]


def _has_reactive(place: places.ServicePointOverview) -> bool:
    """Return whether the meter that hangs there counts reactive energy."""
    hanging = [meter for meter in place.meters if meter.hangs(today())]
    return any(register.quantity == "reactive" for meter in hanging for register in meter.registers)
