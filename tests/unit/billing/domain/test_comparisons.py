"""Months are compared by the day."""

from datetime import date
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from billing.domain.comparisons import Use, compare

NOW, THEN = date(2026, 3, 1), date(2026, 2, 1)


def _compare(now_wh, now_days, then_wh, then_days):
    return compare(
        now=Use(month=NOW, energy_wh=now_wh, days=now_days), then=Use(month=THEN, energy_wh=then_wh, days=then_days)
    ).change_percent


def test_a_longer_month_with_the_same_use_a_day_is_no_rise():
    assert _compare(310_000, 31, 280_000, 28) == 0


def test_rise_and_fall_are_whole_percents_and_a_half_goes_away_from_zero():
    assert _compare(1005, 30, 1000, 30) == 1
    assert _compare(995, 30, 1000, 30) == -1
    assert _compare(2000, 30, 1000, 30) == 100


def test_against_nothing_there_is_no_percent():
    assert _compare(1000, 30, 0, 30) is None
    assert _compare(1000, 30, -500, 30) is None
    assert _compare(1000, 0, 500, 30) is None
    assert _compare(1000, 30, 500, 0) is None


@given(st.integers(-(10**12), 10**12), st.integers(1, 400), st.integers(1, 10**12), st.integers(1, 400))
def test_the_percent_is_that_of_fractions(now_wh, now_days, then_wh, then_days):
    exact = (Fraction(now_wh, now_days) / Fraction(then_wh, then_days) - 1) * 100
    rounded = int(abs(exact) + Fraction(1, 2))
    assert _compare(now_wh, now_days, then_wh, then_days) == (rounded if exact >= 0 else -rounded)
