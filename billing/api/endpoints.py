"""Bills, balances and payments for other programs."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.queries import accounts, supplier
from accounts.queries.accounts import UnknownAccount
from billing.api import contracts as contract
from billing.domain.channels import PaymentChannel
from billing.models.bill import Bill
from billing.operations import documents, payments, proofs
from billing.queries import balances, bills
from billing.queries import payments as payment_queries
from billing.queries.bills import SHOWN_STATES, BillCard, BillDetail, Line, Segment, UnknownBill
from billing.queries.charges import ChargeOnBill
from billing.queries.payments import Gone, PaymentDetail
from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import NUMBER_MOST, JsonParser, PdfRenderer, asked, key_parameter, money, problems
from cis.platform.idempotency import idempotent

BILLS_READ = api.scope(
    "bills:read", "Read bills and their lines.", roles={Role.CLERK, Role.CASHIER, Role.BILLING, Role.AUDITOR}
)
BALANCES_READ = api.scope("balances:read", "Read what accounts owe.", roles={Role.CLERK, Role.CASHIER, Role.AUDITOR})
PAYMENTS_READ = api.scope("payments:read", "Read payments.", roles={Role.CASHIER, Role.AUDITOR})
PAYMENTS_WRITE = api.scope("payments:write", "Report money received.", roles={Role.CASHIER})
NUMBER = OpenApiParameter("number", str, OpenApiParameter.PATH, description="Number as printed.")


@api.needs(GET=BILLS_READ)
class BillList(APIView):
    """Bills, the latest issued first."""

    pagination_class = api.IdCursorPagination

    @extend_schema(
        operation_id="list_bills",
        summary="List bills",
        tags=["Bills"],
        parameters=[contract.BillQuery],
        responses={200: contract.BillPage, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List issued bills, with the latest first; cancelled ones and credit notes are among them."""
        given = asked(contract.BillQuery, request)
        page, reply = api.page_of(self, request, _rows(given))
        cards = {card.id: card for card in bills.listed(bill_ids=[row.id for row in page])}
        currency = supplier.current().currency
        return reply([_card(cards[row.id], currency) for row in page])


@api.needs(GET=BILLS_READ)
class BillOne(APIView):
    """One bill."""

    @extend_schema(
        operation_id="get_bill",
        summary="One bill",
        tags=["Bills"],
        parameters=[NUMBER],
        responses={200: contract.BillWhole, **problems(404)},
    )
    def get(self, request: Request, number: str) -> Response:  # noqa: ARG002
        """Return a bill with its segments and lines."""
        return Response(_detail(_bill(number), supplier.current().currency))


@api.needs(GET=BILLS_READ)
class BillPdf(APIView):
    """One bill as paper."""

    renderer_classes = (*APIView.renderer_classes, PdfRenderer)

    @extend_schema(
        operation_id="get_bill_pdf",
        summary="One bill as PDF",
        tags=["Bills"],
        parameters=[NUMBER],
        responses={(200, "application/pdf"): OpenApiTypes.BINARY, **problems(404)},
    )
    def get(self, request: Request, number: str) -> HttpResponse:
        """Return a bill as PDF."""
        found = _bill(number)
        written = documents.pdf(bill_id=found.card.id, actor=actor_of(request))
        answer = HttpResponse(written, content_type=documents.MEDIA_TYPE)
        answer["Content-Disposition"] = f'attachment; filename="bill-{found.card.number}.pdf"'
        return answer


@api.needs(GET=BILLS_READ)
class BillProof(APIView):
    """One bill with all that it rests on."""

    @extend_schema(
        operation_id="get_bill_proof",
        summary="The proof of a bill",
        tags=["Bills"],
        parameters=[NUMBER],
        responses={200: OpenApiTypes.OBJECT, **problems(404)},
    )
    def get(self, request: Request, number: str) -> Response:
        """
        Return every input and every step of a bill; its JSON Schema is docs/guide/bill-proof.schema.json.

        Readings, interval values, approved energy, agreed facts, tariff texts, steps, lines, postings: a program of
        yours can compute the bill again. That you asked is kept in the audit trail.
        """
        return Response(proofs.show(bill_id=_bill(number).card.id, actor=actor_of(request)))


@api.needs(GET=BALANCES_READ)
class AccountBalance(APIView):
    """What an account owes."""

    @extend_schema(
        operation_id="get_balance",
        summary="What an account owes",
        tags=["Accounts"],
        parameters=[NUMBER],
        responses={200: contract.BalanceNow, **problems(404)},
    )
    def get(self, request: Request, number: str) -> Response:  # noqa: ARG002
        """Return what an account owes today; below 0 the customer has credit."""
        account_id = accounts.id_of_number(plain(number, UnknownAccount))
        today = timezone.localdate()
        found = balances.of_account(account_id=account_id, today=today)
        currency = supplier.current().currency
        return Response(
            {
                "account": number,
                "on_date": today,
                "balance": money(found.balance_minor, currency),
                "overdue": money(found.overdue_minor, currency),
                "late_fee": money(balances.accrued_minor(account_id=account_id, today=today), currency),
                "next_due_date": found.next_due_date,
            }
        )


@api.needs(POST=PAYMENTS_WRITE)
class PaymentList(APIView):
    """Money received."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="report_payment",
        summary="Report a payment",
        tags=["Payments"],
        parameters=[
            key_parameter("payment"),
        ],
        request=contract.PaymentNew,
        responses={
            200: contract.PaymentKept,
            201: contract.PaymentKept,
            **problems(400, 404, 409, 415, 422),
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Report money received: it is booked, and pays the oldest bills first. 200: the reference was known."""
        given = contract.PaymentNew(data=request.data)
        given.is_valid(raise_exception=True)
        values = given.validated_data
        kept = payments.receive(
            account_id=accounts.id_of_number(values["account"]),
            amount_minor=values["amount_minor"],
            channel=PaymentChannel(values["channel"]),
            reference=values["reference"],
            received_date=values["received_date"],
            today=timezone.localdate(),
            actor=actor_of(request),
        )
        body = _payment(payment_queries.one(payment_id=kept.payment_id), supplier.current().currency)
        place = reverse("api_payment", args=[kept.payment_id])
        return Response(body, status=201 if kept.is_new else 200, headers={"Location": place})


@api.needs(GET=PAYMENTS_READ)
class PaymentOne(APIView):
    """One payment."""

    @extend_schema(
        operation_id="get_payment",
        summary="One payment",
        tags=["Payments"],
        parameters=[OpenApiParameter("payment_id", int, OpenApiParameter.PATH)],
        responses={200: contract.PaymentKept, **problems(404)},
    )
    def get(self, request: Request, payment_id: int) -> Response:  # noqa: ARG002
        """Return a payment and what it paid."""
        return Response(_payment(payment_queries.one(payment_id=payment_id), supplier.current().currency))


def _rows(wanted: dict[str, Any]) -> Any:
    rows = Bill.objects.filter(state__in=SHOWN_STATES).only("id")
    if "account" in wanted:
        rows = rows.filter(account_id=accounts.id_of_number(wanted["account"]))
    if "state" in wanted:
        rows = rows.filter(state=wanted["state"])
    if "issued_since" in wanted:
        rows = rows.filter(issue_date__gte=wanted["issued_since"])
    return rows


def _bill(number: str) -> BillDetail:
    found = bills.one(bill_id=bills.id_of_number(plain(number, UnknownBill)))
    if found.card.state not in SHOWN_STATES:
        raise UnknownBill(f"There is no bill {number}.")
    return found


def plain(number: str, unknown: type[UnknownBill | UnknownAccount]) -> str:
    """Return a number from a path if it can be one at all."""
    if not (number.isascii() and number.isdigit()) or len(number) > NUMBER_MOST:
        raise unknown("There is none of this number.", advice="A number has digits only.")
    return number


def _card(card: BillCard, currency: str) -> dict[str, object]:
    return {
        "number": card.number,
        "account": card.account_number,
        "kind": card.kind,
        "state": card.state,
        "start_date": card.start_date,
        "end_date": card.end_date,
        "issue_date": card.issue_date,
        "due_date": card.due_date,
        "energy_wh": card.energy_wh,
        "amount": money(card.amount_minor, currency),
        "tax": money(card.tax_minor, currency),
        "balance_before": money(card.balance_before_minor, currency),
        "paid": money(card.paid_minor, currency),
        "open": money(card.open_minor, currency),
    }


def _detail(bill: BillDetail, currency: str) -> dict[str, object]:
    return {
        **_card(bill.card, currency),
        "segments": [_segment(one, currency) for one in bill.segments],
        "charges": [_charge(one, currency) for one in bill.charges],
    }


def _charge(charge: ChargeOnBill, currency: str) -> dict[str, object]:
    return {
        "id": charge.id,
        "kind": charge.kind,
        "labels": charge.labels,
        "reason": charge.reason,
        "legal_source": charge.legal_source,
        "is_taken_back": charge.is_taken_back,
        "amount": money(charge.amount_minor, currency),
        "tax": money(charge.tax_minor, currency),
    }


def _segment(segment: Segment, currency: str) -> dict[str, object]:
    return {
        "id": segment.id,
        "cancels": segment.cancels_id,
        "address": segment.address,
        "tariff": segment.tariff_code,
        "tariff_names": segment.tariff_names,
        "legal_source": segment.legal_source,
        "start_date": segment.start_date,
        "end_date": segment.end_date,
        "energy_wh": segment.used_wh,
        "energy_before_wh": segment.before_wh,
        "is_estimated": segment.is_estimated,
        "amount": money(segment.amount_minor, currency),
        "lines": [_line(line, currency) for line in segment.lines],
    }


def _line(line: Line, currency: str) -> dict[str, object]:
    return {
        "code": line.code,
        "labels": line.labels,
        "step": line.step or None,
        "period_of_use": line.period_of_use or None,
        "unit": line.unit,
        "quantity": contract.quantity(line.quantity, line.quantity_places),
        "price": line.price,
        "margin": line.margin,
        "amount": money(line.amount_minor, currency),
        "tax": money(line.tax_minor, currency),
    }


def _payment(payment: PaymentDetail, currency: str) -> dict[str, object]:
    paid: Iterable[tuple[str, int]] = payment.paid
    return {
        "id": payment.id,
        "account": payment.account_number,
        "channel": payment.channel,
        "reference": payment.reference,
        "received_date": payment.received_date,
        "amount": money(payment.amount_minor, currency),
        "pays": [{"bill": number, "amount": money(amount, currency)} for number, amount in paid],
        "refunded": money(payment.refunded_minor, currency),
        "returned": _gone(payment.gone),
    }


def _gone(gone: Gone | None) -> dict[str, object] | None:
    return None if gone is None else {"date": gone.returned_date, "kind": gone.kind, "reason": gone.reason}
