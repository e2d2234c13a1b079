"""
Periods of use (尖峰平谷): a calendar of season x day type x half hour, and the split of interval energy by it.

Clock times are local wall time, so a day of 23 or 25 hours has its usual periods, one hour of them shorter or longer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

import numpy as np

from cis.kernel.calendar import MINUTES_IN_DAY, LocalClock
from cis.kernel.errors import Refused
from cis.kernel.fixed import Int64

SLOT_MINUTES = 30
SLOTS = 48
DAYS = 31
SATURDAY, SUNDAY = 5, 6


class IntervalTooCoarse(Refused):
    """A meter interval is cut by the edge of a period of use."""

    code = "interval_too_coarse"


class DayType(StrEnum):
    """Days that a calendar can tell apart."""

    WEEKDAY = "weekday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"
    HOLIDAY = "holiday"


DAY_TYPES = tuple(DayType)
"""Their order along the day-type axis."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Calendar:
    """
    When each period of use holds.

    periods        (p,) codes in the plan's order
    seasons        names of the seasons
    season_of_day  (372,) season of month m and day d at [(m - 1) x 31 + d - 1]
    slots          (seasons, day types, 48) period of each half hour of local time
    """

    periods: tuple[str, ...]
    seasons: tuple[str, ...]
    season_of_day: Int64
    slots: Int64

    def season_of(self, *, on: date) -> int:
        """Return the season of a local date."""
        return int(self.season_of_day[(on.month - 1) * DAYS + on.day - 1])

    def coarsest_minutes(self) -> int:
        """Return the longest interval from midnight that no edge cuts: 60, or 30 where an edge is at half past."""
        hours = self.slots.reshape(-1, 2)
        return SLOT_MINUTES if (hours[:, 0] != hours[:, 1]).any() else 2 * SLOT_MINUTES

    def period_of_slot(self, *, local_minutes: Int64, season: Int64, day_type: Int64, interval_minutes: int) -> Int64:
        """
        Return the period of use of each meter interval, in the shape of ``local_minutes``.

        local_minutes     (s,) or (d, s) minutes from local midnight to the start of the interval
        season, day_type  of the same shape, or (d, 1): season, and place in DAY_TYPES, of the interval's local date

        :raises IntervalTooCoarse: the edge of a period may cut an interval.
        """
        if self.coarsest_minutes() % interval_minutes or (local_minutes % interval_minutes).any():
            raise IntervalTooCoarse(
                f"Intervals of {interval_minutes} minutes are cut by the edges of the periods of use.",
                advice="Read the meter in shorter intervals, or bill it on its registers.",
            )
        periods: Int64 = self.slots[season, day_type, local_minutes // SLOT_MINUTES]
        return periods


def day_type_of(*, on: date, holidays: frozenset[date], makeup_days: frozenset[date]) -> DayType:
    """Return the type of a local date; a make-up day (调休) is a weekday, whatever day it falls on."""
    if on in makeup_days:
        return DayType.WEEKDAY
    if on in holidays:
        return DayType.HOLIDAY
    return {SATURDAY: DayType.SATURDAY, SUNDAY: DayType.SUNDAY}.get(on.weekday(), DayType.WEEKDAY)


def periods_of_run(
    *,
    calendar: Calendar,
    clock: LocalClock,
    start_at: datetime,
    interval_minutes: int,
    count: int,
    holidays: frozenset[date],
    makeup_days: frozenset[date],
) -> Int64:
    """
    Return the period of use of each interval of an unbroken run, as one day of a meter's own clock, (s,).

    The run may hold several local dates, of 23, 24 or 25 hours. All meters with the same start and interval share it.

    :raises IntervalTooCoarse: the edge of a period may cut an interval.
    """
    local_minutes = clock.local_minutes(start_at, interval_minutes, count)
    # Midnight is where the clock falls by more than half a day; setting it back in autumn is a small step.
    midnight = np.diff(local_minutes, prepend=local_minutes[:1]) < -MINUTES_IN_DAY // 2
    day = np.cumsum(midnight)
    first = clock.local_date(start_at)
    dates = [first + timedelta(days=offset) for offset in range(int(day.max(initial=0)) + 1)]
    season, day_type = day_columns(calendar=calendar, dates=dates, holidays=holidays, makeup_days=makeup_days)
    return calendar.period_of_slot(
        local_minutes=local_minutes, season=season[day], day_type=day_type[day], interval_minutes=interval_minutes
    )


def day_columns(
    *, calendar: Calendar, dates: Iterable[date], holidays: frozenset[date], makeup_days: frozenset[date]
) -> tuple[Int64, Int64]:
    """Return season and day type of local dates, each (d,), as ``Calendar.period_of_slot`` takes them."""
    listed = list(dates)
    types = [day_type_of(on=on, holidays=holidays, makeup_days=makeup_days) for on in listed]
    season = np.array([calendar.season_of(on=on) for on in listed], dtype=np.int64)
    return season, np.array([DAY_TYPES.index(day_type) for day_type in types], dtype=np.int64)


def split(*, values_wh: Int64, period_of_slot: Int64, periods: int) -> Int64:
    """
    Return the energy of each day by period of use, (d, p). [Wh]

    values_wh       (d, s) energy of each interval
    period_of_slot  (d, s), or (s,) where all days are alike; each in 0 .. p - 1, so that no energy is lost
    periods         p
    """
    if period_of_slot.size and not 0 <= int(period_of_slot.min()) <= int(period_of_slot.max()) < periods:
        raise ValueError("a slot has no period of use")
    parts = np.empty((values_wh.shape[0], periods), dtype=np.int64)
    for period in range(periods):
        np.sum(values_wh * (period_of_slot == period), axis=1, out=parts[:, period])
    return parts
