"""E-invoices: the list, one, what failed, the month for the tax report, the buyer's tax data."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.domain.privacy import LookPurpose
from accounts.domain.tax_profiles import ConsentWay
from accounts.operations import customers as customer_operations
from accounts.operations import tax_profiles
from accounts.queries import accounts, users
from accounts.queries import tax_profiles as profiles
from billing.domain.e_invoice_data import plain
from billing.domain.e_invoices import DECIDERS
from billing.operations import e_invoice_cases, e_invoice_files, e_invoices
from billing.operations.e_invoice_files import File
from billing.queries import bills, e_invoice_rules, e_invoice_vat
from billing.queries import e_invoices as queries
from billing.queries.e_invoices import InvoiceDetail, Wanted
from cis.desk import phone_call
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.e_invoices import DatedTaxForm, InvoiceListForm, RedForm, month_of
from cis.desk.roles import BILLERS, CLERKS, READERS
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.kernel.periods import add_months
from cis.platform import audit
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.templatetags.local import plain_money

INVOICES_OF_BILL_MOST = 20


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List e-invoices, the latest first, with their sums."""
    form = InvoiceListForm(request.GET)
    wanted = form.wanted()
    context = {
        "form": form,
        **page_context(request, partial(queries.listed, wanted=wanted)),
        "sums": queries.sums(wanted=wanted),
        "counts": queries.counts(),
        "is_filtered": wanted != Wanted(),
        "wanted": wanted,
        "is_offered": e_invoice_rules.is_offered(at=today()),
    }
    return render(request, "desk/e_invoices/e_invoices.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    found = queries.listed(wanted=InvoiceListForm(request.GET).wanted(), most=FILE_ROWS_MOST)
    header = [
        _("Number"), _("Kind"), _("State"), _("Issued on"), _("Account"), _("Bill"), _("Buyer"), _("Taxpayer number"),
        _("Without tax"), _("Tax"), _("Together"), _("Takes back"), _("Reason"), _("To be mended"),
    ]  # fmt: skip
    rows = (
        (r.number, word("e_invoice_kind", r.kind), word("e_invoice", r.state), r.issued_date, r.account_number,
         r.bill_number, r.buyer_name, r.buyer_tax_number, plain_money(r.net_minor), plain_money(r.tax_minor),
         plain_money(r.amount_minor), r.blue_number, word("e_invoice_reason", r.red_reason) if r.red_reason else "",
         word("e_invoice_failure", r.fail_code) if r.fail_code else "")
        for r in found
    )  # fmt: skip
    return csv_file("e-invoices.csv", header, rows)


@allow(*READERS)
def month(request: HttpRequest) -> HttpResponse:
    """Show the VAT of a month: by rate for the tax report, and beside the ledger with each difference explained."""
    day = month_of(request.GET.get("month", "")) or today().replace(day=1)
    context = {
        "month": day,
        "before": add_months(day, -1),
        "after": add_months(day, 1),
        "rates": e_invoice_vat.by_rate(month=day),
        "found": e_invoice_vat.reconcile(month=day),
    }
    return render(request, "desk/e_invoices/month.html", context)


@allow(*READERS)
def month_file(request: HttpRequest) -> StreamingHttpResponse:
    """Give the sums of a month by rate as a file."""
    day = month_of(request.GET.get("month", "")) or today().replace(day=1)
    header = [_("Month"), _("Rate"), _("Kind"), _("Blue or red"), _("Invoices"), _("Without tax"), _("Tax")]
    rows = (
        (f"{day:%Y-%m}", plain(r.rate_e6, places=4), word("e_invoice_kind", r.kind),
         word("e_invoice_colour", "red" if r.is_red else "blue"), r.invoices, plain_money(r.net_minor),
         plain_money(r.tax_minor))
        for r in e_invoice_vat.by_rate(month=day)
    )  # fmt: skip
    return csv_file(f"vat-{day:%Y-%m}.csv", header, rows)


@allow(*READERS)
def show(request: HttpRequest, invoice_id: int) -> HttpResponse:
    """Show an invoice with its lines and its history; looking at the customer is recorded."""
    with or_404():
        found = queries.one(invoice_id=invoice_id)
    return _page(request, found, RedForm())


@allow(*CLERKS, *BILLERS)
@require_POST
def act(request: HttpRequest, invoice_id: int, verb: str) -> HttpResponse:
    """Send an invoice again, take it back, or decide as the second person."""
    with or_404():
        found = queries.one(invoice_id=invoice_id)
    actor = actor_of(request)
    given: dict[str, Any] = {"invoice_id": invoice_id, "actor": actor}
    form = RedForm(request.POST if verb == "take-back" else None)
    try:
        if verb == "again":
            invoice_id = e_invoice_cases.again(**given, today=today())
            messages.success(request, _("It is sent again."))
        elif verb in {"agree", "refuse"}:
            e_invoice_cases.decide(**given, is_agreed=verb == "agree")
        elif verb == "drop":
            e_invoice_cases.drop(**given)
        elif verb == "take-back":
            if not form.is_valid():
                return _page(request, found, form)
            invoice_id = e_invoice_cases.take_back(**given, **form.values(), today=today())
            messages.success(request, _("The red invoice is made."))
        else:
            raise Http404
    except Refused as refusal:
        if verb == "take-back" and actor.is_one_of(DECIDERS):
            form.refuse(refusal)
            return _page(request, found, form)
        tell_refusal(request, refusal)
    return redirect("desk:e_invoice", invoice_id)


@allow(*CLERKS, *BILLERS)
@require_POST
def ask(request: HttpRequest, bill_id: int) -> HttpResponse:
    """Ask for the invoices of a bill now."""
    with or_404():
        bills.one(bill_id=bill_id)
    try:
        made = e_invoices.request(bill_id=bill_id, today=today(), actor=actor_of(request))
    except Refused as refusal:
        tell_refusal(request, refusal)
        return redirect("desk:bill", bill_id)
    messages.success(request, _("The invoice is asked for."))
    return redirect("desk:e_invoice", made[0])


@allow(*READERS)
def paper(request: HttpRequest, invoice_id: int, form: str) -> HttpResponse:
    """Give an issued invoice as PDF, XML or JSON."""
    with or_404():
        queries.one(invoice_id=invoice_id)
    try:
        return file_answer(given_file(invoice_id, form, actor_of(request)))
    except Refused as refusal:
        tell_refusal(request, refusal)
        return redirect("desk:e_invoice", invoice_id)


def given_file(invoice_id: int, form: str, actor: Any) -> File:
    """
    Return an invoice in a form: "pdf", "xml", "json".

    :raises UnknownEInvoice, NoFile: there is none.
    """
    if form == "xml":
        return e_invoice_files.xml(invoice_id=invoice_id)
    if form == "json":
        return e_invoice_files.as_json(invoice_id=invoice_id)
    return e_invoice_files.paper(invoice_id=invoice_id, actor=actor)


def file_answer(file: File) -> HttpResponse:
    """Return a file as an answer that nobody keeps on the way."""
    answer = HttpResponse(file.content, content_type=file.media_type)
    kind = "inline" if file.media_type == e_invoice_files.PDF else "attachment"
    answer["Content-Disposition"] = f'{kind}; filename="{file.name}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


@allow(*READERS)
def of_account(request: HttpRequest, account_id: int) -> HttpResponse:
    """Show the buyer's tax data of an account with its invoices; who may, enters them."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    actor = actor_of(request)
    customer_operations.record_look(customer_id=account.holder.id, actor=actor, purpose=LookPurpose.BILLING)
    may_edit = bool(actor.roles & {*CLERKS, *BILLERS})
    if request.method == "POST" and not may_edit:
        raise Http404
    held = (account_id, today())
    buyer = profiles.buyers(held=[held], at_date=today()).get(held)
    first = {name: getattr(buyer, name) for name in DatedTaxForm.base_fields if hasattr(buyer, name)}
    form = DatedTaxForm(posted(request), initial={**first, "from_date": today()})
    if form.is_bound and form.is_valid():
        try:
            phone_call.see_known(request, account.holder.id)
            tax_profiles.save(account_id=account_id, data=form.data_of(), way=ConsentWay.DESK,
                              from_date=form.cleaned_data["from_date"], actor=actor)  # fmt: skip
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("desk:account_tax", account_id)
    rows = queries.of_account(account_id=account_id)
    invoiced = {one.bill_id for one in rows}
    found = bills.of_account(account_id=account_id, most=INVOICES_OF_BILL_MOST) if may_edit else ()
    context = {
        "account": account,
        "form": form if may_edit else None,
        "history": profiles.history(account_id=account_id),
        "rows": rows,
        "bills": [one for one in found if one.state == "issued" and one.kind != "credit" and one.id not in invoiced],
    }
    return render(request, "desk/e_invoices/account.html", context)


def _page(request: HttpRequest, found: InvoiceDetail, form: RedForm) -> HttpResponse:
    actor, card = actor_of(request), found.card
    account = accounts.overview(account_id=card.account_id, at_date=today())
    customer_operations.record_look(customer_id=account.holder.id, actor=actor, purpose=LookPurpose.BILLING)
    decides = actor.is_one_of(DECIDERS)
    names = users.names([one for one in (card.proposer_id, card.decider_id) if one])
    context = {
        "found": found,
        "card": card,
        "account": account,
        "form": form,
        "history": audit.of_subjects([("e_invoice", [card.id])]),
        "proposer": names.get(card.proposer_id or 0, ""),
        "decider": names.get(card.decider_id or 0, ""),
        "may_send": bool(actor.roles & {*CLERKS, *BILLERS}) and card.state == "failed",
        "may_drop": decides and card.state == "failed",
        "may_decide": decides and card.state == "proposed",
        "may_agree": card.proposer_id != actor.id,
        "may_take_back": decides and card.state == "issued" and not card.is_red and found.left_minor > 0,
    }
    return render(request, "desk/e_invoices/e_invoice.html", context)
