"""Applications for other programs: filed, looked at, papers added, moved as far as a program may."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from cis.kernel.enums import Role
from cis.platform import api, deadlines
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, asked, key_parameter, problems
from cis.platform.idempotency import idempotent
from contracts.api import application_contracts as contract
from contracts.domain.application_workflow import SUBJECT, ApplicationAction
from contracts.domain.applications import (
    Agent,
    Applicant,
    ApplicationChannel,
    Item,
    Load,
    NewApplication,
    PaperKind,
)
from contracts.operations import application_cases, application_intake, application_moves, surveys
from contracts.queries import application_supplies, application_told
from contracts.queries import applications as queries
from contracts.queries.application_told import ApplicationTold
from contracts.queries.applications import ApplicationSummary, UnknownApplication, Wanted
from metering.queries import places

READ = api.scope("applications:read", "Read applications.", roles={Role.CLERK, Role.METERING, Role.AUDITOR})
WRITE = api.scope("applications:write", "File and move applications.", roles={Role.CLERK})
NUMBER = OpenApiParameter("number", str, OpenApiParameter.PATH, description="As the applicant was told.")
NUMBER_MOST = 20
KEY = key_parameter("request")


@api.needs(GET=READ, POST=WRITE)
class ApplicationList(APIView):
    """Applications for a supply."""

    parser_classes = (JsonParser,)
    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_applications",
        summary="List applications",
        tags=["Applications"],
        parameters=[contract.ApplicationQuery],
        responses={200: contract.ApplicationPage, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List applications, the latest first."""
        given = asked(contract.ApplicationQuery, request)
        rows = queries.selected(
            wanted=Wanted(state=given.get("state", ""), queue=given.get("waits_for", ""), text=given.get("text", ""))
        )
        page, reply = api.page_of(self, request, rows)
        return reply([_short(row) for row in queries.summaries_of(page)])

    @extend_schema(
        operation_id="file_application",
        summary="File an application",
        tags=["Applications"],
        request=contract.ApplicationNew,
        parameters=[KEY],
        responses={201: contract.ApplicationKept, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """
        File an application for one supply, or for many at one place.

        It waits for the papers that are named in ``missing_papers``; the supplier's clocks run from then on. What is
        applied for already is refused (``application_taken``).
        """
        given = contract.ApplicationNew(data=request.data)
        given.is_valid(raise_exception=True)
        filed = application_intake.file(
            application=_new(given.validated_data),
            channel=ApplicationChannel.API,
            actor=actor_of(request),
            at=timezone.now(),
        )
        place = reverse("api_application", args=[filed.number])
        return Response(_told(filed.id, is_new=True), status=201, headers={"Location": place})


@api.needs(GET=READ)
class ApplicationOne(APIView):
    """One application."""

    @extend_schema(
        operation_id="get_application",
        summary="One application",
        tags=["Applications"],
        parameters=[NUMBER],
        responses={200: contract.ApplicationKept, **problems(404)},
    )
    def get(self, request: Request, number: str) -> Response:  # noqa: ARG002
        """Return an application with its supplies, clocks and history."""
        return Response(_told(_id(number)))


@api.needs(POST=WRITE)
class PaperList(APIView):
    """Papers of an application."""

    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="add_paper",
        summary="Add a paper",
        tags=["Applications"],
        request={"multipart/form-data": contract.PaperNew},
        parameters=[NUMBER],
        responses={200: contract.PapersLacking, **problems(404, 409, 415, 422)},
    )
    def post(self, request: Request, number: str) -> Response:
        """Keep a paper; the same file of the same kind counts once, so the request may be repeated."""
        given = contract.PaperNew(data=request.data)
        given.is_valid(raise_exception=True)
        application_id, file = _id(number), given.validated_data["file"]
        missing = application_cases.add_paper(
            application_id=application_id,
            kind=PaperKind(given.validated_data["kind"]),
            source=file,
            name=file.name,
            actor=actor_of(request),
            at=timezone.now(),
        )
        return Response({"missing_papers": [kind.value for kind in missing]})


def _refusals_noted(post: Callable[..., Any]) -> Callable[..., Any]:
    """Find the application; note in the audit trail which move of it was refused, once all else is rolled back."""

    @wraps(post)
    def noted(self: Any, request: Request, number: str) -> Any:
        data = request.data if isinstance(request.data, Mapping) else {}
        action = str(data.get("action", ""))[:40]
        application_id = _id(number)
        with application_moves.refusals_noted(application_id=application_id, action=action, actor=actor_of(request)):
            return post(self, request, application_id)

    return noted


@api.needs(POST=WRITE)
class MoveList(APIView):
    """Moves of an application."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="move_application",
        summary="Move an application",
        tags=["Applications"],
        request=contract.MoveNew,
        parameters=[NUMBER, KEY],
        responses={200: contract.ApplicationShown, **problems(400, 404, 409, 415, 422)},
    )
    @_refusals_noted
    @idempotent
    def post(self, request: Request, application_id: int) -> Response:
        """
        Move an application one step on its way.

        Offer, signature, meter and energizing are no actions here: they follow from the offer, the contract, the work
        order and the switch.
        """
        given = contract.MoveNew(data=request.data)
        given.is_valid(raise_exception=True)
        _move(request, application_id, given.validated_data)
        return Response(_short(queries.summary(application_id=application_id)))


def _move(request: Request, application_id: int, given: Mapping[str, Any]) -> None:
    action, now = ApplicationAction(given["action"]), timezone.now()
    common: dict[str, Any] = {"application_id": application_id, "actor": actor_of(request), "at": now}
    today = timezone.localdate(now)
    if action is ApplicationAction.CONFIRM_DOCUMENTS:
        application_cases.confirm_documents(**common, today=today)
    elif action is ApplicationAction.ASSIGN_SURVEY:
        application_cases.assign_survey(**common, today=today)
    elif action is ApplicationAction.REPORT_SURVEY:
        surveys.report_points(**common, points=_points(application_id, given["points"]))
    else:
        application_cases.move(**common, action=action, reason=given["reason"])


def _points(application_id: int, given: list[dict[str, Any]]) -> dict[int, int]:
    """Return the service point of each supply, by our own ids."""
    if not given:
        return {}
    items = queries.item_ids(application_id=application_id)
    return {items.get(one["seq"], 0): places.id_of_external_id(one["service_point"]) for one in given}


def _id(number: str) -> int:
    if len(number) > NUMBER_MOST or not number.isascii():
        raise UnknownApplication("There is no application of this number.")
    return queries.id_of_number(number)


def _new(given: Mapping[str, Any]) -> NewApplication:
    agent = given.get("agent")
    plain = {name: given[name] for name in ("kind", "premises", "address", "district", "postcode", "is_dual", "note")}
    return NewApplication(
        **plain,
        applicant=Applicant(**given["applicant"]),
        agent=Agent(**agent) if agent else None,
        items=tuple(Item(**one) for one in given["items"]),
        loads=tuple(Load(**one) for one in given["loads"]),
        external_id=given["external_id"],
    )


def _short(row: ApplicationSummary) -> dict[str, Any]:
    return {
        "number": row.number,
        "kind": row.kind,
        "state": row.state.value,
        "state_since": row.state_since,
        "waits_for": row.waits_for.value,
        "is_suspended": row.is_suspended,
        "standard_class": row.standard_class.value,
        "address": row.address,
        "applied_at": row.applied_at,
        "supplies": row.item_count,
        "capacity_w": row.capacity_w,
    }


def _told(application_id: int, *, is_new: bool = False) -> dict[str, Any]:
    """Return one application as the API gives it; ``is_new``: it has just been filed, and no work is ordered for it."""
    found: ApplicationTold = application_told.one(application_id=application_id, at=timezone.now())
    orders = () if is_new else application_supplies.orders_in_short(application_id=application_id)
    return {
        **_short(found.row),
        "account": found.account_number,
        "missing_papers": [kind.value for kind in found.missing],
        "items": [
            {
                "seq": item.seq,
                "unit": item.unit,
                "capacity_w": item.capacity_w,
                "voltage": item.voltage,
                "use_class": item.use_class,
                "service_point": item.service_point,
                "metered_at": item.metered_at,
                "energized_at": item.energized_at,
            }
            for item in found.items
        ],
        "work_orders": [{"id": order_id, "kind": kind, "state": state} for order_id, kind, state in orders],
        "moves": [
            {"at": move.at, "action": move.action, "state": move.after, "by": move.by, "reason": move.reason}
            for move in found.moves
        ],
        "clocks": [
            {
                "standard": clock.standard,
                "started_at": clock.started_at,
                "due_at": clock.due_at,
                "ended_at": clock.ended_at,
                "in_time": clock.in_time,
            }
            for clock in deadlines.of_subject(subject=SUBJECT, subject_ids=[application_id])
        ],
    }
