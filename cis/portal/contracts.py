"""My contracts: the list, one with its text, its paper, and signing it by a code that is sent."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.queries import customers
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow_portal
from cis.platform.answers import or_404, tell_refusal
from cis.portal import access
from contracts.operations import contract_signing
from contracts.operations import supply_contracts as operations
from contracts.queries import offers, supply_contracts


@allow_portal
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show the contracts of the customer, and the offers that wait for an answer."""
    visit = access.visit(request)
    context = {
        "visit": visit,
        "contracts": supply_contracts.of_customer(customer_id=visit.customer_id),
        "offers": offers.of_customer(customer_id=visit.customer_id),
        "today": access.today(),
    }
    return render(request, "portal/contracts.html", context)


@allow_portal
@require_safe
def show(request: HttpRequest, contract_id: int) -> HttpResponse:
    """Show one contract; where it waits for a signature, with the way to sign it."""
    visit = access.visit(request)
    with or_404():
        detail = supply_contracts.one(contract_id=contract_id, customer_id=visit.customer_id)
    context = {
        "visit": visit,
        "detail": detail,
        "card": detail.card,
        "customer": customers.card(customer_id=visit.customer_id),
        "pdf_url": reverse("portal:contract_pdf", args=[contract_id]),
        "code_url": reverse("portal:contract_code", args=[contract_id]),
        "sign_url": reverse("portal:sign_contract", args=[contract_id]),
        "is_sent": request.session.get("signing_contract") == contract_id,
    }
    return render(request, "portal/contract.html", context)


@allow_portal
@require_safe
def pdf(request: HttpRequest, contract_id: int) -> HttpResponse:
    """Give the paper of a contract: what is kept is what is signed."""
    visit = access.visit(request)
    with or_404():
        card = supply_contracts.one(contract_id=contract_id, customer_id=visit.customer_id).card
    paper = operations.paper(contract_id=contract_id, actor=actor_of(request))
    answer = HttpResponse(paper, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="contract-{card.number}-{card.version}.pdf"'
    return answer


@allow_portal
@require_POST
def send_code(request: HttpRequest, contract_id: int) -> HttpResponse:
    """Send the customer a code, once the paper that it signs is kept."""
    visit = access.visit(request)
    actor = actor_of(request)
    with or_404():
        supply_contracts.one(contract_id=contract_id, customer_id=visit.customer_id)
        try:
            operations.paper(contract_id=contract_id, actor=actor)
            contract_signing.send_code(contract_id=contract_id, customer_id=visit.customer_id, actor=actor)
        except Refused as refusal:
            tell_refusal(request, refusal)
        else:
            request.session["signing_contract"] = contract_id
            messages.success(request, _("The code is on its way; it holds for ten minutes."))
    return redirect("portal:contract", contract_id)


@allow_portal
@require_POST
def sign(request: HttpRequest, contract_id: int) -> HttpResponse:
    """Sign a contract by the code."""
    visit = access.visit(request)
    with or_404():
        supply_contracts.one(contract_id=contract_id, customer_id=visit.customer_id)
    if request.POST.get("read") != "on":
        messages.error(request, _("Please confirm that you have read the contract."))
        return redirect("portal:contract", contract_id)
    try:
        contract_signing.sign_by_code(
            contract_id=contract_id,
            customer_id=visit.customer_id,
            code=request.POST.get("code", "")[:20],
            signed_by=request.POST.get("signed_by", ""),
            today=access.today(),
            actor=actor_of(request),
        )
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        request.session.pop("signing_contract", None)
        messages.success(request, _("Thank you: the contract is signed."))
    return redirect("portal:contract", contract_id)
