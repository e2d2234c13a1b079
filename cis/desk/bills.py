"""Bills: the list, one bill with its lines and why it is as high as it is, paper, cancelling."""

from datetime import date
from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from arrears.queries import late_fees
from billing.operations import bills as operations
from billing.operations import documents
from billing.queries import bills, budgets, explanations, listing
from billing.queries.listing import Wanted
from cis.desk.account_page import may
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, today
from cis.desk.forms.payments import CancelForm
from cis.desk.forms.runs import BillListForm
from cis.desk.roles import BILLERS, READERS
from cis.kernel.errors import Refused
from cis.kernel.fixed import to_text
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.templatetags.local import plain_money


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List bills."""
    form, wanted = _wanted(request)
    context = {
        "form": form,
        **page_context(request, partial(listing.page, wanted=wanted, today=today())),
        "sums": listing.sums(wanted=wanted, today=today()),
        "run_id": wanted.run_id,
        "today": today(),
        "is_filtered": wanted != Wanted(),
    }
    return render(request, "desk/bills.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the list as a file."""
    _form, wanted = _wanted(request)
    cards = listing.page(wanted=wanted, today=today(), most=FILE_ROWS_MOST)
    header = [
        _("Number"), _("Account"), _("Kind"), _("State"), _("From"), _("To, not included"), _("Issued on"), _("Due"),
        "kWh", _("Amount"), _("Paid"),
    ]  # fmt: skip
    rows = (
        (c.number, c.account_number, c.kind, c.state, c.start_date, c.end_date, c.issue_date, c.due_date,
         to_text(c.energy_wh, places=3), plain_money(c.amount_minor), plain_money(c.paid_minor))
        for c in cards
    )  # fmt: skip
    return csv_file("bills.csv", header, rows)


@allow(*READERS)
def show(request: HttpRequest, bill_id: int) -> HttpResponse:
    """Show a bill; that somebody looked at the customer's data is recorded."""
    with or_404():
        bill = bills.one(bill_id=bill_id)
    account = accounts.overview(account_id=bill.card.account_id, at_date=bill.card.start_date)
    customer_operations.record_look(customer_id=account.holder.id, actor=actor_of(request), purpose=LookPurpose.BILLING)
    context = {
        "bill": bill,
        "card": bill.card,
        "account": account,
        "explanation": explanations.of_bill(bill=bill),
        "may": may(actor_of(request).roles),
        "can_cancel": bill.card.state == "issued" and bill.card.kind == "regular" and not bill.is_correction,
        "budget": budgets.on_bills(bill_ids=[bill_id]).get(bill_id),
        "late": late_fees.of_bill(bill_id=bill_id, account_id=bill.card.account_id, today=today()),
        "today": today(),
    }
    return render(request, "desk/bill.html", context)


@allow(*READERS)
def paper(request: HttpRequest, bill_id: int) -> HttpResponse:
    """Give a bill as PDF."""
    with or_404():
        card = bills.one(bill_id=bill_id).card
    account = accounts.overview(account_id=card.account_id, at_date=card.start_date)
    customer_operations.record_look(customer_id=account.holder.id, actor=actor_of(request), purpose=LookPurpose.BILLING)
    answer = HttpResponse(documents.pdf(bill_id=bill_id), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="bill-{card.number or f"draft-{card.id}"}.pdf"'
    return answer


@allow(*BILLERS)
def cancel(request: HttpRequest, bill_id: int) -> HttpResponse:
    """Cancel a bill by a credit note, after saying what will happen."""
    with or_404():
        bill = bills.one(bill_id=bill_id)
    form = CancelForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            operations.cancel(
                bill_id=bill_id, reason=form.cleaned_data["reason"], as_of_date=today(), actor=actor_of(request)
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Bill %(number)s is cancelled.") % {"number": bill.card.number})
            return redirect("desk:account", bill.card.account_id)
    return render(request, "desk/bill_cancel.html", {"form": form, "card": bill.card})


def _wanted(request: HttpRequest) -> tuple[BillListForm, Wanted]:
    form = BillListForm(request.GET or None, today=today())
    given = form.cleaned_data if form.is_valid() else {}
    month = given.get("month")
    return form, Wanted(
        text=given.get("text") or "",
        state=given.get("state") or "",
        month=date.fromisoformat(month) if month else None,
        run_id=given.get("run"),
        order=given.get("order") or "newest",
    )
