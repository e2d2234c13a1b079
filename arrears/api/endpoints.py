"""Holds for other programs, as one that keeps complaints: placed, and listed by account. The desk lifts them."""

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.queries import accounts
from accounts.queries.accounts import UnknownAccount
from arrears.api import contracts as contract
from arrears.domain.cut_facts import HoldKind
from arrears.operations import holds as operations
from arrears.queries import holds
from arrears.queries.holds import HoldCard, WantedHolds
from billing.queries import bills
from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import NUMBER_MOST, JsonParser, key_parameter, problems
from cis.platform.idempotency import idempotent

READ = api.scope("holds:read", "Read what holds accounts.", roles={Role.CLERK, Role.BILLING, Role.AUDITOR})
WRITE = api.scope("holds:write", "Place holds on accounts.", roles={Role.CLERK, Role.BILLING})
SHOWN_MOST = 500


@api.needs(POST=WRITE)
class HoldList(APIView):
    """Holds."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="place_hold",
        summary="Place a hold",
        tags=["Debts"],
        request=contract.HoldNew,
        parameters=[key_parameter("hold")],
        responses={201: contract.HoldShown, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """
        Keep an account, or one open bill of it, from being pursued from now on.

        One for life support undoes a disconnection that was ordered. A hold is lifted on the desk, by two persons
        where it protects people.
        """
        given = contract.HoldNew(data=request.data)
        given.is_valid(raise_exception=True)
        values, now = given.validated_data, timezone.now()
        account_id = accounts.id_of_number(values["account"])
        hold_id = operations.place(
            account_id=account_id,
            kind=HoldKind(values["kind"]),
            evidence=values["evidence"],
            at=now,
            actor=actor_of(request),
            bill_id=bills.id_of_number(values["bill"]) if "bill" in values else None,
            until_at=values.get("until"),
        )
        wanted = WantedHolds(account_id=account_id, state="all")
        card = next(one for one in holds.listed(wanted=wanted, at=now) if one.id == hold_id)
        return Response(_shown(card), status=201)


@api.needs(GET=READ)
class AccountHolds(APIView):
    """Holds of one account."""

    @extend_schema(
        operation_id="list_account_holds",
        summary="What holds an account",
        tags=["Debts"],
        parameters=[OpenApiParameter("number", str, OpenApiParameter.PATH, description="Number as printed.")],
        responses={200: contract.HoldShown(many=True), **problems(404)},
    )
    def get(self, request: Request, number: str) -> Response:  # noqa: ARG002
        """Return the latest 500 holds of an account, those that ended too, the latest first."""
        if not (number.isascii() and number.isdigit()) or len(number) > NUMBER_MOST:
            raise UnknownAccount("There is no account of this number.")
        wanted = WantedHolds(account_id=accounts.id_of_number(number), state="all")
        return Response([_shown(one) for one in holds.listed(wanted=wanted, at=timezone.now(), most=SHOWN_MOST)])


def _shown(card: HoldCard) -> dict[str, object]:
    return {
        "id": card.id, "account": card.account_number, "kind": card.kind, "bill": card.bill_number,
        "evidence": card.evidence, "since": card.since_at, "until": card.until_at, "holds": card.is_on,
    }  # fmt: skip
