"""
What an event does by the clock: it begins, its supplies are told to limit themselves, it ends.

It looks for itself in the database, so it may run at any time and again. Each command is ordered in a transaction of
its own: a meter that cannot be told keeps none of the others, and what a worker left when it died the next one does.
"""

from datetime import datetime

import structlog
from django.db.models import Q
from django.utils import timezone

from accounts.domain.protections import ProtectionKind
from accounts.queries import protections
from cis.kernel.actors import SYSTEM
from cis.kernel.errors import Refused
from cis.platform import audit
from cis.platform.db import joins_transaction, locked_row, opens_transaction
from contracts.domain.demand_response import (
    PART,
    PART_WORKFLOW,
    SUBJECT,
    WORKFLOW,
    EventAction,
    EventState,
    LimitState,
    PartAction,
    PartState,
)
from contracts.domain.programs import EnrollmentState
from contracts.models.demand_response import DemandEvent, EventPart
from contracts.operations import openadr_bridge
from contracts.operations.demand_events import lock
from contracts.queries import demand_events as queries
from metering.domain.announcements import DeviceCommandDone
from metering.domain.device_commands import Command, CommandState
from metering.operations import device_commands
from metering.operations.device_commands import NoHeadEnd
from metering.queries import device_commands as command_queries
from metering.queries import meters
from metering.queries.meters import MeterRow

WORK = "demand_events"
"""Name of the work."""
TOO_LATE = "没有第二人放行 nobody let it go in time"
log = structlog.get_logger(__name__)


def work(at: datetime) -> None:
    """Begin and end events whose time has come, and tell the meters of those that run."""
    rows = DemandEvent.objects.order_by("id")
    for event_id in list(rows.filter(state=EventState.PLANNED.value, start_at__lte=at).values_list("id", flat=True)):
        _give_up(event_id, at)
    for event_id in list(rows.filter(state=EventState.ANNOUNCED.value, start_at__lte=at).values_list("id", flat=True)):
        begin(event_id=event_id)
    waiting = EventPart.objects.filter(
        event__state=EventState.RUNNING.value, state=PartState.TAKING_PART.value, limit_state=""
    )
    for part_id in list(waiting.order_by("id").values_list("id", flat=True)):
        try:
            limit(part_id=part_id, at=at)
        except Refused as refusal:
            log.warning("limit_not_ordered", part=part_id, code=refusal.code, message=refusal.message)
            _note_failure(part_id)
    for event_id in list(rows.filter(state=EventState.RUNNING.value, end_at__lte=at).values_list("id", flat=True)):
        end(event_id=event_id, at=at)


@opens_transaction
def begin(*, event_id: int) -> None:
    """
    Begin an event: who did not opt out takes part; whose enrolment does not hold on its day any more does not.

    :raises UnknownEvent, IllegalMove: there is none; it is not announced.
    """
    row = lock(event_id)
    _move(row, EventAction.BEGIN)
    day, called = timezone.localdate(row.start_at), row.parts.filter(state=PartState.CALLED.value)
    gone = called.filter(
        ~Q(enrollment__period__contains=day) | Q(enrollment__state=EnrollmentState.CANCELLED.value)
    ).values_list("id", flat=True)
    left = PART_WORKFLOW.step(PartState.CALLED, PartAction.CALL_OFF, SYSTEM).to
    row.parts.filter(id__in=list(gone)).update(state=left.value)
    called.update(state=PART_WORKFLOW.step(PartState.CALLED, PartAction.BEGIN, SYSTEM).to.value)
    openadr_bridge.show_events_step(event_ids=[row.id], at=row.start_at)


@opens_transaction
def limit(*, part_id: int, at: datetime) -> None:
    """
    Tell the meter of who takes part to limit its power until the event ends; once for each part.

    A meter that cannot be reached at once may still limit until the event ends, so its answer is waited for as long.
    Where the programme limits nothing, no meter hangs, no head end is connected, or somebody lives by electricity, the
    customer saves by hand. A limit that holds already, ordered by hand, stays as it is: a meter keeps one limit, and
    that of an event would take its place and end with the event.

    :raises CommandUnderWay: see ``metering.operations.device_commands.order_step``.
    """
    part = locked_row(EventPart, part_id)
    if part is None or part.limit_state or part.state != PartState.TAKING_PART:
        return
    event = part.event
    limit_w = event.program.limit_w
    hung = meters.hanging_at(service_point_id=part.service_point_id, on=timezone.localdate(event.start_at))
    if not limit_w or len(hung) != 1 or event.end_at <= at or _lives_by_it(part):
        part.limit_state = LimitState.NONE.value
    elif _is_limited(hung[0], at):
        part.limit_state = LimitState.KEPT.value
    else:
        try:
            part.command_id = device_commands.order_step(
                meter_id=hung[0].id, command=Command.DEMAND_LIMIT, subject=PART, subject_id=part.id, actor=SYSTEM,
                value_w=limit_w, value_until=event.end_at, within=event.end_at - at,
            )  # fmt: skip
            part.limit_state = LimitState.ORDERED.value
        except NoHeadEnd:
            part.limit_state = LimitState.NONE.value
    part.save(update_fields=["limit_state", "command_id"])


@opens_transaction
def end(*, event_id: int, at: datetime) -> None:
    """
    End an event: meters lift their limits by themselves; its days are waited for.

    :raises UnknownEvent, IllegalMove: there is none; it does not run.
    """
    row = lock(event_id)
    row.ended_at = at
    _move(row, EventAction.END)
    untold = row.parts.filter(state=PartState.TAKING_PART.value, limit_state="")
    untold.update(limit_state=LimitState.NONE.value)


def _is_limited(meter: MeterRow, at: datetime) -> bool:
    """Return whether a meter keeps a limit of demand at an instant, or is being told to."""
    return meter.limit_at(at) is not None or any(
        one.command is Command.DEMAND_LIMIT and one.is_under_way and one.value_w is not None
        and (one.value_until is None or one.value_until > at)
        for one in command_queries.of_meter(meter_id=meter.id)
    )  # fmt: skip


def _lives_by_it(part: EventPart) -> bool:
    """Return whether who holds the account then needs electricity to live: nothing is limited there."""
    customer_id, _language = queries.holders(part_ids=[part.id])[part.id]
    kinds = protections.kinds_of_customers(
        customer_ids=[customer_id], today=timezone.localdate(part.event.start_at)
    )  # fmt: skip
    return ProtectionKind.LIFE_SUPPORT in kinds.get(customer_id, frozenset())


@joins_transaction
def note_command(done: DeviceCommandDone) -> None:
    """Hear what became of a limit; a part is measured whatever its meter said."""
    if done.subject != PART:
        return
    is_set = done.outcome is CommandState.SUCCEEDED
    state = LimitState.SET if is_set else LimitState.FAILED
    EventPart.objects.filter(id=done.subject_id, command_id=done.command_id).update(limit_state=state.value)


@opens_transaction
def _note_failure(part_id: int) -> None:
    EventPart.objects.filter(id=part_id, limit_state="").update(limit_state=LimitState.FAILED.value)


@opens_transaction
def _give_up(event_id: int, at: datetime) -> None:
    """Call off what nobody let go before its time."""
    row = lock(event_id)
    row.called_off_at, row.reason = at, TOO_LATE
    _move(row, EventAction.CALL_OFF)


@joins_transaction
def _move(row: DemandEvent, action: EventAction) -> None:
    row.state = WORKFLOW.step(EventState(row.state), action, SYSTEM).to.value
    row.save()
    audit.record(SYSTEM, action, SUBJECT, row.id, state=row.state)
