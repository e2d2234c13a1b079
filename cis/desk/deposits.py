"""Deposits of customers: the list, a new one, one with its history, what is asked and decided, its receipt."""

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from billing.domain.adjustments import DECIDERS
from billing.operations import deposit_papers, deposit_requests
from billing.operations import deposits as operations
from billing.queries import deposit_rules, deposits, supply_deposits
from billing.queries.deposits import DepositDetail, WantedDeposits
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.deposit_words import CAUSES, STANDINGS
from cis.desk.forms.deposits import DepositForm, DepositListForm, ExpectedForm, IncreaseForm, RequestForm
from cis.desk.roles import BILLERS, CLERKS, READERS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.templatetags.local import plain_money


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List deposits, the latest first."""
    form = DepositListForm(request.GET)
    wanted = form.wanted()
    context = {
        "form": form,
        **page_context(request, partial(deposits.listed, wanted=wanted, today=today())),
        "is_filtered": wanted != WantedDeposits(),
        "is_offered": deposit_rules.is_offered(at=today()),
    }
    return render(request, "desk/money/deposits.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    found = deposits.listed(wanted=DepositListForm(request.GET).wanted(), today=today(), most=FILE_ROWS_MOST)
    header = [
        _("Customer deposit"), _("Account"), _("Name"), _("Reason"), _("State"), _("Demanded"), _("In our keeping"),
        _("Not paid"), _("Back with the customer"), _("Interest"), _("Demanded on"), _("Due on"),
        _("To be looked at on"), _("Ended on"),
    ]  # fmt: skip
    rows = (
        (r.id, r.account_number, r.holder, str(CAUSES.get(r.cause, r.cause)), str(STANDINGS[r.standing]),
         plain_money(r.amount_minor), plain_money(r.held_minor), plain_money(r.open_minor),
         plain_money(r.returned_minor), plain_money(r.interest_minor), r.demanded_date, r.due_date, r.look_date,
         r.ended_date)
        for r in found
    )  # fmt: skip
    return csv_file("deposits.csv", header, rows)


@allow(*CLERKS, *BILLERS)
def new(request: HttpRequest, account_id: int) -> HttpResponse:
    """Demand a deposit, with its computed size and what it comes from."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    customer_operations.record_look(customer_id=account.holder.id, actor=actor_of(request), purpose=LookPurpose.PAYMENT)
    try:
        rule = deposit_rules.rule(at=today())
        expected = ExpectedForm(request.POST or request.GET).expected_minor()
        customer_class, computed = operations.size_of(account_id=account_id, expected_minor=expected, today=today())
    except Refused as refusal:
        tell_refusal(request, refusal)
        return redirect("desk:account", account_id)
    form = DepositForm(posted(request), causes=rule.causes, initial={"request_key": uuid4().hex})
    if form.is_bound and form.is_valid():
        try:
            made = operations.demand(new=form.deposit(account_id=account_id), today=today(), actor=actor_of(request))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The deposit is demanded, by a note of its own."))
            return redirect("desk:deposit", made)
    context = {
        "form": form, "account": account, "rule": rule, "computed": computed, "customer_class": customer_class,
        "terms": rule.size_terms(customer_class),
    }  # fmt: skip
    return render(request, "desk/money/deposit_new.html", context)


@allow(*READERS)
def show(request: HttpRequest, deposit_id: int) -> HttpResponse:
    """Show a deposit; looking at the customer is recorded."""
    return _page(request, deposit_id, RequestForm(initial={"request_key": uuid4().hex}), IncreaseForm())


@allow(*READERS)
def receipt(request: HttpRequest, deposit_id: int) -> HttpResponse:
    """Give the receipt of a deposit as PDF; looking at the customer is recorded."""
    with or_404():
        detail = deposits.one(deposit_id=deposit_id, today=today())
    account = accounts.overview(account_id=detail.card.account_id, at_date=today())
    customer_operations.record_look(customer_id=account.holder.id, actor=actor_of(request), purpose=LookPurpose.PAYMENT)
    content = deposit_papers.receipt(deposit_id=deposit_id, today=today())
    answer = HttpResponse(content, content_type=deposit_papers.MEDIA_TYPE)
    answer["Content-Disposition"] = f'inline; filename="deposit-{deposit_id}.pdf"'
    return answer


@allow(*CLERKS, *BILLERS)
@require_POST
def ask(request: HttpRequest, deposit_id: int) -> HttpResponse:
    """Ask that something is done with a deposit."""
    with or_404():
        deposits.card(deposit_id=deposit_id, today=today())
    form = RequestForm(request.POST)
    if not form.is_valid():
        return _page(request, deposit_id, form, IncreaseForm())
    try:
        deposit_requests.propose(new=form.request(deposit_id=deposit_id), today=today(), actor=actor_of(request))
    except Refused as refusal:
        form.refuse(refusal)
        return _page(request, deposit_id, form, IncreaseForm())
    if deposits.one(deposit_id=deposit_id, today=today()).waiting is None:
        messages.success(request, _("It is done."))
    else:
        messages.success(request, _("It is entered; a second person decides on it."))
    return redirect("desk:deposit", deposit_id)


@allow(*CLERKS, *BILLERS)
@require_POST
def increase(request: HttpRequest, deposit_id: int) -> HttpResponse:
    """Demand more of a deposit."""
    with or_404():
        deposits.card(deposit_id=deposit_id, today=today())
    form, first = IncreaseForm(request.POST), RequestForm(initial={"request_key": uuid4().hex})
    if not form.is_valid():
        return _page(request, deposit_id, first, form)
    given = form.cleaned_data
    try:
        operations.increase(
            deposit_id=deposit_id, amount_minor=given["amount"], reason=given["reason"], today=today(),
            actor=actor_of(request),
        )  # fmt: skip
    except Refused as refusal:
        form.refuse(refusal)
        return _page(request, deposit_id, first, form)
    messages.success(request, _("More is demanded, by a note of its own."))
    return redirect("desk:deposit", deposit_id)


@allow(*CLERKS, *BILLERS)
@require_POST
def wish(request: HttpRequest, deposit_id: int) -> HttpResponse:
    """Note how the customer wishes to have the deposit back."""
    with or_404():
        deposits.card(deposit_id=deposit_id, today=today())
    try:
        is_paid_out = request.POST.get("wish") == "paid_out"
        operations.wish(deposit_id=deposit_id, is_paid_out=is_paid_out, actor=actor_of(request))
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:deposit", deposit_id)


@allow(*BILLERS)
@require_POST
def decide(request: HttpRequest, deposit_id: int, request_id: int) -> HttpResponse:
    """Agree to what is asked, or drop it, as the second person."""
    with or_404():
        deposits.card(deposit_id=deposit_id, today=today())
    try:
        deposit_requests.decide(
            request_id=request_id, is_agreed=request.POST.get("action") == "agree", today=today(),
            actor=actor_of(request),
        )  # fmt: skip
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:deposit", deposit_id)


@dataclass(frozen=True, slots=True)
class Happening:
    """A line of the history: a movement, or money that came in. [minor unit]"""

    day: date
    kind: str
    amount_minor: int
    note_id: int | None
    note_number: str
    text: str


def history(detail: DepositDetail) -> list[Happening]:
    """Return what happened to a deposit, the latest first."""
    found = [
        Happening(
            one.day,
            one.kind,
            one.amount_minor,
            one.note_id,
            one.note_number,
            " · ".join(filter(None, (one.reason, one.by))),
        )
        for one in detail.moves
    ]
    found += [Happening(day, "paid", amount, None, "", "") for day, amount in detail.money if amount > 0]
    return sorted(found, key=lambda one: one.day, reverse=True)


def _page(request: HttpRequest, deposit_id: int, form: RequestForm, more: IncreaseForm) -> HttpResponse:
    with or_404():
        detail = deposits.one(deposit_id=deposit_id, today=today())
    actor = actor_of(request)
    account = accounts.overview(account_id=detail.card.account_id, at_date=today())
    customer_operations.record_look(customer_id=account.holder.id, actor=actor, purpose=LookPurpose.PAYMENT)
    waiting, is_open = detail.waiting, detail.card.state == "open"
    waited = supply_deposits.waited_for(account_ids=[detail.card.account_id], today=today())
    is_waited_for = detail.card.account_id in waited
    form.offer_supply(is_offered=is_waited_for)
    asks = bool(actor.roles & {*CLERKS, *BILLERS})
    context: dict[str, Any] = {
        "detail": detail,
        "card": detail.card,
        "account": account,
        "rule": deposit_rules.rule(at=today()),
        "history": history(detail),
        "form": form,
        "more": more,
        "waiting": waiting,
        "is_waited_for": is_waited_for,
        "may_ask": is_open and asks and waiting is None,
        "may_wish": is_open and asks,
        "may_drop": waiting is not None and actor.is_one_of(DECIDERS),
        "may_agree": waiting is not None and actor.is_one_of(DECIDERS) and waiting.proposer_id != actor.id,
    }
    return render(request, "desk/money/deposit.html", context)
