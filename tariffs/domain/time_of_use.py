"""
Periods of use (尖峰平谷): a calendar of season x day type x half hour, and the split of interval energy by it.

Hours of an event (critical peak) replace the usual ones on dates that were announced; an event day is a day type more.
Clock times are local wall time, so a day of 23 or 25 hours has its usual periods, one hour of them shorter or longer.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

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


class TwoEvents(Refused):
    """Two events of one calendar are announced for the same day, and no rule says whose hours hold."""

    code = "two_events"


Events = Mapping[date, Collection[str]]
"""Codes of the events announced for each local date."""

NO_EVENTS: Events = MappingProxyType({})


class DayType(StrEnum):
    """Days that a calendar can tell apart."""

    WEEKDAY = "weekday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"
    HOLIDAY = "holiday"


DAY_TYPES = tuple(DayType)
"""Their order along the day-type axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceEventRule:
    """
    Hours with another period of use on announced days.

    announced_by  who or what announces such a day, in words of the tariff text
    until_minute  from when on the day before it is too late [minutes since local midnight]
    """

    code: str
    announced_by: str
    until_minute: int = MINUTES_IN_DAY


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Calendar:
    """
    When each period of use holds.

    periods        (p,) codes in the plan's order
    seasons        names of the seasons
    season_of_day  (372,) season of month m and day d at [(m - 1) x 31 + d - 1]
    slots          (seasons, day types x (1 + events), 48) period of each half hour of local time: the day types of
                   usual days first, then those of days with the first event, and so on
    events         what may be announced, in the order of the day types
    """

    periods: tuple[str, ...]
    seasons: tuple[str, ...]
    season_of_day: Int64
    slots: Int64
    events: tuple[PriceEventRule, ...] = ()

    def season_of(self, *, on: date) -> int:
        """Return the season of a local date."""
        return int(self.season_of_day[(on.month - 1) * DAYS + on.day - 1])

    def day_place(
        self, *, on: date, holidays: frozenset[date], makeup_days: frozenset[date], events: Events = NO_EVENTS
    ) -> int:
        """
        Return the place of a local date on the axis of day types.

        events  what is announced; codes of other calendars are passed over

        :raises TwoEvents: two events of this calendar are announced for the day.
        """
        place = DAY_TYPES.index(day_type_of(on=on, holidays=holidays, makeup_days=makeup_days))
        announced = events.get(on, ())
        found = [number for number, event in enumerate(self.events, start=1) if event.code in announced]
        if len(found) > 1:
            raise TwoEvents(f"More than one event is announced for {on}.", advice="Take back all but one of them.")
        return place + len(DAY_TYPES) * (found[0] if found else 0)

    def coarsest_minutes(self) -> int:
        """Return the longest interval from midnight that no edge cuts: 60, or 30 where an edge is at half past."""
        hours = self.slots.reshape(-1, 2)
        return SLOT_MINUTES if (hours[:, 0] != hours[:, 1]).any() else 2 * SLOT_MINUTES

    def period_of_slot(self, *, local_minutes: Int64, season: Int64, day_type: Int64, interval_minutes: int) -> Int64:
        """
        Return the period of use of each meter interval, in the shape of ``local_minutes``.

        local_minutes     (s,) or (d, s) minutes from local midnight to the start of the interval
        season, day_type  of the same shape, or (d, 1): season and ``day_place`` of the interval's local date

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
    events: Events = NO_EVENTS,
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
    season, day_type = day_columns(
        calendar=calendar, dates=dates, holidays=holidays, makeup_days=makeup_days, events=events
    )
    return calendar.period_of_slot(
        local_minutes=local_minutes, season=season[day], day_type=day_type[day], interval_minutes=interval_minutes
    )


def day_columns(
    *,
    calendar: Calendar,
    dates: Iterable[date],
    holidays: frozenset[date],
    makeup_days: frozenset[date],
    events: Events = NO_EVENTS,
) -> tuple[Int64, Int64]:
    """
    Return season and place among the day types of local dates, each (d,), as ``Calendar.period_of_slot`` takes them.

    :raises TwoEvents: two events of the calendar are announced for one day.
    """
    listed = list(dates)
    places = [calendar.day_place(on=on, holidays=holidays, makeup_days=makeup_days, events=events) for on in listed]
    season = np.array([calendar.season_of(on=on) for on in listed], dtype=np.int64)
    return season, np.array(places, dtype=np.int64)


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
