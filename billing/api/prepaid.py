"""Prepaid accounts for other programs: what is left of one, the switch to prepayment and back."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.queries import accounts, supplier
from accounts.queries.accounts import UnknownAccount
from billing.api import prepaid_contracts as contract
from billing.api.endpoints import plain
from billing.operations import prepaid as operations
from billing.queries import prepaid as queries
from billing.queries.prepaid import Standing
from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, Strict, key_parameter, money, problems
from cis.platform.idempotency import idempotent

READ = api.scope(
    "prepayments:read", "Read balances of prepaid accounts.", roles={Role.CLERK, Role.BILLING, Role.AUDITOR}
)
WRITE = api.scope("prepayments:write", "Switch accounts to prepayment and back.", roles={Role.CLERK, Role.BILLING})
NUMBER = OpenApiParameter("number", str, OpenApiParameter.PATH, description="Number of the account.")
KEY = key_parameter("switch")


@api.needs(GET=READ, POST=WRITE)
class AccountPrepayment(APIView):
    """An account that pays before it uses."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="get_prepayment",
        summary="What is left of a prepaid account",
        tags=["Accounts"],
        parameters=[NUMBER],
        responses={200: contract.PrepaidShown, **problems(404, 422)},
    )
    def get(self, request: Request, number: str) -> Response:  # noqa: ARG002
        """Return what is left after the latest read that counts; an account that is not prepaid is refused."""
        return Response(_shown(_account_id(number)))

    @extend_schema(
        operation_id="switch_to_prepayment",
        summary="Switch to prepayment",
        tags=["Accounts"],
        request=contract.SwitchOn,
        parameters=[NUMBER, KEY],
        responses={204: None, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        """Let the account pay before it uses from a day on; its debts and credit stay on it and make the balance."""
        return _switched(request, number, contract.SwitchOn, operations.switch_on)


@api.needs(POST=WRITE)
class EndPrepayment(APIView):
    """The end of a prepayment."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="end_prepayment",
        summary="Switch back to paying afterwards",
        tags=["Accounts"],
        request=contract.SwitchOff,
        parameters=[NUMBER, KEY],
        responses={204: None, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        """Let the account pay after it used from a day on; refused while its balance is below the line of the cut."""
        return _switched(request, number, contract.SwitchOff, operations.switch_off)


def _switched(request: Request, number: str, asking: type[Strict], switch: Callable[..., object]) -> Response:
    given = asking(data=request.data)
    given.is_valid(raise_exception=True)
    switch(account_id=_account_id(number), today=timezone.localdate(), actor=actor_of(request), **given.validated_data)
    return Response(status=204)


def _account_id(number: str) -> int:
    return accounts.id_of_number(plain(number, UnknownAccount))


def _shown(account_id: int) -> dict[str, Any]:
    one: Standing = queries.of_account(account_id=account_id, today=timezone.localdate())
    currency = supplier.current().currency
    balance, unbilled = one.balance_minor, one.open_cost_minor
    return {
        "account": one.account_number,
        "since_date": one.since_date,
        "until_date": one.until_date,
        "agreement_reference": one.agreement_reference,
        "level": one.level.value,
        "balance": None if balance is None else money(balance, currency),
        "unbilled": None if unbilled is None else money(unbilled, currency),
        "rated_until": one.rated_until,
        "cut_date": one.cut_date,
        "review": one.review,
    }
