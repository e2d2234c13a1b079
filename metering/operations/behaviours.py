"""How places use electricity: told once a month of each, named by shape, compared with places like it."""

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np
import structlog
from django.utils import timezone

from accounts.queries import supplier
from cis.kernel.calendar import local_clock
from cis.kernel.periods import Period, add_months, month_of
from cis.platform import db
from cis.platform.db import opens_transaction
from metering.domain import clusters
from metering.domain.behaviour import UNKNOWN
from metering.domain.clusters import Floats
from metering.queries import anomaly_loads, behaviour_facts
from metering.queries.behaviour_facts import Told

WORK = "behaviours"
"""Falls due each night; works when a month is over, and once more for late values."""
LATE_DAYS = 9
"""The tenth of the month after: then what came late is in."""
KEPT_MONTHS = 25
"""Older ones go: who a home was two years ago is nobody's business (house rule)."""
CHUNK = 500
SAMPLE = 5_000
"""So many profiles say which groups there are; all others are put into them."""
OTHERS_LEAST = 20
"""Fewer others are told of nobody: out of few one could guess one (house rule)."""
log = structlog.get_logger(__name__)


def night(at: datetime) -> None:
    """Tell of the last whole month if that is still to be done, and forget what is old."""
    zone_name = supplier.current().time_zone
    today = local_clock(zone_name).local_date(at)
    month = month_of(month_of(today).start - timedelta(days=1))
    if _is_due(month, today, zone_name):
        look(month=month, zone_name=zone_name)
    forget(today=today)


def look(*, month: Period, zone_name: str, chunk: int = CHUNK) -> int:
    """
    Tell of all places in a month; return of how many something is known.

    In parts, each a use case of five statements; then their shapes in parts of two, and what is usual in two. All of
    it may be repeated and gives the same out of the same values.

    :raises Exception: what stopped the last of the parts that could not be told of; the others were.
    """
    told, stopped = 0, None
    for part in anomaly_loads.parts(chunk=chunk):
        try:
            told += tell(service_point_ids=part.service_point_ids.tolist(), month=month, zone_name=zone_name)
        except Exception as error:
            log.exception("behaviours_not_told", first=part.service_point_ids.tolist()[:1])
            stopped = error
    centres = clusters.group(profiles=_profiles(db.fetch(_SAMPLE, {"month": month.start, "most": SAMPLE})))
    after: int | None = 0
    while after is not None:
        after = name(month=month, centres=centres, after_id=after, chunk=chunk)
    compare(month=month)
    log.info("behaviours_told", month=str(month.start), places=told)
    if stopped is not None:
        _do_again(month)
        raise stopped
    return told


@opens_transaction
def tell(*, service_point_ids: Sequence[int], month: Period, zone_name: str) -> int:
    """
    Tell of some places in a month; return of how many something is known. Five statements at most.

    What was told of others of them before goes: they may have had two holders, as was said late.
    """
    told = behaviour_facts.tell(service_point_ids=service_point_ids, month=month, zone_name=zone_name)
    rows = [row for at, point in enumerate(service_point_ids) if (row := _row(told, at, point)) is not None]
    given = {"rows": json.dumps(rows), "month": month.start, "now": timezone.now(), "points": list(service_point_ids)}
    db.execute(_KEEP, given)
    return len(rows)


@opens_transaction
def name(*, month: Period, centres: Floats, after_id: int, chunk: int = CHUNK) -> int | None:
    """Name the shapes of the next rows of a month; return the id to go on after, None at the end. Two statements."""
    rows = db.fetch(_NEXT, {"month": month.start, "after": after_id, "most": chunk})
    if not rows:
        return None
    named = clusters.names(profiles=_profiles([row[1:] for row in rows]), centres=centres)
    ids: list[int] = [row[0] for row in rows]
    db.execute(_NAME, {"ids": ids, "shapes": [shape.value for shape in named]})
    return ids[-1]


@opens_transaction
def compare(*, month: Period) -> None:
    """Say what is usual in a month among places that are like each other, where they are many; two statements."""
    db.execute("DELETE FROM metering_behaviourpeers WHERE month_date = %(month)s", {"month": month.start})
    db.execute(_COMPARE, {"month": month.start, "least": OTHERS_LEAST + 1})


@opens_transaction
def forget(*, today: date) -> None:
    """Let go of the months that are too old; two statements."""
    before = add_months(month_of(today).start, -KEPT_MONTHS)
    db.execute("DELETE FROM metering_behaviourmonth WHERE month_date < %(before)s", {"before": before})
    db.execute("DELETE FROM metering_behaviourpeers WHERE month_date < %(before)s", {"before": before})


@opens_transaction
def _do_again(month: Period) -> None:
    """Let the next night tell of a month once more: it is marked as told before it was over. One statement."""
    given = {"month": month.start, "before": month.start - timedelta(days=1)}
    db.execute("UPDATE metering_behaviourmonth SET computed_at = %(before)s WHERE month_date = %(month)s", given)


def _is_due(month: Period, today: date, zone_name: str) -> bool:
    """Return whether a month is to be told of: never done, to be done again for late values, or broken off."""
    ((last_at,),) = db.fetch(
        "SELECT max(computed_at) FROM metering_behaviourmonth WHERE month_date = %(month)s", {"month": month.start}
    )
    if last_at is None:
        return True
    done, late = local_clock(zone_name).local_date(last_at), month.end + timedelta(days=LATE_DAYS)
    return done < month.end or done >= today or done < late <= today


def _profiles(rows: Sequence[tuple]) -> Floats:
    """Return the profiles of rows of working hours and hours of days off, either of which may be unknown."""
    unknown = [UNKNOWN] * clusters.HOURS
    working = np.array([row[0] or unknown for row in rows], dtype=np.int64).reshape(-1, clusters.HOURS)
    off = np.array([row[1] or unknown for row in rows], dtype=np.int64).reshape(-1, clusters.HOURS)
    return clusters.vectors(working_wh=working, off_wh=off)


def _row(told: Told, at: int, point: int) -> dict[str, object] | None:
    """Return the row of a place; None: nothing is known of it, or not of one holder alone."""
    if point not in told.peers:
        return None
    one = told.behaviours
    day_wh = _known(int(one.day_wh[at]))
    if day_wh is None:
        day_wh = told.counted_wh.get(point)
    if day_wh is None:
        return None
    return {
        "point": point, "known": int(one.known_days[at]), "working": _hours(one.working_wh[at]),
        "off": _hours(one.off_wh[at]), "day": day_wh, "base": _known(int(one.base_w[at])),
        "evening": _known(int(one.evening_e4[at])), "night": _known(int(one.night_e4[at])),
        "rest": _known(int(one.off_e4[at])), "peers": told.peers[point],
    }  # fmt: skip


def _known(value: int) -> int | None:
    return None if value == UNKNOWN else value


def _hours(values: np.ndarray) -> list[int] | None:
    return None if values[0] == UNKNOWN else values.tolist()


_KEEP = """
WITH gone AS (
    DELETE FROM metering_behaviourmonth
    WHERE month_date = %(month)s AND service_point_id = ANY(%(points)s::bigint[]) AND service_point_id NOT IN (
        SELECT point FROM jsonb_to_recordset(%(rows)s::jsonb) AS f (point bigint))
)
INSERT INTO metering_behaviourmonth
    (service_point_id, month_date, known_days, working_wh, off_wh, day_wh, base_w, evening_e4, night_e4, off_e4, shape,
     peers, computed_at)
SELECT f.point, %(month)s, f.known, f.working, f.off, f.day, f.base, f.evening, f.night, f.rest, '', f.peers, %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS f (point bigint, known smallint, working bigint[], off bigint[], day bigint, base bigint, evening int, night int,
          rest int, peers text)
ON CONFLICT (service_point_id, month_date) DO UPDATE
SET known_days = excluded.known_days, working_wh = excluded.working_wh, off_wh = excluded.off_wh,
    day_wh = excluded.day_wh, base_w = excluded.base_w, evening_e4 = excluded.evening_e4,
    night_e4 = excluded.night_e4, off_e4 = excluded.off_e4, shape = excluded.shape, peers = excluded.peers,
    computed_at = excluded.computed_at
"""
# The order is the same each time and has nothing to do with who the places are.
_SAMPLE = """
SELECT working_wh, off_wh FROM metering_behaviourmonth
WHERE month_date = %(month)s AND coalesce(working_wh, off_wh) IS NOT NULL
ORDER BY md5(service_point_id::text) LIMIT %(most)s
"""
_NEXT = """
SELECT id, working_wh, off_wh FROM metering_behaviourmonth
WHERE month_date = %(month)s AND id > %(after)s AND coalesce(working_wh, off_wh) IS NOT NULL
ORDER BY id LIMIT %(most)s
"""
_NAME = """
UPDATE metering_behaviourmonth m SET shape = f.shape
FROM unnest(%(ids)s::bigint[], %(shapes)s::text[]) AS f (id, shape) WHERE m.id = f.id
"""
_COMPARE = """
INSERT INTO metering_behaviourpeers (month_date, peers, places, day_wh, quiet_wh, base_w)
SELECT month_date, peers, count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY day_wh),
       percentile_disc(0.2) WITHIN GROUP (ORDER BY day_wh),
       CASE WHEN count(base_w) >= %(least)s THEN percentile_disc(0.5) WITHIN GROUP (ORDER BY base_w) END
FROM metering_behaviourmonth
WHERE month_date = %(month)s AND peers <> '' AND day_wh IS NOT NULL
GROUP BY month_date, peers HAVING count(*) >= %(least)s
"""
