"""Batches of debits for other programs: read, taken as the bank's file, proposed by one, let go by another."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.queries import supplier
from billing.queries.second_person import names
from cashiering.api import debit_batch_contracts as contract
from cashiering.operations import debit_batches as operations
from cashiering.queries import debits as queries
from cashiering.queries.debits import BatchCard, DebitCard, DebitsWanted
from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, XmlRenderer, asked, key_parameter, money, problems
from cis.platform.idempotency import idempotent

DECIDERS = {Role.CASHIER, Role.BILLING, Role.SUPERVISOR}
READ = api.scope("debit-batches:read", "Read batches of direct debits.", roles=DECIDERS | {Role.CLERK, Role.AUDITOR})
WRITE = api.scope(
    "debit-batches:write", "Propose batches of direct debits, take their files, say that the bank has them.",
    roles=DECIDERS,
)  # fmt: skip
DECIDE = api.scope("debit-batches:decide", "Let batches of direct debits go, or keep them back.", roles=DECIDERS)
ID = OpenApiParameter("batch_id", int, OpenApiParameter.PATH, description="As in the list.")
TAGS = ["Payments"]


@api.needs(GET=READ)
class BatchList(APIView):
    """Batches of debits."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_debit_batches", summary="List batches of direct debits", tags=TAGS,
        parameters=[contract.BatchQuery], responses={200: contract.DebitBatchPage, **problems(404, 422)},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """List batches with what became of their money, the latest first."""
        rows = queries.selected_batches().filter(**asked(contract.BatchQuery, request))
        page, reply = api.page_of(self, request, rows)
        return reply(_shown(queries.batch_cards(page)))


@api.needs(GET=READ)
class BatchOne(APIView):
    """One batch."""

    @extend_schema(
        operation_id="get_debit_batch", summary="One batch of direct debits", tags=TAGS,
        parameters=[ID], responses={200: contract.DebitBatchShown, **problems(404)},
    )  # fmt: skip
    def get(self, request: Request, batch_id: int) -> Response:  # noqa: ARG002
        """Return a batch with what became of its money."""
        return _one(batch_id)


@api.needs(GET=READ)
class BatchDebits(APIView):
    """The debits of a batch."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_debits_of_batch", summary="The debits of a batch", tags=TAGS,
        parameters=[ID, contract.DebitQuery], responses={200: contract.DebitPage, **problems(404, 422)},
    )  # fmt: skip
    def get(self, request: Request, batch_id: int) -> Response:
        """List the debits of a batch; numbers of accounts at banks are shown by their end alone."""
        asked(contract.DebitQuery, request)
        card = queries.batch(batch_id=batch_id)
        page, reply = api.page_of(self, request, queries.selected(wanted=DebitsWanted(batch_id=card.id)))
        currency = supplier.current().currency
        return reply([_debit(one, currency) for one in queries.cards(page)])


@api.needs(GET=WRITE)
class BatchFile(APIView):
    """One batch as the bank takes it."""

    renderer_classes = (*APIView.renderer_classes, XmlRenderer)

    @extend_schema(
        operation_id="get_debit_batch_file", summary="The file of a batch for the bank", tags=TAGS,
        parameters=[ID], responses={(200, "application/xml"): OpenApiTypes.BINARY, **problems(404)},
    )  # fmt: skip
    def get(self, request: Request, batch_id: int) -> HttpResponse:
        """Return pain.008, the same bytes each time; that somebody took it is recorded. 404 before it was let go."""
        name, content = operations.file_of(batch_id=batch_id, actor=actor_of(request))
        answer = HttpResponse(content, content_type=operations.MEDIA_TYPE)
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        answer["Cache-Control"] = "no-store"
        return answer


@api.needs(POST=WRITE)
class ProposeBatch(APIView):
    """A batch above the bound."""

    @extend_schema(
        operation_id="propose_debit_batch", summary="Propose to let a batch go", tags=TAGS,
        parameters=[ID, key_parameter("proposal")], request=None,
        responses={200: contract.DebitBatchShown, **problems(400, 404, 409, 422)},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, batch_id: int) -> Response:
        """Say that a batch above the bound may go; somebody else, or another key, lets it go."""
        operations.propose(batch_id=batch_id, actor=actor_of(request))
        return _one(batch_id)


@api.needs(POST=DECIDE)
class DecideBatch(APIView):
    """The decision on a batch."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="decide_debit_batch", summary="Let a batch go, or keep it back", tags=TAGS,
        parameters=[ID, key_parameter("decision")], request=contract.DebitDecisionGiven,
        responses={200: contract.DebitBatchShown, **problems(400, 404, 409, 415, 422)},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, batch_id: int) -> Response:
        """Let a batch go that another one proposed, so that its file is made; or let it wait as before."""
        given = contract.DebitDecisionGiven(data=request.data)
        given.is_valid(raise_exception=True)
        actor = actor_of(request)
        if given.validated_data["decision"] == "release":
            operations.release(batch_id=batch_id, at=timezone.now(), actor=actor)
        else:
            operations.keep_back(batch_id=batch_id, actor=actor)
        return _one(batch_id)


@api.needs(POST=WRITE)
class SentBatch(APIView):
    """A batch that somebody carried to the bank."""

    @extend_schema(
        operation_id="note_debit_batch_sent", summary="Say that the bank has a batch", tags=TAGS,
        parameters=[ID, key_parameter("message")], request=None,
        responses={200: contract.DebitBatchShown, **problems(400, 404, 409, 422)},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, batch_id: int) -> Response:
        """Say that the bank has the file, where no connection to it says so by itself."""
        operations.mark_sent(batch_id=batch_id, actor=actor_of(request))
        return _one(batch_id)


def _one(batch_id: int) -> Response:
    return Response(_shown([queries.batch(batch_id=batch_id)])[0])


def _shown(cards: Sequence[BatchCard]) -> list[dict[str, Any]]:
    """Return batches as they are told; at most two statements for who proposed them."""
    currency = supplier.current().currency
    named = names({card.proposer_id for card in cards if card.proposer_id})
    return [
        {
            "batch": card.id,
            "reference": card.reference,
            "state": card.state,
            "made_date": card.made_date,
            "count": card.debit_count,
            "amount": money(card.amount_minor, currency),
            "collected": money(card.collected_minor, currency),
            "came_back": money(card.back_minor, currency),
            "under_way": money(card.waiting_minor, currency),
            "has_file": card.has_file,
            "sha256": card.sha256,
            "proposed_by": named.get(card.proposer_id or 0, ""),
            "released_at": card.released_at,
            "sent_at": card.sent_at,
            "bank_says": card.bank_says,
        }
        for card in cards
    ]


def _debit(card: DebitCard, currency: str) -> dict[str, Any]:
    return {
        "debit": card.name,
        "state": card.state,
        "account": card.account_number,
        "bill": card.bill_number,
        "mandate": card.mandate_reference,
        "holder_name": card.holder_name,
        "bank_account": card.bank_account,
        "amount": money(card.amount_minor, currency),
        "collection_date": card.collection_date,
        "collected_date": card.collected_date,
        "returned_date": card.returned_date,
        "return_code": card.return_code,
    }
