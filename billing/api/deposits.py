"""Deposits of customers for other programs: listed, demanded, asked back."""

from typing import Any
from uuid import uuid4

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.queries import accounts, supplier
from billing.api import deposit_contracts as contract
from billing.domain.deposit_requests import RequestKind
from billing.operations import deposit_requests
from billing.operations import deposits as operations
from billing.operations.deposit_requests import NewRequest
from billing.operations.deposits import NewDeposit
from billing.queries import deposits, supply_deposits
from billing.queries.deposits import DepositCard, DepositDetail, WantedDeposits
from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, asked_with_page, key_parameter, money, next_page, problems
from cis.platform.idempotency import idempotent

READ = api.scope("deposits:read", "Read deposits of customers.", roles={Role.CLERK, Role.BILLING, Role.AUDITOR})
WRITE = api.scope("deposits:write", "Demand deposits and ask for their return.", roles={Role.BILLING})
ID = OpenApiParameter("deposit_id", int, OpenApiParameter.PATH, description="As in the list.")
KEY = key_parameter("deposit")
PAGE = 50


@api.needs(GET=READ, POST=WRITE)
class DepositList(APIView):
    """Deposits, the latest first."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="list_deposits",
        summary="List deposits",
        tags=["Deposits"],
        parameters=[contract.DepositQuery],
        responses={200: contract.DepositPage, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List deposits of customers with what is held of them."""
        given = asked_with_page(contract.DepositQuery, request)
        number, size = given.get("account", ""), given.get("page_size", PAGE)
        account_id = accounts.id_of_number(number) if number else None
        rows = deposits.listed(
            wanted=WantedDeposits(standing=given.get("standing", ""), cause=given.get("cause", "")),
            today=timezone.localdate(),
            account_id=account_id,
            before=int(given["cursor"]) if "cursor" in given else None,
            most=size + 1,
        )
        following = next_page(request, cursor=rows[size - 1].id) if len(rows) > size else None
        currency = supplier.current().currency
        return Response({"next": following, "results": [_card(row, currency) for row in rows[:size]]})

    @extend_schema(
        operation_id="demand_deposit",
        summary="Demand a deposit",
        tags=["Deposits"],
        request=contract.DepositNew,
        parameters=[KEY],
        responses={201: contract.DepositWhole, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Demand a deposit by a note: as large as the rules of the place compute it, or less with a reason."""
        given = contract.DepositNew(data=request.data)
        given.is_valid(raise_exception=True)
        values = dict(given.validated_data)
        account_id = accounts.id_of_number(values.pop("account"))
        new = NewDeposit(account_id=account_id, key=f"api:{uuid4().hex}", **values)
        made = operations.demand(new=new, today=timezone.localdate(), actor=actor_of(request))
        return Response(_whole(made), status=201, headers={"Location": reverse("api_deposit", args=[made])})


@api.needs(GET=READ)
class DepositOne(APIView):
    """One deposit."""

    @extend_schema(
        operation_id="get_deposit",
        summary="One deposit",
        tags=["Deposits"],
        parameters=[ID],
        responses={200: contract.DepositWhole, **problems(404)},
    )
    def get(self, request: Request, deposit_id: int) -> Response:  # noqa: ARG002
        """Return a deposit with its history, its interest and its months of payment."""
        return Response(_whole(deposit_id))


@api.needs(POST=WRITE)
class ReturnDeposit(APIView):
    """Ask for a deposit to go back."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="return_deposit",
        summary="Ask it back",
        tags=["Deposits"],
        request=contract.ReturnGiven,
        parameters=[ID, KEY],
        responses={200: contract.DepositWhole, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request, deposit_id: int) -> Response:
        """Ask that a deposit goes back, or is reduced, waived or cancelled; a second person decides at the desk."""
        given = contract.ReturnGiven(data=request.data)
        given.is_valid(raise_exception=True)
        values = given.validated_data
        deposits.card(deposit_id=deposit_id, today=timezone.localdate())
        new = NewRequest(
            deposit_id=deposit_id,
            kind=RequestKind(values.get("kind", RequestKind.RETURN)),
            amount_minor=values.get("amount_minor"),
            reason=values["reason"],
            key=f"api:{uuid4().hex}",
        )
        deposit_requests.propose(new=new, today=timezone.localdate(), actor=actor_of(request))
        return Response(_whole(deposit_id))


def _card(card: DepositCard, currency: str) -> dict[str, Any]:
    return {
        "deposit": card.id,
        "account": card.account_number,
        "cause": card.cause,
        "standing": card.standing,
        "demanded": money(card.amount_minor, currency),
        "held": money(card.held_minor, currency),
        "open": money(card.open_minor, currency),
        "given_back": money(card.returned_minor, currency),
        "interest": money(card.interest_minor, currency),
        "demanded_date": card.demanded_date,
        "due_date": card.due_date,
        "interest_date": card.interest_date,
        "look_date": card.look_date,
        "ended_date": card.ended_date,
        "is_paid_out": card.is_paid_out,
    }


def _whole(deposit_id: int) -> dict[str, Any]:
    detail: DepositDetail = deposits.one(deposit_id=deposit_id, today=timezone.localdate())
    currency = supplier.current().currency
    months = detail.verdict.months if detail.verdict else ()
    waited = supply_deposits.waited_for(account_ids=[detail.card.account_id], today=timezone.localdate())
    return _card(detail.card, currency) | {
        "supply_waits": detail.card.account_id in waited,
        "held_since": detail.since,
        "accrued": money(detail.accrued_minor, currency),
        "months_missing": detail.verdict.missing if detail.verdict else None,
        "months": [
            {"start": one.start, "end": one.end, "due": one.due, "late": one.late, "demands": one.demands}
            for one in months
        ],
        "moves": [
            {"kind": one.kind, "day": one.day, "amount": money(one.amount_minor, currency), "note": one.note_number}
            for one in detail.moves
        ],
        "is_waiting": detail.waiting is not None,
    }
