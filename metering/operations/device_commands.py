"""
Commands to meters: ordered by cases, sent through the outbox; what is answered is kept by ``command_answers``.

A command is marked as sent, under its lock, before it is handed over; so one that was cancelled is never sent, and one
that is sent cannot be cancelled. Answers come when they come, also twice or too late.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.utils import timezone

from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Refused
from cis.platform import audit, db, outbox
from cis.platform.db import joins_transaction, opens_transaction
from metering.domain.device_commands import (
    ASKED_AFTER,
    SWITCHERS,
    SWITCHING,
    UNDER_WAY,
    WORKFLOW,
    Command,
    CommandAction,
    CommandState,
    Order,
    check_values,
    deadline,
)
from metering.gateways import head_end
from metering.gateways.head_end import Declined, NoHeadEnd, Unreachable
from metering.models.command import DeviceCommand
from metering.models.device import Meter
from metering.operations.command_answers import end, lock, take_answers
from metering.operations.meters import UnknownMeter

SEND = "device_command"
"""Messages of the outbox: hand a command over."""
ASK = "device_answers"
"""Messages of the outbox: ask the head end for answers."""
BY_HAND = "desk"
"""The case of a command that somebody orders by hand; its id is that of the meter."""
log = structlog.get_logger(__name__)


class CommandUnderWay(Refused):
    """The meter is being switched by another command."""

    code = "command_under_way"


class NotASwitcher(Refused):
    """The actor may not order commands by hand."""

    code = "not_allowed"


@opens_transaction
def order(
    *,
    meter_id: int,
    command: Command | str,
    actor: Actor,
    value_w: int | None = None,
    value_until: datetime | None = None,
) -> int:
    """
    Order a command by hand.

    :param value_w, value_until: of a limit of demand, as in ``order_step``.
    :returns: id of the command; of the one under way, where it is the same.
    :raises NotASwitcher: the actor has no role for it.
    :raises UnknownMeter: there is no such meter.
    :raises CommandUnderWay: the meter is being switched by another case.
    :raises WrongValue: the value makes no sense with this command.
    :raises NoHeadEnd: no head end is connected.
    """
    if not actor.is_one_of(SWITCHERS):
        raise NotASwitcher(f"{actor.name} may not order commands to meters.")
    return order_step(
        meter_id=meter_id, command=command, subject=BY_HAND, subject_id=meter_id, actor=actor, value_w=value_w,
        value_until=value_until,
    )  # fmt: skip


@joins_transaction
def order_step(
    *,
    meter_id: int,
    command: Command | str,
    subject: str,
    subject_id: int,
    actor: Actor,
    value_w: int | None = None,
    value_until: datetime | None = None,
    within: timedelta | None = None,
) -> int:
    """
    Order a command for a case; ``DeviceCommandDone`` tells the case what came of it.

    The same order while it is under way is the same command. An opposite one that was not sent yet is cancelled; so is
    another limit of demand, and of two limits the one that was ordered last holds.

    :param subject: kind of the case, as ``"application"``; with ``subject_id`` its name in the announcement.
    :param value_w: limit of ``Command.DEMAND_LIMIT``; None: it is lifted. [W, at the supply]
    :param value_until: when a limit ends by itself; None: when it is lifted.
    :param within: how long a result is waited for; None: as ``WITHIN`` says of the kind, or to the end of the limit.
    :returns: id of the command.
    :raises UnknownMeter: there is no such meter.
    :raises CommandUnderWay: the meter is being switched by another case, or the other way.
    :raises WrongValue: the value, its end or the deadline makes no sense with this command.
    :raises NoHeadEnd: no head end is connected: it is to be done at the meter.
    """
    wanted, now = Command(command), timezone.now()
    check_values(command=wanted, value_w=value_w, value_until=value_until, within=within, now=now)
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
    made = DeviceCommand(
        meter=meter, command=wanted.value, subject=subject, subject_id=subject_id, value_w=value_w,
        value_until=value_until, ordered_at=now, actor_id=actor.id, actor_name=actor.name[:150],
        until=deadline(command=wanted, now=now, within=within, value_until=value_until),
    )  # fmt: skip
    same = [row for row in running if _what(row) == _what(made)]
    if wanted is Command.DEMAND_LIMIT:
        same = [row for row in same if row is running[-1]]  # an older one was overtaken: it is not the same any more
    if same:
        return same[0].id
    _give_way(running, wanted, actor)
    made.save()
    outbox.queue(kind=SEND, key=str(made.id), payload={"command_id": made.id})
    audit.record(
        actor, wanted, "meter", meter_id, command_id=made.id, case=subject, case_id=subject_id,
        **({"value_w": value_w} if wanted is Command.DEMAND_LIMIT else {}),
    )  # fmt: skip
    return made.id


def _what(row: DeviceCommand) -> tuple[object, ...]:
    """Return what makes two orders the same."""
    return row.command, row.subject, row.subject_id, row.value_w, row.value_until


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
    row = lock(command_id)
    end(row, CommandAction.CANCEL, actor=actor, reason=reason)


def send(message: outbox.Message) -> None:
    """
    Hand a command to the head end, then take what it answers; called by the outbox, again if it failed.

    :raises Unreachable, NoHeadEnd: the head end did not take it. It waits, and may be cancelled, unless an earlier
        attempt left open whether it was taken.
    """
    command_id = int(message.payload["command_id"])
    begun = _begin(command_id)
    if begun is None:
        return
    try:
        head_end.current().send(begun.order)
    except (Unreachable, NoHeadEnd):
        if begun.is_new_there:
            _put_back(command_id)
        raise
    except Declined as refusal:
        _refuse(command_id, str(refusal))
        return
    _take_what_waits()
    _ask_again(command_id, times=0)


def ask(message: outbox.Message) -> None:
    """Take what the head end answers, and ask again later while the command of the message is under way."""
    _take_what_waits()
    _ask_again(int(message.payload["command_id"]), times=int(message.payload["times"]))


def _take_what_waits() -> None:
    """Take answers; that none can be had now is no reason to send again what was taken, or to ask never more."""
    session = db.session()
    try:
        take_answers()
    except Exception:
        if db.is_lost(session):
            raise  # the database went away, not the head end
        log.exception("answers_not_taken")


def _give_way(running: list[DeviceCommand], wanted: Command, actor: Actor) -> None:
    """Cancel what a new command takes the place of, or refuse the new one where the old one is on its way."""
    is_limit = wanted is Command.DEMAND_LIMIT
    for row in running if is_limit or wanted in SWITCHING else ():
        if row.state == CommandState.QUEUED and (is_limit or row.command != wanted):
            end(row, CommandAction.CANCEL, actor=SYSTEM, reason=f"replaced by {wanted} of {actor.name}")
            continue
        if is_limit:
            continue
        raise CommandUnderWay(
            f"The meter is being switched by another command ({row.command}, {row.state}).",
            advice="Wait for its answer.",
            command_id=row.id,
        )


@dataclass(frozen=True, slots=True)
class _Begun:
    """A command that is being sent; ``is_new_there``: no attempt before left open whether the head end has it."""

    order: Order
    is_new_there: bool


@opens_transaction
def _begin(command_id: int) -> _Begun | None:
    """Mark a command as sent before it is; return None where it is not to be sent (any more)."""
    row = lock(command_id)
    if row.state not in {CommandState.QUEUED, CommandState.SENT}:
        return None
    if row.until <= timezone.now():
        end(row, CommandAction.EXPIRE, actor=SYSTEM)
        return None
    if row.attempts and _was_overtaken(row):
        return None
    is_new_there = row.state == CommandState.QUEUED
    row.state = WORKFLOW.step(CommandState(row.state), CommandAction.SEND, SYSTEM).to.value
    row.sent_at, row.attempts = timezone.now(), row.attempts + 1
    row.save(update_fields=["state", "sent_at", "attempts"])
    order_ = Order(
        reference=_reference(command_id), serial=row.meter.serial, command=Command(row.command), until=row.until,
        value_w=row.value_w, value_until=row.value_until,
    )  # fmt: skip
    return _Begun(order_, is_new_there)


def _was_overtaken(row: DeviceCommand) -> bool:
    """Return whether a limit was ordered after this one: sent once more, this one would undo it."""
    if row.command != Command.DEMAND_LIMIT:
        return False
    later = DeviceCommand.objects.filter(meter_id=row.meter_id, command=row.command, id__gt=row.id)
    return later.exclude(state=CommandState.CANCELLED.value).exists()


@opens_transaction
def _put_back(command_id: int) -> None:
    row = lock(command_id)
    if row.state == CommandState.SENT:
        row.state = WORKFLOW.step(CommandState.SENT, CommandAction.PUT_BACK, SYSTEM).to.value
        row.sent_at = None
        row.save(update_fields=["state", "sent_at"])


@opens_transaction
def _refuse(command_id: int, reason: str) -> None:
    """End a command that the head end will never do."""
    row = lock(command_id)
    if row.state == CommandState.SENT:
        end(row, CommandAction.REFUSE, actor=SYSTEM, reason=reason)


@opens_transaction
def _ask_again(command_id: int, *, times: int) -> None:
    row = lock(command_id)
    if row.state not in {CommandState.SENT, CommandState.ACKNOWLEDGED}:
        return
    wait = timedelta(seconds=ASKED_AFTER[min(times, len(ASKED_AFTER) - 1)])
    outbox.queue(
        kind=ASK, key=f"{command_id}:{row.attempts}:{times + 1}",
        payload={"command_id": command_id, "times": times + 1}, due_at=timezone.now() + wait,
    )  # fmt: skip


def _reference(command_id: int) -> str:
    return f"wattline-{command_id}"
