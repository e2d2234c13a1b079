"""Rate checks for other programs."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.api_fields import JsonParser, money, problems
from tariffs.api import contracts as contract
from tariffs.domain import cases
from tariffs.domain.cases import CaseLine
from tariffs.queries import plans, versions

TARIFFS_READ = api.scope(
    "tariffs:read", "Rate any usage by the price book.", roles={Role.CLERK, Role.BILLING, Role.AUDITOR}
)


@api.needs(POST=TARIFFS_READ)
class RateCheck(APIView):
    """Any usage by a tariff; nothing is kept."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="check_rate",
        summary="Rate usage without keeping it",
        tags=["Tariffs"],
        request=contract.RateCheckNew,
        responses={200: contract.RateCheckFound, **problems(400, 404, 415, 422)},
    )
    def post(self, request: Request) -> Response:
        """Rate usage by the version that holds on a date; what the tariff needs and is not given is an error."""
        given = contract.RateCheckNew(data=request.data)
        given.is_valid(raise_exception=True)
        values = dict(given.validated_data)
        code, on_date = values.pop("tariff"), values.pop("on_date")
        version = plans.version_on(tariff_id=plans.tariff_id(code), day=on_date)
        document = versions.document_of(version.version_id)
        rated, currency = cases.rated(document=document, values=values), document.plan.currency
        return Response(
            {
                "tariff": code,
                "version": version.version_id,
                "start_date": version.start_date,
                "end_date": version.end_date,
                "total": money(rated.total_minor, currency),
                "lines": [_line(line, currency) for part in rated.parts for line in part.lines],
            }
        )


def _line(line: CaseLine, currency: str) -> dict[str, object]:
    return {
        "line": line.key,
        "labels": dict(line.labels),
        "unit": line.unit,
        "quantity": line.quantity,
        "price": line.price,
        "exact_minor": line.exact,
        "in_total": line.in_total,
        "amount": money(line.amount_minor, currency),
    }
