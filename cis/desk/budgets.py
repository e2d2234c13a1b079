"""Budget plans: the list, one, the offer to a customer, its end, a settlement taken back."""

from functools import partial
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts, supplier
from billing.operations import budget_settlements
from billing.operations import budgets as operations
from billing.queries import budget_plans, budgets
from billing.queries.budget_plans import Wanted
from billing.queries.budgets import BILLERS as REVERSERS
from billing.queries.budgets import Series
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.budget_words import END_REASONS, PLAN_STATES
from cis.desk.forms.budgets import AcceptForm, PlanListForm
from cis.desk.forms.money import ReverseForm
from cis.desk.roles import BILLERS, CLERKS, READERS
from cis.kernel.currency import SYMBOLS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.templatetags.local import month as month_words
from cis.platform.templatetags.local import plain_money


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List plans, the latest first."""
    form = PlanListForm(request.GET)
    wanted = form.wanted()
    context = {
        "form": form,
        **page_context(request, partial(budget_plans.listed, wanted=wanted, today=today())),
        "is_filtered": wanted != Wanted(),
        "is_offered": budgets.rule_or_none(at=today()) is not None,
    }
    return render(request, "desk/budgets/index.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    found = budget_plans.listed(wanted=PlanListForm(request.GET).wanted(), today=today(), most=FILE_ROWS_MOST)
    header = [
        _("Budget plan"), _("Account"), _("Customer"), _("State"), _("First month"), _("Level amount"),
        _("Budget balance"), _("Billed until"), _("Settled next"), _("Ended on"), _("Reason"),
    ]  # fmt: skip
    rows = (
        (r.id, r.account_number, r.customer, str(PLAN_STATES[r.state]), r.from_date, plain_money(r.level_minor),
         plain_money(r.balance_minor), r.billed_until, r.year_end if r.state == "active" else "", r.ended_date,
         str(END_REASONS.get(r.end_reason, "")))
        for r in found
    )  # fmt: skip
    return csv_file("budget-plans.csv", header, rows)


@allow(*CLERKS, *BILLERS)
def offer(request: HttpRequest, account_id: int) -> HttpResponse:
    """Show the level amount of an account with how it is worked out, and take that the customer accepts it."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    customer_operations.record_look(customer_id=account.holder.id, actor=actor_of(request), purpose=LookPurpose.BILLING)
    try:
        found = budgets.offer(account_id=account_id, today=today())
    except Refused as refusal:
        tell_refusal(request, refusal)
        return redirect("desk:account", account_id)
    first = {"request_key": uuid4().hex, "level_minor": found.working.level_minor}
    form = AcceptForm(posted(request), initial=first)
    if form.is_bound and form.is_valid():
        try:
            plan_id = operations.accept(
                new=form.acceptance(account_id=account_id), today=today(), actor=actor_of(request)
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The budget plan begins with the next bill."))
            return redirect("desk:budget", plan_id)
    context = {"form": form, "account": account, "offer": found, "chart": _chart(found.series, _("Expected cost"))}
    return render(request, "desk/budgets/offer.html", context)


@allow(*READERS)
def show(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Show a plan with its months, amounts and settlements; looking at the customer is recorded."""
    with or_404():
        found = budget_plans.detail(plan_id=plan_id, today=today())
    account = accounts.overview(account_id=found.card.account_id, at_date=today())
    actor = actor_of(request)
    customer_operations.record_look(customer_id=account.holder.id, actor=actor, purpose=LookPurpose.BILLING)
    made = [one for one in found.settlements if one.state == "made"]
    context = {
        "plan": found,
        "card": found.card,
        "account": account,
        "chart": _chart(found.series, _("Cost of what was used")),
        "may_end": actor.is_one_of(budgets.KEEPERS) and found.card.state == "active",
        "last_id": made[-1].id if made and made[-1].kind != "after" and actor.is_one_of(REVERSERS) else None,
        "form": ReverseForm(),
    }
    return render(request, "desk/budgets/plan.html", context)


@allow(*CLERKS, *BILLERS)
@require_POST
def act(request: HttpRequest, plan_id: int) -> HttpResponse:
    """End a plan, or take its last settlement back."""
    with or_404():
        found = budget_plans.detail(plan_id=plan_id, today=today())
    action, actor = request.POST.get("action", ""), actor_of(request)
    try:
        if action == "end":
            operations.end(plan_id=plan_id, today=today(), actor=actor)
            messages.success(request, _("The plan has ended and is settled."))
        elif action == "reverse":
            made = [one.id for one in found.settlements if one.state == "made"]
            if not made:
                raise Http404
            budget_settlements.reverse(
                settlement_id=made[-1], reason=request.POST.get("reason", ""), today=today(), actor=actor
            )
            messages.success(request, _("The settlement is taken back."))
        else:
            raise Http404
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:budget", plan_id)


@allow(*READERS)
def months_file(request: HttpRequest, plan_id: int) -> StreamingHttpResponse:  # noqa: ARG001
    """Give the months of a plan as a file."""
    with or_404():
        found = budget_plans.detail(plan_id=plan_id, today=today())
    header = [
        _("Bill"),
        _("From"),
        _("Until"),
        _("Cost of what was used"),
        _("Level amount"),
        _("Note"),
        _("Unpaid"),
        _("Balance after"),
    ]
    rows = (
        (r.number, r.start_date, r.end_date, plain_money(r.used_minor), plain_money(r.level_minor), r.level_number,
         plain_money(r.open_minor), plain_money(r.balance_minor))
        for r in found.months if not r.is_cancelled
    )  # fmt: skip
    return csv_file(f"budget-plan-{plan_id}.csv", header, rows)


def _chart(series: Series, used: str) -> dict[str, Any]:
    return {
        "labels": [month_words(one) for one in series.months],
        "starts": [one.isoformat() for one in series.months],
        "used": series.used,
        "level": series.level,
        "balance": series.balance,
        "words": {
            "used": used,
            "level": _("Level amount"),
            "balance": _("Budget balance"),
            "symbol": SYMBOLS.get(supplier.current().currency, ""),
        },
    }
