"""Safety inspections and defects of a place, for other programs."""

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.api_fields import problems
from contracts.api import inspection_contracts as contract
from contracts.queries import defects, inspections
from contracts.queries.defects import DefectCard
from contracts.queries.inspections import InspectionCard
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
