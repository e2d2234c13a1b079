"""Offers for other programs: drafted, sent, accepted or declined in the customer's name, as paper."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.queries import accounts
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, PdfRenderer, asked, key_parameter, money, problems
from cis.platform.idempotency import idempotent
from contracts.api import offer_contracts as contract
from contracts.domain.application_workflow import SUBJECT as APPLICATION
from contracts.domain.charge_kinds import ChargeKind
from contracts.domain.estimates import Use
from contracts.domain.new_contracts import NewTerms
from contracts.domain.new_offers import NewFee, NewOffer
from contracts.domain.offer_workflow import OfferAction
from contracts.domain.terms import MeteringSide, SupplyMode, UseClass
from contracts.operations import offers as operations
from contracts.queries import application_supplies, applications, offers, supply_contracts
from contracts.queries.applications import ApplicationDetail
from contracts.queries.offers import OfferCard, UnknownOffer, WantedOffers
from metering.domain.places import Voltage
from tariffs.queries import plans

READ = api.scope("offers:read", "Read offers.", roles={Role.CLERK, Role.BILLING, Role.AUDITOR})
WRITE = api.scope("offers:write", "Make, accept and decline offers.", roles={Role.CLERK})
ID = OpenApiParameter("offer_id", int, OpenApiParameter.PATH, description="As in the list.")
KEY = key_parameter("request")
ACCOUNT = "account"
VERB: dict[str, Any] = {
    "tags": ["Offers"],
    "parameters": [ID, KEY],
    "responses": {200: contract.OfferWhole, **problems(400, 404, 409, 415, 422)},
}


class BadTarget(Refused):
    """An offer is made to one application or to one account, and says how the place is supplied."""

    code = "bad_target"


@api.needs(GET=READ, POST=WRITE)
class OfferList(APIView):
    """Offers, the latest first."""

    parser_classes = (JsonParser,)
    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_offers",
        summary="List offers",
        tags=["Offers"],
        parameters=[contract.OfferQuery],
        responses={200: contract.OfferPage, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List offers; ``application``: those that answer it."""
        given = asked(contract.OfferQuery, request)
        rows = offers.selected(wanted=WantedOffers(state=given.get("state", ""), text=given.get("text", "")))
        if "application" in given:
            rows = rows.filter(subject=APPLICATION, subject_id=applications.id_of_number(given["application"]))
        page, reply = api.page_of(self, request, rows.only("id"))
        cards = offers.by_ids(offer_ids=[row.id for row in page])
        numbers = _numbers(cards.values())
        return reply([_short(cards[row.id], numbers) for row in page])

    @extend_schema(
        operation_id="draft_offer",
        summary="Draft an offer",
        tags=["Offers"],
        request=contract.OfferNew,
        parameters=[KEY],
        responses={201: contract.OfferWhole, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Draft an offer with what a year would cost at each of its tariffs; nobody is told until it is sent."""
        given = contract.OfferNew(data=request.data)
        given.is_valid(raise_exception=True)
        made = operations.draft(new=_new(given.validated_data), today=timezone.localdate(), actor=actor_of(request))
        return Response(_told(made), status=201, headers={"Location": reverse("api_offer", args=[made])})


@api.needs(GET=READ)
class OfferOne(APIView):
    """One offer."""

    @extend_schema(
        operation_id="get_offer",
        summary="One offer",
        tags=["Offers"],
        parameters=[ID],
        responses={200: contract.OfferWhole, **problems(404)},
    )
    def get(self, request: Request, offer_id: int) -> Response:  # noqa: ARG002
        """Return an offer with its fees, its tariffs and the contract that came of it."""
        return Response(_told(offer_id))


@api.needs(GET=READ)
class OfferPdf(APIView):
    """One offer as paper."""

    renderer_classes = (*APIView.renderer_classes, PdfRenderer)

    @extend_schema(
        operation_id="get_offer_pdf",
        summary="One offer as PDF",
        tags=["Offers"],
        parameters=[ID],
        responses={(200, "application/pdf"): OpenApiTypes.BINARY, **problems(404)},
    )
    def get(self, request: Request, offer_id: int) -> HttpResponse:  # noqa: ARG002
        """Return the paper of an offer, also of a draft."""
        reference = offers.one(offer_id=offer_id).card.reference
        answer = HttpResponse(operations.paper(offer_id=offer_id), content_type="application/pdf")
        answer["Content-Disposition"] = f'attachment; filename="offer-{reference}.pdf"'
        return answer


@api.needs(POST=WRITE)
class SendOffer(APIView):
    """Send an offer."""

    parser_classes = (JsonParser,)

    @extend_schema(operation_id="send_offer", summary="Send it", request=None, **VERB)
    @idempotent
    def post(self, request: Request, offer_id: int) -> Response:
        """Send a draft: the customer is told, an earlier version is replaced, its application is offered."""
        operations.send(offer_id=offer_id, today=timezone.localdate(), actor=actor_of(request))
        return Response(_told(offer_id))


@api.needs(POST=WRITE)
class AcceptOffer(APIView):
    """Accept an offer in the customer's name."""

    parser_classes = (JsonParser,)

    @extend_schema(operation_id="accept_offer", summary="Accept it", request=contract.AcceptGiven, **VERB)
    @idempotent
    def post(self, request: Request, offer_id: int) -> Response:
        """Accept one tariff in the customer's name; the ``contract`` that comes of it waits for a signature."""
        given = contract.AcceptGiven(data=request.data)
        given.is_valid(raise_exception=True)
        lines = {line.code: line.tariff_id for line in offers.one(offer_id=offer_id).tariffs}
        code = given.validated_data["tariff"]
        if code not in lines:
            raise UnknownOffer(f"The offer names no tariff {code}.", advice=f"It names: {', '.join(lines)}.")
        operations.accept(offer_id=offer_id, tariff_id=lines[code], today=timezone.localdate(), actor=actor_of(request))
        return Response(_told(offer_id))


@api.needs(POST=WRITE)
class DeclineOffer(APIView):
    """Decline an offer in the customer's name."""

    parser_classes = (JsonParser,)

    @extend_schema(operation_id="decline_offer", summary="Decline it", request=None, **VERB)
    @idempotent
    def post(self, request: Request, offer_id: int) -> Response:
        """Note that the customer does not want what was sent."""
        operations.close(offer_id=offer_id, action=OfferAction.DECLINE, actor=actor_of(request))
        return Response(_told(offer_id))


@api.needs(POST=WRITE)
class WithdrawOffer(APIView):
    """Withdraw an offer."""

    parser_classes = (JsonParser,)

    @extend_schema(operation_id="withdraw_offer", summary="Withdraw it", request=None, **VERB)
    @idempotent
    def post(self, request: Request, offer_id: int) -> Response:
        """Withdraw a draft, or what was sent and not decided."""
        operations.close(offer_id=offer_id, action=OfferAction.WITHDRAW, actor=actor_of(request))
        return Response(_told(offer_id))


def _new(given: Mapping[str, Any]) -> NewOffer:
    """
    Return the offer as given, with what the application says where the request leaves it out.

    :raises BadTarget: not one of application and account is named, or it is not said how the place is supplied.
    """
    if ("application" in given) == ("account" in given):
        raise BadTarget("An offer answers one application or is made to one account.", advice="Name one of them.")
    who, known = _applicant(given["application"]) if "application" in given else (_holder(given["account"]), {})
    terms = {name: given.get(name, known.get(name)) for name in ("address", "use_class", "voltage", "capacity_va")}
    missing = [name for name in ("address", "use_class", "voltage") if not terms[name]]
    if missing:
        raise BadTarget(f"For an account these are needed: {', '.join(missing)}.", advice="Say how the place is used.")
    return NewOffer(
        **who,
        terms=NewTerms(
            address=terms["address"],
            use_class=UseClass(terms["use_class"]),
            voltage=Voltage(terms["voltage"]),
            supply_mode=SupplyMode(given["supply_mode"]),
            metering_side=MeteringSide(given["metering_side"]),
            capacity_va=terms["capacity_va"],
            boundary_zh=given["boundary_zh"],
            boundary_en=given["boundary_en"],
        ),
        use=Use(**given["use"], capacity_va=terms["capacity_va"]),
        fees=tuple(
            NewFee(kind=ChargeKind(fee["kind"]), amount_minor=fee["amount_minor"], reason=fee["reason"])
            for fee in given["fees"]
        ),
        tariff_ids=tuple(plans.tariff_id(code) for code in given["tariffs"]),
        valid_until=given["valid_until"],
        note=given["note"],
    )


def _applicant(number: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return to whom the answer to an application goes, and what it asks for."""
    application_id = applications.id_of_number(number)
    found: ApplicationDetail = applications.one(application_id=application_id, at=timezone.now())
    who = {
        "subject": APPLICATION,
        "subject_id": application_id,
        "customer_id": found.customer_id,
        "account_id": found.account_id,
        "recipient": found.row.name,
    }
    first = found.items[0]
    return who, {
        "address": found.row.address,
        "use_class": first.use_class,
        "voltage": first.voltage,
        "capacity_va": sum(item.capacity_w for item in found.items),
    }


def _holder(number: str) -> dict[str, Any]:
    account_id = accounts.id_of_number(number)
    holder = accounts.overview(account_id=account_id, at_date=timezone.localdate()).holder
    return {"subject": ACCOUNT, "subject_id": account_id, "customer_id": holder.id, "account_id": account_id}


def _numbers(cards: Any) -> dict[int, str]:
    """Return the numbers of the applications that offers answer; one statement."""
    ids = {card.subject_id for card in cards if card.subject == APPLICATION}
    return application_supplies.numbers(application_ids=ids) if ids else {}


def _short(card: OfferCard, numbers: Mapping[int, str]) -> dict[str, Any]:
    return {
        "offer": card.id,
        "reference": card.reference,
        "state": card.state.value,
        "application": numbers.get(card.subject_id) if card.subject == APPLICATION else None,
        "account": card.account_number or None,
        "recipient": card.recipient,
        "address": card.address,
        "use_class": card.use_class.value,
        "voltage": card.voltage,
        "valid_until": card.valid_until,
        "sent_at": card.sent_at,
    }


def _told(offer_id: int) -> dict[str, Any]:
    found = offers.one(offer_id=offer_id)
    currency = found.supplier.currency
    made = supply_contracts.of_offer(offer_id=offer_id)
    return {
        **_short(found.card, _numbers([found.card])),
        "contract": made[0].number or None if made else None,
        "fees": [
            {"kind": dict(fee.words), "reason": fee.reason, "amount": money(fee.amount_minor, currency)}
            for fee in found.fees
        ],
        "tariffs": [
            {
                "tariff": line.code,
                "name": dict(line.names),
                "year": None if line.year_minor is None else money(line.year_minor, currency),
                "obstacle": line.obstacle,
                "is_chosen": line.is_chosen,
            }
            for line in found.tariffs
        ],
    }
