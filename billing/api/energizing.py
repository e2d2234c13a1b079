"""Energizing for other programs: supplies of applications are switched on, and what failed or is held is mended."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.queries import accounts
from billing.api import energizing_contracts as contract
from billing.models.energizing import Energizing
from billing.operations import energizing as operations
from billing.queries import energizing as queries
from billing.queries.energizing import EnergizingCard
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, asked, key_parameter, problems
from cis.platform.idempotency import idempotent
from contracts.domain.agreements import Agreed
from contracts.domain.application_workflow import SUBJECT as APPLICATION
from contracts.domain.contract_workflow import ContractState
from contracts.queries import application_supplies, applications, supply_contracts
from metering.queries import places
from tariffs.queries import plans

READ = api.scope("energizing:read", "Read which supplies are switched on.", roles={Role.METERING, Role.AUDITOR})
WRITE = api.scope("energizing:write", "Switch supplies on.", roles={Role.METERING})
ID = OpenApiParameter("energizing_id", int, OpenApiParameter.PATH, description="As in the list.")
KEY = key_parameter("request")


class NothingSigned(Refused):
    """The application has no signed contract, and the request does not say account and tariff."""

    code = "nothing_signed"


@api.needs(GET=READ, POST=WRITE)
class EnergizingList(APIView):
    """Supplies that are switched on, the latest first."""

    parser_classes = (JsonParser,)
    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_energizings",
        summary="List energizings",
        tags=["Energizing"],
        parameters=[contract.EnergizingQuery],
        responses={200: contract.EnergizingPage, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List energizings: under way, failed, held, started, given up."""
        given = asked(contract.EnergizingQuery, request)
        rows = Energizing.objects.all()
        if "state" in given:
            rows = rows.filter(state=given["state"])
        if "application" in given:
            rows = rows.filter(subject=APPLICATION, subject_id=applications.id_of_number(given["application"]))
        page, reply = api.page_of(self, request, rows.only("id"))
        cards = queries.by_ids(energizing_ids=[row.id for row in page])
        numbers = _numbers(cards.values())
        return reply([_shown(cards[row.id], numbers) for row in page])

    @extend_schema(
        operation_id="energize",
        summary="Switch a supply on",
        tags=["Energizing"],
        request=contract.EnergizingNew,
        parameters=[KEY],
        responses={201: contract.EnergizingShown, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """
        Switch a supply of an application on and begin to bill it.

        Its inspection has passed and its meter hangs, else it is refused by name. The answer of the meter comes later:
        ask for the energizing again until it is started, failed or held. One that is waiting goes on by itself once
        its deposit is paid or waived.
        """
        given = contract.EnergizingNew(data=request.data)
        given.is_valid(raise_exception=True)
        made = operations.order(**_supply(given.validated_data), today=timezone.localdate(), actor=actor_of(request))
        return Response(_told(made), status=201, headers={"Location": reverse("api_energizing", args=[made])})


@api.needs(GET=READ)
class EnergizingOne(APIView):
    """One energizing."""

    @extend_schema(
        operation_id="get_energizing",
        summary="One energizing",
        tags=["Energizing"],
        parameters=[ID],
        responses={200: contract.EnergizingShown, **problems(404)},
    )
    def get(self, request: Request, energizing_id: int) -> Response:  # noqa: ARG002
        """Return how far a supply is."""
        return Response(_told(energizing_id))


@api.needs(POST=WRITE)
class EnergizingMoves(APIView):
    """What is done about one that failed or is held."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="move_energizing",
        summary="Try again, by hand, or give up",
        tags=["Energizing"],
        request=contract.EnergizingMove,
        parameters=[ID, KEY],
        responses={200: contract.EnergizingShown, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request, energizing_id: int) -> Response:
        """Tell the meter once more, note a switch by hand, do the steps of a held supply, or give up."""
        given = contract.EnergizingMove(data=request.data)
        given.is_valid(raise_exception=True)
        common: dict[str, Any] = {"energizing_id": energizing_id, "actor": actor_of(request)}
        match given.validated_data["action"]:
            case "switch":
                operations.switch_again(**common)
            case "by_hand":
                operations.switched_by_hand(**common, note=given.validated_data["note"])
            case "retry":
                operations.retry(**common)
            case _:
                operations.drop(**common)
        return Response(_told(energizing_id))


def _supply(given: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the supply as given, with what the signed contract says where the request leaves it out.

    :raises NothingSigned: neither says account and tariff.
    """
    application_id = applications.id_of_number(given["application"])
    found = supply_contracts.of_subject(subject=APPLICATION, subject_id=application_id)
    signed = next((one for one in found if one.state is ContractState.SIGNED), None)
    account_id = accounts.id_of_number(given["account"]) if "account" in given else signed and signed.account_id
    tariff_id = plans.tariff_id(given["tariff"]) if "tariff" in given else signed and signed.tariff_id
    if account_id is None or tariff_id is None:
        raise NothingSigned("The application has no signed contract.", advice="Sign it, or name account and tariff.")
    use_class = given.get("use_class") or (signed.use_class.value if signed else "")
    return {
        "subject": APPLICATION,
        "subject_id": application_id,
        "service_point_id": places.id_of_external_id(given["service_point"]),
        "account_id": account_id,
        "tariff_id": tariff_id,
        "household": given["household"],
        "agreed": Agreed(
            capacity_va=given.get("capacity_va", signed.capacity_va if signed else None),
            contract_w=given.get("contract_w"),
        ),
        "use_class": use_class,
        "cycle_code": given["cycle"],
        "by_hand": given["by_hand"],
    }


def _numbers(cards: Iterable[EnergizingCard]) -> dict[int, str]:
    ids = {card.subject_id for card in cards if card.subject == APPLICATION}
    return application_supplies.numbers(application_ids=ids) if ids else {}


def _told(energizing_id: int) -> dict[str, Any]:
    card = queries.one(energizing_id=energizing_id)
    return _shown(card, _numbers([card]))


def _shown(card: EnergizingCard, numbers: Mapping[int, str]) -> dict[str, Any]:
    return {
        "energizing": card.id,
        "application": numbers.get(card.subject_id) if card.subject == APPLICATION else None,
        "state": card.state.value,
        "account": card.account,
        "service_point": card.place,
        "address": card.address,
        "meter": card.serial,
        "command_id": card.command_id,
        "on_date": card.on_date,
        "cycle": card.cycle_code,
        "code": card.code,
        "message": card.message,
        "advice": card.advice,
    }
