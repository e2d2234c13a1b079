"""Reading routes: on which days one is walked, why one could not be read."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType

from cis.kernel.calendar import BusinessCalendar
from cis.kernel.enums import Role
from cis.kernel.errors import Findings
from cis.kernel.periods import Period, add_months
from cis.kernel.workflow import Move, Workflow

DAY_MOST = 28
"""Every month has it."""
DAYS_MOST = 3
EVERY_MOST = 12
WINDOW_MOST = 7
AHEAD_MOST = 60
"""How many days before it is walked a round may be opened."""
TIMES_TOLD = 2
"""So many rounds in a row without a read are pointed out."""
CODE_MOST = 20
NAME_MOST = 80
NOTE_MOST = 200
STOPS_MOST = 2_000

WALKERS = frozenset({Role.FIELD, Role.METERING, Role.SUPERVISOR})
"""Who reads meters and arranges the routes."""


class RoundState(StrEnum):
    """How a round stands."""

    OPEN = "open"
    CLOSED = "closed"


class RoundAction(StrEnum):
    """What is done with a round."""

    CLOSE = "close"
    REOPEN = "reopen"


WORKFLOW = Workflow(
    "reading round",
    {
        (RoundState.OPEN, RoundAction.CLOSE): Move(RoundState.CLOSED, WALKERS),
        (RoundState.CLOSED, RoundAction.REOPEN): Move(RoundState.OPEN, WALKERS),
    },
)


class MissReason(StrEnum):
    """Why a counter was not read in its round."""

    NOBODY_THERE = "nobody_there"
    NO_ACCESS = "no_access"
    REFUSED = "refused"
    DOG = "dog"
    OBSTRUCTED = "obstructed"
    GLASS_BROKEN = "glass_broken"
    DISPLAY_DARK = "display_dark"
    METER_GONE = "meter_gone"
    OTHER_METER = "other_meter"
    UNSAFE = "unsafe"
    WEATHER = "weather"
    NOT_VISITED = "not_visited"

    @property
    def is_customers(self) -> bool:
        """Return whether the reason lies on the customer's side."""
        return self in _CUSTOMERS

    @property
    def is_of_the_meter(self) -> bool:
        """Return whether somebody must see to the meter, however often it is walked by."""
        return self in _OF_THE_METER


_CUSTOMERS = frozenset(
    {MissReason.NOBODY_THERE, MissReason.NO_ACCESS, MissReason.REFUSED, MissReason.DOG, MissReason.OBSTRUCTED}
)
_OF_THE_METER = frozenset(
    {MissReason.GLASS_BROKEN, MissReason.DISPLAY_DARK, MissReason.METER_GONE, MissReason.OTHER_METER}
)
KEYS: Mapping[str, MissReason] = MappingProxyType(
    {
        "n": MissReason.NOBODY_THERE, "a": MissReason.NO_ACCESS, "r": MissReason.REFUSED, "h": MissReason.DOG,
        "o": MissReason.OBSTRUCTED, "g": MissReason.GLASS_BROKEN, "d": MissReason.DISPLAY_DARK,
        "m": MissReason.METER_GONE, "x": MissReason.OTHER_METER, "u": MissReason.UNSAFE, "w": MissReason.WEATHER,
        "v": MissReason.NOT_VISITED,
    }
)  # fmt: skip
"""Typed in the place of a value: the reason that the letter stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """
    When a route is walked.

    days          of the month, ascending; up to three, for customers who are billed several times a month
    every_months  1: each month
    first_month   first of a month that it is walked in; those before and after follow from it
    window_days   how many days earlier or later a value still belongs to the round; ours, not of a law
    """

    days: tuple[int, ...]
    every_months: int
    first_month: date
    window_days: int


def check_schedule(schedule: Schedule, *, findings: Findings) -> None:
    """Find what is wrong with a schedule: rounds that would run into each other, days that months lack."""
    days = schedule.days
    if not 1 <= len(days) <= DAYS_MOST or any(not 1 <= day <= DAY_MOST for day in days):
        findings.add("days", "bad_reading_days", f"A route is walked on 1 to {DAYS_MOST} days from 1 to {DAY_MOST}.")
    elif list(days) != sorted(set(days)):
        findings.add("days", "bad_reading_days", "The days ascend, and none stands twice.")
    if not 1 <= schedule.every_months <= EVERY_MOST:
        findings.add("every_months", "bad_every_months", f"A route is walked every 1 to {EVERY_MOST} months.")
    if not 0 <= schedule.window_days <= WINDOW_MOST:
        findings.add("window_days", "bad_window", f"A value may come up to {WINDOW_MOST} days earlier or later.")
    elif any(after - before <= 2 * schedule.window_days for before, after in _neighbours(days)):
        findings.add("window_days", "windows_meet", "The days lie so close that a value would belong to two rounds.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteLine:
    """
    A place on a route as it is delivered; lines of a route are in the order of the walk, and say the same of the route.

    route  its code; where  file and line of the delivery
    """

    route: str
    name: str
    schedule: Schedule
    service_point: str
    key_note: str
    access_note: str
    where: str


def check_lines(lines: Sequence[RouteLine], *, service_points: Collection[str], findings: Findings) -> None:
    """
    Find what is wrong with delivered routes: of each its first line, of each place whether it is on one route alone.

    service_points  those that there are
    """
    firsts: dict[str, RouteLine] = {}
    walked: dict[str, str] = {}
    counts: dict[str, int] = {}
    for line in lines:
        first = firsts.setdefault(line.route, line)
        counts[line.route] = counts.get(line.route, 0) + 1
        if first is line:
            _check_head(line, findings)
        elif (line.name, line.schedule) != (first.name, first.schedule):
            findings.add(f"{line.where}: route", "route_differs", f"Another line says else of route {line.route}.")
        if counts[line.route] == STOPS_MOST + 1:
            findings.add(f"{line.where}: route", "too_many_stops", f"A route has up to {STOPS_MOST} places.")
        if line.service_point not in service_points:
            message = f"There is no service point {line.service_point}."
            findings.add(f"{line.where}: service_point", "unknown_service_point", message, "Deliver it too.")
        elif line.service_point in walked:
            message = f"{line.service_point} is on route {walked[line.service_point]}."
            findings.add(f"{line.where}: service_point", "on_other_route", message)
        walked[line.service_point] = line.route
        for name, note in (("key_note", line.key_note), ("access_note", line.access_note)):
            if len(note) > NOTE_MOST:
                findings.add(f"{line.where}: {name}", "too_long", f"A note has up to {NOTE_MOST} characters.")


def _check_head(line: RouteLine, findings: Findings) -> None:
    if len(line.route) > CODE_MOST:
        findings.add(f"{line.where}: route", "bad_route_code", f"The code has 1 to {CODE_MOST} characters.")
    if len(line.name) > NAME_MOST:
        findings.add(f"{line.where}: name", "bad_route_name", f"The name has 1 to {NAME_MOST} characters.")
    found = Findings()
    check_schedule(line.schedule, findings=found)
    for one in found:
        findings.add(f"{line.where}: {one.where}", one.code, one.message, one.advice)


def plan(*, schedule: Schedule, after: date, count: int, calendar: BusinessCalendar) -> tuple[date, ...]:
    """
    Return the next days on which a route is walked, ascending.

    A day on which nobody works is walked on the next business day: house rule, since reading days are fixed (抄表例日)
    and no rule that we know says what is done on a holiday. Two days that holidays push onto one are one round.

    :param after: only days after this one.
    """
    found: list[date] = []
    month = _month_before(schedule, after)
    while len(found) < count:
        for day in schedule.days:
            walked = calendar.add_business_days(month.replace(day=day), 0)
            if walked > after and (not found or walked > found[-1]):
                found.append(walked)
        month = add_months(month, schedule.every_months)
    return tuple(found[:count])


def window(
    *, planned: date, window_days: int, before: date | None = None, next_start: date | None = None
) -> Period | None:
    """
    Return the dates whose values belong to a round, cut where the rounds beside it begin and end.

    :param before: end of the round before it, the first date that is not its own any more; None: there is none.
    :param next_start: first date of the round after it.
    :returns: None where the rounds beside it leave not even its own day.
    """
    start, end = planned - timedelta(days=window_days), planned + timedelta(days=window_days + 1)
    start, end = max(start, before or start), min(end, next_start or end)
    return Period(start, end) if start <= planned < end else None


def _neighbours(days: Sequence[int]) -> list[tuple[int, int]]:
    """Return each day with the next one; the first again in the shortest month, which has 28 days."""
    return [(day, days[place + 1] if place + 1 < len(days) else days[0] + DAY_MOST) for place, day in enumerate(days)]


def _month_before(schedule: Schedule, day: date) -> date:
    """Return the last month that the route is walked in at least one month before a date, so that none is left out."""
    wanted = add_months(day.replace(day=1), -1)
    months = (wanted.year - schedule.first_month.year) * 12 + wanted.month - schedule.first_month.month
    return add_months(schedule.first_month, months // schedule.every_months * schedule.every_months)
