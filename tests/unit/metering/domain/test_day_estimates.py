"""Interval values that are missing: filled by the first method that can, the others left as they were."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from metering.domain.day_estimates import DAY_METHODS, Bounds, Curve, fill
from metering.domain.estimation import Method

MONDAY = 738_886
BOUNDS = Bounds(most_slots=2, within_weeks=2)


def _curve(rows, known):
    values = np.array(rows, dtype=np.int64)
    flags = np.array([[letter == "A" for letter in row] for row in known])
    return Curve(day=MONDAY + np.arange(len(values)), values=values, is_known=flags)


def _fill(rows, known, methods=DAY_METHODS, wanted=None):
    curve = _curve(rows, known)
    return fill(curve=curve, wanted=~curve.is_known if wanted is None else wanted, methods=methods, bounds=BOUNDS)


def test_short_gaps_lie_on_a_line_also_over_midnight():
    found = _fill([[1, 2, 3, 0], [0, 6, 7, 8]], ["AAAN", "NAAA"])
    assert found.values.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert found.methods == (Method.INTERPOLATION, Method.INTERPOLATION)


def test_a_day_that_is_missing_is_that_of_a_week_before_and_known_values_stay():
    rows = [[1, 2, 3, 4]] + [[9, 9, 9, 9]] * 6 + [[50, 0, 0, 0]]
    found = _fill(rows, ["AAAA"] * 7 + ["ANNN"], methods=[Method.INTERPOLATION, Method.PROXY_DAY])
    assert found.values[7].tolist() == [50, 2, 3, 4]
    assert found.is_filled[7].tolist() == [False, True, True, True]
    assert found.methods[7] is Method.PROXY_DAY


def test_the_mean_of_days_of_the_name_comes_before_that_of_all_days():
    rows = [[n] * 4 for n in range(14)] + [[0] * 4]
    found = _fill(rows, ["AAAA"] * 14 + ["NNNN"], methods=[Method.AVERAGE])
    assert found.values[14].tolist() == [4] * 4  # (0 + 7) / 2, a half away from zero
    found = _fill(rows[5:], ["AAAA"] * 9 + ["NNNN"], methods=[Method.AVERAGE])
    assert found.values[9].tolist() == [12] * 4  # (10 + 11 + 12 + 13) / 4


def test_what_nothing_tells_is_left():
    found = _fill([[1, 0, 0, 0, 5]], ["ANNNA"])
    assert not found.is_filled.any()
    assert found.methods == (None,)


@settings(max_examples=40)
@given(st.lists(st.integers(0, 1_000), min_size=42, max_size=42), st.sets(st.integers(0, 41)))
def test_nothing_that_is_known_changes_and_nothing_is_negative(values, missing):
    known = np.ones(42, dtype=np.bool_)
    known[list(missing)] = False
    curve = Curve(
        day=MONDAY + np.arange(21), values=np.array(values, dtype=np.int64).reshape(21, 2),
        is_known=known.reshape(21, 2),
    )  # fmt: skip
    found = fill(curve=curve, wanted=~curve.is_known, methods=DAY_METHODS, bounds=BOUNDS)
    assert np.array_equal(found.values[curve.is_known], curve.values[curve.is_known])
    assert not (found.is_filled & curve.is_known).any()
    assert (found.values[found.is_filled] >= 0).all()
