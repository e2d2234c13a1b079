"""Loads of tomorrow: areas are added up hour by hour, and foretold each late morning; a person decides what follows."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np
import structlog
from django.utils import timezone

from accounts.queries import supplier
from cis.kernel.calendar import LocalClock, local_clock
from cis.kernel.errors import Refused
from cis.platform import packs
from cis.platform.calendars import business_calendar
from cis.platform.db import execute, opens_transaction
from metering.domain import calendar_features, hourly
from metering.domain import forecasts as domain
from metering.domain.calendar_features import Days
from metering.domain.forecasts import DayForecast, TooFewDays
from metering.queries import area_loads, weather

WORK = "load_forecasts"
"""Falls due each day before noon."""
HISTORY_DAYS = 730
REVISED_DAYS = 21
"""Newest days are added up anew: values come late, and are corrected."""
AT_ONCE_DAYS = 61
_DAY = timedelta(days=1)
log = structlog.get_logger(__name__)


class DayHasBegun(Refused):
    """What has begun is not foretold any more."""

    code = "forecast_day_has_begun"


def morning(due_at: datetime) -> int:
    """
    Do the work of a late morning that fell due at an instant, by the clock of now; return of how many areas.

    Broken off and done a day later, it foretells nothing that has begun by then.
    """
    return work(max(due_at, timezone.now()))


def work(at: datetime) -> int:
    """Add up the loads of areas until yesterday, and foretell those of tomorrow; return of how many areas."""
    clock = local_clock(supplier.current().time_zone)
    today = clock.local_date(at)
    add_up(first=_first(today), last=today - _DAY)
    return foretell_all(target=today + _DAY, at=at)


def _first(today: date) -> date:
    """Return from which day on loads are added up: the newest ones anew, and before them what was never reached."""
    newest, oldest = area_loads.newest_day(), today - HISTORY_DAYS * _DAY
    return oldest if newest is None else max(oldest, min(newest + _DAY, today - REVISED_DAYS * _DAY))


def add_up(*, first: date, last: date) -> int:
    """
    Keep the loads of all areas on local days [first, last]; return how many rows are new or changed.

    Two months at once, each a use case, the oldest first; all of it may be repeated, and broken off.
    """
    zone_name = supplier.current().time_zone
    changed = 0
    while first <= last:
        until = min(last, first + (AT_ONCE_DAYS - 1) * _DAY)
        changed += _add_up([first + n * _DAY for n in range((until - first).days + 1)], zone_name)
        first = until + _DAY
    log.info("area_loads_added_up", last=str(last), changed=changed)
    return changed


def foretell_all(*, target: date, at: datetime) -> int:
    """Foretell the load of a day for each area; return of how many that could be done."""
    return foretell_some(feeder_ids=area_loads.areas(), target=target, at=at)


def foretell_some(*, feeder_ids: Sequence[int | None], target: date, at: datetime) -> int:
    """
    Foretell the load of a day for some areas; return of how many that could be done.

    An area of which too little is known is left out and logged, and does not stop the others.
    """
    done = 0
    for feeder_id in feeder_ids:
        try:
            foretell(feeder_id=feeder_id, target=target, at=at)
        except TooFewDays as refusal:
            log.info("load_not_foretold", feeder=feeder_id, target=str(target), reason=refusal.code)
        else:
            done += 1
    log.info("loads_foretold", target=str(target), areas=done)
    return done


@opens_transaction
def foretell(*, feeder_id: int | None, target: date, at: datetime) -> None:
    """
    Foretell the load of an area on a local day, by what was known at an instant before it; five statements at most.

    Loads are used up to the day before the one of that instant, measured temperatures up to the instant. Foretold
    once more before the day begins, it is written over.

    :raises DayHasBegun: the day has begun at that instant. :raises TooFewDays: too little is known of the area.
    """
    clock = local_clock(supplier.current().time_zone)
    if at >= clock.day_start_utc(target):
        raise DayHasBegun(f"{target} has begun.", advice="Foretell a later day.")
    days = [target - n * _DAY for n in range(HISTORY_DAYS, -1, -1)]
    loads, places = area_loads.kept(feeder_id=feeder_id, days=days)
    known = np.flatnonzero(np.isfinite(loads).any(axis=1))
    if not len(known):
        raise TooFewDays("Nothing is known of the area.", advice="Wait until values came in.")
    days, loads = days[known[0] :], loads[known[0] :]
    made = _made(feeder_id, days, loads, clock, at)
    execute(_KEEP, {"feeder": feeder_id, "target": target, "at": at, "places": places, **_columns(made)})


def _made(
    feeder_id: int | None, days: Sequence[date], loads: np.ndarray, clock: LocalClock, at: datetime
) -> DayForecast:
    """Return what is foretold of the last day, with nothing that was not known at an instant."""
    loads[[day >= clock.local_date(at) for day in days]] = np.nan
    observed, forecast = weather.temperatures(feeder_id=feeder_id, days=days, zone_name=clock.zone_name)
    starts = np.array([clock.day_start_us(day) for day in days], dtype=np.int64)
    begins = starts[:, None] + np.arange(hourly.HOURS) * hourly.HOUR_US
    observed[begins + hourly.HOUR_US > int(at.timestamp()) * 1_000_000] = np.nan
    calendar = business_calendar(str(packs.rule("holiday_country", at=days[-1])))
    known = Days(
        first=days[0], load_w=loads, temperature=observed, kind=calendar_features.kinds(days=days, calendar=calendar)
    )
    return domain.forecast(days=known, weather=forecast[-1])


@opens_transaction
def _add_up(days: Sequence[date], zone_name: str) -> int:
    found = area_loads.measured(days=days, zone_name=zone_name)
    rows = [
        (None if feeder == area_loads.WHOLE else feeder, days[at], _texts(loads), places)
        for feeder, area, counts in zip(
            found.feeder_ids.tolist(), found.loads_w.tolist(), found.places.tolist(), strict=True
        )
        for at, (loads, places) in enumerate(zip(area, counts, strict=True))
        if places
    ]
    if not rows:
        return 0
    names = ("feeders", "days", "loads", "places")
    return execute(_ADD_UP, dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


def _texts(loads: Sequence[int]) -> str:
    """Return an array as PostgreSQL writes it; what is not known is NULL."""
    return "{" + ",".join("NULL" if one < 0 else str(one) for one in loads) + "}"


def _columns(made: DayForecast) -> dict[str, object]:
    scores = made.scores
    return {
        "method": made.method.value, "weather": made.weather.value, "values": made.values_w.tolist(),
        "low": made.low_w.tolist(), "high": made.high_w.tolist(),
        "naive": [None if one < 0 else one for one in made.naive_w.tolist()],
        "hours": scores.hours if scores else 0, "mae": scores.mae_w if scores else None,
        "naive_mae": scores.naive_mae_w if scores else None, "error": scores.error_e4 if scores else None,
        "naive_error": scores.naive_error_e4 if scores else None,
    }  # fmt: skip


_ADD_UP = """
INSERT INTO metering_areaday AS held (feeder_id, day_date, loads_w, places)
SELECT f.feeder, f.day, f.loads::bigint[], f.places
FROM unnest(%(feeders)s::bigint[], %(days)s::date[], %(loads)s::text[], %(places)s::int[])
    AS f (feeder, day, loads, places)
ON CONFLICT (feeder_id, day_date) DO UPDATE SET loads_w = excluded.loads_w, places = excluded.places
WHERE (held.loads_w, held.places) IS DISTINCT FROM (excluded.loads_w, excluded.places)
"""
_KEEP = """
INSERT INTO metering_loadforecast
    (feeder_id, target_date, made_at, method, weather, values_w, low_w, high_w, naive_w, places, tried_hours, mae_w,
     naive_mae_w, error_e4, naive_error_e4)
VALUES (%(feeder)s, %(target)s, %(at)s, %(method)s, %(weather)s, %(values)s::bigint[], %(low)s::bigint[],
        %(high)s::bigint[], %(naive)s::bigint[], %(places)s, %(hours)s, %(mae)s, %(naive_mae)s, %(error)s,
        %(naive_error)s)
ON CONFLICT (feeder_id, target_date) DO UPDATE
SET made_at = excluded.made_at, method = excluded.method, weather = excluded.weather, values_w = excluded.values_w,
    low_w = excluded.low_w, high_w = excluded.high_w, naive_w = excluded.naive_w, places = excluded.places,
    tried_hours = excluded.tried_hours, mae_w = excluded.mae_w, naive_mae_w = excluded.naive_mae_w,
    error_e4 = excluded.error_e4, naive_error_e4 = excluded.naive_error_e4
"""
