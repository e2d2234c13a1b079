from datetime import UTC, date, datetime, timedelta, timezone
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cis.kernel.calendar import BusinessCalendar, LocalClock, UnknownZone, local_clock

BRUSSELS = LocalClock("Europe/Brussels")
ZONES = [
    "Europe/Brussels", "Asia/Shanghai", "Australia/Sydney", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Beirut",
    "America/Havana", "Africa/Casablanca", "Asia/Kathmandu", "UTC",
]  # fmt: skip
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Brussels", date(2025, 3, 30), 23),
        ("Europe/Brussels", date(2025, 10, 26), 25),
        ("Europe/Brussels", date(2025, 10, 25), 24),
        ("Asia/Shanghai", date(2025, 3, 30), 24),
        ("Asia/Shanghai", date(1986, 5, 4), 23),  # Shanghai changed its clocks from 1986 to 1991
        ("Australia/Sydney", date(2025, 4, 6), 25),
        ("Australia/Lord_Howe", date(2025, 4, 6), Fraction(49, 2)),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),
        ("America/Havana", date(2024, 11, 3), 25),
        ("Pacific/Apia", date(2011, 12, 30), 0),  # left out when the date line was moved
    ],
)
def test_a_local_day_has_the_hours_that_the_clock_gives_it(zone, day, hours):
    clock = LocalClock(zone)
    assert clock.hours_in_day(day) == hours
    assert clock.minutes_in_day(day) == hours * 60


@pytest.mark.parametrize("zone", ZONES)
@given(st.integers(1975, 2036), st.integers(1, 400))
def test_local_days_follow_each_other_and_sum_to_the_time_between(zone, year, count):
    clock = local_clock(zone)
    first = date(year, 1, 1)
    days = [first + DAY * n for n in range(count)]
    total = sum(clock.minutes_in_day(day) for day in days)
    assert clock.day_start_utc(first) + total * MINUTE == clock.day_start_utc(first + DAY * count)


@pytest.mark.parametrize("zone", ZONES)
@given(st.dates(date(1995, 1, 1), date(2036, 1, 1)))
def test_a_day_starts_at_the_first_instant_with_its_date(zone, day):
    clock = local_clock(zone)
    start_at = clock.day_start_utc(day)
    assert start_at.utcoffset() == timedelta(0)
    assert clock.local_date(start_at) == day
    assert clock.local_date(start_at - timedelta(microseconds=1)) == day - DAY
    assert clock.day_start_us(day) == (start_at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@pytest.mark.parametrize("zone", ["America/Sao_Paulo", "Asia/Beirut", "America/Santiago", "Africa/Cairo"])
def test_every_day_of_zones_that_jump_over_midnight_starts_to_the_second(zone):
    clock = local_clock(zone)
    day, jumped = date(1995, 1, 1), 0
    while day < date(2025, 1, 1):
        start_at = clock.day_start_utc(day)
        local = start_at.astimezone(clock.zone)
        jumped += (local.hour, local.minute) != (0, 0)
        assert local.date() == day
        assert clock.local_date(start_at - timedelta(seconds=1)) == day - DAY
        day += DAY
    assert jumped > 2


def test_where_midnight_is_left_out_the_day_starts_after_the_gap():
    assert LocalClock("America/Sao_Paulo").day_start_utc(date(2018, 11, 4)) == datetime(2018, 11, 4, 3, tzinfo=UTC)
    # Toronto went from 23:30 to 00:30: its 31 March began half an hour late.
    assert LocalClock("America/Toronto").day_start_utc(date(1919, 3, 31)) == datetime(1919, 3, 31, 4, 30, tzinfo=UTC)


@pytest.mark.parametrize("zone", ZONES)
@given(
    st.datetimes(datetime(1995, 1, 1), datetime(2036, 1, 1)),  # noqa: DTZ001
    st.sampled_from([5, 15, 30, 60, 1440, 7]),
    st.integers(0, 200),
)
def test_local_minutes_are_what_each_slot_reads_on_the_wall(zone, start, interval, count):
    start_at = start.replace(second=0, microsecond=0, tzinfo=UTC)
    walls = [(start_at + MINUTE * interval * n).astimezone(ZoneInfo(zone)) for n in range(count)]
    minutes = local_clock(zone).local_minutes(start_at, interval, count)
    assert minutes.tolist() == [wall.hour * 60 + wall.minute for wall in walls]


@pytest.mark.parametrize(
    ("day", "lost", "twice"), [(date(2025, 3, 30), {120}, set()), (date(2025, 10, 26), set(), {120})]
)
def test_an_hour_is_left_out_in_spring_and_comes_twice_in_autumn(day, lost, twice):
    count = int(BRUSSELS.hours_in_day(day))
    minutes = BRUSSELS.local_minutes(BRUSSELS.day_start_utc(day), 60, count).tolist()
    assert set(range(0, 1440, 60)) - set(minutes) == lost
    assert {minute for minute in minutes if minutes.count(minute) == 2} == twice
    assert minutes == sorted(minutes)


def test_slots_that_start_in_another_zone_are_the_same_instants():
    at = datetime(2025, 10, 26, 0, 0, tzinfo=UTC)
    there = at.astimezone(timezone(timedelta(hours=10)))
    assert BRUSSELS.local_minutes(at, 30, 6).tolist() == BRUSSELS.local_minutes(there, 30, 6).tolist()


@pytest.mark.parametrize(
    ("start_at", "interval"),
    [
        (datetime(2025, 1, 1), 30),  # noqa: DTZ001
        (datetime(2025, 1, 1, second=1, tzinfo=UTC), 30),
        (datetime(2025, 1, 1, tzinfo=UTC), 0),
        (datetime(2025, 1, 1, tzinfo=UTC), -30),
    ],
)
def test_slots_without_a_zone_off_the_minute_or_without_length_are_an_error(start_at, interval):
    with pytest.raises(ValueError, match=r"zone|minute"):
        BRUSSELS.local_minutes(start_at, interval, 1)


def test_the_date_of_an_instant_without_a_zone_is_an_error():
    with pytest.raises(ValueError, match="no time zone"):
        BRUSSELS.local_date(datetime(2025, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize("name", ["Europe/Bruxelles", "", "../etc/passwd", "Europe", "\x00"])
def test_an_unknown_zone_is_refused(name):
    with pytest.raises(UnknownZone):
        LocalClock(name)


# --- business days

NEAR = st.dates(date(2025, 1, 1), date(2025, 3, 31))


@st.composite
def calendars(draw):
    holidays = draw(st.sets(NEAR, max_size=20))
    return BusinessCalendar(holidays, draw(st.sets(NEAR, max_size=10)) - holidays)


def is_open(calendar, day):
    return day in calendar.makeup_days or (day.isoweekday() <= 5 and day not in calendar.holidays)


@given(calendars(), NEAR, NEAR)
def test_business_days_between_are_those_that_a_plain_count_finds(calendar, start, end):
    counted = sum(is_open(calendar, start + DAY * n) for n in range((end - start).days))
    if end >= start:
        assert calendar.business_days_between(start, end) == counted
    assert calendar.business_days_between(end, start) == -calendar.business_days_between(start, end)
    assert calendar.is_business_day(start) == is_open(calendar, start)


@given(calendars(), NEAR, st.integers(1, 30))
def test_business_days_added_end_on_the_business_day_of_that_number(calendar, day, count):
    later = calendar.add_business_days(day, count)
    assert is_open(calendar, later)
    assert calendar.business_days_between(day + DAY, later + DAY) == count
    earlier = calendar.add_business_days(day, -count)
    assert is_open(calendar, earlier)
    assert calendar.business_days_between(earlier, day) == count


@given(calendars(), NEAR)
def test_no_business_days_added_is_the_day_itself_or_the_next_open_one(calendar, day):
    next_open = calendar.add_business_days(day, 0)
    assert is_open(calendar, next_open)
    assert not any(is_open(calendar, day + DAY * n) for n in range((next_open - day).days))


def test_spring_festival_of_2025_moves_two_weekend_days():
    """28 January to 4 February off, 26 January and 8 February worked. [source: State Council notice of 2024-11-12]"""
    holidays = [date(2025, 1, 28) + DAY * n for n in range(8)]
    calendar = BusinessCalendar(holidays, [date(2025, 1, 26), date(2025, 2, 8)])
    assert calendar.is_business_day(date(2025, 1, 26))
    assert not calendar.is_business_day(date(2025, 1, 25))
    assert calendar.add_business_days(date(2025, 1, 24), 3) == date(2025, 2, 5)
    assert calendar.add_business_days(date(2025, 2, 7), 1) == date(2025, 2, 8)


def test_a_deadline_of_five_business_days_from_monday_ends_on_the_next_monday():
    assert BusinessCalendar([]).add_business_days(date(2025, 3, 3), 5) == date(2025, 3, 10)


def test_a_day_that_is_holiday_and_make_up_day_is_an_error():
    with pytest.raises(ValueError, match="2025-01-26"):
        BusinessCalendar([date(2025, 1, 26)], [date(2025, 1, 26)])
