"""Budget plans for other programs: looked at, begun, ended."""

from typing import Any
from uuid import uuid4

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.queries import accounts, supplier
from accounts.queries.accounts import UnknownAccount
from billing.api import budget_contracts as contract
from billing.api.endpoints import NUMBER, plain
from billing.operations import budgets as operations
from billing.operations.budgets import Acceptance
from billing.queries import budget_plans, budgets
from billing.queries.budget_plans import PlanDetail
from billing.queries.budgets import Offer, UnknownPlan
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, key_parameter, money, problems
from cis.platform.idempotency import idempotent

READ = api.scope("budgets:read", "Read budget plans.", roles={Role.CLERK, Role.BILLING, Role.AUDITOR})
WRITE = api.scope("budgets:write", "Begin and end budget plans.", roles={Role.CLERK, Role.BILLING})
KEY = key_parameter("plan")


@api.needs(GET=READ, POST=WRITE)
class AccountBudget(APIView):
    """The budget plan of an account."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="get_budget",
        summary="The budget plan of an account, or an offer of one",
        tags=["Budget plans"],
        parameters=[NUMBER],
        responses={200: contract.BudgetNow, **problems(404)},
    )
    def get(self, request: Request, number: str) -> Response:  # noqa: ARG002
        """Return the last plan with its months, and the level amount that would be asked for if one began today."""
        account_id, today = _account(number), timezone.localdate()
        card = budget_plans.latest(account_id=account_id, today=today)
        plan = budget_plans.detail(plan_id=card.id, today=today) if card is not None else None
        try:
            offer, why_not = budgets.offer(account_id=account_id, today=today), ""
        except Refused as refusal:
            offer, why_not = None, refusal.code
        currency = supplier.current().currency
        return Response(
            {
                "plan": _plan(plan, currency) if plan is not None else None,
                "offer": _offer(offer, currency) if offer is not None else None,
                "why_not": why_not,
            }
        )

    @extend_schema(
        operation_id="begin_budget",
        summary="Begin a budget plan",
        tags=["Budget plans"],
        request=contract.BudgetAccept,
        parameters=[NUMBER, KEY],
        responses={201: contract.BudgetPlanShown, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        """Begin a plan with the amount that the customer has accepted; the next bill is levelled."""
        given = contract.BudgetAccept(data=request.data)
        given.is_valid(raise_exception=True)
        new = Acceptance(
            account_id=_account(number),
            level_minor=given.validated_data["level_minor"],
            door="api",
            key=f"api:{uuid4().hex}",
        )
        plan_id = operations.accept(new=new, today=timezone.localdate(), actor=actor_of(request))
        return Response(_told(plan_id), status=201)


@api.needs(POST=WRITE)
class EndBudget(APIView):
    """End the budget plan of an account."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="end_budget",
        summary="End it and settle",
        tags=["Budget plans"],
        request=contract.BudgetEnd,
        parameters=[NUMBER, KEY],
        responses={200: contract.BudgetPlanShown, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        """End the plan that runs: its balance is owed or credited at once."""
        contract.BudgetEnd(data=request.data).is_valid(raise_exception=True)
        plan = budgets.running(account_id=_account(number))
        if plan is None:
            raise UnknownPlan("No budget plan of the account runs.")
        operations.end(plan_id=plan.id, today=timezone.localdate(), actor=actor_of(request))
        return Response(_told(plan.id))


def _account(number: str) -> int:
    return accounts.id_of_number(plain(number, UnknownAccount))


def _told(plan_id: int) -> dict[str, Any]:
    plan = budget_plans.detail(plan_id=plan_id, today=timezone.localdate())
    return _plan(plan, supplier.current().currency)


def _plan(plan: PlanDetail, currency: str) -> dict[str, Any]:
    card = plan.card
    return {
        "plan": card.id,
        "account": card.account_number,
        "state": card.state,
        "from_date": card.from_date,
        "settled_next": card.year_end if card.state == "active" else None,
        "level": money(card.level_minor, currency),
        "balance": money(card.balance_minor, currency),
        "ended_date": card.ended_date,
        "end_reason": card.end_reason,
        "months": [
            {
                "bill": row.number,
                "start_date": row.start_date,
                "end_date": row.end_date,
                "used": money(row.used_minor, currency),
                "level": money(row.level_minor, currency),
                "balance": money(row.balance_minor, currency),
            }
            for row in plan.months
            if not row.is_cancelled
        ],
    }


def _offer(offer: Offer, currency: str) -> dict[str, Any]:
    work = offer.working
    return {
        "level": money(work.level_minor, currency),
        "from_date": offer.first,
        "known_months": work.known_months,
        "expected": [
            {"month": one.month, "expected": money(one.amount_minor, currency), "like": one.like}
            for one in work.expected
        ],
        "terms": {language: list(lines) for language, lines in offer.terms.items()},
    }
