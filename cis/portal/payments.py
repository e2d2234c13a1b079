"""My payments."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.queries import supplier
from billing.queries import bills
from cashiering.gateways import online
from cashiering.queries import checkouts
from cis.platform.access import allow_portal
from cis.platform.paging import page_of
from cis.portal import access

ROWS = 24
PAYMENTS_MOST = 10_000
"""Which of them are the customer's is known when they are here."""


@allow_portal
@require_safe
def payments(request: HttpRequest) -> HttpResponse:
    """
    Show what was paid while the customer held the account, newest first.

    :raises Http404: there are not so many payments.
    """
    visit = access.visit(request)
    held = visit.chosen
    if held is None:
        return render(request, "portal/no_account.html", {"visit": visit})
    paid = bills.payments_of(account_id=held.account_id, most=PAYMENTS_MOST)
    shown, pager = page_of(request, tuple(one for one in paid if held.covers(one.received_date)), rows=ROWS)
    if pager.number > 1 and not shown:
        raise Http404
    context = {
        "visit": visit,
        "payments": shown,
        "checkouts": checkouts.of_account(account_id=held.account_id) if held.is_current and pager.number == 1 else (),
        "is_online": bool(online.names()) and held.is_current,
        "pager": pager,
        "supplier": supplier.current(),
    }
    return render(request, "portal/payments.html", context)
