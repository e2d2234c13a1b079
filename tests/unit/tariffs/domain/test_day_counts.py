"""Day counts: each sums exactly over the parts of a month or cycle, and differs from the others where it should."""

from datetime import date, timedelta
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cis.kernel.periods import Period, month_of
from tariffs.domain.day_counts import cycle_months_e9, cycle_of, even_days, even_days_of, whole_months

days = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@given(days, days, days)
def test_even_days_of_parts_sum_to_those_of_the_whole(first, second, third):
    start, middle, end = sorted((first, second, third))
    parts = even_days(start=start, end=middle) + even_days(start=middle, end=end)
    assert parts == even_days(start=start, end=end)
    assert parts >= 0


@given(days)
def test_each_month_has_thirty_even_days(on):
    month = month_of(on)
    assert even_days(start=month.start, end=month.end) == 30
    ordinals = np.array([[month.start.toordinal()], [month.end.toordinal()]])
    assert even_days_of(start_day=ordinals[0], end_day=ordinals[1]).tolist() == [30]


@pytest.mark.parametrize(
    ("start", "end", "counted"),
    [
        (date(2025, 1, 30), date(2025, 1, 31), 1),
        (date(2025, 1, 31), date(2025, 2, 1), 0),
        (date(2025, 2, 28), date(2025, 3, 1), 3),
        (date(2024, 2, 29), date(2024, 3, 1), 2),
        (date(2025, 5, 23), date(2025, 6, 15), 22),
    ],
)
def test_short_and_long_months_have_as_many_days(start, end, counted):
    assert even_days(start=start, end=end) == counted


@given(days, st.integers(1, 31), st.sampled_from([1, 3, 12]), st.integers(0, 4000))
def test_a_date_lies_in_one_cycle_and_cycles_follow_each_other(anchor, day, months, later):
    on = anchor + timedelta(days=later)
    cycle = cycle_of(on=on, anchor=anchor, day=day, months=months)
    assert cycle.contains(on)
    assert whole_months(cycle) == months
    assert cycle_of(on=cycle.end, anchor=anchor, day=day, months=months).start == cycle.end
    assert (cycle.start.month - anchor.month) % months == 0
    assert cycle_months_e9(period=cycle, cycle=cycle) == months * 10**9


@given(days, st.integers(1, 31), st.data())
def test_parts_of_a_cycle_are_its_days_over_all_of_them(anchor, day, data):
    cycle = cycle_of(on=anchor, anchor=anchor, day=day, months=3)
    cut = cycle.start + timedelta(days=data.draw(st.integers(1, cycle.days - 1)))
    parts = [cycle_months_e9(period=part, cycle=cycle) for part in cycle.split_at(cut)]
    exact = [Fraction(3 * part.days, cycle.days) for part in cycle.split_at(cut)]
    assert all(
        abs(Fraction(part, 10**9) - one) <= Fraction(1, 2 * 10**9) for part, one in zip(parts, exact, strict=True)
    )


def test_a_bridging_period_has_each_day_counted_by_its_own_month():
    """All read at the end of the month from now on: 9 January to 1 April."""
    bridge = Period(date(2022, 1, 9), date(2022, 4, 1))
    assert whole_months(bridge) is None
    assert cycle_months_e9(period=bridge, cycle=bridge) == (2 * 10**9 * 23 + 31 * 2 * 10**9 * 2 + 31) // 62


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        (date(2025, 1, 31), date(2025, 2, 28), 1),
        (date(2025, 2, 28), date(2025, 3, 31), 1),
        (date(2025, 2, 28), date(2025, 3, 30), 1),
        (date(2025, 2, 28), date(2025, 3, 27), None),
        (date(2025, 1, 10), date(2025, 1, 10) + timedelta(days=1), None),
        (date(2025, 11, 15), date(2026, 2, 15), 3),
    ],
)
def test_a_cycle_is_whole_months_when_it_ends_on_the_day_on_which_it_began(start, end, months):
    assert whole_months(Period(start, end)) == months


def test_a_cycle_is_one_month_where_nobody_says_how_many():
    anchor = date(2025, 1, 10)
    assert cycle_of(on=date(2025, 3, 1), anchor=anchor, day=10) == Period(date(2025, 2, 10), date(2025, 3, 10))
