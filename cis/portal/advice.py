"""Would another tariff be cheaper for me?"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.queries import supplier
from billing.queries import advice as found
from cis.platform.access import allow_portal
from cis.portal import access
from metering.queries import places


@allow_portal
@require_safe
def advice(request: HttpRequest) -> HttpResponse:
    """Show what the customer's own use would cost on each tariff that they may choose."""
    visit = access.visit(request)
    held = visit.chosen
    if held is None:
        return render(request, "portal/no_account.html", {"visit": visit})
    today = access.today()
    supplies = (
        found.of_account(account_id=held.account_id, today=today, since_date=held.since) if held.is_current else ()
    )
    cards = places.cards(service_point_ids=[one.agreement.service_point_id for one in supplies], at_date=today)
    context = {
        "visit": visit,
        "supplies": [(one, cards[one.agreement.service_point_id]) for one in supplies],
        "supplier": supplier.current(),
    }
    return render(request, "portal/advice.html", context)
