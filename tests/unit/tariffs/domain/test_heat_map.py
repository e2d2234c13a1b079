"""Maps of hours: every half hour of every day lies where the calendar says."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from tariffs.domain import document
from tariffs.domain.heat_map import heat_maps
from tariffs.domain.time_of_use import DAY_TYPES, DayType

PACKS = Path(__file__).parents[4] / "cis" / "packs"
SEASONS = """
schema = 1
code = "hours"
name_zh = "时段"
name_en = "Hours"
legal_source = "made for tests"
valid_from = 2020-01-01
currency = "CNY"
decimals = 2
rounding = "line"
labels = { energy = { zh = "电", en = "Energy" }, day = { zh = "日", en = "Day" }, night = { zh = "夜", en = "Night" } }

[time_of_use]
periods = ["day", "night"]
[[time_of_use.season]]
name = "summer"
dates = ["05-16..09-10"]
[[time_of_use.season.hours]]
days = ["weekday"]
day = ["06:30-22:00"]
night = ["22:00-06:30"]
[[time_of_use.season.hours]]
days = ["weekend", "holiday"]
night = ["00:00-24:00"]
[[time_of_use.season]]
name = "winter"
dates = ["09-11..05-15"]
[[time_of_use.season.hours]]
days = ["all"]
day = ["08:00-20:00"]
night = ["20:00-08:00"]
[[time_of_use.event]]
code = "calm"
announced_by = "us"
seasons = ["summer"]
night = ["12:00-13:00"]

[[component]]
kind = "time_of_use"
code = "energy"
unit = "yuan/kWh"
prices = { day = "1", night = "0.5" }
"""


def calendar_of(text):
    calendar = document.parse(text=text).plan.calendar
    assert calendar is not None
    return calendar


def test_kinds_of_days_that_are_alike_share_a_map_and_events_have_their_own():
    maps = heat_maps(calendar=calendar_of(SEASONS))
    rest = (DayType.SATURDAY, DayType.SUNDAY, DayType.HOLIDAY)
    assert [(one.event, one.days) for one in maps] == [
        ("", (DayType.WEEKDAY,)),
        ("", rest),
        ("calm", (DayType.WEEKDAY,)),
        ("calm", rest),
    ]


def test_a_month_with_two_seasons_has_two_rows_and_half_hours_are_kept():
    weekday = heat_maps(calendar=calendar_of(SEASONS))[0]
    may = [row for row in weekday.rows if row.month == 5]
    assert [(row.first_day, row.last_day, row.runs) for row in may] == [
        (1, 15, ((0, 16, "night"), (16, 40, "day"), (40, 48, "night"))),
        (16, 31, ((0, 13, "night"), (13, 44, "day"), (44, 48, "night"))),
    ]
    assert [row.month for row in weekday.rows] == [1, 2, 3, 4, 5, 5, 6, 7, 8, 9, 9, 10, 11, 12]


@pytest.mark.parametrize(
    "name", ["cn-guangdong/tariffs/commercial-tou", "cn-shanghai/tariffs/residential-tiered-tou", ""]
)
def test_every_half_hour_of_the_year_is_where_the_calendar_says(name):
    text = (PACKS / f"{name}.toml").read_text(encoding="utf-8") if name else SEASONS
    calendar = calendar_of(text)
    maps = heat_maps(calendar=calendar)
    for number, event in enumerate(["", *(rule.code for rule in calendar.events)]):
        for place, day_type in enumerate(DAY_TYPES):
            (one,) = [a_map for a_map in maps if a_map.event == event and day_type in a_map.days]
            for offset in range(0, 366, 3):
                on = date(2000, 1, 1) + timedelta(days=offset)
                (row,) = [r for r in one.rows if r.month == on.month and r.first_day <= on.day <= r.last_day]
                assert [stop for _, stop, _ in row.runs][:-1] == [start for start, _, _ in row.runs][1:]
                shown = [period for start, stop, period in row.runs for _ in range(start, stop)]
                slots = calendar.slots[calendar.season_of(on=on), number * len(DAY_TYPES) + place]
                assert shown == [calendar.periods[slot] for slot in slots.tolist()]
