"""What a segment that is no whole month pays of a month's price."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.spans import Proration, needs_of, part_of, span_of
from tariffs.domain.inputs import Input

E9 = 10**9
DAYS = np.array([31, 20, 60, 0, 13], dtype=np.int64)
MONTHS_E9 = np.array([E9, 645_161_290, 2 * E9, 0, 0], dtype=np.int64)
EVEN, CYCLE = np.array([30, 20, 59, 0, 13]), np.array([E9, 7 * 10**8, 19 * 10**8, 0, 10**8])


@pytest.mark.parametrize(
    ("proration", "over", "under", "needs"),
    [
        (Proration.WHOLE, [1, 1, 1, 1, 1], 1, ()),
        (Proration.CALENDAR_DAYS, MONTHS_E9.tolist(), E9, ()),
        (Proration.THIRTIETHS, [30, 20, 60, 0, 13], 30, ()),
        (Proration.THIRTY_DAY_MONTHS, [30, 20, 59, 0, 13], 30, (Input.EVEN_DAYS,)),
        (Proration.CYCLE_DAYS, CYCLE.tolist(), E9, (Input.CYCLE_MONTHS_E9,)),
        (Proration.DAYS, [31, 20, 60, 0, 13], 1, ()),
    ],
)
def test_each_tariff_says_how_the_parts_of_a_month_count(proration, over, under, needs):
    batch = RatingBatch.of(
        used_wh=np.zeros((5, 1), dtype=np.int64),
        days=DAYS,
        month_share_e9=MONTHS_E9,
        inputs={Input.EVEN_DAYS: EVEN, Input.CYCLE_MONTHS_E9: CYCLE},
    )
    found, below = span_of(batch=batch, proration=proration)
    assert found.dtype == np.int64
    assert (found.tolist(), below) == (over, under)
    assert needs_of(proration) == needs


def test_a_month_less_a_hair_is_no_whole_month():
    batch = RatingBatch.of(
        used_wh=np.zeros((3, 1), dtype=np.int64),
        days=np.array([31, 31, 92]),
        month_share_e9=np.array([E9 - 1, E9 + 1, 3 * E9]),
    )
    assert span_of(batch=batch, proration=Proration.THIRTIETHS)[0].tolist() == [31, 31, 90]


amounts = st.integers(-(10**6), 10**6) | st.integers(-(2**61), 2**61) | st.integers(-(10**30), 10**30)
overs = st.integers(0, 70) | st.integers(0, 10**13)


@given(st.lists(st.tuples(amounts, amounts, overs), min_size=1, max_size=4), st.sampled_from([1, 30, E9]))
def test_parts_are_cut_towards_zero_at_any_size(rows, under):
    first, second, over = ([row[at] for row in rows] for at in range(3))
    exact = [
        [(1 if amount >= 0 else -1) * (abs(amount) * times // under) for amount in (one, two)]
        for one, two, times in zip(first, second, over, strict=True)
    ]
    wide = any(abs(amount) >= 2**63 for amount in first + second)
    table = np.array([first, second], dtype=object if wide else np.int64).T
    found = part_of(table, over=np.array(over, dtype=np.int64), under=under)
    assert found.dtype in (np.int64, np.object_)
    assert found.tolist() == exact
    alone = part_of(table[:, 0], over=np.array(over, dtype=np.int64), under=under)
    assert alone.tolist() == [row[0] for row in exact]


def test_parts_at_the_limit_of_64_bits_do_not_wrap():
    for amount in (2**61, 2**62 - 1, 2**62, 2**63 - 1):
        for sign in (1, -1):
            for over in (29, 30, 31, 62):
                found = part_of(np.array([sign * amount]), over=np.array([over]), under=30)
                assert found.tolist() == [sign * (amount * over // 30)]


def test_parts_of_nothing_are_nothing():
    nothing = np.zeros(0, dtype=np.int64)
    assert part_of(nothing, over=nothing, under=30).shape == (0,)
    assert part_of(nothing.reshape(0, 3), over=nothing, under=30).shape == (0, 3)
