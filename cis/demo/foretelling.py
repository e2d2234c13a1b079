"""Loads that were foretold for the last days with meter files, with weather that is made up, and the errors since."""

from datetime import UTC, date, datetime, time, timedelta

import numpy as np
from django.conf import settings

from billing.operations import sales_forecasts
from cis.demo.world import Scale
from cis.kernel.actors import SYSTEM
from cis.kernel.calendar import local_clock
from metering.domain.weather import WeatherKind
from metering.operations import forecasts, weather
from metering.queries import area_loads

SERIES, SOURCE = "town", "Made up: means of Shanghai by month, with days and hours that differ"
MONTHS = np.array([4.8, 6.8, 10.9, 16.3, 21.6, 25.1, 29.4, 28.9, 25.2, 20.2, 14.1, 7.8])
"""Mean temperature by month, January first. [deg C]"""
SWING, DAYS_DIFFER, MISSED = 3.5, 2.5, 1.2
"""Between noon and night, from day to day, and what a weather forecast is off. [deg C]"""
WARMEST_HOUR, DAY_HOURS = 14, 24
MORNING = time(11, 30)
DRAWN_DAYS, AREAS = 2, 3
"""So many days of the whole supplier are foretold, the last of them for some feeders too: each takes some seconds."""
_DAY = timedelta(days=1)


def build(*, scale: Scale, at: datetime) -> int:
    """Take in weather, add up loads, and foretell the last days as each morning does; return of how many areas."""
    rng = np.random.default_rng(scale.seed)
    days = [scale.start + n * _DAY for n in range((scale.end - scale.start).days + 1)]
    measured = _temperatures(days, rng)
    foretold = measured[-DRAWN_DAYS:] + rng.normal(0, MISSED, (DRAWN_DAYS, 1))
    _load(WeatherKind.OBSERVED, days[:-1], measured[:-1])
    _load(WeatherKind.FORECAST, days[-DRAWN_DAYS:], foretold)
    forecasts.add_up(first=days[0], last=days[-2])
    for target in days[-DRAWN_DAYS:-1]:
        forecasts.foretell_some(feeder_ids=[None], target=target, at=_morning_before(target))
    sales_forecasts.foretell(at=at)
    some = area_loads.areas()[:AREAS]
    return forecasts.foretell_some(feeder_ids=some, target=days[-1], at=_morning_before(days[-1]))


def _temperatures(days: list[date], rng: np.random.Generator) -> np.ndarray:
    """Return made-up temperatures, (d, 24): a year, days that follow the ones before, a noon. [deg C]"""
    place = np.array([day.month - 1 + (day.day - 15) / 30 for day in days])
    year = np.interp(place, np.arange(-1, 13), np.concatenate([MONTHS[-1:], MONTHS, MONTHS[:1]]))
    moved = np.zeros(len(days))
    for at in range(1, len(days)):
        moved[at] = 0.7 * moved[at - 1] + rng.normal(0, DAYS_DIFFER)
    noon = SWING * np.cos((np.arange(DAY_HOURS) - WARMEST_HOUR) / DAY_HOURS * 2 * np.pi)
    found: np.ndarray = (year + moved)[:, None] + noon
    return found


def _load(kind: WeatherKind, days: list[date], temperatures: np.ndarray) -> None:
    clock = local_clock(settings.TIME_ZONE)
    lines = [
        f"{(clock.day_start_utc(day) + timedelta(hours=hour)).isoformat()},{value:.1f}"
        for day, hours in zip(days, temperatures, strict=True)
        for hour, value in enumerate(hours[: clock.minutes_in_day(day) // 60].tolist())
    ]
    text = "\n".join(["start_at,temperature", *lines, ""])
    weather.load(series=SERIES, kind=kind, text=text, source=SOURCE, actor=SYSTEM)


def _morning_before(day: date) -> datetime:
    return datetime.combine(day - _DAY, MORNING, tzinfo=local_clock(settings.TIME_ZONE).zone).astimezone(UTC)
