"""Mandates for direct debits: entered by programs that have the signature, looked at, taken back."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.queries import accounts, supplier
from cashiering.api import mandate_contracts as contract
from cashiering.operations import mandates as operations
from cashiering.operations.mandates import NewMandate
from cashiering.queries import mandates
from cashiering.queries.mandates import MandateCard
from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, key_parameter, money, problems
from cis.platform.idempotency import idempotent

MANDATES_READ = api.scope(
    "mandates:read", "Read mandates for direct debits.", roles={Role.CASHIER, Role.CLERK, Role.AUDITOR}
)
MANDATES_WRITE = api.scope("mandates:write", "Enter and take back mandates.", roles={Role.CASHIER, Role.CLERK})
MANDATE_ID = OpenApiParameter("mandate_id", int, OpenApiParameter.PATH)


@api.needs(POST=MANDATES_WRITE)
class MandateList(APIView):
    """New mandates."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="enter_mandate",
        summary="Enter a mandate for direct debits",
        tags=["Payments"],
        parameters=[key_parameter("mandate")],
        request=contract.MandateNew,
        responses={200: contract.MandateShown, 201: contract.MandateShown, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """
        Enter a mandate that was signed elsewhere: it holds at once, and takes the place of the one before.

        The same ``reference`` again is the same mandate (200).
        """
        given = contract.MandateNew(data=request.data)
        given.is_valid(raise_exception=True)
        values = given.validated_data
        new = NewMandate(
            account_id=accounts.id_of_number(values["account"]),
            holder_name=values["holder_name"],
            bank_account=values["bank_account"],
            bank_code=values.get("bank_code", ""),
            limit_minor=values["limit_minor"],
            is_one_off=values["is_one_off"],
            key=values["reference"],
        )
        is_known = mandates.has_key(key=new.key)
        mandate_id = operations.enter_signed(
            new=new,
            signed_date=values["signed_date"],
            evidence=values["evidence"],
            today=timezone.localdate(),
            actor=actor_of(request),
        )
        return Response(_shown(mandates.one(mandate_id=mandate_id)), status=200 if is_known else 201)


@api.needs(GET=MANDATES_READ)
class MandateOne(APIView):
    """One mandate."""

    @extend_schema(
        operation_id="get_mandate",
        summary="One mandate",
        tags=["Payments"],
        parameters=[MANDATE_ID],
        responses={200: contract.MandateShown, **problems(404)},
    )
    def get(self, request: Request, mandate_id: int) -> Response:  # noqa: ARG002
        """Return a mandate; the number of the account at the bank is shown by its end alone."""
        return Response(_shown(mandates.one(mandate_id=mandate_id)))


@api.needs(POST=MANDATES_WRITE)
class RevokeMandate(APIView):
    """Taking a mandate back."""

    @extend_schema(
        operation_id="revoke_mandate",
        summary="Take a mandate back",
        tags=["Payments"],
        parameters=[MANDATE_ID, key_parameter("mandate")],
        request=None,
        responses={200: contract.MandateShown, **problems(400, 404, 409, 422)},
    )
    @idempotent
    def post(self, request: Request, mandate_id: int) -> Response:
        """Take a mandate back; what the bank does not have yet is not debited. Taken back twice is once."""
        operations.revoke(mandate_id=mandate_id, today=timezone.localdate(), actor=actor_of(request))
        return Response(_shown(mandates.one(mandate_id=mandate_id)))


@api.needs(GET=MANDATES_READ)
class AccountMandates(APIView):
    """Mandates of an account."""

    @extend_schema(
        operation_id="list_mandates_of_account",
        summary="Mandates of an account",
        tags=["Payments"],
        parameters=[OpenApiParameter("number", str, OpenApiParameter.PATH, description="Account number.")],
        responses={200: contract.MandatesShown, **problems(404)},
    )
    def get(self, request: Request, number: str) -> Response:  # noqa: ARG002
        """Return the mandates of an account, the latest first."""
        cards = mandates.of_account(account_id=accounts.id_of_number(number))
        return Response({"mandates": [_shown(card) for card in cards]})


def _shown(card: MandateCard) -> dict[str, Any]:
    return {
        "id": card.id,
        "mandate": card.reference,
        "account": card.account_number,
        "state": card.state,
        "way": card.way,
        "holder_name": card.holder_name,
        "bank_account": card.bank_account,
        "limit": money(card.limit_minor, supplier.current().currency),
        "signed_date": card.signed_date,
        "last_used_date": card.last_used_date,
        "ended_date": card.ended_date,
        "end_reason": card.end_reason,
    }
