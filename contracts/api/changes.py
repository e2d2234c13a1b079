"""Changes of use for other programs: asked for, looked at."""

from typing import Any
from uuid import uuid4

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.queries import accounts, customers
from accounts.queries.customers import UnknownCustomer
from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, key_parameter, problems
from cis.platform.idempotency import idempotent
from contracts.api import change_contracts as contract
from contracts.domain.change_facts import FIELDS
from contracts.domain.changes import ChangeKind, FinalRead, Part, Wanted
from contracts.operations import changes
from contracts.queries import agreements, change_facts
from contracts.queries import changes as queries
from contracts.queries.agreements import UnknownAgreement
from contracts.queries.changes import ChangeDetail
from metering.queries import places
from tariffs.queries import plans

CHANGES_READ = api.scope("changes:read", "Read changes of use.", roles={Role.CLERK, Role.BILLING, Role.AUDITOR})
CHANGES_WRITE = api.scope("changes:write", "Ask for changes of use.", roles={Role.CLERK, Role.BILLING})


@api.needs(POST=CHANGES_WRITE)
class ChangeList(APIView):
    """Changes of use."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="ask_for_change",
        summary="Ask for a change of use",
        tags=["Changes of use"],
        request=contract.ChangeNew,
        parameters=[
            key_parameter("change"),
        ],
        responses={201: contract.ChangeKept, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """
        Ask for a change. What nobody has to look at holds from its date on (state confirmed, or at once effective).

        All else waits for somebody, and for the papers that are named. A change that cannot be is refused with all
        reasons.
        """
        given = contract.ChangeNew(data=request.data)
        given.is_valid(raise_exception=True)
        today = timezone.localdate()
        actor = actor_of(request)
        change_id = changes.ask(
            wanted=wanted_of(given.validated_data),
            asked_date=given.validated_data.get("asked_date", today),
            request_key=uuid4().hex,
            today=today,
            actor=actor,
        )
        place = reverse("api_change", args=[change_id])
        return Response(_told(queries.one(change_id=change_id)), status=201, headers={"Location": place})


@api.needs(GET=CHANGES_READ)
class ChangeOne(APIView):
    """One change of use."""

    @extend_schema(
        operation_id="get_change",
        summary="One change of use",
        tags=["Changes of use"],
        parameters=[OpenApiParameter("change_id", int, OpenApiParameter.PATH)],
        responses={200: contract.ChangeKept, **problems(404)},
    )
    def get(self, request: Request, change_id: int) -> Response:  # noqa: ARG002
        """Return a change with its history."""
        return Response(_told(queries.one(change_id=change_id)))


@api.needs(POST=CHANGES_WRITE)
class WithdrawChange(APIView):
    """A change that is taken back."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="withdraw_change",
        summary="Take it back",
        tags=["Changes of use"],
        request=contract.WithdrawGiven,
        parameters=[OpenApiParameter("change_id", int, OpenApiParameter.PATH), key_parameter("request")],
        responses={200: contract.ChangeKept, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request, change_id: int) -> Response:
        """Take a change back before it holds, for who asked for it."""
        given = contract.WithdrawGiven(data=request.data)
        given.is_valid(raise_exception=True)
        changes.withdraw(change_id=change_id, reason=given.validated_data["reason"], actor=actor_of(request))
        return Response(_told(queries.one(change_id=change_id)))


def wanted_of(given: dict[str, Any]) -> Wanted:
    """Return what was asked for, by our own ids."""
    kind, day = ChangeKind(given["kind"]), given["effective_date"]
    account_id = accounts.id_of_number(given["account"])
    point_id = places.id_of_external_id(given["supply"]) if given.get("supply") else None
    begins = "service_point_id" in FIELDS[kind][0]
    agreement_id = _supply_of(account_id, point_id) if point_id is not None and not begins else None
    customer_id = _customer(given.get("customer"))
    if kind is ChangeKind.MOVE_IN and customer_id is None:
        customer_id = accounts.overview(account_id=account_id, at_date=day).holder.id
    return Wanted(
        kind=kind,
        effective_date=day,
        account_id=account_id,
        agreement_id=agreement_id,
        until_date=given.get("until_date"),
        customer_id=customer_id,
        name=given.get("name", ""),
        service_point_id=point_id if begins else None,
        tariff_id=plans.tariff_id(given["tariff"]) if "tariff" in given else None,
        household=given.get("household"),
        capacity_va=given.get("capacity_va"),
        suspended_va=given.get("suspended_va"),
        contract_w=given.get("contract_w"),
        position=given.get("position", ""),
        parts=tuple(_part(one, kind, account_id) for one in given.get("parts", ())),
        reads=tuple(
            FinalRead(serial=one["meter"], register=one["register"], reading_wh=one["reading_wh"])
            for one in given.get("reads", ())
        ),
        reason=given.get("reason", ""),
    )


def _part(one: dict[str, Any], kind: ChangeKind, account_id: int) -> Part:
    point_id = places.id_of_external_id(one["supply"])
    if kind is ChangeKind.MERGE:
        return Part(agreement_id=_supply_of(account_id, point_id))
    return Part(
        service_point_id=point_id,
        customer_id=_customer(one.get("customer")),
        tariff_id=plans.tariff_id(one["tariff"]) if "tariff" in one else None,
        household=one["household"],
        capacity_va=one.get("capacity_va"),
    )


def _supply_of(account_id: int, point_id: int) -> int:
    """Return the supply of an account at a service point, the latest one."""
    for card in agreements.of_account(account_id=account_id):
        if card.service_point_id == point_id:
            return card.id
    raise UnknownAgreement("The account has no supply at this service point.")


def _customer(external_id: str | None) -> int | None:
    if not external_id:
        return None
    found = customers.ids_by_external_id([external_id])
    if external_id not in found:
        raise UnknownCustomer(f"There is no customer {external_id}.", advice="Check the external id.")
    return found[external_id]


def _told(detail: ChangeDetail) -> dict[str, object]:
    card = detail.card
    needed = change_facts.limits_on(card.asked_date).papers.get(card.kind, frozenset())
    is_open = card.state in {"drafted", "waiting"}
    return {
        "id": card.id,
        "kind": str(card.kind),
        "state": str(card.state),
        "account": card.account_number or None,
        "supply": card.service_point or None,
        "asked_date": card.asked_date,
        "effective_date": card.effective_date,
        "until_date": card.until_date,
        "new_account": detail.new_account_number or None,
        "stuck": card.stuck or None,
        "missing_papers": sorted(needed - {one.kind for one in detail.papers}) if is_open else [],
        "moves": [
            {"at": one.at, "action": one.action, "state": one.state, "by": one.actor_name, "reason": one.reason}
            for one in detail.moves
        ],
    }
