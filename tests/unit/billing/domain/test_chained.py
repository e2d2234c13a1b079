"""The days on which periods like that of a run begin."""

from datetime import date

import pytest

from billing.domain.chained import rhythm
from cis.kernel.periods import Period


@pytest.mark.parametrize("month", range(1, 12))
@pytest.mark.parametrize(("low", "high"), [((2024, 1, 1), (2024, 12, 1)), ((2023, 3, 20), (2025, 2, 7))])
def test_each_month_of_the_window_begins_one_whatever_month_the_run_is_of(month, low, high):
    first, last = date(*low).toordinal(), date(*high).toordinal()
    run = Period(date(2024, month, 1), date(2024, month + 1, 1))
    days = rhythm(period=run, low=first, high=last).tolist()
    inside = [day for day in range(first, last) if date.fromordinal(day).day == 1]
    assert [day for day in days if first <= day < last] == inside
    assert days[0] <= first
    assert days[-1] >= last
    assert days == sorted(days)


def test_quarters_lie_whole_quarters_from_that_of_the_run():
    run = Period(date(2024, 11, 15), date(2025, 2, 15))
    days = rhythm(period=run, low=date(2024, 1, 1).toordinal(), high=date(2024, 12, 1).toordinal()).tolist()
    inside = [date.fromordinal(day) for day in days if date(2024, 1, 1).toordinal() <= day]
    assert inside[:4] == [date(2024, 2, 15), date(2024, 5, 15), date(2024, 8, 15), date(2024, 11, 15)]
