"""Temperatures: taken in from files, measured and forecast."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.queries import supplier
from cis.kernel.actors import Actor
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit
from cis.platform.db import execute, opens_transaction
from metering.domain import weather
from metering.domain.weather import KEEPERS, WeatherKind
from metering.models.forecast import WeatherSeries
from metering.queries import network

SUBJECT = "weather_series"
HOUR = timedelta(hours=1)


class WeatherTaken(Refused):
    """The area has another series, or the series is of another area."""

    code = "weather_taken"


class NotYetMeasured(Refused):
    """Nobody measured what has not been yet."""

    code = "not_yet_measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedWeather:
    """How many hours of a file were new or other than before, and how many were as before."""

    changed: int
    unchanged: int


@opens_transaction
def load(
    *, series: str, kind: WeatherKind, text: str, source: str, feeder_id: int | None = None, actor: Actor
) -> LoadedWeather:
    """
    Take in a file of temperatures, all of it or nothing; the series is made by its first file.

    :param feeder_id: whose temperatures they are; None: of all that have none of their own.
    :raises NotAllowed: the actor does not look after metering. :raises UnknownFeeder: there is none.
    :raises BadWeatherFile: the file has findings. :raises NotYetMeasured: measured hours lie ahead.
    :raises WeatherTaken: the area has another series, or the series is of another area.
    """
    if not actor.is_one_of(KEEPERS):
        raise NotAllowed(f"{actor.name} does not look after metering.", advice="Ask metering or a supervisor.")
    now = timezone.now()
    if feeder_id is not None:
        network.feeder(feeder_id=feeder_id, at=timezone.localdate(now))
    hours = weather.read_csv(text=text, clock=local_clock(supplier.current().time_zone))
    if kind is WeatherKind.OBSERVED and hours[-1].start_at + HOUR > now:
        raise NotYetMeasured("Measured hours lie ahead.", advice="Load them as a forecast.", field="kind")
    row = _series(series, source, feeder_id)
    changed = execute(
        _KEEP,
        {
            "series": row.id, "kind": kind.value, "starts": [one.start_at for one in hours],
            "values": [one.temperature_e2 for one in hours],
        },
    )  # fmt: skip
    if changed:
        audit.record(
            actor, "load", SUBJECT, row.id, series=series, kind=kind.value, hours=changed,
            start_at=hours[0].start_at.isoformat(), end_at=hours[-1].start_at.isoformat(),
        )  # fmt: skip
    return LoadedWeather(changed=changed, unchanged=len(hours) - changed)


def _series(code: str, source: str, feeder_id: int | None) -> WeatherSeries:
    row = WeatherSeries.objects.select_for_update().filter(code=code).first()
    if row is None:
        same = Q(feeder=None) if feeder_id is None else Q(feeder_id=feeder_id)
        if WeatherSeries.objects.filter(same).exists():
            raise WeatherTaken("The area has another series.", advice="Load it into that one.", field="series")
        return WeatherSeries.objects.create(code=code, source=source, feeder_id=feeder_id)
    if row.feeder_id != feeder_id:
        raise WeatherTaken("The series is of another area.", advice="Choose another code.", field="series")
    return row


_KEEP = """
INSERT INTO metering_weatherhour AS held (series_id, kind, start_at, temperature_e2)
SELECT %(series)s, %(kind)s, f.at, f.value
FROM unnest(%(starts)s::timestamptz[], %(values)s::smallint[]) AS f (at, value)
ON CONFLICT (series_id, kind, start_at) DO UPDATE SET temperature_e2 = excluded.temperature_e2
WHERE held.temperature_e2 <> excluded.temperature_e2
"""
