"""Deposits: interest against exact fractions, sizes, good payment month by month."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.deposits import (
    DayCount,
    GoodTerms,
    InterestTerms,
    PaidBill,
    SizeTerms,
    earned_minor,
    held_since,
    judge,
    size,
    stretches,
)

START = date(2023, 11, 1)
DAY = timedelta(days=1)
RATES = st.lists(st.tuples(st.integers(-400, 900), st.integers(0, 250_000)), min_size=1, max_size=5)
MOVES = st.lists(st.tuples(st.integers(0, 900), st.integers(-(10**9), 10**12)), min_size=1, max_size=6)


def _oracle(moves, rates, count, until):
    """Day by day: what is held on it, the rate that holds on it, the part of a year that it is."""
    total = Fraction(0)
    day = min(day for day, _ in moves)
    while day < until:
        held = sum(amount for on, amount in moves if on <= day)
        rate = next((rate for since, rate in sorted(rates, reverse=True) if since <= day), 0)
        leap = (date(day.year, 12, 31) - date(day.year, 1, 1)).days + 1
        year = {"actual_365": 365, "actual_360": 360, "actual_actual": leap}[count]
        total += Fraction(max(0, held) * rate, 10**6 * year)
        day += DAY
    whole, rest = divmod(total, 1)
    return whole + (rest >= Fraction(1, 2))


@given(moves=MOVES, rates=RATES, count=st.sampled_from(list(DayCount)), days=st.integers(0, 1_000))
def test_interest_is_that_of_each_day_rounded_once(moves, rates, count, days):
    moves = [(START + day * DAY, amount) for day, amount in moves]
    by_day = {START + day * DAY: rate for day, rate in rates}
    terms = InterestTerms(rates=tuple(sorted(by_day.items())), day_count=count)
    until = START + days * DAY
    found = stretches(moves=moves, terms=terms, until=until)
    assert earned_minor(found) == _oracle(moves, list(by_day.items()), count, until)
    assert all(one.start < one.end <= until for one in found)


def test_a_rate_that_changes_in_the_year_splits_it_exactly():
    """300.00 held for 2024: 4 % for 91 days, 5 % for 275: by 365, 360 and the 366 days of the year."""
    rates = ((date(2020, 1, 1), 40_000), (date(2024, 4, 1), 50_000))
    moves = [(date(2024, 1, 1), 30_000)]
    earned = {
        count: earned_minor(
            stretches(moves=moves, terms=InterestTerms(rates=rates, day_count=count), until=date(2025, 1, 1))
        )
        for count in DayCount
    }
    assert earned == {DayCount.ACTUAL_365: 1429, DayCount.ACTUAL_360: 1449, DayCount.ACTUAL_ACTUAL: 1425}


HOME = SizeTerms(months=2, fixed_minor=15_000, least_minor=0, most_minor=60_000)


@pytest.mark.parametrize(
    ("terms", "billed", "days", "expected", "method", "amount"),
    [
        (HOME, 120_000, 365, None, "bills", 20_000),
        (HOME, 10_000, 31, None, "bills", 19_622),
        (HOME, 0, 0, 9_000, "expected", 18_000),
        (HOME, 0, 0, None, "fixed", 15_000),
        (HOME, 900_000, 365, None, "bills", 60_000),
        (HOME, -500, 30, None, "fixed", 15_000),
        (SizeTerms(months=0, fixed_minor=5_000, least_minor=0, most_minor=0), 90_000, 365, 9_000, "fixed", 5_000),
        (SizeTerms(months=2, fixed_minor=0, least_minor=20_000, most_minor=0), 12_000, 365, None, "bills", 20_000),
    ],
)
def test_a_size_is_average_months_within_bounds(terms, billed, days, expected, method, amount):
    found = size(terms=terms, billed_minor=billed, billed_days=days, expected_minor=expected)
    assert (found.method, found.amount_minor) == (method, amount)


def test_it_is_held_since_the_money_was_there_without_a_break():
    moves = [(date(2024, 1, 5), 60), (date(2024, 2, 1), 40), (date(2024, 3, 1), -100), (date(2024, 4, 1), 100)]
    assert held_since(moves=moves[:1], amount_minor=100) is None
    assert held_since(moves=moves[:2], amount_minor=100) == date(2024, 2, 1)
    assert held_since(moves=moves, amount_minor=100) == date(2024, 4, 1)


GOOD = GoodTerms(months=3, grace_days=5, late_most=1, demands_most=0)
SINCE = date(2024, 1, 31)


def _judged(bills=(), demands=(), today=date(2024, 4, 30), terms=GOOD):
    return judge(terms=terms, since=SINCE, bills=bills, demands=demands, today=today)


def test_good_payment_is_looked_at_month_by_month():
    verdict = _judged(
        bills=[PaidBill(date(2024, 2, 10), date(2024, 2, 15)), PaidBill(date(2024, 3, 10), date(2024, 3, 16))]
    )
    assert verdict.is_good
    assert [(one.start, one.end, one.due, one.late) for one in verdict.months] == [
        (date(2024, 1, 31), date(2024, 2, 29), 1, 0),
        (date(2024, 2, 29), date(2024, 3, 31), 1, 1),
        (date(2024, 3, 31), date(2024, 4, 30), 0, 0),
    ]


def test_what_is_late_demanded_or_too_early_keeps_it():
    late = [PaidBill(date(2024, 2, 10), date(2024, 2, 16)), PaidBill(date(2024, 3, 10), None)]
    assert not _judged(bills=late).is_good
    assert _judged(bills=late[:1]).is_good
    assert not _judged(demands=[date(2024, 3, 1)]).is_good
    early = _judged(today=date(2024, 4, 29))
    assert (early.is_good, early.missing, early.look_date) == (False, 1, date(2024, 4, 30))
    # The months roll on: what was late falls out of the last ones.
    assert _judged(bills=late[:1] * 2, today=date(2024, 5, 31)).is_good
    # An open bill is late only once its grace is over.
    assert _judged(bills=[*late[:1], PaidBill(date(2024, 4, 25), None)]).is_good
    assert not _judged(terms=GoodTerms(0, 0, 0, 0)).is_good
