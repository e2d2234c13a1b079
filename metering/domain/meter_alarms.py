"""
Alarms of meters: a meter says with its last breath that current is gone, and that it flows again.

A meter repeats itself, and alarms come late and in another order than they were sent: each counts once, and what a
supply is left with is what its meter said last.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Findings

BATCH_MOST = 10_000
SERIAL_MOST = 40
AHEAD_MOST = timedelta(minutes=10)
"""So far the clock of a meter may be before ours."""
LATE_MOST = timedelta(days=1)
"""Who was dark longer ago than that and said no more since is not known to be dark: a rule of ours, no source."""
SENDERS: frozenset[Role | ActorKind] = frozenset((Role.METERING, ActorKind.CLIENT, ActorKind.SYSTEM))


class AlarmKind(StrEnum):
    """What a meter says of its own: no current flows (its last gasp), or it flows again."""

    POWER_OFF = "power_off"
    POWER_ON = "power_on"


class AlarmAnswer(StrEnum):
    """
    What came of an alarm.

    OUTAGE    it belongs to an outage: made, joined, or ended in part by it
    PLANNED   an outage that was announced is on
    CUT       the supply was cut off because of a debt
    PREPAID   the supply was cut off because the prepaid balance is used up
    BRIEF     current was back, or gone again, before the alarm was heard
    NOTHING   nothing was dark there: the meter hangs nowhere, current flows and is known to, or it is too long ago
    """

    OUTAGE = "outage"
    PLANNED = "planned"
    CUT = "cut"
    PREPAID = "prepaid"
    BRIEF = "brief"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAlarm:
    """An alarm as a head-end sends it."""

    serial: str
    kind: AlarmKind
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An alarm that was kept, of a meter that hung at a supply then."""

    id: int
    service_point_id: int
    kind: AlarmKind
    at: datetime


def check_alarms(alarms: Collection[NewAlarm], *, at: datetime, findings: Findings) -> None:
    """Note what is wrong with alarms, looked at alone."""
    if not 1 <= len(alarms) <= BATCH_MOST:
        findings.add("alarms", "bad_alarm_count", f"1 to {BATCH_MOST} alarms are told at once.")
    for place, one in enumerate(alarms):
        if one.occurred_at > at + AHEAD_MOST:
            findings.add(f"alarms.{place}.occurred_at", "future_alarm", "It is said of a time to come.")


def is_too_late(alarm: Heard, *, at: datetime) -> bool:
    """Return whether an alarm without current tells of a time too long ago to send anybody."""
    return alarm.kind is AlarmKind.POWER_OFF and alarm.at < at - LATE_MOST


def latest(alarms: Iterable[Heard]) -> tuple[list[Heard], list[Heard]]:
    """Return the last alarm of each supply, and those before them; of the same instant the later kept one is last."""
    last: dict[int, Heard] = {}
    brief = []
    for one in sorted(alarms, key=lambda one: (one.at, one.id)):
        if one.service_point_id in last:
            brief.append(last[one.service_point_id])
        last[one.service_point_id] = one
    return list(last.values()), brief
