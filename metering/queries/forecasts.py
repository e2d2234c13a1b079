"""Loads that were foretold, beside what was measured since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import QuerySet

from cis.kernel.errors import Refused
from cis.platform.db import fetch
from metering.domain import forecasts
from metering.models.forecast import LoadForecast

SUPPLIER = "supplier"
"""Names the whole supplier where an area is asked for."""
_DAY = timedelta(days=1)


class UnknownForecast(Refused):
    """There is no such forecast."""

    code = "unknown_forecast"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastCard:
    """
    The load of an area on a day.

    feeder_id       None: the whole supplier; ``feeder`` its name, "" of the whole supplier
    values_w        24 hours on the clock on the wall; ``low_w`` and ``high_w`` the band, ``naive_w`` as a week ago [W]
    was_w           24 hours as they were measured; None: not known (yet) [W]
    tried_hours     hours before on which trees and the week before were tried; 0: too few days for it
    mae_w           mean error of the trees there, ``naive_mae_w`` of the week before; None: not tried [W]
    error_e4        the same of the load there; ``naive_error_e4`` [10^-4]
    """

    id: int
    feeder_id: int | None
    feeder: str
    feeder_code: str
    target_date: date
    made_at: datetime
    method: str
    weather: str
    values_w: tuple[int, ...]
    low_w: tuple[int, ...]
    high_w: tuple[int, ...]
    naive_w: tuple[int | None, ...]
    was_w: tuple[int | None, ...]
    places: int
    tried_hours: int
    mae_w: int | None
    naive_mae_w: int | None
    error_e4: int | None
    naive_error_e4: int | None

    @property
    def energy_wh(self) -> int:
        """Return the energy of the day. [Wh]"""
        return sum(self.values_w)

    @property
    def peak_w(self) -> int:
        """Return the largest load of an hour. [W]"""
        return max(self.values_w)

    @property
    def peak_hour(self) -> int:
        """Return the hour of the largest load."""
        return self.values_w.index(self.peak_w)

    @property
    def is_measured(self) -> bool:
        """Return whether any hour of it is known by now."""
        return any(one is not None for one in self.was_w)

    @property
    def was_error_e4(self) -> int | None:
        """Return how far it erred, of what was measured; None: nothing is known yet. [10^-4]"""
        return _error(self.values_w, self.was_w)

    @property
    def was_naive_error_e4(self) -> int | None:
        """Return how far the week before erred on the same day; None: one of both is not known. [10^-4]"""
        known = [None if week is None else was for was, week in zip(self.was_w, self.naive_w, strict=True)]
        return _error(tuple(one or 0 for one in self.naive_w), tuple(known))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which forecasts a list shows; ``area``: None all, "" the whole supplier, else a feeder's external id."""

    area: str | None = None
    since: date | None = None
    until: date | None = None


def listed(*, wanted: Wanted, offset: int = 0, most: int = 50) -> tuple[ForecastCard, ...]:
    """Return forecasts, the latest day first, of a day the whole supplier first; one statement."""
    given = {"area": wanted.area, "since": wanted.since, "until": wanted.until, "offset": offset, "most": most}
    return _cards(f"{_SELECT} {_WHERE} {_PAGE}", given)


def of_day(*, target: date) -> tuple[ForecastCard, ...]:
    """Return the forecasts of a day, the whole supplier first; one statement."""
    return _cards(f"{_SELECT} WHERE f.target_date = %(target)s {_ORDER}", {"target": target})


def one(*, forecast_id: int) -> ForecastCard:
    """
    Return one; one statement.

    :raises UnknownForecast: there is none.
    """
    found = _cards(f"{_SELECT} WHERE f.id = %(id)s", {"id": forecast_id})
    if not found:
        raise UnknownForecast(f"There is no forecast {forecast_id}.", forecast_id=forecast_id)
    return found[0]


def selected(*, area: str = "", since: date | None = None, until: date | None = None) -> QuerySet[LoadForecast]:
    """Return rows to page through; ``area``: a feeder's external id, ``SUPPLIER``, or all of them if empty."""
    rows = LoadForecast.objects.all()
    if area:
        rows = rows.filter(feeder=None) if area == SUPPLIER else rows.filter(feeder__external_id=area)
    if since is not None:
        rows = rows.filter(target_date__gte=since)
    return rows if until is None else rows.filter(target_date__lte=until)


def some(*, forecast_ids: Sequence[int]) -> Mapping[int, ForecastCard]:
    """Return forecasts by id; one statement."""
    return {card.id: card for card in _cards(f"{_SELECT} WHERE f.id = ANY(%(ids)s)", {"ids": list(forecast_ids)})}


def newest_day() -> date | None:
    """Return the last day that was foretold; None: nothing was. One statement."""
    newest: date | None = fetch("SELECT max(target_date) FROM metering_loadforecast")[0][0]
    return newest


def before(*, card: ForecastCard) -> ForecastCard | None:
    """Return the last forecast of the same area for a day before that is measured by now; one statement."""
    found = _cards(_BEFORE, {"feeder": card.feeder_id or -1, "target": card.target_date})
    return found[0] if found else None


def days_before(*, target: date, days: int) -> Mapping[int | None, tuple[tuple[int | None, ...], ...]]:
    """Return the measured loads of each area on some days before one, by feeder, (24) each; one statement. [W]"""
    found: dict[int | None, list[tuple[int | None, ...]]] = {}
    for feeder_id, loads in fetch(_DAYS_BEFORE, {"start": target - days * _DAY, "target": target}):
        found.setdefault(feeder_id, []).append(tuple(loads))
    return {feeder_id: tuple(rows) for feeder_id, rows in found.items()}


def _error(said: tuple[int, ...], was: tuple[int | None, ...]) -> int | None:
    return forecasts.error_e4(
        said_w=np.array(said, dtype=np.int64),
        was_w=np.array([-1 if one is None else one for one in was], dtype=np.int64),
    )


def _cards(sql: str, given: dict[str, Any]) -> tuple[ForecastCard, ...]:
    names = [one.name for one in fields(ForecastCard)]
    rows = [[tuple(value) if isinstance(value, list) else value for value in row] for row in fetch(sql, given)]
    return tuple(_card(dict(zip(names, row, strict=True))) for row in rows)


def _card(given: dict[str, Any]) -> ForecastCard:
    return ForecastCard(**given)


_ORDER = "ORDER BY f.target_date DESC, n.name NULLS FIRST, f.id"
_PAGE = f"{_ORDER} LIMIT %(most)s OFFSET %(offset)s"
_SELECT = """
SELECT f.id, f.feeder_id, coalesce(n.name, ''), coalesce(n.external_id, ''), f.target_date, f.made_at, f.method,
       f.weather, f.values_w, f.low_w, f.high_w, f.naive_w,
       coalesce(d.loads_w, array_fill(NULL::bigint, ARRAY[24])), f.places, f.tried_hours, f.mae_w, f.naive_mae_w,
       f.error_e4, f.naive_error_e4
FROM metering_loadforecast f
LEFT JOIN metering_feeder n ON n.id = f.feeder_id
LEFT JOIN metering_areaday d ON d.day_date = f.target_date AND coalesce(d.feeder_id, -1) = coalesce(f.feeder_id, -1)
"""
_WHERE = """
WHERE (%(area)s::text IS NULL OR coalesce(n.external_id, '') = %(area)s)
  AND (%(since)s::date IS NULL OR f.target_date >= %(since)s)
  AND (%(until)s::date IS NULL OR f.target_date <= %(until)s)
"""
_BEFORE = f"""
{_SELECT}
WHERE coalesce(f.feeder_id, -1) = %(feeder)s AND f.target_date < %(target)s AND d.id IS NOT NULL
  AND array_remove(d.loads_w, NULL) <> '{{}}'
ORDER BY f.target_date DESC LIMIT 1
"""
_DAYS_BEFORE = """
SELECT feeder_id, loads_w FROM metering_areaday WHERE day_date >= %(start)s AND day_date < %(target)s
ORDER BY day_date
"""
