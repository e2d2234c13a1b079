"""Points: what is taken of which lots, what is short, and what may be redeemed for how much."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.domain.loyalty import Lot, LoyaltyRule, TooFewPoints, spend, take_back

DAY = date(2026, 1, 1)
RULE = LoyaltyRule(points={"on_time": 10}, expires_months=24, unit_points=100, unit_minor=150, least_points=200)
lots = st.lists(st.tuples(st.integers(1, 100), st.integers(0, 9)), max_size=8).map(
    lambda rows: [Lot(n + 1, left, DAY + timedelta(days=days)) for n, (left, days) in enumerate(rows)]
)


@given(lots, st.integers(1, 500))
def test_what_expires_first_goes_first_and_nothing_twice(found, points):
    taken = spend(found, points=points)
    left = {lot.id: lot.left for lot in found}
    assert sum(part for _, part in taken) == min(points, sum(left.values()))
    assert all(0 < part <= left[lot_id] for lot_id, part in taken)
    order = [(lot.expires_date, lot.id) for lot in found]
    assert [lot_id for lot_id, _ in taken] == [lot_id for _, lot_id in sorted(order)][: len(taken)]


@given(lots.filter(bool), st.integers(1, 500), st.data())
def test_a_lot_is_taken_back_of_itself_first_and_the_rest_is_short(found, points, data):
    lot = data.draw(st.sampled_from(found))
    taken, short = take_back(found, lot_id=lot.id, points=points)
    assert sum(part for _, part in taken) + short == points
    assert taken[0] == (lot.id, min(points, lot.left))
    assert short == max(0, points - sum(one.left for one in found))


@pytest.mark.parametrize(("balance", "most", "worth"), [(199, 0, 150), (200, 200, 300), (351, 300, 450)])
def test_points_are_worth_whole_steps(balance, most, worth):
    assert (RULE.most(balance), RULE.worth_minor(balance)) == (most, worth)


@pytest.mark.parametrize("points", [0, -100, 100, 250, 500])
def test_fewer_than_the_least_half_steps_and_more_than_there_are_is_refused(points):
    with pytest.raises(TooFewPoints):
        RULE.check(points, balance=400)
    RULE.check(400, balance=400)
