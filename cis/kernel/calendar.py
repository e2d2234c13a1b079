"""Local days, which have 23, 24 or 25 hours, and business days, which governments move about."""

from bisect import bisect_left
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from cis.kernel.errors import Refused
from cis.kernel.fixed import Int64

MINUTES_IN_DAY = 24 * 60
DAYS_IN_WEEK = 7
BUSINESS_DAYS_IN_WEEK = 5

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_MICROSECOND = timedelta(microseconds=1)


class UnknownZone(Refused):
    """There is no such time zone."""

    code = "unknown_zone"


class LocalClock:
    """
    The clock on the wall of one time zone, by the IANA time zone database.

    :raises UnknownZone: the database has no such zone.
    """

    def __init__(self, zone_name: str) -> None:
        try:
            self.zone = ZoneInfo(zone_name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise UnknownZone(f"There is no time zone {zone_name!r}.", advice="Name it as Asia/Shanghai.") from error
        self.zone_name = zone_name

    def __repr__(self) -> str:
        return f"LocalClock({self.zone_name!r})"

    def day_start_utc(self, day: date) -> datetime:
        """Return the instant at which a local date begins: midnight, or the end of the gap if clocks jump over it."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        start_at = midnight.astimezone(UTC)
        if start_at.astimezone(self.zone).replace(tzinfo=None) != midnight.replace(tzinfo=None):
            return self._end_of_gap(midnight)
        return start_at

    def day_start_us(self, day: date) -> int:
        """Return the instant at which a local date begins. [microseconds since 1970 UTC]"""
        return (self.day_start_utc(day) - _EPOCH) // _MICROSECOND

    def minutes_in_day(self, day: date) -> int:
        """Return the length of a local date. [minutes]"""
        return (self.day_start_utc(day + timedelta(days=1)) - self.day_start_utc(day)) // _MINUTE

    def hours_in_day(self, day: date) -> Fraction:
        """Return the length of a local date, 24, or 23 or 25 when clocks change, 23 1/2 where they move less. [h]"""
        return Fraction(self.minutes_in_day(day), 60)

    def local_date(self, at: datetime) -> date:
        """Return the local date at an instant."""
        return self._local(at).date()

    def local_minutes(self, start_at_utc: datetime, interval_minutes: int, count: int) -> Int64:
        """
        Return what the clock on the wall shows when each slot begins, (count,). [minutes since local midnight]

        Slots follow each other without a gap; when clocks are set back, an hour of minutes comes twice.

        :raises ValueError: the start has no time zone or is not at a whole minute, or the interval is not positive.
        """
        if interval_minutes <= 0:
            raise ValueError(f"an interval of {interval_minutes} minutes")
        start = (self._local(start_at_utc).astimezone(UTC) - _EPOCH) // _MINUTE
        if _EPOCH + start * _MINUTE != start_at_utc:
            raise ValueError(f"{start_at_utc} is not at a whole minute")
        slots = start + interval_minutes * np.arange(count, dtype=np.int64)
        # The offset changes a few times a year: it is asked for once a day, and slot by slot only where it differs.
        minutes = np.empty(count, dtype=np.int64)
        step = max(MINUTES_IN_DAY // interval_minutes, 1)
        for first in range(0, count, step):
            part = slots[first : first + step]
            opening, closing = self._offset_minutes(int(part[0])), self._offset_minutes(int(part[-1]))
            same = opening == closing
            offsets = opening if same else np.array([self._offset_minutes(int(slot)) for slot in part], dtype=np.int64)
            minutes[first : first + step] = (part + offsets) % MINUTES_IN_DAY
        return minutes

    def _local(self, at: datetime) -> datetime:
        if at.tzinfo is None:
            raise ValueError(f"{at} has no time zone")
        return at.astimezone(self.zone)

    def _offset_minutes(self, minute: int) -> int:
        offset = (_EPOCH + minute * _MINUTE).astimezone(self.zone).utcoffset()
        assert offset is not None
        return offset // _MINUTE

    def _end_of_gap(self, midnight: datetime) -> datetime:
        """Return when clocks jumped over a midnight; the readings of both folds lie on either side of that instant."""
        before, after = sorted(midnight.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        day = midnight.date()
        # [before, after] is at most a day wide; the first second whose local date has come is looked for by halves.
        while before < after:
            middle = before + (after - before) // 2
            middle = middle.replace(microsecond=0)
            if middle.astimezone(self.zone).date() >= day:
                after = middle
            else:
                before = middle + timedelta(seconds=1)
        return after


@cache
def local_clock(zone_name: str) -> LocalClock:
    """Return the clock of a time zone, one object for each zone."""
    return LocalClock(zone_name)


class BusinessCalendar:
    """
    Monday to Friday without holidays, and the weekend days that are worked instead (调休).

    holidays     dates on which nobody works
    makeup_days  dates on which everybody works, whatever the day of the week

    :raises ValueError: a date is both.
    """

    def __init__(self, holidays: Iterable[date], makeup_days: Iterable[date] = ()) -> None:
        self.holidays = frozenset(holidays)
        self.makeup_days = frozenset(makeup_days)
        both = self.holidays & self.makeup_days
        if both:
            raise ValueError(f"both holiday and make-up day: {', '.join(map(str, sorted(both)))}")
        # Only those that change what the day of the week says.
        self._closed = sorted(day.toordinal() for day in self.holidays if _is_weekday(day))
        self._opened = sorted(day.toordinal() for day in self.makeup_days if not _is_weekday(day))

    def is_business_day(self, day: date) -> bool:
        """Return whether business is done on a date."""
        return day in self.makeup_days or (_is_weekday(day) and day not in self.holidays)

    def add_business_days(self, day: date, count: int) -> date:
        """
        Return the count-th business day after a date, or before it if the count is negative.

        A count of 0 gives the date itself, or the next business day if it is none. The date itself is never counted:
        of a deadline of 5 business days that starts on a Monday, the last day is the Monday after.
        """
        if count == 0:
            return day if self.is_business_day(day) else self.add_business_days(day, 1)
        step = timedelta(days=1 if count > 0 else -1)
        left = abs(count)
        while left:
            day += step
            left -= self.is_business_day(day)
        return day

    def business_days_between(self, start: date, end: date) -> int:
        """Return the number of business days in [start, end); if end is before start, minus those in [end, start)."""
        if end < start:
            return -self.business_days_between(end, start)
        first, until = start.toordinal(), end.toordinal()
        weeks, rest = divmod(until - first, DAYS_IN_WEEK)
        weekdays = weeks * BUSINESS_DAYS_IN_WEEK + sum(
            _is_weekday(date.fromordinal(day)) for day in range(until - rest, until)
        )
        closed = bisect_left(self._closed, until) - bisect_left(self._closed, first)
        opened = bisect_left(self._opened, until) - bisect_left(self._opened, first)
        return weekdays - closed + opened


def _is_weekday(day: date) -> bool:
    return day.weekday() < BUSINESS_DAYS_IN_WEEK
