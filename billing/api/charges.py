"""One-off charges for other programs: listed with the bills that carry them, agreed, reversed."""

from typing import Any
from uuid import uuid4

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.queries import accounts, supplier
from billing.api import charge_contracts as contract
from billing.queries import charges as carried
from billing.queries.charges import CarryingBill
from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, asked, key_parameter, money, problems
from cis.platform.idempotency import idempotent
from contracts.domain.charge_kinds import ChargeKind
from contracts.operations import charges as operations
from contracts.operations import charges_by_hand
from contracts.operations.charges_by_hand import HandCharge
from contracts.queries import agreements
from contracts.queries import charges as queries
from contracts.queries.agreements import UnknownAgreement
from contracts.queries.charges import OwedCharge, WantedCharges
from metering.queries import places

READ = api.scope("charges:read", "Read one-off charges.", roles={Role.CLERK, Role.BILLING, Role.AUDITOR})
WRITE = api.scope("charges:write", "Agree and reverse one-off charges.", roles={Role.BILLING})
ID = OpenApiParameter("charge_id", int, OpenApiParameter.PATH, description="As in the list.")
KEY = key_parameter("charge")


@api.needs(GET=READ, POST=WRITE)
class ChargeList(APIView):
    """One-off charges, the latest first."""

    parser_classes = (JsonParser,)
    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_charges",
        summary="List one-off charges",
        tags=["One-off charges"],
        parameters=[contract.ChargeQuery],
        responses={200: contract.ChargePage, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List charges of every origin with the bills that carry them."""
        given = asked(contract.ChargeQuery, request)
        account = given.pop("account", None)
        rows = queries.selected(wanted=WantedCharges(**given))
        if account is not None:
            rows = rows.filter(account_id=accounts.id_of_number(account))
        page, reply = api.page_of(self, request, rows.only("id"))
        ids = [row.id for row in page]
        cards, bills, currency = (
            queries.by_ids(charge_ids=ids), carried.of_charges(charge_ids=ids), supplier.current().currency
        )  # fmt: skip
        return reply([_shown(cards[one], bills.get(one, ()), currency) for one in ids])

    @extend_schema(
        operation_id="agree_charge",
        summary="Agree a charge",
        tags=["One-off charges"],
        request=contract.ChargeNew,
        parameters=[KEY],
        responses={201: contract.ChargeShown, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """
        Agree a charge that the next bill carries once.

        Above what the rules of the place let one person agree it is ``proposed``: somebody of billing decides on the
        desk. Kinds and the largest amount are those of the place.
        """
        given = contract.ChargeNew(data=request.data)
        given.is_valid(raise_exception=True)
        values = given.validated_data
        account_id = accounts.id_of_number(values["account"])
        made = charges_by_hand.agree(
            new=HandCharge(
                account_id=account_id,
                kind=ChargeKind(values["kind"]),
                amount_minor=values["amount_minor"],
                reason=values["reason"],
                agreement_id=_supply(account_id, values["supply"]) if "supply" in values else None,
                key=f"api:{uuid4().hex}",
            ),
            today=timezone.localdate(),
            actor=actor_of(request),
        )
        return Response(_told(made), status=201, headers={"Location": reverse("api_charge", args=[made])})


@api.needs(GET=READ)
class ChargeOne(APIView):
    """One charge."""

    @extend_schema(
        operation_id="get_charge",
        summary="One charge",
        tags=["One-off charges"],
        parameters=[ID],
        responses={200: contract.ChargeShown, **problems(404)},
    )
    def get(self, request: Request, charge_id: int) -> Response:  # noqa: ARG002
        """Return a charge with the bills that carry it."""
        return Response(_told(charge_id))


@api.needs(POST=WRITE)
class ReverseCharge(APIView):
    """Reverse a charge."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="reverse_charge",
        summary="Reverse it",
        tags=["One-off charges"],
        request=contract.ReverseGiven,
        parameters=[ID, KEY],
        responses={200: contract.ChargeShown, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request, charge_id: int) -> Response:
        """Undo a charge that is owed: the next bill takes it back if one carried it; those of a case are refused."""
        given = contract.ReverseGiven(data=request.data)
        given.is_valid(raise_exception=True)
        operations.reverse(charge_id=charge_id, reason=given.validated_data["reason"], actor=actor_of(request))
        return Response(_told(charge_id))


def _supply(account_id: int, external_id: str) -> int:
    point_id = places.id_of_external_id(external_id)
    for card in agreements.of_account(account_id=account_id):
        if card.service_point_id == point_id:
            return card.id
    raise UnknownAgreement("The account has no supply at this service point.")


def _told(charge_id: int) -> dict[str, Any]:
    card = queries.one(charge_id=charge_id)
    bills = carried.of_charges(charge_ids=[charge_id]).get(charge_id, ())
    return _shown(card, bills, supplier.current().currency)


def _shown(card: OwedCharge, bills: tuple[CarryingBill, ...], currency: str) -> dict[str, Any]:
    return {
        "charge": card.id,
        "account": card.account_number,
        "supply": card.service_point or None,
        "kind": card.kind.value,
        "name": dict(card.labels),
        "state": card.state.value,
        "reason": card.reason,
        "amount": money(card.amount_minor, currency),
        "tax": money(card.tax_minor, currency),
        "legal_source": card.legal_source,
        "origin": card.subject or "case",
        "agreed_date": card.agreed_date,
        "cancel_reason": card.cancel_reason,
        "bills": [{"number": one.number, "state": one.state, "is_taken_back": one.is_taken_back} for one in bills],
    }
