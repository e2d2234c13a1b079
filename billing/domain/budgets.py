"""
Budget plans: a level amount each month in the place of the bill, and what squares the two.

The bill stays what it is. What it bills for energy goes onto the account's budget balance, the level amount is owed in
its place; a settlement moves the balance back to what is owed. All amounts are whole minor units.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import numpy as np

from cis.kernel import fixed
from cis.kernel.errors import Refused
from cis.kernel.periods import Period, add_months, month_of

MONTHS = 12
LEDGER_CODE = "liability.budget"
"""Where budget balances stand; a debit there is what a customer used and has not paid."""


class PlanState(StrEnum):
    """States of a plan; one that has ended is settled."""

    ACTIVE = "active"
    ENDED = "ended"


class EndReason(StrEnum):
    """
    Why a plan ended.

    ASKED  the customer wants it
    LEFT   the account is billed to its end
    LATE   level amounts were not paid
    """

    ASKED = "asked"
    LEFT = "left"
    LATE = "late"


class LevelReason(StrEnum):
    """When a level amount was worked out: at the offer, at a review within the year, or for a new year."""

    OFFER = "offer"
    REVIEW = "review"
    YEAR = "year"


class SettlementKind(StrEnum):
    """
    Why the balance is squared.

    YEAR   the year of the plan is billed
    END    the plan ends
    AFTER  a bill of a plan that had ended was cancelled
    """

    YEAR = "year"
    END = "end"
    AFTER = "after"


class SettlementState(StrEnum):
    """A settlement stands, or was taken back with its notes."""

    MADE = "made"
    REVERSED = "reversed"


class BudgetUnknown(Refused):
    """Too little is known of the bills of an account to level them."""

    code = "budget_unknown"


class NothingToLevel(Refused):
    """The bills of a year come to nothing, or to a credit."""

    code = "budget_nothing_to_level"


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRule:
    """
    What the place says. [minor unit]

    least_months     whole months that must have been billed
    step_minor       level amounts are multiples of it, rounded up
    review_months    after so many months of a year the amount is worked out anew
    change_percent   a review changes the amount only by more than this
    notice_days      a changed amount is told so long before the month from which it holds
    spread_above_minor, spread_months  a debt of a year above it is owed in so many parts, a month apart
    late_days        a plan ends when a level amount is overdue for so long; 0: never
    by_customer      customers begin and end it in the portal
    """

    least_months: int
    step_minor: int
    review_months: tuple[int, ...]
    change_percent: int
    notice_days: int
    spread_above_minor: int
    spread_months: int
    late_days: int
    by_customer: bool
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedMonth:
    """What a month to come is taken to cost; ``like``: the month that was billed so; None: the mean of all known."""

    month: date
    amount_minor: int
    like: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """
    How a level amount was worked out. [minor unit]

    known_months  whole months of the last twelve that were billed
    balance_minor, still_minor  what the budget balance is, and what is asked yet at the amount before
    expected      the months that the new amount and what is asked yet are to pay
    months        months that the new amount is asked for
    """

    known_months: int
    balance_minor: int
    still_minor: int
    expected: tuple[ExpectedMonth, ...]
    months: int
    level_minor: int

    @property
    def expected_minor(self) -> int:
        """What the months to come are taken to cost together."""
        return sum(one.amount_minor for one in self.expected)


def expected(*, billed: Mapping[date, int], months: Sequence[date], least_months: int = 1) -> tuple[ExpectedMonth, ...]:
    """
    Return what months to come are taken to cost: as the same month was billed last, else the mean of what is known.

    billed  amounts of whole months, by first day [minor unit]
    months  first days

    :raises BudgetUnknown: fewer than ``least_months`` months, or none, are known: nothing is assumed.
    """
    if len(billed) < max(1, least_months):
        raise BudgetUnknown(
            f"{len(billed)} whole months of the last {MONTHS} are billed; {max(1, least_months)} are needed.",
            advice="Offer it when more months are billed.",
            known=len(billed),
        )
    latest = {month.month: month for month in sorted(billed)}
    mean_minor = _part(sum(billed.values()), 1, len(billed))
    found = []
    for month in months:
        like = latest.get(month.month)
        found.append(ExpectedMonth(month=month, amount_minor=mean_minor if like is None else billed[like], like=like))
    return tuple(found)


def work_out(
    *,
    billed: Mapping[date, int],
    first: date,
    until: date,
    rule: BudgetRule,
    balance_minor: int = 0,
    since: date | None = None,
    before_minor: int = 0,
) -> Working:
    """
    Return the level amount for the months [first, until): what they and the balance come to, spread and rounded up.

    billed         amounts of whole months billed, by first day [minor unit]
    balance_minor  above 0: used and not paid yet [minor unit]
    since          first month whose bill is to come, at ``before_minor``; None: ``first``

    :raises BudgetUnknown: too little is known.
    :raises NothingToLevel: it comes to nothing.
    """
    begin = since or first
    months = tuple(_months(begin, until))
    asked = sum(1 for month in months if month >= first)
    if not asked:
        raise NothingToLevel("No month is left to be levelled.")
    coming = expected(billed=billed, months=months, least_months=rule.least_months)
    still_minor = before_minor * (len(months) - asked)
    total = balance_minor + sum(one.amount_minor for one in coming) - still_minor
    if total <= 0:
        raise NothingToLevel(
            "What is expected comes to nothing, so there is nothing to level.", advice="Bills are paid as they come."
        )
    return Working(
        known_months=len(billed),
        balance_minor=balance_minor,
        still_minor=still_minor,
        expected=coming,
        months=asked,
        level_minor=-(-total // (asked * rule.step_minor)) * rule.step_minor,
    )


def is_changed(*, before_minor: int, new_minor: int, rule: BudgetRule) -> bool:
    """Return whether a review changes the amount: only where it differs by more than the rule's percent."""
    return abs(new_minor - before_minor) * 100 > rule.change_percent * before_minor


def holds_from(*, today: date, billed_until: date, rule: BudgetRule) -> date:
    """Return the first month for which a changed amount may be asked: it is told so many days before, and unbilled."""
    told = today + timedelta(days=rule.notice_days)
    month = month_of(told).start
    return max(month if told == month else add_months(month, 1), _month_at(billed_until))


def review_due(*, year_date: date, billed_until: date, reviewed: date, rule: BudgetRule) -> date | None:
    """
    Return the day of the latest review of a year that is due: its months are billed, and none was made since; or None.

    reviewed  day for which the amount was worked out last
    """
    days = [add_months(year_date, months) for months in rule.review_months if 0 < months < MONTHS]
    due = max((day for day in days if day <= billed_until), default=None)
    return due if due is not None and due > reviewed else None


def year_end(year_date: date) -> date:
    """Return the first day after the year of a plan."""
    return add_months(year_date, MONTHS)


def asked_minor(*, levels: Sequence[tuple[date, int]], covered: Period | None, taken: Sequence[Period]) -> int:
    """
    Return what a bill asks for in its place: the level amount of each month, by days where a month is not whole.

    levels   first month and amount, in the order in which they hold [minor unit]
    covered  days that the bill bills; None: it only corrects
    taken    days that were asked for with other bills that stand
    """
    if covered is None:
        return 0
    total = 0
    for month in _months(covered.start, covered.end):
        whole = month_of(month)
        days = [whole.start + timedelta(days=n) for n in range(whole.days)]
        new = sum(1 for day in days if covered.contains(day) and not any(one.contains(day) for one in taken))
        total += _part(level_on(levels=levels, month=month), new, whole.days)
    return total


def level_on(*, levels: Sequence[tuple[date, int]], month: date) -> int:
    """Return the level amount that holds for a month; before the first one, that. [minor unit]"""
    held = [amount for since, amount in levels if since <= month]
    return held[-1] if held else levels[0][1]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a settlement with its due date. [minor unit]"""

    due_date: date
    amount_minor: int


def parts(*, balance_minor: int, kind: SettlementKind, due_date: date, rule: BudgetRule | None) -> tuple[Part, ...]:
    """
    Return how a balance is squared: a debt of a year above the bound in parts, a month apart; else at once.

    No balance, no part; no rule any more: at once. The parts come to the balance exactly, and differ by one minor unit
    at most.
    """
    if not balance_minor:
        return ()
    if kind is not SettlementKind.YEAR or rule is None or balance_minor <= max(0, rule.spread_above_minor):
        return (Part(due_date, balance_minor),)
    weights = np.ones(rule.spread_months, dtype=np.int64)
    shares = fixed.share(np.array([balance_minor], dtype=np.int64), weights)[0]
    return tuple(
        Part(add_months(due_date, place), int(amount)) for place, amount in enumerate(shares) if int(amount) != 0
    )


def _part(total: int, weight: int, of: int) -> int:
    """Return ``total * weight / of``, rounded half away from zero."""
    weights = np.array([weight, of - weight], dtype=np.int64)
    return int(fixed.share(np.array([total], dtype=np.int64), weights)[0][0])


def _months(start: date, end: date) -> list[date]:
    months, month = [], month_of(start).start
    while month < end:
        months.append(month)
        month = add_months(month, 1)
    return months


def _month_at(day: date) -> date:
    month = month_of(day).start
    return month if month == day else add_months(month, 1)
