"""Spans of local dates, half-open: the start is in, the end is not."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Self

from cis.kernel.errors import Refused

MONTHS_IN_YEAR = 12


class EmptyPeriod(Refused):
    """The period ends before it has a day."""

    code = "empty_period"


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """
    The local dates from ``start`` up to, and without, ``end``; at least one day.

    :raises EmptyPeriod: the end is not after the start.
    :raises TypeError: start or end is not a plain date.
    """

    start: date
    end: date

    def __post_init__(self) -> None:
        for day in (self.start, self.end):
            # A datetime is a date to Python, but has no place among local dates.
            if not isinstance(day, date) or isinstance(day, datetime):
                raise TypeError(f"a period is made of dates, not {day!r}")
        if self.start >= self.end:
            raise EmptyPeriod(f"A period from {self.start} to {self.end} has no day.", start=self.start, end=self.end)

    @classmethod
    def of_days(cls, start_day: int, end_day: int) -> Self:
        """Return the period between two day numbers, as columns hold them (``date.toordinal``)."""
        return cls(date.fromordinal(start_day), date.fromordinal(end_day))

    @property
    def days(self) -> int:
        """Return the number of days."""
        return (self.end - self.start).days

    @property
    def last(self) -> date:
        """Return the last day that is in the period, as printed on documents."""
        return self.end - timedelta(days=1)

    def contains(self, day: date) -> bool:
        """Return whether a date is in the period."""
        return self.start <= day < self.end

    def covers(self, other: "Period") -> bool:
        """Return whether all days of another period are in this one."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: "Period") -> bool:
        """Return whether both have a day in common."""
        return self.start < other.end and other.start < self.end

    def intersect(self, other: "Period") -> "Period | None":
        """Return the days that are in both, None if there are none."""
        if not self.overlaps(other):
            return None
        return Period(max(self.start, other.start), min(self.end, other.end))

    def split_at(self, *dates: date) -> tuple["Period", ...]:
        """Return the parts between the given dates, in order; a date outside, or the start, cuts nothing."""
        inside = sorted({day for day in dates if self.start < day < self.end})
        edges = (self.start, *inside, self.end)
        return tuple(Period(start, end) for start, end in pairwise(edges))

    def months(self) -> tuple["Period", ...]:
        """Return the parts by calendar month, in order; the first and last may be parts of months."""
        firsts = []
        day = month_of(self.start).end
        while day < self.end:
            firsts.append(day)
            day = month_of(day).end
        return self.split_at(*firsts)

    def each_day(self) -> Iterator[date]:
        """Yield each date."""
        return (date.fromordinal(day) for day in range(self.start.toordinal(), self.end.toordinal()))

    def __str__(self) -> str:
        return f"{self.start}..{self.last}"


def month_of(day: date) -> Period:
    """Return the calendar month of a date."""
    first = date(day.year, day.month, 1)
    return Period(first, first + timedelta(days=monthrange(day.year, day.month)[1]))


def year_of(day: date) -> Period:
    """Return the calendar year of a date."""
    return Period(date(day.year, 1, 1), date(day.year + 1, 1, 1))


def add_months(day: date, months: int) -> date:
    """
    Return the same day of the month some months later, or the last day of that month if it is shorter.

    Count from the first date of a series, not from step to step: 31 January plus 2 months is 31 March, but plus 1 and
    again plus 1 is 28 March.
    """
    year, month = divmod(day.year * MONTHS_IN_YEAR + day.month - 1 + months, MONTHS_IN_YEAR)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def months_between(start: date, end: date) -> int:
    """
    Return the number of whole months from one date to another: the most that ``add_months`` can go without passing it.

    From 31 January to 28 February is one month. Negative if ``end`` is before ``start``: the months from end to start.
    """
    if end < start:
        return -months_between(end, start)
    months = (end.year - start.year) * MONTHS_IN_YEAR + end.month - start.month
    return months if add_months(start, months) <= end else months - 1
