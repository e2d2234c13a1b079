"""My direct debit: set it up by a code, see what is debited when, take it back."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.queries import customers, supplier
from cashiering.domain.mandates import MandateState
from cashiering.operations import mandates as operations
from cashiering.operations.mandates import NewMandate
from cashiering.queries import debit_rules, debits, mandates
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow_portal
from cis.platform.answers import or_404, tell_refusal
from cis.platform.forms import MoneyField, PageForm
from cis.portal import access

SHOWN_MOST = 24
SENT = "signing_mandate"


class MandateForm(PageForm):
    """A mandate as the customer asks for it."""

    holder_name = forms.CharField(
        label=gettext_lazy("Owner of the bank account"),
        max_length=70,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    bank_account = forms.CharField(
        label=gettext_lazy("Number of the bank account"), max_length=50,
        widget=forms.TextInput(attrs={"inputmode": "text", "autocomplete": "off", "class": "tabular"}),
    )  # fmt: skip
    bank_code = forms.CharField(
        label=gettext_lazy("Code of the bank"), max_length=20, required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "tabular"}),
    )  # fmt: skip
    limit = MoneyField(
        label=gettext_lazy("The most that one debit may be"),
        help_text=gettext_lazy("A bill above it is not debited: you pay it yourself."),
    )


@allow_portal
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show the mandate of the account, what is debited when, and the way to set one up."""
    return _page(request)


@allow_portal
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a mandate, and send the code by which it is signed."""
    visit = access.visit(request)
    form = MandateForm(request.POST)
    form.fields["bank_code"].required = debit_rules.needs_bank_code(at=access.today())
    if visit.chosen is None:
        return redirect("portal:debits")
    if form.is_valid():
        given = form.cleaned_data
        new = NewMandate(
            account_id=visit.chosen.account_id,
            holder_name=given["holder_name"],
            bank_account=given["bank_account"],
            bank_code=given["bank_code"],
            limit_minor=given["limit"],
        )
        try:
            mandate_id = operations.ask(
                new=new, customer_id=visit.customer_id, today=access.today(), actor=actor_of(request)
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            _send(request, mandate_id, visit.customer_id)
            return redirect("portal:debits")
    return _page(request, form=form)


@allow_portal
@require_POST
def send_code(request: HttpRequest, mandate_id: int) -> HttpResponse:
    """Send the customer a new code."""
    visit = access.visit(request)
    with or_404():
        mandates.one(mandate_id=mandate_id, customer_id=visit.customer_id)
    _send(request, mandate_id, visit.customer_id)
    return redirect("portal:debits")


@allow_portal
@require_POST
def sign(request: HttpRequest, mandate_id: int) -> HttpResponse:
    """Sign a mandate by the code."""
    visit = access.visit(request)
    with or_404():
        mandates.one(mandate_id=mandate_id, customer_id=visit.customer_id)
    if request.POST.get("agree") != "on":
        messages.error(request, _("Please confirm that we may debit your bank account."))
        return redirect("portal:debits")
    try:
        operations.sign_by_code(
            mandate_id=mandate_id,
            customer_id=visit.customer_id,
            code=request.POST.get("code", "")[:20],
            today=access.today(),
            actor=actor_of(request),
        )
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        request.session.pop(SENT, None)
        messages.success(request, _("Thank you: your bills are debited from now on. We tell you before each debit."))
    return redirect("portal:debits")


@allow_portal
@require_POST
def revoke(request: HttpRequest, mandate_id: int) -> HttpResponse:
    """Take a mandate back."""
    visit = access.visit(request)
    with or_404():
        operations.revoke(
            mandate_id=mandate_id, today=access.today(), actor=actor_of(request), customer_id=visit.customer_id
        )
    messages.success(
        request,
        _("No new debit is made; one that is with the bank already may still come. Please pay later bills yourself."),
    )
    return redirect("portal:debits")


def _send(request: HttpRequest, mandate_id: int, customer_id: int) -> None:
    try:
        operations.send_code(mandate_id=mandate_id, customer_id=customer_id, actor=actor_of(request))
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        request.session[SENT] = mandate_id
        messages.success(request, _("The code is on its way; it holds for ten minutes."))


def _page(request: HttpRequest, form: MandateForm | None = None) -> HttpResponse:
    visit = access.visit(request)
    held = visit.chosen
    if held is None:
        return render(request, "portal/no_account.html", {"visit": visit})
    found = mandates.of_account(account_id=held.account_id, customer_id=visit.customer_id)
    in_force = next((one for one in found if one.state in mandates.HOLD), None)
    shown = form or MandateForm(initial={"holder_name": customers.card(customer_id=visit.customer_id).name})
    shown.fields["bank_code"].required = debit_rules.needs_bank_code(at=access.today())
    context = {
        "visit": visit,
        "is_offered": held.is_current and debit_rules.is_offered(at=access.today()),
        "mandate": in_force,
        "asked": next((one for one in found if one.state == MandateState.ASKED.value), None),
        "debits": debits.account_debits(
            account_id=held.account_id, mandate_ids=[one.id for one in found], most=SHOWN_MOST
        ),
        "is_sent": request.session.get(SENT),
        "form": shown,
        "supplier": supplier.current(),
    }
    return render(request, "portal/debits.html", context)
