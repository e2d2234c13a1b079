"""The hours of a URDB schedule as the calendar of a tariff document."""

from calendar import monthrange
from collections.abc import Sequence
from itertools import groupby

from tariffs.domain.urdb.naming import Period
from tariffs.domain.urdb.rate import HOURS, MONTHS, Holidays, Schedule

LEAP_YEAR = 2000
DAYS = {
    Holidays.WEEKDAY: ('["weekday", "holiday"]', '["weekend"]'),
    Holidays.WEEKEND: ('["weekday"]', '["weekend", "holiday"]'),
}


def calendar_lines(*, table: str, schedule: Schedule, periods: Sequence[Period], holidays: Holidays) -> list[str]:
    """Return the periods and their seasons; months with the same hours are one season."""
    codes = {one.number: one.code for one in periods}
    lines = [f"periods = [{', '.join(f'{_quoted(one.code)}' for one in periods)}]"]
    groups: dict[tuple[tuple[int, ...], tuple[int, ...]], list[int]] = {}
    for month in range(MONTHS):
        groups.setdefault((schedule.weekday[month], schedule.weekend[month]), []).append(month)
    for place, ((weekday, weekend), months) in enumerate(groups.items(), start=1):
        lines += ["", f"[[{table}.season]]", f'name = "season-{place}"', f"dates = [{_dates(months)}]"]
        if weekday == weekend:
            lines += _hours(table, '["all"]', weekday, codes)
        else:
            on_weekdays, on_weekends = DAYS[holidays]
            lines += [*_hours(table, on_weekdays, weekday, codes), *_hours(table, on_weekends, weekend, codes)]
    return lines


def _dates(months: Sequence[int]) -> str:
    """Return runs of months, counted from 0, as ranges of days."""
    runs = [[month for _, month in run] for _, run in groupby(enumerate(months), key=lambda pair: pair[1] - pair[0])]
    ranges = [f"{run[0] + 1:02}-01..{run[-1] + 1:02}-{monthrange(LEAP_YEAR, run[-1] + 1)[1]}" for run in runs]
    return ", ".join(map(_quoted, ranges))


def _hours(table: str, days: str, row: Sequence[int], codes: dict[int, str]) -> list[str]:
    """Return the hours of each period on some days."""
    spans: dict[str, list[str]] = {}
    for number, run in groupby(range(HOURS), key=lambda hour: row[hour]):
        hours = list(run)
        spans.setdefault(codes[number], []).append(f"{hours[0]:02}:00-{hours[-1] + 1:02}:00")
    lines = ["", f"[[{table}.season.hours]]", f"days = {days}"]
    return lines + [f"{code} = [{', '.join(map(_quoted, ranges))}]" for code, ranges in spans.items()]


def _quoted(text: str) -> str:
    return f'"{text}"'
