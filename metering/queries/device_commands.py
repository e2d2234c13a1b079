"""Commands to meters, for pages and for the cases that ordered them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from cis.kernel.errors import Refused
from metering.domain.device_commands import UNDER_WAY, Command, CommandState
from metering.models.command import CommandReading, DeviceCommand

WAITING = "under_way"
"""In place of a state: all that wait for an answer."""


class UnknownCommand(Refused):
    """There is no such command."""

    code = "unknown_command"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandCard:
    """
    A command as a list shows it; the instants of what has not happened are None.

    value_w, value_until  limit of demand, and when it ends by itself; None elsewhere, or: lifted. [W]
    until     what has no result by then has timed out
    readings  (register, reading) of a command that read. [Wh, varh or W, before the multiplier]
    """

    id: int
    meter_id: int
    serial: str
    command: Command
    value_w: int | None
    value_until: datetime | None
    state: CommandState
    subject: str
    subject_id: int
    ordered_at: datetime
    until: datetime
    sent_at: datetime | None
    acknowledged_at: datetime | None
    ended_at: datetime | None
    attempts: int
    repeats: int
    reason: str
    actor_name: str
    readings: tuple[tuple[str, int], ...] = ()

    @property
    def is_under_way(self) -> bool:
        """Return whether an answer is awaited."""
        return self.state in UNDER_WAY


def listed(
    *, state: str = "", command: str = "", serial: str = "", offset: int = 0, most: int = 50
) -> tuple[CommandCard, ...]:
    """
    Return some commands, latest first; two statements.

    state   one of them, or ``WAITING``; "" = all
    serial  the first characters of a meter number
    """
    return _cards(selected(state=state, command=command, serial=serial).order_by("-id")[offset : offset + most])


def count(*, state: str = "", command: str = "", serial: str = "") -> int:
    """Return how many there are; one statement."""
    return selected(state=state, command=command, serial=serial).count()


def of_meter(*, meter_id: int, most: int = 50) -> tuple[CommandCard, ...]:
    """Return the last commands of a meter, latest first; two statements."""
    return _cards(DeviceCommand.objects.filter(meter_id=meter_id).order_by("-id")[:most])


def of_case(*, subject: str, subject_id: int) -> tuple[CommandCard, ...]:
    """Return the commands that a case ordered, latest first; two statements."""
    return _cards(DeviceCommand.objects.filter(subject=subject, subject_id=subject_id).order_by("-id"))


def one(*, command_id: int) -> CommandCard:
    """
    Return one command; two statements.

    :raises UnknownCommand: there is none.
    """
    found = _cards(DeviceCommand.objects.filter(id=command_id))
    if not found:
        raise UnknownCommand(f"There is no command {command_id}.", command_id=command_id)
    return found[0]


def by_ids(*, command_ids: Iterable[int]) -> dict[int, CommandCard]:
    """Return some commands by id; two statements."""
    return {card.id: card for card in _cards(DeviceCommand.objects.filter(id__in=list(command_ids)))}


def selected(*, state: str = "", command: str = "", serial: str = "") -> QuerySet[DeviceCommand]:
    """Return the rows of a list, in no order, for pages by cursor."""
    rows = DeviceCommand.objects.all()
    if state:
        rows = rows.filter(state__in=UNDER_WAY) if state == WAITING else rows.filter(state=state)
    if command:
        rows = rows.filter(command=command)
    return rows.filter(meter__serial__startswith=serial.strip()) if serial.strip() else rows


def _cards(rows: QuerySet[DeviceCommand]) -> tuple[CommandCard, ...]:
    found = list(rows.select_related("meter"))
    readings: dict[int, list[tuple[str, int]]] = {}
    shown = CommandReading.objects.filter(command_id__in=[row.id for row in found]).order_by("register_id")
    for command_id, code, value in shown.values_list("command_id", "register__code", "reading_wh"):
        readings.setdefault(command_id, []).append((code, value))
    return tuple(
        CommandCard(
            id=row.id, meter_id=row.meter_id, serial=row.meter.serial, command=Command(row.command),
            value_w=row.value_w, value_until=row.value_until, state=CommandState(row.state), subject=row.subject,
            subject_id=row.subject_id, ordered_at=row.ordered_at, until=row.until, sent_at=row.sent_at,
            acknowledged_at=row.acknowledged_at, ended_at=row.ended_at, attempts=row.attempts, repeats=row.repeats,
            reason=row.reason, actor_name=row.actor_name,
            readings=tuple(readings.get(row.id, ())),
        )
        for row in found
    )  # fmt: skip
