from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cis.kernel.periods import EmptyPeriod, Period, add_months, month_of, months_between, year_of

DATES = st.dates(date(1999, 1, 1), date(2032, 12, 31))
NEAR = st.dates(date(2023, 11, 1), date(2024, 4, 1))


@st.composite
def periods(draw, dates=NEAR):
    start, end = sorted(draw(st.lists(dates, min_size=2, max_size=2, unique=True)))
    return Period(start, end)


def days_of(period):
    return set(period.each_day()) if period else set()


@given(periods())
def test_a_period_holds_its_start_and_not_its_end(period):
    assert period.contains(period.start)
    assert period.contains(period.last)
    assert not period.contains(period.end)
    assert not period.contains(period.start - timedelta(days=1))
    assert len(days_of(period)) == period.days
    assert Period.of_days(period.start.toordinal(), period.end.toordinal()) == period


@given(periods(), periods())
def test_intersection_is_that_of_the_days(one, other):
    common = one.intersect(other)
    assert days_of(common) == days_of(one) & days_of(other)
    assert common == other.intersect(one)
    assert one.overlaps(other) == (common is not None)
    assert one.covers(other) == (common == other)


def test_periods_that_touch_do_not_overlap():
    first, second = Period(date(2024, 1, 1), date(2024, 2, 1)), Period(date(2024, 2, 1), date(2024, 3, 1))
    assert not first.overlaps(second)
    assert not second.overlaps(first)
    assert first.intersect(second) is second.intersect(first) is None
    assert first.overlaps(Period(date(2024, 1, 31), date(2024, 3, 1)))


@given(periods(), st.lists(NEAR, max_size=6))
def test_parts_follow_each_other_and_are_cut_at_every_date_inside(period, cuts):
    parts = period.split_at(*cuts)
    assert parts[0].start == period.start
    assert parts[-1].end == period.end
    assert all(before.end == after.start for before, after in pairwise(parts))
    assert {part.start for part in parts} == {period.start} | {day for day in cuts if period.start < day < period.end}


@given(periods(DATES))
def test_months_are_parts_within_one_calendar_month(period):
    parts = period.months()
    assert sum(part.days for part in parts) == period.days
    assert all(month_of(part.start).covers(part) for part in parts)
    assert len({(part.start.year, part.start.month) for part in parts}) == len(parts)
    assert (parts[0].start, parts[-1].end) == (period.start, period.end)


@given(DATES)
def test_the_month_and_the_year_of_a_date_hold_all_days_with_its_number(day):
    month, year = month_of(day), year_of(day)
    assert month.contains(day)
    assert month.start.day == 1
    assert month.end.day == 1
    assert month.last.month == month.start.month
    assert year.covers(month)
    assert year == Period(date(day.year, 1, 1), date(day.year + 1, 1, 1))


@pytest.mark.parametrize("end", [date(2024, 1, 1), date(2023, 12, 31)])
def test_a_period_without_days_is_refused(end):
    with pytest.raises(EmptyPeriod) as refusal:
        Period(date(2024, 1, 1), end)
    assert refusal.value.code == "empty_period"


@pytest.mark.parametrize("wrong", [datetime(2024, 1, 1, tzinfo=UTC), "2024-01-01", None, 738_000])
def test_a_period_of_anything_but_dates_is_an_error(wrong):
    with pytest.raises(TypeError):
        Period(wrong, date(2024, 2, 1))
    with pytest.raises(TypeError):
        Period(date(2023, 2, 1), wrong)


def test_a_period_is_shown_with_its_last_day():
    assert str(month_of(date(2024, 2, 7))) == "2024-02-01..2024-02-29"


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2023, 1, 31), 1, date(2023, 2, 28)),
        (date(2023, 1, 31), 2, date(2023, 3, 31)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2024, 3, 31), -1, date(2024, 2, 29)),
        (date(2024, 1, 15), -1, date(2023, 12, 15)),
        (date(2024, 12, 1), 1, date(2025, 1, 1)),
        (date(2024, 5, 5), 0, date(2024, 5, 5)),
    ],
)
def test_months_added_keep_the_day_or_end_with_the_month(day, months, expected):
    assert add_months(day, months) == expected


@given(DATES, DATES)
def test_months_between_is_the_most_that_does_not_pass_the_end(one, other):
    start, end = sorted((one, other))
    months = months_between(start, end)
    assert add_months(start, months) <= end < add_months(start, months + 1)
    assert months_between(end, start) == -months


def test_from_the_end_of_january_to_the_end_of_february_is_one_month():
    assert months_between(date(2023, 1, 31), date(2023, 2, 28)) == 1
    assert months_between(date(2024, 1, 31), date(2024, 2, 28)) == 0
