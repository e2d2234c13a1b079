"""
What a head end says of its own, pushed or pulled: messages, each of one meter and of one of four kinds.

    interval values  {"meter": "SN1", "register": "E1", "start_at": "2026-11-28T10:00:00+08:00", "minutes": 15,
                      "values": [0.125], "quality": "A"}                     as a line of ``formats.ndjson``
    counter value    {"meter": "SN1", "register": "total", "read_at": "2026-11-29T00:00:00+08:00", "reading": 1234.5}
    event            {"meter": "SN1", "event": "cover_open", "at": "2026-11-28T10:02:07+08:00"}
    voltages         {"meter": "SN1", "voltage": [228.1, null], "start_at": "2026-11-28T10:00:00+08:00", "minutes": 15}

    id          name of the message at the head end, given back with what came of it
    written_at  when the head end wrote it, with its offset from UTC, at most ten minutes ahead of us; else when it is
                heard first. Of two values of one interval the one that was written later holds, in whatever order
                they come
    unit        of a value or a reading: kWh if left out
    voltage     between a phase and neutral, in V, of quarters, halves or whole hours; it is never energy, and the last
                that is said of a time holds
    seconds     of an event ``clock_drift``: how far the meter's clock is ahead, negative: behind

Numbers are taken as they are written, or as text; so nothing is rounded on the way. A message that is wrong is refused
by itself, the others are taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from cis.kernel.fixed import Int64
from metering.domain.formats.batches import IntervalRuns
from metering.domain.formats.faults import Fault, LineFault, Rejection
from metering.domain.formats.fields import exact_number, unit_of
from metering.domain.formats.ndjson import object_of, take_run, text_of
from metering.domain.formats.run_lines import DEFAULT_UNIT, Gathered, instant_us
from metering.domain.intervals import MINUTE_US
from metering.domain.meter_alarms import AHEAD_MOST, SERIAL_MOST, AlarmKind
from metering.domain.voltages import MOST_MV, UNKNOWN

MESSAGES_MOST = 10_000
BYTES_MOST = 16 * 1024 * 1024
"""Of a push."""
ID_MOST = 100
DRIFT_MOST = 366 * 86_400
"""A clock that is wrong by more than a year says nothing. [s]"""
FROZEN = timedelta(minutes=15)
"""A counter value so near to a midnight is the value of that midnight: counters are frozen then. House rule."""
VOLTAGE_MINUTES = ("15", "30", "60")
VOLTAGES_MOST = 100
_US = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """What a counter showed at an instant. [Wh, varh or W, before the multiplier; ``unit`` says which]"""

    line: int
    serial: str
    register: str
    at: datetime
    reading_wh: int
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What a meter says of its own; ``drift_s`` is how far its clock is ahead, where it says so. [s]"""

    line: int
    serial: str
    kind: AlarmKind
    at: datetime
    drift_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Voltages:
    """Voltages of a meter, one after the other; UNKNOWN: none. [mV]"""

    line: int
    serial: str
    start_us: int
    minutes: int
    values_mv: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """
    Messages, read; a ``line`` is the place of a message, from 0.

    ids         n names, "" where a message has none
    runs        interval values
    written_us  (n,) when each message was written [microseconds since 1970 UTC]
    refused     messages that are wrong
    """

    ids: Sequence[str] = ()
    runs: IntervalRuns = field(default_factory=IntervalRuns)
    written_us: Int64 = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    counters: Sequence[Counter] = ()
    events: Sequence[Event] = ()
    voltages: Sequence[Voltages] = ()
    refused: Sequence[Rejection] = ()


def parsed(body: bytes) -> dict[str, Any]:
    """
    Return the JSON object of a body, its numbers as they are written.

    :raises LineFault: it is none.
    """
    return object_of(body)


def read(messages: Sequence[Any], *, now: datetime, today: date, heard_at: datetime | None = None) -> Messages:
    """
    Read messages, as ``parsed`` gives them.

    :param today: the latest date that any clock shows.
    :param heard_at: when they were heard first, where they were sent again; None: now.
    """
    heard_us = ((heard_at or now) - _EPOCH) // _US
    gathered = Gathered()
    counters: list[Counter] = []
    events: list[Event] = []
    voltages: list[Voltages] = []
    refused: list[Rejection] = []
    ids, written = [], np.full(len(messages), heard_us, dtype=np.int64)
    for line, given in enumerate(messages):
        ids.append("")
        try:
            if not isinstance(given, dict):
                raise LineFault(Fault.NOT_JSON, "A message is an object.")  # noqa: TRY301 - as any other fault
            ids[-1] = text_of(given, name="id")[:ID_MOST]
            if given.get("written_at") is not None:
                written[line] = (_instant(given, "written_at", now) - _EPOCH) // _US
            if "event" in given:
                events.append(_event(given, line, now))
            elif "voltage" in given:
                voltages.append(_voltages(given, line, now))
            elif "reading" in given:
                counters.append(_counter(given, line, now))
            else:
                _check_end(given, now)
                take_run(given, line=line, gathered=gathered, today=today)
        except LineFault as fault:
            refused.append(fault.rejection(line=line, raw=_label(given).encode("utf-8", "replace")))
    return Messages(
        ids=ids, runs=gathered.columns(), written_us=written, counters=counters, events=events,
        voltages=voltages, refused=refused,
    )  # fmt: skip


def _label(given: object) -> str:
    """Return what a list shows of a message that is refused: its meter, not its values."""
    if not isinstance(given, dict):
        return ""
    named = (given.get(name) for name in ("meter", "service_point", "register", "event"))
    return ",".join(value[:SERIAL_MOST] for value in named if isinstance(value, str) and value)


def _instant(given: dict[str, Any], name: str, now: datetime) -> datetime:
    at_us, _day = instant_us(text_of(given, name=name))
    if at_us > (now + AHEAD_MOST - _EPOCH) // _US:
        raise LineFault(Fault.DATE_IN_FUTURE, f"{name} is in the future.")
    return _EPOCH + at_us * _US


def _meter(given: dict[str, Any]) -> str:
    serial = text_of(given, name="meter")
    if not serial or len(serial) > SERIAL_MOST:
        raise LineFault(Fault.MISSING_IDENTIFIER, "The message names no meter.")
    return serial


def _event(given: dict[str, Any], line: int, now: datetime) -> Event:
    serial, kind = _meter(given), text_of(given, name="event")
    if kind not in set(AlarmKind):
        raise LineFault(Fault.UNKNOWN_KIND, f"{kind[:40]!r} is no kind of event.")
    drift = text_of(given, name="seconds") if kind == AlarmKind.CLOCK_DRIFT else ""
    drift_s = exact_number(drift, places=0) if drift else None
    if drift_s is not None and abs(drift_s) > DRIFT_MOST:
        raise LineFault(Fault.VALUE_TOO_LARGE, "A clock is not wrong by more than a year.")
    return Event(line=line, serial=serial, kind=AlarmKind(kind), at=_instant(given, "at", now), drift_s=drift_s)


def _counter(given: dict[str, Any], line: int, now: datetime) -> Counter:
    unit, places = unit_of(text_of(given, name="unit") or DEFAULT_UNIT)
    value = exact_number(text_of(given, name="reading"), places=places)
    if value < 0:
        raise LineFault(Fault.NEGATIVE_VALUE, "A counter shows nothing below 0.")
    return Counter(
        line=line, serial=_meter(given), register=text_of(given, name="register"), at=_instant(given, "read_at", now),
        reading_wh=value, unit=unit,
    )  # fmt: skip


def _voltages(given: dict[str, Any], line: int, now: datetime) -> Voltages:
    values = given["voltage"] if isinstance(given["voltage"], list) else [given["voltage"]]
    minutes = text_of(given, name="minutes")
    if minutes not in VOLTAGE_MINUTES:
        raise LineFault(Fault.BAD_INTERVAL_LENGTH, f"Voltages are of {', '.join(VOLTAGE_MINUTES)} minutes each.")
    if not 0 < len(values) <= VOLTAGES_MOST:
        raise LineFault(Fault.TOO_MANY_VALUES, f"A message has 1 to {VOLTAGES_MOST} voltages.")
    start_us, _day = instant_us(text_of(given, name="start_at"))
    if start_us + len(values) * int(minutes) * MINUTE_US > (now + AHEAD_MOST - _EPOCH) // _US:
        raise LineFault(Fault.DATE_IN_FUTURE, "The values end in the future.")
    return Voltages(
        line=line, serial=_meter(given), start_us=start_us, minutes=int(minutes),
        values_mv=tuple(UNKNOWN if one is None else _millivolts(one) for one in values),
    )  # fmt: skip


def _millivolts(given: object) -> int:
    value = exact_number(text_of({"voltage": given}, name="voltage"), places=3)
    if not 0 <= value < MOST_MV:
        raise LineFault(Fault.VALUE_TOO_LARGE, "A voltage at low voltage is from 0 to below 1,000 V.")
    return value


def _check_end(given: dict[str, Any], now: datetime) -> None:
    """Refuse a run that ends in the future: an interval is told when it is over."""
    values = given.get("values")
    count = len(values) if isinstance(values, list) else 1
    minutes = text_of(given, name="minutes")
    length = int(minutes) if minutes.isascii() and minutes.isdigit() and len(minutes) <= 4 else 0  # noqa: PLR2004
    start_us, _day = instant_us(text_of(given, name="start_at"))
    if start_us + count * length * MINUTE_US > (now + AHEAD_MOST - _EPOCH) // _US:
        raise LineFault(Fault.DATE_IN_FUTURE, "The values end in the future.")


def frozen_day(local: datetime) -> date | None:
    """
    Return the date whose 00:00 a counter value stands for; None: it was read in the middle of a day.

    :param local: what the supplier's clock on the wall showed, without a zone.
    """
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if local - midnight <= FROZEN:
        return midnight.date()
    after = midnight + timedelta(days=1)
    return after.date() if after - local <= FROZEN else None
