"""Consolidated bills of a company: the list, one with the bills of its accounts, paper and table."""

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.queries import supplier
from billing.operations import consolidated_documents
from billing.queries import consolidated, pay_links
from billing.queries.consolidated import ConsolidatedCard, Wanted
from cashiering.gateways import online
from cashiering.operations import payment_receipts
from cis.platform.access import allow_portal
from cis.platform.answers import or_404
from cis.platform.csv_files import csv_file
from cis.platform.paging import page_of
from cis.portal import access

ROWS = 50
LIST_MOST = 240
"""Of twenty years."""


@allow_portal
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the consolidated bills of the customer."""
    visit = access.visit(request)
    rows = consolidated.listed(wanted=Wanted(customer_id=visit.customer_id), today=access.today(), most=LIST_MOST)
    context = {"visit": visit, "rows": rows, "supplier": supplier.current(), "today": access.today()}
    return render(request, "portal/consolidated_bills.html", context)


@allow_portal
@require_safe
def show(request: HttpRequest, number: str) -> HttpResponse:
    """Show a consolidated bill: what is to pay, and the bills of its accounts."""
    card = _own(request, number)
    rows, pager = page_of(request, consolidated.items(consolidated_bill_id=card.id), rows=ROWS)
    visit = access.visit(request)
    context = {
        "visit": visit,
        "card": card,
        "rows": rows,
        "pager": pager,
        "held": {one.account_id for one in visit.held},
        "gaps": consolidated.gaps_of(consolidated_bill_id=card.id),
        "payments": consolidated.payments_of(consolidated_bill_id=card.id),
        "corrections": consolidated.corrections_of(consolidated_bill_id=card.id),
        "supplier": supplier.current(),
        "today": access.today(),
        "pay_mark": pay_links.mark(card.number),
        "is_online": bool(online.names()),
    }
    return render(request, "portal/consolidated_bill.html", context)


@allow_portal
@require_safe
def paper(request: HttpRequest, number: str) -> HttpResponse:
    """Give a consolidated bill as PDF."""
    card = _own(request, number)
    written = consolidated_documents.pdf(consolidated_bill_id=card.id)
    return _paper(written, f"consolidated-{card.number}")


@allow_portal
@require_safe
def receipt(request: HttpRequest, number: str, payment_id: int) -> HttpResponse:
    """Give the receipt of a payment for the whole."""
    card = _own(request, number)
    if all(one.id != payment_id for one in consolidated.payments_of(consolidated_bill_id=card.id)):
        raise Http404
    written = payment_receipts.pdf_of_whole(consolidated_payment_id=payment_id, is_masked=False)
    return _paper(written, f"receipt-{card.number}-{payment_id}")


@allow_portal
@require_safe
def table(request: HttpRequest, number: str) -> StreamingHttpResponse:
    """Give the bills of a consolidated bill as a file for bookkeeping."""
    card = _own(request, number)
    header, rows = consolidated_documents.table(card=card)
    return csv_file(f"consolidated-{card.number}.csv", header, rows)


def _paper(content: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=consolidated_documents.MEDIA_TYPE)
    answer["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def _own(request: HttpRequest, number: str) -> ConsolidatedCard:
    """Return the customer's own consolidated bill; a foreign one answers like one that does not exist."""
    customer_id: int = request.user.customer_id  # type: ignore[union-attr, assignment]
    with or_404():
        return consolidated.of_number(number, customer_id=customer_id)
