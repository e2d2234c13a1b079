"""The customer proves that a mobile number is theirs, by a code that is sent there."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.operations import verified_numbers as operations
from accounts.queries import customers
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow_portal
from cis.platform.answers import tell_refusal
from cis.portal import access

CODE_MOST = 12


@allow_portal
@require_http_methods(["GET", "HEAD", "POST"])
def prove(request: HttpRequest, contact_id: int) -> HttpResponse:
    """Send a code to one of the customer's own numbers, and try it; another's number is not found."""
    visit = access.visit(request)
    card = customers.card(customer_id=visit.customer_id)
    contact = next((one for one in card.contacts if one.id == contact_id and one.kind == "mobile"), None)
    if contact is None:
        raise Http404
    if request.method == "POST":
        given: dict[str, Any] = {
            "customer_id": visit.customer_id, "contact_id": contact_id, "at": timezone.now(),
            "actor": actor_of(request),
        }  # fmt: skip
        try:
            if request.POST.get("do") == "send":
                operations.send_code(purpose=_("proving your number"), **given)
                messages.success(request, _("A code is on its way to your number."))
            elif operations.try_code(code=request.POST.get("code", "")[:CODE_MOST], **given):
                messages.success(request, _("The number is proven. By it we know you when you call."))
                return redirect("portal:profile")
            else:
                messages.error(request, _("The code does not fit, or is too old. Ask for a new one."))
        except Refused as refusal:
            tell_refusal(request, refusal)
        return redirect("portal:number", contact_id)
    return render(request, "portal/number.html", {"visit": visit, "contact": contact})
