"""Debts that are given up: the list, one, a new one, what might be, batches, and the report by month."""

from functools import partial
from uuid import uuid4

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from billing.operations import write_off_batches as batch_operations
from billing.operations import write_offs as operations
from billing.queries import write_off_rules, write_offs
from billing.queries.write_offs import Wanted
from cis.desk import second_person
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.write_offs import CandidateForm, WriteOffForm, WriteOffListForm, WriteOffReportForm
from cis.desk.money_words import ADJUSTMENT_STATES
from cis.desk.roles import BILLERS, CLERKS, READERS
from cis.desk.write_off_words import WRITE_OFF_REASONS
from cis.kernel.errors import Refused
from cis.platform import documents, papers
from cis.platform.access import actor_of, allow
from cis.platform.paging import Pager, page_context, query_of
from cis.platform.templatetags.local import plain_money

KIND = second_person.Kind(
    id_name="write_off_id",
    url="desk:write_off",
    template="desk/money/write_off.html",
    one=write_offs.one,
    decide=operations.decide,
    reverse=operations.reverse,
    accounts_of=lambda card: [card.account_id],
    reversed_words=gettext_lazy("The write-off is taken back: the debt is open again."),
    more=lambda card: {
        "parts": write_offs.parts_of(write_off_id=card.id),
        "returns": write_offs.returns_of(write_off_id=card.id),
    },
)


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List write-offs, the latest first."""
    form = WriteOffListForm(request.GET)
    return second_person.listed(request, "desk/money/write_offs.html", form, Wanted(), write_offs.listed)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    found = write_offs.listed(wanted=WriteOffListForm(request.GET).wanted(), most=FILE_ROWS_MOST)
    header = [
        _("Write-off"), _("Account"), _("Reason"), _("Amount"), _("Came back"), _("Still given up"), _("What shows it"),
        _("State"), _("Note"), _("Posted on"), _("Entered by"), _("Agreed by"),
    ]  # fmt: skip
    rows = (
        (r.id, r.account_number, _reason(r.reason), plain_money(r.amount_minor), plain_money(r.back_minor),
         plain_money(r.left_minor), r.evidence, str(ADJUSTMENT_STATES[r.state]), r.note_number, r.made_date,
         r.proposer, r.decider)
        for r in found
    )  # fmt: skip
    return csv_file("write-offs.csv", header, rows)


@allow(*READERS)
def show(request: HttpRequest, write_off_id: int) -> HttpResponse:
    """Show a write-off: of which bills, who decided, what came back; looking at the customer is recorded."""
    return second_person.show(request, KIND, write_off_id)


@allow(*BILLERS)
@require_POST
def act(request: HttpRequest, write_off_id: int) -> HttpResponse:
    """Agree to a write-off as the second person, drop it, or take it back."""
    return second_person.act(request, KIND, write_off_id)


@allow(*CLERKS, *BILLERS)
def paper(request: HttpRequest, write_off_id: int) -> FileResponse:  # noqa: ARG001
    """
    Give the paper that shows why a debt is given up.

    :raises Http404: there is none.
    """
    with or_404():
        card = write_offs.one(write_off_id=write_off_id)
    if card.paper_id is None:
        raise Http404
    kept = documents.about(card.paper_id)
    return FileResponse(documents.open(card.paper_id), filename=kept.name, content_type=kept.media_type)


@allow(*CLERKS, *BILLERS)
def new(request: HttpRequest, account_id: int) -> HttpResponse:
    """Propose to give a debt up; a second person decides."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    actor = actor_of(request)
    customer_operations.record_look(customer_id=account.holder.id, actor=actor, purpose=LookPurpose.ARREARS)
    try:
        rule = write_off_rules.of_day(at=today())
    except Refused as refusal:
        tell_refusal(request, refusal)
        return redirect("desk:account", account_id)
    debts = [one for one in write_offs.open_debts(account_ids=[account_id]) if one.is_late(today())]
    if not debts:
        messages.info(request, _("Nothing of this account is past its due date."))
        return redirect("desk:account", account_id)
    form = WriteOffForm(
        posted(request), request.FILES or None, reasons=list(rule.reasons), debts=debts,
        initial={"request_key": uuid4().hex},
    )  # fmt: skip
    if form.is_bound and form.is_valid():
        try:
            given = form.cleaned_data["paper"]
            paper_id = papers.keep(given.file, name=given.name, actor=actor) if given else None
            wanted = form.write_off(account_id=account_id, paper_id=paper_id)
            made = operations.propose(new=wanted, today=today(), actor=actor)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("It is proposed; a second person decides on it."))
            return redirect("desk:write_off", made)
    context = {"form": form, "account": account, "reasons": rule.reasons.values(), "debts": debts}
    return render(request, "desk/money/write_off_new.html", context)


@allow(*READERS)
def candidates(request: HttpRequest) -> HttpResponse:
    """List what might be written off, with its reasons; propose it as a batch."""
    form = CandidateForm(request.GET)
    wanted = form.wanted()
    context = {
        "form": form,
        **page_context(request, partial(write_offs.candidates, wanted=wanted)),
        "is_filtered": wanted != Wanted(),
        "total": write_offs.candidate_sum(wanted=Wanted(reason=wanted.reason)),
        "reason": wanted.reason,
        "batches": write_offs.batches(most=10),
        "is_offered": write_off_rules.is_offered(at=today()),
        "may_propose": bool(actor_of(request).roles & {*CLERKS, *BILLERS}),
        "request_key": uuid4().hex,
        "most": batch_operations.MOST,
    }
    return render(request, "desk/money/write_off_candidates.html", context)


@allow(*READERS)
def candidates_file(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    found = write_offs.candidates(wanted=CandidateForm(request.GET).wanted(), most=FILE_ROWS_MOST)
    header = [_("Account"), _("Holder"), _("Reason"), _("Amount"), _("Bills"), _("Due since"), _("Listed on")]
    rows = (
        (r.account_number, r.holder, _reason(r.reason), plain_money(r.amount_minor), r.bills, r.oldest_due_date,
         r.listed_date)
        for r in found
    )  # fmt: skip
    return csv_file("might-be-written-off.csv", header, rows)


@allow(*CLERKS, *BILLERS)
@require_POST
def propose_batch(request: HttpRequest) -> HttpResponse:
    """Propose what the list has as one batch."""
    reason, key = request.POST.get("reason", ""), request.POST.get("request_key", "")[:64]
    if not key or (reason and reason not in WRITE_OFF_REASONS):
        raise Http404
    try:
        made = batch_operations.propose(reason=reason, key=f"desk:{key}", today=today(), actor=actor_of(request))
    except Refused as refusal:
        tell_refusal(request, refusal)
        return redirect("desk:write_off_candidates")
    messages.success(request, _("It is proposed; a second supervisor lets it go."))
    return redirect("desk:write_off_batch", made)


@allow(*READERS)
def batch(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Show a batch with its write-offs."""
    with or_404():
        card = write_offs.batch(batch_id=batch_id)
    actor = actor_of(request)
    wanted = Wanted(batch_id=batch_id)
    decides = actor.is_one_of(batch_operations.DECIDERS)
    context = {
        "batch": card,
        **page_context(request, partial(write_offs.listed, wanted=wanted)),
        "may_drop": decides and card.state == "proposed",
        "may_agree": decides and card.state == "proposed" and card.proposer_id != actor.id,
    }
    return render(request, "desk/money/write_off_batch.html", context)


@allow(*BILLERS)
@require_POST
def decide_batch(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Let a batch go as the second person, or drop it."""
    with or_404():
        write_offs.batch(batch_id=batch_id)
    action = request.POST.get("action", "")
    if action not in {"agree", "drop"}:
        raise Http404
    try:
        batch_operations.decide(batch_id=batch_id, is_agreed=action == "agree", today=today(), actor=actor_of(request))
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("Its write-offs are being made.") if action == "agree" else _("It is dropped."))
    return redirect("desk:write_off_batch", batch_id)


@allow(*READERS)
def report(request: HttpRequest) -> HttpResponse:
    """Show what was given up and what came back, by month and reason."""
    form = WriteOffReportForm(request.GET)
    given = form.given()
    rows = write_offs.months(**given)
    sums = {
        name: sum(getattr(row, name) for row in rows)
        for name in ("written_minor", "recovered_minor", "cancelled_minor", "reversed_minor", "net_minor", "count")
    }
    context = {
        "form": form,
        "rows": rows,
        "sums": sums,
        "pager": Pager(1, False, query_of(request)),
        "is_filtered": any(given.values()),
    }
    return render(request, "desk/money/write_off_report.html", context)


@allow(*READERS)
def report_file(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same report as a file."""
    header = [
        _("Month"), _("Reason"), _("Write-offs"), _("Written off"), _("Recovered"), _("Cancelled bills"),
        _("Taken back"), _("Net loss"),
    ]  # fmt: skip
    rows = (
        (f"{r.month:%Y-%m}", _reason(r.reason), r.count, plain_money(r.written_minor), plain_money(r.recovered_minor),
         plain_money(r.cancelled_minor), plain_money(r.reversed_minor), plain_money(r.net_minor))
        for r in write_offs.months(**WriteOffReportForm(request.GET).given())
    )  # fmt: skip
    return csv_file("write-offs-by-month.csv", header, rows)


def _reason(code: str) -> str:
    return str(WRITE_OFF_REASONS.get(code, code))
