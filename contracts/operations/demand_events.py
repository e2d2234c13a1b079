"""
Events of demand response: planned by one person and let go by another, called off, and left by who cannot take part.

Who lets an event go lets all be told who joined its programme, in one transaction. The rest of an event's way goes by
the clock (``demand_dispatch``) and by what its meters measured (``demand_settling``).
"""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.domain.notice_events import Fact
from accounts.operations import notices
from accounts.operations.notice_drafts import NewNotice
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Findings, Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit
from cis.platform.db import fetch, joins_transaction, locked_row, opens_transaction
from contracts.domain import demand_response as rules
from contracts.domain.demand_response import (
    PART,
    PART_WORKFLOW,
    PLANNERS,
    REASON_MOST,
    SUBJECT,
    WORKFLOW,
    EventAction,
    EventState,
    NewEvent,
    PartAction,
    PartState,
)
from contracts.domain.programs import EnrollmentState, ProgramKind
from contracts.models.demand_response import DemandEvent, EventPart
from contracts.models.program import Enrollment
from contracts.operations import openadr_bridge
from contracts.operations.enrollment_steps import reason_of
from contracts.queries import demand_events as queries
from contracts.queries import programs
from contracts.queries.demand_events import UnknownEvent, UnknownPart
from metering.queries import forecasts, network, outage_places

LINK = "/portal/demand"
KEY_MOST = 100
LIVE = (EventState.PLANNED.value, EventState.ANNOUNCED.value, EventState.RUNNING.value)
TAKES_PART = (PartState.CALLED.value, PartState.TAKING_PART.value)


class BadEvent(Refused):
    """The event has faults; ``detail["findings"]`` names them."""

    code = "bad_demand_event"


class OwnEvent(Refused):
    """Who planned an event does not let it go."""

    code = "own_demand_event"


class NobodyCalled(Refused):
    """Nobody is in the programme there on that day."""

    code = "nobody_called"


class ReasonMissing(Refused):
    """Nobody said why."""

    code = "reason_missing"


@opens_transaction
def plan(*, new: NewEvent, key: str, at: datetime, actor: Actor) -> int:
    """
    Plan an event; a second person lets it go. Nobody is told before.

    :param key: the same key twice is one event.
    :returns: its id.
    :raises NotAllowed: the actor may not plan. :raises UnknownProgram, UnknownFeeder, UnknownForecast: there is none.
    :raises BadEvent: its times or its target are wrong, the programme has no events, or had enough of them.
    :raises ShortNotice: those who take part would hear of it too late.
    """
    if not actor.is_one_of(PLANNERS) or actor.person_id is None:
        raise NotAllowed(f"{actor.name} may not plan events.", advice="Ask the metering team.")
    known = DemandEvent.objects.filter(key=key).values_list("id", flat=True).first()
    if known is not None:
        return int(known)
    program = programs.one(program_id=new.program_id)
    findings = Findings()
    if program.kind is not ProgramKind.DEMAND_RESPONSE:
        findings.add("program", "no_events", "Only demand response has events.")
        findings.raise_if_any(BadEvent)
    if new.feeder_id is not None:
        network.feeder(feeder_id=new.feeder_id, at=_day(at))
    if new.forecast_id is not None:
        forecasts.one(forecast_id=new.forecast_id)
    terms = program.terms.events
    held = _held(program.id, _day(new.start_at).year)
    clock = local_clock(settings.TIME_ZONE)
    rules.check(new, terms=terms, held=held, at=at, clock=clock, findings=findings)
    findings.raise_if_any(BadEvent)
    rules.refuse_if_short(start_at=new.start_at, at=at, terms=terms)
    row = DemandEvent.objects.create(
        program_id=program.id, feeder_id=new.feeder_id, source=new.source.value, forecast_id=new.forecast_id,
        start_at=new.start_at, end_at=new.end_at, target_w=new.target_w, key=key[:KEY_MOST], planned_at=at,
        planner_id=actor.person_id,
    )  # fmt: skip
    audit.record(actor, "plan", SUBJECT, row.id, program=program.code, start_at=new.start_at, end_at=new.end_at)
    return row.id


@opens_transaction
def announce(*, event_id: int, at: datetime, actor: Actor) -> int:
    """
    Let an event go: all are called and told who are in its programme there on its day; return how many.

    Who is called for another event of the same hours already is not called twice: nobody saves the same energy twice.
    Who is cut off now is not called: nothing would flow there that could be saved.

    :raises UnknownEvent, IllegalMove, NotAllowed: there is none; it is not planned; the actor may not.
    :raises OwnEvent: the actor planned it. :raises ShortNotice: they would hear of it too late.
    :raises NobodyCalled: nobody is in the programme there.
    """
    # One after the other: each sees whom the last one called.
    fetch("SELECT pg_advisory_xact_lock(hashtext(%s))", [SUBJECT])
    row = lock(event_id)
    to = WORKFLOW.step(EventState(row.state), EventAction.ANNOUNCE, actor).to
    if actor.person_id is None or actor.person_id == row.planner_id:
        raise OwnEvent("Who planned an event does not let it go.", advice="Ask a second person.")
    program = programs.one(program_id=row.program_id)
    rules.refuse_if_short(start_at=row.start_at, at=at, terms=program.terms.events)
    members = list(_in_it(row).values_list("id", "account_id", "agreement__service_point_id"))
    off = outage_places.cut_off(service_point_ids=[point_id for _id, _account_id, point_id in members], at=at)
    called = EventPart.objects.bulk_create(
        EventPart(event=row, enrollment_id=enrollment_id, account_id=account_id, service_point_id=point_id)
        for enrollment_id, account_id, point_id in members
        if point_id not in off
    )
    if not called:
        raise NobodyCalled("Nobody is in the programme there on that day.", advice="Choose another day or area.")
    row.state, row.announced_at, row.decider_id = to.value, at, actor.person_id
    row.save(update_fields=["state", "announced_at", "decider_id"])
    audit.record(actor, EventAction.ANNOUNCE, SUBJECT, row.id, called=len(called))
    until = rules.opt_out_until(start_at=row.start_at, opt_out_minutes=program.terms.opt_out_minutes)
    facts: dict[str, Fact] = {
        "start": clock_text(row.start_at),
        "end": time_text(row.end_at),
        "until": clock_text(until),
    }
    _tell(row, "demand_event_announced", facts, PartState.CALLED, actor)
    openadr_bridge.show_events_step(event_ids=[row.id], at=at)
    return len(called)


@opens_transaction
def call_off(*, event_id: int, reason: str, at: datetime, actor: Actor) -> None:
    """
    Call an event off before it begins; who was told of it is told so.

    :raises UnknownEvent, IllegalMove, NotAllowed: there is none; it is on or over; the actor may not.
    :raises ReasonMissing: nobody said why.
    """
    row = lock(event_id)
    was_announced = row.state == EventState.ANNOUNCED
    to = WORKFLOW.step(EventState(row.state), EventAction.CALL_OFF, actor).to
    if not reason.strip():
        raise ReasonMissing("Say why it is called off.", field="reason")
    row.state, row.called_off_at, row.reason = to.value, at, reason.strip()[:REASON_MOST]
    row.save(update_fields=["state", "called_off_at", "reason"])
    audit.record(actor, EventAction.CALL_OFF, SUBJECT, row.id, reason=row.reason)
    if was_announced:
        PART_WORKFLOW.step(PartState.CALLED, PartAction.CALL_OFF, actor)
        row.parts.filter(state=PartState.CALLED.value).update(state=PartState.CALLED_OFF.value)
        facts: dict[str, Fact] = {"start": clock_text(row.start_at), "reason": row.reason}
        _tell(row, "demand_event_called_off", facts, PartState.CALLED_OFF, actor)
        openadr_bridge.show_events_step(event_ids=[row.id], at=at)


@opens_transaction
def opt_out(*, part_id: int, customer_id: int | None = None, at: datetime, actor: Actor) -> None:
    """
    Leave an event before it is too late; it costs nothing, and nothing is credited. Done again, it stays so.

    :param customer_id: whose part it is, where the customer leaves.
    :raises UnknownPart: there is none, or none of this customer.
    :raises IllegalMove, NotAllowed: it is on, or over; the actor may not. :raises TooLate: see there.
    """
    opt_out_step(part_id=part_id, customer_id=customer_id, at=at, actor=actor)


@joins_transaction
def opt_out_step(*, part_id: int, customer_id: int | None = None, at: datetime, actor: Actor) -> None:
    """
    Leave an event, as ``opt_out``, also where a device says so; VENs of the customer do not see the event any more.

    :raises UnknownPart, IllegalMove, NotAllowed, TooLate: see ``opt_out``.
    """
    part = locked_row(EventPart, part_id)
    is_customer = actor.kind is ActorKind.CUSTOMER
    if part is None or (is_customer and queries.holders(part_ids=[part.id])[part.id][0] != customer_id):
        raise UnknownPart(f"Nobody takes part in an event by {part_id}.", part_id=part_id)
    if part.state == PartState.OPTED_OUT:
        return
    to = PART_WORKFLOW.step(PartState(part.state), PartAction.OPT_OUT, actor).to
    terms = programs.terms_of(part.event.program)
    rules.refuse_if_late(start_at=part.event.start_at, at=at, opt_out_minutes=terms.opt_out_minutes)
    part.state, part.opted_out_at = to.value, at
    part.save(update_fields=["state", "opted_out_at"])
    audit.record(actor, PartAction.OPT_OUT, PART, part.id, account_id=part.account_id, event_id=part.event_id)
    openadr_bridge.show_events_step(event_ids=[part.event_id], at=at)


@joins_transaction
def lock(event_id: int) -> DemandEvent:
    """
    Return an event, locked until the use case ends.

    :raises UnknownEvent: there is none.
    """
    row = locked_row(DemandEvent, event_id)
    if row is None:
        raise UnknownEvent(f"There is no event {event_id}.", event_id=event_id)
    return row


@joins_transaction
def tell_step(*, event: str, parts: Sequence[tuple[EventPart, dict[str, Fact]]], actor: Actor) -> None:
    """
    Tell those who take part of what became of it, each once for each event and turn; three statements.

    Told is who holds the account on the day of the event.
    """
    holders = queries.holders(part_ids=[part.id for part, _facts in parts])
    news = []
    for part, facts in parts:
        customer_id, language = holders[part.id]
        program = part.event.program
        name = reason_of(program.name_zh, program.name_en, language)
        news.append(
            NewNotice(
                key=f"{PART}:{part.id}:{part.turn}",
                facts={"program": name, **facts, "link": f"{LINK}/{part.id}"},
                customer_id=customer_id,
                account_id=part.account_id,
            )
        )
    if news:
        notices.queue_many_step(event=event, notices=news, actor=actor)


def clock_text(at: datetime) -> str:
    """Return an instant as people read it on the clock of the place."""
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"


def time_text(end_at: datetime) -> str:
    """Return when an event ends, on the day on which it begins."""
    text = f"{timezone.localtime(end_at):%H:%M}"
    return "24:00" if text == "00:00" else text


def _tell(
    row: DemandEvent, event: str, facts: dict[str, Fact], state: PartState, actor: Actor
) -> None:  # fmt: skip
    parts = row.parts.filter(state=state.value).select_related("event__program").order_by("id")
    tell_step(event=event, parts=[(part, facts) for part in parts], actor=actor)


def _in_it(row: DemandEvent) -> QuerySet[Enrollment]:
    day = _day(row.start_at)
    busy = EventPart.objects.filter(
        state__in=TAKES_PART, event__state__in=LIVE, event__start_at__lt=row.end_at, event__end_at__gt=row.start_at
    )
    found = Enrollment.objects.filter(
        program_id=row.program_id, state__in=(EnrollmentState.SIGNED.value, EnrollmentState.RUNNING.value),
        period__contains=day, agreement__isnull=False,
    ).exclude(account_id__in=busy.values("account_id"))  # fmt: skip
    if row.feeder_id is not None:
        place = "agreement__service_point"
        found = found.filter(
            Q(**{f"{place}__feeder_id": row.feeder_id}) | Q(**{f"{place}__transformer__feeder_id": row.feeder_id})
        )
    return found.order_by("id")


def _held(program_id: int, year: int) -> int:
    """Return how many events a programme has in a calendar year, those that were called off left out."""
    rows = DemandEvent.objects.filter(program_id=program_id, start_at__year=year)
    return rows.exclude(state=EventState.CALLED_OFF.value).count()


_day = timezone.localdate
