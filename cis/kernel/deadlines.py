"""
Deadlines: clocks in working days, in hours or in minutes that stand still while somebody else has to act.

Nothing here reads a clock: instants are brought along. What a deadline is for, and how long it is, nobody here knows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from cis.kernel.calendar import BusinessCalendar, LocalClock

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_NEVER = datetime.max.replace(tzinfo=UTC)


class Unit(StrEnum):
    """What a deadline counts."""

    WORKING_DAYS = "working_days"
    HOURS = "hours"
    MINUTES = "minutes"


_SPANS = {Unit.HOURS: _HOUR, Unit.MINUTES: _MINUTE}
"""Units that are counted around the clock."""


@dataclass(frozen=True, slots=True)
class Limit:
    """
    How long something may take.

    amount  of the unit; 0 ends with the day, or at the instant, on which the clock starts
    """

    amount: int
    unit: Unit

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError(f"a limit of {self.amount} {self.unit}")

    def less(self, amount: int) -> "Limit":
        """Return a limit that ends so much earlier, at the start at the earliest."""
        return Limit(max(self.amount - amount, 0), self.unit)


@dataclass(frozen=True, slots=True, order=True)
class Stop:
    """The clock stood still over [start_at, end_at); None: it still does."""

    start_at: datetime
    end_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """One deadline of which is told that it comes near, or has passed."""

    deadline_id: int
    subject: str
    subject_id: int
    standard: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineNear:
    """Announced once for each deadline: so much time is left as its standard says."""

    deadlines: tuple[Passing, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlinePassed:
    """Announced once for each deadline that was not met."""

    deadlines: tuple[Passing, ...]


class WorkClock:
    """
    Counts working days of a calendar on the clock of a place, or hours and minutes around the clock.

    Working days: the local day on which the clock starts is not counted, the last one is, to its end. Of a day on which
    the clock stood still only the rest counts, as a part of the day, and the deadline ends with the day in which the
    parts sum up to the limit: many short stops move it by their sum, not by a day each.
    """

    def __init__(self, *, calendar: BusinessCalendar, clock: LocalClock) -> None:
        self.calendar = calendar
        self.clock = clock

    def due_at(self, *, start_at: datetime, limit: Limit, stops: Iterable[Stop] = ()) -> datetime | None:
        """
        Return the instant from which the deadline is missed, UTC; None while the clock stands still before it.

        A stop that begins at or after that instant does not move it.
        """
        spans = _merged(start_at, stops)
        if limit.unit in _SPANS:
            return _after_span(start_at, limit.amount * _SPANS[limit.unit], spans)
        return self._after_days(start_at, limit.amount, spans)

    def used(self, *, start_at: datetime, until_at: datetime, unit: Unit, stops: Iterable[Stop] = ()) -> Fraction:
        """Return how much of a limit is used up at an instant; 0 before the start. [the unit]"""
        if until_at <= start_at:
            return Fraction(0)
        spans = _merged(start_at, [*stops, Stop(until_at)])
        if unit in _SPANS:
            ran = until_at - start_at - _inside(spans, start_at, until_at)
            return Fraction(_microseconds(ran), _microseconds(_SPANS[unit]))
        day, last = self.clock.local_date(start_at), self.clock.local_date(until_at)
        total = Fraction(0)
        while day < last:
            day += _DAY
            total += self._share(day, spans)
        return total

    def _after_days(self, start_at: datetime, days: int, spans: list[tuple[datetime, datetime]]) -> datetime | None:
        day = self.clock.local_date(start_at)
        if not spans:
            return self._end_of(self.calendar.add_business_days(day, days) if days else day)
        left = Fraction(days)
        while left > 0:
            day += _DAY
            if spans[-1][1] == _NEVER and spans[-1][0] <= self.clock.day_start_utc(day):
                return None
            left -= self._share(day, spans)
        return self._end_of(day)

    def _share(self, day: date, spans: list[tuple[datetime, datetime]]) -> Fraction:
        """Return the part of a local day that counts, from 0 to 1."""
        start_at, end_at = self.clock.day_start_utc(day), self._end_of(day)
        if not self.calendar.is_business_day(day) or start_at == end_at:
            return Fraction(0)
        lost = _inside(spans, start_at, end_at)
        return 1 - Fraction(_microseconds(lost), _microseconds(end_at - start_at))

    def _end_of(self, day: date) -> datetime:
        return self.clock.day_start_utc(day + _DAY)


def _after_span(at: datetime, left: timedelta, spans: list[tuple[datetime, datetime]]) -> datetime | None:
    for start_at, end_at in spans:
        if start_at - at >= left:
            break
        if end_at == _NEVER:
            return None
        left -= start_at - at
        at = end_at
    return at + left


def _merged(start_at: datetime, stops: Iterable[Stop]) -> list[tuple[datetime, datetime]]:
    """Return the times of standstill after the start, in order and without overlap."""
    merged: list[tuple[datetime, datetime]] = []
    for begin_at, end_at in sorted((one.start_at, one.end_at or _NEVER) for one in stops):
        begin_at = max(begin_at, start_at)  # noqa: PLW2901 (clipped)
        if end_at <= begin_at:
            continue
        if merged and begin_at <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end_at))
        else:
            merged.append((begin_at, end_at))
    return merged


def _inside(spans: Iterable[tuple[datetime, datetime]], start_at: datetime, end_at: datetime) -> timedelta:
    """Return how much of [start_at, end_at) lies in the spans."""
    parts = (min(end_at, until) - max(start_at, since) for since, until in spans)
    return sum((part for part in parts if part > timedelta(0)), timedelta(0))


def _microseconds(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
