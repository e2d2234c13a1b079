"""
What comes of alarms that say nothing of current: work, a case, or the suspicion that energy is not counted.

The pack says which of them comes of which kind, and for how many days more alarms of the kind of a meter bring nothing
new: a meter whose cover stands open says so each hour.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from metering.domain.meter_alarms import LATE_MOST, POWER, AlarmAnswer, AlarmKind
from metering.domain.work_orders import Priority, WorkKind

SUBJECT = "meter_alarm"
"""What an alarm is called where others speak of it: audit trail, work orders."""
DEEDS = (AlarmAnswer.WORK, AlarmAnswer.CASE, AlarmAnswer.SUSPICION)
"""What can come of an alarm by a rule."""


class BadAlarmRule(ValueError):
    """A rule of the pack cannot be followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRule:
    """
    What comes of alarms of one kind: exactly one of work, a case, a suspicion.

    work        kind of the order; None: none
    priority    of the order; where people are in danger, the crew that is free is sent at once
    case_class  class of the case, one for each transformer; "": none
    suspicion   a usage inspection is opened
    every_days  so long more alarms of the kind of a meter bring nothing new [days]
    """

    kind: AlarmKind
    every_days: int
    work: WorkKind | None = None
    priority: Priority = Priority.NORMAL
    case_class: str = ""
    suspicion: bool = False

    @property
    def deed(self) -> AlarmAnswer:
        """Return what comes of it."""
        if self.work is not None:
            return AlarmAnswer.WORK
        return AlarmAnswer.SUSPICION if self.suspicion else AlarmAnswer.CASE

    @property
    def fresh(self) -> timedelta:
        """Return how old an alarm may be: nobody is sent for last week, but who was there last week may be asked."""
        every = timedelta(days=self.every_days)
        return every if self.suspicion else min(LATE_MOST, every)


class Word(NamedTuple):
    """An alarm that was heard now."""

    id: int
    meter_id: int
    kind: AlarmKind
    at: datetime


class Before(NamedTuple):
    """An alarm of which something came before; ``stands``: what was ordered because of it is still to be done."""

    id: int
    meter_id: int
    kind: AlarmKind
    at: datetime
    stands: bool = False


class Decided(NamedTuple):
    """What comes of an alarm; ``first_id``: the one of which it came already."""

    alarm_id: int
    answer: AlarmAnswer
    first_id: int | None = None


def rules_of(value: Mapping[str, Mapping[str, Any]]) -> dict[AlarmKind, AlarmRule]:
    """
    Return the rules of a pack, by kind.

    :raises BadAlarmRule: a rule says nothing or more than one thing, or is about current.
    """
    found = {}
    for name, given in value.items():
        kind = AlarmKind(name)
        if kind in POWER:
            raise BadAlarmRule(f"{name}: outages come of it, by no rule.")
        if sum(bool(given.get(key)) for key in ("work", "case_class", "suspicion")) != 1:
            raise BadAlarmRule(f"{name}: one of work, case_class and suspicion comes of it.")
        work = given.get("work")
        found[kind] = AlarmRule(
            kind=kind, every_days=given["every_days"], work=WorkKind(work) if work else None,
            priority=Priority(given.get("priority") or Priority.NORMAL), case_class=given.get("case_class") or "",
            suspicion=bool(given.get("suspicion")),
        )  # fmt: skip
    return found


def decide(
    words: Iterable[Word], *, rules: Mapping[AlarmKind, AlarmRule], before: Sequence[Before], at: datetime
) -> tuple[Decided, ...]:
    """
    Return what comes of alarms, in the order in which they were said; those of no rule, and those too old, are kept.

    However many alarms a meter sends in a storm, the first of a kind brings something, and the others belong to it.

    :param before: alarms of these meters of which something came, whenever they were said.
    """
    came: dict[tuple[int, AlarmKind], list[Before]] = {}
    for one in before:
        came.setdefault((one.meter_id, one.kind), []).append(one)
    found = []
    for word in sorted(words, key=lambda word: (word.at, word.id)):
        rule = rules.get(word.kind)
        if rule is None or word.at < at - rule.fresh:
            found.append(Decided(word.id, AlarmAnswer.NOTED))
            continue
        every, own = timedelta(days=rule.every_days), came.setdefault((word.meter_id, word.kind), [])
        near = min(
            (one for one in own if one.stands or abs(one.at - word.at) < every), key=lambda one: one.id, default=None
        )
        if near is not None:
            found.append(Decided(word.id, AlarmAnswer.AGAIN, near.id))
            continue
        own.append(Before(*word))
        found.append(Decided(word.id, rule.deed))
    return tuple(found)
