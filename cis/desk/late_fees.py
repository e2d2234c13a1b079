"""Late fees: the list, one with its days and its waiver, what an account would pay today."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from arrears.domain.charged_days import FeeState
from arrears.operations import late_fee_waivers
from arrears.queries import late_fee_rules, late_fees
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, tell_refusal, today
from cis.desk.forms.late_fees import LateFeeListForm, WaiveForm
from cis.desk.late_fee_words import LATE_FEE_STATES, WAIVER_REASONS
from cis.desk.roles import BILLERS, CLERKS, READERS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.packs import MissingRule
from cis.platform.paging import page_context
from cis.platform.templatetags.local import plain_money


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List late fees, the latest first."""
    form = LateFeeListForm(request.GET)
    wanted = form.wanted()
    context = {
        "form": form,
        **page_context(request, partial(late_fees.listed, wanted=wanted)),
        "is_filtered": wanted != late_fees.WantedFees(),
    }
    return render(request, "desk/late_fees.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    found = late_fees.listed(wanted=LateFeeListForm(request.GET).wanted(), most=FILE_ROWS_MOST)
    header = [
        _("Account"), _("Bill"), _("First day"), _("Last day"), _("Amount"), _("Note"), _("State"), _("Reason"),
    ]  # fmt: skip
    rows = (
        (r.account_number, r.number, r.first_day, r.last_day, plain_money(r.amount_minor), r.note_number,
         str(LATE_FEE_STATES[late_fees.WAITING if r.is_waiting else r.state]),
         str(WAIVER_REASONS.get(r.reason, r.reason)))
        for r in found
    )  # fmt: skip
    return csv_file("late-fees.csv", header, rows)


@allow(*READERS)
def show(request: HttpRequest, fee_id: int) -> HttpResponse:
    """Show a late fee with its days, and who waives it; looking at the customer is recorded."""
    return _page(request, fee_id, WaiveForm(reasons=_reasons()))


@allow(*CLERKS, *BILLERS)
@require_POST
def act(request: HttpRequest, fee_id: int) -> HttpResponse:
    """Waive a late fee with a reason, or decide on a waiver as the second person."""
    with or_404():
        fee = late_fees.one(fee_id=fee_id)
    action, actor = request.POST.get("action", ""), actor_of(request)
    try:
        if action == "waive":
            form = WaiveForm(request.POST, reasons=_reasons())
            if not form.is_valid():
                return _page(request, fee_id, form)
            if late_fee_waivers.propose(fee_id=fee_id, today=today(), actor=actor, **form.cleaned_data):
                messages.success(request, _("The late fee is waived."))
            else:
                messages.success(request, _("The waiver is entered; a second person decides on it."))
        elif action in {"agree", "drop"} and fee.waiver_id is not None:
            late_fee_waivers.decide(waiver_id=fee.waiver_id, is_agreed=action == "agree", today=today(), actor=actor)
        else:
            raise Http404
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:late_fee", fee_id)


def _page(request: HttpRequest, fee_id: int, form: WaiveForm) -> HttpResponse:
    with or_404():
        fee = late_fees.one(fee_id=fee_id)
    actor = actor_of(request)
    account = accounts.overview(account_id=fee.account_id, at_date=today())
    customer_operations.record_look(customer_id=account.holder.id, actor=actor, purpose=LookPurpose.BILLING)
    may_decide = actor.is_one_of(late_fee_waivers.DECIDERS) and fee.is_waiting
    context: dict[str, Any] = {
        "fee": fee,
        "account": account,
        "parts": late_fees.parts_of(fee=fee, today=today()),
        "form": form,
        "may_waive": (
            fee.state == FeeState.CHARGED and not fee.is_waiting and bool(actor.roles & {*CLERKS, *BILLERS})
            and bool(_reasons())
        ),
        "may_drop": may_decide,
        "may_agree": may_decide and fee.proposer_id != actor.id,
    }  # fmt: skip
    return render(request, "desk/late_fee.html", context)


def _reasons() -> tuple[str, ...]:
    """Return the codes of reasons for a waiver; none where the place has no rule for it."""
    try:
        return late_fee_rules.waiver(at=today()).reasons
    except MissingRule:
        return ()
