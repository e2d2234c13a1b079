"""Adjustments: the list, one, a new one, decide, take back."""

from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from billing.operations import adjustments as operations
from billing.queries import adjustment_rules, adjustments
from billing.queries.adjustments import Wanted
from cis.desk import second_person
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.money import AdjustmentForm, AdjustmentListForm
from cis.desk.money_words import ADJUSTMENT_REASONS, ADJUSTMENT_STATES
from cis.desk.roles import BILLERS, CLERKS, READERS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.templatetags.local import plain_money


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List adjustments, the latest first."""
    return second_person.listed(
        request, "desk/money/adjustments.html", AdjustmentListForm(request.GET), Wanted(), adjustments.listed
    )


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    found = adjustments.listed(wanted=AdjustmentListForm(request.GET).wanted(), most=FILE_ROWS_MOST)
    header = [
        _("Adjustment"), _("Account"), _("Reason"), _("Amount"), _("Tax"), _("What it is for"), _("State"), _("Note"),
        _("Posted on"), _("Entered by"), _("Agreed by"),
    ]  # fmt: skip
    rows = (
        (r.id, r.account_number, str(ADJUSTMENT_REASONS.get(r.reason, r.reason)), plain_money(r.amount_minor),
         plain_money(r.tax_minor), r.text, str(ADJUSTMENT_STATES[r.state]), r.note_number, r.made_date, r.proposer,
         r.decider)
        for r in found
    )  # fmt: skip
    return csv_file("adjustments.csv", header, rows)


@allow(*CLERKS, *BILLERS)
def new(request: HttpRequest, account_id: int) -> HttpResponse:
    """Adjust an account; above the limit of the role it waits for a second person."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    customer_operations.record_look(customer_id=account.holder.id, actor=actor_of(request), purpose=LookPurpose.BILLING)
    try:
        rule = adjustment_rules.adjustments(at=today())
    except Refused as refusal:
        tell_refusal(request, refusal)
        return redirect("desk:account", account_id)
    form = AdjustmentForm(posted(request), reasons=rule.reasons, initial={"request_key": uuid4().hex})
    if form.is_bound and form.is_valid():
        actor = actor_of(request)
        try:
            made = operations.propose(new=form.adjustment(account_id=account_id), today=today(), actor=actor)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            if adjustments.one(adjustment_id=made).state == "proposed":
                messages.success(request, _("The adjustment is entered; a second person decides on it."))
            else:
                messages.success(request, _("The adjustment is posted, by a note of its own."))
            return redirect("desk:adjustment", made)
    mine = [role for role in rule.limits.alone_minor if role in actor_of(request).roles]
    context = {
        "form": form,
        "account": account,
        "most_minor": max((rule.limits.alone_minor[role] for role in mine), default=0),
        "day_minor": max((rule.limits.day_minor[role] for role in mine), default=0),
    }
    return render(request, "desk/money/adjustment_new.html", context)


KIND = second_person.Kind(
    id_name="adjustment_id",
    url="desk:adjustment",
    template="desk/money/adjustment.html",
    one=adjustments.one,
    decide=operations.decide,
    reverse=operations.reverse,
    accounts_of=lambda card: [card.account_id],
    reversed_words=gettext_lazy("It is taken back by a credit note."),
)


@allow(*READERS)
def show(request: HttpRequest, adjustment_id: int) -> HttpResponse:
    """Show an adjustment; looking at the customer is recorded."""
    return second_person.show(request, KIND, adjustment_id)


@allow(*BILLERS)
@require_POST
def act(request: HttpRequest, adjustment_id: int) -> HttpResponse:
    """Agree to an adjustment as the second person, drop it, or take it back."""
    return second_person.act(request, KIND, adjustment_id)
