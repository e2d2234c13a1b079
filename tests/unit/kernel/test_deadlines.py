"""Deadlines stand still while others act; the oracle walks the clock minute by minute."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cis.kernel.calendar import BusinessCalendar, LocalClock
from cis.kernel.deadlines import Limit, Stop, Unit, WorkClock

# The spring festival of 2026 with its make-up days, and a holiday on a day when clocks change in Sydney.
HOLIDAYS = [date(2026, 2, day) for day in range(16, 24)] + [date(2026, 4, 6), date(2026, 4, 7)]
CALENDAR = BusinessCalendar(HOLIDAYS, [date(2026, 2, 14), date(2026, 2, 28), date(2026, 4, 5)])
SHANGHAI = WorkClock(calendar=CALENDAR, clock=LocalClock("Asia/Shanghai"))
SYDNEY = WorkClock(calendar=CALENDAR, clock=LocalClock("Australia/Sydney"))
FIRST = datetime(2026, 2, 9, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def local(day, hour, minute=0, month=2):
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI.clock.zone)


def days(count):
    return Limit(count, Unit.WORKING_DAYS)


def walked(clock, start_at, limit, stops):
    """Walk half hour by half hour until the limit is used up: slow, and without a formula."""
    step = HOUR / 2
    at, ran = start_at, Fraction(0)
    first = clock.clock.local_date(start_at)
    while ran < limit.amount:
        if at > start_at + 120 * DAY:
            return None
        stands = any(stop.start_at <= at and (stop.end_at is None or at < stop.end_at) for stop in stops)
        day = clock.clock.local_date(at)
        if limit.unit is not Unit.WORKING_DAYS:
            ran += 0 if stands else Fraction(1, 2) if limit.unit is Unit.HOURS else 30
        elif not stands and day != first and clock.calendar.is_business_day(day):
            ran += Fraction(1, 2) / clock.clock.hours_in_day(day)
        at += step
    if limit.unit is Unit.WORKING_DAYS:
        day = clock.clock.local_date(at - step if limit.amount else at)
        return clock.clock.day_start_utc(day + DAY)
    return at


def half_hourly(amount, unit):
    """A limit that ends at a step of the walk."""
    return Limit(amount * 30 if unit is Unit.MINUTES else amount, unit)


half_hours = st.integers(0, 60 * 48).map(lambda count: FIRST + count * HOUR / 2)
spans = st.builds(
    lambda at, length: Stop(at, None if length is None else at + length * HOUR / 2),
    half_hours,
    st.one_of(st.integers(0, 200), st.integers(0, 10), st.none()),
)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([SHANGHAI, SYDNEY]),
    half_hours,
    st.builds(half_hourly, st.integers(0, 12), st.sampled_from(Unit)),
    st.lists(spans, max_size=4),
)
def test_a_deadline_is_where_a_walk_along_the_clock_ends(clock, start_at, limit, stops):
    assert clock.due_at(start_at=start_at, limit=limit, stops=stops) == walked(clock, start_at, limit, stops)


@settings(max_examples=60, deadline=None)
@given(half_hours, st.integers(1, 12), st.sampled_from(Unit), st.lists(spans, max_size=3), st.integers(0, 400))
def test_what_has_passed_stays_passed_whatever_stops_afterwards(start_at, amount, unit, stops, later):
    known = {"start_at": start_at, "limit": Limit(amount, unit)}
    due_at = SHANGHAI.due_at(stops=stops, **known)
    if due_at is not None:
        assert SHANGHAI.due_at(stops=[*stops, Stop(due_at + later * MINUTE)], **known) == due_at


@settings(max_examples=60, deadline=None)
@given(half_hours, half_hours, st.integers(1, 12), st.sampled_from(Unit), st.lists(spans, max_size=3))
def test_a_limit_is_used_up_when_it_is_due_and_not_a_day_before(start_at, until_at, amount, unit, stops):
    due_at = SHANGHAI.due_at(start_at=start_at, limit=Limit(amount, unit), stops=stops)
    used = SHANGHAI.used(start_at=start_at, until_at=until_at, unit=unit, stops=stops)
    if due_at is not None and until_at >= due_at:
        assert used >= amount
    elif used >= amount:  # used up on the last day, which is not over yet
        assert unit is Unit.WORKING_DAYS
        assert due_at is not None
        assert SHANGHAI.clock.local_date(until_at) <= SHANGHAI.clock.local_date(due_at - MINUTE)


def test_the_first_day_is_not_counted_and_the_last_one_is_to_its_end():
    assert SHANGHAI.due_at(start_at=local(9, 8), limit=days(3)) == local(13, 0)
    assert SHANGHAI.due_at(start_at=local(9, 23), limit=days(3)) == local(13, 0)


def test_holidays_do_not_count_and_make_up_days_do():
    # Friday 13, Saturday 14 worked, holiday to 23, so the third day is Tuesday 24.
    assert SHANGHAI.due_at(start_at=local(12, 10), limit=days(3)) == local(25, 0)


def test_the_days_of_the_customer_do_not_count():
    stop = Stop(local(10, 10), local(12, 10))
    assert SHANGHAI.due_at(start_at=local(9, 8), limit=days(2), stops=[stop]) == local(14, 0)
    assert SHANGHAI.used(start_at=local(9, 8), until_at=local(14, 0), unit=Unit.WORKING_DAYS, stops=[stop]) == 2


def test_short_stops_move_a_deadline_by_their_sum_and_not_by_a_day_each():
    stops = [Stop(local(day, 10), local(day, 10, 1)) for day in (10, 11, 12)]
    assert SHANGHAI.due_at(start_at=local(9, 8), limit=days(3), stops=stops) == local(14, 0)


def test_a_clock_that_stands_still_has_no_end_unless_it_has_passed():
    assert SHANGHAI.due_at(start_at=local(9, 8), limit=days(2), stops=[Stop(local(11, 12))]) is None
    assert SHANGHAI.due_at(start_at=local(9, 8), limit=days(2), stops=[Stop(local(12, 12))]) == local(12, 0)


def test_hours_run_through_night_and_holiday():
    assert SHANGHAI.due_at(start_at=local(15, 20), limit=Limit(24, Unit.HOURS)) == local(16, 20)
    stop = Stop(local(15, 21), local(15, 23))
    assert SHANGHAI.due_at(start_at=local(15, 20), limit=Limit(24, Unit.HOURS), stops=[stop]) == local(16, 22)


def test_a_limit_is_not_negative():
    with pytest.raises(ValueError, match="limit"):
        days(-1)
    assert days(2).less(3) == days(0)


def test_minutes_run_around_the_clock_and_stand_still_as_hours_do():
    start = local(14, 23, 50)
    limit = Limit(45, Unit.MINUTES)
    assert SHANGHAI.due_at(start_at=start, limit=limit) == start + 45 * MINUTE
    stop = Stop(start + 10 * MINUTE, start + 30 * MINUTE)
    assert SHANGHAI.due_at(start_at=start, limit=limit, stops=[stop]) == start + 65 * MINUTE
    used = SHANGHAI.used(start_at=start, until_at=start + HOUR, unit=Unit.MINUTES, stops=[stop])
    assert used == 40
