"""What behaviour is told from: whole local days of hours, else approved energy, and whom places are like."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from accounts.queries import supplier
from cis.kernel.periods import Period
from cis.platform import calendars, db
from metering.domain import behaviour
from metering.domain.behaviour import Behaviours
from metering.queries import anomaly_loads
from metering.queries.anomaly_loads import HOUR_MINUTES


class PeersOf(Protocol):
    """Say whom places are like that one holder was supplied at."""

    def __call__(self, *, service_point_ids: Collection[int], period: Period) -> Mapping[int, str]:
        """Return the group of each, "": like nobody; places of nobody, or of two, are left out. One statement."""


class _Ports:
    """Who knows agreements; bound once by ``cis.wiring``."""

    peers: PeersOf | None = None


def ask(*, peers: PeersOf) -> None:
    """Bind who is asked whom places are like. To be called from ``cis.wiring`` only."""
    _Ports.peers = peers


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """
    What is told of some places, n rows.

    counted_wh  mean day of approved energy, of those that have some over enough days of the month [Wh]
    peers       group of each place that one holder was supplied at all the time, "": it is like nobody
    """

    behaviours: Behaviours
    counted_wh: Mapping[int, int]
    peers: Mapping[int, str]


def tell(*, service_point_ids: Sequence[int], month: Period, zone_name: str) -> Told:
    """Return what is told of some places in a month, in their order; four statements."""
    assert _Ports.peers is not None, "nobody says whom places are like; see cis/wiring_metering.py"
    days = tuple(month.each_day())
    energy, minutes = anomaly_loads.hours_of(service_point_ids=service_point_ids, days=days, zone_name=zone_name)
    calendar = calendars.business_calendar(supplier.country())
    return Told(
        behaviours=behaviour.describe(
            energy_wh=energy,
            is_whole=np.asarray((minutes >= HOUR_MINUTES).all(axis=2)),
            is_off=np.array([not calendar.is_business_day(day) for day in days], dtype=np.bool_),
        ),
        counted_wh=_counted(service_point_ids, month),
        peers=_Ports.peers(service_point_ids=service_point_ids, period=month),
    )


def _counted(points: Sequence[int], month: Period) -> dict[int, int]:
    given = {"points": list(points), "start": month.start, "end": month.end, "least": behaviour.LEAST_DAYS}
    return {point: int(day_wh) for point, day_wh in db.fetch(_COUNTED, given)}


# Spans that reach over the edge of the month count by their days in it. A register of all hours beside those by period
# of use has the energy of them all; of the days that it did not count, as before a meter was exchanged, theirs counts.
_COUNTED = """
WITH spans AS (
    SELECT u.service_point_id AS point, u.period_of_use AS code, u.energy_wh,
           daterange(u.start_date, u.end_date) AS span,
           daterange(u.start_date, u.end_date) * daterange(%(start)s, %(end)s) AS days
    FROM metering_usage u
    JOIN metering_register r ON r.id = u.register_id AND r.quantity = 'active' AND r.direction = 'import'
    WHERE u.service_point_id = ANY(%(points)s) AND u.is_current AND u.start_date < %(end)s AND u.end_date > %(start)s
), whole AS (
    SELECT point, range_agg(days) AS days FROM spans WHERE code = '' GROUP BY point
), parts AS (
    SELECT s.point, s.days, s.energy_wh::numeric * d.count / (upper(s.span) - lower(s.span)) AS part_wh
    FROM spans s LEFT JOIN whole w ON w.point = s.point AND s.code <> ''
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(upper(one) - lower(one)), 0) AS count
        FROM unnest(datemultirange(s.days) - coalesce(w.days, datemultirange())) AS one) d
), sums AS (
    SELECT point, sum(part_wh) AS all_wh, range_agg(days) AS days FROM parts GROUP BY point
)
SELECT s.point, floor(s.all_wh / d.count)
FROM sums s CROSS JOIN LATERAL (SELECT sum(upper(one) - lower(one)) AS count FROM unnest(s.days) AS one) d
WHERE d.count >= %(least)s
"""
