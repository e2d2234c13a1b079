"""The cash desk: a till is opened, takes money, is counted and closed; receipts and money on its way to the bank."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.queries import accounts, users
from billing.queries import balances, bills, consolidated, listing
from cashiering.operations import receipts as receipt_operations
from cashiering.operations import tills as operations
from cashiering.queries import till_rules, tills
from cis.desk import till_papers
from cis.desk.answers import or_404, posted, tell_refusal, today
from cis.desk.forms.till import MoveCashForm, NewTillForm, OpenTillForm, Payer, ReasonForm, TakeForm
from cis.desk.roles import CASHIERS, READERS, SUPERVISORS
from cis.desk.search import find
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.templatetags.local import money

FOUND_MOST = 12
ACCOUNTS_MOST = 10
RECENT = 12


@allow(*READERS)
def counter(request: HttpRequest) -> HttpResponse:
    """Show one's open till: search for whoever pays; without one, open a till first. Who takes no money sees all."""
    if not actor_of(request).roles & set(CASHIERS):
        return redirect("desk:till_sessions")
    own = tills.open_of(cashier_id=actor_of(request).id)
    if own is None:
        return redirect("desk:open_till")
    if own.state != "open":
        return redirect("desk:till_session", own.id)
    text = request.GET.get("q", "").strip()[:60]
    collective = consolidated.by_numbers([text]) if text else {}
    if collective:
        return redirect("desk:take_consolidated", collective[text])
    found = find(text=text, at_date=today(), most=FOUND_MOST) if text else ()
    sure = [one for one in found if one.is_whole] if len(found) > 1 else list(found)
    if len(sure) == 1:
        return redirect(f"{reverse('desk:take_money')}?account={sure[0].account_id}")
    context = {
        "own": own,
        "search_for": text,
        "found": found,
        "recent": tills.receipts(session_id=own.id, most=RECENT),
    }
    return render(request, "desk/till/counter.html", context)


@allow(*CASHIERS)
def open_till(request: HttpRequest) -> HttpResponse:
    """Open a till with the float that is counted in it."""
    actor = actor_of(request)
    if tills.open_of(cashier_id=actor.id) is not None:
        return redirect("desk:till")
    known = tills.all_tills()
    free = [card for card in known if card.is_active and card.cashier_id is None]
    form = OpenTillForm(posted(request), faces=till_rules.of(today()).faces, tills=free)
    if request.method == "POST" and form.is_valid():
        try:
            operations.open_session(
                till_id=int(form.cleaned_data["till"]), pieces=form.pieces(), today=today(), actor=actor
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The till is open."))
            return redirect("desk:till")
    context = {"form": form, "tills": known, "names": users.names([card.cashier_id for card in known]), "free": free}
    return render(request, "desk/till/open.html", context)


@allow(*SUPERVISORS)
def new_till(request: HttpRequest) -> HttpResponse:
    """Add a till."""
    form = NewTillForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            operations.add(**form.cleaned_data, actor=actor_of(request))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The till is added."))
            return redirect("desk:open_till")
    return render(request, "desk/till/new.html", {"form": form})


@allow(*CASHIERS)
def take_money(request: HttpRequest) -> HttpResponse:
    """Take money of whoever stands at the counter: amount, Enter, receipt."""
    own = tills.open_of(cashier_id=actor_of(request).id)
    if own is None or own.state != "open":
        messages.info(request, _("Open a till first."))
        return redirect("desk:open_till" if own is None else "desk:till")
    text = request.GET.get("account", "")
    if not (text.isascii() and text.isdigit()) or len(text) > 18:  # noqa: PLR2004 (what fits the column)
        return redirect("desk:till")
    with or_404():
        account = accounts.overview(account_id=int(text), at_date=today())
    payers, unpaid = _payers(account), [c for c in bills.of_account(account_id=account.id) if c.open_minor]
    form = TakeForm(posted(request), payers=payers, unpaid=unpaid)
    if request.method == "POST" and form.is_valid():
        try:
            taken = receipt_operations.take(session_id=own.id, today=today(), actor=actor_of(request), **form.money())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            if not taken.is_new:
                messages.info(request, _("This form was sent before; it is the same receipt."))
            return redirect("desk:receipt", taken.receipt_id)
    context = {
        "form": form,
        "account": account,
        "own": own,
        "balance": balances.of_account(account_id=account.id, today=today()),
    }
    return render(request, "desk/till/take.html", context)


def _payers(account: accounts.AccountOverview) -> list[Payer]:
    """Return the account, and the others that its holder holds today."""
    spans = [span for span in accounts.held_by(customer_id=account.holder.id) if span.holds(today())]
    others = [span for span in spans if span.account_id != account.id][: ACCOUNTS_MOST - 1]
    owed = listing.owed_minor(account_ids=[account.id, *(span.account_id for span in others)])
    rows = [(account.id, account.number), *((span.account_id, span.account_number) for span in others)]
    return [Payer(account_id, number, owed.get(account_id, 0)) for account_id, number in rows]


@allow(*CASHIERS)
def move_cash(request: HttpRequest) -> HttpResponse:
    """Bring cash to one's till, or take it to the safe or the bank."""
    own = tills.open_of(cashier_id=actor_of(request).id)
    if own is None or own.state != "open":
        return redirect("desk:till")
    form = MoveCashForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            operations.move(session_id=own.id, today=today(), actor=actor_of(request), **form.movement())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("%(amount)s moved.") % {"amount": money(form.cleaned_data["amount"])})
            return redirect("desk:till")
    return render(request, "desk/till/move.html", {"form": form, "own": own})


@allow(*READERS)
def receipt(request: HttpRequest, receipt_id: int) -> HttpResponse:
    """Show a receipt: what to give back, print it, have it cancelled."""
    with or_404():
        card = tills.receipt(receipt_id=receipt_id)
    return _receipt_page(request, card, ReasonForm())


@allow(*CASHIERS)
def act_on_receipt(request: HttpRequest, receipt_id: int, verb: str) -> HttpResponse:
    """Ask to cancel a receipt, cancel it, or let it stand."""
    with or_404():
        card = tills.receipt(receipt_id=receipt_id)
    if request.method != "POST" or verb not in {"ask", "cancel", "keep"}:
        raise Http404
    form = ReasonForm(request.POST)
    actor = actor_of(request)
    try:
        if verb == "ask":
            if not form.is_valid():
                return _receipt_page(request, card, form)
            receipt_operations.ask_cancel(receipt_id=receipt_id, reason=form.cleaned_data["reason"], actor=actor)
            messages.info(request, _("A second person decides."))
        elif verb == "cancel":
            receipt_operations.cancel(receipt_id=receipt_id, today=today(), actor=actor)
            messages.success(request, _("The receipt is cancelled; give the money back."))
        else:
            receipt_operations.keep(receipt_id=receipt_id, actor=actor)
            messages.success(request, _("The receipt stands."))
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:receipt", receipt_id)


@allow(*CASHIERS)
def print_receipt(request: HttpRequest, receipt_id: int) -> HttpResponse:
    """Print a receipt: the first time the original, then copies that say so."""
    with or_404():
        tills.receipt(receipt_id=receipt_id)
    if request.method != "POST":
        raise Http404
    number = receipt_operations.count_print(receipt_id=receipt_id, actor=actor_of(request))
    paper = "a4" if request.POST.get("paper") == "a4" else "roll"
    written = till_papers.receipt(receipt_id=receipt_id, paper=paper, copy=number - 1)
    answer = HttpResponse(written, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="receipt-{receipt_id}.pdf"'
    return answer


def _receipt_page(request: HttpRequest, card: tills.ReceiptCard, form: ReasonForm) -> HttpResponse:
    actor = actor_of(request)
    may_act = bool(actor.roles & set(CASHIERS))
    context: dict[str, Any] = {
        "card": card,
        "parts": tills.parts(receipt_id=card.id),
        "names": users.names([card.cashier_id, card.asked_by_id, card.decided_by_id]),
        "form": form,
        "may_act": may_act,
        "may_ask": may_act and card.state == "taken" and card.session_state == "open",
        "may_decide": may_act and actor.id not in {card.asked_by_id, card.cashier_id},
        "is_own": card.cashier_id == actor.id and card.session_state == "open",
    }
    return render(request, "desk/till/receipt.html", context)
