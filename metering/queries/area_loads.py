"""
Loads of areas hour by hour: what the meters of a feeder, or of the whole supplier, took that are read by interval.

Places that measure what a transformer gives, or what others use, are left out: they would count twice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from cis.kernel.calendar import local_clock
from cis.kernel.fixed import Int64
from cis.platform.db import fetch, read_columns
from metering.domain import hourly
from metering.domain.boosting import Floats
from metering.domain.hourly import HOURS, Feeds
from metering.domain.intervals import Window
from metering.queries import intervals

CHUNK = 500
LEAST_PERCENT = 90
"""Of so many of its meters an hour must be known; what the others took is taken to be as these."""
LEAST_PLACES = 5
"""Of a feeder with fewer places nothing is told: its hours would be those of somebody (house rule)."""
HOUR_MINUTES = 60
WHOLE = -1
"""Stands for the whole supplier in columns of feeder ids."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loads:
    """
    The loads of a areas over d local days.

    feeder_ids  (a,) ascending; the first is ``WHOLE``
    loads_w     (a, d, 24); -1: too few meters are known, or a feeder has too few places [W]
    places      (a, d) how many places had such a meter
    """

    feeder_ids: Int64
    days: tuple[date, ...]
    loads_w: Int64
    places: Int64


def measured(*, days: Sequence[date], zone_name: str, chunk: int = CHUNK) -> Loads:
    """Return the loads of all areas on local days that follow each other; a statement, and one for each chunk."""
    clock = local_clock(zone_name)
    starts = np.array([clock.day_start_us(day) for day in (*days, days[-1] + _DAY)], dtype=np.int64)
    origin = date(1970, 1, 1)
    given = {"start": days[0], "end": days[-1] + _DAY}
    table = read_columns(_FEEDS, given, columns=5).T.copy()
    areas = np.concatenate([[WHOLE], np.unique(table[table[:, 1] != WHOLE, 1])]).astype(np.int64)
    shape = (len(areas), len(days), HOURS)
    total, known, hung = (np.zeros(shape, dtype=np.int64) for _ in range(3))
    for part in _parts(table, chunk):
        points, place = np.unique(part[:, 0], return_inverse=True)
        bounds = np.array(
            [[clock.day_start_us(origin + int(one) * _DAY) for one in row] for row in part[:, 3:]], dtype=np.int64
        )
        window = Window(register_id=part[:, 2].copy(), from_us=bounds[:, 0].copy(), until_us=bounds[:, 1].copy())
        held = intervals.days(
            register_ids=np.unique(part[:, 2]), start_date=days[0] - _DAY, end_date=days[-1] + 2 * _DAY
        )
        laid = hourly.lay(
            blocks=held, feeds=Feeds(place=place.astype(np.int64), window=window), day_starts_us=starts,
            places=len(points),
        )  # fmt: skip
        _halve_doubled(laid.energy_wh, laid.minutes, starts)
        feeder = np.zeros(len(points), dtype=np.int64)
        feeder[place] = part[:, 1]
        _add(total, known, hung, laid.energy_wh, laid.minutes, _hung(bounds, place, starts, len(points)), feeder, areas)
    enough = (known > 0) & (known * 100 >= hung * LEAST_PERCENT)
    enough[areas != WHOLE] &= hung[areas != WHOLE] >= LEAST_PLACES
    loads = np.where(enough, (total * hung + known // 2) // np.maximum(known, 1), -1)
    return Loads(feeder_ids=areas, days=tuple(days), loads_w=loads, places=hung[:, :, 0])


def kept(*, feeder_id: int | None, days: Sequence[date]) -> tuple[Floats, int]:
    """
    Return the loads of an area that are kept, (d, 24), NaN: not known, and how many places it had last; one statement.

    :param days: local days that follow each other. [W]
    """
    found = np.full((len(days), HOURS), np.nan)
    places = 0
    for day, loads, count in fetch(_KEPT, {"feeder": feeder_id, "start": days[0], "end": days[-1]}):
        found[(day - days[0]).days] = [np.nan if one is None else one for one in loads]
        places = count
    return found, places


def areas() -> tuple[int | None, ...]:
    """Return the areas of which loads are known, by feeder; None: the whole supplier. One statement."""
    return tuple(row[0] for row in fetch(_AREAS))


def newest_day() -> date | None:
    """Return the newest day of which loads are kept; None: none are. One statement."""
    newest: date | None = fetch("SELECT max(day_date) FROM metering_areaday")[0][0]
    return newest


def _parts(table: Int64, chunk: int) -> Iterator[Int64]:
    """Yield the rows of some places at a time; those of a place are together."""
    starts = np.flatnonzero(np.diff(table[:, 0], prepend=-1))
    for first in range(0, len(starts), chunk):
        end = starts[first + chunk] if first + chunk < len(starts) else len(table)
        yield table[starts[first] : end]


def _hung(bounds: Int64, place: Int64, starts: Int64, points: int) -> Int64:
    """Return 1 for each day on which one register of a place counted from end to end, (p, d)."""
    whole = (bounds[:, :1] <= starts[None, :-1]) & (bounds[:, 1:] >= starts[None, 1:])
    found = np.zeros((points, len(starts) - 1), dtype=np.int64)
    np.maximum.at(found, place, whole.astype(np.int64))
    return found


def _halve_doubled(energy: Int64, minutes: Int64, starts: Int64) -> None:
    """Make a mean of the last hour of days of 25, which holds two (``hourly.lay``), both of which must be known."""
    is_long = np.diff(starts) > HOURS * hourly.HOUR_US
    energy[:, is_long, -1] = (energy[:, is_long, -1] + 1) // 2
    minutes[:, is_long, -1] //= 2


def _add(
    total: Int64, known: Int64, hung: Int64, energy: Int64, minutes: Int64, is_hung: Int64, feeder: Int64, areas: Int64
) -> None:
    """Add the hours of some places to the whole supplier and to their feeders; of the last of a long day its mean."""
    energy = energy * HOUR_MINUTES // np.maximum(minutes, HOUR_MINUTES)
    is_known = (minutes >= HOUR_MINUTES) & (is_hung[:, :, None] > 0)
    counted = np.broadcast_to(is_hung[:, :, None], energy.shape)
    own = np.searchsorted(areas, feeder)
    for sums, values in ((total, np.where(is_known, energy, 0)), (known, is_known.astype(np.int64)), (hung, counted)):
        sums[0] += values.sum(axis=0)
        np.add.at(sums, own[feeder != WHOLE], values[feeder != WHOLE])


_FEEDS = """
SELECT s.id, coalesce(s.feeder_id, t.feeder_id, -1), g.id,
       (greatest(lower(i.period), %(start)s) - DATE '1970-01-01')::bigint,
       (least(coalesce(upper(i.period), %(end)s), %(end)s) - DATE '1970-01-01')::bigint
FROM metering_installation i
JOIN metering_servicepoint s ON s.id = i.service_point_id
LEFT JOIN metering_transformer t ON t.id = s.transformer_id
JOIN metering_register g ON g.meter_id = i.meter_id AND g.is_interval AND g.quantity = 'active'
  AND g.direction = 'import' AND g.period_of_use = ''
WHERE i.period && daterange(%(start)s, %(end)s)
  AND NOT EXISTS (SELECT 1 FROM metering_usagerule r WHERE r.source_id = s.id AND r.retired_at IS NULL)
  AND NOT EXISTS (SELECT 1 FROM metering_mastermeter m WHERE m.meter_id = i.meter_id AND m.period && i.period)
ORDER BY s.id, g.id, 4
"""
_KEPT = """
SELECT day_date, loads_w, places FROM metering_areaday
WHERE feeder_id IS NOT DISTINCT FROM %(feeder)s::bigint AND day_date >= %(start)s AND day_date <= %(end)s
ORDER BY day_date
"""
_AREAS = """
SELECT DISTINCT feeder_id FROM metering_areaday WHERE array_remove(loads_w, NULL) <> '{}' ORDER BY feeder_id NULLS FIRST
"""
