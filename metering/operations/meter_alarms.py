"""
Alarms of meters, and the outages that they make, join and end.

A batch is taken in a constant number of statements, however many alarms it has, and some more for each outage that it
makes, widens or ends, or that began sooner than was known.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils import timezone

from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Findings, Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit
from cis.platform.db import execute, fetch, joins_transaction, opens_transaction
from metering.domain import meter_alarms as rules
from metering.domain import outages as outage_rules
from metering.domain.meter_alarms import SENDERS, AlarmAnswer, AlarmKind, Heard, NewAlarm
from metering.domain.outages import OPEN, Answer, FaultKind, OutageAction, OutageRule, Signal
from metering.models.outage import Outage
from metering.operations import outage_repairs, outage_rows, outage_starts, outage_telling, outages
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
    meter says that it is gone since before the first report, the outage began then.

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
    kept, heard, unknown = _kept(alarms, at)
    batch = _Batch(rule, at)
    if heard:
        outage_rows.lock_network(outage_places.positions(service_point_ids=sorted(_points(heard))).values())
        batch.hear(heard)
        audit.record(actor, "take", "meter_alarms", None, kept=kept, outages=len(batch.touched))
    return Taken(kept=kept, unknown=unknown, outages=tuple(sorted(batch.touched)))


def _kept(alarms: Sequence[NewAlarm], at: datetime) -> tuple[int, list[Heard], tuple[str, ...]]:
    """
    Keep what was not heard before; two statements.

    :returns: how many are new, those of meters that hung somewhere, and the serial numbers that nobody knows.
    """
    given = {
        "serials": [one.serial for one in alarms], "kinds": [one.kind.value for one in alarms],
        "times": [one.occurred_at for one in alarms], "at": at, "zone": timezone.get_default_timezone_name(),
    }  # fmt: skip
    rows = fetch(_KEEP, given)
    unknown = fetch(_UNKNOWN, given)
    heard = [
        Heard(id=row[0], service_point_id=row[1], kind=AlarmKind(row[2]), at=row[3])
        for row in rows
        if row[1] is not None
    ]
    return len(rows), heard, tuple(serial for (serial,) in unknown)


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

    def hear(self, heard: Sequence[Heard]) -> None:
        """Let the last word of each meter count, and write down what came of all of them."""
        newer = _newest(_points(heard), heard)
        last, brief = rules.latest(heard)
        stale = [one for one in last if one.at < newer.get(one.service_point_id, one.at)]
        for one in (*brief, *stale):
            self.answers[one.id] = AlarmAnswer.BRIEF, None
        fresh = [one for one in last if one.id not in self.answers and not rules.is_too_late(one, at=self.at)]
        self._look(sorted(_points(fresh)))
        self._back([one for one in fresh if one.kind is AlarmKind.POWER_ON])
        self._gone([one for one in fresh if one.kind is AlarmKind.POWER_OFF])
        self._write()

    def _look(self, points: Sequence[int]) -> None:
        """Look what is known of supplies, and lock their outages, in one order for all; four statements."""
        self.known = outage_places.known(service_point_ids=points, at=self.at)
        self.dark = dark_times.last_dark(service_point_ids=points)
        wanted = {one.outage_id for one in self.known.values() if one.outage_id is not None}
        self.homes = outage_rows.lock_many(wanted | {one.outage_id for one in self.dark.values()})

    def _back(self, heard: Sequence[Heard]) -> None:
        """Note that current flows again where meters say so."""
        by_point = {one.service_point_id: one for one in heard}
        found = outage_rows.back_each_step({point: one.at for point, one in by_point.items() if point in self.dark})
        by_outage: dict[int, list[int]] = {}
        for outage_id, point in found:
            by_outage.setdefault(outage_id, []).append(point)
            self.answers[by_point[point].id] = AlarmAnswer.OUTAGE, outage_id
        left = dark_times.still_dark(outage_ids=list(by_outage)) if by_outage else {}
        for outage_id, points in by_outage.items():
            since = max(by_point[point].at for point in points)
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
        new: list[Heard] = []
        again: list[tuple[int, int, datetime]] = []
        sooner: list[tuple[int, int, datetime]] = []
        for one in heard:
            answer, outage_id, is_again = _answered(one, self.known[one.service_point_id], self.dark, homes)
            if answer is None:
                new.append(one)
                continue
            self.answers[one.id] = answer, outage_id
            if is_again and outage_id is not None:
                again.append((outage_id, one.service_point_id, one.at))
            elif _is_sooner(one, self.dark.get(one.service_point_id), outage_id):
                sooner.append((self.dark[one.service_point_id].outage_id, one.service_point_id, one.at))
        if again:
            outage_rows.again_step(again)
            outage_rows.began_step({outage_id for outage_id, _point, _at in again})
        if sooner:
            outage_starts.sooner_step(sooner, outages=self.homes, minutes=self.rule.group_minutes)
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
        for group in groups:
            mine = [signal_id for signal_id in group.signal_ids if signal_id in own]
            if not mine:
                continue
            position = positions[own[mine[0]].service_point_id]
            ids = sorted({homes[signal_id] for signal_id in group.signal_ids if signal_id in homes})
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
    one: Heard, known: Known, dark: Mapping[int, DarkTime], homes: Mapping[int, Outage]
) -> tuple[AlarmAnswer | None, int | None, bool]:
    """Return what is known of an alarm, its outage, and whether its supply is dark by that from now; None: nothing."""
    last = dark.get(one.service_point_id)
    if last is not None and last.back_at is not None and one.at <= last.back_at:
        return AlarmAnswer.BRIEF, last.outage_id if last.off_at - SLACK <= one.at else None, False
    if excuse := _EXCUSES.get(known.answer):
        return excuse, known.outage_id, False
    if known.outage_id in homes:
        return AlarmAnswer.OUTAGE, known.outage_id, last is None or last.back_at is not None
    if last is not None and last.may_go_on and last.outage_id in homes:
        return AlarmAnswer.OUTAGE, last.outage_id, True
    return None, None, False


def _is_sooner(one: Heard, last: DarkTime | None, outage_id: int | None) -> bool:
    """Return whether a supply was dark by an outage that nobody planned since earlier than is known."""
    return last is not None and last.outage_id == outage_id and not last.is_planned and one.at < last.off_at


SLACK = timedelta(minutes=15)
"""A meter may have said so before somebody reported it."""


def _signal(one: Heard, position: Position) -> Signal:
    return Signal(
        id=-one.id, service_point_id=one.service_point_id, transformer_id=position.transformer_id,
        feeder_id=position.feeder_id, at=one.at,
    )  # fmt: skip


def _points(heard: Iterable[Heard]) -> set[int]:
    return {one.service_point_id for one in heard}


@joins_transaction
def _newest(points: Collection[int], heard: Sequence[Heard]) -> dict[int, datetime]:
    """Return by supply the time of the last alarm that was heard in earlier batches; one statement."""
    rows = fetch(
        """SELECT service_point_id, max(occurred_at) FROM metering_meteralarm
           WHERE service_point_id = ANY(%s) AND NOT id = ANY(%s) GROUP BY service_point_id""",
        [sorted(points), [one.id for one in heard]],
    )
    return {row[0]: row[1] for row in rows}


# In the order of meters, so that two who send the same alarms do not wait for one another.
_KEEP = """
    INSERT INTO metering_meteralarm (meter_id, service_point_id, kind, answer, occurred_at, received_at)
    SELECT m.id, i.service_point_id, one.kind, 'nothing', one.at, %(at)s
    FROM (SELECT DISTINCT serial, kind, at
          FROM unnest(%(serials)s::text[], %(kinds)s::text[], %(times)s::timestamptz[]) AS x (serial, kind, at)) AS one
    JOIN metering_meter m ON m.serial = one.serial
    LEFT JOIN metering_installation i ON i.meter_id = m.id AND i.period @> (one.at AT TIME ZONE %(zone)s)::date
    ORDER BY m.id, one.kind, one.at
    ON CONFLICT (meter_id, kind, occurred_at) DO NOTHING RETURNING id, service_point_id, kind, occurred_at
"""
_UNKNOWN = """
    SELECT DISTINCT one.serial FROM unnest(%(serials)s::text[]) AS one (serial)
    WHERE NOT EXISTS (SELECT FROM metering_meter m WHERE m.serial = one.serial) ORDER BY 1
"""
_ANSWER = """
    UPDATE metering_meteralarm a SET answer = one.answer, outage_id = one.outage
    FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS one (id, answer, outage) WHERE a.id = one.id
"""
