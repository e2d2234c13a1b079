"""Methods of estimation, each by numbers made by hand, and what none of them may ever do."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.domain import estimation
from metering.domain.estimation import Days, Method, rounded

MONDAY = 738_886
assert MONDAY % 7 == 1


def _ints(*values):
    return np.array(values, dtype=np.int64)


def _flags(text):
    return np.array([letter == "A" for letter in text])


@pytest.mark.parametrize(
    ("value", "whole"), [("1/2", 1), ("-1/2", -1), ("1/3", 0), ("-2/3", -1), ("5", 5), ("3/2", 2), ("0", 0)]
)
def test_a_half_is_rounded_away_from_zero(value, whole):
    assert rounded(value=Fraction(value)) == whole


def test_a_short_gap_is_filled_on_the_line_between_its_neighbours():
    found = estimation.interpolate(values=_ints(100, 7, 7, 400, 7, 301), known=_flags("ANNANA"), most=2)
    assert found.values.tolist() == [100, 200, 300, 400, 351, 301]
    assert found.is_estimated.tolist() == [False, True, True, False, True, False]
    assert found.method is Method.INTERPOLATION


def test_longer_gaps_and_those_at_an_end_stay_empty():
    found = estimation.interpolate(values=_ints(9, 1, 9, 9, 9, 5, 9), known=_flags("NANNNAN"), most=2)
    assert found.values.tolist() == [0, 1, 0, 0, 0, 5, 0]
    assert not found.is_estimated.any()


def _days(*rows, first=MONDAY, known=None):
    count = len(rows)
    return Days(
        day=first + np.arange(count, dtype=np.int64),
        values=np.array(rows, dtype=np.int64).reshape(count, -1),
        is_known=np.ones(count, dtype=np.bool_) if known is None else _flags(known),
    )


def test_the_mean_of_the_days_before_is_taken_slot_by_slot():
    days = _days([1, 10], [2, 20], [4, 40], [9_999, 9_999])
    found = estimation.average(days=days, on_day=MONDAY + 3, same_weekday=False, most=2, least=1)
    assert (found.values.tolist(), found.method) == ([3, 30], Method.AVERAGE)
    found = estimation.average(days=days, on_day=MONDAY + 3, same_weekday=False, most=9, least=3)
    assert found.values.tolist() == [2, 23]
    assert estimation.average(days=days, on_day=MONDAY + 3, same_weekday=False, most=9, least=4) is None


def test_the_mean_may_be_of_the_same_day_of_the_week_and_of_measured_days_alone():
    rows = [[day] for day in range(15)]
    same = {"on_day": MONDAY + 14, "same_weekday": True, "most": 4}
    assert estimation.average(days=_days(*rows), **same, least=2).values.tolist() == [4]  # of 0 and 7
    half = _days(*rows, known="N" + "A" * 14)
    assert estimation.average(days=half, **same, least=1).values.tolist() == [7]
    assert estimation.average(days=half, **same, least=2) is None


def test_the_nearest_day_of_the_same_name_stands_for_a_day_and_of_two_the_earlier_one():
    days = _days(*[[day] for day in range(22)])
    assert estimation.proxy_day(days=days, on_day=MONDAY + 14, within=2).values.tolist() == [7]
    late = _days(*[[day] for day in range(22)], known="A" * 7 + "N" * 14 + "A")
    assert estimation.proxy_day(days=late, on_day=MONDAY + 14, within=2).values.tolist() == [21]
    assert estimation.proxy_day(days=late, on_day=MONDAY + 9, within=1).values.tolist() == [2]
    assert estimation.proxy_day(days=late, on_day=MONDAY + 15, within=1) is None


def test_energy_is_dealt_by_a_profile_to_the_last_watt_hour():
    found = estimation.by_profile(energy_wh=100, weights=_ints(1, 1, 1))
    assert (found.values.tolist(), found.method) == ([33, 34, 33], Method.PROFILE)
    assert estimation.by_profile(energy_wh=0, weights=_ints(0, 0)).values.tolist() == [0, 0]
    assert estimation.by_profile(energy_wh=1, weights=_ints(0, 0)) is None


def test_last_year_is_brought_to_the_days_of_this_one_and_to_what_is_used_now():
    same = {"energy_wh": 290_000, "days": 29, "to_days": 28}
    assert estimation.same_period_last_year(**same) == 280_000
    assert estimation.same_period_last_year(**same, growth=Fraction(11, 10)) == 308_000
    assert estimation.same_period_last_year(energy_wh=1, days=0, to_days=28) is None


def test_a_counter_follows_from_interval_days_over_the_end_of_its_dial():
    found = estimation.scalar_of_days(
        start_reading_wh=99_998_000, daily_wh=_ints(30, 30, 40_000), digits=5, multiplier=20
    )
    # 1.5, 3 and 2,003 Wh on the dial: each value is rounded by itself.
    assert found.values.tolist() == [99_998_002, 99_998_003, 3]
    assert found.method is Method.FROM_INTERVALS


def test_intervals_that_are_missing_share_what_the_counter_says_beyond_those_that_are_known():
    found = estimation.days_of_scalar(
        energy_wh=1_000, given=_ints(100, 0, 0, 300), known=_flags("ANNA"), weights=_ints(9, 1, 2, 9)
    )
    assert (found.values.tolist(), found.is_estimated.tolist()) == ([100, 200, 400, 300], [False, True, True, False])
    flat = estimation.days_of_scalar(energy_wh=11, given=_ints(0, 0), known=_flags("NN"), weights=_ints(0, 0))
    assert flat.values.tolist() == [6, 5]
    assert flat.method is Method.FROM_COUNTER


def test_where_counter_and_intervals_contradict_each_other_nothing_is_dealt():
    asked = {"given": _ints(100, 0), "weights": _ints(1, 1)}
    assert estimation.days_of_scalar(energy_wh=99, known=_flags("AN"), **asked) is None
    assert estimation.days_of_scalar(energy_wh=101, known=_flags("AA"), **asked) is None
    assert estimation.days_of_scalar(energy_wh=100, known=_flags("AA"), **asked).values.tolist() == [100, 0]


def test_a_read_between_two_is_prorated_by_days():
    """300 kWh in 31 days: after 15 of them 145.161 kWh."""
    span = {"start_wh": 1_000_000, "end_wh": 1_300_000, "start_day": 100, "end_day": 131}
    assert estimation.prorate(**span, on_day=115) == 1_145_161
    assert (estimation.prorate(**span, on_day=100), estimation.prorate(**span, on_day=131)) == (1_000_000, 1_300_000)
    with pytest.raises(ValueError, match="between"):
        estimation.prorate(**span, on_day=132)


def test_a_counter_goes_on_in_a_straight_line_for_as_long_again():
    span = {"start_wh": 1_000_000, "end_wh": 1_300_000, "start_day": 100, "end_day": 130}
    assert estimation.straight_line(**span, on_day=161) is None
    assert estimation.straight_line(**span, on_day=160) == 1_600_000
    assert estimation.straight_line(**span, on_day=131) == 1_310_000
    assert estimation.straight_line(**{**span, "end_wh": 999_999}, on_day=131) is None
    with pytest.raises(ValueError, match="after"):
        estimation.straight_line(**span, on_day=130)


_GAPPY = st.lists(st.tuples(st.integers(0, 10**6), st.booleans()), min_size=1, max_size=40)


@given(rows=_GAPPY, most=st.integers(1, 8), spare=st.integers(0, 10**9))
def test_what_was_measured_is_never_changed_and_nothing_becomes_negative(rows, most, spare):
    values, known = _ints(*(value for value, _ in rows)), np.array([one for _, one in rows])
    filled = estimation.interpolate(values=values, known=known, most=most)
    assert (filled.values[known] == values[known]).all()
    assert (filled.values >= 0).all()
    assert not (filled.is_estimated & known).any()
    energy = int(values[known].sum()) + spare
    dealt = estimation.days_of_scalar(energy_wh=energy, given=values, known=known, weights=values)
    if dealt is None:
        assert known.all()
        assert spare > 0
    else:
        assert int(dealt.values.sum()) == energy
        assert (dealt.values[known] == values[known]).all()
        assert (dealt.values >= 0).all()
