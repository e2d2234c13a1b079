"""Events of demand response for other programs: what comes, who takes part, what was saved, and opting out."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.queries import supplier
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import asked, money, problems
from contracts.api import demand_contracts as contract
from contracts.api.programs import PROGRAMS_READ, PROGRAMS_WRITE
from contracts.models.demand_response import DemandEvent, EventPart
from contracts.operations import demand_events as operations
from contracts.queries import demand_events as queries
from contracts.queries.demand_events import EventCard, PartCard, PartDetail

EVENT_ID = OpenApiParameter("event_id", int, OpenApiParameter.PATH)
PART_ID = OpenApiParameter("part_id", int, OpenApiParameter.PATH)


@api.needs(GET=PROGRAMS_READ)
class DemandEventList(APIView):
    """Events, the latest planned first."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_demand_events",
        summary="List events of demand response",
        tags=["Programmes"],
        parameters=[contract.DemandEventQuery],
        responses={200: contract.DemandEventPage, **problems(422)},
    )
    def get(self, request: Request) -> Response:
        """List events, with what all who were called delivered together."""
        given = asked(contract.DemandEventQuery, request)
        rows = DemandEvent.objects.only("id")
        if "state" in given:
            rows = rows.filter(state=given["state"])
        page, reply = api.page_of(self, request, rows)
        cards = queries.cards(event_ids=[row.id for row in page])
        currency = supplier.current().currency
        return reply([_event(cards[row.id], currency) for row in page])


@api.needs(GET=PROGRAMS_READ)
class DemandEventOne(APIView):
    """One event."""

    @extend_schema(
        operation_id="get_demand_event",
        summary="One event of demand response",
        tags=["Programmes"],
        parameters=[EVENT_ID],
        responses={200: contract.DemandEventShown, **problems(404)},
    )
    def get(self, request: Request, event_id: int) -> Response:  # noqa: ARG002
        """Return an event."""
        return Response(_event(queries.one(event_id=event_id), supplier.current().currency))


@api.needs(GET=PROGRAMS_READ)
class DemandEventParts(APIView):
    """Who was called for an event."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_demand_event_parts",
        summary="List who takes part in an event",
        tags=["Programmes"],
        parameters=[EVENT_ID],
        responses={200: contract.EventPartPage, **problems(404, 422)},
    )
    def get(self, request: Request, event_id: int) -> Response:
        """List who was called, and what each delivered."""
        queries.one(event_id=event_id)
        page, reply = api.page_of(self, request, EventPart.objects.only("id").filter(event_id=event_id))
        cards = queries.part_cards(part_ids=[row.id for row in page])
        currency = supplier.current().currency
        return reply([_part(cards[row.id], currency) for row in page])


@api.needs(GET=PROGRAMS_READ)
class DemandEventPart(APIView):
    """One who was called."""

    @extend_schema(
        operation_id="get_demand_event_part",
        summary="One part of an event, with the days that it rests on",
        tags=["Programmes"],
        parameters=[PART_ID],
        responses={200: contract.EventPartDetailShown, **problems(404)},
    )
    def get(self, request: Request, part_id: int) -> Response:  # noqa: ARG002
        """Return a part with its similar days."""
        return Response(_detail(queries.part(part_id=part_id), supplier.current().currency))


@api.needs(POST=PROGRAMS_WRITE)
class OptOutOfDemand(APIView):
    """Leaving an event."""

    @extend_schema(
        operation_id="opt_out_of_demand_event",
        summary="Opt out of an event",
        tags=["Programmes"],
        request=None,
        parameters=[PART_ID],
        responses={200: contract.EventPartDetailShown, **problems(404, 409, 422)},
    )
    def post(self, request: Request, part_id: int) -> Response:
        """Leave an event for a customer, before it is too late; done again, it stays so."""
        operations.opt_out(part_id=part_id, at=timezone.now(), actor=actor_of(request))
        return Response(_detail(queries.part(part_id=part_id), supplier.current().currency))


def _event(card: EventCard, currency: str) -> dict[str, Any]:
    return {
        "id": card.id, "program": card.program.code, "feeder": card.feeder, "state": card.state,
        "planned_by": card.source, "start_at": card.start_at, "end_at": card.end_at,
        "opt_out_until": card.opt_out_until, "target_w": card.target_w, "called": card.called,
        "opted_out": card.opted_out, "settled": card.settled, "unmeasured": card.unmeasured,
        "delivered_wh": card.delivered_wh, "delivered_w": card.delivered_w,
        "credit": money(card.credit_minor, currency),
    }  # fmt: skip


def _part(card: PartCard, currency: str) -> dict[str, Any]:
    return {
        "id": card.id, "event": card.event_id, "account": card.account_number, "state": card.state,
        "limit": card.limit_state, "gap": card.gap, "factor_e6": card.factor_e6, "baseline_wh": card.baseline_wh,
        "actual_wh": card.actual_wh, "delivered_wh": card.delivered_wh, "delivered_w": card.delivered_w,
        "credit": None if card.credit_minor is None else money(card.credit_minor, currency),
    }  # fmt: skip


def _detail(detail: PartDetail, currency: str) -> dict[str, Any]:
    days = [
        {"day": one.day, "event_wh": one.event_wh, "before_wh": one.before_wh, "is_highest": one.is_highest}
        for one in detail.days
    ]
    return {**_part(detail.card, currency), "days": days}
