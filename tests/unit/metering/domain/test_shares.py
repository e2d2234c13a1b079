"""One meter for several classes: every split sums to what the meter shows."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metering.domain.shares import (
    Excess,
    QuantitiesDoNotFit,
    SharesDoNotFit,
    less_submeters,
    split_by_quantity,
    split_by_share,
)


def column(*values):
    return np.array(values, dtype=np.int64)


def test_fixed_shares_split_each_meter_and_leave_the_rest():
    assert split_by_share(energy_wh=column(1000, -500), shares_e6=column(300_000, 200_000)).tolist() == [
        [300, 200, 500],
        [-150, -100, -250],
    ]
    own = split_by_share(energy_wh=column(1000, 10), shares_e6=np.array([[1_000_000], [0]]))
    assert own.tolist() == [[1000, 0], [0, 10]]


@pytest.mark.parametrize("shares", [(-1, 5), (600_000, 400_001)])
def test_shares_beyond_the_whole_are_refused(shares):
    with pytest.raises(SharesDoNotFit, match="100 %"):
        split_by_share(energy_wh=column(1), shares_e6=column(*shares))


@pytest.mark.parametrize(
    ("energy", "excess", "split"),
    [
        (1000, Excess.REFUSE, [300, 500, 200]),
        (800, Excess.REFUSE, [300, 500, 0]),
        (400, Excess.IN_ORDER, [300, 100, 0]),
        (400, Excess.IN_PROPORTION, [150, 250, 0]),
        (0, Excess.IN_PROPORTION, [0, 0, 0]),
        (-70, Excess.IN_ORDER, [0, 0, -70]),
        (-70, Excess.IN_PROPORTION, [0, 0, -70]),
    ],
)
def test_fixed_quantities_come_first_and_what_is_too_little_is_dealt_as_declared(energy, excess, split):
    both = split_by_quantity(energy_wh=column(energy, 900), fixed_wh=np.array([[300, 500]] * 2), excess=excess)
    assert both.tolist() == [split, [300, 500, 100]]


def test_quantities_that_do_not_fit_are_refused_with_their_row():
    with pytest.raises(QuantitiesDoNotFit) as refused:
        split_by_quantity(energy_wh=column(9, 1), fixed_wh=np.array([[3], [5]]), excess=Excess.REFUSE)
    assert refused.value.detail["place"] == 1
    with pytest.raises(QuantitiesDoNotFit, match="at least 0"):
        split_by_quantity(energy_wh=column(9), fixed_wh=np.array([[-3]]), excess=Excess.IN_ORDER)


def test_sub_meters_are_subtracted_period_by_period():
    main, subs = np.array([[100, 50], [-5, 0]]), np.array([[120, 10], [0, 0]])
    assert less_submeters(energy_wh=main, submeters_wh=subs).tolist() == [[-20, 40], [-5, 0]]
    with pytest.raises(QuantitiesDoNotFit, match="sub-meters") as refused:
        less_submeters(energy_wh=np.array([[9, 9], [1, 1]]), submeters_wh=np.array([[9, 9], [3, 0]]))
    assert refused.value.detail["place"] == 1


wh = st.integers(0, 1000) | st.integers(0, 10**14)


@settings(max_examples=80)
@given(energy=wh | wh.map(lambda one: -one), parts=st.lists(st.integers(0, 10**6), min_size=1, max_size=5))
def test_shares_are_those_of_fractions_to_the_wh_and_sum_exactly(energy, parts):
    scale = max(sum(parts), 10**6)
    shares = [part * 10**6 // scale for part in parts]
    (split,) = split_by_share(energy_wh=column(energy), shares_e6=column(*shares)).tolist()
    assert sum(split) == energy
    assert all(abs(one - Fraction(energy * part, 10**6)) < 1 for one, part in zip(split, shares, strict=False))


@settings(max_examples=80)
@given(
    energy=wh | wh.map(lambda one: -one), quantities=st.lists(wh, min_size=1, max_size=4), kind=st.sampled_from(Excess)
)
def test_quantities_sum_exactly_and_none_is_exceeded(energy, quantities, kind):
    if kind is Excess.REFUSE and sum(quantities) > max(energy, 0):
        return
    split = split_by_quantity(energy_wh=column(energy), fixed_wh=np.array([quantities]), excess=kind)[0].tolist()
    assert sum(split) == energy
    assert all(0 <= one <= most for one, most in zip(split, quantities, strict=False))
    assert split[-1] == energy - min(sum(quantities), max(energy, 0))
