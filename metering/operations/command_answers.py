"""What became of commands: the answers of the head end are kept once, and the cases that ordered are told."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.db.models import Q
from django.utils import timezone

from cis.kernel.actors import SYSTEM, Actor
from cis.platform import audit, db, events, jobs
from cis.platform.db import joins_transaction, opens_transaction
from metering.domain.announcements import DeviceCommandDone
from metering.domain.device_commands import (
    ACTION_OF,
    REASON_MOST,
    SWITCHING,
    UNDER_WAY,
    WORKFLOW,
    Answer,
    Command,
    CommandAction,
    CommandState,
    Reading,
    takes_up,
)
from metering.domain.head_end_messages import frozen_day
from metering.gateways import head_end
from metering.models.command import CommandReading, DeviceCommand
from metering.models.device import Meter, Register
from metering.operations import reads
from metering.operations.reads import ReadRefused
from metering.queries.device_commands import UnknownCommand

EXPIRY = "device_command_expiry"
"""Work: commands run out of time."""
ANSWERS_MOST = 200
_SUBJECT = "device_command"
log = structlog.get_logger(__name__)


def take_answers() -> int:
    """
    Take the answers that wait at the head end, and end commands whose time is over; return how many were taken.

    One process does it at a time: an answer is confirmed after it was kept, so a crash repeats it, which is harmless.
    Commands run out of time also where nothing can be asked, see ``expire``.

    :raises Unreachable, BadAnswer: the head end could not be asked; what came before is kept.
    """
    taken = _take_waiting()
    expire(timezone.now())
    return taken


def expire(at: datetime) -> None:
    """End the commands whose time is over, whether or not the head end can be asked; work of every minute."""
    over = DeviceCommand.objects.filter(state__in=UNDER_WAY, until__lte=at).order_by("id")
    for command_id in list(over.values_list("id", flat=True)):
        session = db.session()
        try:
            _expire(command_id, at)
        except Exception:
            if db.is_lost(session):
                raise
            log.exception("command_not_expired", command_id=command_id)


def _take_waiting() -> int:
    taken = 0
    with jobs.alone("device answers") as is_ours:
        if not is_ours:
            return 0
        tried: set[str] = set()
        while found := [one for one in _waiting() if one.answer_id not in tried]:
            tried.update(one.answer_id for one in found)
            for answer in found:
                taken += _keep(answer)
    return taken


def _waiting() -> Sequence[Answer]:
    """Return answers to take; where the head end was taken away, commands that were sent still run out of time."""
    return head_end.current().answers(most=ANSWERS_MOST) if head_end.is_bound() else ()


def _keep(answer: Answer) -> bool:
    """Keep and confirm one answer; one that cannot be kept now is given again, and does not stop the others."""
    session = db.session()
    try:
        _take(answer)
    except UnknownCommand as refusal:
        log.warning("answer_to_no_command", reference=answer.reference, error=str(refusal))
    except Exception:
        if db.is_lost(session):
            raise  # the database went away, not the answer
        log.exception("answer_not_kept", reference=answer.reference)
        return False
    head_end.current().confirm([answer.answer_id])
    return True


@opens_transaction
def _take(answer: Answer) -> None:
    """
    Keep an answer.

    :raises UnknownCommand: it is about no command of ours.
    """
    row = lock(_id_of(answer.reference))
    if not takes_up(state=CommandState(row.state), kind=answer.kind):
        row.repeats += 1
        row.save(update_fields=["repeats"])
        return
    action = ACTION_OF[answer.kind]
    if action is CommandAction.ACKNOWLEDGE:
        row.state = WORKFLOW.step(CommandState(row.state), action, SYSTEM).to.value
        row.acknowledged_at = answer.at
        row.save(update_fields=["state", "acknowledged_at"])
        return
    _keep_readings(row, answer)
    end(row, action, actor=SYSTEM, reason=answer.reason, answer=answer)


def _keep_readings(row: DeviceCommand, answer: Answer) -> None:
    ids = dict(Register.objects.filter(meter_id=row.meter_id, is_interval=False).values_list("code", "id"))
    known = [one for one in answer.readings if one.register in ids]
    CommandReading.objects.bulk_create(
        CommandReading(command=row, register_id=ids[one.register], reading_wh=one.reading_wh) for one in known
    )
    if row.command == Command.READ_NOW:
        _keep_reads(row, known, answer.at)


def _keep_reads(row: DeviceCommand, readings: Sequence[Reading], at: datetime) -> None:
    """
    Keep what a meter showed as reads, where it stands for a midnight; of another hour it is only shown.

    What does not fit its neighbours is only shown, too: a person compares.
    """
    day, today = frozen_day(timezone.localtime(at).replace(tzinfo=None)), timezone.localdate()
    if day is None or day > today + timedelta(days=1):
        return
    for one in readings:
        try:
            reads.keep(
                serial=row.meter.serial, register=one.register, read_date=day, reading_wh=one.reading_wh, actor=SYSTEM,
                today=max(today, day),
            )  # fmt: skip
        except ReadRefused as refusal:
            log.warning("reading_not_kept", meter=row.meter.serial, register=one.register, code=refusal.code)


@opens_transaction
def _expire(command_id: int, at: datetime) -> None:
    row = lock(command_id)
    if row.state in UNDER_WAY and row.until <= at:
        end(row, CommandAction.EXPIRE, actor=SYSTEM)


def end(
    row: DeviceCommand, action: CommandAction, *, actor: Actor, reason: str = "", answer: Answer | None = None
) -> None:
    """Bring a locked command to an end, keep what its meter does now, and tell the case."""
    is_late = row.state == CommandState.TIMED_OUT
    outcome = WORKFLOW.step(CommandState(row.state), action, actor).to
    row.state, row.reason = outcome.value, reason.strip()[:REASON_MOST]
    row.ended_at = answer.at if answer else timezone.now()
    row.save(update_fields=["state", "reason", "ended_at"])
    command = Command(row.command)
    if outcome is CommandState.SUCCEEDED:
        _keep_what_it_does(row, command, row.ended_at)
    audit.record(actor, action, _SUBJECT, row.id, meter_id=row.meter_id, command=command, reason=row.reason)
    events.announce(
        DeviceCommandDone(
            command_id=row.id, meter_id=row.meter_id, command=command, subject=row.subject, subject_id=row.subject_id,
            outcome=outcome, at=row.ended_at, reason=row.reason, readings=answer.readings if answer else (),
            is_late=is_late,
        )
    )  # fmt: skip


def _keep_what_it_does(row: DeviceCommand, command: Command, at: datetime) -> None:
    """Note at the meter what it does since it obeyed; what it was told later holds."""
    meter = Meter.objects.filter(id=row.meter_id)
    if command in SWITCHING and not _switched_since(row, at):
        meter.update(switch=SWITCHING[command].value)
    elif command is Command.DEMAND_LIMIT and not _limited_since(row):
        meter.update(demand_limit_w=row.value_w, demand_limit_until=row.value_until)
    elif command is Command.SYNC_TIME:
        at = min(at, timezone.now())  # a head end whose clock is ahead must not keep what is said later from counting
        is_later = Q(clock_drift_at=None) | Q(clock_drift_at__lt=at)
        meter.filter(is_later).update(clock_drift_s=0, clock_drift_at=at)


def _limited_since(row: DeviceCommand) -> bool:
    later = DeviceCommand.objects.filter(
        meter_id=row.meter_id, command=row.command, state=CommandState.SUCCEEDED.value, id__gt=row.id
    )
    return later.exists()


def _switched_since(row: DeviceCommand, at: datetime) -> bool:
    """Return whether a later command switched the meter already: then a late answer says nothing of how it is now."""
    later = DeviceCommand.objects.filter(
        meter_id=row.meter_id, command__in=list(SWITCHING), state=CommandState.SUCCEEDED.value, ended_at__gt=at
    )
    return later.exclude(id=row.id).exists()


@joins_transaction
def lock(command_id: int) -> DeviceCommand:
    """
    Return a command with its meter, locked.

    :raises UnknownCommand: there is none.
    """
    row = DeviceCommand.objects.select_for_update(of=("self",)).select_related("meter").filter(id=command_id).first()
    if row is None:
        raise UnknownCommand(f"There is no command {command_id}.", command_id=command_id)
    return row


def _id_of(reference: str) -> int:
    number = reference.removeprefix("wattline-")
    return int(number) if number.isdecimal() and number.isascii() and len(number) <= 18 else 0  # noqa: PLR2004
