"""Batches of write-offs for other programs: what the night found, proposed together, let go by somebody else."""

from typing import Any
from uuid import uuid4

from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.queries import supplier
from billing.api import decisions
from billing.api import write_off_batch_contracts as contract
from billing.api.decision_contracts import DecisionGiven
from billing.models.write_off import WriteOffCandidate
from billing.operations import write_off_batches as operations
from billing.queries import write_offs as queries
from billing.queries.write_offs import BatchCard
from cis.kernel.enums import Role
from cis.kernel.fixed import to_text
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import MINOR_PLACES, CsvRenderer, JsonParser, asked, key_parameter, money, problems
from cis.platform.csv_files import csv_file
from cis.platform.idempotency import idempotent

READ = api.scope("write-off-batches:read", "Read batches of write-offs.", roles=decisions.READERS)
WRITE = api.scope("write-off-batches:write", "Propose batches of write-offs.", roles=decisions.PROPOSERS)
DECIDE = api.scope("write-off-batches:decide", "Let batches of write-offs go.", roles={Role.SUPERVISOR})
ID = OpenApiParameter("batch_id", int, OpenApiParameter.PATH, description="As in the list.")
TAGS = ["Written off"]
HEADER = ("write_off", "account", "reason", "state", "amount", "came_back", "made_date", "note", "evidence")


class CandidatePagination(api.IdCursorPagination):
    """Pages of the list of the night; its rows have the id of their account."""

    ordering = "-account_id"


@api.needs(GET=READ)
class CandidateList(APIView):
    """What might be written off."""

    pagination_class = CandidatePagination

    @extend_schema(
        operation_id="list_write_off_candidates", summary="List what might be written off", tags=TAGS,
        parameters=[contract.CandidateQuery], responses={200: contract.CandidatePage, **problems(404, 422)},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """List accounts whose debt the last night found old, small or lost enough; each comes once."""
        page, reply = api.page_of(self, request, queries.selected_candidates(**asked(contract.CandidateQuery, request)))
        currency = supplier.current().currency
        return reply([_candidate(row, currency) for row in page])


@api.needs(GET=READ, POST=WRITE)
class BatchList(APIView):
    """Batches of write-offs."""

    parser_classes = (JsonParser,)
    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_write_off_batches", summary="List batches", tags=TAGS,
        parameters=[contract.BatchQuery], responses={200: contract.BatchPage, **problems(404, 422)},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """List batches with what became of them, the latest first."""
        rows = queries.selected_batches().filter(**asked(contract.BatchQuery, request))
        page, reply = api.page_of(self, request, rows)
        currency = supplier.current().currency
        return reply([_shown(card, currency) for card in queries.batch_cards(page)])

    @extend_schema(
        operation_id="propose_write_off_batch", summary="Propose a batch", tags=TAGS,
        parameters=[key_parameter("batch")], request=contract.BatchNew,
        responses={201: contract.BatchShown, **problems(400, 409, 415, 422)},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        """
        Propose what the list has, for one reason or all of it, up to 2,000 accounts at once.

        A supervisor, or another key that may decide, lets it go; nothing is posted before.
        """
        given = contract.BatchNew(data=request.data)
        given.is_valid(raise_exception=True)
        made = operations.propose(
            reason=given.validated_data.get("reason", ""),
            key=f"api:{uuid4().hex}",
            today=timezone.localdate(),
            actor=actor_of(request),
        )
        return Response(_told(made), status=201, headers={"Location": reverse("api_write_off_batch", args=[made])})


@api.needs(GET=READ)
class BatchOne(APIView):
    """One batch."""

    @extend_schema(
        operation_id="get_write_off_batch", summary="One batch", tags=TAGS,
        parameters=[ID], responses={200: contract.BatchShown, **problems(404)},
    )  # fmt: skip
    def get(self, request: Request, batch_id: int) -> Response:  # noqa: ARG002
        """Return a batch with how many of its write-offs are made; ``GET /write-offs?batch=`` lists them."""
        return Response(_told(batch_id))


@api.needs(POST=DECIDE)
class DecideBatch(APIView):
    """The decision on a batch."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="decide_write_off_batch", summary="Let it go, or drop it", tags=TAGS,
        parameters=[ID, key_parameter("decision")], request=DecisionGiven,
        responses={200: contract.BatchShown, **problems(400, 404, 409, 415, 422)},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, batch_id: int) -> Response:
        """Let a batch go, so that its write-offs are made one by one, or drop all; not who proposed it."""
        given = DecisionGiven(data=request.data)
        given.is_valid(raise_exception=True)
        operations.decide(
            batch_id=batch_id,
            is_agreed=given.validated_data["decision"] == "agree",
            today=timezone.localdate(),
            actor=actor_of(request),
        )
        return Response(_told(batch_id))


@api.needs(GET=READ)
class BatchFile(APIView):
    """One batch as a file."""

    renderer_classes = (*APIView.renderer_classes, CsvRenderer)

    @extend_schema(
        operation_id="get_write_off_batch_file", summary="One batch as CSV", tags=TAGS,
        parameters=[ID], responses={(200, "text/csv"): OpenApiTypes.STR, **problems(404)},
    )  # fmt: skip
    def get(self, request: Request, batch_id: int) -> StreamingHttpResponse:  # noqa: ARG002
        """Return the write-offs of a batch, one a line, amounts in major units."""
        card = queries.batch(batch_id=batch_id)
        found = queries.listed(wanted=queries.Wanted(batch_id=card.id), most=operations.MOST)
        rows = (
            (one.id, one.account_number, one.reason, one.state, to_text(one.amount_minor, places=MINOR_PLACES),
             to_text(one.back_minor, places=MINOR_PLACES), one.made_date, one.note_number, one.evidence)
            for one in found
        )  # fmt: skip
        return csv_file(f"write-offs-{card.id}.csv", HEADER, rows)


def _candidate(row: WriteOffCandidate, currency: str) -> dict[str, Any]:
    return {
        "account": row.account.number,
        "reason": row.reason,
        "amount": money(row.amount_minor, currency),
        "bills": row.bills,
        "oldest_due_date": row.oldest_due_date,
        "listed_date": row.listed_date,
    }


def _told(batch_id: int) -> dict[str, Any]:
    return _shown(queries.batch(batch_id=batch_id), supplier.current().currency)


def _shown(card: BatchCard, currency: str) -> dict[str, Any]:
    return {
        "batch": card.id,
        "state": card.state,
        "reason": card.reason or None,
        "amount": money(card.amount_minor, currency),
        "count": card.count,
        "made": card.made,
        "dropped": card.dropped,
        "proposed_by": card.proposer,
        "decided_by": card.decider,
    }
