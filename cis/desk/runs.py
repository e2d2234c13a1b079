"""Billing runs: start one, watch it, deal with what is held, approve, drop."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.queries import accounts, users
from billing.domain import workflow
from billing.domain.workflow import RunAction, RunState
from billing.operations import held as held_operations
from billing.operations import runs as operations
from billing.queries import cycles, runs
from billing.queries.runs import Failure, HeldCard, RunCard, RunTotals
from cis.desk.answers import FILE_ROWS_MOST, asks_for, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.runs import RunForm, RunListForm
from cis.desk.roles import BILLERS, READERS
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.kernel.fixed import to_text
from cis.platform import progress, typed
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.phrases import Words, explain
from cis.platform.progress import JobCard
from cis.platform.templatetags.local import plain_money

HELD_SHOWN = 500
STEPS = (RunState.RATING, RunState.RATED, RunState.ISSUING, RunState.ISSUED)
IN_WORK = {RunState.OPEN, RunState.RATING, RunState.ISSUING}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldView:
    """A held account with its holder and the reason in the page's language."""

    card: HeldCard
    name: str
    words: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """All that the page of a run shows; ``actions`` are those that the person may do now."""

    card: RunCard
    totals: RunTotals
    job: JobCard | None
    actions: frozenset[str]
    steps: tuple[tuple[str, str], ...]
    opened_by: str
    failures: tuple[Failure, ...]

    @property
    def is_in_work(self) -> bool:
        """Return whether workers are at it, so that the page asks again."""
        return self.card.state in IN_WORK


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the runs, latest first."""
    form = RunListForm(request.GET or None)
    state = form.cleaned_data.get("state", "") if form.is_valid() else ""
    page = page_context(request, partial(runs.latest, state=state))
    cards = page["rows"]
    sums = cycles.run_sums(run_ids=[card.id for card in cards])
    context = {
        "form": form,
        "rows": [{"card": card, "sums": sums.get(card.id)} for card in cards],
        "pager": page["pager"],
        "may_start": bool(actor_of(request).roles & set(BILLERS)),
    }
    return render(request, "desk/runs.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the list as a file."""
    form = RunListForm(request.GET or None)
    state = form.cleaned_data.get("state", "") if form.is_valid() else ""
    cards = runs.latest(state=state, most=FILE_ROWS_MOST)
    sums = cycles.run_sums(run_ids=[card.id for card in cards])
    header = [_("Run"), _("From"), _("To, not included"), _("Cycle"), _("State"), _("Accounts"), _("Bills"), "kWh",
              _("Amount"), _("Held")]  # fmt: skip
    rows = (
        (c.id, c.start_date, c.end_date, c.cycle_code, c.state, one.accounts, one.bills,
         to_text(one.energy_wh, places=3), plain_money(one.amount_minor), one.held)
        for c in cards
        if (one := sums.get(c.id))
    )  # fmt: skip
    return csv_file("runs.csv", header, rows)


@allow(*BILLERS)
def new(request: HttpRequest) -> HttpResponse:
    """Start a run: first shown what it would meet, then confirmed."""
    form = RunForm(posted(request) or request.GET or None, today=today())
    preview, is_shadow = None, False
    if form.is_bound and form.is_valid():
        is_shadow = form.is_shadow()
        period, cycle_id = form.period(), form.cycle_id()
        if request.method == "POST" and request.POST.get("do") == "start":
            try:
                run_id = operations.open(
                    period=period,
                    as_of_date=today(),
                    actor=actor_of(request),
                    cycle_id=cycle_id,
                    is_shadow=is_shadow,
                )
            except Refused as refusal:
                form.refuse(refusal)
            else:
                messages.success(request, _("The run has started."))
                return redirect("desk:run", run_id)
        preview = cycles.preview(cycle_id=cycle_id, start_date=period.start, end_date=period.end)
    return render(request, "desk/run_new.html", {"form": form, "preview": preview, "is_shadow": is_shadow})


@allow(*READERS)
def show(request: HttpRequest, run_id: int) -> HttpResponse:
    """Show a run; while workers are at it, its upper part asks again every two seconds."""
    with or_404():
        view = gather(run_id=run_id, actor=actor_of(request))
    if asks_for(request, "run-progress"):
        answer = render(request, "desk/_run.html", {"view": view})
        if not view.is_in_work:
            answer["HX-Refresh"] = "true"
        return answer
    if view.card.is_shadow:
        return redirect("desk:shadow", run_id)
    cards = runs.held(run_id=run_id, state="", most=HELD_SHOWN)
    context = {"view": view, "held": _with_words(cards), "may_bill": bool(actor_of(request).roles & set(BILLERS))}
    return render(request, "desk/run.html", context)


def gather(*, run_id: int, actor: Actor) -> RunPage:
    """Return how far a run is; five statements."""
    card = runs.one(run_id=run_id)
    state = RunState(card.state)
    now = STEPS.index(state) if state in STEPS else -1
    return RunPage(
        card=card,
        totals=runs.totals(run_id=run_id),
        job=progress.last_on(subject=f"bill_run:{run_id}"),
        actions=frozenset(map(str, workflow.actions(state=state, actor=actor, is_shadow=card.is_shadow))),
        steps=tuple(
            (str(step), "is-done" if place < now or state is RunState.ISSUED else "is-here" if place == now else "")
            for place, step in enumerate(STEPS)
        ),
        opened_by=users.names([card.actor_id]).get(card.actor_id or 0, ""),
        failures=runs.failures(run_id=run_id),
    )


@allow(*BILLERS)
def approve(request: HttpRequest, run_id: int) -> HttpResponse:
    """Approve a run after saying what will happen."""
    return _confirmed(
        request, run_id, RunAction.APPROVE, operations.approve, _("The run is approved and is issued now.")
    )


@allow(*BILLERS)
def drop(request: HttpRequest, run_id: int) -> HttpResponse:
    """Drop a run with its drafts after saying what will happen."""
    return _confirmed(request, run_id, RunAction.DROP, operations.drop, _("The run is dropped."))


@allow(*BILLERS)
def retry(request: HttpRequest, run_id: int) -> HttpResponse:
    """Rate anew what failed as a whole."""
    with or_404():
        runs.one(run_id=run_id)
    if request.method == "POST":
        try:
            operations.retry(run_id=run_id, actor=actor_of(request))
        except Refused as refusal:
            tell_refusal(request, refusal)
        else:
            messages.success(request, _("These accounts are rated again."))
    return redirect("desk:run", run_id)


def _confirmed(
    request: HttpRequest, run_id: int, action: RunAction, operation: Callable[..., None], done: str
) -> HttpResponse:
    with or_404():
        view = gather(run_id=run_id, actor=actor_of(request))
    if request.method == "POST":
        try:
            operation(run_id=run_id, actor=actor_of(request))
        except Refused as refusal:
            tell_refusal(request, refusal)
        else:
            messages.success(request, done)
        return redirect("desk:run", run_id)
    return render(request, f"desk/run_{action}.html", {"view": view})


@allow(*BILLERS)
def held(request: HttpRequest, run_id: int) -> HttpResponse:
    """Release, drop or retry held accounts, one or many; each for itself, what is refused is told."""
    calls: dict[str, Callable[[int], None]] = {
        "release": lambda one: held_operations.release(held_id=one, today=today(), actor=actor_of(request)),
        "drop": lambda one: held_operations.drop(held_id=one, actor=actor_of(request)),
        "retry": lambda one: held_operations.retry(held_id=one, actor=actor_of(request)),
    }
    for verb, do in calls.items():
        one = request.POST.get(f"{verb}_one")
        chosen = [one] if one else request.POST.getlist("held") if request.POST.get("do") == verb else []
        if chosen:
            _each(request, run_id, do, chosen)
    return redirect("desk:run", run_id)


def _each(request: HttpRequest, run_id: int, do: Callable[[int], None], chosen: list[str]) -> None:
    known = {card.id for card in runs.held(run_id=run_id, most=HELD_SHOWN)}
    done, refusals = 0, dict[str, Refused]()
    for given in chosen:
        held_id = typed.number(given)
        if held_id is None or held_id not in known:
            continue
        try:
            do(held_id)
        except Refused as refusal:
            refusals[refusal.code] = refusal
        else:
            done += 1
    if done:
        text = ngettext("%(count)s held account was dealt with.", "%(count)s held accounts were dealt with.", done)
        messages.success(request, text % {"count": done})
    for refused in refusals.values():
        tell_refusal(request, refused)


@allow(*READERS)
def held_file(request: HttpRequest, run_id: int) -> StreamingHttpResponse:  # noqa: ARG001
    """Give the held accounts of a run as a file."""
    with or_404():
        runs.one(run_id=run_id)
    views = _with_words(runs.held(run_id=run_id, state="", most=100_000))
    header = [_("Account"), _("Name"), _("State"), _("Code"), _("Reason"), _("Advice"), _("Amount")]
    rows = (
        (v.card.account_number, v.name, v.card.state, v.card.code, v.words.message, v.words.advice or v.words.detail,
         "" if v.card.amount_minor is None else plain_money(v.card.amount_minor))
        for v in views
    )  # fmt: skip
    return csv_file(f"held-{run_id}.csv", header, rows)


def _with_words(cards: tuple[HeldCard, ...]) -> list[HeldView]:
    """Put name and reason beside each held account, the open ones first; one statement."""
    spans = accounts.holders(account_ids={card.account_id for card in cards})
    names = {span.account_id: span.customer_name for span in reversed(spans)}
    return [
        HeldView(
            card=card,
            name=names.get(card.account_id, ""),
            words=explain(card.code, card.message, card.advice),
        )
        for card in sorted(cards, key=lambda card: (card.state != "open", card.id))
    ]
