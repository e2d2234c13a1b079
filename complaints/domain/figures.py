"""What figures of cases count: what a case was settled by at once, by what they are counted, and how time is summed."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from cis.kernel.calendar import BusinessCalendar, LocalClock
from cis.kernel.periods import add_months, month_of
from complaints.domain.case_workflow import CaseAction
from complaints.domain.publishing import percent

NOT_AT_ONCE: Final = frozenset(
    {
        CaseAction.CONTACT, CaseAction.WAIT, CaseAction.HAND_OVER, CaseAction.DISSATISFIED, CaseAction.REOPEN,
        CaseAction.ESCALATE,
    }
)  # fmt: skip
"""
A case is settled at the first contact if it was closed without one of these, and was not brought again within the
days in which it would count as a repeat: the caller heard once from us, and that was the answer.
"""
MONTHS: Final = 12
"""So many months are counted where none are named."""
MONTHS_MOST: Final = 60
"""So many months are counted at once."""
WAITING: Final = "waiting"
"""What a case is called in figures while it waits for its caller, whatever its state."""


class By(StrEnum):
    """By what recurring causes are counted; PRICE: whether a price of the account changed shortly before."""

    CLASS = "class"
    AREA = "area"
    TEAM = "team"
    METER = "meter"
    PRICE = "price"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """So many of so many."""

    part: int
    whole: int

    @property
    def percent(self) -> int | None:
        """Return the share in whole percent; None: of nothing."""
        return percent(part=self.part, whole=self.whole)


def months_of(*, since: date | None, until: date | None, today: date) -> tuple[date, date]:
    """Return the first day of the months that are counted, and the day after the last: twelve months, sixty at most."""
    last = until or month_of(today).start
    first = since or add_months(last, 1 - MONTHS)
    return max(min(first, last), add_months(last, 1 - MONTHS_MOST)), add_months(last, 1)


def are_in_order(*, since: date | None, until: date | None, today: date) -> bool:
    """Return whether the months that somebody names are counted as they are named."""
    last = until or month_of(today).start
    return since is None or add_months(last, 1 - MONTHS_MOST) <= since <= last


@dataclass(frozen=True, slots=True)
class WorkDay:
    """A local day: where it starts, whether it is worked, and the working seconds before it since the first."""

    day: date
    start_at: datetime
    is_worked: bool
    seconds_before: int


def work_days(*, calendar: BusinessCalendar, clock: LocalClock, first: date, last: date) -> list[WorkDay]:
    """Return the days from the first to the last, with the seconds of working days before each; DST counts as it is."""
    found: list[WorkDay] = []
    day, before = first, 0
    while day <= last:
        start_at, is_worked = clock.day_start_utc(day), calendar.is_business_day(day)
        found.append(WorkDay(day, start_at, is_worked, before))
        day += timedelta(days=1)
        if is_worked:
            before += int((clock.day_start_utc(day) - start_at).total_seconds())
    return found
