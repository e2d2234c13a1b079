"""A prepaid account for its customer: what is left, how long it lasts, what a day costs, and how to top it up."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.queries import supplier
from arrears.queries import orders
from billing.domain import prepay
from billing.queries import prepaid, prepay_rules
from cashiering.gateways import online
from cis.kernel.currency import SYMBOLS
from cis.platform.access import allow_portal
from cis.portal import access

DAYS_SHOWN = 14


@allow_portal
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Show the balance; an account that is not prepaid has its bills."""
    visit = access.visit(request)
    held, today = visit.chosen, access.today()
    if held is None or not held.is_current:
        return redirect("portal:bills")
    one = prepaid.of_accounts(account_ids=[held.account_id], today=today).get(held.account_id)
    if one is None:
        return redirect("portal:bills")
    since = today - timedelta(days=DAYS_SHOWN + 1)
    days = prepaid.rated_days(prepayment_ids=[one.id], since=since).get(one.id, ())
    # Days before this customer came are another's.
    costs = tuple(cost for cost in prepay.day_costs(days) if held.covers(cost.day))
    balance = one.balance_minor
    state = next(
        (row.state for row in orders.of_account(account_id=held.account_id) if row.state in {"cut", "restoring"}), ""
    )
    context = {
        "visit": visit,
        "supplier": supplier.current(),
        "one": one,
        "days_left": None if balance is None else prepay.days_left(balance=balance, days=days),
        "costs": costs,
        "chart": {
            "labels": [f"{cost.day:%m-%d}" for cost in costs],
            "series": [{"name": _("Cost of the day"), "values": [cost.cost_minor for cost in costs]}],
            "words": {"symbol": SYMBOLS.get(supplier.current().currency, "")},
        },
        "rule": prepay_rules.rule(at=today),
        "order_state": state,
        "is_online": bool(online.names()),
    }
    return render(request, "portal/prepaid.html", context)
