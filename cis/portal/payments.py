"""My payments."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.queries import supplier
from billing.queries import bills
from cis.platform.access import allow_portal
from cis.portal import access


@allow_portal
@require_safe
def payments(request: HttpRequest) -> HttpResponse:
    """Show what was paid while the customer held the account, newest first."""
    visit = access.visit(request)
    held = visit.chosen
    if held is None:
        return render(request, "portal/no_account.html", {"visit": visit})
    paid = tuple(one for one in bills.payments_of(account_id=held.account_id) if held.covers(one.received_date))
    context = {"visit": visit, "payments": paid, "supplier": supplier.current()}
    return render(request, "portal/payments.html", context)
