"""Safety inspections and defects of a place, for other programs."""

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.api_fields import asked, problems
from contracts.api import inspection_contracts as contract
from contracts.models.inspection import Defect
from contracts.queries import defects, inspections
from contracts.queries.defects import DefectCard
from contracts.queries.inspections import InspectionCard, Wanted
from metering.queries import places

INSPECTIONS_READ = api.scope(
    "inspections:read",
    "Read safety inspections and defects.",
    roles={Role.CLERK, Role.METERING, Role.FIELD, Role.AUDITOR},
)
PLACE = OpenApiParameter("place", str, OpenApiParameter.PATH, description="Number of the service point.")


@api.needs(GET=INSPECTIONS_READ)
class PlaceInspections(APIView):
    """Safety inspections of a place."""

    @extend_schema(
        operation_id="list_inspections_of_place",
        summary="Safety inspections of a place",
        tags=["Safety inspections"],
        parameters=[PLACE],
        responses={200: contract.InspectionsOfPlace, **problems(404)},
    )
    def get(self, request: Request, place: str) -> Response:  # noqa: ARG002
        """Return the inspections of a service point with their defects, latest first; at most 100."""
        cards = inspections.of_service_point(service_point_id=places.id_of_external_id(place))
        found = defects.of_inspections(inspection_ids=[card.id for card in cards])
        return Response({"place": place, "results": [_shown(card, found.get(card.id, ())) for card in cards]})


@api.needs(GET=INSPECTIONS_READ)
class InspectionList(APIView):
    """Safety inspections, the latest first."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_inspections",
        summary="List safety inspections",
        tags=["Safety inspections"],
        parameters=[contract.InspectionQuery],
        responses={200: contract.InspectionPage, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List inspections with their defects."""
        given = asked(contract.InspectionQuery, request)
        rows = inspections.selected(
            wanted=Wanted(state=given.get("state", ""), kind=given.get("kind", ""), text=given.get("account", "")),
            today=timezone.localdate(),
        )
        page, reply = api.page_of(self, request, rows.only("id"))
        ids = [row.id for row in page]
        cards, found = inspections.by_ids(inspection_ids=ids), defects.of_inspections(inspection_ids=ids)
        return reply([_shown(cards[one], found.get(one, ())) for one in ids])


@api.needs(GET=INSPECTIONS_READ)
class InspectionOne(APIView):
    """One safety inspection."""

    @extend_schema(
        operation_id="get_inspection",
        summary="One safety inspection",
        tags=["Safety inspections"],
        parameters=[OpenApiParameter("inspection_id", int, OpenApiParameter.PATH, description="As in the list.")],
        responses={200: contract.InspectionShown, **problems(404)},
    )
    def get(self, request: Request, inspection_id: int) -> Response:  # noqa: ARG002
        """Return an inspection with its defects."""
        card = inspections.one(inspection_id=inspection_id)
        return Response(_shown(card, defects.of_inspections(inspection_ids=[card.id]).get(card.id, ())))


@api.needs(GET=INSPECTIONS_READ)
class DefectList(APIView):
    """Defects, the latest first."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_defects",
        summary="List defects",
        tags=["Safety inspections"],
        parameters=[contract.DefectQuery],
        responses={200: contract.DefectPage, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List defects with their deadlines."""
        filters = asked(contract.DefectQuery, request)
        rows = Defect.objects.filter(**filters).only("id")
        page, reply = api.page_of(self, request, rows)
        cards = defects.by_ids(defect_ids=[row.id for row in page])
        return reply([{**_defect(cards[row.id]), "inspection": cards[row.id].inspection_id} for row in page])


def _shown(card: InspectionCard, found: tuple[DefectCard, ...]) -> dict[str, object]:
    return {
        "id": card.id, "kind": card.kind, "state": card.state, "due_date": card.due_date, "done_date": card.done_date,
        "account": card.account_number, "address": card.address, "notice": card.notice_number,
        "defects": [_defect(one) for one in found],
    }  # fmt: skip


def _defect(card: DefectCard) -> dict[str, object]:
    return {
        "id": card.id, "code": card.code, "severity": card.severity, "state": card.state,
        "text": {"zh": card.text_zh, "en": card.text_en}, "note": card.note,
        "found_date": timezone.localdate(card.found_at), "due_date": card.due_date, "closed_date": card.closed_date,
    }  # fmt: skip
