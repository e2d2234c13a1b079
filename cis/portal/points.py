"""My loyalty points: what earned them, what they are worth, and redeeming them on the bill."""

from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.operations import points as operations
from accounts.operations.points import NewRedemption
from accounts.queries import points, supplier
from billing.queries import balances
from cis.kernel.errors import Refused
from cis.platform import typed
from cis.platform.access import actor_of, allow_portal
from cis.platform.phrases import explain
from cis.portal import access

SHOWN = 60
KEY_MOST = 64


@allow_portal
def index(request: HttpRequest) -> HttpResponse:
    """Show the customer's points, and redeem some on the bill of the chosen account."""
    visit, today = access.visit(request), access.today()
    held, rule = visit.chosen, points.rule_or_none(at=today)
    if held is None:
        return render(request, "portal/no_account.html", {"visit": visit})
    if request.method == "POST" and rule is not None and held.is_current:
        return _redeem(request, visit.customer_id, held.account_id)
    standing = points.standing(customer_id=visit.customer_id, today=today)
    owed = balances.of_account(account_id=held.account_id, today=today).balance_minor if held.is_current else 0
    context = {
        "visit": visit,
        "supplier": supplier.current(),
        "rule": rule,
        "sources": [(one, rule.points[one]) for one in operations.sources() if rule.points.get(one)] if rule else [],
        "standing": standing,
        "worth_minor": rule.worth_minor(standing.balance) if rule else 0,
        "choices": _choices(rule.most(standing.balance), rule.unit_points, rule.least_points, rule.unit_minor, owed)
        if rule
        else [],
        "owed_minor": owed,
        "rows": points.entries(customer_id=visit.customer_id, most=SHOWN),
        "key": uuid4().hex,
    }
    return render(request, "portal/points.html", context)


def _choices(most: int, step: int, least: int, worth_minor: int, owed_minor: int) -> list[tuple[int, int]]:
    """Return how many points may be redeemed, the most at first, each with its worth; ten at the most. [minor unit]"""
    top = min(most // step, max(owed_minor, 0) // worth_minor)
    counts = [top, *(one for one in (top // 2, 10, 5, 2, 1) if 0 < one < top)] if top else []
    return [(one * step, one * worth_minor) for one in dict.fromkeys(counts) if one * step >= least]


def _redeem(request: HttpRequest, customer_id: int, account_id: int) -> HttpResponse:
    count, key = typed.number(request.POST.get("points", "")) or 0, request.POST.get("key", "")[:KEY_MOST]
    new = NewRedemption(
        customer_id=customer_id, account_id=account_id, points=count, key=f"portal:{account_id}:{key}",
        text=_("Loyalty points redeemed: %(points)s") % {"points": count},
    )  # fmt: skip
    try:
        operations.redeem(new=new, today=access.today(), actor=actor_of(request))
    except Refused as refusal:
        words = explain(refusal.code, refusal.message, refusal.advice)
        messages.error(request, f"{words.message} {words.advice}".strip())
    else:
        messages.success(request, _("Your points are credited on your bill."))
    return redirect("portal:points")
