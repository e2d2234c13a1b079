"""
A head end with made-up meters behind it: each obeys, delays, refuses, answers twice or stays silent, as it is set.

It keeps its meters and answers in tables of its own, so that web and workers see the same; nothing of it is random. A
meter that nobody has set obeys at once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.queries import supplier
from cis.kernel.calendar import local_clock
from metering.domain.device_commands import SWITCHING, Answer, AnswerKind, Command, Order, Reading, Switch
from metering.domain.sandbox_meters import Behaviour, answers_to, counted_wh, does
from metering.gateways.head_end import Pulled, Unreachable
from metering.models.command import SandboxAnswer, SandboxMeter
from metering.models.device import Installation, Register
from metering.models.read import RegisterRead


class Sandbox:
    """The sandbox head end."""

    def send(self, order: Order) -> None:
        """Let the meter plan its answers; a reference that is known changes nothing."""
        with transaction.atomic():
            made, _ = SandboxMeter.objects.get_or_create(serial=order.serial)
            meter = SandboxMeter.objects.select_for_update().get(id=made.id)
            behaviour = Behaviour(meter.behaviour)
            if behaviour is Behaviour.UNREACHABLE:
                raise Unreachable(f"meter {order.serial} has no signal")
            if SandboxAnswer.objects.filter(reference=order.reference).exists():
                return
            planned = answers_to(order.command, behaviour=behaviour, delay_seconds=meter.delay_seconds)
            now = timezone.now()
            SandboxAnswer.objects.bulk_create(
                SandboxAnswer(
                    reference=order.reference, serial=order.serial, command=order.command.value, kind=one.kind.value,
                    place=place, due_at=now + timedelta(seconds=one.after_seconds), reason=one.reason,
                )
                for place, one in enumerate(planned)
            )  # fmt: skip
            if does(behaviour):
                _do(meter, order, now)

    def answers(self, *, most: int) -> Sequence[Answer]:
        """Return what is due and not confirmed; what a meter shows is read off when it is asked for."""
        now = timezone.now()
        rows = SandboxAnswer.objects.filter(is_confirmed=False, due_at__lte=now).order_by("due_at", "id")[:most]
        return [
            Answer(
                answer_id=str(row.id),
                reference=row.reference,
                kind=AnswerKind(row.kind),
                at=row.due_at,
                reason=row.reason,
                readings=_shown(row) if (row.command, row.kind) == _READ else (),
            )
            for row in rows
        ]

    def confirm(self, answer_ids: Sequence[str]) -> None:
        """Keep answers from being given again."""
        SandboxAnswer.objects.filter(id__in=[int(one) for one in answer_ids]).update(is_confirmed=True)

    def pull(self, *, cursor: str, most: int) -> Pulled:  # noqa: ARG002
        """Return nothing: these meters say nothing of their own."""
        return Pulled(messages=(), cursor=cursor)


def _do(meter: SandboxMeter, order: Order, now: datetime) -> None:
    """Change a meter as it is told to."""
    if order.command in SWITCHING:
        meter.is_on = SWITCHING[order.command] is Switch.ON
    elif order.command is Command.DEMAND_LIMIT:
        meter.limit_w, meter.limit_until = order.value_w, order.value_until
    elif order.command is Command.SYNC_TIME:
        meter.synced_at = now
    meter.save(update_fields=["is_on", "limit_w", "limit_until", "synced_at"])


_READ = (Command.READ_NOW.value, AnswerKind.SUCCEEDED.value)


def _shown(row: SandboxAnswer) -> tuple[Reading, ...]:
    """Return what the registers of a meter show: the last value that is known, and what its load added since then."""
    sandboxed = SandboxMeter.objects.get(serial=row.serial)
    hung = Installation.objects.filter(meter__serial=row.serial).order_by("-period").first()
    registers = Register.objects.filter(meter__serial=row.serial, is_interval=False).order_by("id")
    found = []
    for register in registers:
        last = RegisterRead.objects.filter(register=register).order_by("-read_date", "-version").first()
        value = last.reading_wh if last else 0
        if last and hung and register.quantity == "active":
            since = local_clock(supplier.current().time_zone).day_start_utc(last.read_date)
            value += counted_wh(
                load_w=sandboxed.load_w, seconds=_seconds(since, row.due_at), multiplier=hung.multiplier
            )
        found.append(Reading(register=register.code, reading_wh=value % 10 ** (register.digits + 3)))
    return tuple(found)


def _seconds(since: datetime, until: datetime) -> int:
    return int((until - since).total_seconds())
