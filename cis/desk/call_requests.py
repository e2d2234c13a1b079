"""The queue of calls: who waits, since when, by when they are called; taken one by one, and noted how it went."""

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.queries import accounts, customers
from cis.desk import phone_call
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.calls import CallListForm, CallNoteForm, NewCallForm
from cis.desk.forms.complaints import language
from cis.desk.roles import CLERKS, READERS
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.platform import typed
from cis.platform.access import actor_of, allow
from cis.platform.paging import ROWS, Pager, page_number, query_of
from complaints.domain.calls import LIVE, CallResult, CallState
from complaints.operations import call_requests as operations
from complaints.queries import call_rules
from complaints.queries import calls as queries
from complaints.queries.calls import WantedCalls


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List calls, what is due first on top."""
    actor, now, number = actor_of(request), timezone.now(), page_number(request)
    form = CallListForm(request.GET)
    wanted = form.wanted(owner_id=actor.id)
    rows = queries.listed(wanted=wanted, at=now, actor=actor, offset=(number - 1) * ROWS, most=ROWS + 1)
    context = {
        "form": form,
        "rows": rows[:ROWS],
        "now": now,
        "counts": queries.counts(at=now, actor=actor),
        "pager": Pager(number, len(rows) > ROWS, query_of(request)),
        "is_filtered": wanted != WantedCalls(owner_id=actor.id),
        "is_offered": call_rules.is_offered(at=today()),
        "may_call": bool(actor.roles & set(CLERKS)),
    }
    return render(request, "desk/cases/calls.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    actor = actor_of(request)
    wanted = CallListForm(request.GET).wanted(owner_id=actor.id)
    found = queries.listed(wanted=wanted, at=timezone.now(), actor=actor, most=FILE_ROWS_MOST)
    header = [
        _("Phone"), _("Name"), _("What it is about"), _("Asked by"), _("State"), _("Asked for"), _("How often"),
        _("Due"), _("Calls made"), _("Taken by"), _("Ended"),
    ]  # fmt: skip
    rows = (
        (r.phone, r.name, r.about, word("call_source", r.source), word("call", r.state), _local(r.asked_at), r.times,
         _local(r.due_at), r.tries, "" if r.owner is None else r.owner.get_full_name() or r.owner.username,
         r.ended_at and _local(r.ended_at))
        for r in found
    )  # fmt: skip
    return csv_file("calls.csv", header, rows)


@allow(*CLERKS)
def new(request: HttpRequest) -> HttpResponse:
    """Note that somebody wants to be called."""
    account_id = typed.number(request.GET.get("account", ""))
    form = NewCallForm(posted(request), initial={"phone": phone_call.current(request)})
    account = None
    if account_id is not None:
        with or_404():
            account = accounts.overview(account_id=account_id, at_date=today())
    if form.is_bound and form.is_valid():
        holder = None if account is None else account.holder.id
        try:
            made = operations.ask(
                new=form.call(language=language(), account_id=account_id, customer_id=holder), at=timezone.now(),
                actor=actor_of(request),
            )  # fmt: skip
        except Refused as refusal:
            form.refuse(refusal)
        else:
            said = (
                _("Noted. By %(due)s.")
                if made.is_new
                else _("The number waits already; it is called once. By %(due)s.")
            )
            messages.success(request, said % {"due": _local(made.due_at)})
            return redirect("desk:call_request", made.request_id)
    return render(request, "desk/cases/call_new.html", {"form": form, "account": account})


@allow(*READERS)
def show(request: HttpRequest, request_id: int) -> HttpResponse:
    """Show a call, with the customers on whose file its number is, of whom nothing is shown yet."""
    return _page(request, request_id, CallNoteForm(initial={"key": uuid4().hex}))


@allow(*CLERKS)
@require_POST
def act(request: HttpRequest, request_id: int) -> HttpResponse:
    """Take a call, give it back, note how it went, give it up, or take it back for the caller."""
    given: dict[str, Any] = {"request_id": request_id, "at": timezone.now(), "actor": actor_of(request)}
    action = request.POST.get("action", "")
    steps = {
        "claim": operations.claim, "release": operations.release, "give_up": operations.give_up,
        "withdraw": operations.withdraw,
    }  # fmt: skip
    form = CallNoteForm(posted(request))
    with or_404():
        detail = queries.detail(request_id=request_id, actor=given["actor"])
    if action == "note" and not form.is_valid():
        return _page(request, request_id, form)
    if action not in {"note", *steps}:
        raise Http404
    try:
        if action == "note":
            _note(form, given)
        else:
            steps[action](**given)
    except Refused as refusal:
        if action == "note":
            form.refuse(refusal)
            return _page(request, request_id, form)
        tell_refusal(request, refusal)
    else:
        if action == "claim":
            phone_call.begin(request, detail.row.phone)
        messages.success(request, _("Saved."))
    return redirect("desk:call_request", request_id)


def _note(form: CallNoteForm, given: dict[str, Any]) -> None:
    said = form.cleaned_data
    operations.note(
        **given, result=CallResult(said["result"]), text=said["text"], case_number=said["case_number"],
        next_at=said["next_at"], key=said["key"],
    )  # fmt: skip


def _page(request: HttpRequest, request_id: int, form: CallNoteForm) -> HttpResponse:
    actor, now = actor_of(request), timezone.now()
    with or_404():
        detail = queries.detail(request_id=request_id, actor=actor)
    row = detail.row
    rules = call_rules.rules(at=today()) if call_rules.is_offered(at=today()) else None
    context = {
        "call": row,
        "attempts": detail.attempts,
        "now": now,
        "form": form,
        "is_mine": row.state == CallState.CLAIMED and row.owner_id == actor.id,
        "is_live": row.state in LIVE,
        "may_call": bool(actor.roles & set(CLERKS)),
        "may_give_up": rules is not None and row.tries >= rules.tries,
        "owners": _owners(row.phone),
    }
    return render(request, "desk/cases/call.html", context)


def _owners(phone: str) -> list[tuple[int, str, str]]:
    """Return account, masked name and end of the number of each account whose holder is on file with a number."""
    return [
        (span.account_id, phone_call.masked(card.name), span.account_number[-4:])
        for customer_id, card in customers.cards(customer_ids=queries.owners_of(phone)).items()
        for span in accounts.held_by(customer_id=customer_id)
        if span.holds(today())
    ]


def _local(at: Any) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M")
