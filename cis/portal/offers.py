"""An offer to me: fees, tariffs with what a year would cost; I choose one, or decline."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cis.kernel.errors import Refused
from cis.platform import typed
from cis.platform.access import actor_of, allow_portal
from cis.platform.answers import or_404, tell_refusal
from cis.portal import access
from contracts.domain.offer_workflow import OfferAction
from contracts.operations import offers as operations
from contracts.queries import offers


@allow_portal
@require_safe
def show(request: HttpRequest, offer_id: int) -> HttpResponse:
    """Show an offer that was sent to the customer."""
    visit = access.visit(request)
    with or_404():
        detail = offers.one(offer_id=offer_id, customer_id=visit.customer_id)
    context = {
        "visit": visit,
        "detail": detail,
        "card": detail.card,
        "answer_url": reverse("portal:answer_offer", args=[offer_id]),
        "pdf_url": reverse("portal:offer_pdf", args=[offer_id]),
        "is_open": detail.card.state == "sent" and access.today() <= detail.card.valid_until,
    }
    return render(request, "portal/offer.html", context)


@allow_portal
@require_safe
def pdf(request: HttpRequest, offer_id: int) -> HttpResponse:
    """Give the paper of an offer."""
    visit = access.visit(request)
    with or_404():
        card = offers.one(offer_id=offer_id, customer_id=visit.customer_id).card
    answer = HttpResponse(operations.paper(offer_id=offer_id), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="offer-{card.reference}.pdf"'
    return answer


@allow_portal
@require_POST
def answer(request: HttpRequest, offer_id: int) -> HttpResponse:
    """Accept one tariff of the offer, or decline it."""
    visit = access.visit(request)
    tariff_id, actor = typed.number(request.POST.get("tariff", "")), actor_of(request)
    with or_404():
        offers.one(offer_id=offer_id, customer_id=visit.customer_id)
        try:
            if request.POST.get("action") == OfferAction.DECLINE:
                operations.close(offer_id=offer_id, action=OfferAction.DECLINE, actor=actor)
                messages.success(request, _("The offer is declined."))
                return redirect("portal:contracts")
            if tariff_id is None:
                raise Http404
            contract_id = operations.accept(offer_id=offer_id, tariff_id=tariff_id, today=access.today(), actor=actor)
        except Refused as refusal:
            if refusal.code.startswith("unknown_"):
                raise
            tell_refusal(request, refusal)
            return redirect("portal:offer", offer_id)
    messages.success(request, _("Thank you. Please read and sign your contract now."))
    return redirect("portal:contract", contract_id)
