"""E-invoices for other programs: list, read, ask for, take back; the buyer's tax data."""

from datetime import date

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.domain.tax_profiles import ConsentWay, TaxData
from accounts.operations import tax_profiles
from accounts.queries import accounts, supplier
from accounts.queries import tax_profiles as profiles
from accounts.queries.accounts import UnknownAccount
from billing.api import e_invoice_contracts as contract
from billing.domain.capitals import yuan
from billing.domain.e_invoice_data import lines
from billing.domain.e_invoices import RedReason
from billing.operations import e_invoice_cases, e_invoices
from billing.queries import bills
from billing.queries import e_invoices as queries
from billing.queries.e_invoices import InvoiceCard, Wanted
from cis.kernel.enums import Role
from cis.platform import api
from cis.platform.access import actor_of
from cis.platform.api_fields import JsonParser, asked_with_page, key_parameter, money, next_page, problems
from cis.platform.idempotency import idempotent

READ = api.scope(
    "e-invoices:read", "Read e-invoices and tax data.", roles={Role.BILLING, Role.CLERK, Role.SUPERVISOR, Role.AUDITOR}
)
WRITE = api.scope(
    "e-invoices:write", "Ask for e-invoices, take them back, enter tax data.", roles={Role.BILLING, Role.SUPERVISOR}
)
PAGE = 50
ID = OpenApiParameter("invoice_id", int, OpenApiParameter.PATH)
NUMBER = OpenApiParameter("number", str, OpenApiParameter.PATH, description="Printed number.")


@api.needs(GET=READ)
class InvoiceList(APIView):
    """E-invoices."""

    @extend_schema(
        operation_id="list_e_invoices",
        summary="List e-invoices",
        tags=["E-invoices"],
        parameters=[contract.InvoiceQuery],
        responses={200: contract.InvoicePage, **problems(422)},
    )
    def get(self, request: Request) -> Response:
        """List e-invoices, the latest first."""
        given = asked_with_page(contract.InvoiceQuery, request)
        wanted = Wanted(
            state=given.get("state", ""),
            kind=given.get("kind", ""),
            colour=given.get("colour", ""),
            month=date.fromisoformat(f"{given['month']}-01") if "month" in given else None,
        )
        size, last = given.get("page_size", PAGE), int(given["cursor"]) if "cursor" in given else None
        rows = queries.after(wanted=wanted, last_id=last, most=size + 1)
        following = next_page(request, cursor=rows[size - 1].id) if len(rows) > size else None
        return Response({"next": following, "results": [_shown(row) for row in rows[:size]]})


@api.needs(GET=READ)
class InvoiceOne(APIView):
    """One e-invoice."""

    @extend_schema(
        operation_id="get_e_invoice",
        summary="One e-invoice",
        tags=["E-invoices"],
        parameters=[ID],
        responses={200: contract.InvoiceDetailShown, **problems(404)},
    )
    def get(self, request: Request, invoice_id: int) -> Response:  # noqa: ARG002
        """Return an e-invoice with its lines."""
        found = queries.one(invoice_id=invoice_id)
        return Response(
            {
                **_shown(found.card),
                "total_in_capitals": yuan(found.card.amount_minor),
                "remark": found.card.remark,
                "confirmation": found.card.confirmation,
                "lines": lines(found.lines),
            }
        )


@api.needs(POST=WRITE)
class TakeBackInvoice(APIView):
    """An e-invoice is taken back."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="take_back_e_invoice",
        summary="Take an e-invoice back",
        tags=["E-invoices"],
        request=contract.RedNew,
        parameters=[ID, key_parameter("red e-invoice")],
        responses={201: contract.InvoiceShown, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request, invoice_id: int) -> Response:
        """Take an issued e-invoice back by a red one; above the bound of the place a second person agrees first."""
        asking = contract.RedNew(data=request.data)
        asking.is_valid(raise_exception=True)
        given = asking.validated_data
        red = e_invoice_cases.take_back(
            invoice_id=invoice_id,
            reason=RedReason(given["reason"]),
            amount_minor=given.get("amount_minor"),
            text=given["text"],
            anew=given.get("anew", False),
            today=timezone.localdate(),
            actor=actor_of(request),
        )
        return Response(_shown(queries.one(invoice_id=red).card), status=201)


@api.needs(GET=READ, POST=WRITE)
class InvoicesOfBill(APIView):
    """The e-invoices of a bill."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="list_e_invoices_of_bill",
        summary="The e-invoices of a bill",
        tags=["E-invoices"],
        parameters=[NUMBER],
        responses={200: contract.InvoicesOfBill, **problems(404)},
    )
    def get(self, request: Request, number: str) -> Response:  # noqa: ARG002
        """Return all e-invoices of a bill, red ones too, the latest first; none, where none is due yet."""
        return Response({"invoices": [_shown(one) for one in queries.of_bill(bill_id=bills.id_of_number(number))]})

    @extend_schema(
        operation_id="request_e_invoice",
        summary="Ask for the e-invoices of a bill",
        tags=["E-invoices"],
        request=None,
        parameters=[NUMBER, key_parameter("request")],
        responses={201: contract.InvoicesOfBill, **problems(400, 404, 409, 415, 422)},
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        """Ask for the invoices of a bill now; asked twice they are the same. What became of them is told by GET."""
        bill_id = bills.id_of_number(number)
        made = e_invoices.request(bill_id=bill_id, today=timezone.localdate(), actor=actor_of(request))
        return Response({"invoices": [_shown(queries.one(invoice_id=one).card) for one in made]}, status=201)


@api.needs(GET=READ, PUT=WRITE)
class AccountTaxProfile(APIView):
    """The buyer on the invoices of an account."""

    parser_classes = (JsonParser,)

    @extend_schema(
        operation_id="get_tax_profile",
        summary="The buyer on the invoices of an account",
        tags=["E-invoices"],
        parameters=[NUMBER],
        responses={200: contract.TaxProfileShown, **problems(404)},
    )
    def get(self, request: Request, number: str) -> Response:  # noqa: ARG002
        """Return who stands as the buyer today."""
        return Response(_profile(number))

    @extend_schema(
        operation_id="put_tax_profile",
        summary="Enter the buyer on the invoices of an account",
        tags=["E-invoices"],
        request=contract.TaxProfileNew,
        parameters=[NUMBER],
        responses={200: contract.TaxProfileShown, **problems(400, 404, 415, 422)},
    )
    def put(self, request: Request, number: str) -> Response:
        """Enter tax data that hold from today on; the same data again change nothing that is seen."""
        asking = contract.TaxProfileNew(data=request.data)
        asking.is_valid(raise_exception=True)
        tax_profiles.save(
            account_id=accounts.id_of_number(number),
            data=TaxData(**asking.validated_data),
            way=ConsentWay.API,
            from_date=timezone.localdate(),
            actor=actor_of(request),
        )
        return Response(_profile(number))


def _profile(number: str) -> dict[str, object]:
    held = (accounts.id_of_number(number), timezone.localdate())
    buyer = profiles.buyers(held=[held], at_date=held[1]).get(held)
    if buyer is None:
        raise UnknownAccount("Nobody holds the account today.")
    names = ("name", "tax_number", "address", "phone", "bank_name", "bank_account", "wants_special")
    return {"account": number, "is_entered": buyer.profile_id is not None} | {
        name: getattr(buyer, name) for name in names
    }


def _shown(card: InvoiceCard) -> dict[str, object]:
    currency = supplier.current().currency
    return {
        "id": card.id,
        "number": card.number,
        "kind": card.kind,
        "state": card.state,
        "account": card.account_number,
        "bill": card.bill_number,
        "reverses": card.reverses_id,
        "buyer": card.buyer_name,
        "buyer_tax_number": card.buyer_tax_number,
        "net": money(card.net_minor, currency),
        "tax": money(card.tax_minor, currency),
        "total": money(card.amount_minor, currency),
        "issued_at": card.issued_at,
        "is_specimen": card.is_specimen,
        "failure": card.fail_code,
    }
