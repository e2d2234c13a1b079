"""Offer and contract of an application, for whoever opened its link: chosen, read and signed without an account."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.queries import customers
from cis.kernel.errors import Refused
from cis.platform import typed
from cis.platform.access import allow_public
from cis.platform.answers import or_404, tell_refusal
from cis.portal.access import today
from cis.portal.apply import APPLICANT, check, private
from contracts.domain.application_workflow import SUBJECT
from contracts.domain.offer_workflow import OfferAction
from contracts.operations import contract_signing, supply_contracts
from contracts.operations import offers as operations
from contracts.queries import applications, offers
from contracts.queries import supply_contracts as contracts

SIGNING = "signing_contract"


@dataclass(frozen=True, slots=True)
class Found:
    """The offer or contract of an application, and whose it is."""

    id: int
    customer_id: int


@allow_public
@require_http_methods(["GET", "HEAD", "POST"])
def offer(request: HttpRequest, application_id: int) -> HttpResponse:
    """Show the offer that answers the application; accept one of its tariffs, or decline it."""
    found = _offer(request, application_id)
    if request.method == "POST":
        return _answer(request, application_id, found)
    with or_404():
        detail = offers.one(offer_id=found.id, customer_id=found.customer_id)
    context = {
        "detail": detail,
        "card": detail.card,
        "is_open": detail.card.state == "sent" and today() <= detail.card.valid_until,
        "answer_url": request.path,
        "pdf_url": reverse("my_application_offer_pdf", args=[application_id]),
    }
    return private(render(request, "portal/offer.html", context))


@allow_public
@require_safe
def offer_pdf(request: HttpRequest, application_id: int) -> HttpResponse:
    """Give the paper of the offer."""
    found = _offer(request, application_id)
    return _pdf(operations.paper(offer_id=found.id), f"offer-{found.id}.pdf")


@allow_public
@require_http_methods(["GET", "HEAD", "POST"])
def contract(request: HttpRequest, application_id: int) -> HttpResponse:
    """Show the contract; have a code sent, and sign by it."""
    found = _contract(request, application_id)
    if request.method == "POST":
        _sign(request, found) if request.POST.get("what") == "sign" else _send_code(request, found)
        return redirect("my_application_contract", application_id)
    detail = contracts.one(contract_id=found.id, customer_id=found.customer_id)
    context = {
        "detail": detail,
        "card": detail.card,
        "customer": customers.card(customer_id=found.customer_id),
        "is_sent": request.session.get(SIGNING) == found.id,
        "code_url": request.path,
        "sign_url": request.path,
        "pdf_url": reverse("my_application_contract_pdf", args=[application_id]),
    }
    return private(render(request, "portal/contract.html", context))


@allow_public
@require_safe
def contract_pdf(request: HttpRequest, application_id: int) -> HttpResponse:
    """Give the paper of the contract: what is kept is what is signed."""
    found = _contract(request, application_id)
    return _pdf(supply_contracts.paper(contract_id=found.id, actor=APPLICANT), f"contract-{found.id}.pdf")


def _answer(request: HttpRequest, application_id: int, found: Found) -> HttpResponse:
    tariff_id = typed.number(request.POST.get("tariff", ""))
    try:
        if request.POST.get("action") == OfferAction.DECLINE:
            operations.close(offer_id=found.id, action=OfferAction.DECLINE, actor=APPLICANT)
            messages.success(request, _("The offer is declined."))
            return redirect("my_application", application_id)
        if tariff_id is None:
            raise Http404
        with or_404():
            operations.accept(offer_id=found.id, tariff_id=tariff_id, today=today(), actor=APPLICANT)
    except Refused as refusal:
        tell_refusal(request, refusal)
        return redirect("my_application_offer", application_id)
    messages.success(request, _("Thank you. Please read and sign your contract now."))
    return redirect("my_application_contract", application_id)


def _send_code(request: HttpRequest, found: Found) -> None:
    try:
        supply_contracts.paper(contract_id=found.id, actor=APPLICANT)
        contract_signing.send_code(contract_id=found.id, customer_id=found.customer_id, actor=APPLICANT)
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        request.session[SIGNING] = found.id
        messages.success(request, _("The code is on its way; it holds for ten minutes."))


def _sign(request: HttpRequest, found: Found) -> None:
    if request.POST.get("read") != "on":
        messages.error(request, _("Please confirm that you have read the contract."))
        return
    try:
        contract_signing.sign_by_code(
            contract_id=found.id, customer_id=found.customer_id, code=request.POST.get("code", "")[:20],
            signed_by=request.POST.get("signed_by", ""), today=today(), actor=APPLICANT,
        )  # fmt: skip
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        request.session.pop(SIGNING, None)
        messages.success(request, _("Thank you: the contract is signed."))


def _offer(request: HttpRequest, application_id: int) -> Found:
    cards = offers.of_subject(subject=SUBJECT, subject_id=application_id)
    return _found(request, application_id, (one.id for one in cards if one.state in offers.SHOWN_TO_CUSTOMERS))


def _contract(request: HttpRequest, application_id: int) -> Found:
    cards = contracts.of_subject(subject=SUBJECT, subject_id=application_id)
    return _found(request, application_id, (one.id for one in cards if one.state in contracts.SHOWN_TO_CUSTOMERS))


def _found(request: HttpRequest, application_id: int, ids: Any) -> Found:
    """Return the latest one of an application that this browser may see; none is not found."""
    check(request, application_id)
    detail = applications.one(application_id=application_id, at=timezone.now())
    latest = next(iter(ids), None)
    if latest is None or detail.customer_id is None:
        raise Http404
    return Found(latest, detail.customer_id)


def _pdf(paper: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(paper, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{name}"'
    return private(answer)
