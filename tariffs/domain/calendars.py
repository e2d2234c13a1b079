"""
Reading of the time-of-use table of a tariff document into a ``Calendar``.

    [time_of_use]
    periods = ["peak", "valley"]

    [[time_of_use.season]]
    name = "year"
    dates = ["01-01..12-31"]

    [[time_of_use.season.hours]]
    days = ["all"]
    peak = ["06:00-22:00"]
    valley = ["22:00-06:00"]

    [[time_of_use.event]]
    code = "critical_peak"
    announced_by = "forecast of 35 C or more on the evening before"
    peak = ["11:00-12:00", "15:00-17:00"]

Dates include both ends and may run over the turn of the year ("11-01..02-29"); hours may run over midnight. Each day
of the year belongs to one season, and each half hour of each season and day type to one period. The hours of an event
hold on days for which it is announced, in the seasons that it names (all by default); its other hours are as usual.
"""

import re
from datetime import date, timedelta

import numpy as np

from cis.kernel.calendar import MINUTES_IN_DAY
from cis.kernel.fixed import Int64
from tariffs.domain.grammar import CODE, Table
from tariffs.domain.time_of_use import DAY_TYPES, DAYS, SLOT_MINUTES, SLOTS, Calendar, DayType, PriceEventRule

DATES = re.compile(r"(\d\d-\d\d)\.\.(\d\d-\d\d)", re.ASCII)
HOURS = re.compile(r"(\d\d):(00|30)-(\d\d):(00|30)", re.ASCII)
CLOCK = re.compile(r"(\d\d):([0-5]\d)", re.ASCII)
LEAP_YEAR, LEAP_DAYS = 2000, 366
FIRST_DAY = date(LEAP_YEAR, 1, 1)
NOBODY = -1
GROUPS = {
    "all": DAY_TYPES,
    "weekend": (DayType.SATURDAY, DayType.SUNDAY),
    **{day_type.value: (day_type,) for day_type in DAY_TYPES},
}


def read_periods(*, table: Table) -> tuple[str, ...]:
    """Return the codes of the periods of use, in the order of all columns."""
    periods = []
    for place, value in enumerate(table.entries("periods")):
        if not isinstance(value, str) or not CODE.fullmatch(value) or value in periods:
            table.note(f"periods[{place}]", "bad_code", f"{value!r} is not a code, or stands here twice.")
        else:
            periods.append(value)
    return tuple(periods)


def read_calendar(*, table: Table, periods: tuple[str, ...]) -> Calendar | None:
    """Return the calendar; None if no season is given, for a tariff billed on registers."""
    seasons = table.tables("season", required=False)
    if not seasons:
        return None
    season_of_day = np.full(12 * DAYS, NOBODY, dtype=np.int64)
    slots = np.full((len(seasons), len(DAY_TYPES), SLOTS), NOBODY, dtype=np.int64)
    names = []
    for place, season in enumerate(seasons):
        names.append(season.code("name"))
        for entry, text in enumerate(season.entries("dates")):
            _claim_days(season, f"dates[{entry}]", text, season_of_day, place)
        for hours in season.tables("hours"):
            _claim_hours(hours, periods, slots[place])
        season.close()
        _check_hours(season, slots[place])
    _check_days(table, season_of_day)
    events, slots = _read_events(table, periods, tuple(names), slots)
    season_of_day.flags.writeable = slots.flags.writeable = False
    return Calendar(periods=periods, seasons=tuple(names), season_of_day=season_of_day, slots=slots, events=events)


def _read_events(
    table: Table, periods: tuple[str, ...], seasons: tuple[str, ...], slots: Int64
) -> tuple[tuple[PriceEventRule, ...], Int64]:
    """Return the events that may be announced, and the half hours with their day types after the usual ones."""
    events: list[PriceEventRule] = []
    parts = [slots]
    for part in table.tables("event", required=False):
        code = part.code("code")
        if code in {event.code for event in events}:
            part.note("code", "code_taken", f"Two events are called {code}.")
        events.append(
            PriceEventRule(code=code, announced_by=part.text("announced_by"), until_minute=_read_deadline(part))
        )
        within = part.entries("seasons", required=False)
        for place, name in enumerate(within):
            if name not in seasons:
                message = f"{name!r} is no season."
                part.note(f"seasons[{place}]", "unknown_word", message, f"Use {', '.join(seasons)}.")
        changed = slots.copy()
        rows = [row for row, name in enumerate(seasons) if not within or name in within]
        _claim_event_hours(part, periods, changed, rows)
        parts.append(changed)
        part.close()
    return tuple(events), np.concatenate(parts, axis=1)


def _read_deadline(table: Table) -> int:
    """Return from when on the day before an event is announced too late; by default from midnight. [minutes]"""
    if not table.has("announce_until"):
        return MINUTES_IN_DAY
    text = table.text("announce_until")
    match = CLOCK.fullmatch(text)
    if not match or int(match[1]) * 60 + int(match[2]) > MINUTES_IN_DAY:
        table.note("announce_until", "bad_hours", f"{text!r} is no time of day.", 'Write it as "22:00".')
        return MINUTES_IN_DAY
    return int(match[1]) * 60 + int(match[2])


def _claim_event_hours(table: Table, periods: tuple[str, ...], slots: Int64, seasons: list[int]) -> None:
    """Give the half hours of an event to its periods, on all day types of some seasons."""
    claimed: set[int] = set()
    for period, code in enumerate(periods):
        for place, text in enumerate(table.entries(code, required=False)):
            half_hours = _half_hours_of(table, f"{code}[{place}]", text)
            if claimed.intersection(half_hours):
                table.note(f"{code}[{place}]", "hour_claimed_twice", f"{text} of an event has two periods.")
            claimed.update(half_hours)
            for season in seasons:
                slots[season][:, half_hours] = period
    if not claimed:
        table.note("code", "hour_without_period", "An event has hours of its own.", "Name a period with its hours.")


def _claim_days(table: Table, key: str, text: object, season_of_day: Int64, season: int) -> None:
    """Give the days of "MM-DD..MM-DD" to a season."""
    match = DATES.fullmatch(text) if isinstance(text, str) else None
    try:
        first, last = [date.fromisoformat(f"{LEAP_YEAR}-{day}") for day in match.groups()] if match else [None, None]
    except ValueError:
        first = last = None
    if first is None or last is None:
        table.note(key, "bad_dates", f"{text!r} is not a range of days.", 'Write it as "07-01..09-30".')
        return
    start = (first - FIRST_DAY).days
    for offset in range((last - first).days % LEAP_DAYS + 1):
        day = FIRST_DAY + timedelta(days=(start + offset) % LEAP_DAYS)
        place = (day.month - 1) * DAYS + day.day - 1
        if season_of_day[place] != NOBODY:
            table.note(key, "day_claimed_twice", f"{day:%m-%d} belongs to two seasons.")
            return
        season_of_day[place] = season


def _check_days(table: Table, season_of_day: Int64) -> None:
    """Note the first day of the year without a season, and give days that do not exist to the first season."""
    for day in (FIRST_DAY + timedelta(days=offset) for offset in range(LEAP_DAYS)):
        if season_of_day[(day.month - 1) * DAYS + day.day - 1] == NOBODY:
            table.note("season", "day_without_season", f"{day:%m-%d} belongs to no season.")
            break
    season_of_day[season_of_day == NOBODY] = 0


def _claim_hours(table: Table, periods: tuple[str, ...], slots: Int64) -> None:
    """Give the half hours of some day types to the periods of use; slots (day types, 48)."""
    types: set[DayType] = set()
    for place, word in enumerate(table.entries("days")):
        if not isinstance(word, str) or word not in GROUPS:
            table.note(f"days[{place}]", "unknown_word", f"{word!r} is no day type.", f"Use {', '.join(GROUPS)}.")
        else:
            types.update(GROUPS[word])
    for period, code in enumerate(periods):
        for place, text in enumerate(table.entries(code, required=False)):
            half_hours = _half_hours_of(table, f"{code}[{place}]", text)
            for day_type in sorted(types, key=DAY_TYPES.index):
                row = slots[DAY_TYPES.index(day_type)]
                if (row[half_hours] != NOBODY).any():
                    table.note(f"{code}[{place}]", "hour_claimed_twice", f"{text} on a {day_type} has two periods.")
                row[half_hours] = period
    table.close()


def _half_hours_of(table: Table, key: str, text: object) -> list[int]:
    """Return the half hours of "HH:MM-HH:MM"."""
    match = HOURS.fullmatch(text) if isinstance(text, str) else None
    if match:
        first, last = (int(match[place]) * 2 + int(match[place + 1]) // SLOT_MINUTES for place in (1, 3))
        if first < SLOTS and last <= SLOTS and first != last:
            stop = last if last > first else last + SLOTS
            return [place % SLOTS for place in range(first, stop)]
    advice = 'Write full or half hours, as "06:00-22:00" or "22:00-06:00".'
    table.note(key, "bad_hours", f"{text!r} is not a range of hours.", advice)
    return []


def _check_hours(table: Table, slots: Int64) -> None:
    """Note the first half hour of each day type that has no period, and give it to the first period."""
    for day_type, row in zip(DAY_TYPES, slots, strict=True):
        free = np.flatnonzero(row == NOBODY)
        if len(free):
            clock = f"{free[0] // 2:02}:{free[0] % 2 * SLOT_MINUTES:02}"
            table.note("hours", "hour_without_period", f"{clock} on a {day_type} has no period of use.")
        row[free] = 0
