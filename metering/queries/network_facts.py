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
from metering.queries.hourly_loads import MASTER, POINT, Span

CHUNK = 200
_ASSETS = tuple(Asset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """
    What the transformers of n feeders carried on d days.

    load_wh   (n, d, 24) sum of what is known [Wh]
    is_known  (n, d) all are known behind which a meter hangs now
    counts    (n,) how many these are
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


def direct(*, feeder_ids: Sequence[int], over: Span) -> NetworkDays:
    """Return what places directly on feeders took, and what the master meters of feeders counted; three statements."""
    hangs = hourly_loads.members(assets=feeder_ids, over=over, asset=Asset.FEEDER)
    points = sorted({point for _, point, _, _ in hangs})
    found = hourly_loads.feeds(points=points, masters=feeder_ids, over=over, asset=Asset.FEEDER)
    rows_of = {
        POINT: {one: at for at, one in enumerate(points)},
        MASTER: {one: at for at, one in enumerate(feeder_ids)},
    }
    sides = hourly_loads.lay(found=found, rows_of=rows_of, over=over)
    return hourly_loads.days_of(sides=sides, hangs=hangs, rows_of=rows_of, over=over)


def behind(*, feeder_ids: Sequence[int], days: Sequence[date]) -> Behind:
    """Return what the transformers of feeders carried; two statements."""
    row_of = {one: at for at, one in enumerate(feeder_ids)}
    load = np.zeros((len(feeder_ids), len(days), HOURS), dtype=np.int64)
    known = np.zeros(load.shape[:2], dtype=np.int64)
    counts = np.zeros(len(feeder_ids), dtype=np.int64)
    for feeder, count in fetch(_METERED, {"feeders": list(feeder_ids)}):
        counts[row_of[feeder]] = count
    for feeder, day, count, hours in fetch(_BEHIND, {"feeders": list(feeder_ids), "start": days[0], "end": days[-1]}):
        at = row_of[feeder], (day - days[0]).days
        load[at], known[at] = [int(one) for one in hours], count
    return Behind(load_wh=load, is_known=known >= counts[:, None], counts=counts)


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
_METERED = """
SELECT t.feeder_id, count(*) FROM metering_transformer t
WHERE t.feeder_id = ANY(%(feeders)s) AND EXISTS (
    SELECT FROM metering_servicepoint s JOIN metering_installation i ON i.service_point_id = s.id
    WHERE s.transformer_id = t.id AND upper_inf(i.period))
GROUP BY 1
"""
_HOURS = ", ".join(f"sum(l.hours_wh[{hour + 1}])::bigint" for hour in range(HOURS))
_BEHIND = f"""
SELECT t.feeder_id, l.day_date, count(*), ARRAY[{_HOURS}]
FROM metering_loadday l JOIN metering_transformer t ON t.id = l.transformer_id
WHERE t.feeder_id = ANY(%(feeders)s) AND l.day_date BETWEEN %(start)s AND %(end)s AND EXISTS (
    SELECT FROM metering_servicepoint s JOIN metering_installation i ON i.service_point_id = s.id
    WHERE s.transformer_id = t.id AND upper_inf(i.period))
GROUP BY 1, 2
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
