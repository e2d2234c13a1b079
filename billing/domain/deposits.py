"""
Deposits of customers (保证金): how large one is, what it earns, and when it goes back.

Interest is simple. What a deposit has earned up to a day follows from the days on which its money was here, and is
rounded once; what is credited is that less what was credited before, so nothing is lost or paid twice, and money that
turns out never to have been here earns nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

import numpy as np

from cis.kernel.errors import Refused
from cis.kernel.fixed import E9, Rounding, to_minor
from cis.kernel.periods import add_months

HELD_CODE, INTEREST_CODE = "liability.deposit", "expense.interest"
"""Ledger accounts: what is demanded and held of deposits, and what they cost."""
OTHER = "other"
RATE_ONE = 10**6
YEAR_MONTHS = 12
DAY = timedelta(days=1)


class DepositState(StrEnum):
    """
    States of a deposit. What is demanded or held of an open one follows from what was paid.

    OPEN       it is demanded or held
    RETURNED   it went back to the customer, as credit of his account
    USED       it paid what was owed at the end of the account
    WAIVED     it is not demanded after all, for a reason
    CANCELLED  it was demanded by mistake
    """

    OPEN = "open"
    RETURNED = "returned"
    USED = "used"
    WAIVED = "waived"
    CANCELLED = "cancelled"


class Standing(StrEnum):
    """What an open deposit is."""

    DEMANDED = "demanded"
    PARTLY_HELD = "partly_held"
    HELD = "held"


class MoveKind(StrEnum):
    """
    What happens to a deposit.

    DEMAND, INCREASE  it is demanded, or more of it
    REDUCE            less is demanded of what is not paid
    INTEREST          interest is credited (below 0: taken back)
    RETURN            money of it goes to the account as credit
    CANCEL            its notes are taken back
    """

    DEMAND = "demand"
    INCREASE = "increase"
    REDUCE = "reduce"
    INTEREST = "interest"
    RETURN = "return"
    CANCEL = "cancel"


class DayCount(StrEnum):
    """Which part of a year a day is: 1/365, 1/360, or that of its own calendar year."""

    ACTUAL_365 = "actual_365"
    ACTUAL_360 = "actual_360"
    ACTUAL_ACTUAL = "actual_actual"


class SizeMethod(StrEnum):
    """
    What the size of a deposit comes from.

    BILLS     an average month of the account's own bills
    EXPECTED  what a month is expected to cost
    FIXED     the fixed amount of the class
    """

    BILLS = "bills"
    EXPECTED = "expected"
    FIXED = "fixed"


class BadDeposit(Refused):
    """The deposit cannot be what is meant: no such cause, no amount, more than the place allows."""

    code = "bad_deposit"


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeTerms:
    """
    How large the deposit of a class is. [minor unit]

    months      average months; 0: the fixed amount
    most_minor  0: no bound beside the months
    """

    months: int
    fixed_minor: int
    least_minor: int
    most_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """
    A computed size with its reasoning. [minor unit]

    month_minor  average month; None: nobody knows one
    raw_minor    before the bounds
    """

    method: SizeMethod
    months: int
    month_minor: int | None
    raw_minor: int
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InterestTerms:
    """
    What deposits earn.

    rates  first day and yearly rate, in order of time; before the first one there is no interest [10^-6]
    """

    rates: tuple[tuple[date, int], ...]
    day_count: DayCount


@dataclass(frozen=True, slots=True)
class Stretch:
    """
    Days [start, end) on which one amount earned one rate.

    rate_e6  of a year [10^-6]
    basis    days of that year
    """

    start: date
    end: date
    held_minor: int
    rate_e6: int
    basis: int

    @property
    def days(self) -> int:
        """Return the number of days."""
        return (self.end - self.start).days


@dataclass(frozen=True, slots=True)
class PaidBill:
    """A debt that was due, and when it was paid in full; None: it is open."""

    due_date: date
    paid_date: date | None


@dataclass(frozen=True, slots=True)
class GoodTerms:
    """What good payment is; months 0: a deposit does not go back for it."""

    months: int
    grace_days: int
    late_most: int
    demands_most: int


@dataclass(frozen=True, slots=True)
class Month:
    """A month since a deposit is held, [start, end): debts that fell due in it, those paid late, demands made."""

    start: date
    end: date
    due: int
    late: int
    demands: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    Whether a deposit goes back for good payment, month by month.

    months     the last ones that are over
    missing    so many more months have to pass
    look_date  when to look again
    """

    is_good: bool
    months: tuple[Month, ...]
    missing: int
    late: int
    demands: int
    look_date: date


def size(*, terms: SizeTerms, billed_minor: int, billed_days: int, expected_minor: int | None) -> Size:
    """
    Return how large a deposit is to be. An average month is 365/12 days of what was billed, rounded down: so many of
    them are never more than the law allows.

    billed_minor, billed_days  of the account's bills of a year; 0 days: there are none [minor unit]
    expected_minor             what a month is expected to cost, where there are no bills [minor unit]
    """
    if terms.months and billed_days > 0 and billed_minor > 0:
        method, month = SizeMethod.BILLS, _whole(billed_minor * 365, billed_days * YEAR_MONTHS, Rounding.DOWN)
        raw = month * terms.months
    elif terms.months and expected_minor is not None and expected_minor > 0:
        method, month, raw = SizeMethod.EXPECTED, expected_minor, expected_minor * terms.months
    else:
        method, month, raw = SizeMethod.FIXED, None, terms.fixed_minor
    amount = max(raw, terms.least_minor)
    if terms.most_minor:
        amount = min(amount, terms.most_minor)
    return Size(method=method, months=terms.months, month_minor=month, raw_minor=raw, amount_minor=amount)


def standing(*, held_minor: int, open_minor: int) -> Standing:
    """Return what an open deposit is, by what is held and what is open of it."""
    if held_minor <= 0:
        return Standing.DEMANDED
    return Standing.PARTLY_HELD if open_minor > 0 else Standing.HELD


def stretches(*, moves: Iterable[tuple[date, int]], terms: InterestTerms, until: date) -> tuple[Stretch, ...]:
    """
    Return the days up to, and without, a day on which money was held, each with its rate, in order of time.

    moves  day, and what came (above 0) or went (below 0) on it; the day itself earns with what is held after it
    """
    sums: dict[date, int] = {}
    for day, amount in moves:
        sums[day] = sums.get(day, 0) + amount
    days = sorted(day for day in sums if day < until)
    if not days:
        return ()
    edges = {*days, until, *(day for day, _rate in terms.rates if days[0] < day < until)}
    if terms.day_count is DayCount.ACTUAL_ACTUAL:
        edges |= {date(year, 1, 1) for year in range(days[0].year + 1, until.year + 1) if date(year, 1, 1) < until}
    found, held = [], 0
    for start, end in pairwise(sorted(edges)):
        held += sums.get(start, 0)
        rate = _rate(terms, start)
        if held > 0 and rate:
            found.append(Stretch(start, end, held, rate, _basis(terms.day_count, start)))
    return tuple(found)


def earned_minor(found: Sequence[Stretch]) -> int:
    """Return the interest of some stretches together, exact and rounded once, a half up. [minor unit]"""
    whole: dict[int, int] = {}
    for one in found:
        whole[one.basis] = whole.get(one.basis, 0) + one.held_minor * one.rate_e6 * one.days
    numerator, denominator = 0, 1
    for basis, part in whole.items():
        numerator, denominator = numerator * basis + part * denominator, denominator * basis
    return _whole(numerator, denominator * RATE_ONE)


def held_since(*, moves: Iterable[tuple[date, int]], amount_minor: int) -> date | None:
    """Return the day since which so much is held without a break; None: it is not. [minor unit]"""
    since, held = None, 0
    sums: dict[date, int] = {}
    for day, amount in moves:
        sums[day] = sums.get(day, 0) + amount
    for day in sorted(sums):
        held += sums[day]
        if held < amount_minor:
            since = None
        elif since is None:
            since = day
    return since


def judge(*, terms: GoodTerms, since: date, bills: Sequence[PaidBill], demands: Sequence[date], today: date) -> Verdict:
    """
    Say whether a deposit goes back for good payment: its last ``terms.months`` months since ``since`` are over, and no
    more was late or demanded in them than the place allows. A debt that is open is late once its grace is over.
    """
    over = 0
    while add_months(since, over + 1) <= today:
        over += 1
    months = tuple(
        _month(add_months(since, place), add_months(since, place + 1), terms, bills, demands, today)
        for place in range(max(0, over - terms.months), over)
    )
    late, asked = sum(one.late for one in months), sum(one.demands for one in months)
    missing = max(0, terms.months - over)
    is_good = bool(terms.months) and not missing and late <= terms.late_most and asked <= terms.demands_most
    return Verdict(is_good, months, missing, late, asked, add_months(since, max(over + 1, terms.months)))


def _month(
    start: date, end: date, terms: GoodTerms, bills: Sequence[PaidBill], demands: Sequence[date], today: date
) -> Month:
    due = [one for one in bills if start <= one.due_date < end]
    grace = timedelta(days=terms.grace_days)
    late = sum((today if one.paid_date is None else one.paid_date) > one.due_date + grace for one in due)
    return Month(start, end, len(due), late, sum(start <= day < end for day in demands))


def _rate(terms: InterestTerms, day: date) -> int:
    return next((rate for since, rate in reversed(terms.rates) if since <= day), 0)


def _basis(count: DayCount, day: date) -> int:
    if count is DayCount.ACTUAL_ACTUAL:
        return (date(day.year + 1, 1, 1) - date(day.year, 1, 1)).days
    return 365 if count is DayCount.ACTUAL_365 else 360


def _whole(numerator: int, denominator: int, rule: Rounding = Rounding.HALF_AWAY) -> int:
    """
    Return a fraction that is not below 0, rounded by the one door.

    What is cut off beyond 10^-9 never decides: a half is raised, and what is cut from below a half leaves it below.
    """
    return int(to_minor(np.array([numerator * E9 // denominator], dtype=object), rule)[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositRule:
    """
    What the place says about deposits.

    before_supply  causes for which no supply is switched on, or on again, before the deposit is paid
    waiver_minor   by name of the role: how much of a demand one person waives alone [minor unit]
    """

    causes: tuple[str, ...]
    before_supply: frozenset[str]
    classes: Mapping[str, SizeTerms]
    due_days: int
    interest: InterestTerms
    good: GoodTerms
    waiver_minor: Mapping[str, int]
    source: str

    def size_terms(self, customer_class: str) -> SizeTerms:
        """
        Return how large the deposit of a class is.

        :raises BadDeposit: none is demanded of this class here.
        """
        found = self.classes.get(customer_class) or self.classes.get(OTHER)
        if found is None:
            raise BadDeposit("No deposit is demanded of this class here.", advice="Look at the rule of the place.")
        return found
