"""Corrections of usage: choose how, see what would change, propose; decide, undo, bill anew; all of them as a list."""

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.queries import accounts
from billing.operations import rebills, trials
from billing.queries import rebills as rebill_queries
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.corrections import METHODS, CorrectionForm
from cis.desk.roles import BILLERS, METERERS, READERS
from cis.desk.words import CORRECTION_CAUSES, CORRECTION_STATES
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from contracts.queries import agreements
from contracts.queries.agreements import UnknownAgreement
from metering.domain.correction_factors import shown
from metering.domain.correction_orders import Order
from metering.domain.correction_workflow import WORKFLOW
from metering.operations import corrections as operations
from metering.queries import corrections, places

PAGE = 50


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the corrections, latest first."""
    filters = _filters(request)
    context = {
        "cards": corrections.listed(**filters, most=PAGE),
        "count": corrections.count(**filters),
        "filters": filters,
        "causes": CORRECTION_CAUSES,
        "states": CORRECTION_STATES,
    }
    return render(request, "desk/corrections.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    cards = corrections.listed(**_filters(request), most=FILE_ROWS_MOST)
    rows = (
        (
            c.id,
            str(c.cause),
            str(c.state),
            c.serial,
            c.address,
            c.start_date,
            c.end_date,
            c.change_wh,
            c.proposer,
            c.decider,
        )
        for c in cards
    )
    head = ("id", "cause", "state", "meter", "address", "from", "until", "change_wh", "proposed_by", "decided_by")
    return csv_file("corrections.csv", head, rows)


@allow(*BILLERS, *METERERS)
def new(request: HttpRequest, account_id: int, agreement_id: int, method: str) -> HttpResponse:
    """Work out a correction at a supply; the first button shows what would change, the second proposes it."""
    if method not in METHODS:
        raise Http404
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
        agreement = agreements.card(agreement_id=agreement_id)
        if agreement.account_id != account_id:
            raise UnknownAgreement(f"There is no agreement {agreement_id}.")
    point = agreement.service_point_id
    (place,) = places.overview(service_point_ids=[point], at_date=today())
    meters = [(str(meter.id), meter.serial) for meter in place.meters]
    form = CorrectionForm(
        posted(request),
        method=METHODS[method],
        meters=meters,
        initial={"until_date": today(), "request_key": uuid4().hex},
    )
    trial = None
    if request.method == "POST" and form.is_valid():
        try:
            order = _order(form, point)
            if "propose" in request.POST:
                found = operations.propose(
                    order=order, request_key=form.cleaned_data["request_key"], today=today(), actor=actor_of(request)
                )
                messages.success(request, _("The correction is entered."))
                return redirect("desk:correction", found)
            trial = trials.of_order(order=order, today=today(), actor=actor_of(request))
        except Refused as refusal:
            form.refuse(refusal)
    context = {
        "form": form,
        "account": account,
        "agreement": agreement,
        "method": method,
        "methods": METHODS,
        "trial": trial,
        "factor": shown(trial.correction.factor) if trial and trial.correction.factor else None,
    }
    return render(request, "desk/correction_new.html", context)


@allow(*READERS)
def show(request: HttpRequest, correction_id: int) -> HttpResponse:
    """Show one correction: what, why, by whom, and what became of the bills."""
    with or_404():
        detail = corrections.one(correction_id=correction_id)
    context = {
        "detail": detail,
        "card": detail.card,
        "factor": shown(detail.factor) if detail.factor else None,
        "rebills": rebill_queries.of_correction(correction_id=correction_id),
        "actions": [str(action) for action in WORKFLOW.actions(detail.card.state, actor_of(request))],
        "may_bill": bool(actor_of(request).roles & set(BILLERS)),
    }
    return render(request, "desk/correction.html", context)


@allow(*BILLERS, *METERERS)
def decide(request: HttpRequest, correction_id: int) -> HttpResponse:
    """Apply, drop or undo a correction."""
    action = request.POST.get("action", "")
    actor = actor_of(request)
    try:
        if action == "apply":
            operations.apply(correction_id=correction_id, actor=actor)
        elif action == "drop":
            operations.drop(correction_id=correction_id, actor=actor)
        elif action == "undo":
            operations.undo(correction_id=correction_id, reason=request.POST.get("reason", ""), actor=actor)
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


def _filters(request: HttpRequest) -> dict[str, Any]:
    return {name: request.GET.get(name, "") for name in ("state", "cause", "text")}
