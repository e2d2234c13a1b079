"""My details, to read: they are changed on the desk, where somebody checks who asks."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.queries import customers, supplier, telephone_pins
from cis.platform.access import allow_portal
from cis.portal import access


@allow_portal
@require_safe
def profile(request: HttpRequest) -> HttpResponse:
    """Show name, contact points and accounts of the customer."""
    visit = access.visit(request)
    context = {
        "visit": visit,
        "customer": customers.card(customer_id=visit.customer_id),
        "supplier": supplier.current(),
        "pin_digits": telephone_pins.digits(access.today()),
    }
    return render(request, "portal/profile.html", context)
