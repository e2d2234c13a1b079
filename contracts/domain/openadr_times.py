"""When an event of OpenADR is over. [source: OpenADR 3.1.0 User Guide, interval timing; ISO 8601 durations]"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, Final

FOREVER_YEARS: Final = 1_000
"""A duration of so many years has no end; the specification writes P9999Y."""
TEXT_MOST: Final = 64
_PARTS: Final = re.compile(
    r"P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
_DAYS_OF_MONTH: Final = 31
_DAYS_OF_YEAR: Final = 366


def ends_at(event: Mapping[str, Any]) -> datetime | None:
    """
    Return when an event is over; None: it has no end, or nobody can say.

    Its intervals follow one another from the start of the event, each as long as the event says, unless an interval has
    a period of its own; a duration of the event itself, which repeats its intervals, has the last word. Months and
    years are taken as their longest, so that no event is over too early.
    """
    period = _mapping(event.get("intervalPeriod"))
    start, usual = _instant(period.get("start")), length(period.get("duration"))
    whole = length(event.get("duration"))
    if start is not None and whole:
        return _plus(start, whole)
    intervals = [_mapping(one.get("intervalPeriod")) for one in event.get("intervals") or [] if isinstance(one, dict)]
    ends, at = [], start
    for own in intervals or [{}]:
        begins = _instant(own.get("start")) if "start" in own else at
        lasts = length(own["duration"]) if "duration" in own else usual
        at = _plus(begins, lasts) if begins is not None and lasts is not None else None
        ends.append(at)
    known = [one for one in ends if one is not None]
    return max(known) if len(known) == len(ends) else None


def length(text: Any) -> timedelta | None:
    """Return how long a duration is; None: for ever, or it is none."""
    found = _PARTS.fullmatch(text) if isinstance(text, str) and len(text) <= TEXT_MOST else None
    if found is None:
        return None
    part = {name: Fraction(value or 0) for name, value in found.groupdict().items()}
    if part["years"] >= FOREVER_YEARS:
        return None
    days = part["years"] * _DAYS_OF_YEAR + part["months"] * _DAYS_OF_MONTH + part["weeks"] * 7 + part["days"]
    seconds = ((days * 24 + part["hours"]) * 60 + part["minutes"]) * 60 + part["seconds"]
    try:
        return timedelta(microseconds=int(seconds * 10**6))
    except OverflowError:
        return None


def _instant(text: Any) -> datetime | None:
    """Return an instant in UTC; "0001-01-01" means now, which says nothing of an end."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
        if found is None or found.year == 1:
            return None
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # its year may be beyond what a computer counts, once it is in UTC
        return None


def _plus(start: datetime, lasts: timedelta) -> datetime | None:
    try:
        return start + lasts
    except OverflowError:
        return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
