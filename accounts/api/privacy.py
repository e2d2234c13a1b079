"""
Rights of customers over their data, for other programs: all of them as a file, and that they are overwritten.

A program sees the exports that it asked for itself: what each may know is in it. An erasure that a program, a person or
the night asked for is decided on by somebody else; it is looked at once more what stands against it.
"""

from typing import Any

from django.http import FileResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import privacy_contracts as contract
from accounts.domain.privacy import ErasureReason, LookPurpose
from accounts.models.privacy import Erasure
from accounts.operations import customers as customer_operations
from accounts.operations import data_exports, erasures
from accounts.queries import customers, privacy
from accounts.queries.customers import Standing, UnknownCustomer
from accounts.queries.privacy import ErasureCard, ExportCard
from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, ZipRenderer, asked, key_parameter, problems
from cis.platform.idempotency import idempotent

CLERKS = {Role.CLERK, Role.SUPERVISOR}
EXPORT_READ = api.scope("data-exports:read", "Follow and fetch the exports that one asked for.", roles=CLERKS)
EXPORT_WRITE = api.scope("data-exports:write", "Ask for all data of a customer as a file.", roles=CLERKS)
ERASE_READ = api.scope(
    "erasures:read", "Read whose data are to be overwritten.", roles={Role.CLERK, Role.SUPERVISOR, Role.AUDITOR}
)
ERASE_WRITE = api.scope("erasures:write", "Ask that the data of a customer are overwritten.", roles=CLERKS)
ERASE_DECIDE = api.scope(
    "erasures:decide", "Let data be overwritten, or refuse it, as the second one.", roles={Role.SUPERVISOR}
)
CUSTOMER = OpenApiParameter("customer", str, OpenApiParameter.PATH, description="External id of the customer.")
EXPORT_ID = OpenApiParameter("export_id", int, OpenApiParameter.PATH)
ERASURE_ID = OpenApiParameter("erasure_id", int, OpenApiParameter.PATH)
EXTERNAL_MOST = 64
TAGS = ["Personal data"]


@api.needs(GET=EXPORT_READ, POST=EXPORT_WRITE)
class CustomerExports(APIView):
    """Exports of a customer's data."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="list_data_exports", summary="Exports of a customer's data", tags=TAGS, parameters=[CUSTOMER],
        responses={200: contract.ExportsShown, **problems(404)},
    )  # fmt: skip
    def get(self, request: Request, customer: str) -> Response:
        """Return the last exports that you asked for, the latest first."""
        who = _customer(customer)
        found = privacy.exports(customer_id=who.id, actor=actor_of(request))
        return Response({"exports": [_export(one, who) for one in found]})

    @extend_schema(
        operation_id="ask_data_export", summary="Ask for all data of a customer", tags=TAGS,
        parameters=[CUSTOMER, key_parameter("export")], request=contract.NothingMore,
        responses={201: contract.ExportShown, **problems(400, 403, 404, 409, 415, 422)},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, customer: str) -> Response:
        """Ask for the file; a worker makes it. So many a day are made of one customer as the place says."""
        _check(contract.NothingMore, request)
        who, actor = _customer(customer), actor_of(request)
        made = data_exports.ask(customer_id=who.id, at=timezone.now(), actor=actor)
        card = privacy.export(export_id=made, customer_id=who.id, actor=actor)
        return Response(_export(card, who), status=201)


@api.needs(GET=EXPORT_READ)
class CustomerExport(APIView):
    """One export."""

    @extend_schema(
        operation_id="get_data_export", summary="How far an export is", tags=TAGS, parameters=[CUSTOMER, EXPORT_ID],
        responses={200: contract.ExportShown, **problems(404)},
    )  # fmt: skip
    def get(self, request: Request, customer: str, export_id: int) -> Response:
        """Return an export that you asked for."""
        who = _customer(customer)
        card = privacy.export(export_id=export_id, customer_id=who.id, actor=actor_of(request))
        return Response(_export(card, who))


@api.needs(GET=EXPORT_READ)
class CustomerExportFile(APIView):
    """The file of an export."""

    renderer_classes = (*APIView.renderer_classes, ZipRenderer)

    @extend_schema(
        operation_id="get_data_export_file", summary="The file of an export", tags=TAGS,
        parameters=[CUSTOMER, EXPORT_ID],
        responses={(200, data_exports.MEDIA_TYPE): OpenApiTypes.BINARY, **problems(404, 422)},
    )  # fmt: skip
    def get(self, request: Request, customer: str, export_id: int) -> FileResponse:
        """Return a ZIP of index.html, data.json and the documents. That you fetched it is kept."""
        customer_id, actor = _customer(customer).id, actor_of(request)
        opened = data_exports.fetch(
            export_id=export_id, customer_id=customer_id, today=timezone.localdate(), actor=actor
        )
        customer_operations.record_look(customer_id=customer_id, actor=actor, purpose=LookPurpose.EXPORT)
        name = f"personal-data-{export_id}.zip"
        return FileResponse(opened, as_attachment=True, filename=name, content_type=data_exports.MEDIA_TYPE)


@api.needs(GET=ERASE_READ, POST=ERASE_WRITE)
class CustomerErasure(APIView):
    """The erasure of a customer's data."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="get_erasure_of_customer", summary="What stands against an erasure", tags=TAGS,
        parameters=[CUSTOMER], responses={200: contract.ErasureOfCustomer, **problems(404, 422)},
    )  # fmt: skip
    def get(self, request: Request, customer: str) -> Response:
        """Return the erasure that is under way or done, and what stands against one today."""
        who, today = _customer(customer), timezone.localdate()
        against = privacy.obstacles(customer_id=who.id, reason=ErasureReason.REQUEST, today=today)
        customer_operations.record_look(customer_id=who.id, actor=actor_of(request), purpose=LookPurpose.ERASURE)
        found = privacy.open_of(customer_id=who.id)
        return Response({
            "customer": who.external_id, "erasure": None if found is None else _erasure(found),
            "obstacles": [{"code": one.code, "until": one.until_date} for one in against],
        })  # fmt: skip

    @extend_schema(
        operation_id="ask_erasure", summary="Ask that data are overwritten", tags=TAGS,
        parameters=[CUSTOMER, key_parameter("erasure")], request=contract.NothingMore,
        responses={201: contract.ErasureShown, **problems(400, 403, 404, 409, 415, 422)},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, customer: str) -> Response:
        """Ask for it; it waits for somebody else. What stands against it is named by ``erasure_refused``."""
        _check(contract.NothingMore, request)
        customer_id, actor = _customer(customer).id, actor_of(request)
        made = erasures.ask(customer_id=customer_id, today=timezone.localdate(), actor=actor)
        customer_operations.record_look(customer_id=customer_id, actor=actor, purpose=LookPurpose.ERASURE)
        return Response(_told(made), status=201)


@api.needs(GET=ERASE_READ)
class ErasureList(APIView):
    """Erasures."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_erasures", summary="Whose data are to be overwritten", tags=TAGS,
        parameters=[contract.ErasureQuery], responses={200: contract.ErasurePage, **problems(404, 422)},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """List erasures, the latest first; no names are in it, neither of the customer nor of who asked or decided."""
        given, rows = asked(contract.ErasureQuery, request), Erasure.objects.only("id")
        if "state" in given:
            rows = rows.filter(state=given["state"])
        page, reply = api.page_of(self, request, rows)
        found = privacy.by_ids(erasure_ids=[row.id for row in page])
        return reply([_erasure(found[row.id]) for row in page])


@api.needs(GET=ERASE_READ)
class ErasureOne(APIView):
    """One erasure."""

    @extend_schema(
        operation_id="get_erasure", summary="How far an erasure is", tags=TAGS, parameters=[ERASURE_ID],
        responses={200: contract.ErasureShown, **problems(404)},
    )  # fmt: skip
    def get(self, request: Request, erasure_id: int) -> Response:  # noqa: ARG002
        """Return one erasure."""
        return Response(_told(erasure_id))


@api.needs(POST=ERASE_DECIDE)
class DecideErasure(APIView):
    """The decision on an erasure."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="decide_erasure", summary="Release or refuse an erasure", tags=TAGS,
        parameters=[ERASURE_ID, key_parameter("decision")], request=contract.ErasureDecision,
        responses={200: contract.ErasureShown, **problems(400, 403, 404, 409, 415, 422)},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, erasure_id: int) -> Response:
        """Decide as the second one: neither the key nor the person that asked. What is released cannot be undone."""
        decision, actor = _check(contract.ErasureDecision, request)["decision"], actor_of(request)
        if decision == "release":
            erasures.release(erasure_id=erasure_id, today=timezone.localdate(), actor=actor)
        else:
            erasures.drop(erasure_id=erasure_id, actor=actor)
        return Response(_told(erasure_id))


def _customer(external_id: str) -> Standing:
    """Return a customer; in the place of one who was merged stands the one that stands."""
    found = customers.standing(external_id=external_id[:EXTERNAL_MOST])
    if found is None or len(external_id) > EXTERNAL_MOST:
        raise UnknownCustomer("There is no such customer.")
    return found


def _check(form: type[contract.Strict], request: Request) -> dict[str, Any]:
    given = form(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def _export(card: ExportCard, who: Standing) -> dict[str, object]:
    return {
        "id": card.id, "customer": who.external_id, "state": card.state.value, "asked": card.created_at,
        "expires": card.expires_date, "fetched": card.fetched,
    }  # fmt: skip


def _told(erasure_id: int) -> dict[str, object]:
    return _erasure(privacy.one(erasure_id=erasure_id))


def _erasure(card: ErasureCard) -> dict[str, object]:
    return {
        "id": card.id, "customer": card.external_id, "state": card.state.value, "reason": card.reason.value,
        "since": card.since_date, "asked": card.created_at, "asked_by": card.asker_kind, "decided": card.decided_at,
        "decided_by": card.decider_kind, "done": card.done_at, "put_back": card.stuck, "rows": card.rows,
    }  # fmt: skip
