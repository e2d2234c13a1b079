"""Overdue accounts: the queue, the page of a case, batches of demands, calls and visits that are to be made."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from arrears.operations import demands, disconnections, dunning
from arrears.operations.demands import CallResult
from arrears.queries import cuts, orders, plans
from arrears.queries import dunning as queries
from arrears.queries import holds as hold_queries
from arrears.queries.dunning import WantedCases
from arrears.queries.holds import WantedHolds
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, tell_refusal, today
from cis.desk.dunning_words import CALL_RESULTS, STEPS, TARGETS, WAYS, sentence
from cis.desk.forms.dunning import (
    CallForm,
    CallListForm,
    CaseListForm,
    DunningBatchListForm,
    HoldForm,
    LiftForm,
    ProofForm,
    ProposeForm,
    at,
)
from cis.desk.roles import BILLERS, CLERKS, READERS
from cis.desk.words import CUSTOMER_CLASSES, word
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.phrases import explain
from cis.platform.templatetags.local import plain_money

HOLDS_SHOWN = 50


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the accounts that are overdue, the largest debt first."""
    form = CaseListForm(request.GET)
    wanted = form.wanted()
    count, amount_minor = queries.summed(wanted=wanted, today=today())
    context = {
        "form": form,
        **page_context(request, partial(queries.listed, wanted=wanted, today=today())),
        "today": today(),
        "count": count,
        "amount_minor": amount_minor,
        "waiting": queries.waiting_batch(),
        "is_filtered": wanted != WantedCases(),
    }
    return render(request, "desk/dunning/cases.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    header = [
        _("Account"), _("Holder"), _("Class"), _("Overdue"), _("Oldest due date"), _("Last step"), _("What comes next"),
        _("When"), _("Proof is missing of"), _("Held by"), _("Pursued since"), _("Over since"),
    ]  # fmt: skip
    found = queries.listed(wanted=CaseListForm(request.GET).wanted(), today=today(), most=FILE_ROWS_MOST)
    rows = (
        (r.account_number, r.name, str(CUSTOMER_CLASSES.get(r.customer_class, r.customer_class)),
         plain_money(r.overdue_minor), r.oldest_due_date, str(STEPS.get(r.last_step, r.last_step)),
         str(STEPS.get(r.next_step, r.next_step)) if r.next_step else "", r.next_date,
         str(STEPS.get(r.awaits, r.awaits)) if r.awaits else "", word("hold", r.held_by) if r.held_by else "",
         r.opened_date, r.closed_date)
        for r in found
    )  # fmt: skip
    return csv_file("overdue-accounts.csv", header, rows)


@allow(*READERS)
def show(request: HttpRequest, case_id: int) -> HttpResponse:
    """Show a case: its demands with their proofs, what comes next, what stands against a disconnection."""
    return case_page(request, case_id)


def case_page(request: HttpRequest, case_id: int, **forms: Any) -> HttpResponse:
    """Render the page of a case; ``forms`` that were refused stand in the place of empty ones."""
    with or_404():
        case = queries.one(case_id=case_id)
    actor, now = actor_of(request), timezone.now()
    account = accounts.overview(account_id=case.account_id, at_date=today())
    customer_operations.record_look(customer_id=account.holder.id, actor=actor, purpose=LookPurpose.ARREARS)
    debts = cuts.debts(account_id=case.account_id)
    of_account = orders.of_account(account_id=case.account_id)
    running = next((one for one in of_account if one.id == case.order_id), None)
    places = orders.supplies(account_id=case.account_id, on=today())
    bills = [(debt.bill_id, f"{debt.due_date.isoformat()} · {plain_money(debt.open_minor)}") for debt in debts]
    may = {
        "may_collect": actor.is_one_of(demands.COLLECTORS) and case.closed_date is None,
        "may_hold": bool(actor.roles & {*CLERKS, *BILLERS}),
        "may_lift": bool(actor.roles & set(BILLERS)),
        "may_propose": bool(actor.roles & set(BILLERS)) and case.closed_date is None and running is None and places,
    }
    context = {
        "case": case,
        "account": account,
        "today": today(),
        "debts": debts,
        "demands": queries.demands(account_id=case.account_id),
        "holds": hold_queries.listed(
            wanted=WantedHolds(account_id=case.account_id, state="all"), at=now, most=HOLDS_SHOWN
        ),
        "orders": of_account,
        "plan": plans.live_of_account(account_id=case.account_id, today=today()),
        "running": running,
        "reasons": reasons(running.id if running else None),
        "hold_form": HoldForm(bills=bills, places=places),
        "lift_form": LiftForm(),
        "call_form": CallForm(),
        "proof_form": ProofForm(initial={"day": today(), "time": timezone.localtime(now).time()}),
        "propose_form": ProposeForm(places=places),
        **may,
        **forms,
    }
    return render(request, "desk/dunning/case.html", context)


def reasons(order_id: int | None) -> list[tuple[str, Any]]:
    """Return every reason why an order must not be carried out now, as sentences with their ends."""
    if order_id is None:
        return []
    return [(sentence(one), one.until_at) for one in cuts.one(order_id=order_id, at=timezone.now()).blockers]


@allow(*CLERKS, *BILLERS)
@require_POST
def act(request: HttpRequest, case_id: int, move_id: int) -> HttpResponse:
    """Keep what came out of a call, or that a demand was received."""
    with or_404():
        case, demand = queries.one(case_id=case_id), queries.demand(move_id=move_id)
    if demand.account_id != case.account_id:
        raise Http404
    actor, now = actor_of(request), timezone.now()
    if request.POST.get("action") == "call":
        form: CallForm | ProofForm = CallForm(request.POST)
    else:
        form = ProofForm(request.POST)
    if not form.is_valid():
        key = "call_form" if isinstance(form, CallForm) else "proof_form"
        return case_page(request, case_id, **{key: form, "shown": move_id})
    given = form.cleaned_data
    try:
        if isinstance(form, CallForm):
            result = CallResult(given["result"])
            demands.call(move_id=move_id, result=result, note=given["note"], at=now, actor=actor)
        else:
            proven_at = at(given["day"], given["time"])
            demands.record_proof(move_id=move_id, proof=given["proof"], proven_at=proven_at, at=now, actor=actor)
        messages.success(request, _("Saved."))
    except Refused as refusal:
        tell_refusal(request, refusal)
    back = request.POST.get("back")
    return redirect("desk:calls") if back == "calls" else redirect("desk:collection_case", case_id)


@allow(*BILLERS)
@require_POST
def propose(request: HttpRequest, case_id: int) -> HttpResponse:
    """Propose that a place of the account is cut off."""
    with or_404():
        case = queries.one(case_id=case_id)
    places = orders.supplies(account_id=case.account_id, on=today())
    form = ProposeForm(request.POST, places=places)
    if not form.is_valid():
        return case_page(request, case_id, propose_form=form)
    try:
        order_id = disconnections.propose(
            account_id=case.account_id, service_point_id=int(form.cleaned_data["service_point"]),
            reason=form.cleaned_data["reason"], at=timezone.now(), actor=actor_of(request),
        )  # fmt: skip
    except disconnections.NotToBeCut as refusal:
        return case_page(request, case_id, propose_form=form, refused=refused(refusal))
    except Refused as refusal:
        tell_refusal(request, refusal)
        return redirect("desk:collection_case", case_id)
    messages.success(request, _("The disconnection is proposed; a second person decides on it."))
    return redirect("desk:cut_order", order_id)


def refused(refusal: disconnections.NotToBeCut) -> list[tuple[str, Any]]:
    """Return the reasons of a refusal as sentences with their ends."""
    return [(sentence(one), one.until_at) for one in refusal.blockers]


@allow(*READERS)
def calls(request: HttpRequest) -> HttpResponse:
    """List the calls, or visits, that are to be made, the longest waiting first."""
    form = CallListForm(request.GET)
    text, channel = _asked(form)
    context = {
        "form": form,
        **page_context(request, partial(queries.to_make, channel=channel, text=text)),
        "channel": channel,
        "results": CALL_RESULTS.items(),
        "is_filtered": bool(text) or channel != "call",
        "may_act": actor_of(request).is_one_of(demands.COLLECTORS),
    }
    return render(request, "desk/dunning/calls.html", context)


@allow(*READERS)
def calls_file(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    text, channel = _asked(CallListForm(request.GET))
    header = [_("Account"), _("Holder"), _("Telephone"), _("Overdue"), _("On the list since"), _("Tries")]
    rows = (
        (r.account_number, r.name, r.phone, plain_money(r.amount_minor), timezone.localdate(r.made_at), r.tries)
        for r in queries.to_make(channel=channel, text=text, most=FILE_ROWS_MOST)
    )
    return csv_file("calls.csv", header, rows)


def _asked(form: CallListForm) -> tuple[str, str]:
    form.is_valid()
    return form.cleaned_data.get("text") or "", form.cleaned_data.get("channel") or "call"


@allow(*READERS)
def batches(request: HttpRequest) -> HttpResponse:
    """List the batches of demands, the latest first."""
    form = DunningBatchListForm(request.GET)
    form.is_valid()
    state = form.cleaned_data.get("state") or ""
    context = {
        "form": form,
        **page_context(request, partial(queries.batches, state=state)),
        "is_filtered": bool(state),
    }
    return render(request, "desk/dunning/batches.html", context)


@allow(*READERS)
def batches_file(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    form = DunningBatchListForm(request.GET)
    form.is_valid()
    header = [_("Day"), _("State"), _("Demands"), _("Overdue"), _("Cases opened"), _("Cases closed"), _("Let go by")]
    rows = (
        (
            r.day,
            word("dunning_batch", r.state),
            r.count,
            plain_money(r.amount_minor),
            r.opened,
            r.closed,
            r.decider_name,
        )
        for r in queries.batches(state=form.cleaned_data.get("state") or "", most=FILE_ROWS_MOST)
    )
    return csv_file("demands.csv", header, rows)


@allow(*READERS)
def batch(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Show a batch by class and step, and its largest demands, before it goes and after."""
    with or_404():
        card = queries.batch(batch_id=batch_id)
    context = {
        "batch": card,
        "parts": queries.parts(batch_id=batch_id),
        **page_context(request, partial(queries.targets, batch_id=batch_id)),
        "may_decide": card.state == "waiting" and actor_of(request).is_one_of(dunning.DECIDERS),
    }
    return render(request, "desk/dunning/batch.html", context)


@allow(*READERS)
def batch_file(request: HttpRequest, batch_id: int) -> StreamingHttpResponse:  # noqa: ARG001
    """Give all demands of a batch as a file."""
    with or_404():
        queries.batch(batch_id=batch_id)
    header = [_("Account"), _("Holder"), _("Class"), _("Step of the ladder"), _("Way"), _("Overdue"), _("State")]
    rows = (
        (r.account_number, r.name, str(CUSTOMER_CLASSES.get(r.customer_class, r.customer_class)),
         str(STEPS.get(r.step, r.step)), str(WAYS[r.channel]), plain_money(r.amount_minor), str(TARGETS[r.state]))
        for r in queries.targets(batch_id=batch_id, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file(f"demands-{batch_id}.csv", header, rows)


@allow(*BILLERS)
@require_POST
def decide(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Let a batch go, or drop it."""
    action = request.POST.get("action", "")
    if action not in {"approve", "drop"}:
        raise Http404
    with or_404():
        try:
            dunning.decide(batch_id=batch_id, is_approved=action == "approve", actor=actor_of(request))
        except Refused as refusal:
            if refusal.code.startswith("unknown_"):
                raise
            words = explain(refusal.code, refusal.message, refusal.advice)
            messages.error(request, f"{words.message} {words.advice}".strip())
        else:
            messages.success(request, _("The demands are being sent.") if action == "approve" else _("Dropped."))
    return redirect("desk:dunning_batch", batch_id)
