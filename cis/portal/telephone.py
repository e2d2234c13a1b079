"""The customer's secret number for the telephone, by which he asks what he owes."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.operations import telephone_pins as operations
from accounts.queries import supplier, telephone_pins
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow_portal
from cis.platform.pin_forms import PinForm
from cis.portal import access


@allow_portal
@require_http_methods(["GET", "HEAD", "POST"])
def pin(request: HttpRequest) -> HttpResponse:
    """Set or remove the PIN of the chosen account."""
    visit, digits = access.visit(request), telephone_pins.digits(access.today())
    held = visit.chosen
    if held is None or not held.is_current or digits is None:
        raise Http404
    given: dict[str, Any] = {
        "account_id": held.account_id,
        "customer_id": visit.customer_id,
        "actor": actor_of(request),
    }
    if request.POST.get("do") == "remove":
        operations.remove(**given)
        messages.success(request, _("The PIN is removed."))
        return redirect("portal:telephone_pin")
    form = PinForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            operations.set_pin(**given, pin=form.cleaned_data["pin"], digits=digits)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The PIN is set. Tell it to nobody; we never ask you for it."))
            return redirect("portal:telephone_pin")
    set_at = telephone_pins.set_at(account_id=held.account_id, customer_id=visit.customer_id)
    context = {"visit": visit, "form": form, "set_at": set_at, "digits": digits, "supplier": supplier.current()}
    return render(request, "portal/telephone_pin.html", context)
