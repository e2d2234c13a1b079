"""
Commands to meters: ordered by cases, sent through the outbox, answered by the head end.

A command is marked as sent, under its lock, before it is handed over; so one that was cancelled is never sent, and one
that is sent cannot be cancelled. Answers come when they come, also twice or too late.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.utils import timezone

from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Refused
from cis.platform import audit, db, events, jobs, outbox
from cis.platform.db import joins_transaction, opens_transaction
from metering.domain.announcements import DeviceCommandDone
from metering.domain.device_commands import (
    ACTION_OF,
    ASKED_AFTER,
    REASON_MOST,
    SWITCHERS,
    SWITCHING,
    UNDER_WAY,
    WITHIN,
    WORKFLOW,
    Answer,
    Command,
    CommandAction,
    CommandState,
    Order,
    takes_up,
)
from metering.gateways import head_end
from metering.gateways.head_end import NoHeadEnd, Unreachable
from metering.models.command import CommandReading, DeviceCommand
from metering.models.device import Meter, Register
from metering.operations.meters import UnknownMeter
from metering.queries.device_commands import UnknownCommand

SEND = "device_command"
"""Messages of the outbox: hand a command over."""
ASK = "device_answers"
"""Messages of the outbox: ask the head end for answers."""
BY_HAND = "desk"
"""The case of a command that somebody orders by hand; its id is that of the meter."""
ANSWERS_MOST = 200
_SUBJECT = "device_command"
log = structlog.get_logger(__name__)


class CommandUnderWay(Refused):
    """The meter is being switched by another command."""

    code = "command_under_way"


class NotASwitcher(Refused):
    """The actor may not order commands by hand."""

    code = "not_allowed"


@opens_transaction
def order(*, meter_id: int, command: Command | str, actor: Actor) -> int:
    """
    Order a command by hand.

    :returns: id of the command; of the one under way, where it is the same.
    :raises NotASwitcher: the actor has no role for it.
    :raises UnknownMeter: there is no such meter.
    :raises CommandUnderWay: the meter is being switched by another case.
    :raises NoHeadEnd: no head end is connected.
    """
    if not actor.is_one_of(SWITCHERS):
        raise NotASwitcher(f"{actor.name} may not order commands to meters.")
    return order_step(meter_id=meter_id, command=command, subject=BY_HAND, subject_id=meter_id, actor=actor)


@joins_transaction
def order_step(*, meter_id: int, command: Command | str, subject: str, subject_id: int, actor: Actor) -> int:
    """
    Order a command for a case; ``DeviceCommandDone`` tells the case what came of it.

    The same order while it is under way is the same command. An opposite one that was not sent yet is cancelled.

    :param subject: kind of the case, as ``"application"``; with ``subject_id`` its name in the announcement.
    :returns: id of the command.
    :raises UnknownMeter: there is no such meter.
    :raises CommandUnderWay: the meter is being switched by another case, or the other way.
    :raises NoHeadEnd: no head end is connected: it is to be done at the meter.
    """
    wanted = Command(command)
    head_end.current()
    meter = Meter.objects.select_for_update().filter(id=meter_id).first()
    if meter is None:
        raise UnknownMeter(f"There is no meter {meter_id}.", meter_id=meter_id)
    running = list(
        DeviceCommand.objects.select_for_update().filter(
            meter_id=meter_id, state__in=UNDER_WAY,
            command__in=list(SWITCHING) if wanted in SWITCHING else [wanted],
        ).order_by("id")
    )  # fmt: skip
    same = [row for row in running if (row.command, row.subject, row.subject_id) == (wanted, subject, subject_id)]
    if same:
        return same[0].id
    if wanted in SWITCHING:
        _give_way(running, wanted, actor)
    now = timezone.now()
    made = DeviceCommand.objects.create(
        meter=meter, command=wanted.value, subject=subject, subject_id=subject_id, ordered_at=now, until=now + WITHIN,
        actor_id=actor.id, actor_name=actor.name[:150],
    )  # fmt: skip
    outbox.queue(kind=SEND, key=str(made.id), payload={"command_id": made.id})
    audit.record(actor, wanted, "meter", meter_id, command_id=made.id, case=subject, case_id=subject_id)
    return made.id


@opens_transaction
def cancel(*, command_id: int, reason: str, actor: Actor) -> None:
    """
    Take a command back that was not sent yet.

    :raises UnknownCommand: there is none.
    :raises IllegalMove: it was sent already, or came to an end.
    """
    cancel_step(command_id=command_id, reason=reason, actor=actor)


@joins_transaction
def cancel_step(*, command_id: int, reason: str, actor: Actor) -> None:
    """Take a command back as a step of a larger case; see ``cancel``."""
    row = _lock(command_id)
    _end(row, CommandAction.CANCEL, actor=actor, reason=reason)


def send(message: outbox.Message) -> None:
    """
    Hand a command to the head end, then take what it answers; called by the outbox, again if it failed.

    :raises Unreachable, NoHeadEnd: the head end did not take it; it waits, and may be cancelled.
    """
    command_id = int(message.payload["command_id"])
    order_ = _begin(command_id)
    if order_ is None:
        return
    try:
        head_end.current().send(order_)
    except (Unreachable, NoHeadEnd):
        _put_back(command_id)
        raise
    take_answers()
    _ask_again(command_id, times=0)


def ask(message: outbox.Message) -> None:
    """Take what the head end answers, and ask again later while the command of the message is under way."""
    take_answers()
    _ask_again(int(message.payload["command_id"]), times=int(message.payload["times"]))


def take_answers() -> int:
    """
    Take the answers that wait at the head end, and end commands whose time is over; return how many were taken.

    One process does it at a time: an answer is confirmed after it was kept, so a crash repeats it, which is harmless.
    """
    taken = 0
    with jobs.alone("device answers") as is_ours:
        if not is_ours:
            return 0
        tried: set[str] = set()
        while found := [one for one in _waiting() if one.answer_id not in tried]:
            tried.update(one.answer_id for one in found)
            for answer in found:
                taken += _keep(answer)
        for command_id in DeviceCommand.objects.filter(state__in=UNDER_WAY, until__lte=timezone.now()).values_list(
            "id", flat=True
        ):
            _expire(command_id)
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


def _give_way(running: list[DeviceCommand], wanted: Command, actor: Actor) -> None:
    for row in running:
        if row.command != wanted and row.state == CommandState.QUEUED:
            _end(row, CommandAction.CANCEL, actor=SYSTEM, reason=f"replaced by {wanted} of {actor.name}")
            continue
        raise CommandUnderWay(
            f"The meter is being switched by another command ({row.command}, {row.state}).",
            advice="Wait for its answer.",
            command_id=row.id,
        )


@opens_transaction
def _begin(command_id: int) -> Order | None:
    """Mark a command as sent before it is; return None where it is not to be sent (any more)."""
    row = _lock(command_id)
    if row.state not in {CommandState.QUEUED, CommandState.SENT}:
        return None
    if row.until <= timezone.now():
        _end(row, CommandAction.EXPIRE, actor=SYSTEM)
        return None
    row.state = WORKFLOW.step(CommandState(row.state), CommandAction.SEND, SYSTEM).to.value
    row.sent_at, row.attempts = timezone.now(), row.attempts + 1
    row.save(update_fields=["state", "sent_at", "attempts"])
    return Order(reference=_reference(command_id), serial=row.meter.serial, command=Command(row.command))


@opens_transaction
def _put_back(command_id: int) -> None:
    row = _lock(command_id)
    if row.state == CommandState.SENT:
        row.state = WORKFLOW.step(CommandState.SENT, CommandAction.PUT_BACK, SYSTEM).to.value
        row.sent_at = None
        row.save(update_fields=["state", "sent_at"])


@opens_transaction
def _ask_again(command_id: int, *, times: int) -> None:
    row = _lock(command_id)
    if row.state not in {CommandState.SENT, CommandState.ACKNOWLEDGED}:
        return
    wait = timedelta(seconds=ASKED_AFTER[min(times, len(ASKED_AFTER) - 1)])
    outbox.queue(
        kind=ASK, key=f"{command_id}:{row.attempts}:{times + 1}",
        payload={"command_id": command_id, "times": times + 1}, due_at=timezone.now() + wait,
    )  # fmt: skip


@opens_transaction
def _take(answer: Answer) -> None:
    """
    Keep an answer.

    :raises UnknownCommand: it is about no command of ours.
    """
    row = _lock(_id_of(answer.reference))
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
    _end(row, action, actor=SYSTEM, reason=answer.reason, answer=answer)


def _keep_readings(row: DeviceCommand, answer: Answer) -> None:
    ids = dict(Register.objects.filter(meter_id=row.meter_id).values_list("code", "id"))
    CommandReading.objects.bulk_create(
        CommandReading(command=row, register_id=ids[one.register], reading_wh=one.reading_wh)
        for one in answer.readings
        if one.register in ids
    )


@opens_transaction
def _expire(command_id: int) -> None:
    row = _lock(command_id)
    if row.state in UNDER_WAY and row.until <= timezone.now():
        _end(row, CommandAction.EXPIRE, actor=SYSTEM)


def _end(
    row: DeviceCommand, action: CommandAction, *, actor: Actor, reason: str = "", answer: Answer | None = None
) -> None:
    """Bring a locked command to an end, keep what its meter does now, and tell the case."""
    is_late = row.state == CommandState.TIMED_OUT
    outcome = WORKFLOW.step(CommandState(row.state), action, actor).to
    row.state, row.reason = outcome.value, reason.strip()[:REASON_MOST]
    row.ended_at = answer.at if answer else timezone.now()
    row.save(update_fields=["state", "reason", "ended_at"])
    command = Command(row.command)
    if outcome is CommandState.SUCCEEDED and command in SWITCHING and not _switched_since(row, row.ended_at):
        Meter.objects.filter(id=row.meter_id).update(switch=SWITCHING[command].value)
    audit.record(actor, action, _SUBJECT, row.id, meter_id=row.meter_id, command=command, reason=row.reason)
    events.announce(
        DeviceCommandDone(
            command_id=row.id, meter_id=row.meter_id, command=command, subject=row.subject, subject_id=row.subject_id,
            outcome=outcome, at=row.ended_at, reason=row.reason, readings=answer.readings if answer else (),
            is_late=is_late,
        )
    )  # fmt: skip


def _switched_since(row: DeviceCommand, at: datetime) -> bool:
    """Return whether a later command switched the meter already: then a late answer says nothing of how it is now."""
    later = DeviceCommand.objects.filter(
        meter_id=row.meter_id, command__in=list(SWITCHING), state=CommandState.SUCCEEDED.value, ended_at__gt=at
    )
    return later.exclude(id=row.id).exists()


@joins_transaction
def _lock(command_id: int) -> DeviceCommand:
    row = DeviceCommand.objects.select_for_update(of=("self",)).select_related("meter").filter(id=command_id).first()
    if row is None:
        raise UnknownCommand(f"There is no command {command_id}.", command_id=command_id)
    return row


def _reference(command_id: int) -> str:
    return f"wattline-{command_id}"


def _id_of(reference: str) -> int:
    number = reference.removeprefix("wattline-")
    return int(number) if number.isdecimal() and number.isascii() and len(number) <= 18 else 0  # noqa: PLR2004
