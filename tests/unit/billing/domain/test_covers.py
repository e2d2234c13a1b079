"""Days that lie in several billed periods belong to the one that was billed first."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.covers import covers
from tests.unit.billing.domain.books import column


def spans(*periods):
    """Periods as (agreement, first day, end day)."""
    columns = np.array(periods, dtype=np.int64).reshape(-1, 3).T
    row, first, last = covers(agreement_id=columns[0], start_day=columns[1], end_day=columns[2])
    assert row.dtype == first.dtype == last.dtype == np.int64
    return list(zip(row.tolist(), first.tolist(), last.tolist(), strict=True))


def test_periods_apart_are_spans_as_they_are_by_agreement_and_start():
    assert spans((2, 10, 20), (1, 20, 30), (1, 10, 20)) == [(2, 10, 20), (1, 20, 30), (0, 10, 20)]


def test_a_month_of_which_a_part_was_billed_before_has_the_days_around_it():
    assert spans((1, 10, 15), (1, 1, 31)) == [(1, 1, 10), (0, 10, 15), (1, 15, 31)]


def test_a_part_that_was_billed_after_its_month_has_no_days():
    assert spans((1, 1, 31), (1, 10, 15)) == [(0, 1, 10), (0, 10, 15), (0, 15, 31)]


def test_periods_that_only_touch_do_not_overlap_and_gaps_stay_gaps():
    assert spans((1, 1, 5), (1, 5, 9), (1, 20, 25), (1, 22, 30)) == [
        (0, 1, 5),
        (1, 5, 9),
        (2, 20, 22),
        (2, 22, 25),
        (3, 25, 30),
    ]


def test_agreements_do_not_take_each_others_days():
    assert spans((7, 1, 31), (8, 10, 20), (7, 5, 40)) == [(0, 1, 5), (0, 5, 31), (2, 31, 40), (1, 10, 20)]


def test_nothing_billed_covers_nothing():
    assert spans() == []


periods = st.tuples(st.integers(1, 3), st.integers(1, 30), st.integers(1, 15)).map(lambda p: (p[0], p[1], p[1] + p[2]))


@given(st.lists(periods, max_size=8))
def test_each_day_belongs_to_the_first_row_that_holds_it(rows):
    of_day = {}
    for row, (agreement, start, end) in enumerate(rows):
        for day in range(start, end):
            of_day.setdefault((agreement, day), row)
    found = {}
    for row, first, last in spans(*rows):
        for day in range(first, last):
            assert (rows[row][0], day) not in found
            found[rows[row][0], day] = row
    assert found == of_day
    keys = [(rows[row][0], first) for row, first, _ in spans(*rows)]
    assert keys == sorted(keys)


def test_rows_are_whole_numbers_whatever_sorts_them():
    row, _, _ = covers(agreement_id=column([2, 1]), start_day=column([1, 1]), end_day=column([2, 2]))
    assert row.tolist() == [1, 0]
