"""Events of demand response on the desk: planned, let go, called off, settled; who takes part, and what they saved."""

from functools import partial
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import supplier
from billing.operations import demand_credits
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.demand import EventForm, EventListForm
from cis.desk.roles import METERERS, READERS
from cis.desk.words import word
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.fixed import to_text
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.templatetags.local import in_language, plain_money
from contracts.domain.demand_response import PART_WORKFLOW, PLANNERS, WORKFLOW
from contracts.operations import demand_events as operations
from contracts.queries import demand_charts, programs
from contracts.queries import demand_events as queries
from contracts.queries.demand_events import EventCard, PartDetail
from metering.queries import network

DECIDERS = (Role.METERING, Role.BILLING, Role.SUPERVISOR)
"""Who acts on events; which button is whose is said by the workflow."""
LEAVE_FOR_OTHERS = (Role.CLERK, Role.METERING, Role.SUPERVISOR)
SETTLERS = (Role.BILLING, Role.SUPERVISOR)
KW_PLACES = 3


@allow(*READERS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List events, the latest first."""
    form = EventListForm(request.GET)
    wanted = form.wanted()
    context = {
        "form": form, **page_context(request, partial(queries.listed, wanted=wanted)),
        "count": queries.count(wanted=wanted), "is_filtered": wanted != queries.Wanted(),
        "may_plan": actor_of(request).is_one_of(PLANNERS),
    }  # fmt: skip
    return render(request, "desk/demand/events.html", context)


@allow(*READERS)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    wanted = EventListForm(request.GET).wanted()
    header = [
        _("Event"), _("Programme"), _("Where"), _("State"), _("From"), _("Until"), _("Power hoped for (kW)"),
        _("Called"), _("Opted out"), _("Settled and credited"), _("Could not be measured"), _("Saved (kWh)"),
        _("Mean power (kW)"), _("Credited for it"),
    ]  # fmt: skip
    rows = (
        (c.id, in_language(c.program.names), c.feeder, word("demand_event", c.state), _clock(c.start_at),
         _clock(c.end_at), _kilo(c.target_w), c.called, c.opted_out, c.settled, c.unmeasured, _kilo(c.delivered_wh),
         _kilo(c.delivered_w), plain_money(c.credit_minor))
        for c in queries.listed(wanted=wanted, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("demand-events.csv", header, rows)


@allow(*METERERS)
def new(request: HttpRequest) -> HttpResponse:
    """Plan an event; a second person lets it go."""
    offered = programs.listed(wanted=programs.Wanted(kind="demand_response"))
    form = EventForm(
        posted(request), programs=offered, feeders=network.feeders(at=today()),
        initial={"day": today(), **_suggested(request), "request_key": uuid4().hex},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        try:
            made = operations.plan(
                new=form.event(), key=form.cleaned_data["request_key"], at=timezone.now(), actor=actor_of(request)
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The event is planned. Nobody is told before a second person lets it go."))
            return redirect("desk:demand_event", made)
    return render(request, "desk/demand/event_new.html", {"form": form, "programs": offered})


@allow(*READERS)
@require_safe
def show(request: HttpRequest, event_id: int) -> HttpResponse:
    """Show an event: when, who was called, what was delivered, and what may be done."""
    with or_404():
        card = queries.one(event_id=event_id)
    planner, decider = queries.names(card)
    actor = actor_of(request)
    actions = {str(one) for one in WORKFLOW.actions(card.state, actor)}
    context = {
        "card": card, "planner": planner, "decider": decider, "actions": actions,
        "is_own": card.planner_id is not None and card.planner_id == actor.person_id,
        **page_context(request, partial(queries.parts, event_id=event_id)),
        "currency": supplier.current().currency,
    }  # fmt: skip
    return render(request, "desk/demand/event.html", context)


@allow(*READERS)
@require_safe
def parts_file(request: HttpRequest, event_id: int) -> StreamingHttpResponse:  # noqa: ARG001 (the view's form)
    """Give who was called for an event as a file."""
    with or_404():
        queries.one(event_id=event_id)
    header = [
        _("Account"), _("Customer"), _("Address"), _("State"), _("Power limit"), _("Expected (kWh)"), _("Used (kWh)"),
        _("Saved (kWh)"), _("Mean power (kW)"), _("Credited for it"), _("What is missing"),
    ]  # fmt: skip
    rows = (
        (c.account_number, c.customer_name, c.address, word("demand_part", c.state),
         word("demand_limit", c.limit_state) if c.limit_state else "", _kilo(c.baseline_wh), _kilo(c.actual_wh),
         _kilo(c.delivered_wh), _kilo(c.delivered_w), plain_money(c.credit_minor) if c.credit_minor else "",
         word("demand_gap", c.gap) if c.gap else "")
        for c in queries.parts(event_id=event_id, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file(f"demand-event-{event_id}.csv", header, rows)


@allow(*DECIDERS)
@require_POST
def act(request: HttpRequest, event_id: int) -> HttpResponse:
    """Let an event go, call it off, or settle it."""
    with or_404():
        card = queries.one(event_id=event_id)
    try:
        _do(request, card, request.POST.get("action", ""))
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:demand_event", event_id)


@allow(*READERS)
@require_safe
def show_part(request: HttpRequest, part_id: int) -> HttpResponse:
    """Show who takes part in an event, and how what was saved is worked out; looking is recorded."""
    detail = _part(part_id)
    actor = actor_of(request)
    customer_operations.record_look(customer_id=detail.card.customer_id, actor=actor, purpose=LookPurpose.CONTRACT)
    actions = {str(one) for one in PART_WORKFLOW.actions(detail.card.state, actor)}
    context = {
        "detail": detail, "card": detail.card, "event": detail.event, "actions": actions,
        "may_leave": "opt_out" in actions and timezone.now() < detail.event.opt_out_until,
        "chart": demand_charts.hours(detail, expected=_("Expected use"), used=_("Used")),
        "currency": supplier.current().currency,
    }  # fmt: skip
    return render(request, "desk/demand/part.html", context)


@allow(*LEAVE_FOR_OTHERS)
@require_POST
def opt_out(request: HttpRequest, part_id: int) -> HttpResponse:
    """Opt out for a customer who asks for it."""
    _part(part_id)
    try:
        operations.opt_out(part_id=part_id, at=timezone.now(), actor=actor_of(request))
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("Opted out: nothing is limited, and nothing is credited."))
    return redirect("desk:demand_part", part_id)


@allow(*SETTLERS)
@require_POST
def act_on_part(request: HttpRequest, part_id: int) -> HttpResponse:
    """Take a settlement back, or settle anew."""
    _part(part_id)
    action = request.POST.get("action", "")
    given: dict[str, Any] = {"part_id": part_id, "at": timezone.now()}
    try:
        if action == "take_back":
            demand_credits.take_back(reason=request.POST.get("reason", ""), actor=actor_of(request), **given)
            messages.success(request, _("Taken back, with the points that it earned."))
        elif action == "settle_again":
            demand_credits.settle_again(actor=actor_of(request), **given)
            messages.success(request, _("Settled anew."))
        else:
            raise Http404
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:demand_part", part_id)


def _do(request: HttpRequest, card: EventCard, action: str) -> None:
    given: dict[str, Any] = {"event_id": card.id, "at": timezone.now(), "actor": actor_of(request)}
    if action == "announce":
        called = operations.announce(**given)
        said = ngettext("Announced: %(n)s account is told.", "Announced: %(n)s accounts are told.", called)
        messages.success(request, said % {"n": called})
    elif action == "call_off":
        operations.call_off(reason=request.POST.get("reason", ""), **given)
        messages.success(request, _("Called off. Who was told of it is told so."))
    elif action == "settle":
        waits = demand_credits.settle(**given)
        said = ngettext("%(n)s part waits for values yet.", "%(n)s parts wait for values yet.", waits)
        messages.info(request, said % {"n": waits} if waits else _("Settled: what was saved is credited."))
    else:
        raise Http404


def _part(part_id: int) -> PartDetail:
    with or_404():
        return queries.part(part_id=part_id)


def _suggested(request: HttpRequest) -> dict[str, str]:
    """Return what a link proposes of an event; whoever plans it sees it and may change it."""
    names = ("program", "feeder", "day", "time", "hours", "target", "forecast")
    return {name: request.GET[name] for name in names if name in request.GET}


def _kilo(value: int | None) -> str:
    return "" if value is None else to_text(value, places=KW_PLACES)


def _clock(at: Any) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M")
