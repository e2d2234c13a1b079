"""Statements of the bank from other programs: a file comes as the body of the request, as the bank sent it."""

from io import BytesIO
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.queries import supplier
from cashiering.api import contracts as contract
from cashiering.operations import statements
from cashiering.queries import bank
from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import key_parameter, money, problems
from cis.platform.idempotency import idempotent

STATEMENTS_READ = api.scope(
    "statements:read", "Read statements of the bank and what became of them.", roles={Role.CASHIER, Role.AUDITOR}
)
STATEMENTS_WRITE = api.scope("statements:write", "Bring statements of the bank.", roles={Role.CASHIER})
FILE_NAME = OpenApiParameter("name", str, OpenApiParameter.QUERY, description="Name of the file, for people.")
NAME_MOST = 255


class XmlParser(BaseParser):
    """Gives the body as it came."""

    media_type = "application/xml"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:  # noqa: ARG002
        """Return the bytes of the body."""
        return stream.read()


class TextParser(XmlParser):
    """The same for MT940."""

    media_type = "text/plain"


@api.needs(POST=STATEMENTS_WRITE)
class StatementList(APIView):
    """Files of a bank."""

    parser_classes = (XmlParser, TextParser)

    @extend_schema(
        operation_id="bring_bank_statement",
        summary="Bring a file of the bank",
        tags=["Payments"],
        parameters=[key_parameter("file"), FILE_NAME],
        request={"application/xml": OpenApiTypes.BINARY, "text/plain": OpenApiTypes.BINARY},
        responses={200: contract.StatementsTaken, 201: contract.StatementsTaken, **problems(400, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """
        Take a file of a bank: camt.053, camt.054 or MT940, up to 5 MiB; a larger one is brought on the desk.

        A file with anything wrong in it is refused whole. 200: the file was known. Its lines are posted afterwards.
        """
        name = request.query_params.get("name", "")[:NAME_MOST] or "statement"
        content: Any = request.data  # the bytes of the body, by the parsers above
        taken = statements.take(source=BytesIO(content), name=name, today=timezone.localdate(), actor=actor_of(request))
        body = {"statements": list(taken.statement_ids), "known": taken.known, "is_known": taken.is_known}
        return Response(body, status=200 if taken.is_known else 201)


@api.needs(GET=STATEMENTS_READ)
class StatementOne(APIView):
    """One statement."""

    @extend_schema(
        operation_id="get_bank_statement",
        summary="One statement of the bank",
        tags=["Payments"],
        parameters=[OpenApiParameter("statement_id", int, OpenApiParameter.PATH)],
        responses={200: contract.StatementShown, **problems(404)},
    )
    def get(self, request: Request, statement_id: int) -> Response:  # noqa: ARG002
        """Return a statement and what became of its money; ``waiting`` lines are not posted yet."""
        card = bank.statement(statement_id=statement_id)
        sums, currency = bank.reconcile(statement_id=statement_id), supplier.current().currency
        names = ("moved", "booked", "suspense", "outgoing", "settled", "known", "waiting", "difference")
        return Response(
            {
                "id": card.id,
                "format": card.format,
                "reference": card.reference,
                "bank_account": card.bank_account,
                "date": card.statement_date,
                "lines": card.line_count,
                "lines_waiting": card.waiting,
                "lines_in_suspense": card.open,
                **{name: money(getattr(sums, f"{name}_minor"), currency) for name in names},
            }
        )
