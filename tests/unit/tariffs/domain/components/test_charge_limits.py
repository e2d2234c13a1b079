"""Minimum and maximum charges, by month and by year."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tariffs.domain.batch import RatingBatch
from tariffs.domain.chain import rate_months
from tariffs.domain.components.basic import Energy, Fixed, Per
from tariffs.domain.components.charge_limits import (
    Leaving,
    MaximumCharge,
    MinimumCharge,
    Negative,
    YearlyMaximum,
    YearlyMinimum,
)
from tariffs.domain.inputs import Input
from tariffs.domain.lines import LedgerClass
from tariffs.domain.plan import compile_plan
from tariffs.domain.rating import rate
from tests.unit.tariffs.oracle import nearest

HEAD = {"label": "x", "ledger": LedgerClass.FIXED}
YUAN = 10**8
ENERGY = Energy(code="energy", **HEAD, price_e6=YUAN)
ON = {"on": ("energy",)}


def segment(used_kwh, *, days=30, months_e9=10**9, **inputs):
    columns = {Input(name): np.array([value], dtype=np.int64) for name, value in inputs.items()}
    return RatingBatch.of(
        used_wh=np.array([[used_kwh * 1000]]),
        days=np.array([days]),
        month_share_e9=np.array([months_e9]),
        inputs=columns,
    )


def lines(component, batch):
    rated = rate(plan=compile_plan(components=(ENERGY, component)), batch=batch)
    return rated.amount_minor[0].tolist(), rated.quantity[0].tolist()


@pytest.mark.parametrize(
    ("used", "negative", "top_up"),
    [
        (4, Negative.AS_ZERO, 600),
        (10, Negative.AS_ZERO, 0),
        (11, Negative.AS_ZERO, 0),
        (-3, Negative.AS_ZERO, 1000),
        (-3, Negative.AS_IS, 1300),
    ],
)
def test_a_minimum_lifts_what_is_below_it(used, negative, top_up):
    least = MinimumCharge(code="least", **HEAD, **ON, per=Per.MONTH, price_e6=10 * YUAN, negative=negative)
    assert lines(least, segment(used)) == ([used * 100, top_up], [used * 1000, 10**9])


def test_a_minimum_counts_a_part_of_a_month_and_days():
    least = MinimumCharge(code="least", **HEAD, **ON, per=Per.MONTH, price_e6=10 * YUAN, negative=Negative.AS_IS)
    # A third of a month: 3.33 - 1.00, the third cut at 10^-9.
    assert lines(least, segment(1, months_e9=333_333_333))[0] == [100, 233]
    daily = MinimumCharge(code="least", **HEAD, **ON, per=Per.DAY, price_e6=YUAN // 2, negative=Negative.AS_IS)
    assert lines(daily, segment(1, days=7)) == ([100, 250], [1000, 7])


def test_a_maximum_cuts_what_is_above_it():
    most = MaximumCharge(code="most", **HEAD, **ON, per=Per.MONTH, price_e6=10 * YUAN)
    assert [lines(most, segment(used))[0][1] for used in (-5, 0, 10, 11, 400)] == [0, 0, 0, -100, -39_000]
    daily = MaximumCharge(code="most", **HEAD, **ON, per=Per.DAY, price_e6=YUAN)
    assert lines(daily, segment(9, days=2)) == ([900, -700], [9000, 2])


@pytest.mark.parametrize(
    ("leaving", "month_end", "final", "top_up"),
    [
        (Leaving.CHARGE, 3, 0, 0),
        (Leaving.CHARGE, 12, 0, 2500),
        (Leaving.CHARGE, 7, 1, 2500),
        (Leaving.WAIVE, 7, 1, 0),
        (Leaving.WAIVE, 12, 1, 2500),
    ],
)
def test_a_yearly_minimum_is_topped_up_where_the_year_ends(leaving, month_end, final, top_up):
    least = YearlyMinimum(
        code="least", **HEAD, **ON, limit_minor=10_000, first_month=1, negative=Negative.AS_IS, leaving=leaving
    )
    found = lines(least, segment(5, year_minor=7000, month_end=month_end, final=final))
    assert found == ([500, top_up], [5000, 7500])


def test_a_yearly_minimum_that_is_reached_adds_nothing():
    least = YearlyMinimum(
        code="least", **HEAD, **ON, limit_minor=100, first_month=7, negative=Negative.AS_IS, leaving=Leaving.WAIVE
    )
    assert lines(least, segment(1, year_minor=0, month_end=6, final=0))[0] == [100, 0]


@pytest.mark.parametrize(("negative", "total"), [(Negative.AS_ZERO, 10_000 - 3000), (Negative.AS_IS, 10_000)])
def test_months_below_zero_count_in_the_year_as_the_tariff_says(negative, total):
    least = YearlyMinimum(
        code="least", **HEAD, **ON, limit_minor=10_000, first_month=1, negative=negative, leaving=Leaving.CHARGE
    )
    plan = compile_plan(components=(ENERGY, least))
    year = rate_months(plan=plan, months=[segment(-30), *[segment(2)] * 11], first_month=1)
    assert sum(month.total_minor.item() for month in year) == total


def test_a_yearly_maximum_cuts_as_soon_as_it_is_passed_and_gives_way_again():
    most = YearlyMaximum(code="most", **HEAD, **ON, limit_minor=10_000, first_month=1, negative=Negative.AS_IS)
    plan = compile_plan(components=(ENERGY, most))
    year = rate_months(plan=plan, months=[segment(used) for used in (60, 60, 10, -20, -30)], first_month=1)
    # Sums of use 60, 120, 130, 110, 80: charged in all 60, 100, 100, 100, 80.
    assert [month.total_minor.item() for month in year] == [6000, 4000, 0, 0, -2000]


def test_a_limit_counts_only_what_it_names():
    rent = Fixed(code="rent", **HEAD, per=Per.MONTH, price_e6=5 * YUAN)
    least = {"per": Per.MONTH, "price_e6": 10 * YUAN, "negative": Negative.AS_IS}
    some = MinimumCharge(code="some", **HEAD, on=("energy",), **least)
    every = MinimumCharge(code="all", **HEAD, on=("*",), **least)
    rated = rate(plan=compile_plan(components=(ENERGY, rent, some)), batch=segment(4))
    assert rated.total_minor.tolist() == [1500]
    rated = rate(plan=compile_plan(components=(ENERGY, rent, every)), batch=segment(4))
    assert rated.total_minor.tolist() == [1000]


money = st.integers(0, 3000) | st.integers(0, 10**15)


@settings(max_examples=60)
@given(used=st.integers(-2000, 2000) | st.integers(-(10**11), 10**11), limit=money, share=st.integers(0, 2 * 10**9))
def test_limits_equal_fractions(used, limit, share):
    given_by = {"per": Per.MONTH, "price_e6": limit * 1000}
    batch = segment(used, months_e9=share)
    base, bound = Fraction(used * 100), Fraction(limit * 1000, 10**6) * Fraction(share, 10**9)
    least = MinimumCharge(code="a", **HEAD, **ON, **given_by, negative=Negative.AS_IS)
    assert lines(least, batch)[0][1] == nearest(max(bound - base, Fraction(0)), Fraction(1))
    zero = MinimumCharge(code="a", **HEAD, **ON, **given_by, negative=Negative.AS_ZERO)
    assert lines(zero, batch)[0][1] == nearest(max(bound - max(base, Fraction(0)), Fraction(0)), Fraction(1))
    most = MaximumCharge(code="a", **HEAD, **ON, **given_by)
    assert lines(most, batch)[0][1] == nearest(min(bound - base, Fraction(0)), Fraction(1))
