"""Consolidated bills: the list, one with its bills and what is open, paper, and which accounts are on one."""

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from accounts.queries.accounts import AccountOverview
from billing.operations import consolidated_documents, consolidations
from billing.queries import consolidated, consolidated_rules
from billing.queries import consolidations as arrangements
from billing.queries.consolidated import ConsolidatedCard, Wanted
from billing.queries.consolidations import ConsolidationCard
from cashiering.operations import receipts
from cashiering.queries import tills
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.consolidated import ArrangeForm, ConsolidatedListForm, TakeConsolidatedForm
from cis.desk.roles import BILLERS, CASHIERS, CLERKS, READERS
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.kernel.fixed import to_text
from cis.platform.access import actor_of, allow
from cis.platform.paging import ROWS, page_context, page_of
from cis.platform.templatetags.local import plain_money


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List consolidated bills, the latest first."""
    form = ConsolidatedListForm(request.GET)
    wanted = form.wanted()
    context = {
        "form": form,
        **page_context(request, partial(consolidated.listed, wanted=wanted, today=today())),
        "is_filtered": wanted != Wanted(),
        "is_offered": consolidated_rules.is_offered(today()),
        "today": today(),
    }
    return render(request, "desk/collective/consolidated_bills.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    found = consolidated.listed(wanted=ConsolidatedListForm(request.GET).wanted(), today=today(), most=FILE_ROWS_MOST)
    header = [_("Number"), _("Customer"), _("Name"), _("Month"), _("Issued on"), _("Due"), _("Bills"), "kWh",
              _("Amount"), _("To pay"), _("Unpaid"), _("Missing")]  # fmt: skip
    rows = (
        (c.number, c.customer, c.name, c.month.strftime("%Y-%m"), c.issue_date, c.due_date, c.bills,
         to_text(c.energy_wh, places=3), plain_money(c.amount_minor), plain_money(c.to_pay_minor),
         plain_money(c.open_minor), c.gaps)
        for c in found
    )  # fmt: skip
    return csv_file("consolidated-bills.csv", header, rows)


@allow(*READERS)
def show(request: HttpRequest, consolidated_bill_id: int) -> HttpResponse:
    """Show a consolidated bill with its bills; looking at the customer is recorded."""
    card = _looked_at(request, consolidated_bill_id)
    rows, pager = page_of(request, consolidated.items(consolidated_bill_id=card.id), rows=ROWS)
    actor = actor_of(request)
    context = {
        "card": card,
        "rows": rows,
        "pager": pager,
        "taxes": consolidated.taxes(consolidated_bill_id=card.id),
        "gaps": [
            (gap, word("consolidated_gap", gap.reason)) for gap in consolidated.gaps_of(consolidated_bill_id=card.id)
        ],
        "corrections": consolidated.corrections_of(consolidated_bill_id=card.id),
        "payments": consolidated.payments_of(consolidated_bill_id=card.id),
        "is_overdue": card.open_minor > 0 and card.due_date < today(),
        "may_take": bool(actor.roles & set(CASHIERS)) and card.open_minor > 0,
        "may_arrange": bool(actor.roles & {*CLERKS, *BILLERS}),
    }
    return render(request, "desk/collective/consolidated_bill.html", context)


@allow(*READERS)
def bills_file(request: HttpRequest, consolidated_bill_id: int) -> StreamingHttpResponse:
    """Give the bills of a consolidated bill as a file: what the customer's bookkeeping takes in."""
    card = _looked_at(request, consolidated_bill_id)
    header, rows = consolidated_documents.table(card=card)
    return csv_file(f"consolidated-{card.number}.csv", header, rows)


@allow(*READERS)
def paper(request: HttpRequest, consolidated_bill_id: int) -> HttpResponse:
    """Give a consolidated bill as PDF."""
    card = _looked_at(request, consolidated_bill_id)
    written = consolidated_documents.pdf(consolidated_bill_id=card.id)
    answer = HttpResponse(written, content_type=consolidated_documents.MEDIA_TYPE)
    answer["Content-Disposition"] = f'inline; filename="consolidated-{card.number}.pdf"'
    return answer


@allow(*CLERKS, *BILLERS)
def arrange(request: HttpRequest, account_id: int) -> HttpResponse:
    """Agree which accounts of the holder of an account are asked for by one bill, change it, or end it."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    actor = actor_of(request)
    customer_operations.record_look(customer_id=account.holder.id, actor=actor, purpose=LookPurpose.BILLING)
    held = {span.account_id: span.account_number for span in accounts.held_by(customer_id=account.holder.id)
            if span.holds(today())}  # fmt: skip
    running = _running(account)
    form = ArrangeForm(
        posted(request), held=sorted(held.items(), key=lambda one: one[1]), initial=_first(running, held)
    )
    if request.method == "POST" and running is not None and request.POST.get("action") == "end":
        return _end(request, account_id, running)
    if form.is_bound and form.is_valid():
        given = {"terms": form.terms(customer_id=account.holder.id), "from_date": form.cleaned_data["from_date"],
                 "today": today(), "actor": actor}  # fmt: skip
        try:
            if running is None:
                consolidations.agree(**given)
            else:
                consolidations.change(consolidation_id=running.id, **given)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("It is agreed; the bill of the next month collects these accounts."))
            return redirect("desk:arrange_consolidated", account_id)
    context = {
        "account": account,
        "form": form,
        "running": running,
        "members": arrangements.members(consolidation_id=running.id) if running else (),
        "bills": consolidated.listed(wanted=Wanted(customer_id=account.holder.id), today=today(), most=12),
        "is_offered": consolidated_rules.is_offered(today()),
        "held": held,
        "today": today(),
    }
    return render(request, "desk/collective/arrange.html", context)


@allow(*CASHIERS)
def take_money(request: HttpRequest, consolidated_bill_id: int) -> HttpResponse:
    """Take money for a consolidated bill at one's till."""
    own = tills.open_of(cashier_id=actor_of(request).id)
    card = _looked_at(request, consolidated_bill_id)
    if own is None or own.state != "open":
        messages.info(request, _("Open a till first."))
        return redirect("desk:open_till" if own is None else "desk:till")
    form = TakeConsolidatedForm(posted(request), owed=plain_money(card.open_minor) if card.open_minor else "")
    if request.method == "POST" and form.is_valid():
        try:
            taken = receipts.take_consolidated(
                session_id=own.id, consolidated_bill_id=card.id, today=today(), actor=actor_of(request), **form.money()
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return redirect("desk:receipt", taken.receipt_id)
    return render(request, "desk/collective/take.html", {"form": form, "card": card, "own": own})


def _looked_at(request: HttpRequest, consolidated_bill_id: int) -> ConsolidatedCard:
    with or_404():
        card = consolidated.one(consolidated_bill_id=consolidated_bill_id)
    customer_operations.record_look(customer_id=card.customer_id, actor=actor_of(request), purpose=LookPurpose.BILLING)
    return card


def _running(account: AccountOverview) -> ConsolidationCard | None:
    """Return the arrangement that the account is on, else one of its holder's that runs; None: there is none."""
    own = [one for one in arrangements.listed(customer_id=account.holder.id) if one.ended_date is None]
    taken = arrangements.taken(account_ids=[account.id]).get(account.id)
    return next((one for one in own if one.id == taken), own[0] if own else None)


def _first(running: ConsolidationCard | None, held: dict[int, str]) -> dict[str, object]:
    if running is None:
        return {"from_date": today(), "accounts": [str(one) for one in held]}
    members = arrangements.members(consolidation_id=running.id)
    return {
        "name": running.name,
        "address": running.address,
        "from_date": today(),
        "lead_account": str(running.lead_account_id),
        "accounts": [str(one.account_id) for one in members if one.end_date is None],
    }


def _end(request: HttpRequest, account_id: int, running: ConsolidationCard) -> HttpResponse:
    try:
        consolidations.end(
            consolidation_id=running.id, from_date=today(), today=today(), actor=actor_of(request)
        )  # fmt: skip
        messages.success(request, _("It is ended; bills are asked for on their own again."))
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:arrange_consolidated", account_id)
