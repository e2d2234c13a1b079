"""Online payments for other programs: begun, and asked what became of them."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.queries import accounts
from billing.queries import bills, consolidated
from cashiering.api import checkout_contracts as contract
from cashiering.domain.checkouts import Origin, UnknownCheckout
from cashiering.operations import checkouts
from cashiering.operations.checkouts import Wish
from cashiering.queries import checkouts as queries
from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, key_parameter, money, problems
from cis.platform.idempotency import idempotent_then

READ = api.scope("checkouts:read", "Read online payments.", roles={Role.CASHIER, Role.AUDITOR})
WRITE = api.scope("checkouts:write", "Begin online payments for accounts.", roles={Role.CASHIER})
REFERENCE = OpenApiParameter("reference", str, OpenApiParameter.PATH, description="As it was given when it began.")
REFERENCE_MOST = 40


@api.needs(POST=WRITE)
class CheckoutList(APIView):
    """Online payments."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="begin_checkout",
        summary="Begin an online payment",
        tags=["Payments"],
        request=contract.CheckoutNew,
        parameters=[key_parameter("online payment")],
        responses={201: contract.CheckoutShown, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent_then(lambda begun: Response(_opened(begun["reference"]), status=201))
    def post(self, request: Request) -> dict[str, str]:
        """
        Fix what is to be paid and have a provider open it; send the payer to ``page_url``, or show ``qr``.

        What became of it is told by GET; the payment counts when its state is ``paid``.
        """
        given = contract.CheckoutNew(data=request.data)
        given.is_valid(raise_exception=True)
        values = given.validated_data
        return {"reference": checkouts.fix(wish=_wish(values), at=timezone.now(), actor=actor_of(request))}


@api.needs(GET=READ)
class CheckoutOne(APIView):
    """One online payment."""

    @extend_schema(
        operation_id="get_checkout",
        summary="One online payment",
        tags=["Payments"],
        parameters=[REFERENCE],
        responses={200: contract.CheckoutShown, **problems(404)},
    )
    def get(self, request: Request, reference: str) -> Response:  # noqa: ARG002
        """Return an online payment and what became of it so far."""
        if not (reference.isascii() and reference.isalnum()) or len(reference) > REFERENCE_MOST:
            raise UnknownCheckout("There is no online payment of this name.")
        return Response(_shown(reference))


def _wish(values: dict[str, Any]) -> Wish:
    if "consolidated_bill" in values:
        card = consolidated.of_number(values["consolidated_bill"])
        return Wish(
            account_id=card.lead_account_id,
            provider=values["provider"],
            origin=Origin.API,
            consolidated_bill_id=card.id,
        )
    return Wish(
        account_id=accounts.id_of_number(values["account"]),
        provider=values["provider"],
        origin=Origin.API,
        bill_ids=tuple(bills.id_of_number(number) for number in values.get("bills", ())),
        amount_minor=values.get("amount_minor"),
    )


def _opened(reference: str) -> dict[str, object]:
    """Have the provider open a payment, and return it."""
    checkouts.offer(reference=reference)
    return _shown(reference)


def _shown(reference: str) -> dict[str, object]:
    card = queries.of_reference(reference)
    return {
        "reference": card.reference,
        "account": card.account_number,
        "provider": card.provider,
        "state": card.state,
        "amount": money(card.amount_minor, card.currency),
        "bills": [bill.number for bill, _part in queries.bills_of(checkout_id=card.id)],
        "consolidated_bill": card.consolidated_number,
        "page_url": card.page_url,
        "qr": card.qr,
        "expires_at": card.expires_at,
        "payment": card.payment_id,
        "reason": card.reason,
    }
