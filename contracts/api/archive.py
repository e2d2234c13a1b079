"""The contract archive for other programs: drafts are not shown."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.queries import accounts
from accounts.queries.accounts import UnknownAccount
from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import NUMBER_MOST, PdfRenderer, asked, problems
from contracts.api import archive_contracts as contract
from contracts.operations import supply_contracts as operations
from contracts.queries import supply_contracts
from contracts.queries.supply_contracts import ContractCard, UnknownContract, WantedContracts

CONTRACTS_READ = api.scope("contracts:read", "Read supply contracts.", roles={Role.CLERK, Role.BILLING, Role.AUDITOR})
NUMBER = OpenApiParameter("number", str, OpenApiParameter.PATH, description="Number as printed.")


@api.needs(GET=CONTRACTS_READ)
class ContractList(APIView):
    """Supply contracts, the latest first."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_contracts",
        summary="List contracts",
        tags=["Contracts"],
        parameters=[contract.ContractQuery],
        responses={200: contract.ContractPage, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List all versions that were issued; the search looks through their whole text."""
        given = asked(contract.ContractQuery, request)
        rows = supply_contracts.issued(wanted=WantedContracts(text=given.get("text", ""), state=given.get("state", "")))
        if "account" in given:
            rows = rows.filter(account_id=_account(given["account"]))
        page, reply = api.page_of(self, request, rows)
        cards = {card.id: card for card in supply_contracts.cards(contract_ids=[row.id for row in page])}
        return reply([_card(cards[row.id]) for row in page])


@api.needs(GET=CONTRACTS_READ)
class ContractOne(APIView):
    """One supply contract."""

    @extend_schema(
        operation_id="get_contract",
        summary="One contract",
        tags=["Contracts"],
        parameters=[NUMBER],
        responses={200: contract.ContractWhole, **problems(404)},
    )
    def get(self, request: Request, number: str) -> Response:  # noqa: ARG002
        """Return the latest issued version of a contract with its clauses."""
        return Response(contract_shown(id_of(number)))


@api.needs(GET=CONTRACTS_READ)
class ContractPdf(APIView):
    """One supply contract as paper."""

    renderer_classes = (*APIView.renderer_classes, PdfRenderer)

    @extend_schema(
        operation_id="get_contract_pdf",
        summary="One contract as PDF",
        tags=["Contracts"],
        parameters=[NUMBER],
        responses={(200, "application/pdf"): OpenApiTypes.BINARY, **problems(404)},
    )
    def get(self, request: Request, number: str) -> HttpResponse:
        """Return the kept paper of the latest issued version of a contract."""
        paper = operations.paper(contract_id=id_of(number), actor=actor_of(request))
        answer = HttpResponse(paper, content_type="application/pdf")
        answer["Content-Disposition"] = f'attachment; filename="contract-{number}.pdf"'
        return answer


def id_of(number: str) -> int:
    """
    Return the latest issued version of a contract.

    :raises UnknownContract: there is none.
    """
    if not (number.isascii() and number.isdigit()) or len(number) > NUMBER_MOST:
        raise UnknownContract("There is none of this number.", advice="A number has digits only.")
    return supply_contracts.id_of_number(number)


def contract_shown(contract_id: int) -> dict[str, Any]:
    """Return a contract with its clauses as the API gives it."""
    found = supply_contracts.one(contract_id=contract_id)
    return {
        **_card(found.card),
        "paper_sha256": found.document_sha256 or None,
        "clauses": [
            {
                "number": one.number,
                "code": one.code,
                "version": one.version,
                "covers": [point.value for point in one.covers],
                "titles": dict(one.titles),
                "bodies": dict(one.bodies),
                "legal_source": one.source,
            }
            for one in found.clauses
        ],
    }


def _account(number: str) -> int:
    if not (number.isascii() and number.isdigit()):
        raise UnknownAccount("There is none of this number.", advice="A number has digits only.")
    return accounts.id_of_number(number)


def _card(card: ContractCard) -> dict[str, Any]:
    return {
        "number": card.number,
        "version": card.version,
        "state": card.state.value,
        "account": card.account_number or None,
        "address": card.address,
        "use_class": card.use_class.value,
        "voltage": card.voltage,
        "capacity_va": card.capacity_va,
        "tariff": card.tariff_code,
        "start_date": card.start_date,
        "end_date": card.end_date,
        "renew_months": card.renew_months,
        "signed_at": card.signed_at,
        "content_sha256": card.content_sha256,
    }
