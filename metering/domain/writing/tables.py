"""Interval values out as a table: the columns and lines of our own CSV of intervals, which its reader takes again."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from cis.kernel.calendar import LocalClock
from cis.kernel.fixed import to_text
from metering.domain.writing.series import Series, letters

HEADER = ("service_point", "meter", "register", "start_at", "minutes", "unit", "value", "quality")
UNITS = {"Wh": "kWh", "varh": "kvarh"}
_KILO = 3
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rows(*, series: Sequence[Series], clock: LocalClock) -> Iterator[tuple[str | int, ...]]:
    """Yield a row for each value, instants in local time with their offset, values in kWh or kvarh."""
    for one in series:
        names, places = one.names, _KILO - one.exponent
        for start_us, value, letter in zip(one.start_us.tolist(), one.values.tolist(), letters(one), strict=True):
            at = (_EPOCH + timedelta(microseconds=start_us)).astimezone(clock.zone)
            yield (
                names.place, names.serial, names.code, at.isoformat(), one.minutes, UNITS[names.unit],
                to_text(value, places=places), letter,
            )  # fmt: skip
