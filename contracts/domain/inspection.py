"""
Safety inspections of customers' installations: which plan a place is on, what is due when, what comes out.

Plans, special inspections and what fails an installation are rules of the pack; nothing here reads a clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from cis.kernel.periods import add_months

NEVER = 0
"""Months of a plan that is not inspected by the calendar."""
HASHES = 2**32
GOLDEN = 2_654_435_769
"""Of 2**32 the golden section: numbers in any even stride times it lie evenly (Knuth, multiplicative hashing)."""


class InspectionKind(StrEnum):
    """
    Why a place is inspected.

    PERIODIC    its plan says so
    SPECIAL     before a peak or a holiday
    ACCEPTANCE  before a new connection is energized
    FOLLOW_UP   to see that defects are rectified
    """

    PERIODIC = "periodic"
    SPECIAL = "special"
    ACCEPTANCE = "acceptance"
    FOLLOW_UP = "follow_up"


class Severity(StrEnum):
    """
    How bad a defect is; how long it may stay is a service standard of the pack, ``defect_<severity>``.

    URGENT   a danger to people, or to the supply of others, now
    SERIOUS  it will become one
    GENERAL  against the rules, not dangerous by itself
    """

    URGENT = "urgent"
    SERIOUS = "serious"
    GENERAL = "general"


class Verdict(StrEnum):
    """What an inspection comes to."""

    PASSED = "passed"
    WITH_DEFECTS = "with_defects"
    FAILED = "failed"


class Grade(StrEnum):
    """How important a customer's supply is. [source: GB/T 29328, 重要电力用户 特级, 一级, 二级, 临时性]"""

    TOP = "top"
    FIRST = "first"
    SECOND = "second"
    TEMPORARY = "temporary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """
    Which places are inspected how often.

    voltages, uses, grades  of the places; an empty set is all of them
    every_months            between two inspections; 0: not by the calendar
    ahead_days              how long before it is due an inspection is made
    checklist               code of the list that the crew fills in
    fails_on                severities with which an installation does not pass
    """

    code: str
    voltages: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()
    grades: frozenset[str] = frozenset()
    every_months: int
    ahead_days: int
    checklist: str
    fails_on: frozenset[Severity]
    source: str

    def takes(self, *, voltage: str, use: str, grade: str) -> bool:
        """Return whether a place is on this plan; ``grade`` "" = not important."""
        return (
            (not self.voltages or voltage in self.voltages)
            and (not self.uses or use in self.uses)
            and (not self.grades or grade in self.grades)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Special:
    """
    An inspection of all places of some plans before a date that comes every year.

    month, day  the date; 0: it is a holiday that moves
    holiday     its name, as the calendar of the country has it; "": the date is fixed
    ahead_days  how long before that date the inspections are made
    """

    code: str
    plans: frozenset[str]
    month: int = 0
    day: int = 0
    holiday: str = ""
    ahead_days: int
    source: str


@dataclass(frozen=True, slots=True)
class Season:
    """One coming of a special inspection: its name, and the last day on which it may be done."""

    key: str
    special: Special
    due_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """
    A supply as planning sees it.

    since_date  first day of the agreement
    last_date   of the last periodic, acceptance or follow-up inspection; None: it was never inspected
    """

    agreement_id: int
    service_point_id: int
    voltage: str
    use: str
    grade: str
    since_date: date
    last_date: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """An inspection to be made; ``season`` "" = periodic."""

    agreement_id: int
    service_point_id: int
    plan: str
    kind: InspectionKind
    season: str
    due_date: date


def plan_for(plans: Iterable[Plan], *, voltage: str, use: str, grade: str) -> Plan | None:
    """
    Return the plan of a place: of all that take it the one with the shortest interval; None: no plan takes it.

    Of plans with one interval the one that names more of the place wins, then the first in the pack.
    """
    found = [plan for plan in plans if plan.takes(voltage=voltage, use=use, grade=grade)]
    return min(found, key=_strictness, default=None)


def next_due(plan: Plan, *, since_date: date, last_date: date | None) -> date | None:
    """
    Return when a place is to be inspected next: so many months after the last time, else after the supply began.

    None: the plan is not by the calendar. Of months that are too short their last day is taken.
    """
    if plan.every_months == NEVER:
        return None
    return add_months(last_date or since_date, plan.every_months)


def spread_due(plan: Plan, *, service_point_id: int, today: date) -> date:
    """
    Return the first date, from today on, of a place that was never inspected though its time has come long ago.

    Such dates are dealt over one interval by the service point, so that a supplier who begins with many places has
    the same work on each day; a place keeps its date until it is over. After it the next one is an interval later.
    """
    days = plan.every_months * 365 // 12
    phase = (service_point_id * GOLDEN % HASHES) * days // HASHES
    return today + timedelta(days=(phase - today.toordinal()) % days)


def seasons(specials: Iterable[Special], *, today: date, holidays: Mapping[str, Sequence[date]]) -> tuple[Season, ...]:
    """
    Return the special inspections that are to be made today: their date is near and has not come.

    :param holidays: first days of holidays that move, by the names that the specials use.
    """
    found = []
    for special in specials:
        for day in _days(special, today.year, holidays):
            due = day - timedelta(days=1)
            if due - timedelta(days=special.ahead_days) <= today <= due:
                found.append(Season(f"{special.code}_{day.year}", special, due))
    return tuple(found)


def due(supplies: Iterable[Supply], *, plans: Sequence[Plan], coming: Sequence[Season], today: date) -> tuple[Due, ...]:
    """
    Return the inspections that are to be made today; which of them exist is for the database to say.

    What was never inspected and is past its time is spread over an interval, see ``spread_due``.
    """
    found = []
    for one in supplies:
        plan = plan_for(plans, voltage=one.voltage, use=one.use, grade=one.grade)
        if plan is None:
            continue
        day = next_due(plan, since_date=one.since_date, last_date=one.last_date)
        if day is not None and day < today and one.last_date is None:
            day = spread_due(plan, service_point_id=one.service_point_id, today=today)
        if day is not None and day - timedelta(days=plan.ahead_days) <= today:
            found.append(_due(one, plan, InspectionKind.PERIODIC, "", day))
        found += [
            _due(one, plan, InspectionKind.SPECIAL, season.key, season.due_date)
            for season in coming
            if plan.code in season.special.plans
        ]
    return tuple(found)


def verdict(severities: Iterable[Severity], *, fails_on: frozenset[Severity]) -> Verdict:
    """Return what defects come to: none passes, one of ``fails_on`` fails, others pass with defects."""
    found = set(severities)
    if not found:
        return Verdict.PASSED
    return Verdict.FAILED if found & fails_on else Verdict.WITH_DEFECTS


def standard_of(severity: Severity) -> str:
    """Return the service standard of the pack that says how long such a defect may stay."""
    return f"defect_{severity}"


def _strictness(plan: Plan) -> tuple[int, int]:
    named = sum(map(bool, (plan.voltages, plan.uses, plan.grades)))
    return (plan.every_months or 10_000, -named)


def _days(special: Special, year: int, holidays: Mapping[str, Sequence[date]]) -> list[date]:
    if special.holiday:
        return list(holidays.get(special.holiday, ()))
    return [date(one, special.month, special.day) for one in (year, year + 1)]


def _due(one: Supply, plan: Plan, kind: InspectionKind, season: str, day: date) -> Due:
    return Due(
        agreement_id=one.agreement_id, service_point_id=one.service_point_id, plan=plan.code, kind=kind,
        season=season, due_date=day,
    )  # fmt: skip
