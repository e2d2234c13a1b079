"""What detectors of anomalies look at: hourly loads of places and of transformers, and what is known beside them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

import numpy as np

from cis.kernel.calendar import local_clock
from cis.kernel.fixed import Int64
from cis.platform import db
from metering.domain import hourly
from metering.domain.anomaly_detectors import Known
from metering.domain.anomaly_features import Flags, Loads, loads_of
from metering.domain.hourly import Feeds
from metering.domain.intervals import Window
from metering.queries import intervals

DAYS = 84
"""How many local days are looked at: twelve weeks."""
CHUNK = 500
HOUR_MINUTES = 60
_DAY = timedelta(days=1)


class Vacancies(Protocol):
    """Say since when nobody has an agreement at places."""

    def __call__(self, *, service_point_ids: Collection[int], on: date) -> Mapping[int, date]:
        """Return of places without agreement on a date since when; ``date.min``: never one. One statement."""


class _Ports:
    """Who knows agreements; bound once by ``cis.wiring``."""

    vacancies: Vacancies | None = None


def ask(*, vacancies: Vacancies) -> None:
    """Bind who is asked since when places are vacant. To be called from ``cis.wiring`` only."""
    _Ports.vacancies = vacancies


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """
    Places that are looked at together; those of a transformer are in one part.

    service_point_ids  (n,)
    transformer_id     (n,) -1: on none that is known
    group              (n,) peers: places of one voltage
    """

    service_point_ids: Int64
    transformer_id: Int64
    group: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """
    What is known of a part, for n places, and t transformers with a master meter.

    days             the local days, (d,)
    transformer_ids  (t,)
    given_wh         (t, d) what the master meter counted [Wh]
    taken_wh         (t, d) what the meters of its places counted [Wh]
    is_known         (t, d) both are, of each place with a meter
    places           (t,) how many places with a meter it supplies
    """

    loads: Loads
    known: Known
    days: tuple[date, ...]
    transformer_ids: Int64
    given_wh: Int64
    taken_wh: Int64
    is_known: Flags
    places: Int64


def parts(*, chunk: int = CHUNK) -> Iterator[Part]:
    """Yield all connected places that are supplied, transformer by transformer; one statement."""
    rows = db.fetch(_PLACES)
    first = 0
    while first < len(rows):
        end = min(first + chunk, len(rows))
        while end < len(rows) and rows[end][1] is not None and rows[end][1] == rows[end - 1][1]:
            end += 1
        table = np.array(
            [(row[0], -1 if row[1] is None else row[1], row[2]) for row in rows[first:end]], dtype=np.int64
        )
        yield Part(service_point_ids=table[:, 0], transformer_id=table[:, 1], group=table[:, 2])
        first = end


def look(*, part: Part, last: date, zone_name: str) -> Looked:
    """Return the loads of a part over twelve weeks up to a local date; three statements."""
    days = tuple(last - (DAYS - 1 - n) * _DAY for n in range(DAYS))
    points = part.service_point_ids.tolist()
    transformers = np.unique(part.transformer_id[part.transformer_id >= 0])
    given = {"points": points, "transformers": transformers.tolist(), "start": days[0], "end": last + _DAY}
    rows = db.fetch(_FEEDS, given)
    places = {point: at for at, point in enumerate(points)}
    masters = sorted({row[1] for row in rows if row[0] == "master"})
    places_of = {"point": places, "master": {one: len(points) + at for at, one in enumerate(masters)}}
    energy, minutes = _hours(rows, places_of, days, zone_name)
    n = len(points)
    loads = loads_of(energy_wh=energy[:n], minutes=minutes[:n], group=part.group)
    back = {row[1] for row in rows if row[0] == "export"}
    measured = {row[1] for row in rows if row[0] != "master"}
    has_meter = np.array([point in measured for point in points], dtype=np.bool_)
    whole: Flags = np.asarray((minutes >= HOUR_MINUTES).all(axis=2))
    mine = (part.transformer_id[None] == np.array(masters, dtype=np.int64)[:, None]) & has_meter
    daily = energy.sum(axis=2)
    return Looked(
        loads=loads, days=days, transformer_ids=np.array(masters, dtype=np.int64), given_wh=daily[n:],
        taken_wh=mine.astype(np.int64) @ daily[:n], places=mine.sum(axis=1),
        is_known=whole[n:] & ((mine.astype(np.int64) @ (~whole[:n]).astype(np.int64)) == 0),
        known=Known(
            vacant_from=_vacant(points, days),
            may_feed_back=np.array([point in back for point in points], dtype=np.bool_),
        ),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceLoad:
    """
    The load of a place over some local days.

    days_wh        (d,) energy of each day; None: not wholly known [Wh]
    before, after  24 means of an hour before a day and from it on; None: nothing is known [Wh]
    """

    days: tuple[date, ...]
    days_wh: tuple[int | None, ...]
    before: tuple[int | None, ...]
    after: tuple[int | None, ...]


def of_place(*, service_point_id: int, since: date, last: date, zone_name: str) -> PlaceLoad:
    """Return the load of a place over twelve weeks up to a local date, before and from a day on; two statements."""
    days = tuple(last - (DAYS - 1 - n) * _DAY for n in range(DAYS))
    energy, minutes = hours_of(service_point_ids=[service_point_id], days=days, zone_name=zone_name)
    hours, is_known = energy[0], (minutes[0] >= HOUR_MINUTES).all(axis=1)
    sums = hours.sum(axis=1).tolist()
    is_after = np.array([day >= since for day in days])
    return PlaceLoad(
        days=days,
        days_wh=tuple(total if known else None for total, known in zip(sums, is_known.tolist(), strict=True)),
        before=_means(hours[is_known & ~is_after]),
        after=_means(hours[is_known & is_after]),
    )


def hours_of(*, service_point_ids: Sequence[int], days: Sequence[date], zone_name: str) -> tuple[Int64, Int64]:
    """
    Return what some places drew in each hour of local days that follow each other, and how many minutes are known.

    (n, d, 24) both, in the order of the places; see ``metering.domain.hourly.lay``. Two statements. [Wh], [min]
    """
    points = list(service_point_ids)
    given = {"points": points, "transformers": [], "start": days[0], "end": days[-1] + _DAY}
    places = {point: at for at, point in enumerate(points)}
    return _hours(db.fetch(_FEEDS, given), {"point": places}, days, zone_name)


def _means(hours: Int64) -> tuple[int | None, ...]:
    """Return the mean of each hour of the day over days (d, 24), rounded down."""
    if not len(hours):
        return (None,) * hourly.HOURS
    return tuple((hours.sum(axis=0) // len(hours)).tolist())


def _hours(
    rows: Sequence[tuple], places_of: Mapping[str, Mapping[int, int]], days: Sequence[date], zone_name: str
) -> tuple[Int64, Int64]:
    """Return energy and known minutes of each hour of all places and masters; one statement."""
    clock = local_clock(zone_name)
    starts = np.array([clock.day_start_us(day) for day in (*days, days[-1] + _DAY)], dtype=np.int64)
    feeds = [row for row in rows if row[0] in places_of and row[2] is not None]
    table = np.array(
        [
            (places_of[role][owner], register, clock.day_start_us(start), clock.day_start_us(end))
            for role, owner, register, start, end in feeds
        ],
        dtype=np.int64,
    ).reshape(-1, 4)
    held = intervals.days(register_ids=np.unique(table[:, 1]), start_date=days[0] - _DAY, end_date=days[-1] + 2 * _DAY)
    window = Window(register_id=table[:, 1].copy(), from_us=table[:, 2].copy(), until_us=table[:, 3].copy())
    return hourly.lay(
        blocks=held, feeds=Feeds(place=table[:, 0], window=window), day_starts_us=starts,
        places=sum(len(one) for one in places_of.values()),
    )  # fmt: skip


def _vacant(points: Sequence[int], days: Sequence[date]) -> Int64:
    assert _Ports.vacancies is not None, "nobody says which places are vacant; see cis/wiring_metering.py"
    since = _Ports.vacancies(service_point_ids=points, on=days[-1])
    return np.array([max(0, (since[one] - days[0]).days) if one in since else -1 for one in points], dtype=np.int64)


# A place that measures what a transformer gives, or what others use, is nobody's supply.
_PLACES = """
SELECT s.id, s.transformer_id, array_position(ARRAY['220V', '380V', '10kV', '35kV'], s.voltage::text)
FROM metering_servicepoint s
WHERE s.state = 'connected'
  AND NOT EXISTS (SELECT 1 FROM metering_usagerule r WHERE r.source_id = s.id AND r.retired_at IS NULL)
  AND NOT EXISTS (
    SELECT 1 FROM metering_installation i JOIN metering_mastermeter m ON m.meter_id = i.meter_id
    WHERE i.service_point_id = s.id AND m.period && i.period)
ORDER BY s.transformer_id NULLS LAST, s.id
"""
# Counters of all hours, of what is drawn; a place whose meters are not read by interval has a row without register.
_FEEDS = """
WITH hung AS (
    SELECT i.service_point_id, i.meter_id, greatest(lower(i.period), %(start)s) AS start,
           least(coalesce(upper(i.period), %(end)s), %(end)s) AS stop
    FROM metering_installation i
    WHERE i.period && daterange(%(start)s, %(end)s)
      AND (i.service_point_id = ANY(%(points)s) OR i.meter_id IN (
        SELECT m.meter_id FROM metering_mastermeter m WHERE m.transformer_id = ANY(%(transformers)s)))
)
SELECT CASE WHEN g.direction = 'export' THEN 'export' ELSE 'point' END, h.service_point_id,
       CASE WHEN g.is_interval THEN g.id END, h.start, h.stop
FROM hung h JOIN metering_register g ON g.meter_id = h.meter_id AND g.quantity = 'active' AND g.period_of_use = ''
WHERE h.service_point_id = ANY(%(points)s)
UNION ALL
SELECT 'master', m.transformer_id, g.id, greatest(h.start, lower(m.period)),
       least(h.stop, coalesce(upper(m.period), h.stop))
FROM metering_mastermeter m JOIN hung h ON h.meter_id = m.meter_id
JOIN metering_register g ON g.meter_id = h.meter_id AND g.quantity = 'active' AND g.period_of_use = ''
  AND g.direction = 'import' AND g.is_interval
WHERE m.transformer_id = ANY(%(transformers)s) AND m.period && daterange(h.start, h.stop)
"""
