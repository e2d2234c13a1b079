"""
Alarms of meters: a meter says with its last breath that current is gone, and that it flows again. What comes of other
things that it says is in ``alarm_rules``.

A meter repeats itself, and alarms come late and in another order than they were sent: each counts once, and what a
supply is left with is what its meter said last.
"""

from collections.abc import Collection, Iterable, Sequence
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
SLACK = timedelta(minutes=15)
"""A meter may have said so before somebody reported it."""
SENDERS: frozenset[Role | ActorKind] = frozenset((Role.METERING, ActorKind.CLIENT, ActorKind.SYSTEM))


class AlarmKind(StrEnum):
    """
    What a meter says of its own.

    POWER_OFF       no current flows: its last gasp
    POWER_ON        current flows again
    COVER_OPEN      its cover, or that of its terminals, was opened
    MAGNETIC_FIELD  a strong magnet is near
    OVER_VOLTAGE    the voltage is above what is allowed
    UNDER_VOLTAGE   the voltage is below what is allowed
    CLOCK_DRIFT     its clock is wrong
    BREAKER         its switch does not do what it is told to
    REVERSE_FLOW    energy flows backwards where none is expected
    PHASE_LOST      one of its phases has no voltage, or no current
    """

    POWER_OFF = "power_off"
    POWER_ON = "power_on"
    COVER_OPEN = "cover_open"
    MAGNETIC_FIELD = "magnetic_field"
    OVER_VOLTAGE = "over_voltage"
    UNDER_VOLTAGE = "under_voltage"
    CLOCK_DRIFT = "clock_drift"
    BREAKER = "breaker"
    REVERSE_FLOW = "reverse_flow"
    PHASE_LOST = "phase_lost"


POWER = frozenset((AlarmKind.POWER_OFF, AlarmKind.POWER_ON))
"""Kinds that say whether current flows; the others say nothing of it."""


class AlarmAnswer(StrEnum):
    """
    What came of an alarm.

    OUTAGE    it belongs to an outage: made, joined, or ended in part by it
    PLANNED   an outage that was announced is on
    CUT       the supply was cut off because of a debt
    PREPAID   the supply was cut off because the prepaid balance is used up
    BRIEF     current was back, or gone again, before the alarm was heard
    NOTHING   nothing was dark there: the meter hangs nowhere, current flows and is known to, or it is too long ago
    NOTED     it says nothing of current, no rule makes anything of it, and it is kept
    WORK      a crew is ordered
    CASE      a case of complaint is taken in
    SUSPICION a usage inspection is opened, or one that is under way has a further reason
    AGAIN     something came of an alarm of the kind already, of this meter or for its whole transformer
    OWN_WORK  our own people worked there on that day
    """

    OUTAGE = "outage"
    PLANNED = "planned"
    CUT = "cut"
    PREPAID = "prepaid"
    BRIEF = "brief"
    NOTHING = "nothing"
    NOTED = "noted"
    WORK = "work"
    CASE = "case"
    SUSPICION = "suspicion"
    AGAIN = "again"
    OWN_WORK = "own_work"


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


@dataclass(frozen=True, slots=True)
class Spell:
    """A time without current; ``back_at`` None: it lasts."""

    gone_at: datetime
    back_at: datetime | None


def spells(words: Iterable[tuple[datetime, AlarmKind]]) -> list[Spell]:
    """
    Return when a supply was dark, the earliest first, in whatever order it was told.

    It is dark from the first word without current to the first one with current after it: a meter that says the same
    again says nothing new. Of the same instant the word with current is the later one.
    """
    found: list[Spell] = []
    for at, kind in sorted(words, key=lambda word: (word[0], word[1] is AlarmKind.POWER_ON)):
        is_dark = bool(found) and found[-1].back_at is None
        if kind is AlarmKind.POWER_OFF and not is_dark:
            found.append(Spell(at, None))
        elif kind is AlarmKind.POWER_ON and is_dark:
            found[-1] = Spell(found[-1].gone_at, at)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """
    What a supply is left with after all words of its meter.

    off_at, back_at  of its last dark time that is known; None: none is, or it lasts
    more             what is left of that, where current flowed in between
    since            since when it is dark now; None: current flows
    """

    off_at: datetime | None
    back_at: datetime | None
    more: tuple[Spell, ...]
    since: datetime | None

    @property
    def ended_at(self) -> datetime | None:
        """Return when current flowed again after all that is known; None: it is dark, or nothing was known."""
        return self.more[-1].back_at if self.more else self.back_at


def settle(
    words: Sequence[tuple[datetime, AlarmKind]], *, off_at: datetime | None = None, back_at: datetime | None = None
) -> Settled:
    """
    Return what a supply is left with, whenever and in whatever order its meter was heard.

    The dark time that is known began, and ended, when the meter says so, if that is sooner. Where a person alone says
    that it ended, a word of more than ``SLACK`` before it began is of another one: it was over before it was heard.

    :param words: what its meter said since the first of what is heard now, and since it is dark.
    :param off_at, back_at: of the last dark time that is known, whoever said so.
    """
    known = [] if off_at is None else [(off_at, AlarmKind.POWER_OFF)]
    known += [] if back_at is None else [(back_at, AlarmKind.POWER_ON)]
    found = spells([*words, *known])
    last = found[-1] if found else None
    since = last.gone_at if last is not None and last.back_at is None else None
    if off_at is None:
        return Settled(off_at=None, back_at=None, more=(), since=since)
    place = max(place for place, one in enumerate(found) if one.gone_at <= off_at)
    own = found[place]
    is_told = own.back_at is None or (own.back_at, AlarmKind.POWER_ON) in words
    return Settled(
        off_at=own.gone_at if is_told or off_at - SLACK <= own.gone_at else off_at, back_at=own.back_at, since=since,
        more=tuple(one for one in found[place + 1 :] if back_at is None or one.gone_at <= back_at),
    )  # fmt: skip
