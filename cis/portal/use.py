"""My use: when I use electricity, what always runs, how others like me do, and what would save something."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.queries import supplier
from billing.queries import supply_uses
from cis.platform import use_words
from cis.platform.access import allow_portal
from cis.portal import access
from metering.queries import places


@allow_portal
@require_safe
def use(request: HttpRequest) -> HttpResponse:
    """Show how the supplies of the chosen account use electricity; as many statements for many as for one."""
    visit = access.visit(request)
    held = visit.chosen
    if held is None or not held.is_current:
        return render(request, "portal/no_account.html", {"visit": visit})
    found = supply_uses.of_account(account_id=held.account_id, today=access.today(), since_date=held.since)
    addresses = places.addresses(service_point_ids=[one.service_point_id for one in found])
    context = {
        "visit": visit,
        "uses": [(one, addresses[one.service_point_id], _shape(one)) for one in found],
        "currency": supplier.current().currency,
    }
    return render(request, "portal/use.html", context)


def _shape(one: supply_uses.SupplyUse) -> tuple[str, str]:
    return use_words.shape(one.latest.shape if one.latest else "")
