"""My day: what my meters counted today, growing while I look."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.queries import supplier
from arrears.queries import orders
from cis.platform.access import allow_portal
from cis.portal import access
from metering.queries import live


@allow_portal
@require_safe
def today(request: HttpRequest) -> HttpResponse:
    """Show the curves of today of the places that the chosen account is supplied at; constant statements."""
    visit, at = access.visit(request), timezone.now()
    held = visit.chosen
    if held is None or not held.is_current:
        return render(request, "portal/no_account.html", {"visit": visit})
    supplied = orders.supplies(account_id=held.account_id, on=access.today())
    points = [point for point, _address in supplied]
    found = live.curves(service_point_ids=points, at=at, zone_name=supplier.current().time_zone)
    places = [(address, found.get(point, ())) for point, address in supplied]
    template = "portal/_today.html" if request.headers.get("HX-Request") else "portal/today.html"
    return render(request, template, {"visit": visit, "places": places, "at": at})
