"""
Alarms of meters, and the outages that they make, join and end.

A batch is taken in a constant number of statements, however many alarms it has, and some more for each outage that it
makes, widens or ends, or that began sooner than was known.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Findings, Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit
from cis.platform.db import execute, fetch, opens_transaction
from metering.domain import meter_alarms as rules
from metering.domain import outages as outage_rules
from metering.domain.meter_alarms import SENDERS, AlarmAnswer, AlarmKind, Heard, NewAlarm, Settled
from metering.domain.outages import OPEN, Answer, FaultKind, OutageAction, OutageRule, Signal
from metering.models.outage import Outage
from metering.operations import alarm_deeds, outage_repairs, outage_rows, outage_starts, outage_telling, outages
from metering.operations.alarm_deeds import Said
from metering.queries import dark_times, outage_places
from metering.queries.dark_times import DarkTime
from metering.queries.outage_places import Known, Position

_EXCUSES: Mapping[Answer | None, AlarmAnswer] = {
    Answer.PLANNED: AlarmAnswer.PLANNED,
    Answer.CUT: AlarmAnswer.CUT,
    Answer.PREPAID: AlarmAnswer.PREPAID,
}


class BadAlarms(Refused):
    """The alarms cannot be kept; ``detail["findings"]`` says why."""

    code = "bad_alarms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """
    What came of a batch of alarms.

    kept      so many were new; the others were heard before
    unknown   serial numbers of no meter of ours
    outages   that they belong to
    """

    kept: int
    unknown: tuple[str, ...]
    outages: tuple[int, ...]


@opens_transaction
def take(*, alarms: Sequence[NewAlarm], actor: Actor) -> Taken:
    """
    Take in alarms of meters; one that was heard before changes nothing.

    A meter without current belongs to the open outage of its supply, or makes one with the reports and alarms beside
    it, as ``domain.outages.gather`` says; a supply that was cut off or where a planned outage is on makes none. A meter
    that has current again ends the dark time of its supply, and the outage with the last of them, unless people are in
    danger there. That current is gone counts for a day: nobody is sent for what a head-end tells of last week. Where a
    meter says that it is gone since before the first report, the outage began then. What says nothing of current
    brings what the rules of the place say (``alarm_deeds``).

    :raises OutagesNotOffered: the pack has no rule on outages.
    :raises BadAlarms: none, too many, or of a time to come.
    :raises NotAllowed: the actor may not send them.
    """
    if not actor.is_one_of(SENDERS):
        raise NotAllowed(f"{actor.name} may not send alarms of meters.")
    at = timezone.now()
    rule = outage_places.rule(at=timezone.localdate(at))
    findings = Findings()
    rules.check_alarms(alarms, at=at, findings=findings)
    findings.raise_if_any(BadAlarms)
    kept, heard, others, unknown = _kept(alarms, at)
    batch = _Batch(rule, at)
    if heard:
        outage_rows.lock_network(outage_places.positions(service_point_ids=sorted(_points(heard))).values())
        batch.hear(heard)
        audit.record(actor, "take", "meter_alarms", None, kept=kept, outages=len(batch.touched))
    alarm_deeds.take_step(others, at=at)
    return Taken(kept=kept, unknown=unknown, outages=tuple(sorted(batch.touched)))


def _kept(alarms: Sequence[NewAlarm], at: datetime) -> tuple[int, list[Heard], list[Said], tuple[str, ...]]:
    """
    Keep what was not heard before; two statements.

    :returns: how many are new, of meters that hung somewhere those about current and the others, and the serial
        numbers that nobody knows.
    """
    given = {
        "serials": [one.serial for one in alarms], "kinds": [one.kind.value for one in alarms],
        "times": [one.occurred_at for one in alarms], "power": [kind.value for kind in rules.POWER], "at": at,
        "zone": timezone.get_default_timezone_name(),
    }  # fmt: skip
    rows = fetch(_KEEP, given)
    unknown = fetch(_UNKNOWN, given)
    heard = [
        Heard(id=row[0], service_point_id=row[1], kind=AlarmKind(row[2]), at=row[3])
        for row in rows
        if row[1] is not None and row[2] in rules.POWER
    ]
    others = [
        Said(id=row[0], service_point_id=row[1], kind=AlarmKind(row[2]), at=row[3], meter_id=row[4])
        for row in rows
        if row[1] is not None and row[2] not in rules.POWER
    ]
    return len(rows), heard, others, tuple(serial for (serial,) in unknown)


@dataclass(slots=True)
class _Batch:
    """What becomes of the alarms of one batch; nobody else decides meanwhile what is dark on their feeders."""

    rule: OutageRule
    at: datetime
    known: Mapping[int, Known] = field(default_factory=dict)
    dark: Mapping[int, DarkTime] = field(default_factory=dict)
    homes: Mapping[int, Outage] = field(default_factory=dict)
    answers: dict[int, tuple[AlarmAnswer, int | None]] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)
    sooner: list[tuple[int, int, datetime]] = field(default_factory=list)
    again: list[tuple[int, int, datetime, datetime | None]] = field(default_factory=list)

    def hear(self, heard: Sequence[Heard]) -> None:
        """Let all words of each meter count together, and write down what came of those that were heard now."""
        own: dict[int, list[Heard]] = {}
        for one in sorted(heard, key=lambda one: (one.at, one.id)):
            if not rules.is_too_late(one, at=self.at):
                own.setdefault(one.service_point_id, []).append(one)
        self._look(sorted(own))
        said = self._said(own)
        settled = {point: self._settled(point, said.get(point, [])) for point in sorted(own)}
        for point, left in settled.items():
            self._note(point, left, own[point], said[point])
        if self.sooner:
            outage_starts.sooner_step(self.sooner, outages=self.homes, minutes=self.rule.group_minutes)
        self._back({point: left for point, left in settled.items() if self._is_back(point, left)})
        gone = [(point, [one for one in own[point] if _is_lasting(one, settled[point])]) for point in own]
        self._gone([alarms[0] for _point, alarms in gone if alarms])
        for _point, alarms in gone:
            if alarms and alarms[0].id in self.answers:  # the meter says the same again
                self.answers |= {one.id: self.answers[alarms[0].id] for one in alarms}
        self._write()

    def _look(self, points: Sequence[int]) -> None:
        """Look what is known of supplies, and lock their outages, in one order for all; four statements."""
        self.known = outage_places.known(service_point_ids=points, at=self.at)
        self.dark = dark_times.last_dark(service_point_ids=points)
        wanted = {one.outage_id for one in self.known.values() if one.outage_id is not None}
        self.homes = outage_rows.lock_many(wanted | {one.outage_id for one in self.dark.values()})

    def _said(self, own: Mapping[int, Sequence[Heard]]) -> dict[int, list[tuple[datetime, AlarmKind]]]:
        """Return what meters said since the first of what is heard now, or since it is dark; one statement."""
        since = {point: alarms[0].at for point, alarms in own.items()}
        for point, one in self.dark.items():
            if one.back_at is None:
                since[point] = min(since[point], one.off_at)
        found: dict[int, list[tuple[datetime, AlarmKind]]] = {}
        for point, at, kind in fetch(_SAID, [list(since), list(since.values()), self.at - rules.LATE_MOST]):
            found.setdefault(point, []).append((at, AlarmKind(kind)))
        return found

    def _settled(self, point: int, said: Sequence[tuple[datetime, AlarmKind]]) -> Settled:
        last = self.dark.get(point)
        return rules.settle(said) if last is None else rules.settle(said, off_at=last.off_at, back_at=last.back_at)

    def _note(self, point: int, one: Settled, own: Sequence[Heard], said: Sequence[tuple[datetime, AlarmKind]]) -> None:
        """Note what alarms say of the dark time that is known of their supply, and which of them are over already."""
        last, gone = self.dark.get(point), [at for at, kind in said if kind is AlarmKind.POWER_OFF]
        for alarm in own:
            if alarm.kind is AlarmKind.POWER_OFF and not _is_lasting(alarm, one):
                self.answers[alarm.id] = AlarmAnswer.BRIEF, last.outage_id if last and _is_in(alarm, one) else None
            elif alarm.kind is AlarmKind.POWER_ON and gone and alarm.at < max(gone):
                self.answers[alarm.id] = AlarmAnswer.BRIEF, None
            if last is not None and alarm.kind is AlarmKind.POWER_ON and alarm.at == one.back_at != last.back_at:
                self.answers[alarm.id] = AlarmAnswer.OUTAGE, last.outage_id
        if last is None or one.off_at is None or last.is_planned:
            return
        if last.back_at is None and self.known[point].answer in _EXCUSES:
            return
        if one.off_at < last.off_at:
            self.sooner.append((last.outage_id, point, one.off_at))
        self.again += [(last.outage_id, point, part.gone_at, part.back_at) for part in one.more]

    def _is_back(self, point: int, one: Settled) -> bool:
        return point in self.dark and one.back_at is not None and one.back_at != self.dark[point].back_at

    def _back(self, settled: Mapping[int, Settled]) -> None:
        """
        Note that current flows again where meters say so, or flowed again sooner than was known.

        Nobody is told where it is gone once more.
        """
        times = {point: one.back_at for point, one in settled.items() if one.back_at is not None}
        over = {point: at for point, at in times.items() if self.dark[point].back_at is not None}
        sooner = outage_rows.back_sooner_step(over)
        found = outage_rows.back_each_step({point: at for point, at in times.items() if point not in over})
        if self.again:
            outage_rows.again_step(self.again)
        outage_rows.restored_sooner_step(sooner)
        self.touched |= {outage_id for outage_id, _point in found}
        gone = {point for _outage, point, _at, back_at in self.again if back_at is None}
        by_outage: dict[int, list[int]] = {}
        for outage_id, point in found:
            if point not in gone:
                by_outage.setdefault(outage_id, []).append(point)
        left = dark_times.still_dark(outage_ids=list(by_outage)) if by_outage else {}
        for outage_id, points in by_outage.items():
            since = max(settled[point].ended_at or times[point] for point in points)
            self._part(self.homes[outage_id], points, since, is_last=not left.get(outage_id))

    def _part(self, outage: Outage, points: Sequence[int], since: datetime, *, is_last: bool) -> None:
        self.touched.add(outage.id)
        outage_telling.queue_back_step(outage_id=outage.id, service_point_ids=sorted(points), at=since)
        if is_last and not outage.is_dangerous:
            outage_repairs.restored_step(outage, at=since, actor=SYSTEM)
        else:
            outage_rows.move(outage, OutageAction.PART, actor=SYSTEM, note=str(len(points)))

    def _gone(self, heard: Sequence[Heard]) -> None:
        """Find the outage of each supply whose meter says that current is gone."""
        if not heard:
            return
        homes = {key: row for key, row in self.homes.items() if row.state in OPEN}
        noted = {point for _outage, point, _at, back_at in self.again if back_at is None}
        new: list[Heard] = []
        again: list[tuple[int, int, datetime, None]] = []
        for one in heard:
            last = self.dark.get(one.service_point_id)
            if last is not None and one.service_point_id in noted:
                self.answers[one.id] = AlarmAnswer.OUTAGE, last.outage_id
                continue
            answer, outage_id, is_again = _answered(self.known[one.service_point_id], last, homes)
            if answer is None:
                new.append(one)
                continue
            self.answers[one.id] = answer, outage_id
            if is_again and outage_id is not None:
                again.append((outage_id, one.service_point_id, one.at, None))
        if again:
            outage_rows.again_step(again)
            outage_rows.began_step({one[0] for one in again})
        self._make(new)

    def _make(self, heard: Sequence[Heard]) -> None:
        """Make outages of alarms of which nobody knew, with what was reported beside them."""
        if not heard:
            return
        positions = outage_places.positions(service_point_ids=sorted(_points(heard)))
        near = outages.near(list(positions.values()), min(one.at for one in heard), self.rule.group_minutes)
        homes = {signal.id: outage_id for signal, outage_id in near}
        own = {-one.id: _signal(one, positions[one.service_point_id]) for one in heard}
        groups = outage_rules.gather([*(signal for signal, _ in near), *own.values()], rule=self.rule)
        is_first = True
        for group in groups:
            mine = [signal_id for signal_id in group.signal_ids if signal_id in own]
            if not mine:
                continue
            position = positions[own[mine[0]].service_point_id]
            ids = sorted({homes[signal_id] for signal_id in group.signal_ids if signal_id in homes})
            if not ids and not is_first:
                ids = _dark_by_now({own[signal_id].service_point_id for signal_id in mine})
            is_first = False
            outage, is_new = outages.made_of(group, position, ids)
            self.answers |= {-signal_id: (AlarmAnswer.OUTAGE, outage.id) for signal_id in mine}
            if is_new:
                outage_repairs.take_step(outage, fault=FaultKind.NO_POWER.value)

    def _write(self) -> None:
        """Write down what came of each alarm; one statement."""
        self.touched |= {outage_id for _answer, outage_id in self.answers.values() if outage_id is not None}
        told = list(self.answers.items())
        execute(
            _ANSWER,
            [[one for one, _ in told], [answer.value for _, (answer, _) in told], [home for _, (_, home) in told]],
        )


def _answered(
    known: Known, last: DarkTime | None, homes: Mapping[int, Outage]
) -> tuple[AlarmAnswer | None, int | None, bool]:
    """Return what is known of a supply that is dark, its outage, and whether it is by that from now; None: nothing."""
    if excuse := _EXCUSES.get(known.answer):
        return excuse, known.outage_id, False
    if known.outage_id in homes:
        return AlarmAnswer.OUTAGE, known.outage_id, last is None or last.back_at is not None
    if last is not None and last.may_go_on and last.outage_id in homes:
        return AlarmAnswer.OUTAGE, last.outage_id, True
    return None, None, False


def _dark_by_now(points: Iterable[int]) -> list[int]:
    """Return the outage that an earlier part of a batch made, or widened, over supplies; none or one."""
    found = dark_times.last_dark(service_point_ids=list(points)).values()
    return sorted(one.outage_id for one in found if one.back_at is None and one.is_open and not one.is_planned)[:1]


def _is_lasting(one: Heard, settled: Settled) -> bool:
    """Return whether an alarm says that a supply is dark, and it is since then."""
    return one.kind is AlarmKind.POWER_OFF and settled.since is not None and one.at >= settled.since


def _is_in(one: Heard, settled: Settled) -> bool:
    """Return whether an alarm is of the dark time that is known."""
    if settled.off_at is None or one.at < settled.off_at:
        return False
    return settled.back_at is None or one.at <= settled.back_at


def _signal(one: Heard, position: Position) -> Signal:
    return Signal(
        id=-one.id, service_point_id=one.service_point_id, transformer_id=position.transformer_id,
        feeder_id=position.feeder_id, at=one.at,
    )  # fmt: skip


def _points(heard: Iterable[Heard]) -> set[int]:
    return {one.service_point_id for one in heard}


_SAID = """
    SELECT a.service_point_id, a.occurred_at, a.kind
    FROM unnest(%s::bigint[], %s::timestamptz[]) AS one (point, since)
    JOIN metering_meteralarm a ON a.service_point_id = one.point AND a.occurred_at >= one.since
    WHERE a.kind = 'power_on' OR (a.kind = 'power_off' AND a.occurred_at >= %s)
"""
# In the order of meters, so that two who send the same alarms do not wait for one another.
_KEEP = """
    INSERT INTO metering_meteralarm (meter_id, service_point_id, kind, answer, occurred_at, received_at)
    SELECT m.id, i.service_point_id, one.kind, CASE WHEN one.kind = ANY(%(power)s) THEN 'nothing' ELSE 'noted' END,
           one.at, %(at)s
    FROM (SELECT DISTINCT serial, kind, at
          FROM unnest(%(serials)s::text[], %(kinds)s::text[], %(times)s::timestamptz[]) AS x (serial, kind, at)) AS one
    JOIN metering_meter m ON m.serial = one.serial
    LEFT JOIN metering_installation i ON i.meter_id = m.id AND i.period @> (one.at AT TIME ZONE %(zone)s)::date
    ORDER BY m.id, one.kind, one.at
    ON CONFLICT (meter_id, kind, occurred_at) DO NOTHING
    RETURNING id, service_point_id, kind, occurred_at, meter_id
"""
_UNKNOWN = """
    SELECT DISTINCT one.serial FROM unnest(%(serials)s::text[]) AS one (serial)
    WHERE NOT EXISTS (SELECT FROM metering_meter m WHERE m.serial = one.serial) ORDER BY 1
"""
_ANSWER = """
    UPDATE metering_meteralarm a SET answer = one.answer, outage_id = one.outage
    FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS one (id, answer, outage) WHERE a.id = one.id
"""
