"""What registers of places and of master meters counted, by hour, and what hung behind which transformer when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from cis.kernel.calendar import local_clock
from cis.kernel.fixed import Int64
from cis.platform import db
from metering.domain import hourly, network_days
from metering.domain.hourly import Feeds, Laid
from metering.domain.intervals import Window
from metering.domain.network import Asset
from metering.domain.network_days import Hung, NetworkDays, Sides
from metering.queries import intervals

IMPORT, EXPORT = "import", "export"
POINT, MASTER = "point", "master"
HOUR_US = hourly.HOUR_US
_DAY = timedelta(days=1)


class Feed(NamedTuple):
    """
    A register that counts active energy of all hours, while it hung.

    role, direction  POINT or MASTER, IMPORT or EXPORT
    owner            service point, or what the master meter is of
    register_id      None: the meter counts in this direction, and is not read by interval
    """

    role: str
    direction: str
    owner: int
    meter_id: int
    register_id: int | None
    start_date: date
    end_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Local days that are looked at, without a gap, and the zone of their clock."""

    days: tuple[date, ...]
    zone_name: str

    @property
    def starts_us(self) -> Int64:
        """Return the first instant of each day and of the day after, (d + 1,)."""
        clock = local_clock(self.zone_name)
        return np.array([clock.day_start_us(day) for day in (*self.days, self.days[-1] + _DAY)], dtype=np.int64)

    @property
    def long_days(self) -> network_days.Flags:
        """Return which days have more than 24 hours, (d,)."""
        return np.asarray(np.diff(self.starts_us) > hourly.HOURS * HOUR_US)


def span(*, last: date, count: int, zone_name: str) -> Span:
    """Return so many local days up to a last one."""
    return Span(days=tuple(last - (count - 1 - n) * _DAY for n in range(count)), zone_name=zone_name)


def feeds(
    *, points: Sequence[int], masters: Sequence[int], over: Span, asset: Asset = Asset.TRANSFORMER
) -> tuple[Feed, ...]:
    """
    Return what counts at service points, and as master meters of transformers or feeders, over some days.

    One statement.
    """
    given = {"points": list(points), "masters": list(masters), "start": over.days[0], "end": over.days[-1] + _DAY}
    found = [Feed(*row) for row in db.fetch(_FEEDS[asset], given)]
    read = {(one.role, one.direction, one.owner, one.meter_id) for one in found if one.register_id is not None}
    return tuple(
        one for one in found
        if one.register_id is not None or (one.role, one.direction, one.owner, one.meter_id) not in read
    )  # fmt: skip


def members(
    *, assets: Sequence[int], over: Span, asset: Asset = Asset.TRANSFORMER
) -> list[tuple[int, int, date | None, date | None]]:
    """
    Return transformer or feeder, service point, and from when until when it hung there, of some days; one statement.

    A place that never moved has always hung where it hangs. Of a feeder: directly on it.
    """
    return db.fetch(_MEMBERS[asset], {"assets": list(assets), "start": over.days[0]})


def lay(*, found: Sequence[Feed], rows_of: Mapping[str, Mapping[int, int]], over: Span) -> dict[str, Sides]:
    """
    Return what points and masters took and fed in; one statement.

    :param rows_of: by role the row of each owner.
    """
    clock = local_clock(over.zone_name)
    sides = [(role, direction) for role in rows_of for direction in (IMPORT, EXPORT)]
    first, at = {}, 0
    for role, direction in sides:
        first[role, direction] = at
        at += len(rows_of[role])
    table = np.array(
        [
            (
                first[one.role, one.direction] + rows_of[one.role][one.owner],
                -1 if one.register_id is None else one.register_id, clock.day_start_us(one.start_date),
                clock.day_start_us(one.end_date),
            )
            for one in found
        ],
        dtype=np.int64,
    ).reshape(-1, 4)  # fmt: skip
    held = intervals.days(
        register_ids=np.unique(table[table[:, 1] >= 0, 1]), start_date=over.days[0] - _DAY,
        end_date=over.days[-1] + 2 * _DAY,
    )  # fmt: skip
    window = Window(register_id=table[:, 1].copy(), from_us=table[:, 2].copy(), until_us=table[:, 3].copy())
    laid = hourly.lay(
        blocks=held, feeds=Feeds(place=table[:, 0], window=window), day_starts_us=over.starts_us, places=at
    )

    def part(role: str, direction: str) -> Laid:
        start = first[role, direction]
        rows = slice(start, start + len(rows_of[role]))
        return Laid(**{name: getattr(laid, name)[rows] for name in Laid.__dataclass_fields__})

    return {role: Sides(drawn=part(role, IMPORT), back=part(role, EXPORT)) for role in rows_of}


def days_of(
    *, sides: Mapping[str, Sides], hangs: Sequence[tuple[int, int, date | None, date | None]],
    rows_of: Mapping[str, Mapping[int, int]], over: Span,
) -> NetworkDays:  # fmt: skip
    """Return the days of transformers: ``hangs`` as ``members`` gives them, the rest as ``lay`` took and gave it."""
    hung = [
        Hung(place=rows_of[POINT][point], asset=rows_of[MASTER][asset], since=since, until=until)
        for asset, point, since, until in hangs
    ]
    at, moved = network_days.positions(
        hung=hung, days=over.days, places=len(rows_of[POINT]), assets=len(rows_of[MASTER])
    )
    return network_days.of(places=sides[POINT], masters=sides[MASTER], at=at, moved=moved, long_days=over.long_days)


# Counters of all hours; a meter that counts in a direction and is not read by interval has rows without register.
def _feeds_of(asset: Asset) -> str:
    return f"""
WITH hung AS (
    SELECT i.service_point_id, i.meter_id, greatest(lower(i.period), %(start)s) AS start,
           least(coalesce(upper(i.period), %(end)s), %(end)s) AS stop
    FROM metering_installation i
    WHERE i.period && daterange(%(start)s, %(end)s)
      AND (i.service_point_id = ANY(%(points)s) OR i.meter_id IN (
        SELECT m.meter_id FROM metering_mastermeter m WHERE m.{asset}_id = ANY(%(masters)s)))
), counts AS (
    SELECT DISTINCT h.*, g.direction, CASE WHEN g.is_interval AND g.period_of_use = '' THEN g.id END AS register
    FROM hung h JOIN metering_register g ON g.meter_id = h.meter_id AND g.quantity = 'active'
)
SELECT 'point', direction, service_point_id, meter_id, register, start, stop
FROM counts WHERE service_point_id = ANY(%(points)s)
UNION ALL
SELECT 'master', c.direction, m.{asset}_id, c.meter_id, c.register, greatest(c.start, lower(m.period)),
       least(c.stop, coalesce(upper(m.period), c.stop))
FROM metering_mastermeter m JOIN counts c ON c.meter_id = m.meter_id AND m.period && daterange(c.start, c.stop)
WHERE m.{asset}_id = ANY(%(masters)s)
"""  # noqa: S608 (names of columns only)


# A place that measures what a transformer gives, or what others use, is nobody's supply.
SUPPLIED = """
NOT EXISTS (SELECT 1 FROM metering_usagerule r WHERE r.source_id = s.id AND r.retired_at IS NULL)
AND NOT EXISTS (
    SELECT 1 FROM metering_installation i JOIN metering_mastermeter m ON m.meter_id = i.meter_id
    WHERE i.service_point_id = s.id AND m.period && i.period)
"""


def _members_of(asset: Asset) -> str:
    return f"""
SELECT s.{asset}_id, s.id,
       (SELECT max(h.until_date) FROM metering_pasthanging h WHERE h.service_point_id = s.id), NULL::date
FROM metering_servicepoint s WHERE s.{asset}_id = ANY(%(assets)s) AND {SUPPLIED}
UNION ALL
SELECT h.{asset}_id, h.service_point_id,
       (SELECT max(e.until_date) FROM metering_pasthanging e
        WHERE e.service_point_id = h.service_point_id AND e.until_date < h.until_date), h.until_date
FROM metering_pasthanging h JOIN metering_servicepoint s ON s.id = h.service_point_id
WHERE h.{asset}_id = ANY(%(assets)s) AND h.until_date >= %(start)s AND {SUPPLIED}
"""  # noqa: S608 (names of columns only)


_FEEDS = {asset: _feeds_of(asset) for asset in Asset}
_MEMBERS = {asset: _members_of(asset) for asset in Asset}
