"""Shares in whole Wh, exact at any size."""

from fractions import Fraction
from math import floor

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tariffs.domain.components.blocks import portion_wh
from tariffs.domain.components.dealing import deal, deal_mixed, half_away, share_wh

LARGE = 10**15


def column(*values):
    return np.array(values, dtype=np.int64)


def nearest(value):
    size = floor(abs(value) + Fraction(1, 2))
    return size if value >= 0 else -size


wh = st.integers(-5, 5) | st.integers(-LARGE, LARGE)


@given(st.lists(st.tuples(wh, wh, wh), min_size=1, max_size=4))
def test_a_portion_is_part_times_use_over_the_whole_and_nothing_of_nothing(rows):
    part, used, whole = (column(*values) for values in zip(*rows, strict=True))
    # A part is no more than the whole; else the share would not fit 64 bits.
    part = np.where(abs(part) > abs(whole), whole, part)
    found = portion_wh(part_wh=part, used_wh=used, whole_wh=whole)
    assert found.dtype == np.int64
    expected = [
        nearest(Fraction(one * two, three)) if three else 0
        for one, two, three in zip(part.tolist(), used.tolist(), whole.tolist(), strict=True)
    ]
    assert found.tolist() == expected


def test_portions_at_the_edge_of_a_wh_and_of_64_bits():
    part, used, whole = column(1, 1, -1, 7, LARGE - 1), column(1, 1, 1, 5, LARGE - 3), column(1, 2, 2, 0, LARGE)
    found = portion_wh(part_wh=part, used_wh=used, whole_wh=whole)
    assert found.tolist() == [1, 1, -1, 0, nearest(Fraction((LARGE - 1) * (LARGE - 3), LARGE))]


@given(st.lists(st.tuples(st.integers(0, 3) | st.integers(0, 2 * 10**9), st.integers(0, 2 * 10**9)), min_size=1))
def test_a_share_is_rounded_half_up_whether_or_not_the_product_fits_64_bits(rows):
    part, used = (column(*values) for values in zip(*rows, strict=True))
    whole = np.maximum(part, used)
    expected = [
        nearest(Fraction(one * two, three)) if three else 0
        for one, two, three in zip(part.tolist(), used.tolist(), whole.tolist(), strict=True)
    ]
    for narrow in (True, False):
        found = share_wh(part_wh=part, used_wh=used, whole_wh=whole, narrow=narrow)
        assert found.dtype == np.int64
        assert found.tolist() == expected


def test_a_share_of_a_quadrillion_is_exact():
    found = share_wh(part_wh=column(LARGE - 1), used_wh=column(LARGE - 3), whole_wh=column(LARGE), narrow=False)
    assert found.tolist() == [nearest(Fraction((LARGE - 1) * (LARGE - 3), LARGE))]
    # 2 x 1,500,000,001 x 1,499,999,999 fits 64 bits but no float.
    found = share_wh(part_wh=column(1_500_000_001), used_wh=column(1_499_999_999), whole_wh=column(3), narrow=True)
    assert found.tolist() == [nearest(Fraction(1_500_000_001 * 1_499_999_999, 3))]


def test_a_whole_of_one_wh_is_shared():
    assert share_wh(part_wh=column(1), used_wh=column(1), whole_wh=column(1), narrow=True).tolist() == [1]


@given(st.integers(-(10**30), 10**30), st.integers(-(10**9), 10**9).filter(bool))
def test_halves_are_rounded_away_from_zero_at_any_size(over, under):
    found = half_away(over=over, under=under)
    assert type(found) is int
    assert found == nearest(Fraction(over, under))


def test_a_true_up_of_mixed_signs_is_dealt_in_integers():
    # 150 Wh drawn by day and 50 given by night, 80 of the 100 Wh below the limit.
    cells = deal_mixed(used_wh=[150, -50], below_wh=[80, 100], before_wh=20, limits_wh=[100])
    assert cells.dtype == np.int64
    assert cells.tolist() == [[120, -40], [30, -10]]
    # Where they cancel, all is in the step of the next Wh: at the limit, the one above it.
    for before, step in ((99, 0), (100, 1)):
        cells = deal_mixed(used_wh=[50, -50], below_wh=[0, 0], before_wh=before, limits_wh=[100])
        assert cells.dtype == np.int64
        assert cells[step].tolist() == [50, -50]
        assert not cells[1 - step].any()


def test_steps_and_periods_of_no_segment_have_no_cells():
    nothing = np.zeros((2, 0), dtype=np.int64)
    assert deal(below_wh=nothing, used_wh=nothing.reshape(0, 2)).shape == (2, 2, 0)
