"""Exceptions of usage for other programs: listed, and settled as on the desk; what two decide is decided there."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cis.kernel.enums import Role
from cis.kernel.fixed import to_text
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, asked, key_parameter, problems
from cis.platform.idempotency import idempotent
from metering.api import exception_contracts as contract
from metering.operations import exceptions, read_changes
from metering.queries import exceptions as queries
from metering.queries import re_reads
from metering.queries import read_changes as changes
from metering.queries.exceptions import ExceptionCard

READ = api.scope("exceptions:read", "Read exceptions of usage.", roles={Role.METERING, Role.AUDITOR})
WRITE = api.scope("exceptions:write", "Settle exceptions of usage.", roles={Role.METERING})
EXCEPTION = OpenApiParameter("exception_id", int, OpenApiParameter.PATH, description="As in the list.")
VERB: dict[str, Any] = {
    "tags": ["Exceptions of usage"],
    "parameters": [EXCEPTION, key_parameter("request")],
    "responses": {200: contract.ExceptionWhole, **problems(400, 404, 409, 415, 422)},
}


@api.needs(GET=READ)
class ExceptionList(APIView):
    """Exceptions of usage, the latest first."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_usage_exceptions",
        summary="List exceptions of usage",
        tags=["Exceptions of usage"],
        parameters=[contract.ExceptionQuery],
        responses={200: contract.ExceptionPage, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List what is doubtful or missing of energy."""
        given = asked(contract.ExceptionQuery, request)
        rows = queries.selected(state=given.get("state", ""), code=given.get("code", ""), serial=given.get("meter", ""))
        page, reply = api.page_of(self, request, rows.only("id"))
        cards = {card.id: card for card in queries.some(exception_ids=[row.id for row in page])}
        return reply([_short(cards[row.id]) for row in page])


@api.needs(GET=READ)
class ExceptionOne(APIView):
    """One exception."""

    @extend_schema(
        operation_id="get_usage_exception",
        summary="One exception",
        tags=["Exceptions of usage"],
        parameters=[EXCEPTION],
        responses={200: contract.ExceptionWhole, **problems(404)},
    )
    def get(self, request: Request, exception_id: int) -> Response:  # noqa: ARG002
        """Return an exception with what was done about it."""
        return _shown(exception_id)


@api.needs(POST=WRITE)
class AcceptException(APIView):
    """Accept one."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="accept_usage_exception", summary="Accept it", request=contract.ExceptionAccepted, **VERB
    )
    @idempotent
    def post(self, request: Request, exception_id: int) -> Response:
        """Say that it is right as it is; energy that it stopped is approved at once."""
        given = contract.ExceptionAccepted(data=request.data)
        given.is_valid(raise_exception=True)
        exceptions.accept(exception_id=exception_id, **given.validated_data, actor=actor_of(request))
        return _shown(exception_id)


@api.needs(POST=WRITE)
class EditException(APIView):
    """Set another value."""

    parser_classes = (JsonParser,)

    @extend_schema(operation_id="edit_usage_exception", summary="Set a value", request=contract.ExceptionEdited, **VERB)
    @idempotent
    def post(self, request: Request, exception_id: int) -> Response:
        """Put another counter value in the place of the one it is about; what moves much waits for a person."""
        given = contract.ExceptionEdited(data=request.data)
        given.is_valid(raise_exception=True)
        read_changes.edit(
            exception_id=exception_id, reading_wh=given.validated_data["reading_kwh"],
            reason=given.validated_data["reason"], today=timezone.localdate(), actor=actor_of(request),
        )  # fmt: skip
        return _shown(exception_id)


@api.needs(POST=WRITE)
class EstimateException(APIView):
    """Estimate."""

    parser_classes = (JsonParser,)

    @extend_schema(operation_id="estimate_usage_exception", summary="Estimate", request=contract.EstimateGiven, **VERB)
    @idempotent
    def post(self, request: Request, exception_id: int) -> Response:
        """Put an estimate in the place of what it is about; what moves much waits for a person."""
        given = contract.EstimateGiven(data=request.data)
        given.is_valid(raise_exception=True)
        read_changes.estimate(
            exception_id=exception_id, **given.validated_data, today=timezone.localdate(), actor=actor_of(request)
        )
        return _shown(exception_id)


@api.needs(POST=WRITE)
class VisitException(APIView):
    """Send a crew."""

    parser_classes = (JsonParser,)

    @extend_schema(operation_id="visit_usage_exception", summary="Send a crew", request=None, **VERB)
    @idempotent
    def post(self, request: Request, exception_id: int) -> Response:
        """Order that the meter be read again; what the crew reads settles the exception."""
        exceptions.visit(exception_id=exception_id, today=timezone.localdate(), actor=actor_of(request))
        return _shown(exception_id)


def _shown(exception_id: int) -> Response:
    card = queries.one(exception_id=exception_id)
    done = [
        {
            "change_id": one.id, "state": one.state, "read_date": one.read_date, "method": one.method,
            "before_kwh": None if one.before_wh is None else to_text(one.before_wh, places=3),
            "after_kwh": to_text(one.after_wh, places=3), "needs_two": one.needs_two, "reason": one.reason,
        }
        for one in changes.of_exception(exception_id=exception_id)
    ]  # fmt: skip
    visits = [
        {"work_order": one.work_order_id, "state": one.state}
        for one in re_reads.of_exception(exception_id=exception_id)
    ]
    return Response({**_short(card), "changes": done, "visits": visits})


def _short(card: ExceptionCard) -> dict[str, Any]:
    return {
        "exception_id": card.id, "code": card.code, "severity": card.severity, "state": card.state,
        "is_waiting": card.is_waiting, "start_date": card.start_date, "end_date": card.end_date,
        "fact_date": card.fact_date, "measure": card.measure, "bound": card.bound, "unit": card.unit,
        "service_point": card.service_point, "address": card.address, "meter": card.serial, "register": card.register,
        "opened_at": card.opened_at, "closed_at": card.closed_at, "reason": card.reason,
        "acts": sorted(str(act) for act in card.acts),
    }  # fmt: skip
