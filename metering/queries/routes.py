"""Reading routes with their stops and rounds, and a round as the list of its counters."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from cis.kernel.errors import Refused
from cis.platform import packs
from cis.platform.calendars import business_calendar
from cis.platform.db import fetch
from metering.domain import vee_entry
from metering.domain.places import UNITS, Quantity
from metering.domain.routes import MissReason, Schedule, plan
from metering.domain.vee import Group
from metering.domain.vee_entry import Band, Dial, EntryDoubt, Shown, Used
from metering.models.route import ReadingRoute
from metering.queries import entry_doubts, usage
from metering.queries.entry_doubts import Place

COMING = 6
ROUNDS_SHOWN = 24


class UnknownRoute(Refused):
    """There is no such reading route."""

    code = "unknown_route"


class UnknownRound(Refused):
    """There is no such round of a reading route."""

    code = "unknown_round"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteCard:
    """
    A reading route.

    crew         that walks it, "" = not said
    stops        places on it
    open_round   id of its open round that was planned first; None: none is open
    open_date    on which that was planned
    walked_date  on which the last round that is closed was planned; None: none is
    """

    id: int
    code: str
    name: str
    crew_id: int | None
    crew: str
    schedule: Schedule
    is_active: bool
    stops: int
    open_round: int | None
    open_date: date | None
    walked_date: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRow:
    """A place on a route; ``serials``: meters that hang there and have a counter that is read by value."""

    id: int
    place: int
    service_point_id: int
    external_id: str
    address: str
    meter_position: str
    key_note: str
    access_note: str
    serials: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundCard:
    """A round; ``registers``, ``read`` and ``missed`` as they are now while it is open, and as they were afterwards."""

    id: int
    route_id: int
    planned_date: date
    start_date: date
    end_date: date
    state: str
    registers: int
    read: int
    missed: int
    opened_at: datetime
    closed_at: datetime | None

    @property
    def left(self) -> int:
        """Return how many counters are neither read nor said to be missed."""
        return max(self.registers - self.read - self.missed, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """
    A counter of a round.

    last_wh       last value before the round, before the multiplier [Wh or varh]; None: never read
    past          measured months before, multiplier included
    group         by which its values are judged; None: they are not
    reading_wh    its value in the round; None: not read
    kind          where that comes from, "" = not read
    reason        why it was missed, "" = it was not
    missed_before rounds in a row, before this one, in which it was missed
    """

    stop_id: int
    place: int
    service_point_id: int
    external_id: str
    address: str
    meter_position: str
    key_note: str
    access_note: str
    voltage: str
    capacity_w: int
    meter_id: int
    serial: str
    multiplier: int
    register_id: int
    code: str
    quantity: str
    period_of_use: str
    digits: int
    last_date: date | None
    last_wh: int | None
    read_date: date | None
    reading_wh: int | None
    kind: str
    reason: str
    note: str
    missed_before: int
    past: tuple[Used, ...]
    group: Group | None

    @property
    def unit(self) -> str:
        """Return the unit in which it is read."""
        return UNITS[Quantity(self.quantity)]

    @property
    def is_done(self) -> bool:
        """Return whether it was read, or said why not."""
        return self.reading_wh is not None or bool(self.reason)

    def band(self, on: date) -> Band | None:
        """Return what it should show on a date; None: too little is known, or it counts no active energy."""
        last = self._last()
        if last is None or self.group is None:
            return None
        return vee_entry.band(group=self.group, dial=self._dial(), last=last, on=on, past=self.past)

    def doubt(self, *, reading_wh: int, on: date) -> EntryDoubt | None:
        """Return why a value is unlikely; None if it is not, or is of no active energy."""
        last = self._last()
        if last is None or self.group is None:
            return None
        given = Shown(day=on, reading_wh=reading_wh)
        return vee_entry.of_read(group=self.group, dial=self._dial(), last=last, given=given, past=self.past)

    def _last(self) -> Shown | None:
        if self.last_wh is None or self.last_date is None or self.quantity != Quantity.ACTIVE:
            return None
        return Shown(day=self.last_date, reading_wh=self.last_wh)

    def _dial(self) -> Dial:
        return Dial(digits=self.digits, multiplier=self.multiplier, capacity_w=self.capacity_w)


def listed(
    *, text: str = "", crew_id: int | None = None, state: str = "", offset: int = 0, most: int = 200
) -> tuple[RouteCard, ...]:
    """
    Return routes by code; one statement.

    :param text: part of code or name.
    :param state: "walked": those in use, "ended": those that are not, "open": those with an open round; "": all.
    """
    given = {"text": f"%{_like(text)}%", "crew": crew_id, "state": state, "offset": offset, "most": most, "ids": None}
    return tuple(_card(row) for row in fetch(_LISTED, given))


def one(*, route_id: int) -> RouteCard:
    """
    Return a route; one statement.

    :raises UnknownRoute: there is none.
    """
    found = by_ids(route_ids=[route_id])
    if not found:
        raise UnknownRoute(f"There is no reading route {route_id}.", route_id=route_id)
    return found[0]


def by_ids(*, route_ids: Collection[int]) -> tuple[RouteCard, ...]:
    """Return some routes; one statement."""
    ids = list(route_ids)
    given = {"text": "%", "crew": None, "state": "", "offset": 0, "most": len(ids), "ids": ids}
    return tuple(_card(row) for row in fetch(_LISTED, given))


def stops(*, route_id: int, today: date) -> tuple[StopRow, ...]:
    """Return the stops of a route in the order of the walk; one statement."""
    rows = fetch(_STOPS, {"route": route_id, "today": today})
    return tuple(StopRow(**dict(zip(StopRow.__dataclass_fields__, (*row[:-1], tuple(row[-1])), strict=True)))
                 for row in rows)  # fmt: skip


def coming(*, route: RouteCard, today: date, count: int = COMING) -> tuple[date, ...]:
    """Return the next days on which a route is walked, today included, by the business days of the place."""
    calendar = business_calendar(packs.rule("holiday_country", at=today))
    return plan(schedule=route.schedule, after=date.fromordinal(today.toordinal() - 1), count=count, calendar=calendar)


def rounds(*, route_id: int, today: date, most: int = ROUNDS_SHOWN) -> tuple[RoundCard, ...]:
    """Return the rounds of a route, the latest first; one statement."""
    return tuple(
        _round(row) for row in fetch(_ROUNDS, {"route": route_id, "round": None, "today": today, "most": most})
    )


def one_round(*, round_id: int, today: date) -> RoundCard:
    """
    Return a round; one statement.

    :raises UnknownRound: there is none.
    """
    found = fetch(_ROUNDS, {"route": None, "round": round_id, "today": today, "most": 1})
    if not found:
        raise UnknownRound(f"There is no round {round_id}.", round_id=round_id)
    return _round(found[0])


def lines(*, card: RoundCard, today: date, register_ids: Collection[int] | None = None) -> tuple[Line, ...]:
    """
    Return the counters of a round in the order of the walk; three statements, however many there are.

    They are those of the meters that hang at the stops of the route today, or on the day of the round that is nearest.

    :param register_ids: these alone; None: all.
    """
    on = min(max(today, card.planned_date), date.fromordinal(card.end_date.toordinal() - 1))
    given = {
        "round": card.id, "route": card.route_id, "on": on, "start": card.start_date, "end": card.end_date,
        "registers": None if register_ids is None else list(register_ids),
    }  # fmt: skip
    rows = fetch(_LINES, given)
    months = usage.months(service_point_ids=sorted({row[2] for row in rows}), until=card.planned_date)
    names = tuple(Line.__dataclass_fields__)
    told = [dict(zip(names, row, strict=False)) for row in rows]
    hung = (Place(id=one["service_point_id"], voltage=one["voltage"], capacity_w=one["capacity_w"]) for one in told)
    groups = entry_doubts.groups_of(places=hung, on=card.planned_date)
    found = []
    for values in told:
        point = values["service_point_id"]
        past = entry_doubts.past_of(months.get(point, ()), period_of_use=values["period_of_use"])
        found.append(Line(**values, past=past, group=groups[point]))
    return tuple(found)


def reasons_of(found: Collection[Line]) -> dict[MissReason, int]:
    """Return how many counters were missed, by the reason."""
    counts: dict[MissReason, int] = {}
    for one_line in found:
        if one_line.reason:
            counts[MissReason(one_line.reason)] = counts.get(MissReason(one_line.reason), 0) + 1
    return counts


def schedule_of(row: ReadingRoute) -> Schedule:
    """Return when a route is walked."""
    return Schedule(
        days=tuple(row.days), every_months=row.every_months, first_month=row.first_month, window_days=row.window_days
    )


def _like(text: str) -> str:
    return text.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _card(row: tuple) -> RouteCard:
    route_id, code, name, crew_id, crew, days, every, first, window, *rest = row
    schedule = Schedule(days=tuple(days), every_months=every, first_month=first, window_days=window)
    names = ("is_active", "stops", "open_round", "open_date", "walked_date")
    return RouteCard(
        id=route_id, code=code, name=name, crew_id=crew_id, crew=crew, schedule=schedule,
        **dict(zip(names, rest, strict=True)),
    )  # fmt: skip


def _round(row: tuple) -> RoundCard:
    return RoundCard(**dict(zip(RoundCard.__dataclass_fields__, row, strict=True)))


_LISTED = """
SELECT r.id, r.code, r.name, r.crew_id, coalesce(c.name, ''), r.days, r.every_months, r.first_month, r.window_days,
       r.is_active, (SELECT count(*) FROM metering_routestop s WHERE s.route_id = r.id), o.id, o.planned_date,
       (SELECT max(planned_date) FROM metering_readinground d WHERE d.route_id = r.id AND d.state = 'closed')
FROM metering_readingroute r
LEFT JOIN metering_crew c ON c.id = r.crew_id
LEFT JOIN LATERAL (
    SELECT id, planned_date FROM metering_readinground d WHERE d.route_id = r.id AND d.state = 'open'
    ORDER BY planned_date LIMIT 1
) o ON true
WHERE (%(ids)s::bigint[] IS NULL OR r.id = ANY(%(ids)s)) AND (r.code ILIKE %(text)s OR r.name ILIKE %(text)s)
  AND (%(crew)s::bigint IS NULL OR r.crew_id = %(crew)s)
  AND (%(state)s = '' OR (%(state)s = 'walked' AND r.is_active) OR (%(state)s = 'ended' AND NOT r.is_active)
       OR (%(state)s = 'open' AND o.id IS NOT NULL))
ORDER BY r.is_active DESC, r.code
OFFSET %(offset)s LIMIT %(most)s
"""
_STOPS = """
SELECT s.id, s.place, p.id, p.external_id, m.address, p.meter_position, s.key_note, s.access_note,
       ARRAY(SELECT t.serial FROM metering_installation i JOIN metering_meter t ON t.id = i.meter_id
             WHERE i.service_point_id = p.id AND i.period @> %(today)s::date
               AND EXISTS (SELECT FROM metering_register x WHERE x.meter_id = t.id AND NOT x.is_interval)
             ORDER BY t.serial)
FROM metering_routestop s
JOIN metering_servicepoint p ON p.id = s.service_point_id
JOIN metering_premises m ON m.id = p.premises_id
WHERE s.route_id = %(route)s ORDER BY s.place
"""
_VALUE = """
    SELECT v.read_date, v.reading_wh, v.kind FROM metering_registerread v
    WHERE v.register_id = x.id AND v.read_date >= {start} AND v.read_date < {end} AND v.kind <> 'estimated'
    ORDER BY v.read_date DESC, v.version DESC LIMIT 1
"""
_ROUNDS = """
SELECT d.id, d.route_id, d.planned_date, lower(d.period), upper(d.period), d.state,
       CASE d.state WHEN 'open' THEN n.registers ELSE d.registers END,
       CASE d.state WHEN 'open' THEN n.read ELSE d.read END,
       CASE d.state WHEN 'open' THEN n.missed ELSE d.missed END, d.opened_at, d.closed_at
FROM metering_readinground d
LEFT JOIN LATERAL (
    SELECT count(*) AS registers, count(got.read_date) AS read,
           count(*) FILTER (WHERE got.read_date IS NULL AND EXISTS (
        SELECT FROM metering_missedread e WHERE e.round_id = d.id AND e.register_id = x.id)) AS missed
    FROM metering_routestop s
    CROSS JOIN LATERAL (
        SELECT * FROM metering_installation h WHERE h.service_point_id = s.service_point_id
         AND h.period @> least(greatest(%(today)s::date, d.planned_date), upper(d.period) - 1) OFFSET 0) i
    CROSS JOIN LATERAL (SELECT * FROM metering_register WHERE meter_id = i.meter_id AND NOT is_interval OFFSET 0) x
    LEFT JOIN LATERAL (§) got ON true
    WHERE s.route_id = d.route_id AND d.state = 'open'
) n ON true
WHERE (%(route)s::bigint IS NULL OR d.route_id = %(route)s) AND (%(round)s::bigint IS NULL OR d.id = %(round)s)
ORDER BY d.planned_date DESC LIMIT %(most)s
""".replace("§", _VALUE.format(start="lower(d.period)", end="upper(d.period)"))
# OFFSET 0 keeps the walk from stop to counter in this order, also where the tables were analysed while they were empty.
_LINES = """
SELECT s.id, s.place, p.id, p.external_id, m.address, p.meter_position, s.key_note, s.access_note, p.voltage,
       p.capacity_w, t.id, t.serial, i.multiplier, x.id, x.code, x.quantity, x.period_of_use, x.digits,
       last.read_date, last.reading_wh, got.read_date, got.reading_wh, coalesce(got.kind, ''),
       CASE WHEN got.read_date IS NULL THEN coalesce(e.reason, '') ELSE '' END,
       CASE WHEN got.read_date IS NULL THEN coalesce(e.note, '') ELSE '' END, coalesce(before.missed, 0)::int
FROM metering_routestop s
CROSS JOIN LATERAL (SELECT * FROM metering_servicepoint WHERE id = s.service_point_id OFFSET 0) p
CROSS JOIN LATERAL (SELECT * FROM metering_premises WHERE id = p.premises_id OFFSET 0) m
CROSS JOIN LATERAL (SELECT * FROM metering_installation h
                    WHERE h.service_point_id = p.id AND h.period @> %(on)s::date OFFSET 0) i
CROSS JOIN LATERAL (SELECT * FROM metering_meter WHERE id = i.meter_id OFFSET 0) t
CROSS JOIN LATERAL (SELECT * FROM metering_register WHERE meter_id = t.id AND NOT is_interval OFFSET 0) x
LEFT JOIN LATERAL (
    SELECT v.read_date, v.reading_wh FROM metering_registerread v
    WHERE v.register_id = x.id AND v.read_date < %(start)s ORDER BY v.read_date DESC, v.version DESC LIMIT 1
) last ON true
LEFT JOIN LATERAL (§) got ON true
LEFT JOIN metering_missedread e ON e.round_id = %(round)s AND e.register_id = x.id
LEFT JOIN LATERAL (
    SELECT count(*) AS missed FROM metering_missedread f JOIN metering_readinground d ON d.id = f.round_id
    WHERE f.register_id = x.id AND upper(d.period) <= %(start)s
      AND NOT EXISTS (SELECT FROM metering_registerread w WHERE w.register_id = x.id AND w.kind <> 'estimated'
                      AND w.read_date >= lower(d.period) AND w.read_date < %(start)s)
) before ON true
WHERE s.route_id = %(route)s AND (%(registers)s::bigint[] IS NULL OR x.id = ANY(%(registers)s))
ORDER BY s.place, t.serial, x.code
""".replace("§", _VALUE.format(start="%(start)s", end="%(end)s"))
