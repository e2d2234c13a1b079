"""Consolidated bills for other programs: read, and which accounts are on them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.queries import accounts, supplier
from billing.api import consolidated_contracts as contract
from billing.api.endpoints import PAYMENTS_READ, PAYMENTS_WRITE
from billing.domain.channels import PaymentChannel
from billing.operations import consolidated_payments, consolidations
from billing.operations.consolidations import Terms
from billing.queries import consolidated as queries
from billing.queries import consolidated_payments as whole_payments
from billing.queries import consolidations as arrangements
from billing.queries.consolidated import ConsolidatedCard
from billing.queries.consolidations import ConsolidationCard
from cis.kernel.enums import Role
from cis.kernel.fixed import to_text
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, asked, key_parameter, money, problems
from cis.platform.idempotency import idempotent

READ = api.scope(
    "consolidated:read", "Read consolidated bills.", roles={Role.CLERK, Role.BILLING, Role.SUPERVISOR, Role.AUDITOR}
)
WRITE = api.scope(
    "consolidated:write", "Say which accounts are billed together.", roles={Role.CLERK, Role.BILLING, Role.SUPERVISOR}
)
NUMBER = OpenApiParameter("number", str, OpenApiParameter.PATH, description="As printed.")
ID = OpenApiParameter("consolidation_id", int, OpenApiParameter.PATH, description="As in the list.")
KEY = key_parameter("arrangement")
TAG = "Consolidated bills"
PAYMENTS_MOST = 20


@api.needs(GET=READ)
class ConsolidatedBillList(APIView):
    """Consolidated bills, the latest first."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_consolidated_bills",
        summary="List consolidated bills",
        tags=[TAG],
        parameters=[contract.ConsolidatedQuery],
        responses={200: contract.ConsolidatedPage, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List consolidated bills with what of each is open now."""
        given = asked(contract.ConsolidatedQuery, request)
        rows = queries.selected(
            customer_id=_holder(given["account"]) if "account" in given else None,
            month=date.fromisoformat(f"{given['month']}-01") if "month" in given else None,
        )
        page, reply = api.page_of(self, request, rows.only("id"))
        cards = queries.by_ids(consolidated_bill_ids=[row.id for row in page])
        currency = supplier.current().currency
        return reply([_shown(cards[row.id], currency) for row in page])


@api.needs(GET=READ)
class ConsolidatedBillOne(APIView):
    """One consolidated bill."""

    @extend_schema(
        operation_id="get_consolidated_bill",
        summary="One consolidated bill with its bills",
        tags=[TAG],
        parameters=[NUMBER],
        responses={200: contract.ConsolidatedWhole, **problems(404)},
    )
    def get(self, request: Request, number: str) -> Response:  # noqa: ARG002
        """Return a consolidated bill with the bills of its accounts, and the accounts whose bill is missing."""
        card, currency = queries.of_number(number), supplier.current().currency
        items = [
            {
                "account": one.account_number,
                "bill": one.number,
                "state": one.state,
                "start_date": one.start_date,
                "end_date": one.end_date,
                "energy_kwh": to_text(one.energy_wh, places=3),
                "amount": money(one.amount_minor, currency),
                "tax": money(one.tax_minor, currency),
                "open": money(one.open_minor, currency),
            }
            for one in queries.items(consolidated_bill_id=card.id)
        ]
        taxes = [
            {"percent": one.percent, "amount": money(one.amount_minor, currency), "tax": money(one.tax_minor, currency)}
            for one in queries.taxes(consolidated_bill_id=card.id)
        ]
        missing = [
            {"account": gap.account_number, "reason": gap.reason}
            for gap in queries.gaps_of(consolidated_bill_id=card.id)
        ]
        return Response({**_shown(card, currency), "items": items, "taxes": taxes, "missing": missing})


@api.needs(GET=PAYMENTS_READ, POST=PAYMENTS_WRITE)
class ConsolidatedBillPayments(APIView):
    """Payments for a consolidated bill as a whole."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="list_consolidated_payments",
        summary="Payments for a consolidated bill",
        tags=[TAG],
        parameters=[NUMBER],
        responses={200: contract.WholePaymentList, **problems(404)},
    )
    def get(self, request: Request, number: str) -> Response:  # noqa: ARG002
        """List the latest payments for a consolidated bill, also those that went back."""
        card, currency = queries.of_number(number), supplier.current().currency
        found = queries.payments_of(consolidated_bill_id=card.id)[:PAYMENTS_MOST]
        return Response({"results": [_paid(one.id, currency) for one in found]})

    @extend_schema(
        operation_id="report_consolidated_payment",
        summary="Report a payment for a consolidated bill",
        tags=[TAG],
        request=contract.WholePaymentNew,
        parameters=[NUMBER, key_parameter("payment")],
        responses={200: contract.WholePaymentKept, 201: contract.WholePaymentKept, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        """Report money for the whole: it is spread over its bills, too much is credit. 200: the reference was known."""
        given = contract.WholePaymentNew(data=request.data)
        given.is_valid(raise_exception=True)
        values = given.validated_data
        kept = consolidated_payments.receive(
            consolidated_bill_id=queries.of_number(number).id,
            amount_minor=values["amount_minor"],
            channel=PaymentChannel(values["channel"]),
            reference=values["reference"],
            received_date=values["received_date"],
            today=timezone.localdate(),
            actor=actor_of(request),
        )
        body = _paid(kept.consolidated_payment_id, supplier.current().currency)
        return Response(body, status=201 if kept.is_new else 200)


@api.needs(GET=READ, POST=WRITE)
class ConsolidationList(APIView):
    """Which accounts of a customer are billed together."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="list_consolidations",
        summary="Arrangements of a customer",
        tags=[TAG],
        parameters=[contract.ConsolidationQuery],
        responses={200: contract.ConsolidationList, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List the arrangements of who holds an account today, those that run first."""
        given = asked(contract.ConsolidationQuery, request)
        found = arrangements.listed(customer_id=_holder(given["account"]))
        return Response({"results": [_arrangement(one) for one in found]})

    @extend_schema(
        operation_id="agree_consolidation",
        summary="Bill accounts together",
        tags=[TAG],
        request=contract.ConsolidationGiven,
        parameters=[KEY],
        responses={201: contract.ConsolidationShown, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Agree that bills which are issued from a day on are asked for by one consolidated bill a month."""
        values = _given(request)
        made = consolidations.agree(
            terms=_terms(values), from_date=values["from_date"], today=timezone.localdate(), actor=actor_of(request)
        )
        where = reverse("api_consolidation", args=[made])
        return Response(
            _arrangement(arrangements.one(consolidation_id=made)), status=201, headers={"Location": where}
        )  # fmt: skip


@api.needs(GET=READ, POST=WRITE)
class ConsolidationOne(APIView):
    """One arrangement."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="get_consolidation",
        summary="One arrangement",
        tags=[TAG],
        parameters=[ID],
        responses={200: contract.ConsolidationShown, **problems(404)},
    )
    def get(self, request: Request, consolidation_id: int) -> Response:  # noqa: ARG002
        """Return an arrangement with its accounts, also those that have left."""
        return Response(_arrangement(arrangements.one(consolidation_id=consolidation_id)))

    @extend_schema(
        operation_id="change_consolidation",
        summary="Change which accounts are on it",
        tags=[TAG],
        request=contract.ConsolidationGiven,
        parameters=[ID, KEY],
        responses={200: contract.ConsolidationShown, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request, consolidation_id: int) -> Response:
        """Say which accounts are on it from a day on, all of them: those that are not named leave."""
        values = _given(request)
        consolidations.change(
            consolidation_id=consolidation_id, terms=_terms(values), from_date=values["from_date"],
            today=timezone.localdate(), actor=actor_of(request),
        )  # fmt: skip
        return Response(_arrangement(arrangements.one(consolidation_id=consolidation_id)))


def _paid(consolidated_payment_id: int, currency: str) -> dict[str, Any]:
    card = whole_payments.one(consolidated_payment_id=consolidated_payment_id)
    return {
        "id": card.id,
        "consolidated_bill": card.bill_number,
        "channel": card.channel,
        "reference": card.reference,
        "received_date": card.received_date,
        "returned_date": card.returned_date,
        "amount": money(card.amount_minor, currency),
        "parts": [
            {"payment": payment_id, "account": number, "amount": money(amount, currency)}
            for payment_id, number, amount in card.parts
        ],
        "pays": [{"bill": number, "amount": money(amount, currency)} for number, amount in card.paid],
    }


def _given(request: Request) -> Mapping[str, Any]:
    given = contract.ConsolidationGiven(data=request.data)
    given.is_valid(raise_exception=True)
    values: Mapping[str, Any] = given.validated_data
    return values


def _terms(values: Mapping[str, Any]) -> Terms:
    numbers = values["accounts"]
    ids = accounts.ids_of_numbers([*numbers, values["credit_account"]])
    return Terms(
        customer_id=_holder(values["credit_account"]),
        name=values["name"],
        address=values.get("address", ""),
        lead_account_id=ids[values["credit_account"]],
        account_ids=tuple(ids[number] for number in numbers),
    )


def _holder(number: str) -> int:
    """
    Return who holds the account of a number today.

    :raises UnknownAccount: there is none.
    """
    return accounts.overview(account_id=accounts.id_of_number(number), at_date=timezone.localdate()).holder.id


def _arrangement(card: ConsolidationCard) -> dict[str, Any]:
    members = arrangements.members(consolidation_id=card.id)
    return {
        "consolidation": card.id,
        "customer": card.customer,
        "name": card.name,
        "address": card.address,
        "credit_account": card.lead_account,
        "ended_date": card.ended_date,
        "waiting_bills": card.waiting,
        "accounts": [
            {"account": one.account_number, "start_date": one.start_date, "end_date": one.end_date} for one in members
        ],
    }


def _shown(card: ConsolidatedCard, currency: str) -> dict[str, Any]:
    return {
        "number": card.number,
        "consolidation": card.consolidation_id,
        "customer": card.customer,
        "name": card.name,
        "month": card.month.strftime("%Y-%m"),
        "issue_date": card.issue_date,
        "due_date": card.due_date,
        "bills": card.bills,
        "energy_kwh": to_text(card.energy_wh, places=3),
        "amount": money(card.amount_minor, currency),
        "tax": money(card.tax_minor, currency),
        "to_pay": money(card.to_pay_minor, currency),
        "open": money(card.open_minor, currency),
        "state": card.state,
        "credit_account": card.lead_account,
    }
