"""Prepaid accounts: the list, one with its nights, the switch to it and back."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts, supplier
from arrears.queries import orders, prepaid_cuts, prepaid_list
from billing.domain import prepay
from billing.domain.prepay import DayCost
from billing.operations import prepaid as operations
from billing.queries import balances, bills, prepay_rules
from billing.queries import prepaid as queries
from billing.queries.bills import BillCard
from billing.queries.prepaid import NotPrepaid, Standing
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.disconnections import cut_batch
from cis.desk.dunning_words import sentence
from cis.desk.forms.prepaid import AcceptForm, PrepaidListForm, SwitchOffForm, SwitchOnForm
from cis.desk.roles import BILLERS, CLERKS, READERS
from cis.desk.words import word
from cis.kernel.currency import SYMBOLS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.forms import PageForm
from cis.platform.paging import page_context
from cis.platform.templatetags.local import plain_money

DAYS_SHOWN, NIGHTS_SHOWN, DAYS_BACK, BILLS_SHOWN = 30, 35, 130, 6


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List prepaid accounts, those whose supply may be cut off first."""
    form = PrepaidListForm(request.GET)
    wanted = form.wanted()
    context = {
        "form": form,
        **page_context(request, partial(prepaid_list.listed, wanted=wanted, today=today())),
        "is_filtered": wanted != prepaid_list.WantedPrepaid(),
        "is_offered": prepay_rules.is_offered(at=today()),
        **cut_batch(request),
    }
    return render(request, "desk/prepaid/list.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    header = [_("Account"), _("Holder"), _("Prepaid since"), _("Balance"), _("Level"), _("May be cut off from"),
              _("Energy known until"), _("To review"), _("Disconnection")]  # fmt: skip
    found = prepaid_list.listed(wanted=PrepaidListForm(request.GET).wanted(), today=today(), most=FILE_ROWS_MOST)
    rows = (
        (r.standing.account_number, r.standing.holder_name, r.standing.since_date,
         "" if r.standing.balance_minor is None else plain_money(r.standing.balance_minor),
         word("prepaid_level", r.standing.level), r.standing.cut_date, r.standing.rated_until,
         word("prepaid_review", r.standing.review) if r.standing.review else "",
         word("cut_order", r.order_state) if r.order_state else "")
        for r in found
    )  # fmt: skip
    return csv_file("prepaid.csv", header, rows)


@allow(*READERS)
def show(request: HttpRequest, account_id: int) -> HttpResponse:
    """Show a prepaid account with its last days; looking at the customer is recorded."""
    return _page(request, account_id)


@allow(*CLERKS, *BILLERS)
@require_http_methods(["GET", "HEAD", "POST"])
def switch_on(request: HttpRequest, account_id: int) -> HttpResponse:
    """Say what the switch to prepayment means for this account, and make it once it is confirmed."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    form = SwitchOnForm(posted(request), initial={"since_date": today()})
    if request.method == "POST" and form.is_valid():
        try:
            operations.switch_on(account_id=account_id, today=today(), actor=actor_of(request), **form.cleaned_data)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The account is switched to prepayment."))
            return redirect("desk:account", account_id)
    customer_operations.record_look(customer_id=account.holder.id, actor=actor_of(request), purpose=LookPurpose.BILLING)
    is_offered = prepay_rules.is_offered(at=today())
    balance = balances.of_account(account_id=account_id, today=today())
    context = {
        "account": account, "form": form, "is_offered": is_offered,
        "balance": balance, "credit_minor": max(-balance.balance_minor, 0),
        "rule": prepay_rules.rule(at=today()) if is_offered else None,
    }  # fmt: skip
    return render(request, "desk/prepaid/switch.html", context)


@allow(*CLERKS, *BILLERS)
@require_POST
def switch_off(request: HttpRequest, account_id: int) -> HttpResponse:
    """Let an account pay after it used again."""
    form = SwitchOffForm(request.POST)
    if form.is_valid():
        try:
            operations.switch_off(account_id=account_id, today=today(), actor=actor_of(request), **form.cleaned_data)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The account pays after it used from that day on."))
            return redirect("desk:account", account_id)
    return _page(request, account_id, off_form=form)


@allow(*BILLERS)
@require_POST
def accept(request: HttpRequest, account_id: int) -> HttpResponse:
    """Say that the numbers of the last night are right."""
    form = AcceptForm(request.POST)
    with or_404():
        one = _standing(account_id)
    if one.last_id is None:
        raise Http404
    if not form.is_valid():
        return _page(request, account_id, accept_form=form)
    try:
        operations.accept(
            night_id=one.last_id, reason=form.cleaned_data["reason"], at=timezone.now(), actor=actor_of(request)
        )
        messages.success(request, _("The numbers count."))
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:prepaid_account", account_id)


def _standing(account_id: int) -> Standing:
    try:
        return queries.of_account(account_id=account_id, today=today())
    except NotPrepaid as refusal:
        raise Http404 from refusal


def _page(
    request: HttpRequest, account_id: int, off_form: PageForm | None = None, accept_form: PageForm | None = None
) -> HttpResponse:
    one, actor, at = _standing(account_id), actor_of(request), timezone.now()
    account = accounts.overview(account_id=account_id, at_date=today())
    customer_operations.record_look(customer_id=account.holder.id, actor=actor, purpose=LookPurpose.BILLING)
    since = today() - timedelta(days=DAYS_BACK)
    days = queries.rated_days(prepayment_ids=[one.id], since=since).get(one.id, ())
    every = prepay.day_costs(days)
    costs, lately = every[-DAYS_SHOWN:], days[-DAYS_SHOWN:]
    balance = one.balance_minor
    context: dict[str, Any] = {
        "one": one,
        "account": account,
        "days_left": None if balance is None else prepay.days_left(balance=balance, days=lately),
        "costs": costs,
        "months": _months(account_id, every),
        "credit_minor": max(-one.owed_minor, 0),
        "chart": {
            "labels": [f"{cost.day:%m-%d}" for cost in costs],
            "series": [{"name": _("Cost of the day"), "values": [cost.cost_minor for cost in costs]}],
            "words": {"symbol": SYMBOLS.get(supplier.current().currency, "")},
        },
        "nights": queries.nights(prepayment_id=one.id, most=NIGHTS_SHOWN),
        "moves": queries.moves(prepayment_id=one.id),
        "orders": orders.of_account(account_id=account_id),
        "against": _against(one),
        "rule": prepay_rules.rule(at=today()),
        "off_form": off_form or SwitchOffForm(initial={"until_date": today()}),
        "accept_form": accept_form or AcceptForm(),
        "may_switch": bool(actor.roles & {*CLERKS, *BILLERS}) and one.until_date is None,
        "may_accept": bool(actor.roles & set(BILLERS)) and one.review == "jump",
        "now": at,
    }
    return render(request, "desk/prepaid/account.html", context)


def _months(account_id: int, costs: Sequence[DayCost]) -> list[tuple[BillCard, int]]:
    """Return the last bills whose days are all known, each with the sum of these days. [minor unit]"""
    found = []
    for card in bills.of_account(account_id=account_id, most=BILLS_SHOWN):
        inside = [cost.cost_minor for cost in costs if card.start_date <= cost.day < card.end_date]
        if card.kind == "regular" and card.state == "issued" and len(inside) == (card.end_date - card.start_date).days:
            found.append((card, sum(inside)))
    return found


def _against(one: Standing) -> list[tuple[str, list[str]]]:
    """Return for each place of an account whose balance is used up what keeps it from being cut off now."""
    if one.level != prepay.Level.PENDING:
        return []
    return [
        (
            address,
            [
                sentence(blocker)
                for blocker in prepaid_cuts.against(
                    prepayment_id=one.id, account_id=one.account_id, service_point_id=point_id, at=timezone.now()
                )
            ],
        )
        for point_id, address in orders.supplies(account_id=one.account_id, on=today())
    ]
