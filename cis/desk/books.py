"""The books: accounting months with what stands against their close, and the trial balance of each."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.queries import users
from billing.domain.periods import WORKFLOW, PeriodAction
from billing.operations import periods as operations
from billing.queries import accruals, periods, reports
from billing.queries.periods import PeriodCard
from cis.desk.answers import csv_file, or_404, tell_findings, today
from cis.desk.ledger_names import ledger_name
from cis.desk.roles import BILLERS, READERS
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_of
from cis.platform.templatetags.local import plain_money

DONE = {
    PeriodAction.PROPOSE: operations.propose,
    PeriodAction.TAKE_BACK: operations.take_back,
    PeriodAction.CLOSE: operations.close,
}


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the months of the books, the latest first."""
    rows, pager = page_of(request, periods.listed(today=today()))
    return render(request, "desk/books.html", {"rows": rows, "pager": pager})


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:  # noqa: ARG001
    """Give the same list as a file, with the hashes."""
    header = [
        _("Month"), _("State"), _("Closed at"), _("Transfers"), _("Amount moved"), _("Hash of the month before"),
        _("Hash"),
    ]  # fmt: skip
    rows = (
        (f"{one.month:%Y-%m}", word("period_state", one.state), one.closed_at, one.transfers,
         plain_money(one.amount_minor), one.previous_hash, one.hash)
        for one in periods.listed(today=today())
    )  # fmt: skip
    return csv_file("books.csv", header, rows)


@allow(*READERS)
def show(request: HttpRequest, year: int, month: int) -> HttpResponse:
    """Show a month: its state, what stands against its close, its trial balance."""
    card, actor = card_of(year, month), actor_of(request)
    actions = {action.value for action in WORKFLOW.actions(card.state, actor)}
    if card.proposer_id == actor.id:
        actions.discard("close")
    lines = reports.trial_balance(month=card.month)
    context: dict[str, Any] = {
        "card": card,
        "actions": actions,
        "obstacles": () if card.state == "closed" else operations.simple_obstacles(month=card.month, today=today()),
        "lines": lines,
        "debit_minor": sum(line.debit_minor for line in lines),
        "credit_minor": sum(line.credit_minor for line in lines),
        "people": users.names([card.proposer_id, card.closer_id]),
        "accrual": accruals.of_month(month=card.month),
    }
    return render(request, "desk/books_month.html", context)


@allow(*READERS)
def trial_balance(request: HttpRequest, year: int, month: int) -> StreamingHttpResponse:  # noqa: ARG001
    """Give the trial balance of a month as a file."""
    card = card_of(year, month)
    header = [
        _("Ledger account"),
        _("Name"),
        _("Opening balance"),
        _("Debit side"),
        _("Credit side"),
        _("Closing balance"),
    ]
    rows = (
        (line.code, ledger_name(line.code), plain_money(line.opening_minor), plain_money(line.debit_minor),
         plain_money(line.credit_minor), plain_money(line.closing_minor))
        for line in reports.trial_balance(month=card.month)
    )  # fmt: skip
    return csv_file(f"trial-balance-{card.month:%Y-%m}.csv", header, rows)


@allow(*BILLERS)
@require_POST
def act(request: HttpRequest, year: int, month: int) -> HttpResponse:
    """Propose the close of a month, take that back, or close it as the second person."""
    card, action = card_of(year, month), request.POST.get("action", "")
    if action not in set(PeriodAction):
        raise Http404
    try:
        DONE[PeriodAction(action)](month=card.month, today=today(), actor=actor_of(request))
    except Refused as refusal:
        tell_findings(request, refusal)
    else:
        messages.success(request, word("period_done", action))
    return redirect("desk:books_month", year, month)


def card_of(year: int, month: int) -> PeriodCard:
    """Return the month that an address names; not found where the books have none."""
    try:
        first = date(year, month, 1)
    except ValueError as error:
        raise Http404 from error
    with or_404():
        return periods.one(month=first, today=today())
