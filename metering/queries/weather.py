"""Temperatures that are kept: which series there are, and the hours of one on the clock on the wall."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from cis.kernel.calendar import local_clock
from cis.kernel.fixed import Int64
from cis.platform.db import fetch, read_columns
from metering.domain import calendar_features
from metering.domain.boosting import Floats
from metering.domain.weather import WeatherKind

DEGREE_E2 = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesCard:
    """
    A series with what is known of it.

    feeder    name of the feeder that it is of; "": of all that have none
    observed  how many hours are measured, the last of them; ``forecast`` likewise
    """

    id: int
    code: str
    source: str
    feeder: str
    observed: int
    observed_until: datetime | None
    forecast: int
    forecast_until: datetime | None


def listed() -> tuple[SeriesCard, ...]:
    """Return all series by code; one statement."""
    return tuple(SeriesCard(**dict(zip(SeriesCard.__dataclass_fields__, row, strict=True))) for row in fetch(_LISTED))


def temperatures(*, feeder_id: int | None, days: Sequence[date], zone_name: str) -> tuple[Floats, Floats]:
    """
    Return the temperatures of an area on local days that follow each other, measured and forecast, (d, 24) both; NaN:
    not known. Of a feeder without a series those of the supplier. One statement. [deg C]
    """
    clock = local_clock(zone_name)
    starts = np.array([clock.day_start_us(day) for day in (*days, days[-1] + timedelta(days=1))], dtype=np.int64)
    given = {"feeder": feeder_id, "start": int(starts[0]), "end": int(starts[-1])}
    is_forecast, at_us, temperature_e2 = read_columns(_HOURS, given, columns=3)
    return tuple(_laid(at_us[is_forecast == kind], temperature_e2[is_forecast == kind], starts) for kind in (0, 1))  # type: ignore[return-value]


def _laid(at_us: Int64, temperature_e2: Int64, starts: Int64) -> Floats:
    return calendar_features.by_hour(at_us=at_us, values=temperature_e2 / DEGREE_E2, day_starts_us=starts)


_LISTED = f"""
SELECT s.id, s.code, s.source, coalesce(f.name, ''),
       count(*) FILTER (WHERE h.kind = '{WeatherKind.OBSERVED}'),
       max(h.start_at) FILTER (WHERE h.kind = '{WeatherKind.OBSERVED}'),
       count(*) FILTER (WHERE h.kind = '{WeatherKind.FORECAST}'),
       max(h.start_at) FILTER (WHERE h.kind = '{WeatherKind.FORECAST}')
FROM metering_weatherseries s
LEFT JOIN metering_feeder f ON f.id = s.feeder_id
LEFT JOIN metering_weatherhour h ON h.series_id = s.id
GROUP BY s.id, f.id ORDER BY s.code
"""  # noqa: S608 (constants only)
_HOURS = f"""
SELECT (h.kind = '{WeatherKind.FORECAST}')::int::bigint, (extract(epoch FROM h.start_at) * 1000000)::bigint,
       h.temperature_e2::bigint
FROM metering_weatherhour h
WHERE h.series_id = (
    SELECT s.id FROM metering_weatherseries s
    WHERE s.feeder_id IS NULL OR s.feeder_id = %(feeder)s::bigint ORDER BY s.feeder_id NULLS LAST LIMIT 1)
  AND h.start_at >= to_timestamp(%(start)s / 1000000.0) AND h.start_at < to_timestamp(%(end)s / 1000000.0)
ORDER BY h.start_at
"""  # noqa: S608 (constants only)
