"""
Temperature hour by hour, measured or forecast, read from a file.

A file is CSV in UTF-8 with the columns ``start_at`` (ISO 8601 with offset, as 2026-01-01T00:00+08:00, at a whole hour
of the supplier's clock) and ``temperature`` (degrees Celsius, the mean of that hour). Hours may be missing: what is not
there is not known. Nothing of a file with a finding is taken.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from cis.kernel import fixed
from cis.kernel.actors import ActorKind
from cis.kernel.calendar import LocalClock
from cis.kernel.enums import Role
from cis.kernel.errors import Findings, Refused

COLUMNS = ("start_at", "temperature")
PLACES = 2
COLDEST_E2, WARMEST_E2 = -90_00, 60_00
"""What air was ever near; else it is another unit. [10^-2 deg C]"""
MOST_FINDINGS = 100
ROWS_MOST = 100_000
SHOWN = 80
"""So much of a wrong line is said again."""
KEEPERS: frozenset[Role | ActorKind] = frozenset((Role.METERING, Role.SUPERVISOR, ActorKind.SYSTEM))


class WeatherKind(StrEnum):
    """Kinds of temperatures. OBSERVED: measured; FORECAST: what a weather service said before."""

    OBSERVED = "observed"
    FORECAST = "forecast"


class BadWeatherFile(Refused):
    """A file of temperatures has findings; nothing of it was taken."""

    code = "bad_weather_file"


@dataclass(frozen=True, slots=True, kw_only=True)
class HourTemperature:
    """The mean temperature of an hour. [10^-2 deg C]"""

    start_at: datetime
    temperature_e2: int


def read_csv(*, text: str, clock: LocalClock) -> tuple[HourTemperature, ...]:
    """
    Return the hours of a file in order of time.

    :raises BadWeatherFile: the file has findings; up to a hundred are in ``detail``.
    """
    findings = Findings()
    if text.count("\n") > ROWS_MOST:
        findings.add(f"line {ROWS_MOST}", "too_many_lines", f"A file has at most {ROWS_MOST} lines.", "Split it.")
    if "\0" in text or '"' in text:
        findings.add("line 1", "not_plain", "Times and temperatures stand without quotes.", "Save it as plain CSV.")
    findings.raise_if_any(BadWeatherFile)
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    found: dict[datetime, int] = {}
    try:
        _read_all(reader, clock, found, findings)
    except csv.Error as error:
        findings.add(f"line {reader.line_num}", "bad_line", f"It is no line of a CSV file: {error}.")
    if not found and not findings:
        findings.add("line 2", "no_temperatures", "There is no temperature.")
    findings.raise_if_any(BadWeatherFile)
    return tuple(HourTemperature(start_at=at, temperature_e2=found[at]) for at in sorted(found))


def _read_all(reader: Iterator[list[str]], clock: LocalClock, found: dict[datetime, int], findings: Findings) -> None:
    if tuple(name.strip() for name in next(reader, [])) != COLUMNS:
        findings.add("line 1", "bad_columns", f"The first line must be {','.join(COLUMNS)}.")
        return
    for number, line in enumerate(reader, start=2):
        if len(findings) >= MOST_FINDINGS:
            return
        if any(cell.strip() for cell in line):
            _read(line, f"line {number}", clock, found, findings)


def _read(line: list[str], where: str, clock: LocalClock, found: dict[datetime, int], findings: Findings) -> None:
    try:
        start, value = (cell.strip() for cell in line)
        at = _instant(start, clock)
        temperature_e2 = fixed.parse(value, places=PLACES)
    except (ValueError, OverflowError) as error:  # the first and the last hours of the calendar lie outside of UTC
        findings.add(where, "bad_line", f"{','.join(line)[:SHOWN]!r}: {str(error)[:SHOWN]}.")
        return
    except Refused as refusal:
        findings.add(where, refusal.code, refusal.message, refusal.advice)
        return
    if not COLDEST_E2 <= temperature_e2 <= WARMEST_E2:
        findings.add(where, "bad_temperature", f"{value} is no temperature of air.", "Give degrees Celsius.")
    elif at in found:
        findings.add(where, "hour_comes_twice", f"The hour {start} comes twice.", "Give each hour once.")
    else:
        found[at] = temperature_e2


def _instant(text: str, clock: LocalClock) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without its offset names two instants when clocks are set back")
    local = at.astimezone(clock.zone)
    if local.minute or local.second or local.microsecond:
        raise ValueError("it is not at a whole hour")
    return at.astimezone(UTC)
