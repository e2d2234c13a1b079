"""Calendars and the split of interval energy, on days of 23, 24 and 25 hours too."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cis.kernel.calendar import local_clock
from cis.kernel.errors import Findings
from tariffs.domain.calendars import read_calendar, read_periods
from tariffs.domain.grammar import Table
from tariffs.domain.time_of_use import (
    DayType,
    IntervalTooCoarse,
    TwoEvents,
    day_columns,
    day_type_of,
    periods_of_run,
    split,
)

YEAR = {"name": "year", "dates": ["01-01..12-31"]}
SHANGHAI_HOURS = {
    "periods": ["peak", "valley"],
    "season": [YEAR | {"hours": [{"days": ["all"], "peak": ["06:00-22:00"], "valley": ["22:00-06:00"]}]}],
}
NONE = {"holidays": frozenset(), "makeup_days": frozenset()}
# The day on which clocks are moved, and how long it is.
MOVED = [
    ("Europe/Berlin", date(2025, 3, 30), 23 * 60),
    ("Europe/Berlin", date(2025, 10, 26), 25 * 60),
    ("America/New_York", date(2025, 3, 9), 23 * 60),
    ("America/New_York", date(2025, 11, 2), 25 * 60),
    ("Australia/Lord_Howe", date(2025, 4, 6), 24 * 60 + 30),
    ("Australia/Lord_Howe", date(2025, 10, 5), 23 * 60 + 30),
    ("Asia/Shanghai", date(2025, 6, 1), 24 * 60),
]


def calendar(document):
    findings = Findings()
    table = Table(values=document, where="time_of_use", findings=findings)
    made = read_calendar(table=table, periods=read_periods(table=table))
    table.close()
    assert [str(finding) for finding in findings] == []
    return made


SHANGHAI = calendar(SHANGHAI_HOURS)


def run(made, zone, start_at, interval_minutes, count, **days):
    return periods_of_run(
        calendar=made,
        clock=local_clock(zone),
        start_at=start_at,
        interval_minutes=interval_minutes,
        count=count,
        **(NONE | days),
    )


@pytest.mark.parametrize(("zone", "day", "minutes"), MOVED)
@pytest.mark.parametrize("interval", [5, 15, 30])
@given(data=st.data())
def test_the_parts_of_a_day_of_any_length_sum_to_the_day(zone, day, minutes, interval, data):
    clock = local_clock(zone)
    assert clock.minutes_in_day(day) == minutes
    count = minutes // interval
    periods = run(SHANGHAI, zone, clock.day_start_utc(day), interval, count)
    values = np.array(data.draw(st.lists(st.integers(-(10**6), 10**12), min_size=count, max_size=count)))[None, :]
    parts = split(values_wh=values, period_of_slot=periods, periods=2)
    assert parts.sum() == values.sum()
    # Clocks move at night, so the valley alone gets shorter or longer.
    ones = split(values_wh=np.ones((1, count), dtype=np.int64), period_of_slot=periods, periods=2)
    assert (ones * interval).tolist() == [[16 * 60, minutes - 16 * 60]]


@example(489, "America/New_York", 30)  # Sunday 2 November 2025: setting the clock back is no midnight
@given(st.integers(0, 729), st.sampled_from(sorted({zone for zone, _, _ in MOVED})), st.sampled_from([15, 30]))
def test_each_interval_of_a_meters_own_day_falls_where_the_wall_clock_says(offset, zone, interval):
    """A meter that keeps UTC+10 all year has days that lie across two local dates."""
    clock = local_clock(zone)
    start_at = local_clock("Etc/GMT-10").day_start_utc(date(2024, 7, 1) + timedelta(days=offset))
    count = 24 * 60 // interval
    document = {
        "periods": ["weekday-peak", "rest"],
        "season": [
            {
                "name": "cold",
                "dates": ["10-01..03-31"],
                "hours": [
                    {
                        "days": ["weekday"],
                        "weekday-peak": ["07:00-09:30", "17:00-20:00"],
                        "rest": ["09:30-17:00", "20:00-07:00"],
                    },
                    {"days": ["weekend", "holiday"], "rest": ["00:00-24:00"]},
                ],
            },
            {"name": "warm", "dates": ["04-01..09-30"], "hours": [{"days": ["all"], "rest": ["00:00-24:00"]}]},
        ],
    }
    periods = run(calendar(document), zone, start_at, interval, count)
    for slot, period in enumerate(periods.tolist()):
        local = (start_at + slot * timedelta(minutes=interval)).astimezone(clock.zone)
        clock_time = local.hour + local.minute / 60
        cold = local.month in {10, 11, 12, 1, 2, 3}
        busy = 7 <= clock_time < 9.5 or 17 <= clock_time < 20
        assert period == (0 if cold and local.weekday() < 5 and busy else 1)


def test_holidays_and_make_up_days_change_the_type_of_a_day():
    days = {"holidays": frozenset({date(2025, 10, 1)}), "makeup_days": frozenset({date(2025, 9, 28)})}
    assert day_type_of(on=date(2025, 10, 1), **days) is DayType.HOLIDAY
    assert day_type_of(on=date(2025, 9, 28), **days) is DayType.WEEKDAY
    assert day_type_of(on=date(2025, 9, 27), **days) is DayType.SATURDAY
    assert day_type_of(on=date(2025, 9, 21), **days) is DayType.SUNDAY
    assert day_type_of(on=date(2025, 9, 26), **days) is DayType.WEEKDAY


def test_intervals_that_an_edge_cuts_are_refused():
    half_past = {
        "periods": ["day", "night"],
        "season": [YEAR | {"hours": [{"days": ["all"], "day": ["06:30-22:00"], "night": ["22:00-06:30"]}]}],
    }
    shanghai = local_clock("Asia/Shanghai").day_start_utc(date(2025, 6, 1))
    assert len(run(SHANGHAI, "Asia/Shanghai", shanghai, 60, 24)) == 24
    with pytest.raises(IntervalTooCoarse):
        run(calendar(half_past), "Asia/Shanghai", shanghai, 60, 24)
    with pytest.raises(IntervalTooCoarse):
        run(SHANGHAI, "Asia/Shanghai", shanghai, 45, 32)
    with pytest.raises(IntervalTooCoarse):
        # Hours of UTC begin at half past in Adelaide.
        run(SHANGHAI, "Australia/Adelaide", shanghai, 60, 24)


def test_a_slot_without_a_period_loses_no_energy_silently():
    values = np.ones((1, 2), dtype=np.int64)
    for bad in ([0, 2], [-1, 0]):
        with pytest.raises(ValueError, match="no period"):
            split(values_wh=values, period_of_slot=np.array(bad), periods=2)


def test_days_are_split_each_by_its_own_mask():
    values = np.array([[1, 2, 4], [10, 20, 40]], dtype=np.int64)
    masks = np.array([[0, 1, 1], [1, 1, 0]], dtype=np.int64)
    assert split(values_wh=values, period_of_slot=masks, periods=2).tolist() == [[1, 6], [40, 30]]


def test_a_calendar_is_frozen():
    made = SHANGHAI
    with pytest.raises(ValueError, match="read-only"):
        made.slots[0, 0, 0] = 1


GUANGDONG = calendar(
    {
        "periods": ["critical", "peak", "flat", "valley"],
        "season": [
            {
                "name": "summer",
                "dates": ["07-01..09-30"],
                "hours": [{"days": ["all"], "peak": ["10:00-12:00", "14:00-19:00"], "valley": ["00:00-08:00"],
                           "flat": ["08:00-10:00", "12:00-14:00", "19:00-24:00"]}],
            },
            {
                "name": "other",
                "dates": ["10-01..06-30"],
                "hours": [{"days": ["all"], "peak": ["10:00-12:00", "14:00-19:00"], "valley": ["00:00-08:00"],
                           "flat": ["08:00-10:00", "12:00-14:00", "19:00-24:00"]}],
            },
        ],
        "event": [
            {"code": "hot", "announced_by": "forecast", "critical": ["11:00-12:00", "15:00-17:00"]},
            {"code": "frost", "announced_by": "notice", "seasons": ["other"], "critical": ["19:00-21:00"]},
        ],
    }
)  # fmt: skip


def hours_of(on, events=None):
    season, day_type = day_columns(calendar=GUANGDONG, dates=[on], events=events or {}, **NONE)
    minutes = np.arange(24)[None, :] * 60
    slots = GUANGDONG.period_of_slot(
        local_minutes=minutes, season=season[:, None], day_type=day_type[:, None], interval_minutes=60
    )
    return [GUANGDONG.periods[period] for period in slots[0]]


def test_an_event_changes_its_hours_on_the_announced_day_alone():
    day = date(2026, 6, 20)
    usual, hot = hours_of(day), hours_of(day, {day: {"hot"}})
    assert [hour for hour in range(24) if usual[hour] != hot[hour]] == [11, 15, 16]
    assert {hot[hour] for hour in (11, 15, 16)} == {"critical"}
    assert hours_of(date(2026, 6, 21), {day: {"hot"}}) == usual


def test_an_event_holds_in_the_seasons_that_it_names():
    summer, winter = date(2026, 8, 1), date(2026, 12, 1)
    announced = {summer: {"frost"}, winter: {"frost"}}
    assert hours_of(summer, announced) == hours_of(summer)
    assert hours_of(winter, announced)[19:21] == ["critical", "critical"]


def test_events_of_other_calendars_change_nothing_and_two_at_once_are_refused():
    day = date(2026, 6, 20)
    assert hours_of(day, {day: {"flood"}}) == hours_of(day)
    with pytest.raises(TwoEvents):
        hours_of(day, {day: {"hot", "frost"}})


def test_a_run_over_midnight_has_the_event_on_its_own_date():
    start = datetime(2026, 6, 19, 4, tzinfo=UTC)  # noon in Shanghai
    day = date(2026, 6, 20)
    periods = run(GUANGDONG, "Asia/Shanghai", start, 60, 48, events={day: {"hot"}})
    assert np.flatnonzero(periods == 0).tolist() == [23, 27, 28]


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"seasons": ["spring"]}, "unknown_word"),
        ({"critical": []}, "hour_without_period"),
        ({"peak": ["11:30-12:00"]}, "hour_claimed_twice"),
        ({"code": "hot"}, "code_taken"),
        ({"announced_by": " "}, "not_text"),
        ({"announce_until": "24:01"}, "bad_hours"),
        ({"announce_until": "9 pm"}, "bad_hours"),
        ({"noon": ["12:00-13:00"]}, "unknown_key"),
    ],
)
def test_slips_of_an_event_are_found(change, finding):
    event = {"code": "cold", "announced_by": "notice", "peak": [], "critical": ["11:00-12:00"]}
    hours = [{"days": ["all"], "peak": ["00:00-24:00"]}]
    first = {"code": "hot", "announced_by": "forecast", "critical": ["11:00-12:00"]}
    findings = Findings()
    document = {
        "periods": ["critical", "peak"], "season": [YEAR | {"hours": hours}], "event": [first, event | change]
    }  # fmt: skip
    table = Table(values=document, where="time_of_use", findings=findings)
    read_calendar(table=table, periods=read_periods(table=table))
    assert finding in {one.code for one in findings}
