"""What was guessed is dealt anew when something is measured."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from metering.domain.true_up import fit_days, true_up
from metering.domain.usage import Reads


def _reads(*rows, estimated=False):
    """Rows of register, day and counter value."""
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return Reads(
        register_id=table[:, 0].copy(),
        day=table[:, 1].copy(),
        reading_wh=table[:, 2].copy(),
        is_estimated=np.full(len(table), estimated),
    )


def _again(measured, guessed):
    return true_up(measured=_reads(*measured), guessed=_reads(*guessed, estimated=True)).reading_wh.tolist()


def test_guessed_months_are_set_anew_in_the_ratio_of_what_was_guessed():
    """Guessed 100, 200 and 300 in three months; 1,200 were counted: twice as much each."""
    measured = [(1, 0, 1_000), (1, 90, 2_200)]
    assert _again(measured, [(1, 30, 1_100), (1, 60, 1_300), (1, 90, 1_600)]) == [1_200, 1_600, 1_600]


def test_a_last_step_that_was_not_guessed_has_the_mean_a_day_of_those_before():
    """Guessed 100 and 200 in 60 days, so 150 in the last 30; 900 were counted: twice as much each."""
    assert _again([(1, 0, 0), (1, 90, 900)], [(1, 30, 100), (1, 60, 300)]) == [200, 600]


def test_where_nothing_was_guessed_to_be_used_days_count():
    assert _again([(1, 0, 500), (1, 100, 600)], [(1, 30, 500), (1, 60, 400)]) == [530, 560]


def test_what_nothing_measured_encloses_stays():
    assert _again([(1, 0, 0)], [(1, 30, 77)]) == [77]
    assert _again([(1, 40, 0), (1, 60, 10)], [(1, 30, 77), (1, 70, 99)]) == [77, 99]
    assert _again([(2, 0, 0), (2, 60, 10)], [(1, 30, 77)]) == [77]


def test_a_measured_value_that_fell_sets_nothing_anew():
    assert _again([(1, 0, 900), (1, 60, 10)], [(1, 30, 950)]) == [950]


def test_registers_do_not_mix():
    measured = [(1, 0, 0), (1, 60, 200), (2, 0, 0), (2, 60, 10)]
    assert _again(measured, [(1, 30, 5), (1, 60, 10), (2, 30, 8), (2, 60, 16)]) == [100, 10, 5, 16]


def test_guessed_intervals_are_brought_to_what_was_measured():
    assert fit_days(energy_wh=100, guessed=np.array([1, 2, 2])).tolist() == [20, 40, 40]
    assert fit_days(energy_wh=7, guessed=np.array([0, 0])).tolist() == [4, 3]


@given(
    steps=st.lists(st.tuples(st.integers(1, 40), st.integers(-50, 10**7)), min_size=1, max_size=8),
    total=st.integers(0, 10**9),
    last=st.integers(1, 40),
)
def test_the_energy_between_measured_values_is_dealt_without_a_rest_and_never_runs_backward(steps, total, last):
    days, readings, day, reading = [], [], 0, 10**6
    for length, used in steps:
        day, reading = day + length, max(reading + used, 0)
        days.append(day)
        readings.append(reading)
    measured = [(1, 0, 10**6), (1, day + last, 10**6 + total)]
    found = _again(measured, list(zip([1] * len(days), days, readings, strict=True)))
    line = [10**6, *found, 10**6 + total]
    assert line == sorted(line)
