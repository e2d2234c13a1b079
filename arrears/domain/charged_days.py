"""Which days of a debt are charged a late fee now: each at most once, and anew where what was open was not so."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from arrears.domain.late_fees import LateFeeRule, OpenSince, Stretch, fee, stretches

DAY = timedelta(days=1)
DECEMBER = 12


class FeeState(StrEnum):
    """
    States of a charged late fee.

    CHARGED     owed by its note
    WAIVED      owed no more, for a reason; its days are not charged again
    TAKEN_BACK  its bill was cancelled, or what was open was not so; its days may be charged again
    """

    CHARGED = "charged"
    WAIVED = "waived"
    TAKEN_BACK = "taken_back"


class WhileOpen(StrEnum):
    """At the end of what a debt that stays open is charged; NONE: only once it is paid."""

    NONE = "none"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Window:
    """Days in a row, the last included, with their late fee. [minor unit]"""

    first_day: date
    last_day: date
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Charged:
    """A late fee that stands: charged or waived, for these days."""

    id: int
    window: Window
    is_waived: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """
    What is known of one debt. [minor unit]

    steps    what is open since when, the first on the due date
    bears    False: it bears no late fee (any more), as a bill that was cancelled
    charged  what stands of its late fees, in the order of time
    is_given_up  it was written off: what was charged stays, and nothing more is charged
    paused   (since, until) in which it bears none, as while a plan of instalments is kept, or while we hold a debit of
             it; None: it goes on. What is open on such days counts as if it had been paid on the first and opened again
             on the last
    """

    due_date: date
    steps: Sequence[OpenSince]
    bears: bool
    charged: Sequence[Charged]
    is_given_up: bool = False
    paused: Sequence[tuple[date, date | None]] = ()

    @property
    def bearing(self) -> tuple[OpenSince, ...]:
        """Return what bears a late fee since when: what is open, on days that are not paused."""
        return bearing_steps(steps=self.steps, paused=self.paused) if self.paused else tuple(self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done now: late fees that are taken back, by id, and days that are charged."""

    taken_back: tuple[int, ...]
    charged: tuple[Window, ...]


def steps_of(*, due_date: date, amount_minor: int, paid: Iterable[tuple[date, int]]) -> tuple[OpenSince, ...]:
    """
    Return what was open of a debt since its due date. [minor unit]

    paid  what came in by day, below 0 what went back. Money of one day may have stood for money that went back later:
          what is paid twice on a day is open by nothing, not below
    """
    by_day: dict[date, int] = {}
    for day, paid_minor in paid:
        at = max(day, due_date)
        by_day[at] = by_day.get(at, 0) + paid_minor
    left = amount_minor - by_day.pop(due_date, 0)
    steps = [OpenSince(due_date, max(left, 0))]
    for day in sorted(by_day):
        left -= by_day[day]
        if max(left, 0) != steps[-1].open_minor:
            steps.append(OpenSince(day, max(left, 0)))
    return tuple(steps)


def bearing_steps(*, steps: Sequence[OpenSince], paused: Sequence[tuple[date, date | None]]) -> tuple[OpenSince, ...]:
    """Return what bears a late fee since when: nothing from the first day of a pause on, until its last."""
    days = sorted(
        {step.day for step in steps} | {day for one in paused for day in one if day is not None and day > steps[0].day}
    )
    found: list[OpenSince] = []
    for day in days:
        is_paused = any(since <= day and (until is None or day < until) for since, until in paused)
        minor = 0 if is_paused else next(step.open_minor for step in reversed(steps) if step.day <= day)
        if not found or found[-1].open_minor != minor:
            found.append(OpenSince(day, minor))
    return tuple(found)


def plan(*, rule: LateFeeRule, debt: Debt, while_open: WhileOpen, today: date) -> Plan:
    """
    Return what is to be charged of a debt now, and what is to be taken back.

    The fee up to a day is rounded once; of later days the rest is charged, so that no split changes the sum. Where what
    was open on charged days turns out to be another amount, the first fee that is wrong and those after it are taken
    back, and the days are charged anew. What was waived stays waived.
    """
    wrong = _first_wrong(rule, debt)
    gone = {
        one.id for one in debt.charged if not one.is_waived and (wrong is not None and one.window.first_day >= wrong)
    }
    kept = [one.window for one in debt.charged if one.id not in gone]
    until = _until(debt, while_open, today) if debt.bears and not debt.is_given_up else None
    new = [] if until is None else _uncharged(rule, debt, kept, until)
    return Plan(taken_back=tuple(sorted(gone)), charged=tuple(one for one in new if one.amount_minor > 0))


def accrued(*, rule: LateFeeRule, debt: Debt, today: date) -> int:
    """Return the late fee that is not charged yet if what is open is paid today. [minor unit]"""
    if not debt.bears or debt.is_given_up:
        return 0
    until = today if rule.counts_last_day else today - DAY
    return sum(one.amount_minor for one in _uncharged(rule, debt, [one.window for one in debt.charged], until))


def uncharged(*, rule: LateFeeRule, debt: Debt, until: date) -> tuple[Window, ...]:
    """Return the days up to a day that are not charged yet and bear a fee, each run of them with it."""
    if not debt.bears:
        return ()
    found = _uncharged(rule, debt, [one.window for one in debt.charged], until)
    return tuple(one for one in found if one.amount_minor > 0)


def explained(*, rule: LateFeeRule, debt: Debt, window: Window) -> tuple[Stretch, ...]:
    """Return the stretches of days that a charged window is made of."""
    found = stretches(rule=rule, due_date=debt.due_date, steps=debt.bearing, until_date=window.last_day)
    return tuple(
        Stretch(max(one.first_day, window.first_day), one.last_day, one.rate_e6, one.open_minor)
        for one in found
        if one.last_day >= window.first_day
    )


def _amount(rule: LateFeeRule, debt: Debt, first: date, last: date) -> int:
    def up_to(day: date) -> int:
        return fee(rule=rule, due_date=debt.due_date, steps=debt.bearing, until_date=day)

    return up_to(last) - up_to(first - DAY)


def _first_wrong(rule: LateFeeRule, debt: Debt) -> date | None:
    for one in debt.charged:
        right = _amount(rule, debt, one.window.first_day, one.window.last_day) if debt.bears else 0
        if not one.is_waived and one.window.amount_minor != right:
            return one.window.first_day
    return None


def _until(debt: Debt, while_open: WhileOpen, today: date) -> date | None:
    """Return the last day that is charged now; None: none."""
    last = debt.steps[-1]
    if not last.open_minor:
        return last.day
    month = today.replace(day=1) - DAY
    ends = {WhileOpen.NONE: None, WhileOpen.MONTH: month, WhileOpen.YEAR: date(today.year - 1, DECEMBER, 31)}
    return ends[while_open]


def _uncharged(rule: LateFeeRule, debt: Debt, kept: Sequence[Window], until: date) -> list[Window]:
    """Return the days after the due date up to a day that no window has, each run of them with its fee."""
    gaps, first = [], debt.due_date + DAY
    for window in sorted(kept, key=lambda one: one.first_day):
        if first <= min(window.first_day - DAY, until):
            gaps.append((first, min(window.first_day - DAY, until)))
        first = max(first, window.last_day + DAY)
    if first <= until:
        gaps.append((first, until))
    return [Window(start, end, _amount(rule, debt, start, end)) for start, end in gaps]
