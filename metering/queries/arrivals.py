"""What came in and touches usage: by file, by single read, and what has come in but is not approved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from cis.kernel.periods import Period
from cis.platform import db
from metering.models.read import ReadFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """Service points whose usage over whole months [start_date, end_date) follows from what came in."""

    start_date: date
    end_date: date
    service_point_ids: tuple[int, ...]


def of_file(*, read_file_id: int, zone_name: str, today: date) -> tuple[Touched, ...]:
    """
    Return what a file touches, by window; one statement.

    A counter value touches the time from the value before it to the one after it, an interval day the local days that
    it overlaps. Both are widened to whole months, since spans end there. Intervals of a month that is not over are
    left to the file that brings its end, unless the meter was taken down before.
    """
    return _grouped(_COUNTERS + _DAYS, {"file": read_file_id, "zone": zone_name, "today": today}, _OF_FILE)


def of_reads(*, register_id: int, first_date: date, last_date: date) -> tuple[Touched, ...]:
    """Return what counter values of a register between two dates touch, as ``of_file`` does; one statement."""
    return _grouped(_COUNTERS, {"register": register_id, "first": first_date, "last": last_date}, _OF_READS)


def without_usage(*, period: Period) -> tuple[int, ...]:
    """Return the service points where a register hung in a period of which nothing is approved; one statement."""
    return tuple(point for (point,) in db.fetch(_WITHOUT, {"start": period.start, "end": period.end}))


def waiting_files() -> tuple[int, ...]:
    """Return the ids of the files whose usage was not approved yet, oldest first; one statement."""
    return tuple(ReadFile.objects.filter(usage_approved_at=None).order_by("id").values_list("id", flat=True))


def _grouped(touching: str, given: dict[str, object], source: str) -> tuple[Touched, ...]:
    rows: Sequence[tuple[date, date, list[int]]] = db.fetch(f"{source}{touching}{_BY_WINDOW}", given)
    return tuple(
        Touched(start_date=start, end_date=end, service_point_ids=tuple(points)) for start, end, points in rows
    )


_OF_FILE = """
WITH counters AS (
    SELECT register_id, min(read_date) AS low, max(read_date) AS high
    FROM metering_registerread WHERE read_file_id = %(file)s GROUP BY register_id
)"""
_OF_READS = """
WITH counters AS (SELECT %(register)s::bigint AS register_id, %(first)s::date AS low, %(last)s::date AS high)"""
# A value of the day on which a meter is taken down belongs to the place where it hung until then.
_COUNTERS = """, counted AS (
    SELECT i.service_point_id, greatest(coalesce(before.day, c.low), lower(i.period)) AS low,
           least(coalesce(after.day, c.high), upper(i.period)) AS high
    FROM counters c
    JOIN metering_register g ON g.id = c.register_id AND NOT g.is_interval
    JOIN metering_installation i ON i.meter_id = g.meter_id AND i.period && daterange(c.low - 1, c.high, '[]')
    CROSS JOIN LATERAL (SELECT max(read_date) AS day FROM metering_registerread
                        WHERE register_id = c.register_id AND read_date < c.low) before
    CROSS JOIN LATERAL (SELECT min(read_date) AS day FROM metering_registerread
                        WHERE register_id = c.register_id AND read_date > c.high) after
), windows AS (
    SELECT service_point_id, date_trunc('month', low)::date AS low,
           date_trunc('month', high + interval '1 month' - interval '1 day')::date AS high
    FROM counted WHERE low < high
"""
_DAYS = """
    UNION ALL
    SELECT service_point_id, date_trunc('month', low)::date,
           least((date_trunc('month', high) + interval '1 month')::date, date_trunc('month', till)::date)
    FROM (
        SELECT i.service_point_id, d.low, d.high,
               CASE WHEN upper(i.period) <= %(today)s THEN upper(i.period) + interval '1 month' - interval '1 day'
                    ELSE %(today)s::date + 1 END AS till
        FROM (
            SELECT register_id, (min(start_at) AT TIME ZONE %(zone)s)::date AS low,
                   ((max(start_at) + interval '24 hours - 1 microsecond') AT TIME ZONE %(zone)s)::date AS high
            FROM metering_intervalday WHERE read_file_id = %(file)s GROUP BY register_id
        ) d
        JOIN metering_register g ON g.id = d.register_id AND g.is_interval
        JOIN metering_installation i ON i.meter_id = g.meter_id AND i.period && daterange(d.low, d.high, '[]')
    ) given
"""
_BY_WINDOW = """
)
SELECT low, high, array_agg(service_point_id ORDER BY service_point_id)
FROM (SELECT service_point_id, min(low) AS low, max(high) AS high
      FROM windows WHERE low < high GROUP BY service_point_id) wide
GROUP BY low, high ORDER BY low, high
"""
_WITHOUT = """
SELECT DISTINCT i.service_point_id
FROM metering_installation i
JOIN metering_register g ON g.meter_id = i.meter_id AND g.quantity = 'active' AND g.direction = 'import'
WHERE i.period && daterange(%(start)s, %(end)s)
  AND NOT EXISTS (SELECT FROM metering_usage u
                  WHERE u.service_point_id = i.service_point_id AND u.register_id = g.id AND u.is_current
                    AND u.start_date < %(end)s AND u.end_date > %(start)s)
ORDER BY i.service_point_id
"""
