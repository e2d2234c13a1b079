"""Work orders and the network for other programs."""

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.api_fields import asked, problems
from metering.api import field_contracts as contract
from metering.models.network import Transformer
from metering.models.work import WorkOrder
from metering.queries import network, work_orders
from metering.queries.network import AssetCard
from metering.queries.work_orders import WorkCard

WORK_READ = api.scope("work:read", "Read work orders.", roles={Role.CLERK, Role.METERING, Role.FIELD, Role.AUDITOR})
NETWORK_READ = api.scope("network:read", "Read the network and its load.", roles={Role.METERING, Role.AUDITOR})
ID = OpenApiParameter("work_order_id", int, OpenApiParameter.PATH, description="As in the list.")
CODE = OpenApiParameter("code", str, OpenApiParameter.PATH, description="The transformer's code.")


@api.needs(GET=WORK_READ)
class WorkOrderList(APIView):
    """Work orders, the latest first."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_work_orders",
        summary="List work orders",
        tags=["Work orders"],
        parameters=[contract.WorkQuery],
        responses={200: contract.WorkOrderPage, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List work orders with the latest first, done and cancelled ones among them."""
        filters = asked(contract.WorkQuery, request)
        rows = WorkOrder.objects.filter(**filters).only("id")
        page, reply = api.page_of(self, request, rows)
        cards = work_orders.by_ids(work_order_ids=[row.id for row in page])
        return reply([order_shown(cards[row.id]) for row in page])


@api.needs(GET=WORK_READ)
class WorkOrderOne(APIView):
    """One work order."""

    @extend_schema(
        operation_id="get_work_order",
        summary="One work order",
        tags=["Work orders"],
        parameters=[ID],
        responses={200: contract.WorkOrderOut, **problems(404)},
    )
    def get(self, request: Request, work_order_id: int) -> Response:  # noqa: ARG002
        """Return a work order."""
        return Response(order_shown(work_orders.one(work_order_id=work_order_id)))


@api.needs(GET=NETWORK_READ)
class TransformerList(APIView):
    """Transformers with their load."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_transformers",
        summary="List transformers with their load",
        tags=["Network"],
        parameters=[contract.TransformerQuery],
        responses={200: contract.TransformerPage, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List transformers: rating, what is connected, reserved and free."""
        filters = asked(contract.TransformerQuery, request)
        rows = Transformer.objects.filter(**filters).only("id")
        page, reply = api.page_of(self, request, rows)
        cards = network.by_ids(transformer_ids=[row.id for row in page], at=timezone.localdate())
        return reply([_transformer(cards[row.id]) for row in page])


@api.needs(GET=NETWORK_READ)
class TransformerOne(APIView):
    """One transformer with its load."""

    @extend_schema(
        operation_id="get_transformer",
        summary="One transformer with its load",
        tags=["Network"],
        parameters=[CODE],
        responses={200: contract.TransformerOut, **problems(404)},
    )
    def get(self, request: Request, code: str) -> Response:  # noqa: ARG002
        """Return a transformer."""
        found, _feeders = network.ids_by_external_id([code])
        if code not in found:
            raise Http404
        return Response(_transformer(network.transformer(transformer_id=found[code], at=timezone.localdate())))


def order_shown(card: WorkCard) -> dict[str, Any]:
    """Return a work order as the API gives it."""
    names = (
        "id", "kind", "state", "priority", "subject", "subject_id", "address", "district", "crew", "attempts",
        "outcome", "note", "facts",
    )  # fmt: skip
    promised = card.appointment
    return {name: getattr(card, name) for name in names} | {
        "due_date": card.due_date.isoformat(),
        "planned_date": card.planned_date.isoformat() if card.planned_date else None,
        "appointment": None
        if promised is None
        else {
            "date": promised.date.isoformat(),
            "start_time": f"{promised.start_time:%H:%M}",
            "end_time": f"{promised.end_time:%H:%M}",
            "state": promised.state,
        },
    }


def _transformer(card: AssetCard) -> dict[str, Any]:
    names = (
        "name", "feeder", "district", "voltage", "is_active", "capacity_va", "usable_va", "connected_va", "reserved_va",
        "free_va",
    )  # fmt: skip
    shown = {name: getattr(card, name) for name in names}
    return {"transformer": card.external_id, **shown, "service_points": card.points}
