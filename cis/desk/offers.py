"""Offers: their list, one with its fees and estimates, draft, send, accept for the customer, decline, paper."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_findings, today
from cis.desk.contracts import BOUNDARY, beginning
from cis.desk.forms.contracts import kva_text
from cis.desk.forms.offers import OfferForm, OfferListForm
from cis.desk.roles import CLERKS, READERS
from cis.kernel.errors import Refused
from cis.platform import typed
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from contracts.domain.application_workflow import SUBJECT as APPLICATION
from contracts.domain.applications import ApplicationKind
from contracts.domain.offer_workflow import WORKFLOW, OfferAction
from contracts.domain.terms import HIGH_VOLTAGE, MeteringSide, SupplyMode
from contracts.operations import offers as operations
from contracts.queries import applications, offers, supply_contracts
from contracts.queries.applications import ApplicationDetail
from contracts.queries.offers import WantedOffers
from metering.domain.places import Voltage

SUBJECT = "account"
"""What an offer answers that was made on the page of an account."""
CLOSING = {one.value: one for one in (OfferAction.DECLINE, OfferAction.WITHDRAW)}


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the offers, latest first."""
    form, wanted = _wanted(request)
    page = page_context(request, partial(offers.listed, wanted=wanted))
    cards = page["rows"]
    context = {
        "form": form,
        "cards": cards,
        "count": offers.count(wanted=wanted),
        "pager": page["pager"],
        "is_filtered": bool(wanted.text or wanted.state),
    }
    return render(request, "desk/offers.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    _form, wanted = _wanted(request)
    header = [
        _("Number"), _("State"), _("Customer"), _("Account"), _("Address"), _("Nature of use"),
        _("May be accepted until"),
    ]  # fmt: skip
    rows = (
        (c.reference, c.state, c.recipient, c.account_number, c.address, c.use_class, c.valid_until)
        for c in offers.listed(wanted=wanted, most=FILE_ROWS_MOST)
    )
    return csv_file("offers.csv", header, rows)


@allow(*READERS)
def show(request: HttpRequest, offer_id: int) -> HttpResponse:
    """Show an offer; looking at a customer is recorded."""
    with or_404():
        detail = offers.one(offer_id=offer_id)
    actor = actor_of(request)
    if detail.card.customer_id is not None:
        customer_operations.record_look(customer_id=detail.card.customer_id, actor=actor, purpose=LookPurpose.CONTRACT)
    context = {
        "detail": detail,
        "card": detail.card,
        "actions": WORKFLOW.actions(detail.card.state, actor),
        "contracts": supply_contracts.of_offer(offer_id=offer_id),
    }
    return render(request, "desk/offer.html", context)


@allow(*CLERKS)
def new(request: HttpRequest, account_id: int) -> HttpResponse:
    """Draft an offer to who holds an account."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    form = OfferForm(posted(request), initial=beginning(account_id))
    if request.method == "POST" and form.is_valid():
        try:
            made = operations.draft(
                new=form.offer(
                    subject=SUBJECT, subject_id=account_id, customer_id=account.holder.id, account_id=account_id
                ),
                today=today(),
                actor=actor_of(request),
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The offer is drafted. Look at the estimates, then send it."))
            return redirect("desk:offer", made)
    return render(request, "desk/offer_new.html", {"form": form, "account": account})


@allow(*CLERKS)
def answer(request: HttpRequest, application_id: int) -> HttpResponse:
    """Draft the plan reply to an application; it begins with what was asked for and surveyed."""
    with or_404():
        detail = applications.one(application_id=application_id, at=timezone.now())
    form = OfferForm(posted(request), initial=_asked_for(detail))
    if request.method == "POST" and form.is_valid():
        try:
            made = operations.draft(
                new=form.offer(
                    subject=APPLICATION,
                    subject_id=application_id,
                    customer_id=detail.customer_id,
                    account_id=detail.account_id,
                    recipient=detail.row.name,
                ),
                today=today(),
                actor=actor_of(request),
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The offer is drafted. Look at the estimates, then send it."))
            return redirect("desk:offer", made)
    return render(request, "desk/offer_new.html", {"form": form, "application": detail.row})


def _asked_for(detail: ApplicationDetail) -> dict[str, Any]:
    """Return what an application asks for, as the form of its offer begins with it."""
    found: dict[str, Any] = {**BOUNDARY, "address": detail.row.address, "household": 1}
    if not detail.items:
        return found
    first = detail.items[0]
    is_high = first.voltage in HIGH_VOLTAGE
    if detail.row.kind == ApplicationKind.TEMPORARY:
        mode = SupplyMode.TEMPORARY
    elif is_high:
        mode = SupplyMode.HIGH_DUAL_SOURCE if detail.is_dual else SupplyMode.HIGH_SINGLE_SOURCE
    else:
        mode = SupplyMode.LOW_SINGLE_PHASE if first.voltage == Voltage.V220 else SupplyMode.LOW_THREE_PHASE
    return {
        **found,
        "use_class": first.use_class,
        "voltage": first.voltage,
        "supply_mode": mode.value,
        "metering_side": (MeteringSide.HIGH_HIGH if is_high else MeteringSide.LOW_LOW).value,
        "capacity_kva": kva_text(sum(item.capacity_w for item in detail.items)),
    }


@allow(*CLERKS)
@require_POST
def act(request: HttpRequest, offer_id: int) -> HttpResponse:
    """Send an offer, accept one of its tariffs in the customer's name, decline or withdraw it."""
    with or_404():
        offers.one(offer_id=offer_id)
    actor, action = actor_of(request), request.POST.get("action", "")
    tariff_id = typed.number(request.POST.get("tariff", ""))
    try:
        if action == OfferAction.SEND:
            operations.send(offer_id=offer_id, today=today(), actor=actor)
            messages.success(request, _("The offer is sent."))
        elif action == OfferAction.ACCEPT and tariff_id is not None:
            contract_id = operations.accept(offer_id=offer_id, tariff_id=tariff_id, today=today(), actor=actor)
            messages.success(request, _("The offer is accepted; its contract waits for a signature."))
            return redirect("desk:contract", contract_id)
        elif action in CLOSING:
            operations.close(offer_id=offer_id, action=CLOSING[action], actor=actor)
            messages.success(request, _("The offer is closed."))
        else:
            raise Http404
    except Refused as refusal:
        tell_findings(request, refusal)
    return redirect("desk:offer", offer_id)


@allow(*READERS)
def pdf(request: HttpRequest, offer_id: int) -> HttpResponse:
    """Give the paper of an offer."""
    with or_404():
        card = offers.one(offer_id=offer_id).card
    if card.customer_id is not None:
        customer_operations.record_look(
            customer_id=card.customer_id, actor=actor_of(request), purpose=LookPurpose.CONTRACT
        )
    answer = HttpResponse(operations.paper(offer_id=offer_id), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="offer-{card.reference}.pdf"'
    return answer


def _wanted(request: HttpRequest) -> tuple[OfferListForm, WantedOffers]:
    form = OfferListForm(request.GET)
    given: dict[str, Any] = form.cleaned_data if form.is_valid() else {}
    return form, WantedOffers(state=given.get("state", ""), text=given.get("text", ""))
