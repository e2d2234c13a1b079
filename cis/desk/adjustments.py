"""Adjustments: the list, one, a new one, decide, take back."""

from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from billing.domain.adjustments import DECIDERS
from billing.operations import adjustments as operations
from billing.queries import adjustment_rules, adjustments
from billing.queries.adjustments import AdjustmentCard, Wanted
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.money import AdjustmentForm, AdjustmentListForm, ReverseForm
from cis.desk.money_words import ADJUSTMENT_REASONS, ADJUSTMENT_STATES
from cis.desk.roles import BILLERS, CLERKS, READERS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import ROWS, Pager, page_number, query_of
from cis.platform.templatetags.local import plain_money


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List adjustments, the latest first."""
    form, number = AdjustmentListForm(request.GET), page_number(request)
    wanted = form.wanted()
    rows = adjustments.listed(wanted=wanted, offset=(number - 1) * ROWS, most=ROWS + 1)
    context = {
        "form": form,
        "rows": rows[:ROWS],
        "pager": Pager(number, len(rows) > ROWS, query_of(request)),
        "is_filtered": wanted != Wanted(),
    }
    return render(request, "desk/money/adjustments.html", context)


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
    customer_operations.record_look(customer_id=account.holder.id, actor=actor_of(request))
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


@allow(*READERS)
def show(request: HttpRequest, adjustment_id: int) -> HttpResponse:
    """Show an adjustment; looking at the customer is recorded."""
    with or_404():
        card = adjustments.one(adjustment_id=adjustment_id)
    return _page(request, card, ReverseForm())


@allow(*BILLERS)
@require_POST
def act(request: HttpRequest, adjustment_id: int) -> HttpResponse:
    """Agree to an adjustment as the second person, drop it, or take it back."""
    with or_404():
        card = adjustments.one(adjustment_id=adjustment_id)
    action, actor, given = request.POST.get("action", ""), actor_of(request), {"adjustment_id": adjustment_id}
    form = ReverseForm(request.POST if action == "reverse" else None)
    try:
        if action in {"agree", "drop"}:
            operations.decide(**given, is_agreed=action == "agree", today=today(), actor=actor)
        elif action == "reverse":
            if not form.is_valid():
                return _page(request, card, form)
            operations.reverse(**given, reason=form.cleaned_data["reason"], today=today(), actor=actor)
            messages.success(request, _("It is taken back by a credit note."))
        else:
            raise Http404
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:adjustment", adjustment_id)


def _page(request: HttpRequest, card: AdjustmentCard, form: ReverseForm) -> HttpResponse:
    actor = actor_of(request)
    account = accounts.overview(account_id=card.account_id, at_date=today())
    customer_operations.record_look(customer_id=account.holder.id, actor=actor)
    decides, is_own = actor.is_one_of(DECIDERS), card.proposer_id == actor.id
    context = {
        "card": card,
        "account": account,
        "form": form,
        "may_drop": decides and card.state == "proposed",
        "may_agree": decides and card.state == "proposed" and not is_own,
        "may_reverse": decides and card.state == "made" and not (card.is_for_two and is_own),
    }
    return render(request, "desk/money/adjustment.html", context)
