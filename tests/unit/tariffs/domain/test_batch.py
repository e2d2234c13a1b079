"""Batches refuse what cannot be rated; months are counted exactly."""

from datetime import date, timedelta
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cis.kernel.periods import Period
from tariffs.domain.batch import MAX_ENERGY_WH, EnergyOutOfRange, RatingBatch, month_share_e9
from tests.unit.tariffs.oracle import nearest


def column(*values):
    return np.array(values, dtype=np.int64)


def test_columns_that_are_not_given_are_zero_and_a_household_is_one_person():
    made = RatingBatch.of(used_wh=np.array([[1, 2], [3, 4]], dtype=np.int64))
    assert made.days.tolist() == made.month_share_e9.tolist() == made.before_wh.tolist() == [0, 0]
    assert made.household.tolist() == [1, 1]
    assert made.total_wh.tolist() == [3, 7]


def test_columns_of_another_length_or_type_are_refused():
    with pytest.raises(ValueError, match="rows"):
        RatingBatch.of(used_wh=np.zeros((2, 1), dtype=np.int64), days=column(1))
    with pytest.raises(TypeError):
        RatingBatch.of(used_wh=np.zeros((1, 1)))


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("name", ["used_wh", "before_wh"])
def test_energy_that_no_segment_can_hold_is_refused(sign, name):
    columns = {"used_wh": np.zeros((1, 1), dtype=np.int64)}
    shape = columns["used_wh"] if name == "used_wh" else column(0)
    RatingBatch.of(**(columns | {name: shape + sign * MAX_ENERGY_WH}))
    with pytest.raises(EnergyOutOfRange):
        RatingBatch.of(**(columns | {name: shape + sign * (MAX_ENERGY_WH + 1)}))


@pytest.mark.parametrize("name", ["days", "month_share_e9"])
def test_a_segment_has_no_negative_time(name):
    with pytest.raises(ValueError, match="negative"):
        RatingBatch.of(used_wh=np.zeros((1, 1), dtype=np.int64), **{name: column(-1)})


@pytest.mark.parametrize(
    ("start", "end", "share"),
    [
        (date(2025, 1, 1), date(2025, 2, 1), Fraction(1)),
        (date(2025, 1, 1), date(2026, 1, 1), Fraction(12)),
        (date(2024, 2, 1), date(2024, 2, 15), Fraction(14, 29)),
        (date(2025, 1, 22), date(2025, 2, 12), Fraction(10, 31) + Fraction(11, 28)),
        (date(2025, 4, 4), date(2025, 4, 24), Fraction(20, 30)),
    ],
)
def test_each_day_counts_by_its_own_month(start, end, share):
    assert month_share_e9(period=Period(start, end)) == nearest(share, Fraction(1, 10**9)) * 10**9


@given(st.dates(date(2000, 1, 1), date(2040, 1, 1)), st.integers(1, 800))
def test_months_are_the_sum_over_the_days_rounded_once(start, days):
    share = Fraction(0)
    for offset in range(days):
        day = start + timedelta(days=offset)
        following = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        share += Fraction(1, (following - day.replace(day=1)).days)
    period = Period(start, start + timedelta(days=days))
    assert month_share_e9(period=period) == nearest(share, Fraction(1, 10**9)) * 10**9
