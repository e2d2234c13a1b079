"""What is known of the hours of a day before it begins: calendar, temperature, and the loads until two days before."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from cis.kernel.calendar import BusinessCalendar
from cis.kernel.fixed import Int64
from metering.domain.boosting import Floats
from metering.domain.hourly import HOUR_US, HOURS

WEEK = 7
NEWEST = 2
"""A forecast of tomorrow is made on today's morning: the newest whole day is that before, two days before it."""
MEASURED_HOURS = 11
"""Hours of the day on which a forecast is made whose temperature is measured when it is made."""
WORKING, WEEKEND, HOLIDAY = 0, 1, 2
YEAR_DAYS = 365.25
FEATURES = (
    "hour", "weekday", "kind", "kind_before", "season_sin", "season_cos", "temperature", "temperature_day",
    "temperature_before", "week_ago", "two_days_ago", "usual_hour", "same_weekday", "two_days_ago_mean",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """
    d local days that follow each other, of 24 hours on the clock on the wall.

    load_w       (d, 24) mean load of the hour [W]; NaN: not known
    temperature  (d, 24) measured [deg C]; NaN: not known
    first        the first day
    kind         (d,) WORKING, WEEKEND or HOLIDAY
    """

    first: date
    load_w: Floats
    temperature: Floats
    kind: Int64

    def __len__(self) -> int:
        return len(self.load_w)

    def weekday(self) -> Int64:
        """Return the day of the week of each day, Monday: 0, (d,)."""
        return (self.first.weekday() + np.arange(len(self))) % WEEK


def kinds(*, days: Iterable[date], calendar: BusinessCalendar) -> Int64:
    """Return the kind of each day: on which people work, whatever its name; a holiday; the other weekends."""
    return np.array([_kind(day, calendar) for day in days], dtype=np.int64)


def by_hour(*, at_us: Int64, values: Floats, day_starts_us: Int64) -> Floats:
    """
    Return values laid on the hours of local days, (d, 24); NaN: none. Days of 23 and 25 hours as ``hourly.lay`` does.

    :param at_us: (n,) when each begins; ``values`` (n,) [microseconds since 1970 UTC]
    :param day_starts_us: (d + 1,) first instant of each day and of the day after [microseconds since 1970 UTC]
    """
    found = np.full((len(day_starts_us) - 1, HOURS), np.nan)
    day = np.searchsorted(day_starts_us, at_us, side="right") - 1
    inside = (day >= 0) & (day < len(found))
    day, at_us, values = day[inside], at_us[inside], values[inside]
    hour = np.minimum((at_us - day_starts_us[day]) // HOUR_US, HOURS - 1)
    found[day, hour] = values
    is_short = np.diff(day_starts_us) < HOURS * HOUR_US
    found[is_short, HOURS - 1] = found[is_short, -2]
    return found


def day_old(temperature: Floats) -> Floats:
    """
    Return what may stand for the temperature of a day on the morning before, (d, 24), out of what is measured then.

    Of the hours that are over on that morning its own, of the others those of the day before it: never the day's own.
    """
    found = np.full_like(temperature, np.nan)
    found[1:, :MEASURED_HOURS] = temperature[:-1, :MEASURED_HOURS]
    found[2:, MEASURED_HOURS:] = temperature[:-2, MEASURED_HOURS:]
    return found


def levels(load_w: Floats) -> Floats:
    """Return the mean load of the seven days that are whole when a day is forecast, (d,); NaN: most are unknown. [W]"""
    day = _mean(load_w)
    return _mean(np.stack([back(day, days=days) for days in range(NEWEST, NEWEST + WEEK)], axis=1))


def of_days(*, days: Days, fed: Floats) -> Floats:
    """
    Return the features of each hour, (d, 24, k), in the order of ``FEATURES``.

    Nothing of a day but its calendar and what is fed is used, and nothing of the day before but its kind.

    :param fed: (d, 24) the temperature that is reckoned with for each day: measured to learn, forecast to foretell.
    """
    load, level = days.load_w, levels(days.load_w)[:, None]
    lags = [back(load, days=WEEK * week) for week in (1, 2, 3, 4)]
    recent = [back(load, days=one) for one in range(NEWEST, NEWEST + WEEK)]
    turn = 2 * np.pi * (days.first.timetuple().tm_yday + np.arange(len(days))) / YEAR_DAYS
    columns = (
        np.arange(HOURS), days.weekday()[:, None], days.kind[:, None],
        back(days.kind.astype(np.float64), days=1)[:, None], np.sin(turn)[:, None], np.cos(turn)[:, None], fed,
        _mean(fed)[:, None], back(_mean(days.temperature), days=NEWEST)[:, None],
        lags[0] / level, back(load, days=NEWEST) / level, _mean(np.stack(recent, axis=2)) / level,
        _mean(np.stack(lags, axis=2)) / level,
        back(_mean(load), days=NEWEST)[:, None] / level,
    )  # fmt: skip
    shape = load.shape
    return np.stack([np.broadcast_to(one, shape).astype(np.float64) for one in columns], axis=2)


def back(values: NDArray[np.float64], *, days: int) -> Floats:
    """Return what was so many days before, NaN before the first day."""
    found = np.full(values.shape, np.nan)
    if days < len(values):
        found[days:] = values[: len(values) - days]
    return found


def _kind(day: date, calendar: BusinessCalendar) -> int:
    if calendar.is_business_day(day):
        return WORKING
    return HOLIDAY if day in calendar.holidays else WEEKEND


def _mean(values: Floats) -> Floats:
    """Return the mean of what is known along the last axis; NaN where less than half of it is."""
    known = ~np.isnan(values)
    count = known.sum(axis=-1)
    sums = np.where(known, values, 0.0).sum(axis=-1)
    return np.where(2 * count >= values.shape[-1], sums / np.maximum(count, 1), np.nan)
