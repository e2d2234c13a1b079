"""What other programs do with work orders: plan, promise hours, begin, finish, report what stood in the way."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, key_parameter, problems
from cis.platform.idempotency import idempotent
from metering.api import field_contracts, work_contracts
from metering.api.field_endpoints import ID, WORK_READ, order_shown
from metering.domain.meter_work import METER_WORK, MeterReport, ReportedMeter
from metering.domain.work_orders import WorkKind
from metering.operations import appointments as appointment_operations
from metering.operations import meter_work, work_answers, work_orders
from metering.queries import appointments, checklists, crews
from metering.queries import work_orders as queries
from metering.queries.checklists import UnknownChecklist

WORK_WRITE = api.scope("work:write", "Plan and finish work orders.", roles={Role.CLERK, Role.METERING})
KEY = key_parameter("request")
VERB: dict[str, Any] = {
    "tags": ["Work orders"],
    "parameters": [ID, KEY],
    "responses": {200: field_contracts.WorkOrderOut, **problems(400, 404, 409, 415, 422)},
}


class ReportedElsewhere(Refused):
    """A survey is reported with its service points, by its application."""

    code = "reported_elsewhere"


class MetersMissing(Refused):
    """The order is about a meter, or is not, and the request says the opposite."""

    code = "wrong_meter_work"


def _shown(work_order_id: int) -> Response:
    return Response(order_shown(queries.one(work_order_id=work_order_id)))


@api.needs(POST=WORK_WRITE)
class AssignWork(APIView):
    """Give a work order to a crew."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="assign_work_order", summary="Give it to a crew", request=work_contracts.AssignGiven, **VERB
    )
    @idempotent
    def post(self, request: Request, work_order_id: int) -> Response:
        """Give a work order to a crew for a day; what a customer was promised stands before that."""
        given = work_contracts.AssignGiven(data=request.data)
        given.is_valid(raise_exception=True)
        work_orders.assign(
            work_order_ids=[work_order_id],
            crew_id=given.validated_data["crew"],
            planned_date=given.validated_data["planned_date"],
            actor=actor_of(request),
        )
        return _shown(work_order_id)


@api.needs(GET=WORK_READ)
class WorkSlots(APIView):
    """Hours that can be promised for a work order."""

    @extend_schema(
        operation_id="list_free_slots",
        summary="Free hours for an appointment",
        tags=["Work orders"],
        parameters=[ID],
        responses={200: work_contracts.SlotsShown, **problems(404)},
    )
    def get(self, request: Request, work_order_id: int) -> Response:  # noqa: ARG002
        """List the slots of crews that work there and do this, soonest first; at most 60."""
        card = queries.one(work_order_id=work_order_id)
        found = appointments.free_slots(district=card.district, kind=card.kind, after=timezone.localtime())
        return Response(
            {
                "results": [
                    {
                        "slot": slot.id, "crew": slot.crew, "date": slot.date,
                        "start_time": f"{slot.start_time:%H:%M}", "end_time": f"{slot.end_time:%H:%M}",
                    }
                    for slot in found
                ]
            }
        )  # fmt: skip


@api.needs(POST=WORK_WRITE)
class BookWork(APIView):
    """Promise hours for a work order."""

    parser_classes = (JsonParser,)

    @extend_schema(operation_id="book_appointment", summary="Promise hours", request=work_contracts.SlotGiven, **VERB)
    @idempotent
    def post(self, request: Request, work_order_id: int) -> Response:
        """Promise the hours of a free slot; its crew gets the order for that day."""
        given = work_contracts.SlotGiven(data=request.data)
        given.is_valid(raise_exception=True)
        appointment_operations.book(
            work_order_id=work_order_id, slot_id=given.validated_data["slot"], actor=actor_of(request)
        )
        return _shown(work_order_id)


@api.needs(POST=WORK_WRITE)
class StartWork(APIView):
    """Begin a work order."""

    parser_classes = (JsonParser,)

    @extend_schema(operation_id="start_work_order", summary="Begin it", request=None, **VERB)
    @idempotent
    def post(self, request: Request, work_order_id: int) -> Response:
        """Note that the crew is there."""
        work_orders.start(work_order_id=work_order_id, actor=actor_of(request))
        return _shown(work_order_id)


@api.needs(GET=WORK_READ)
class WorkChecklist(APIView):
    """What is answered when a work order is finished."""

    @extend_schema(
        operation_id="get_checklist",
        summary="Its checklist",
        tags=["Work orders"],
        parameters=[ID],
        responses={200: work_contracts.ChecklistShown, **problems(404)},
    )
    def get(self, request: Request, work_order_id: int) -> Response:  # noqa: ARG002
        """Return the items that are answered, with their choices."""
        code = queries.one(work_order_id=work_order_id).checklist
        try:
            items = checklists.one(code=code).items if code else ()
        except UnknownChecklist:
            items = ()
        return Response(
            {
                "checklist": code,
                "items": [
                    {
                        "code": item.code,
                        "kind": item.kind.value,
                        "text": {"zh": item.label_zh, "en": item.label_en},
                        "is_required": item.is_required,
                        "choices": [choice.code for choice in item.choices],
                    }
                    for item in items
                ],
            }
        )


@api.needs(POST=WORK_WRITE)
class WorkPhotos(APIView):
    """Photos of a work order that is under way."""

    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="add_work_photo",
        summary="Add a photo",
        tags=["Work orders"],
        request={"multipart/form-data": work_contracts.WorkPhotoNew},
        parameters=[ID],
        responses={201: work_contracts.PhotoKept, **problems(404, 409, 415, 422)},
    )
    def post(self, request: Request, work_order_id: int) -> Response:
        """Keep a photo of an item of the checklist or of a register; each sending is a photo."""
        given = work_contracts.WorkPhotoNew(data=request.data)
        given.is_valid(raise_exception=True)
        photo_id = work_answers.add_photo(
            work_order_id=work_order_id,
            item=given.validated_data["item"],
            source=given.validated_data["file"],
            actor=actor_of(request),
        )
        return Response({"photo": photo_id}, status=201)


@api.needs(POST=WORK_WRITE)
class FinishWork(APIView):
    """Finish a work order."""

    parser_classes = (JsonParser,)

    @extend_schema(operation_id="finish_work_order", summary="Finish it", request=work_contracts.FinishGiven, **VERB)
    @idempotent
    def post(self, request: Request, work_order_id: int) -> Response:
        """
        Finish a work order with its outcome and its answers; the case that asked for it goes on by itself.

        Work at meters says which meter was hung up or taken down, with seals and readings; photos were sent before. A
        survey is not finished here: the move ``report_survey`` of its application names its service points.
        """
        given = work_contracts.FinishGiven(data=request.data)
        given.is_valid(raise_exception=True)
        values, kind = given.validated_data, WorkKind(queries.one(work_order_id=work_order_id).kind)
        hung, down = (_reported(values.get(name)) for name in ("hung", "taken_down"))
        common: dict[str, Any] = {
            "work_order_id": work_order_id, "answers": values["answers"], "note": values["note"],
            "actor": actor_of(request),
        }  # fmt: skip
        if kind is WorkKind.SURVEY:
            raise ReportedElsewhere(
                "A survey is reported by its application.", advice="Send the move report_survey of the application."
            )
        if kind in METER_WORK:
            meter_work.finish(
                **common, report=MeterReport(hung=hung, taken_down=down), request_key="", today=timezone.localdate()
            )
        elif hung or down:
            raise MetersMissing(f"Work of kind {kind} moves no meter.", advice="Leave out hung and taken_down.")
        else:
            work_orders.finish(**common, outcome=values["outcome"])
        return _shown(work_order_id)


@api.needs(POST=WORK_WRITE)
class FailWork(APIView):
    """Report that work was not possible."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="fail_work_order", summary="Not possible this time", request=work_contracts.FailGiven, **VERB
    )
    @idempotent
    def post(self, request: Request, work_order_id: int) -> Response:
        """Note what stood in the way; the order is planned anew."""
        given = work_contracts.FailGiven(data=request.data)
        given.is_valid(raise_exception=True)
        work_orders.fail(work_order_id=work_order_id, actor=actor_of(request), **given.validated_data)
        return _shown(work_order_id)


@api.needs(POST=WORK_WRITE)
class CancelWork(APIView):
    """Drop a work order."""

    parser_classes = (JsonParser,)

    @extend_schema(operation_id="cancel_work_order", summary="Drop it", request=work_contracts.ReasonGiven, **VERB)
    @idempotent
    def post(self, request: Request, work_order_id: int) -> Response:
        """Drop a work order; the case that asked for it is told."""
        given = work_contracts.ReasonGiven(data=request.data)
        given.is_valid(raise_exception=True)
        work_orders.cancel(work_order_id=work_order_id, reason=given.validated_data["reason"], actor=actor_of(request))
        return _shown(work_order_id)


@api.needs(GET=WORK_READ)
class CrewList(APIView):
    """Crews at work."""

    @extend_schema(
        operation_id="list_crews",
        summary="List crews",
        tags=["Work orders"],
        responses={200: work_contracts.CrewsShown, **problems()},
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List the crews at work, by name."""
        found = crews.listed(only_active=True)
        return Response(
            {
                "results": [
                    {"crew": one.id, "name": one.name, "districts": list(one.areas), "kinds": list(one.kinds)}
                    for one in found
                ]
            }
        )


def _reported(part: dict[str, Any] | None) -> ReportedMeter | None:
    if part is None:
        return None
    return ReportedMeter(
        serial=part["meter"],
        multiplier=part["multiplier"],
        seals=tuple(part["seals"]),
        readings=part["readings_kwh"],
    )
