"""Advice on tariffs for other programs."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.queries import accounts, supplier
from accounts.queries.accounts import UnknownAccount
from billing.api import contracts as contract
from billing.api.endpoints import plain
from billing.domain.advice import Row
from billing.queries import advice
from billing.queries.advice import SupplyAdvice
from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.api_fields import money, problems

ADVICE_READ = api.scope(
    "advice:read", "Read which tariff would be cheapest.", roles={Role.CLERK, Role.BILLING, Role.AUDITOR}
)
NUMBER = OpenApiParameter("number", str, OpenApiParameter.PATH, description="Number as printed.")


@api.needs(GET=ADVICE_READ)
class AccountAdvice(APIView):
    """Which tariff would be cheapest."""

    @extend_schema(
        operation_id="get_advice",
        summary="Which tariff would be cheapest",
        tags=["Accounts"],
        parameters=[NUMBER],
        responses={200: contract.AccountAdvice, **problems(404)},
    )
    def get(self, request: Request, number: str) -> Response:  # noqa: ARG002
        """Return what the use of each supply would have cost on each tariff that the customer may choose."""
        account_id = accounts.id_of_number(plain(number, UnknownAccount))
        today = timezone.localdate()
        overview = accounts.overview(account_id=account_id, at_date=today)
        since = next(span.start_date for span in overview.holders if span.customer_id == overview.holder.id)
        found = advice.of_account(account_id=account_id, today=today, since_date=since)
        currency = supplier.current().currency
        return Response({"account": number, "on_date": today, "supplies": [_supply(one, currency) for one in found]})


def _supply(one: SupplyAdvice, currency: str) -> dict[str, Any]:
    period, known = one.span.period, one.advice
    return {
        "agreement": one.agreement.external_id,
        "months": one.span.months,
        "months_needed": one.least,
        "ready_date": one.span.ready_on,
        "start_date": period.start if period else None,
        "end_date": period.end if period else None,
        "energy_wh": known.used_wh if known else None,
        "tariffs": [_tariff(row, currency) for row in known.rows] if known else [],
    }


def _tariff(row: Row, currency: str) -> dict[str, Any]:
    option, obstacle = row.option, row.option.obstacle
    return {
        "tariff": option.code,
        "tariff_names": {"zh": option.name_zh, "en": option.name_en},
        "is_current": option.is_current,
        "cost": None if option.cost_minor is None else money(option.cost_minor, currency),
        "saving": None if row.saving_minor is None else money(row.saving_minor, currency),
        "reason": obstacle.code if obstacle else None,
        "message": obstacle.message if obstacle else None,
    }
