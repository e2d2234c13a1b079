"""Sessions of tills: lists, one with all that went through it, its count at the end, its report; money on its way."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.queries import users
from cashiering.operations import tills as operations
from cashiering.queries import till_rules, tills
from cashiering.queries.tills import SessionsWanted
from cis.desk import till_papers
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.till import CloseTillForm, DepositListForm, SessionListForm
from cis.desk.roles import CASHIERS, READERS
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import ROWS, page_context
from cis.platform.templatetags.local import plain_money

RECEIPTS_MOST = 500


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List sessions."""
    form, wanted = _asked(request)
    page = page_context(request, partial(tills.sessions, wanted=wanted))
    rows = page["rows"]
    context = {
        "form": form,
        **page,
        "names": users.names([row.cashier_id for row in rows]),
        "is_filtered": wanted != SessionsWanted(),
        "asked": tills.receipts(only_asked=True, most=ROWS),
        "may_act": _may(request),
    }
    return render(request, "desk/till/sessions.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the list as a file."""
    _form, wanted = _asked(request)
    rows = tills.sessions(wanted=wanted, most=FILE_ROWS_MOST)
    names = users.names([row.cashier_id for row in rows])
    header = [_("Session"), _("Till"), _("Cashier"), _("Day"), _("State"), _("Float"), _("Receipts"), _("Taken"),
              _("Expected"), _("Counted"), _("Difference"), _("To the bank"), _("Explanation")]  # fmt: skip
    lines = (
        (r.id, r.till_code, names.get(r.cashier_id, ""), r.opened_date, word("till_session", r.state),
         plain_money(r.float_minor), r.receipt_count, plain_money(r.taken_minor), _plain(r.expected_minor),
         _plain(r.counted_minor), _plain(r.difference_minor), _plain(r.deposit_minor), r.reason)
        for r in rows
    )  # fmt: skip
    return csv_file("till-sessions.csv", header, lines)


@allow(*READERS)
def show(request: HttpRequest, session_id: int) -> HttpResponse:
    """Show a session with all that went through it."""
    with or_404():
        card = tills.session(session_id=session_id)
    actor = actor_of(request)
    context: dict[str, Any] = {
        "card": card,
        "flow": tills.flow(session_id=session_id),
        # Who will count it does not see what should be there.
        "shows_cash": card.state != "open" or actor.id != card.cashier_id,
        "means": tills.by_means(session_id=session_id),
        "receipts": tills.receipts(session_id=session_id, most=RECEIPTS_MOST),
        "movements": tills.movements(session_id=session_id),
        "deposits": tills.deposits(session_id=session_id, most=ROWS),
        "counts": tills.counts(session_id=session_id, is_closing=True),
        "names": users.names([card.cashier_id, card.counted_by_id, card.confirmed_by_id]),
        "may_act": _may(request),
        "may_confirm": _may(request) and actor.id not in {card.cashier_id, card.counted_by_id},
    }
    return render(request, "desk/till/session.html", context)


@allow(*CASHIERS)
def count(request: HttpRequest, session_id: int) -> HttpResponse:
    """Count a till at the end: what should be in it is not shown before."""
    with or_404():
        card = tills.session(session_id=session_id)
    form = CloseTillForm(posted(request), faces=till_rules.of(today()).faces)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            is_closed = operations.count(
                session_id=session_id, pieces=form.pieces(), deposit_minor=given["deposit"] or 0,
                reason=given["reason"], today=today(), actor=actor_of(request),
            )  # fmt: skip
        except Refused as refusal:
            form.refuse(refusal)
        else:
            if is_closed:
                messages.success(request, _("The till is closed."))
            else:
                messages.warning(request, _("A second person confirms the difference."))
            return redirect("desk:till_session", session_id)
    return render(request, "desk/till/count.html", {"form": form, "card": card})


@allow(*CASHIERS)
def act(request: HttpRequest, session_id: int, verb: str) -> HttpResponse:
    """Confirm the difference of a till, or have it counted again."""
    with or_404():
        tills.session(session_id=session_id)
    if request.method != "POST" or verb not in {"confirm", "again"}:
        raise Http404
    try:
        if verb == "confirm":
            operations.confirm(session_id=session_id, today=today(), actor=actor_of(request))
            messages.success(request, _("The till is closed."))
        else:
            operations.count_again(session_id=session_id, actor=actor_of(request))
            messages.info(request, _("The till is to be counted again."))
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:till_session", session_id)


@allow(*READERS)
def report(request: HttpRequest, session_id: int) -> HttpResponse:  # noqa: ARG001
    """Give the report of a session that was counted as PDF."""
    with or_404():
        card = tills.session(session_id=session_id)
    if card.state == "open":
        raise Http404
    written = till_papers.report(session_id=session_id)
    answer = HttpResponse(written, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="till-{session_id}.pdf"'
    return answer


@allow(*READERS)
def deposits(request: HttpRequest) -> HttpResponse:
    """List money on its way to the bank."""
    form, on_the_way = _deposits_asked(request)
    context = {
        "form": form,
        **page_context(request, partial(tills.deposits, on_the_way=on_the_way)),
        "is_filtered": on_the_way,
        "on_the_way_minor": tills.on_the_way_minor(),
    }
    return render(request, "desk/till/deposits.html", context)


@allow(*READERS)
def deposits_file(request: HttpRequest) -> StreamingHttpResponse:
    """Give the list as a file."""
    _form, on_the_way = _deposits_asked(request)
    header = [_("Name"), _("Till"), _("How"), _("Amount"), _("Sent off"), _("Arrived at the bank"), _("Missing")]
    rows = (
        (r.name, r.till_code, word("means", r.means), plain_money(r.amount_minor), r.sent_date, r.arrived_date,
         plain_money(r.fee_minor))
        for r in tills.deposits(on_the_way=on_the_way, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("till-deposits.csv", header, rows)


def _deposits_asked(request: HttpRequest) -> tuple[DepositListForm, bool]:
    form = DepositListForm(request.GET or None)
    return form, form.is_valid() and form.cleaned_data["only"] == "way"


def _asked(request: HttpRequest) -> tuple[SessionListForm, SessionsWanted]:
    form = SessionListForm(request.GET or None, tills=tills.all_tills())
    given = form.cleaned_data if form.is_valid() else {}
    return form, SessionsWanted(
        till_id=int(given["till"]) if given.get("till") else None,
        since=given.get("since"),
        until=given.get("until"),
        only=given.get("only") or "",
    )


def _may(request: HttpRequest) -> bool:
    return bool(actor_of(request).roles & set(CASHIERS))


def _plain(amount_minor: int | None) -> str:
    return "" if amount_minor is None else plain_money(amount_minor)
