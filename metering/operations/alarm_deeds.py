"""
What comes of alarms by the rules of the place: orders, and what contracts and complaints make of the others.

A batch is decided in a constant number of statements, however many alarms it has; batches follow one another, so that
two that bring the same meter do not both order.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

from cis.kernel.actors import SYSTEM
from cis.platform import audit, events
from cis.platform.db import execute, fetch, joins_transaction
from metering.domain.alarm_rules import DEEDS, SUBJECT, AlarmRule, Before, Decided, Word, decide
from metering.domain.announcements import AlarmsDecided, RaisedAlarm
from metering.domain.meter_alarms import AlarmAnswer, AlarmKind
from metering.domain.work_orders import UNDER_WAY, Priority, WorkAction, WorkKind, WorkState, plain_facts
from metering.models.work import WorkOrder, WorkOrderMove
from metering.operations import work_moves
from metering.queries import alarm_rules, checklists, crews, outages
from metering.queries.crews import CrewCard

FOR_TRANSFORMER = "transformer"
"""Fact of an order that is for all meters of a transformer, by which it is known again."""
AT_THE_METER = (
    WorkKind.METER_INSTALL, WorkKind.METER_EXCHANGE, WorkKind.METER_REMOVE, WorkKind.METER_MOVE, WorkKind.CUT,
    WorkKind.RECONNECT, WorkKind.RE_READ, WorkKind.REPAIR, WorkKind.INSPECTION,
)  # fmt: skip
"""Work at which covers are opened, and conductors taken off."""


class Said(NamedTuple):
    """An alarm that was kept now, of a meter that hung at a supply then."""

    id: int
    service_point_id: int
    kind: AlarmKind
    at: datetime
    meter_id: int


class _Place(NamedTuple):
    """Where an alarm is of, in words."""

    serial: str
    premises_id: int
    address: str
    district: str
    transformer_id: int | None
    transformer: str


@joins_transaction
def take_step(said: Sequence[Said], *, at: datetime) -> None:
    """Do what the rules say of alarms that were kept now and say nothing of current."""
    rules = alarm_rules.in_force(at=timezone.localdate(at))
    ruled = {one.id: one for one in said if one.kind in rules}
    if not ruled:
        return
    fetch("SELECT pg_advisory_xact_lock(hashtext(%s))", [SUBJECT])
    places = _places(ruled)
    own = _own_work(ruled.values(), rules)
    words = [
        Word(one.id, one.meter_id, one.kind, one.at, places[one.id].transformer_id, one.id in own)
        for one in ruled.values()
    ]
    found = decide(words, rules=rules, before=_before(words, rules), at=at)
    done = [one for one in found if one.answer in DEEDS]
    orders = _order([(one, ruled[one.alarm_id]) for one in done if one.answer is AlarmAnswer.WORK], rules, places, at)
    _write(found, orders)
    if done:
        events.announce(
            AlarmsDecided(alarms=tuple(_raised(one, ruled[one.alarm_id], rules, places) for one in done), at=at)
        )


def _before(words: Sequence[Word], rules: Mapping[AlarmKind, AlarmRule]) -> list[Before]:
    """
    Return the alarms of which something came, or whose order is under way; one statement.

    Of these meters, and of the others of their transformers where the rule looks at those.
    """
    grouped = [one for one in words if rules[one.kind].group_above and one.transformer_id is not None]
    longest = max((timedelta(days=rules[one.kind].every_days) for one in grouped), default=timedelta())
    rows = fetch(
        _BEFORE,
        {
            "under_way": [state.value for state in UNDER_WAY], "meters": [one.meter_id for one in words],
            "transformers": sorted({one.transformer_id for one in grouped if one.transformer_id is not None}),
            "kinds": sorted({one.kind.value for one in grouped}),
            "since": min((one.at for one in grouped), default=timezone.now()) - longest,
        },
    )  # fmt: skip
    return [
        Before(
            id=row[0], meter_id=row[1], kind=AlarmKind(row[2]), at=row[3], stands=row[4], transformer_id=row[5],
            is_whole=row[6],
        )
        for row in rows
    ]  # fmt: skip


def _own_work(said: Iterable[Said], rules: Mapping[AlarmKind, AlarmRule]) -> set[int]:
    """Return the alarms of places where our own people worked on that day; one statement, none where no rule asks."""
    asked = [one for one in said if rules[one.kind].own_work]
    if not asked:
        return set()
    given = {
        "ids": [one.id for one in asked], "points": [one.service_point_id for one in asked],
        "days": [timezone.localdate(one.at) for one in asked], "kinds": [kind.value for kind in AT_THE_METER],
        "zone": timezone.get_default_timezone_name(),
    }  # fmt: skip
    return {alarm_id for (alarm_id,) in fetch(_OWN_WORK, given)}


def _places(alarm_ids: Iterable[int]) -> dict[int, _Place]:
    """Return where alarms are of, by alarm; one statement."""
    return {row[0]: _Place(*row[1:]) for row in fetch(_PLACES, [list(alarm_ids)])}


def _order(
    said: Sequence[tuple[Decided, Said]],
    rules: Mapping[AlarmKind, AlarmRule],
    places: Mapping[int, _Place],
    at: datetime,
) -> dict[int, int]:
    """Order the work, and send the crews that are free where people are in danger; return the order of each alarm."""
    if not said:
        return {}
    lists = {kind: checklists.of_kind(kind=kind) for kind in {_work_of(one, rules) for _deed, one in said}}
    rows = []
    for deed, one in said:
        place, kind = places[one.id], _work_of(one, rules)
        facts = {
            "alarm": one.kind.value,
            "meter": place.serial,
            "since": f"{timezone.localtime(one.at):%Y-%m-%d %H:%M}",
        }
        if deed.meters:
            facts |= {FOR_TRANSFORMER: place.transformer, "meters": str(deed.meters)}
        checklist = lists[kind]
        rows.append(
            WorkOrder(
                kind=kind.value, priority=rules[one.kind].priority.value, subject=SUBJECT, subject_id=one.id,
                service_point_id=one.service_point_id, premises_id=place.premises_id, address=place.address,
                district=place.district, facts=plain_facts(facts), checklist=checklist.code if checklist else "",
                due_date=timezone.localdate(at),
            )
        )  # fmt: skip
    _send([row for row in rows if row.priority == Priority.DANGER], timezone.localdate(at))
    WorkOrder.objects.bulk_create(rows)
    WorkOrderMove.objects.bulk_create(
        WorkOrderMove(
            work_order=row, action=WorkAction.DISPATCH.value, to_state=row.state, crew_id=row.crew_id,
            planned_date=row.planned_date, actor_name=SYSTEM.name,
        )
        for row in rows if row.crew_id is not None
    )  # fmt: skip
    audit.record_many(SYSTEM, "create", work_moves.SUBJECT, [row.id for row in rows], case=SUBJECT)
    return {row.subject_id: row.id for row in rows}


def _send(rows: Sequence[WorkOrder], today: date) -> None:
    """Give orders to the crews that have the least to do there today; where none works, they wait for the desk."""
    if not rows:
        return
    able = crews.listed(only_active=True)
    loads = dict(outages.loads(crew_ids=[one.id for one in able], on=today))
    for row in rows:
        here = [one for one in able if one.serves(district=row.district, kind=row.kind)]
        if here:
            crew = min(here, key=lambda one: _nearness(one, loads))
            loads[crew.id] = loads.get(crew.id, 0) + 1
            row.crew_id, row.planned_date, row.state = crew.id, today, WorkState.ASSIGNED.value


def _nearness(crew: CrewCard, loads: Mapping[int, int]) -> tuple[int, bool, int]:
    return loads.get(crew.id, 0), not crew.areas, crew.id


def _work_of(one: Said, rules: Mapping[AlarmKind, AlarmRule]) -> WorkKind:
    kind = rules[one.kind].work
    assert kind is not None
    return kind


def _write(found: Sequence[Decided], orders: Mapping[int, int]) -> None:
    """Write down what came of each alarm; one statement."""
    execute(
        _ANSWER,
        [
            [one.alarm_id for one in found], [one.answer.value for one in found], [one.first_id for one in found],
            [orders.get(one.alarm_id) for one in found],
        ],
    )  # fmt: skip


def _raised(
    one: Decided, said: Said, rules: Mapping[AlarmKind, AlarmRule], places: Mapping[int, _Place]
) -> RaisedAlarm:
    place = places[one.alarm_id]
    return RaisedAlarm(
        alarm_id=one.alarm_id, kind=said.kind, answer=one.answer, case_class=rules[said.kind].case_class,
        service_point_id=said.service_point_id, serial=place.serial, address=place.address, district=place.district,
        transformer_id=place.transformer_id, transformer=place.transformer, occurred_at=said.at,
    )  # fmt: skip


_BEFORE = f"""
    WITH came AS (
        SELECT a.id FROM metering_meteralarm a
        WHERE a.meter_id = ANY(%(meters)s::bigint[]) AND a.answer IN ('work', 'case', 'suspicion')
        UNION
        SELECT a.id FROM metering_meteralarm a JOIN metering_servicepoint s ON s.id = a.service_point_id
        LEFT JOIN metering_workorder w ON w.id = a.work_order_id
        WHERE s.transformer_id = ANY(%(transformers)s::bigint[]) AND a.answer = 'work' AND a.kind = ANY(%(kinds)s)
          AND (a.occurred_at >= %(since)s OR w.state = ANY(%(under_way)s))
    )
    SELECT a.id, a.meter_id, a.kind, a.occurred_at, coalesce(w.state = ANY(%(under_way)s), FALSE), s.transformer_id,
           coalesce(w.facts ? '{FOR_TRANSFORMER}', FALSE)
    FROM came JOIN metering_meteralarm a ON a.id = came.id
    LEFT JOIN metering_workorder w ON w.id = a.work_order_id
    LEFT JOIN metering_servicepoint s ON s.id = a.service_point_id
"""  # noqa: S608 - put together of constants
# A meter is hung up or taken down on that day, or a crew was at it.
_OWN_WORK = """
    SELECT one.id FROM unnest(%(ids)s::bigint[], %(points)s::bigint[], %(days)s::date[]) AS one (id, point, day)
    WHERE EXISTS (SELECT FROM metering_installation i
                  WHERE i.service_point_id = one.point AND one.day IN (lower(i.period), upper(i.period)))
       OR EXISTS (SELECT FROM metering_workorder w
                  WHERE w.service_point_id = one.point AND w.kind = ANY(%(kinds)s)
                    AND one.day IN ((w.started_at AT TIME ZONE %(zone)s)::date,
                                    (w.done_at AT TIME ZONE %(zone)s)::date))
"""
_PLACES = """
    SELECT a.id, m.serial, p.id, p.address, p.district, t.id, coalesce(t.name, '')
    FROM metering_meteralarm a
    JOIN metering_meter m ON m.id = a.meter_id
    JOIN metering_servicepoint s ON s.id = a.service_point_id
    JOIN metering_premises p ON p.id = s.premises_id
    LEFT JOIN metering_transformer t ON t.id = s.transformer_id
    WHERE a.id = ANY(%s::bigint[])
"""
_ANSWER = """
    UPDATE metering_meteralarm a SET answer = one.answer, first_id = one.first, work_order_id = one.work
    FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::bigint[]) AS one (id, answer, first, work)
    WHERE a.id = one.id
"""
