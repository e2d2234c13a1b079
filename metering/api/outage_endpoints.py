"""Outages for other programs: report a fault, read how it stands, list."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, asked, key_parameter, problems
from cis.platform.idempotency import idempotent
from metering.api import outage_contracts as contract
from metering.domain.meter_alarms import AlarmKind, NewAlarm
from metering.domain.outages import FaultChannel, FaultKind, NewReport
from metering.models.outage import Outage
from metering.operations import meter_alarms
from metering.operations import outages as operations
from metering.queries import outage_places, outages
from metering.queries.outages import OutageCard

OUTAGES_READ = api.scope("outages:read", "Read outages.", roles={Role.CLERK, Role.METERING, Role.FIELD, Role.AUDITOR})
FAULTS_WRITE = api.scope("faults:write", "Report faults.", roles={Role.CLERK, Role.METERING})
ALARMS_WRITE = api.scope("alarms:write", "Send alarms of meters.", roles={Role.METERING})
ID = OpenApiParameter("outage_id", int, OpenApiParameter.PATH, description="As in the list.")


@api.needs(POST=FAULTS_WRITE)
class FaultReports(APIView):
    """Reports of faults."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="report_fault",
        summary="Report a fault",
        tags=["Outages"],
        parameters=[key_parameter("report")],
        request=contract.FaultGiven,
        responses={201: contract.FaultTaken, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """
        Report a fault at a supply, or at a place in words; the answer is what the reporter is told.

        Reports near to one another in time and in the network become one outage. Where a supply was cut off, or a
        planned outage is on, the answer says so, and nobody is sent.
        """
        given = contract.FaultGiven(data=request.data)
        given.is_valid(raise_exception=True)
        values = dict(given.validated_data)
        code, kind = values.pop("service_point", ""), FaultKind(values.pop("kind"))
        point_id = outage_places.id_of_code(code=code) if code else None
        new = NewReport(kind=kind, channel=FaultChannel.API, service_point_id=point_id, **values)
        said = operations.report(new=new, actor=actor_of(request))
        told = {
            "report": said.report_id, "answer": said.answer.value, "outage": said.outage_id,
            "expected_back_at": said.expected_back_at,
        }  # fmt: skip
        return Response(contract.FaultTaken(told).data, status=201)


@api.needs(POST=ALARMS_WRITE)
class MeterAlarms(APIView):
    """Alarms of meters."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="send_meter_alarms",
        summary="Send alarms of meters",
        tags=["Outages"],
        request=contract.AlarmsGiven,
        responses={200: contract.AlarmsTaken, **problems(400, 404, 415, 422)},
    )
    def post(self, request: Request) -> Response:
        """
        Send what meters say of their own: that no current flows, that it flows again, or another kind, which is kept
        and does nothing. One alarm counts once.

        Alarms near to one another in time and in the network become one outage, with the reports beside them; a meter
        that has current again ends the dark time of its supply. Send them as they come: late, twice, in any order.
        """
        given = contract.AlarmsGiven(data=request.data)
        given.is_valid(raise_exception=True)
        alarms = [
            NewAlarm(serial=one["serial"], kind=AlarmKind(one["kind"]), occurred_at=one["occurred_at"])
            for one in given.validated_data["alarms"]
        ]
        taken = meter_alarms.take(alarms=alarms, actor=actor_of(request))
        told = {"kept": taken.kept, "unknown": taken.unknown, "outages": taken.outages}
        return Response(contract.AlarmsTaken(told).data)


@api.needs(GET=OUTAGES_READ)
class OutageList(APIView):
    """Outages, the latest first."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_outages",
        summary="List outages",
        tags=["Outages"],
        parameters=[contract.OutageQuery],
        responses={200: contract.OutagePage, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List outages with the latest first, those that are over among them."""
        rows = Outage.objects.filter(**asked(contract.OutageQuery, request)).only("id")
        page, reply = api.page_of(self, request, rows)
        cards = outages.by_ids(outage_ids=[row.id for row in page])
        return reply([_shown(cards[row.id]) for row in page])


@api.needs(GET=OUTAGES_READ)
class OutageOne(APIView):
    """One outage."""

    @extend_schema(
        operation_id="get_outage",
        summary="One outage",
        tags=["Outages"],
        parameters=[ID],
        responses={200: contract.OutageOut, **problems(404)},
    )
    def get(self, request: Request, outage_id: int) -> Response:  # noqa: ARG002
        """Return an outage as it stands now."""
        return Response(_shown(outages.one(outage_id=outage_id)))


def _shown(card: OutageCard) -> dict[str, Any]:
    names = (
        "state", "scope", "name", "district", "feeder", "cause", "is_dangerous", "began_at", "expected_back_at",
        "restored_at", "supplies", "dark", "reports", "meters", "crew",
    )  # fmt: skip
    given = {name: getattr(card, name) for name in names}
    more = {"outage": card.id, "is_planned": card.plan_id is not None, "work_order": card.order_id}
    return dict(contract.OutageOut({**given, **more}).data)
