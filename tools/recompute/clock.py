"""Local days and the periods of use of their hours, by the calendar in the text of a tariff."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from recompute.numbers import CannotTell
from recompute.terms import Keys

MINUTE = timedelta(minutes=1)
SATURDAY, SUNDAY = 5, 6
GROUPS = {"all": ("weekday", "saturday", "sunday", "holiday"), "weekend": ("saturday", "sunday")}
HOURS = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)", re.ASCII)


@dataclass
class Local:
    """The clock and the special days of a place."""

    zone: ZoneInfo
    holidays: frozenset[date]
    makeup_days: frozenset[date]

    def starts(self, day: date) -> datetime:
        """Return the first instant of a local date."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        at = midnight.astimezone(UTC)
        # Where clocks jump over midnight, the day begins at the end of the gap.
        while at.astimezone(self.zone).date() < day:
            at += MINUTE
        while (at - MINUTE).astimezone(self.zone).date() >= day:
            at -= MINUTE
        return at

    def type_of(self, day: date) -> str:
        if day in self.makeup_days:
            return "weekday"
        if day in self.holidays:
            return "holiday"
        return {SATURDAY: "saturday", SUNDAY: "sunday"}.get(day.weekday(), "weekday")


def within(text: str, day: date) -> bool:
    """Return whether "MM-DD..MM-DD" holds a day; both ends count, and it may run over the turn of the year."""
    first, _, last = text.partition("..")
    at = f"{day:%m-%d}"
    return first <= at <= last if first <= last else at >= first or at <= last


def holds(text: str, minute: int) -> bool:
    """Return whether "HH:MM-HH:MM" holds a minute of the day; hours may run over midnight."""
    found = HOURS.fullmatch(text)
    if found is None:
        raise CannotTell(f"{text!r} are no hours")
    first, last = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    return first <= minute < last if first < last else minute >= first or minute < last


class Calendar:
    """Which period holds when; ``events`` are announced codes by date."""

    def __init__(self, keys: Keys, periods: tuple[str, ...], local: Local, events: dict[date, str]) -> None:
        self.periods, self.local, self.events = periods, local, events
        self.seasons = [part.only("name dates hours") for part in keys.tables("season")]
        self.rules = {}
        for part in keys.tables("event"):
            part.only(f"code announced_by announce_until seasons {' '.join(periods)}")
            self.rules[part.need("code")] = part

    def period(self, day: date, minute: int) -> str:
        """Return the period of use of a minute of a local date."""
        season = next((one for one in self.seasons if any(within(text, day) for text in one.need("dates"))), None)
        if season is None:
            raise CannotTell(f"{day} has no season")
        rule = self.rules.get(self.events.get(day, ""))
        if rule is not None and season.need("name") in (rule.get("seasons") or [season.need("name")]):
            found = self.named(rule, minute)
            if found is not None:
                return found
        kind = self.local.type_of(day)
        for hours in season.tables("hours"):
            types = {one for word in hours.need("days") for one in GROUPS.get(word, (word,))}
            found = self.named(hours, minute) if kind in types else None
            if found is not None:
                return found
        raise CannotTell(f"{day} {minute // 60:02}:{minute % 60:02} has no period of use")

    def named(self, hours: Keys, minute: int) -> str | None:
        return next((name for name in self.periods if any(holds(text, minute) for text in hours.get(name) or [])), None)
