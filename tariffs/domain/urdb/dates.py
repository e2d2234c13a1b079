"""Days of URDB files: seconds since 1970, or an instant written out, of whatever zone."""

from datetime import UTC, date, datetime, timedelta

from tariffs.domain.urdb.numbers import exact

HALF_DAY = timedelta(hours=12)
ONE_DAY = timedelta(days=1)
LAST_MINUTE = timedelta(minutes=1)
MILLISECONDS = 1000
LATEST = 2**32


def first_day(value: object) -> date | None:
    """
    Return the local date that an instant stands for, None if it is no instant.

    Files give midnight of the utility, of another zone of the country, or of UTC an hour off: all of them from half a
    day before to half a day after the midnight of UTC.
    """
    instant = _instant(value)
    return None if instant is None else (instant + HALF_DAY).date()


def day_after(value: object) -> date | None:
    """Return the day after the last one, given by its midnight or by its last second; None if it is no instant."""
    instant = _instant(value)
    if instant is None:
        return None
    if instant + LAST_MINUTE >= instant.replace(hour=0, minute=0, second=0) + ONE_DAY:
        return instant.date() + ONE_DAY
    return (instant + HALF_DAY).date() + ONE_DAY


def _instant(value: object) -> datetime | None:
    if isinstance(value, dict):
        value = value.get("$date", value.get("$numberLong"))
        if type(value) is int:
            value //= MILLISECONDS
    number = exact(value)
    if number is not None:
        seconds = int(number)
        return datetime.fromtimestamp(seconds, tz=UTC) if 0 <= seconds < LATEST else None
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if found is None:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
