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
    group_above where more meters of a transformer say so within that, one order is for the transformer; 0: never
    own_work    nothing comes of it where our own people worked on that day
    """

    kind: AlarmKind
    every_days: int
    work: WorkKind | None = None
    priority: Priority = Priority.NORMAL
    case_class: str = ""
    suspicion: bool = False
    group_above: int = 0
    own_work: bool = False

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
    """An alarm that was heard now; ``is_own``: our own people worked there on that day."""

    id: int
    meter_id: int
    kind: AlarmKind
    at: datetime
    transformer_id: int | None = None
    is_own: bool = False


class Before(NamedTuple):
    """
    An alarm of which something came before.

    stands    what was ordered because of it is still to be done
    is_whole  it was ordered for the transformer, and so for all its meters
    """

    id: int
    meter_id: int
    kind: AlarmKind
    at: datetime
    stands: bool = False
    transformer_id: int | None = None
    is_whole: bool = False


class Decided(NamedTuple):
    """
    What comes of an alarm.

    first_id  the one of which it came already
    meters    for so many meters of the transformer its order is; 0: for its own
    """

    alarm_id: int
    answer: AlarmAnswer
    first_id: int | None = None
    meters: int = 0


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
            suspicion=bool(given.get("suspicion")), group_above=given.get("group_above") or 0,
            own_work=bool(given.get("own_work")),
        )  # fmt: skip
    return found


def decide(
    words: Iterable[Word], *, rules: Mapping[AlarmKind, AlarmRule], before: Sequence[Before], at: datetime
) -> tuple[Decided, ...]:
    """
    Return what comes of alarms, in the order in which they were said; those of no rule, and those too old, are kept.

    However many alarms a meter sends in a storm, the first of a kind brings something, and the others belong to it.
    Where more meters of a transformer than its rule says need work, the first of them brings it for all.

    :param before: alarms of these meters, and for work those of their transformers, of which something came, whenever
        they were said.
    """
    came: dict[tuple[int, AlarmKind], list[Before]] = {}
    around: dict[tuple[int | None, AlarmKind], list[Before]] = {}
    for one in before:
        came.setdefault((one.meter_id, one.kind), []).append(one)
        around.setdefault((one.transformer_id, one.kind), []).append(one)
    found: list[Decided] = []
    new: dict[tuple[int | None, AlarmKind], list[Word]] = {}
    for word in sorted(words, key=lambda word: (word.at, word.id)):
        rule = rules.get(word.kind)
        if rule is None or word.at < at - rule.fresh:
            found.append(Decided(word.id, AlarmAnswer.NOTED))
            continue
        if rule.own_work and word.is_own:
            found.append(Decided(word.id, AlarmAnswer.OWN_WORK))
            continue
        own, beside = came.setdefault((word.meter_id, word.kind), []), _beside(word, around, rule)
        near = _near(word, [*own, *(one for one in beside if one.is_whole)], rule)
        if near:
            found.append(Decided(word.id, AlarmAnswer.AGAIN, min(one.id for one in near)))
            continue
        own.append(Before(*word[:4]))
        found.append(Decided(word.id, rule.deed))
        if rule.work is not None:
            new.setdefault((word.transformer_id, word.kind), []).append(word)
    return _grouped(found, new, rules=rules, around=around)


_Around = Mapping[tuple[int | None, AlarmKind], Sequence[Before]]


def _near(word: Word, before: Iterable[Before], rule: AlarmRule) -> list[Before]:
    """Return what came before that an alarm belongs to."""
    every = timedelta(days=rule.every_days)
    return [one for one in before if one.stands or abs(one.at - word.at) < every]


def _beside(word: Word, around: _Around, rule: AlarmRule) -> Sequence[Before]:
    """Return what came before of the transformer of a meter, where its rule looks at transformers."""
    if not rule.group_above or word.transformer_id is None:
        return ()
    return around.get((word.transformer_id, word.kind), ())


def _grouped(
    found: Iterable[Decided], new: Mapping[tuple[int | None, AlarmKind], Sequence[Word]], *,
    rules: Mapping[AlarmKind, AlarmRule], around: _Around,
) -> tuple[Decided, ...]:  # fmt: skip
    """Let the first of many meters of a transformer bring one order for all of them."""
    firsts: dict[int, Word] = {}
    meters: dict[int, int] = {}
    for (transformer_id, kind), words in new.items():
        rule, first = rules[kind], words[0]
        told = {one.meter_id for one in words}
        told |= {one.meter_id for one in _near(first, _beside(first, around, rule), rule)}
        if transformer_id is not None and rule.group_above and len(told) > rule.group_above:
            meters[first.id] = len(told)
            firsts |= {one.id: first for one in words[1:]}
    return tuple(
        one._replace(answer=AlarmAnswer.AGAIN, first_id=firsts[one.alarm_id].id)
        if one.alarm_id in firsts
        else one._replace(
            first_id=firsts[one.first_id].id if one.first_id in firsts else one.first_id,
            meters=meters.get(one.alarm_id, 0),
        )
        for one in found
    )
