"""Runs of meter intervals: which local day and minute each slot of an unbroken series lies in."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np

from cis.kernel.calendar import MINUTES_IN_DAY, LocalClock
from cis.kernel.errors import Refused
from cis.kernel.fixed import Int64
from cis.kernel.periods import Period
from tariffs.domain.time_of_use import NO_EVENTS, Events


class UnevenRun(Refused):
    """The local days of a run are no whole number of intervals."""

    code = "uneven_run"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Run:
    """
    An unbroken run of s intervals over whole local days; equal only to itself.

    first_day         the first local date
    end_day           the first local date after it
    interval_minutes  length of each interval
    day               (s,) local date on which each slot begins, counted from the first
    minute            (s,) what the clock on the wall shows then [minutes since local midnight]
    holidays, makeup_days  as calendars treat them
    events            what is announced for its dates
    """

    first_day: date
    end_day: date
    interval_minutes: int
    day: Int64
    minute: Int64
    holidays: frozenset[date] = frozenset()
    makeup_days: frozenset[date] = frozenset()
    events: Events = field(default_factory=dict)

    def dates(self) -> list[date]:
        """Return the local dates of the run."""
        return [self.first_day + timedelta(days=offset) for offset in range((self.end_day - self.first_day).days)]

    def months(self) -> tuple[Period, ...]:
        """Return the calendar months of the run, the first and last clipped to it."""
        return tuple(Period(self.first_day, self.end_day).months())

    def month_of_slot(self, months: tuple[Period, ...]) -> Int64:
        """Return the place in ``months`` of each slot, (s,)."""
        starts = np.array([(month.start - self.first_day).days for month in months], dtype=np.int64)
        return np.searchsorted(starts, self.day, side="right") - 1

    def every(self, slots: int) -> "Run":
        """Return the run in which as many slots are one."""
        return replace(
            self, interval_minutes=self.interval_minutes * slots, day=self.day[::slots], minute=self.minute[::slots]
        )


def plain_run(
    *,
    first_day: date,
    days: int,
    interval_minutes: int,
    holidays: frozenset[date] = frozenset(),
    makeup_days: frozenset[date] = frozenset(),
) -> Run:
    """
    Return a run of days of 24 hours, whatever clocks did: the calendar of load profiles and of meters on standard time.

    :raises UnevenRun: a day is no whole number of intervals.
    """
    if interval_minutes <= 0 or MINUTES_IN_DAY % interval_minutes:
        raise UnevenRun(f"A day is no whole number of intervals of {interval_minutes} minutes.")
    slot = np.arange(days * MINUTES_IN_DAY // interval_minutes, dtype=np.int64) * interval_minutes
    return Run(
        first_day=first_day,
        end_day=first_day + timedelta(days=days),
        interval_minutes=interval_minutes,
        day=slot // MINUTES_IN_DAY,
        minute=slot % MINUTES_IN_DAY,
        holidays=holidays,
        makeup_days=makeup_days,
    )


def local_run(
    *,
    clock: LocalClock,
    first_day: date,
    end_day: date,
    interval_minutes: int,
    holidays: frozenset[date] = frozenset(),
    makeup_days: frozenset[date] = frozenset(),
    events: Events = NO_EVENTS,
) -> Run:
    """
    Return the run of the local dates [first_day, end_day), of 23, 24 or 25 hours as the clock has them.

    :raises UnevenRun: the dates are no whole number of intervals.
    """
    start_at = clock.day_start_utc(first_day)
    minutes = (clock.day_start_utc(end_day) - start_at) // timedelta(minutes=1)
    if interval_minutes <= 0 or minutes % interval_minutes:
        raise UnevenRun(f"{first_day} to {end_day} is no whole number of intervals of {interval_minutes} minutes.")
    minute = clock.local_minutes(start_at, interval_minutes, minutes // interval_minutes)
    # Past midnight the clock on the wall falls by almost a day; when it is set back, only by an hour.
    midnight = np.diff(minute, prepend=minute[:1]) < -MINUTES_IN_DAY // 2
    return Run(
        first_day=first_day,
        end_day=end_day,
        interval_minutes=interval_minutes,
        day=np.cumsum(midnight).astype(np.int64),
        minute=minute,
        holidays=holidays,
        makeup_days=makeup_days,
        events=events,
    )
