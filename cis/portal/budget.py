"""My budget plan: what it would be and how it is worked out, begun with its terms, its months, ended."""

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.queries import supplier
from billing.domain.budgets import BudgetRule
from billing.operations import budgets as operations
from billing.operations.budgets import Acceptance
from billing.queries import budget_plans, budgets
from billing.queries.budget_plans import PlanDetail
from billing.queries.budgets import Offer, Series
from cis.kernel.currency import SYMBOLS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow_portal
from cis.platform.forms import PageForm
from cis.platform.phrases import explain
from cis.platform.templatetags.local import month as month_words
from cis.portal import access
from cis.portal.access import Held


class AcceptForm(PageForm):
    """The customer accepts the amount that the page shows."""

    request_key = forms.CharField(widget=forms.HiddenInput, max_length=64)
    level_minor = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=10**13)
    is_agreed = forms.BooleanField(label=_("I accept these terms"))


@allow_portal
def index(request: HttpRequest) -> HttpResponse:
    """Show the plan, or what one would be; take that the customer accepts it."""
    visit = access.visit(request)
    held, today = visit.chosen, access.today()
    if held is None:
        return render(request, "portal/no_account.html", {"visit": visit})
    rule = budgets.rule_or_none(at=today)
    plan = _own_plan(held)
    offer, why_not = (None, "") if plan is not None and plan.card.state == "active" else _offer(held, rule)
    form = None
    if offer is not None:
        first = {"request_key": uuid4().hex, "level_minor": offer.working.level_minor}
        form = AcceptForm(request.POST if request.method == "POST" else None, initial=first)
    if request.method == "POST":
        if form is None:
            raise Http404
        if form.is_valid() and _accept(request, held, form):
            messages.success(request, gettext("Your budget plan begins with your next bill."))
            return redirect("portal:budget")
    series = plan.series if plan is not None and plan.months else offer.series if offer is not None else None
    context = {
        "visit": visit, "supplier": supplier.current(), "plan": plan, "offer": offer, "form": form, "why_not": why_not,
        "may_end": plan is not None and plan.card.state == "active" and rule is not None and rule.by_customer,
        "chart": _chart(series, is_offer=plan is None or not plan.months) if series is not None else None,
    }  # fmt: skip
    return render(request, "portal/budget.html", context)


@allow_portal
@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """End the plan of the account that is looked at, and settle it."""
    held = access.visit(request).chosen
    plan = None if held is None or not held.is_current else budgets.running(account_id=held.account_id)
    if plan is None:
        raise Http404
    try:
        operations.end(plan_id=plan.id, today=access.today(), actor=actor_of(request))
        messages.success(request, gettext("Your budget plan has ended and is settled."))
    except Refused as refusal:
        words = explain(refusal.code, refusal.message, refusal.advice)
        messages.error(request, f"{words.message} {words.advice}".strip())
    return redirect("portal:budget")


def _own_plan(held: Held) -> PlanDetail | None:
    """Return the last plan of the account, where it began while the customer held it."""
    card = budget_plans.latest(account_id=held.account_id, today=access.today())
    if card is None or not held.covers(card.accepted_date):
        return None
    return budget_plans.detail(plan_id=card.id, today=access.today())


def _offer(held: Held, rule: BudgetRule | None) -> tuple[Offer | None, str]:
    """Return what a plan would be, or why there is none."""
    if not held.is_current or rule is None or not rule.by_customer:
        return None, gettext("No budget plan is offered here.")
    try:
        return budgets.offer(account_id=held.account_id, today=access.today()), ""
    except Refused as refusal:
        words = explain(refusal.code, refusal.message, refusal.advice)
        return None, f"{words.message} {words.advice}".strip()


def _accept(request: HttpRequest, held: Held, form: AcceptForm) -> bool:
    given = form.cleaned_data
    new = Acceptance(
        account_id=held.account_id,
        level_minor=given["level_minor"],
        door="portal",
        key=f"portal:{held.account_id}:{given['request_key']}",
    )
    try:
        operations.accept(new=new, today=access.today(), actor=actor_of(request))
    except Refused as refusal:
        form.refuse(refusal)
        return False
    return True


def _chart(series: Series, *, is_offer: bool) -> dict[str, Any]:
    return {
        "labels": [month_words(one) for one in series.months],
        "starts": [one.isoformat() for one in series.months],
        "used": series.used,
        "level": series.level,
        "balance": series.balance,
        "words": {
            "used": gettext("Expected cost") if is_offer else gettext("Cost of what was used"),
            "level": gettext("Level amount"),
            "balance": gettext("Budget balance"),
            "symbol": SYMBOLS.get(supplier.current().currency, ""),
        },
    }
