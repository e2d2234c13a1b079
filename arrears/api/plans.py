"""Plans of instalments: previewed, accepted by programs whose customers have agreed, looked at, cancelled."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.queries import accounts, supplier
from arrears.api import plan_contracts as contract
from arrears.domain.plan_workflow import PlanWay
from arrears.operations import plans as operations
from arrears.operations.plans import NewPlan
from arrears.queries import plan_previews, plans
from arrears.queries.plan_previews import PlanWish, Preview
from arrears.queries.plans import PlanCard, WantedPlans
from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, key_parameter, money, problems
from cis.platform.idempotency import idempotent

PLANS_READ = api.scope(
    "plans:read", "Preview and read instalment plans.", roles={Role.CLERK, Role.BILLING, Role.AUDITOR}
)
PLANS_WRITE = api.scope("plans:write", "Make and cancel instalment plans.", roles={Role.CLERK, Role.BILLING})
PLAN_ID = OpenApiParameter("plan_id", int, OpenApiParameter.PATH)
NUMBER = OpenApiParameter("number", str, OpenApiParameter.PATH, description="Account number.")
MOST = 100


@api.needs(POST=PLANS_READ)
class PreviewPlan(APIView):
    """What a plan would be."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="preview_plan", summary="Preview an instalment plan", tags=["Instalment plans"],
        parameters=[NUMBER], request=contract.PlanWished,
        responses={200: contract.PlanPreviewed, **problems(400, 404, 415, 422)},
    )  # fmt: skip
    def post(self, request: Request, number: str) -> Response:
        """Return the parts of a plan for what the place lets be paid in parts; nothing is kept."""
        given = contract.PlanWished(data=request.data)
        given.is_valid(raise_exception=True)
        seen = plan_previews.preview(
            account_id=accounts.id_of_number(number), wish=_wish(given.validated_data), actor=actor_of(request),
            at=timezone.now(),
        )  # fmt: skip
        return Response(_previewed(seen))


@api.needs(POST=PLANS_WRITE)
class PlanList(APIView):
    """New plans."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="accept_plan", summary="Make an instalment plan that the customer has agreed to",
        tags=["Instalment plans"], parameters=[key_parameter("plan")], request=contract.PlanNew,
        responses={200: contract.PlanShown, 201: contract.PlanShown, **problems(400, 404, 409, 415, 422)},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        """
        Make a plan as it was previewed; it holds at once. A total that is not owed any more is refused.

        The same ``reference`` again is the same plan (200).
        """
        given = contract.PlanNew(data=request.data)
        given.is_valid(raise_exception=True)
        values = given.validated_data
        new = NewPlan(
            account_id=accounts.id_of_number(values["account"]), wish=_wish(values), way=PlanWay.API,
            total_minor=values["total_minor"], is_agreed=True, key=values["reference"],
        )  # fmt: skip
        is_known = plans.has_key(key=new.key)
        plan_id = operations.offer(new=new, at=timezone.now(), actor=actor_of(request))
        shown = _shown(plans.one(plan_id=plan_id, today=timezone.localdate()))
        return Response(shown, status=200 if is_known else 201)


@api.needs(GET=PLANS_READ)
class PlanOne(APIView):
    """One plan."""

    @extend_schema(
        operation_id="get_plan", summary="One instalment plan", tags=["Instalment plans"], parameters=[PLAN_ID],
        responses={200: contract.PlanShown, **problems(404)},
    )  # fmt: skip
    def get(self, request: Request, plan_id: int) -> Response:  # noqa: ARG002
        """Return a plan with its parts and what was paid of each."""
        return Response(_shown(plans.one(plan_id=plan_id, today=timezone.localdate())))


@api.needs(POST=PLANS_WRITE)
class CancelPlan(APIView):
    """Ending a plan."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="cancel_plan", summary="Cancel an instalment plan", tags=["Instalment plans"],
        parameters=[PLAN_ID, key_parameter("plan")], request=contract.PlanEnd,
        responses={200: contract.PlanShown, **problems(400, 404, 409, 415, 422)},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, plan_id: int) -> Response:
        """Cancel a plan that holds; its debts are pursued again where they stood."""
        given = contract.PlanEnd(data=request.data)
        given.is_valid(raise_exception=True)
        operations.cancel(plan_id=plan_id, at=timezone.now(), actor=actor_of(request), **given.validated_data)
        return Response(_shown(plans.one(plan_id=plan_id, today=timezone.localdate())))


@api.needs(GET=PLANS_READ)
class AccountPlans(APIView):
    """Plans of an account."""

    @extend_schema(
        operation_id="list_plans_of_account", summary="Instalment plans of an account", tags=["Instalment plans"],
        parameters=[NUMBER], responses={200: contract.PlansShown, **problems(404)},
    )  # fmt: skip
    def get(self, request: Request, number: str) -> Response:  # noqa: ARG002
        """Return the plans of an account, the latest first."""
        wanted = WantedPlans(account_id=accounts.id_of_number(number))
        found = plans.listed(wanted=wanted, today=timezone.localdate(), most=MOST)
        return Response({"plans": [_shown(card) for card in found]})


def _wish(values: dict[str, Any]) -> PlanWish:
    return PlanWish(values["count"], values["day"], values["is_first_now"])


def _previewed(seen: Preview) -> dict[str, Any]:
    currency = supplier.current().currency
    return {
        "total": money(seen.total_minor, currency),
        "late_fee": money(seen.late_fee_minor, currency),
        "bills": [debt.number for debt in seen.debts],
        "parts": [
            {"part": part.seq, "due_date": part.due_date, "amount": money(part.amount_minor, currency)}
            for part in seen.parts
        ],
        "needs_a_person": [one.value for one in seen.excess],
    }


def _shown(card: PlanCard) -> dict[str, Any]:
    currency = supplier.current().currency
    return {
        "id": card.id,
        "plan": card.number,
        "account": card.account_number,
        "state": card.state,
        "total": money(card.total_minor, currency),
        "open": money(card.standing.open_minor, currency),
        "accepted_date": card.accepted_date,
        "ended_date": card.ended_date,
        "end_reason": card.end_reason,
        "parts": [
            {
                "part": part.seq,
                "due_date": part.due_date,
                "amount": money(part.amount_minor, currency),
                "paid": money(part.paid_minor, currency),
                "paid_date": part.paid_date,
                "code": card.codes[part.seq],
            }
            for part in card.standing.parts
        ],
    }
