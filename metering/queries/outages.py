"""Outages as pages, the API and reports of faults read them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from cis.kernel.errors import Refused
from cis.platform.db import fetch
from metering.domain.outages import Signal
from metering.domain.work_orders import UNDER_WAY
from metering.models.outage import FaultReport, OutageExpectation, OutageMove
from metering.queries.outage_places import Position


class UnknownOutage(Refused):
    """There is no such outage."""

    code = "unknown_outage"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageCard:
    """
    An outage in a list.

    name            of what is dark: the feeder, the transformer, or the address
    supplies, dark  how many it left in the dark, and how many of them still are
    meters          supplies whose meters said so themselves
    arrive_by       until when the crew must be there; None: it is there, or no clock runs
    restore_by      until when current must flow again
    order_id        its work order, with state and crew
    """

    id: int
    scope: str
    state: str
    cause: str
    area: str
    is_dangerous: bool
    is_kept: bool
    plan_id: int | None
    joined_to: int | None
    name: str
    district: str
    feeder_id: int | None
    feeder: str
    transformer_id: int | None
    service_point_id: int | None
    began_at: datetime
    found_at: datetime
    expected_back_at: datetime | None
    restored_at: datetime | None
    note: str
    supplies: int
    dark: int
    reports: int
    meters: int
    arrive_by: datetime | None
    restore_by: datetime | None
    order_id: int | None
    order_state: str
    crew: str

    @property
    def is_open(self) -> bool:
        """Return whether it goes on."""
        return self.state in {"supposed", "confirmed"}

    def is_late(self, at: datetime) -> bool:
        """Return whether a clock has passed, or current was to flow by then."""
        dues = (self.arrive_by, self.restore_by, self.expected_back_at)
        return self.is_open and any(due is not None and due <= at for due in dues)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which outages a list shows; ``state`` "open": all that go on; empty fields do not filter."""

    state: str = "open"
    text: str = ""
    district: str = ""
    cause: str = ""
    kind: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """A report of a fault."""

    id: int
    kind: str
    channel: str
    answer: str
    outage_id: int | None
    service_point_id: int | None
    address: str
    name: str
    phone: str
    note: str
    reported_at: datetime
    actor_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """One step of an outage; a time that was said has it in ``expected_back_at``."""

    at: datetime
    action: str
    note: str
    actor_name: str
    expected_back_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A branch of what is dark: a transformer (None: supplies on the feeder itself) with its supplies."""

    transformer_id: int | None
    transformer: str
    supplies: int
    dark: int
    reports: int
    meters: int
    last_back_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DarkSupply:
    """A supply of an outage."""

    service_point_id: int
    external_id: str
    address: str
    transformer_id: int | None
    off_at: datetime
    back_at: datetime | None
    reports: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldRow:
    """So many notices of a kind and a way, and what became of them."""

    event: str
    channel: str
    state: str
    count: int


_CARD = """
    SELECT o.id, o.scope, o.state, o.cause, o.area, o.is_dangerous, o.is_kept, o.plan_id, o.joined_to_id,
           CASE o.scope WHEN 'feeder' THEN f.name WHEN 'transformer' THEN t.name ELSE o.address END,
           o.district, o.feeder_id, coalesce(f.name, ''), o.transformer_id, o.service_point_id, o.began_at, o.found_at,
           o.expected_back_at, o.restored_at, o.note, s.supplies, s.dark,
           (SELECT count(*) FROM metering_faultreport r WHERE r.outage_id = o.id),
           (SELECT count(DISTINCT a.service_point_id) FROM metering_meteralarm a
            WHERE a.outage_id = o.id AND a.kind = 'power_off'),
           d.arrive_by, d.restore_by, w.id, coalesce(w.state, ''), coalesce(w.crew, '')
    FROM metering_outage o
    LEFT JOIN metering_feeder f ON f.id = o.feeder_id
    LEFT JOIN metering_transformer t ON t.id = o.transformer_id
    CROSS JOIN LATERAL (
        SELECT count(DISTINCT service_point_id) AS supplies, count(*) FILTER (WHERE back_at IS NULL) AS dark
        FROM metering_outagesupply WHERE outage_id = o.id) s
    CROSS JOIN LATERAL (
        SELECT min(due_at) FILTER (WHERE standard LIKE 'outage_arrival_%%') AS arrive_by,
               min(due_at) FILTER (WHERE standard LIKE 'outage_restoration_%%') AS restore_by
        FROM platform_deadline WHERE subject = 'outage' AND subject_id = o.id AND state = 'running') d
    LEFT JOIN LATERAL (
        SELECT w.id, w.state, c.name AS crew FROM metering_workorder w LEFT JOIN metering_crew c ON c.id = w.crew_id
        WHERE w.subject = 'outage' AND w.subject_id = o.id ORDER BY w.id DESC LIMIT 1) w ON true
"""
_FILTER = """
    WHERE (%(state)s = '' OR o.state = %(state)s OR %(state)s = 'open' AND o.state IN ('supposed', 'confirmed'))
      AND (%(district)s = '' OR o.district = %(district)s) AND (%(cause)s = '' OR o.cause = %(cause)s)
      AND (%(kind)s = '' OR (%(kind)s = 'planned') = (o.plan_id IS NOT NULL))
      AND (%(since)s::date IS NULL OR o.began_at >= %(since)s::timestamp AT TIME ZONE %(zone)s)
      AND (%(until)s::date IS NULL OR o.began_at < %(until)s::timestamp AT TIME ZONE %(zone)s)
      AND (%(text)s = '' OR o.id::text = %(plain)s OR o.address ILIKE %(text)s OR EXISTS (
           SELECT FROM metering_feeder n WHERE n.id = o.feeder_id AND n.name ILIKE %(text)s) OR EXISTS (
           SELECT FROM metering_transformer n WHERE n.id = o.transformer_id AND n.name ILIKE %(text)s))
"""


def listed(*, wanted: Wanted, offset: int = 0, most: int = 50) -> tuple[OutageCard, ...]:
    """Return outages, where people are in danger first, then the latest; one statement."""
    text = wanted.text.strip()
    params = {
        "state": wanted.state, "district": wanted.district, "cause": wanted.cause, "kind": wanted.kind,
        "since": wanted.since, "until": wanted.until + timedelta(days=1) if wanted.until else None, "plain": text,
        "zone": timezone.get_default_timezone_name(),
        "text": "%" + text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%" if text else "",
        "most": most, "offset": offset,
    }  # fmt: skip
    order = """ORDER BY o.state NOT IN ('supposed', 'confirmed'), NOT o.is_dangerous, o.began_at DESC, o.id DESC
               LIMIT %(most)s OFFSET %(offset)s"""
    return _cards(fetch(f"{_CARD} {_FILTER} {order}", params))


def one(*, outage_id: int) -> OutageCard:
    """
    Return an outage; one statement.

    :raises UnknownOutage: there is none.
    """
    found = _cards(fetch(f"{_CARD} WHERE o.id = %(id)s", {"id": outage_id}))
    if not found:
        raise UnknownOutage(f"There is no outage {outage_id}.", outage_id=outage_id)
    return found[0]


def by_ids(*, outage_ids: Collection[int]) -> dict[int, OutageCard]:
    """Return some outages by their ids; one statement."""
    return {card.id: card for card in _cards(fetch(f"{_CARD} WHERE o.id = ANY(%(ids)s)", {"ids": list(outage_ids)}))}


def open_beside(*, feeder_id: int | None, outage_id: int) -> tuple[OutageCard, ...]:
    """Return the other open outages of a feeder that one may be joined with, no planned ones; one statement."""
    where = """WHERE o.feeder_id = %(feeder)s AND o.id <> %(id)s AND o.state IN ('supposed', 'confirmed')
                 AND o.plan_id IS NULL ORDER BY o.id"""
    return _cards(fetch(f"{_CARD} {where}", {"feeder": feeder_id, "id": outage_id}))


def _cards(rows: Sequence[Sequence[object]]) -> tuple[OutageCard, ...]:
    return tuple(OutageCard(**dict(zip(OutageCard.__dataclass_fields__, row, strict=True))) for row in rows)  # type: ignore[arg-type]


def reports(*, outage_id: int | None = None, most: int = 200) -> tuple[ReportRow, ...]:
    """Return the reports of an outage, or all, the latest first; one statement."""
    rows = FaultReport.objects.order_by("-id")
    chosen = rows.filter(outage_id=outage_id) if outage_id is not None else rows
    return tuple(ReportRow(**row) for row in chosen.values(*ReportRow.__dataclass_fields__)[:most])


def steps(*, outage_id: int) -> tuple[StepRow, ...]:
    """Return what happened with an outage, the earliest first, with each time that was said; two statements."""
    said = iter(OutageExpectation.objects.filter(outage_id=outage_id).order_by("id").values_list("expected_back_at"))
    rows = OutageMove.objects.filter(outage_id=outage_id).order_by("id").values("at", "action", "note", "actor_name")
    return tuple(
        StepRow(**row, expected_back_at=next(said, (None,))[0] if row["action"] == "expect" else None) for row in rows
    )


def branches(*, outage_id: int) -> tuple[Branch, ...]:
    """Return the branches of what is dark, those with most supplies first; one statement."""
    rows = fetch(_BRANCHES, [outage_id])
    return tuple(Branch(**dict(zip(Branch.__dataclass_fields__, row, strict=True))) for row in rows)


def supplies(*, outage_id: int, most: int = 200, offset: int = 0) -> tuple[DarkSupply, ...]:
    """Return supplies of an outage, those that are still dark first; one statement."""
    rows = fetch(_SUPPLIES, {"id": outage_id, "most": most, "offset": offset})
    return tuple(DarkSupply(**dict(zip(DarkSupply.__dataclass_fields__, row, strict=True))) for row in rows)


def told(*, outage_id: int) -> tuple[ToldRow, ...]:
    """Return which notices of an outage went, and what became of them; one statement."""
    return tuple(ToldRow(**dict(zip(ToldRow.__dataclass_fields__, row, strict=True))) for row in fetch(_TOLD, [
        f"outage:{outage_id}:%"
    ]))  # fmt: skip


def districts() -> tuple[str, ...]:
    """Return the districts where places are, by name; one statement."""
    rows = fetch("SELECT DISTINCT district FROM metering_premises WHERE district <> '' ORDER BY 1")
    return tuple(district for (district,) in rows)


def signals(*, positions: Collection[Position], since_at: datetime, minutes: int) -> tuple[tuple[Signal, int], ...]:
    """
    Return what was reported near some supplies and is still supposed alone, each with its outage; one statement.

    Near: on the same feeder, or, where none is recorded, at the supply itself. What a person laid out is left as it is.
    Alarms of meters have ids below zero.
    """
    feeders = {one.feeder_id for one in positions if one.feeder_id is not None}
    given = {
        "feeders": sorted(feeders), "points": [one.service_point_id for one in positions if one.feeder_id is None],
        "since": since_at - timedelta(minutes=minutes),
    }  # fmt: skip
    return tuple(
        (Signal(id=row[0], service_point_id=row[1], transformer_id=row[2], feeder_id=row[3], at=row[4]), row[5])
        for row in fetch(_SIGNALS, given)
    )


def loads(*, crew_ids: Collection[int], on: date) -> Mapping[int, int]:
    """Return how many orders of a day each crew still has to do; a crew without any is left out. One statement."""
    rows = fetch(
        """SELECT crew_id, count(*) FROM metering_workorder
           WHERE crew_id = ANY(%s) AND planned_date = %s AND state = ANY(%s) GROUP BY crew_id""",
        [list(crew_ids), on, [state.value for state in UNDER_WAY]],
    )
    return {crew_id: int(count) for crew_id, count in rows}


# Reports of outages that were reported at all within the time: an old report of the same outage is of it too.
_SIGNALS = """
    WITH home AS (
        SELECT o.id FROM metering_outage o
        WHERE o.state = 'supposed' AND NOT o.is_kept AND o.plan_id IS NULL
          AND (o.feeder_id = ANY(%(feeders)s::bigint[]) OR o.service_point_id = ANY(%(points)s::bigint[]))
          AND (EXISTS (SELECT FROM metering_faultreport n WHERE n.outage_id = o.id AND n.reported_at >= %(since)s)
               OR EXISTS (SELECT FROM metering_meteralarm n WHERE n.outage_id = o.id AND n.kind = 'power_off'
                                                              AND n.occurred_at >= %(since)s))
    ), said AS (
        SELECT r.id, r.service_point_id, r.reported_at AS at, r.outage_id
        FROM metering_faultreport r JOIN home ON home.id = r.outage_id WHERE r.kind IN ('no_power', 'line_down')
        UNION ALL
        SELECT -a.id, a.service_point_id, a.occurred_at, a.outage_id
        FROM metering_meteralarm a JOIN home ON home.id = a.outage_id WHERE a.kind = 'power_off'
    )
    SELECT said.id, said.service_point_id, s.transformer_id, coalesce(t.feeder_id, s.feeder_id), said.at, said.outage_id
    FROM said JOIN metering_servicepoint s ON s.id = said.service_point_id
    LEFT JOIN metering_transformer t ON t.id = s.transformer_id ORDER BY said.at, said.id
"""
_BRANCHES = """
    SELECT t.id, coalesce(t.name, ''), count(DISTINCT s.id), count(*) FILTER (WHERE x.back_at IS NULL),
           count(DISTINCT s.id) FILTER (WHERE EXISTS (SELECT FROM metering_faultreport r WHERE r.outage_id = x.outage_id
                                                      AND r.service_point_id = s.id)),
           count(DISTINCT s.id) FILTER (WHERE EXISTS (SELECT FROM metering_meteralarm a WHERE a.outage_id = x.outage_id
                                                      AND a.service_point_id = s.id AND a.kind = 'power_off')),
           max(x.back_at)
    FROM metering_outagesupply x JOIN metering_servicepoint s ON s.id = x.service_point_id
    LEFT JOIN metering_transformer t ON t.id = s.transformer_id
    WHERE x.outage_id = %s GROUP BY t.id, t.name ORDER BY count(DISTINCT s.id) DESC, t.id
"""
_SUPPLIES = """
    SELECT s.id, s.external_id, p.address, s.transformer_id, x.off_at, x.back_at,
           (SELECT count(*) FROM metering_faultreport r WHERE r.outage_id = x.outage_id
                                                          AND r.service_point_id = x.service_point_id)
    FROM metering_outagesupply x JOIN metering_servicepoint s ON s.id = x.service_point_id
    JOIN metering_premises p ON p.id = s.premises_id
    WHERE x.outage_id = %(id)s ORDER BY x.back_at IS NOT NULL, s.id LIMIT %(most)s OFFSET %(offset)s
"""
_TOLD = """
    SELECT event, channel, state, count(*) FROM accounts_notice
    WHERE event IN ('outage_expected', 'outage_danger', 'outage_restored') AND key LIKE %s
    GROUP BY event, channel, state ORDER BY min(id)
"""
