"""Statements of the bank: bring a file, see what became of each line, say whose money it is that nobody knows."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.queries import users
from cashiering.domain.bank_lines import Outcome, transfer_name
from cashiering.operations import deposits, hand_overs, statements
from cashiering.operations import suspense as operations
from cashiering.operations.suspense import Share
from cashiering.queries import bank
from cashiering.queries.bank import LineCard, LinesWanted
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.bank import (
    AgentMoneyForm,
    AssignForm,
    DepositForm,
    LineListForm,
    SendBackForm,
    SettleForm,
    StatementListForm,
    StatementUploadForm,
)
from cis.desk.roles import CASHIERS, READERS
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import ROWS, page_context
from cis.platform.phrases import explain
from cis.platform.templatetags.local import plain_money

KEYS = "123456789"


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List statements."""
    form, wanted = _asked(request)
    count, open_minor = bank.sums(wanted=LinesWanted(only_open=True))
    context = {
        "form": form,
        **page_context(request, partial(bank.statements, **wanted)),
        "is_filtered": bool(wanted["text"] or wanted["only_open"]),
        "open_count": count,
        "open_minor": open_minor,
        "may_act": _may(request),
    }
    return render(request, "desk/bank/statements.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the list as a file."""
    _form, wanted = _asked(request)
    header = [_("Statement"), _("Format"), _("Account at the bank"), _("Day"), _("Opening balance"), _("Money moved"),
              _("Closing balance"), _("Lines"), _("Open lines"), _("In suspense"), _("File")]  # fmt: skip
    rows = (
        (c.reference, c.format, c.bank_account, c.statement_date, _plain(c.opening_minor), plain_money(c.moved_minor),
         _plain(c.closing_minor), c.line_count, c.open, plain_money(c.suspense_minor), c.file_name)
        for c in bank.statements(**wanted, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("bank-statements.csv", header, rows)


@allow(*CASHIERS)
def upload(request: HttpRequest) -> HttpResponse:
    """Take a file of a bank, or say what is wrong in it."""
    form = StatementUploadForm(posted(request), request.FILES or None)
    findings: list[str] = []
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data["file"]
        try:
            taken = statements.take(source=given, name=given.name, today=today(), actor=actor_of(request))
        except Refused as refusal:
            words = explain(refusal.code, refusal.message, refusal.advice)
            form.add_error("file", f"{words.message} {words.advice}".strip())
            findings = [str(fault) for fault in refusal.detail.get("findings", ())]
        else:
            if taken.is_known or not taken.statement_ids:
                messages.info(request, _("This file was known before; nothing changed."))
            else:
                messages.success(request, _("The file is taken; its lines are being posted."))
            one = len(taken.statement_ids) == 1
            return redirect("desk:statement", taken.statement_ids[0]) if one else redirect("desk:statements")
    return render(request, "desk/bank/upload.html", {"form": form, "findings": findings})


@allow(*READERS)
def show(request: HttpRequest, statement_id: int) -> HttpResponse:
    """Show a statement, what became of its money, and its lines."""
    with or_404():
        card = bank.statement(statement_id=statement_id)
    form, wanted = _lines_asked(request, statement_id=statement_id)
    context = {
        "card": card,
        "sums": bank.reconcile(statement_id=statement_id),
        "form": form,
        **page_context(request, partial(bank.lines, wanted=wanted)),
        "is_filtered": wanted != LinesWanted(statement_id=statement_id),
    }
    return render(request, "desk/bank/statement.html", context)


@allow(*READERS)
def lines_file(request: HttpRequest, statement_id: int) -> StreamingHttpResponse:
    """Give the lines of a statement as a file."""
    with or_404():
        bank.statement(statement_id=statement_id)
    _form, wanted = _lines_asked(request, statement_id=statement_id)
    return _lines_csv(f"bank-statement-{statement_id}.csv", wanted)


@allow(*READERS)
def suspense(request: HttpRequest) -> HttpResponse:
    """List what is in suspense, each with whose money it may be; a key takes the first suggestion of a line."""
    form, wanted = _lines_asked(request, only_open=True)
    page = page_context(request, partial(bank.lines, wanted=wanted))
    rows = page["rows"]
    count, open_minor = bank.sums(wanted=wanted)
    keys = KEYS + " " * ROWS
    context = {
        "form": form,
        "rows": [(keys[place].strip(), row) for place, row in enumerate(rows)],
        "pager": page["pager"],
        "count": count,
        "open_minor": open_minor,
        "is_filtered": wanted != LinesWanted(only_open=True),
        "may_act": _may(request),
    }
    return render(request, "desk/bank/suspense.html", context)


@allow(*READERS)
def suspense_file(request: HttpRequest) -> StreamingHttpResponse:
    """Give what is in suspense as a file."""
    _form, wanted = _lines_asked(request, only_open=True)
    return _lines_csv("suspense.csv", wanted)


@allow(*READERS)
def line(request: HttpRequest, line_id: int) -> HttpResponse:
    """Show a line, and what may be done with its money."""
    with or_404():
        card = bank.line(line_id=line_id)
    return _line_page(request, card)


@allow(*CASHIERS)
def decide(request: HttpRequest, line_id: int, verb: str) -> HttpResponse:
    """Do with the money of a line what was chosen."""
    with or_404():
        card = bank.line(line_id=line_id)
    if request.method != "POST" or verb not in _VERBS:
        raise Http404
    forms: dict[str, Any] = {
        "assign": AssignForm(request.POST, left_minor=card.suspense_minor) if verb == "assign" else None,
        "send-back": SendBackForm(request.POST) if verb == "send-back" else None,
        "settle": SettleForm(request.POST) if verb == "settle" else None,
        "deposit": DepositForm(request.POST, amount_minor=card.amount_minor) if verb == "deposit" else None,
        "agent": AgentMoneyForm(request.POST, amount_minor=card.amount_minor) if verb == "agent" else None,
    }
    form = forms.get(verb)
    if form is not None and not form.is_valid():
        return _line_page(request, card, **{verb.replace("-", "_"): form})
    try:
        _VERBS[verb](request, card, form)
    except Refused as refusal:
        if form is None:
            tell_refusal(request, refusal)
        else:
            form.refuse(refusal)
            return _line_page(request, card, **{verb.replace("-", "_"): form})
    return redirect("desk:suspense")


def _line_page(request: HttpRequest, card: LineCard, **forms: Any) -> HttpResponse:
    decisions = bank.decisions(line_id=card.id)
    names = users.names([one.actor_id for one in decisions if one.actor_id])
    waiting = next((one for one in decisions if not one.is_decided), None)
    context = {
        "row": card,
        "statement": bank.statement(statement_id=card.statement_id),
        "decisions": [(one, names.get(one.actor_id or 0, "")) for one in decisions],
        "transfer_name": transfer_name(card.id),
        "may_act": _may(request),
        "may_agree": waiting is not None and waiting.actor_id != actor_of(request).id,
        "assign": forms.get("assign") or AssignForm(left_minor=card.suspense_minor),
        "send_back": forms.get("send_back") or SendBackForm(),
        "settle": forms.get("settle") or SettleForm(),
        "deposit": forms.get("deposit") or DepositForm(amount_minor=card.amount_minor),
        "agent": forms.get("agent") or AgentMoneyForm(amount_minor=card.amount_minor),
        "is_whole": card.suspense_minor == card.amount_minor,
    }
    return render(request, "desk/bank/line.html", context)


def _assign(request: HttpRequest, card: LineCard, form: AssignForm) -> None:
    left = operations.assign(line_id=card.id, shares=form.shares(), today=today(), actor=actor_of(request))
    messages.success(request, _("The money is booked.") if not left else _("Booked; a rest stays in suspense."))


def _accept(request: HttpRequest, card: LineCard, _form: None) -> None:
    """Give all to an account that was suggested."""
    chosen = request.POST.get("account", "")
    if chosen not in {str(one.account_id) for one in card.suggestions}:
        raise Http404
    share = Share(int(chosen), card.suspense_minor)
    operations.assign(line_id=card.id, shares=[share], today=today(), actor=actor_of(request))
    messages.success(request, _("The money is booked."))


def _send_back(request: HttpRequest, card: LineCard, form: SendBackForm) -> None:
    is_done = operations.send_back(
        line_id=card.id, reason=form.cleaned_data["reason"], today=today(), actor=actor_of(request)
    )
    text = (
        _("Make the transfer at the bank now, with the reference %(name)s.")
        if is_done
        else _("A second person decides.")
    )
    messages.success(request, text % {"name": transfer_name(card.id)})


def _agree(request: HttpRequest, card: LineCard, _form: None) -> None:
    operations.agree(line_id=card.id, today=today(), actor=actor_of(request))
    text = _("Make the transfer at the bank now, with the reference %(name)s.")
    messages.success(request, text % {"name": transfer_name(card.id)})


def _drop(request: HttpRequest, card: LineCard, _form: None) -> None:
    operations.drop(line_id=card.id, actor=actor_of(request))
    messages.info(request, _("It stays in suspense."))


def _settle(request: HttpRequest, card: LineCard, form: SettleForm) -> None:
    given = form.cleaned_data
    operations.settle(
        line_id=card.id,
        outcome=Outcome(given["outcome"]),
        reason=given["reason"],
        today=today(),
        actor=actor_of(request),
    )
    messages.success(request, _("It is settled."))


def _deposit(request: HttpRequest, card: LineCard, form: DepositForm) -> None:
    given = form.cleaned_data
    missing = deposits.arrive(
        line_id=card.id, deposit_id=int(given["deposit"]), reason=given["deposit_reason"], actor=actor_of(request)
    )
    text = _("The deposit has arrived.") if not missing else _("The deposit has arrived; the difference is posted.")
    messages.success(request, text)


def _agent(request: HttpRequest, card: LineCard, form: AgentMoneyForm) -> None:
    hand_overs.by_bank(
        agent_id=int(form.cleaned_data["agent"]), line_id=card.id, today=today(), actor=actor_of(request)
    )
    messages.success(request, _("The agent has handed it over."))


def _know(request: HttpRequest, card: LineCard, _form: None) -> None:
    operations.know(line_id=card.id, today=today(), actor=actor_of(request))
    messages.success(request, _("The line counts elsewhere."))


_VERBS: dict[str, Any] = {
    "assign": _assign,
    "accept": _accept,
    "send-back": _send_back,
    "agree": _agree,
    "drop": _drop,
    "settle": _settle,
    "know": _know,
    "deposit": _deposit,
    "agent": _agent,
}


def _may(request: HttpRequest) -> bool:
    return bool(actor_of(request).roles & set(CASHIERS))


def _asked(request: HttpRequest) -> tuple[StatementListForm, dict[str, Any]]:
    form = StatementListForm(request.GET or None)
    given = form.cleaned_data if form.is_valid() else {}
    return form, {"text": (given.get("text") or "").strip(), "only_open": given.get("state") == "open"}


def _lines_asked(
    request: HttpRequest, *, statement_id: int | None = None, only_open: bool = False
) -> tuple[LineListForm, LinesWanted]:
    form = LineListForm(request.GET or None)
    given = form.cleaned_data if form.is_valid() else {}
    return form, LinesWanted(
        statement_id=statement_id,
        state=given.get("state") or "",
        text=(given.get("text") or "").strip(),
        side=given.get("side") or "",
        only_open=only_open,
    )


def _lines_csv(name: str, wanted: LinesWanted) -> StreamingHttpResponse:
    header = [_("Line"), _("Booked on"), _("Amount"), _("In suspense"), _("Payer"), _("Account of the payer"),
              _("Remittance text"), _("Reference of the bank"), _("State"), _("Reason"), _("Accounts")]  # fmt: skip
    rows = (
        (c.line_no, c.booking_date, plain_money(c.signed_minor), plain_money(c.suspense_minor), c.payer_name,
         c.payer_account, c.remittance, c.bank_reference, word("bank_line", c.state), word("bank_reason", c.reason),
         " ".join(part.account_number for part in c.parts))
        for c in bank.lines(wanted=wanted, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file(name, header, rows)


def _plain(amount_minor: int | None) -> str:
    return "" if amount_minor is None else plain_money(amount_minor)
