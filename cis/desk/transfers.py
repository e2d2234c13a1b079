"""Transfers of the ledger: the list behind each number of the books, and one with the bill or payment it comes from."""

from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts.queries import users
from billing.domain.entries import TransferKind
from billing.queries import bills, payments, transfers
from billing.queries.transfers import TransferRow
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404
from cis.desk.forms.reports import TransfersForm
from cis.desk.ledger_names import ledger_name
from cis.desk.roles import READERS
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.platform.access import allow
from cis.platform.paging import ROWS
from cis.platform.templatetags.local import plain_money

ID_MOST = 18
RETURNED = "returned_"
"""Stands before the part of a transfer that takes a payment back."""
UNDONE = "undone_"
"""Stands before the part of one that takes back an accrual which was made anew."""


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List transfers, the latest first, with what they come to."""
    form, before = _form(request), request.GET.get("before", "")
    wanted = form.wanted()
    place = int(before) if before.isascii() and before.isdigit() and len(before) <= ID_MOST else None
    rows = transfers.page(wanted=wanted, before=place, most=ROWS + 1)
    kept = request.GET.copy()
    kept.pop("before", None)
    context = {
        "form": form,
        "rows": rows[:ROWS],
        "sums": transfers.sums(wanted=wanted),
        "wanted": wanted,
        "is_filtered": bool(kept),
        "query": kept.urlencode(),
        "is_first": place is None,
        "next": f"before={rows[ROWS - 1].id}" if len(rows) > ROWS else "",
    }
    return render(request, "desk/transfers.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    header = [
        _("Transfer"), _("Month"), _("Day"), _("Posted"), _("Kind"), _("Source"), _("Part"), _("Debit side"),
        _("Credit side"), _("Account"), _("Amount"), _("Takes back"), _("Reason"),
    ]  # fmt: skip
    rows = (
        (one.id, f"{one.period:%Y-%m}", one.occurred_date, one.posted_at.isoformat(), word("transfer_kind", one.kind),
         one.source_id, one.part, one.debit, one.credit, one.account_number, plain_money(one.amount_minor),
         one.reverses_id, one.reason)
        for one in transfers.all_of(wanted=_form(request).wanted(), most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("transfers.csv", header, rows)


@allow(*READERS)
def show(request: HttpRequest, transfer_id: int) -> HttpResponse:
    """Show one transfer with what it comes from."""
    with or_404():
        row, reversed_by = transfers.one(transfer_id=transfer_id)
    context: dict[str, Any] = {
        "transfer": row,
        "part": row.part.removeprefix(UNDONE).removeprefix(RETURNED),
        "reversed_by": reversed_by,
        "actor": users.names([row.actor_id]).get(row.actor_id) if row.actor_id else "",
        **_source(row),
    }
    return render(request, "desk/transfer.html", context)


def _source(row: TransferRow) -> dict[str, Any]:
    """Return the bill or the payment of a transfer, if it comes from one."""
    try:
        if row.kind == TransferKind.BILL:
            cards = bills.listed(bill_ids=[row.source_id])
            return {"bill": cards[0] if cards else None}
        if row.kind == TransferKind.PAYMENT:
            return {"payment": payments.one(payment_id=row.source_id)}
    except Refused:
        return {}
    return {}


def _form(request: HttpRequest) -> TransfersForm:
    return TransfersForm(request.GET, codes={code: f"{ledger_name(code)} ({code})" for code in transfers.codes()})
