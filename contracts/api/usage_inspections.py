"""Usage inspections for other programs: suspected, listed, shown."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, asked, key_parameter, problems
from cis.platform.idempotency import idempotent
from contracts.api import usage_inspection_contracts as contract
from contracts.domain.usage_inspection import Source, Suspicion
from contracts.models.usage_inspection import UsageInspection
from contracts.operations import usage_inspections as operations
from contracts.queries import usage_inspections as queries
from contracts.queries.usage_inspections import UsageCard
from metering.queries import places

USAGE_READ = api.scope(
    "usage-inspections:read",
    "Read usage inspections.",
    roles={Role.CLERK, Role.METERING, Role.BILLING, Role.AUDITOR},
)
USAGE_WRITE = api.scope(
    "usage-inspections:write", "Suspect that usage is not as it should be.", roles={Role.CLERK, Role.METERING}
)
TAGS = ["Usage inspections"]


@api.needs(GET=USAGE_READ, POST=USAGE_WRITE)
class UsageInspections(APIView):
    """Usage inspections, the latest first."""

    pagination_class = api.IdCursorPagination
    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="list_usage_inspections",
        summary="List usage inspections",
        tags=TAGS,
        parameters=[contract.UsageInspectionQuery],
        responses={200: contract.UsageInspectionPage, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List usage inspections; a constant number of statements."""
        given = asked(contract.UsageInspectionQuery, request)
        rows = UsageInspection.objects.filter(**({"state": given["state"]} if "state" in given else {}))
        page, reply = api.page_of(self, request, rows.only("id"))
        ids = [row.id for row in page]
        cards = queries.by_ids(inspection_ids=ids)
        return reply([_shown(cards[one]) for one in ids])

    @extend_schema(
        operation_id="suspect_usage",
        summary="Suspect usage at a place",
        tags=TAGS,
        parameters=[key_parameter("suspicion")],
        request=contract.SuspicionGiven,
        responses={201: contract.SuspicionTaken, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Open a usage inspection, or join the one under way at the place; the same reference counts once."""
        given = contract.SuspicionGiven(data=request.data)
        given.is_valid(raise_exception=True)
        said = given.validated_data
        new = Suspicion(
            service_point_id=places.id_of_external_id(said["place"]), source=Source(said["source"]),
            words=said["words"], reference=said.get("reference", ""),
        )  # fmt: skip
        made = operations.suspect(new=new, actor=actor_of(request))
        return Response(contract.SuspicionTaken({"inspection": made}).data, status=201)


@api.needs(GET=USAGE_READ)
class UsageInspectionOne(APIView):
    """One usage inspection."""

    @extend_schema(
        operation_id="get_usage_inspection",
        summary="One usage inspection",
        tags=TAGS,
        parameters=[OpenApiParameter("inspection_id", int, OpenApiParameter.PATH, description="As in the list.")],
        responses={200: contract.UsageInspectionShown, **problems(404)},
    )
    def get(self, request: Request, inspection_id: int) -> Response:  # noqa: ARG002
        """Return a usage inspection."""
        return Response(_shown(queries.one(inspection_id=inspection_id)))


def _shown(card: UsageCard) -> dict[str, object]:
    shown = {
        "id": card.id, "state": card.state, "finding": card.finding, "sources": card.sources,
        "account": card.account_number, "address": card.address, "opened_at": card.opened_at,
        "visited_date": card.visited_date, "work_order": card.work_order_id, "breach": card.breach_id,
        "correction": card.correction_id, "ended_at": card.ended_at,
    }  # fmt: skip
    return dict(contract.UsageInspectionShown(shown).data)
