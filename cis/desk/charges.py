"""One-off charges: their list, one with its bills and its history, a new one by hand, decide, reverse."""

from functools import partial
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse as address
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from billing.queries import charges as carried
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.charge_words import CHARGE_ORIGINS
from cis.desk.forms.charges import ChargeForm, ChargeListForm, ReverseForm, kind_choices
from cis.desk.roles import BILLERS, CLERKS, READERS
from cis.desk.words import BREACH_STATES
from cis.kernel.errors import Refused
from cis.platform import audit
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.templatetags.local import plain_money
from contracts.domain.charge_workflow import CHARGE_WORKFLOW, ChargeAction, ChargeState
from contracts.operations import charges as operations
from contracts.operations import charges_by_hand
from contracts.queries import agreements, charge_rules, charges
from contracts.queries.charges import OwedCharge, WantedCharges
from metering.queries import places

PAGES = {
    "": "desk:breach",
    "late_fee": "desk:bill",
    "offer": "desk:offer",
    "enrollment": "desk:enrolment",
    "change": "desk:change",
    "meter_test": "desk:meter_test",
}
"""Pages of what charges come from."""


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the charges, latest first, with the bills that carry them."""
    form = ChargeListForm(request.GET)
    wanted = form.wanted()
    page = page_context(request, partial(charges.listed, wanted=wanted))
    shown = page["rows"]
    bills = carried.of_charges(charge_ids=[card.id for card in shown])
    context = {
        "form": form,
        "rows": [(card, bills.get(card.id, ())) for card in shown],
        "count": charges.count(wanted=wanted),
        "pager": page["pager"],
        "is_filtered": wanted != WantedCharges(),
    }
    return render(request, "desk/charges.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    cards = charges.listed(wanted=ChargeListForm(request.GET).wanted(), most=FILE_ROWS_MOST)
    bills = carried.of_charges(charge_ids=[card.id for card in cards])
    header = [
        _("Charge"), _("Agreed on"), _("Account"), _("What"), _("Reason"), _("Comes from"), _("Address"), _("Amount"),
        _("Tax"), _("State"), _("Bill"),
    ]  # fmt: skip
    rows = (
        (c.id, c.agreed_date, c.account_number, kind_choices([c.kind])[0][1], c.reason, str(CHARGE_ORIGINS[c.subject]),
         c.address, plain_money(c.amount_minor), plain_money(c.tax_minor), str(BREACH_STATES[c.state]),
         " ".join(bill.number or "" for bill in bills.get(c.id, ())))
        for c in cards
    )  # fmt: skip
    return csv_file("charges.csv", header, rows)


@allow(*READERS)
def show(request: HttpRequest, charge_id: int) -> HttpResponse:
    """Show a charge: what, why, who agreed to it, and on which bill; looking at the customer is recorded."""
    with or_404():
        card = charges.one(charge_id=charge_id)
    return _page(request, card, ReverseForm())


@allow(*CLERKS, *BILLERS)
def new(request: HttpRequest, account_id: int) -> HttpResponse:
    """Agree a charge by hand; above the limit of the place it waits for a second person."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    try:
        rule = charge_rules.by_hand(at=today())
    except Refused as refusal:
        tell_refusal(request, refusal)
        return redirect("desk:account", account_id)
    form = ChargeForm(
        posted(request), kinds=rule.kinds, supplies=_supplies(account_id), initial={"request_key": uuid4().hex}
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = charges_by_hand.agree(new=form.charge(account_id=account_id), today=today(), actor=actor_of(request))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            if charges.one(charge_id=made).state is ChargeState.PROPOSED:
                messages.success(request, _("The charge is entered; a second person decides on it."))
            else:
                messages.success(request, _("The charge is agreed; the next bill carries it."))
            return redirect("desk:charge", made)
    return render(request, "desk/charge_new.html", {"form": form, "account": account, "rule": rule})


@allow(*CLERKS, *BILLERS)
@require_POST
def act(request: HttpRequest, charge_id: int) -> HttpResponse:
    """Agree to a charge as the second person, drop it, or reverse one with a reason."""
    with or_404():
        card = charges.one(charge_id=charge_id)
    action, actor = request.POST.get("action", ""), actor_of(request)
    form = ReverseForm(request.POST if action == ChargeAction.REVERSE else None)
    try:
        if action in {ChargeAction.AGREE, ChargeAction.DROP}:
            charges_by_hand.decide(charge_id=charge_id, action=ChargeAction(action), today=today(), actor=actor)
        elif action == ChargeAction.REVERSE:
            if not form.is_valid():
                return _page(request, card, form)
            operations.reverse(charge_id=charge_id, reason=form.cleaned_data["reason"], actor=actor)
            messages.success(request, _("The charge is reversed; a bill that carries it is set right by the next one."))
        else:
            raise Http404
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:charge", charge_id)


def _page(request: HttpRequest, card: OwedCharge, form: ReverseForm) -> HttpResponse:
    actor = actor_of(request)
    account = accounts.overview(account_id=card.account_id, at_date=card.agreed_date or today())
    customer_operations.record_look(customer_id=account.holder.id, actor=actor, purpose=LookPurpose.BILLING)
    actions = {str(one) for one in CHARGE_WORKFLOW.actions(card.state, actor)} if card.case_id is None else set()
    if card.proposer_id is not None and card.proposer_id == actor.id:
        actions.discard("agree")
    bills = carried.of_charges(charge_ids=[card.id]).get(card.id, ())
    context: dict[str, Any] = {
        "card": card,
        "account": account,
        "actions": actions,
        "form": form,
        "bills": bills,
        "origin_url": origin_url(card),
        "history": audit.of_subjects([("charge", [card.id])]),
        "may_bill": card.state is ChargeState.AGREED and not bills and bool(actor.roles & set(BILLERS)),
    }
    return render(request, "desk/charge.html", context)


def origin_url(card: OwedCharge) -> str:
    """Return the page of what a charge comes from; "" where it has none of its own."""
    name = PAGES.get(card.subject)
    return address(name, args=[card.case_id or card.subject_id]) if name else ""


def _supplies(account_id: int) -> list[tuple[int, str]]:
    """Return the supplies of an account that hold today or later, with their addresses."""
    cards = [one for one in agreements.of_account(account_id=account_id) if not one.end_date or one.end_date > today()]
    points = places.overview(service_point_ids=[one.service_point_id for one in cards], at_date=today())
    texts = {point.id: f"{point.address} · {point.external_id}" for point in points}
    return [(one.id, texts[one.service_point_id]) for one in cards]
