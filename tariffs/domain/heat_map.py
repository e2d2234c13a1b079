"""Which period of use holds in which hour of which month: the calendar of a tariff as maps of 24 hours x 12 months."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass

from tariffs.domain.outline import runs
from tariffs.domain.time_of_use import DAY_TYPES, DAYS, Calendar, DayType

LEAP_YEAR = 2000
MONTHS = range(1, 13)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRow:
    """
    The hours of a month, or of the part of a month that lies in one season.

    month, first_day, last_day  both days included; a whole February has 29
    runs                        (first half hour, half hour after the last, period) from midnight to midnight
    """

    month: int
    first_day: int
    last_day: int
    runs: tuple[tuple[int, int, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """
    The hours of some kinds of days that are alike all year.

    event  code of the event that is announced for them; "" = usual days
    """

    days: tuple[DayType, ...]
    event: str
    rows: tuple[MapRow, ...]


def heat_maps(*, calendar: Calendar) -> tuple[HeatMap, ...]:
    """Return the maps of a calendar: usual days first, then those of each event; kinds of days alike share one."""
    found = []
    for number, event in enumerate(["", *(rule.code for rule in calendar.events)]):
        by_rows: dict[tuple[MapRow, ...], list[DayType]] = {}
        for place, day_type in enumerate(DAY_TYPES):
            by_rows.setdefault(_rows(calendar, len(DAY_TYPES) * number + place), []).append(day_type)
        found += [HeatMap(days=tuple(days), event=event, rows=rows) for rows, days in by_rows.items()]
    return tuple(found)


def _rows(calendar: Calendar, day_place: int) -> tuple[MapRow, ...]:
    rows = []
    for month in MONTHS:
        seasons = calendar.season_of_day[(month - 1) * DAYS : (month - 1) * DAYS + monthrange(LEAP_YEAR, month)[1]]
        for first, stop, season in _parts(seasons.tolist()):
            periods = calendar.slots[season, day_place].tolist()
            hours = tuple((start, end, calendar.periods[one]) for start, end, one in runs(periods, over_midnight=False))
            rows.append(MapRow(month=month, first_day=first + 1, last_day=stop, runs=hours))
    return tuple(rows)


def _parts(seasons: Sequence[int]) -> list[tuple[int, int, int]]:
    """Return (first day, day after the last, season) of the seasons of a month, counted from 0."""
    return runs(seasons, over_midnight=False)
