"""Schedules and early settlement, against school arithmetic in fractions."""

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cis.kernel.periods import add_months
from contracts.domain import lease
from contracts.domain.lease import BadSchedule, DayCount, Method, Rebate, Rent, Sale

START = st.dates(date(2020, 1, 1), date(2035, 12, 31))
COUNT = st.sampled_from(DayCount)
SALES = st.builds(
    lambda financed, down, **more: Sale(price_minor=financed + down, down_minor=down, **more),
    financed=st.integers(1, 10**9),
    down=st.integers(0, 10**8),
    rate_e6=st.one_of(st.just(0), st.integers(1, 400_000)),
    instalments=st.integers(1, 84),
    method=st.sampled_from(Method),
    count=COUNT,
    leave_e6=st.sampled_from((0, 10_000)),
)
RENTS = st.builds(
    Rent,
    rent_minor=st.integers(100, 10**7),
    months=st.integers(1, 60),
    count=COUNT,
    is_by_calendar_month=st.booleans(),
    leave_e6=st.sampled_from((0, 200_000, 10**6)),
)


def nearest(value):
    return int(value + Fraction(1, 2))


def thirty(start, end):
    """Days in months of 30 days, counted one by one."""
    days = [start + timedelta(days=n) for n in range((end - start).days)]
    found = 0
    for day in days:
        is_last = (day + timedelta(days=1)).day == 1
        found += (31 - day.day) if is_last and day.day < 31 else (0 if day.day == 31 else 1)
    return found


def year_part(count, start, end, on):
    """What part of a year the days from the start of a month to a day in it are."""
    if count is DayCount.ACTUAL_365:
        return Fraction((on - start).days, 365)
    if count is DayCount.THIRTY_DAY_MONTHS:
        return Fraction(thirty(start, on), 12 * thirty(start, end))
    return Fraction((on - start).days, 12 * (end - start).days)


def rows_of(sale, start):
    try:
        return lease.sale_rows(sale, start=start)
    except BadSchedule:
        assume(False)


@given(sale=SALES, start=START)
def test_instalments_sum_to_the_price_and_bear_interest_on_what_is_left(sale, start):
    rows = rows_of(sale, start)
    assert sum(row.principal_minor for row in rows) == sale.price_minor
    left = sale.price_minor
    for row in rows:
        assert row.principal_minor > 0
        assert row.interest_minor >= 0
        assert row.amount_minor > 0
        if row.seq:
            assert row.due_date == row.end_date == add_months(start, row.seq)
            part = year_part(sale.count, row.start_date, row.end_date, row.end_date)
            assert row.interest_minor == nearest(left * Fraction(sale.rate_e6, 10**6) * part)
        left -= row.principal_minor
    assert left == 0
    assert [row.seq for row in rows] == list(range(0 if sale.down_minor else 1, sale.instalments + 1))


@given(sale=SALES, start=START)
def test_an_annuity_is_the_same_each_month_but_for_the_last(sale, start):
    assume(sale.method is Method.ANNUITY and sale.count is not DayCount.ACTUAL_365)
    rows = [row for row in rows_of(sale, start) if row.seq]
    financed, monthly = sale.price_minor - sale.down_minor, Fraction(sale.rate_e6, 12 * 10**6)
    if monthly:
        factor = (1 + monthly) ** sale.instalments
        wanted = nearest(financed * monthly * factor / (factor - 1))
    else:
        wanted = financed // sale.instalments
    assert lease.annuity_minor(sale) == wanted
    assert all(row.amount_minor == wanted for row in rows[:-1] if row.principal_minor)
    # Rounding of n instalments moves the last one by no more than they can, with interest on it.
    drift = sale.instalments * (1 + monthly) ** sale.instalments * 2 + 2
    assert abs(rows[-1].amount_minor - wanted) <= drift


@given(sale=SALES, start=START, data=st.data())
def test_what_was_paid_and_what_settles_come_to_the_price_and_the_interest_until_then(sale, start, data):
    rows = rows_of(sale, start)
    on = start + timedelta(days=data.draw(st.integers(0, (rows[-1].end_date - start).days + 40)))
    found = lease.settle_sale(sale, rows=rows, on=on, rebate=Rebate.UNEARNED)
    paid = [row for row in rows if row.due_date <= on]
    left = sale.price_minor - sum(row.principal_minor for row in paid)
    interest = 0
    if left:
        row = next(row for row in rows if row.due_date > on)
        exact = left * Fraction(sale.rate_e6, 10**6) * year_part(sale.count, row.start_date, row.end_date, on)
        interest = min(nearest(exact), row.interest_minor)
    fee = nearest(left * Fraction(sale.leave_e6, 10**6))
    assert found.amount_minor == left + interest + fee
    assert found.kept == tuple(row.seq for row in paid)
    assert found.total_minor == sum(row.amount_minor for row in paid) + found.amount_minor
    assert found.total_minor == sale.price_minor + sum(row.interest_minor for row in paid) + interest + fee
    assert found.waived_minor >= 0
    everything = sum(row.amount_minor for row in rows)
    assert found.total_minor - fee + found.waived_minor == everything
    kept = lease.settle_sale(sale, rows=rows, on=on, rebate=Rebate.NONE)
    assert (kept.total_minor - fee, kept.waived_minor) == (everything, 0)


@given(rent=RENTS, start=START, data=st.data())
def test_rents_sum_to_all_months_and_end_on_any_day(rent, start, data):
    try:
        rows = lease.rent_rows(rent, start=start)
    except BadSchedule:
        assume(False)
    assert sum(row.amount_minor for row in rows) == rent.rent_minor * rent.months
    assert (rows[0].start_date, rows[-1].end_date) == (start, add_months(start, rent.months))
    assert all(a.end_date == b.start_date for a, b in pairwise(rows))
    if not rent.is_by_calendar_month:
        assert {row.amount_minor for row in rows} == {rent.rent_minor}
    on = start + timedelta(days=data.draw(st.integers(0, (rows[-1].end_date - start).days)))
    found = lease.settle_rent(rent, rows=rows, on=on)
    whole = sum(row.amount_minor for row in rows if row.end_date <= on)
    part = 0
    for row in rows:
        if row.start_date < on < row.end_date:
            share = Fraction((on - row.start_date).days, (row.end_date - row.start_date).days)
            if rent.count is DayCount.THIRTY_DAY_MONTHS:
                share = Fraction(thirty(row.start_date, on), thirty(row.start_date, row.end_date))
            part = min(row.amount_minor, nearest(row.amount_minor * share))
    rest = rent.rent_minor * rent.months - whole - part
    assert (found.kept_minor, found.principal_minor, found.waived_minor) == (whole, part, rest)
    assert found.fee_minor == nearest(rest * Fraction(rent.leave_e6, 10**6))
    assert found.total_minor == whole + part + found.fee_minor


def test_an_annuity_of_the_textbook():
    """10,000.00 at 12 % a year in 12 months: 888.49 a month, as every table of annuities says."""
    sale = Sale(price_minor=1_000_000, down_minor=0, rate_e6=120_000, instalments=12)
    rows = lease.sale_rows(sale, start=date(2026, 1, 31))
    assert {row.amount_minor for row in rows[:-1]} == {88_849}
    assert [row.due_date for row in rows[:3]] == [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]
    assert sum(row.interest_minor for row in rows) == 66_186
    assert rows[-1].amount_minor == 88_847


def test_a_lease_that_begins_within_a_month_pays_parts_of_two():
    rent = Rent(rent_minor=31_000, months=2, is_by_calendar_month=True)
    rows = lease.rent_rows(rent, start=date(2026, 1, 21))
    assert [row.amount_minor for row in rows] == [11_000, 31_000, 20_000]
    assert [row.due_date for row in rows] == [date(2026, 1, 21), date(2026, 2, 1), date(2026, 3, 1)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"price_minor": 0},
        {"down_minor": 1_000},
        {"down_minor": -1},
        {"rate_e6": -1},
        {"rate_e6": 10**6 + 1},
        {"instalments": 0},
        {"instalments": 361},
        {"instalments": 300, "price_minor": 299},
        {"instalments": 300, "price_minor": 200, "rate_e6": 43_500},
        {"leave_e6": 10**6 + 1},
    ],
)
def test_terms_that_nobody_can_pay_by_are_refused(wrong):
    terms = {"price_minor": 1_000, "down_minor": 0, "rate_e6": 0, "instalments": 10} | wrong
    with pytest.raises(BadSchedule):
        lease.sale_rows(Sale(**terms), start=date(2026, 1, 1))


def test_nothing_is_settled_before_it_begins():
    rent = Rent(rent_minor=100, months=2)
    rows = lease.rent_rows(rent, start=date(2026, 1, 21))
    with pytest.raises(BadSchedule):
        lease.settle_rent(rent, rows=rows, on=date(2026, 1, 20))
    with pytest.raises(BadSchedule):
        lease.rent_rows(Rent(rent_minor=100, months=0), start=date(2026, 1, 21))
