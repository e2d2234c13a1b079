"""What the loads of feeders, and forecasts, are worked out of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from cis.kernel.fixed import Int64
from cis.platform.db import fetch
from metering.domain.hourly import HOURS
from metering.domain.network import Asset
from metering.domain.network_days import Flags, NetworkDays
from metering.queries import hourly_loads
from metering.queries.hourly_loads import MASTER, POINT, SUPPLIED, Span

CHUNK = 200
_ASSETS = tuple(Asset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """
    What the transformers of n feeders carried on d days.

    load_wh   (n, d, 24) sum of what is known [Wh]
    is_known  (n, d) all are known that count
    counts    (n, d) how many these are: behind which a meter hung, or that had a master meter, on that day
    """

    load_wh: Int64
    is_known: Flags
    counts: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """
    What n transformers or feeders carried on d days.

    load_wh      (n, d, 24)
    is_known     (n, d)
    capacity_va  (n,)
    """

    ids: list[int]
    load_wh: Int64
    is_known: Flags
    capacity_va: Int64


def chunks(asset: Asset, *, since: date | None = None) -> Iterator[list[int]]:
    """
    Yield the ids of feeders or transformers in parts; one statement.

    :param since: only those of which a load is known, or was forecast, from that day on.
    """
    ids = [one for (one,) in fetch(_ALL[asset] if since is None else _LOADED[asset], {"since": since})]
    for first in range(0, len(ids), CHUNK):
        yield ids[first : first + CHUNK]


def unsupplied(*, over: Span) -> Iterator[list[int]]:
    """
    Yield the ids of transformers without a place that is supplied now, in parts; one statement.

    Those that had a master meter on some of the days, or from which places were moved away.
    """
    given = {"start": over.days[0], "end": over.days[-1]}
    ids = [one for (one,) in fetch(_UNSUPPLIED, given)]
    for first in range(0, len(ids), CHUNK):
        yield ids[first : first + CHUNK]


def direct(*, asset: Asset, ids: Sequence[int], over: Span) -> NetworkDays:
    """Return what places directly on feeders or transformers took, and what master meters counted; three statements."""
    hangs = hourly_loads.members(assets=ids, over=over, asset=asset)
    points = sorted({point for _, point, _, _ in hangs})
    found = hourly_loads.feeds(points=points, masters=ids, over=over, asset=asset)
    rows_of = {
        POINT: {one: at for at, one in enumerate(points)},
        MASTER: {one: at for at, one in enumerate(ids)},
    }
    sides = hourly_loads.lay(found=found, rows_of=rows_of, over=over)
    return hourly_loads.days_of(sides=sides, hangs=hangs, rows_of=rows_of, over=over)


def behind(*, feeder_ids: Sequence[int], days: Sequence[date]) -> Behind:
    """Return what the transformers of feeders carried, of those that counted on each day; one statement."""
    row_of = {one: at for at, one in enumerate(feeder_ids)}
    load = np.zeros((len(feeder_ids), len(days), HOURS), dtype=np.int64)
    known = np.zeros(load.shape[:2], dtype=np.int64)
    counts = np.zeros_like(known)
    given = {"feeders": list(feeder_ids), "start": days[0], "end": days[-1]}
    for feeder, day, count, found, hours in fetch(_BEHIND, given):
        at = row_of[feeder], (day - days[0]).days
        load[at], counts[at], known[at] = hours, count, found
    return Behind(load_wh=load, is_known=known >= counts, counts=counts)


def carried(*, asset: Asset, ids: Sequence[int], last: date, count: int) -> Carried:
    """Return what transformers or feeders carried on so many days up to a last one; two statements."""
    row_of = {one: at for at, one in enumerate(ids)}
    load = np.zeros((len(ids), count, HOURS), dtype=np.int64)
    known = np.zeros((len(ids), count), dtype=np.bool_)
    first = last - timedelta(days=count - 1)
    given = {"ids": list(ids), "start": first, "end": last}
    for one, day, hours in fetch(_CARRIED[asset], given):
        at = row_of[one], (day - first).days
        load[at], known[at] = hours, True
    rated = dict(fetch(_RATED[asset], given))
    return Carried(
        ids=list(ids), load_wh=load, is_known=known, capacity_va=np.array([rated[one] for one in ids], dtype=np.int64)
    )


_ALL = {asset: f"SELECT id FROM metering_{asset} ORDER BY 1" for asset in _ASSETS}  # noqa: S608
_LOADED = {
    asset: f"""
SELECT a.id FROM metering_{asset} a
WHERE EXISTS (SELECT FROM metering_loadday l WHERE l.{asset}_id = a.id AND l.day_date >= %(since)s)
   OR EXISTS (SELECT FROM metering_assetforecast f WHERE f.{asset}_id = a.id AND f.day_date >= %(since)s)
ORDER BY 1"""  # noqa: S608
    for asset in _ASSETS
}
_HOURS = ", ".join(f"coalesce(sum(l.hours_wh[{hour + 1}]), 0)::bigint" for hour in range(HOURS))
# Which transformers count is asked of each day: one that is built today says nothing of yesterday, and one that is
# empty today carried what it carried. The day of a move is of both.
_BEHIND = f"""
WITH hung AS (
    SELECT t.id AS asset, s.id AS point, daterange(
        (SELECT max(h.until_date) FROM metering_pasthanging h WHERE h.service_point_id = s.id), NULL) AS span
    FROM metering_servicepoint s JOIN metering_transformer t ON t.id = s.transformer_id
    WHERE t.feeder_id = ANY(%(feeders)s) AND {SUPPLIED}
    UNION ALL
    SELECT t.id, s.id, daterange(
        (SELECT max(e.until_date) FROM metering_pasthanging e
         WHERE e.service_point_id = s.id AND e.until_date < h.until_date), h.until_date, '[]')
    FROM metering_pasthanging h JOIN metering_servicepoint s ON s.id = h.service_point_id
    JOIN metering_transformer t ON t.id = h.transformer_id
    WHERE t.feeder_id = ANY(%(feeders)s) AND h.until_date >= %(start)s AND {SUPPLIED}
), counted AS (
    SELECT h.asset, h.span * i.period AS span
    FROM hung h JOIN metering_installation i ON i.service_point_id = h.point AND i.period && h.span
    WHERE EXISTS (SELECT FROM metering_register g WHERE g.meter_id = i.meter_id AND g.quantity = 'active')
    UNION ALL
    SELECT t.id, m.period FROM metering_mastermeter m JOIN metering_transformer t ON t.id = m.transformer_id
    WHERE t.feeder_id = ANY(%(feeders)s)
), metered AS (
    SELECT asset, range_agg(span) AS days FROM counted GROUP BY asset
)
SELECT t.feeder_id, d.day::date, count(*), count(l.id), ARRAY[{_HOURS}]
FROM metered k JOIN metering_transformer t ON t.id = k.asset
JOIN generate_series(%(start)s::date, %(end)s::date, interval '1 day') AS d (day) ON k.days @> d.day::date
LEFT JOIN metering_loadday l ON l.transformer_id = t.id AND l.feeder_id IS NULL AND l.day_date = d.day::date
GROUP BY 1, 2
"""  # noqa: S608 (constants only)
_UNSUPPLIED = f"""
SELECT t.id FROM metering_transformer t
WHERE NOT EXISTS (SELECT FROM metering_servicepoint s
                  WHERE s.transformer_id = t.id AND s.state = 'connected' AND {SUPPLIED})
  AND (EXISTS (SELECT FROM metering_mastermeter m
               WHERE m.transformer_id = t.id AND m.period && daterange(%(start)s, %(end)s, '[]'))
       OR EXISTS (SELECT FROM metering_pasthanging h WHERE h.transformer_id = t.id AND h.until_date >= %(start)s))
ORDER BY 1
"""  # noqa: S608 (constants only)
_CARRIED = {
    asset: f"""SELECT {asset}_id, day_date, hours_wh FROM metering_loadday
               WHERE {asset}_id = ANY(%(ids)s) AND day_date BETWEEN %(start)s AND %(end)s"""  # noqa: S608
    for asset in _ASSETS
}
_RATED = {
    asset: f"SELECT id, capacity_va FROM metering_{asset} WHERE id = ANY(%(ids)s)"  # noqa: S608
    for asset in _ASSETS
}
