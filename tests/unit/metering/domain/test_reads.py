"""Counter values in their order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.domain import reads
from metering.domain.reads import FITS, GivenReads, HeldReads, ReadFault


def _ints(values):
    return np.array(list(values), dtype=np.int64)


def _given(rows, *, digits=5, capacity_w=8_000, backward=False):
    """Rows of (register, day, kwh)."""
    size = len(rows)
    return GivenReads(
        register_id=_ints(row[0] for row in rows),
        day=_ints(row[1] for row in rows),
        reading_wh=_ints(row[2] * 1_000 for row in rows),
        digits=np.full(size, digits),
        capacity_w=np.full(size, capacity_w),
        multiplier=np.ones(size, dtype=np.int64),
        may_run_backward=np.full(size, backward),
    )


def _held(rows):
    return HeldReads(
        register_id=_ints(row[0] for row in rows),
        day=_ints(row[1] for row in rows),
        reading_wh=_ints(row[2] * 1_000 for row in rows),
    )


def _faults(given, held=(), **facts):
    codes = reads.fit(given=_given(given, **facts), held=_held(held))
    return [None if code == FITS else reads.fault_of(code) for code in codes.tolist()]


def test_reads_that_rise_fit_in_whatever_order_they_come():
    assert _faults([(1, 30, 300), (1, 10, 100), (2, 10, 5), (1, 20, 200)], held=[(1, 15, 150)]) == [None] * 4


def test_a_dial_that_passes_its_last_value_fits():
    assert _faults([(1, 40, 120)], held=[(1, 10, 99_950)]) == [None]


def test_a_read_below_the_one_before_is_out_of_order():
    assert _faults([(1, 40, 90)], held=[(1, 10, 100)]) == [ReadFault.OUT_OF_ORDER]


def test_a_late_read_above_the_one_after_is_out_of_order_and_one_between_fits():
    held = [(1, 10, 100), (1, 30, 200)]
    assert _faults([(1, 20, 250), (2, 20, 1)], held=held) == [ReadFault.OUT_OF_ORDER, None]
    assert _faults([(1, 20, 150)], held=held) == [None]


def test_a_correction_is_compared_with_its_neighbours_not_with_the_value_it_corrects():
    held = [(1, 10, 100), (1, 20, 900), (1, 30, 200)]
    assert _faults([(1, 20, 150)], held=held) == [None]


def test_of_two_reads_that_contradict_each_other_the_first_in_time_stays_and_the_rest_is_taken():
    assert _faults([(1, 20, 50), (1, 10, 100), (1, 30, 130), (2, 10, 7)]) == [ReadFault.OUT_OF_ORDER, None, None, None]


def test_contradictions_among_reads_that_are_held_do_not_touch_new_ones():
    assert _faults([(1, 50, 60)], held=[(1, 10, 100), (1, 20, 50)]) == [None]


def test_a_reading_with_more_digits_than_the_dial_is_refused_even_alone():
    assert _faults([(1, 10, 100_000)]) == [ReadFault.OFF_DIAL]


def test_more_energy_than_the_supply_carries_is_still_a_read():
    assert _faults([(1, 11, 90_000)], held=[(1, 10, 100)]) == [None]


def test_an_export_dial_may_fall():
    assert _faults([(1, 40, 90)], held=[(1, 10, 100)], backward=True) == [None]


def test_of_several_values_of_a_day_the_last_one_counts():
    assert _faults([(1, 20, 150), (1, 20, 160), (1, 30, 170)], held=[(1, 10, 100)]) == [None] * 3


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=12),
    st.integers(0, 99_000),
    st.randoms(use_true_random=False),
    st.integers(0, 12),
)
def test_what_an_honest_meter_shows_always_fits(steps, first, random, held):
    counts = np.cumsum([first, *steps]) % 100_000
    rows = [(1, 100 + 7 * place, int(count)) for place, count in enumerate(counts)]
    random.shuffle(rows)
    assert set(_faults(rows[held:], held=rows[:held])) <= {None}


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-07-31 00:00:00", "2026-07-31"),
        ("2026-07-31 23:44:59", "2026-07-31"),
        ("2026-07-31 23:45:00", "2026-08-01"),
        ("2026-07-31 23:59:59", "2026-08-01"),
    ],
)
def test_a_read_counts_at_the_start_of_its_date_and_a_freeze_at_the_end(at, day):
    seconds = np.array([at], dtype="datetime64[s]").astype(np.int64)
    assert reads.day_of(seconds).astype("datetime64[D]")[0] == np.datetime64(day)


def test_a_dial_that_may_have_run_either_way_is_still_a_read():
    assert _faults([(1, 40, 990)], held=[(1, 10, 10)], digits=3, capacity_w=100_000, backward=True) == [None]
