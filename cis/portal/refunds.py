"""My credit: what of it is free, have it paid out, what became of it."""

from uuid import uuid4

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.queries import customers, supplier
from billing.operations import refunds as operations
from billing.operations.refunds import NewRefund
from billing.queries import refunds
from billing.queries.refunds import RefundDetail
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow_portal
from cis.platform.forms import MoneyField, PageForm
from cis.platform.phrases import explain
from cis.platform.templatetags.local import plain_money
from cis.portal import access
from cis.portal.access import Held

SHOWN = 50


class AskForm(PageForm):
    """Where the credit is to go."""

    field_of = {"account": "bank_account", "refund_not_free": "amount"}
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=64)
    amount = MoneyField(label=_("Amount"))
    payee = forms.CharField(label=_("Name of the account holder"), max_length=70)
    bank_account = forms.CharField(
        label=_("Your bank account"), max_length=50, help_text=_("IBAN or account number, as on your bank card."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "num"}),
    )  # fmt: skip
    bank_code = forms.CharField(label=_("BIC or code of your bank"), max_length=20, required=False)


@allow_portal
def index(request: HttpRequest) -> HttpResponse:
    """Show the credit and what became of refunds; take the wish that credit is paid out."""
    visit = access.visit(request)
    held = visit.chosen
    if held is None:
        return render(request, "portal/no_account.html", {"visit": visit})
    today = access.today()
    offer = refunds.offer(account_id=held.account_id, today=today) if held.is_current else None
    may_ask = offer is not None and offer.rule.by_customer and offer.free_minor >= max(1, offer.rule.least_minor)
    form = None
    if may_ask and offer is not None:
        name = customers.card(customer_id=visit.customer_id).name
        first = {"request_key": uuid4().hex, "amount": plain_money(offer.free_minor), "payee": name}
        form = AskForm(request.POST if request.method == "POST" else None, initial=first)
    if request.method == "POST":
        if form is None:
            raise Http404
        if form.is_valid() and _ask(request, held, form):
            messages.success(request, gettext("We look at it, and tell you when the money is on its way."))
            return redirect("portal:refunds")
    context = {
        "visit": visit, "offer": offer, "form": form, "supplier": supplier.current(),
        "rows": _own(held), "is_current": held.is_current,
    }  # fmt: skip
    return render(request, "portal/refunds.html", context)


@allow_portal
@require_POST
def withdraw(request: HttpRequest, refund_id: int) -> HttpResponse:
    """Take back what was asked for and nobody has approved yet."""
    visit = access.visit(request)
    held = visit.chosen
    mine = {one.id for one in _own(held)} if held is not None else set()
    if refund_id not in mine:
        raise Http404
    try:
        operations.drop(refund_id=refund_id, reason="Withdrawn by the customer", actor=actor_of(request))
    except Refused as refusal:
        words = explain(refusal.code, refusal.message, refusal.advice)
        messages.error(request, f"{words.message} {words.advice}".strip())
    return redirect("portal:refunds")


def _ask(request: HttpRequest, held: Held, form: AskForm) -> bool:
    given = form.cleaned_data
    new = NewRefund(
        account_id=held.account_id,
        amount_minor=given["amount"],
        payee=given["payee"],
        bank_account=given["bank_account"],
        bank_code=given["bank_code"],
        key=f"portal:{held.account_id}:{given['request_key']}",
    )
    try:
        operations.ask(new=new, today=access.today(), actor=actor_of(request))
    except Refused as refusal:
        form.refuse(refusal)
        return False
    return True


def _own(held: Held) -> tuple[RefundDetail, ...]:
    """Return refunds from the time in which the customer held the account."""
    found = refunds.of_account(account_id=held.account_id, most=SHOWN)
    return tuple(one for one in found if held.covers(one.created_at.date()))
