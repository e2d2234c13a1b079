"""Late fees: the published cases, and a count day by day."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arrears.domain.late_fees import BadDebt, LateFeeRule, OpenSince, fee

HOME = LateFeeRule(rate_e6=1_000, carried_rate_e6=1_000)
OTHER = LateFeeRule(rate_e6=2_000, carried_rate_e6=3_000)
DAY = timedelta(days=1)


def of(rule, due_date, minor, days):
    return fee(rule=rule, due_date=due_date, steps=[OpenSince(due_date, minor)], until_date=due_date + days * DAY)


def test_a_home_pays_one_per_mille_a_day():
    """[source: rules 1.1: 200.00 x 45 d = 9.00]"""
    assert of(HOME, date(2026, 3, 1), 20_000, 45) == 900


def test_the_rate_rises_on_the_first_of_january():
    """[source: rules 1.1: 10,000.00 from 16 Dec to 20 Jan = 16 d x 2 per mille + 20 d x 3 per mille = 920.00]"""
    assert of(OTHER, date(2025, 12, 15), 1_000_000, 36) == 92_000


def test_published_case_of_900_over_the_turn_of_the_year():
    """[source: problem cn-014, as recomputed: 10 days of 2 and 15 of 3 per mille of 900 are 18.00 and 40.50]"""
    assert of(OTHER, date(2012, 12, 21), 90_000, 25) == 5_850


def test_published_case_of_two_months():
    """[source: problem cn-015: 60,000 for 20 days of its year, 90,000 for 51 days after its year: 16,170 together]"""
    january = of(OTHER, date(2013, 1, 31), 6_000_000, 20)
    december = of(OTHER, date(2012, 12, 31), 9_000_000, 51)
    assert (january + december, 15_000_000 + january + december) == (1_617_000, 16_617_000)


def test_the_least_fee_holds_only_where_there_is_one():
    """[source: rules 1.1: 3.20 x 10 d = 0.03 -> 1.00 under the minimum of 1996]"""
    least = LateFeeRule(rate_e6=1_000, carried_rate_e6=1_000, least_minor=100)
    assert of(HOME, date(2026, 3, 1), 320, 10) == 3
    assert of(least, date(2026, 3, 1), 320, 10) == 100
    assert of(least, date(2026, 3, 1), 320, 0) == 0
    assert of(least, date(2026, 3, 1), 0, 10) == 0


def test_a_part_payment_lowers_it_from_the_day_after():
    due = date(2026, 3, 1)
    steps = [OpenSince(due, 10_000), OpenSince(date(2026, 3, 11), 4_000)]
    assert fee(rule=HOME, due_date=due, steps=steps, until_date=date(2026, 3, 21)) == 100 + 40


def test_the_day_of_payment_counts_where_the_rule_says_so():
    due, paid = date(2026, 3, 1), date(2026, 3, 11)
    steps = [OpenSince(due, 10_000), OpenSince(paid, 0)]
    without = LateFeeRule(rate_e6=1_000, carried_rate_e6=1_000, counts_last_day=False)
    assert fee(rule=HOME, due_date=due, steps=steps, until_date=date(2026, 5, 1)) == 100
    assert fee(rule=without, due_date=due, steps=steps, until_date=date(2026, 5, 1)) == 90


@pytest.mark.parametrize(
    "steps",
    [[], [OpenSince(date(2026, 3, 2), 1)], [OpenSince(date(2026, 3, 1), 5), OpenSince(date(2026, 3, 1), 4)],
     [OpenSince(date(2026, 3, 1), -1)]],
)  # fmt: skip
def test_a_debt_that_is_not_known_bears_no_guess(steps):
    with pytest.raises(BadDebt):
        fee(rule=HOME, due_date=date(2026, 3, 1), steps=steps, until_date=date(2026, 4, 1))


@given(
    due=st.dates(date(2024, 11, 1), date(2025, 2, 1)),
    gaps=st.lists(st.tuples(st.integers(1, 60), st.integers(0, 10**9)), max_size=5),
    opened=st.integers(0, 10**9),
    before=st.integers(0, 30),
    days=st.integers(-5, 400),
    counts_last_day=st.booleans(),
)
def test_it_is_what_counting_day_by_day_gives(due, gaps, opened, before, days, counts_last_day):
    """An independent count: each day on its own, with what was open at its beginning or at its end."""
    rule = LateFeeRule(rate_e6=2_000, carried_rate_e6=3_000, counts_last_day=counts_last_day)
    steps = [OpenSince(due - before * DAY, opened)]
    for gap, minor in gaps:
        steps.append(OpenSince(steps[-1].day + gap * DAY, minor))
    until = due + days * DAY
    total, day = Fraction(0), due + DAY
    while day <= until:
        known = [step for step in steps if (step.day < day if counts_last_day else step.day <= day)]
        total += Fraction(known[-1].open_minor * (3 if day.year > due.year else 2), 1_000)
        day += DAY
    assert fee(rule=rule, due_date=due, steps=steps, until_date=until) == int(total + Fraction(1, 2))
