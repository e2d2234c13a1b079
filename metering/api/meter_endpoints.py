"""Meters for other programs: read, taken into the store, hung up, exchanged, taken down; and commands to them."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, asked, key_parameter, problems
from cis.platform.idempotency import idempotent
from metering.api import meter_contracts as contract
from metering.domain.meter_store import DELIVERY_BYTES_MOST
from metering.operations import device_commands, meter_store, meters, seals
from metering.queries import device_commands as command_queries
from metering.queries import meters as queries
from metering.queries import places
from metering.queries.device_commands import CommandCard
from metering.queries.meters import MeterRow, WantedMeters

METERS_READ = api.scope("meters:read", "Read meters and where they hang.", roles={Role.METERING, Role.AUDITOR})
METERS_WRITE = api.scope("meters:write", "Take in, hang up, exchange and take down meters.", roles={Role.METERING})
COMMANDS_READ = api.scope("commands:read", "Read commands to meters.", roles={Role.METERING, Role.AUDITOR})
COMMANDS_WRITE = api.scope("commands:write", "Order and cancel commands to meters.", roles={Role.METERING})
SERIAL = OpenApiParameter("serial", str, OpenApiParameter.PATH, description="Serial number of the meter.")
COMMAND = OpenApiParameter("command_id", int, OpenApiParameter.PATH, description="As in the list.")
KEY = key_parameter("request")
VERB: dict[str, Any] = {
    "tags": ["Meters"],
    "parameters": [SERIAL, KEY],
    "responses": {200: contract.MeterWhole, **problems(400, 404, 409, 415, 422)},
}


@api.needs(GET=METERS_READ)
class MeterList(APIView):
    """Meters, the latest first."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_meters",
        summary="List meters",
        tags=["Meters"],
        parameters=[contract.MeterQuery],
        responses={200: contract.MeterPage, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List meters: in the store, on vans, hanging, taken down."""
        given = asked(contract.MeterQuery, request)
        rows = queries.selected(wanted=WantedMeters(state=given.get("state", ""), text=given.get("text", "")))
        page, reply = api.page_of(self, request, rows.only("id"))
        cards = queries.by_ids(meter_ids=[row.id for row in page])
        return reply([_short(cards[row.id]) for row in page])


@api.needs(GET=METERS_READ)
class MeterOne(APIView):
    """One meter."""

    @extend_schema(
        operation_id="get_meter",
        summary="One meter",
        tags=["Meters"],
        parameters=[SERIAL],
        responses={200: contract.MeterWhole, **problems(404)},
    )
    def get(self, request: Request, serial: str) -> Response:  # noqa: ARG002
        """Return a meter with its counters and where it hung."""
        return _shown(queries.id_of_serial(serial))


@api.needs(POST=METERS_WRITE)
class DeliveryList(APIView):
    """Deliveries of new meters."""

    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="deliver_meters",
        summary="Take a delivery in",
        tags=["Meters"],
        request={"multipart/form-data": contract.DeliveryNew},
        responses={200: contract.DeliveryKept, 201: contract.DeliveryKept, **problems(415, 422)},
    )
    def post(self, request: Request) -> Response:
        """
        Take a delivery into the store, all of its meters or none.

        201 when it is new, 200 when the same file came before: so the request may be repeated.
        """
        given = contract.DeliveryNew(data=request.data)
        given.is_valid(raise_exception=True)
        file = given.validated_data["file"]
        kept = meter_store.deliver(data=file.read(DELIVERY_BYTES_MOST + 1), name=file.name, actor=actor_of(request))
        body = {"delivery": kept.delivery_id, "meters": kept.meters, "is_known": kept.is_known}
        return Response(body, status=200 if kept.is_known else 201)


@api.needs(POST=METERS_WRITE)
class SealList(APIView):
    """Seals of the store."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="receive_seals",
        summary="Take seals in",
        tags=["Meters"],
        request=contract.SealsNew,
        parameters=[KEY],
        responses={201: contract.SealsKept, **problems(400, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Take a range of new seals into the store."""
        given = contract.SealsNew(data=request.data)
        given.is_valid(raise_exception=True)
        return Response({"seals": seals.receive(**given.validated_data, actor=actor_of(request))}, status=201)


@api.needs(POST=METERS_WRITE)
class InstallMeter(APIView):
    """Hang a meter up."""

    parser_classes = (JsonParser,)

    @extend_schema(operation_id="install_meter", summary="Hang it up", request=contract.InstallGiven, **VERB)
    @idempotent
    def post(self, request: Request, serial: str) -> Response:
        """
        Hang a meter up at a service point from a date on; report its reading of that date afterwards.

        Where a work order is under way for it, finish that instead: it keeps seals and photos too.
        """
        given = contract.InstallGiven(data=request.data)
        given.is_valid(raise_exception=True)
        meter_id = queries.id_of_serial(serial)
        meters.install(
            meter_id=meter_id,
            service_point_id=places.id_of_external_id(given.validated_data["service_point"]),
            from_date=given.validated_data["from_date"],
            multiplier=given.validated_data["multiplier"],
            actor=actor_of(request),
        )
        return _shown(meter_id)


@api.needs(POST=METERS_WRITE)
class ExchangeMeter(APIView):
    """Hang another meter in place of one."""

    parser_classes = (JsonParser,)

    @extend_schema(operation_id="exchange_meter", summary="Exchange it", request=contract.ExchangeGiven, **VERB)
    @idempotent
    def post(self, request: Request, serial: str) -> Response:
        """Hang another meter in place of this one; report the readings of both of that date. Returns the new one."""
        given = contract.ExchangeGiven(data=request.data)
        given.is_valid(raise_exception=True)
        new_id = queries.id_of_serial(given.validated_data["new_meter"])
        meters.exchange(
            old_meter_id=queries.id_of_serial(serial),
            new_meter_id=new_id,
            on_date=given.validated_data["on_date"],
            multiplier=given.validated_data["multiplier"],
            actor=actor_of(request),
        )
        return _shown(new_id)


@api.needs(POST=METERS_WRITE)
class RemoveMeter(APIView):
    """Take a meter down."""

    parser_classes = (JsonParser,)

    @extend_schema(operation_id="remove_meter", summary="Take it down", request=contract.RemoveGiven, **VERB)
    @idempotent
    def post(self, request: Request, serial: str) -> Response:
        """Take a meter down; report its reading of that date."""
        given = contract.RemoveGiven(data=request.data)
        given.is_valid(raise_exception=True)
        meter_id = queries.id_of_serial(serial)
        meters.remove(meter_id=meter_id, on_date=given.validated_data["on_date"], actor=actor_of(request))
        return _shown(meter_id)


@api.needs(GET=COMMANDS_READ, POST=COMMANDS_WRITE)
class CommandList(APIView):
    """Commands to meters."""

    parser_classes = (JsonParser,)
    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_commands",
        summary="List commands",
        tags=["Commands to meters"],
        parameters=[contract.CommandQuery],
        responses={200: contract.CommandPage, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List commands, the latest first."""
        given = asked(contract.CommandQuery, request)
        rows = command_queries.selected(
            state=given.get("state", ""), command=given.get("command", ""), serial=given.get("meter", "")
        )
        page, reply = api.page_of(self, request, rows.only("id"))
        cards = command_queries.by_ids(command_ids=[row.id for row in page])
        return reply([_command(cards[row.id]) for row in page])

    @extend_schema(
        operation_id="order_command",
        summary="Order a command",
        tags=["Commands to meters"],
        request=contract.CommandNew,
        parameters=[KEY],
        responses={201: contract.CommandShown, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """
        Tell a meter to switch on or off, to say what it shows, to keep to a limit of demand, or to set its clock.

        The answer comes when the meter answers: ask for the command again. The same order while it is under way is the
        same command; a supply that begins is switched on by ``energizings``.
        """
        given = contract.CommandNew(data=request.data)
        given.is_valid(raise_exception=True)
        command_id = device_commands.order(
            meter_id=queries.id_of_serial(given.validated_data["meter"]),
            command=given.validated_data["command"],
            value_w=given.validated_data["value_w"],
            value_until=given.validated_data["value_until"],
            actor=actor_of(request),
        )
        place = reverse("api_command", args=[command_id])
        card = command_queries.one(command_id=command_id)
        return Response(_command(card), status=201, headers={"Location": place})


@api.needs(GET=COMMANDS_READ)
class CommandOne(APIView):
    """One command."""

    @extend_schema(
        operation_id="get_command",
        summary="One command",
        tags=["Commands to meters"],
        parameters=[COMMAND],
        responses={200: contract.CommandShown, **problems(404)},
    )
    def get(self, request: Request, command_id: int) -> Response:  # noqa: ARG002
        """Return a command with what the meter answered."""
        return Response(_command(command_queries.one(command_id=command_id)))


@api.needs(POST=COMMANDS_WRITE)
class CancelCommand(APIView):
    """Take a command back."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="cancel_command",
        summary="Take it back",
        tags=["Commands to meters"],
        request=contract.CommandCancel,
        parameters=[COMMAND, KEY],
        responses={200: contract.CommandShown, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request, command_id: int) -> Response:
        """Take a command back that was not sent yet; one that was sent cannot be (409)."""
        given = contract.CommandCancel(data=request.data)
        given.is_valid(raise_exception=True)
        device_commands.cancel(command_id=command_id, reason=given.validated_data["reason"], actor=actor_of(request))
        return Response(_command(command_queries.one(command_id=command_id)))


def _short(row: MeterRow) -> dict[str, Any]:
    return {
        "meter": row.serial,
        "model": row.model,
        "state": row.state.value,
        "switch": row.switch,
        "service_point": row.place or None,
        "address": row.address,
        "certificate": row.certificate,
        "certified_until": row.certified_until,
    }


def _shown(meter_id: int) -> Response:
    found = queries.one(meter_id=meter_id)
    return Response(
        {
            **_short(found.row),
            "registers": [
                {
                    "register": one.code,
                    "quantity": one.quantity,
                    "period_of_use": one.period_of_use,
                    "is_interval": one.is_interval,
                }
                for one in found.registers
            ],
            "installations": [
                {
                    "service_point": one.place,
                    "multiplier": one.multiplier,
                    "start_date": one.start_date,
                    "end_date": one.end_date,
                }
                for one in found.hangings
            ],
        }
    )


def _command(card: CommandCard) -> dict[str, Any]:
    return {
        "command_id": card.id,
        "meter": card.serial,
        "command": card.command.value,
        "value_w": card.value_w,
        "value_until": card.value_until,
        "state": card.state.value,
        "ordered_at": card.ordered_at,
        "until": card.until,
        "sent_at": card.sent_at,
        "ended_at": card.ended_at,
        "reason": card.reason,
        "ordered_by": card.actor_name,
        "readings": [{"register": code, "reading_wh": value} for code, value in card.readings],
    }
