"""What lines of interval values have in common: instants with their offset, numbers, letters, and the columns."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import numpy as np

from cis.kernel.fixed import Int64
from metering.domain.formats.batches import Channel, IntervalRuns, Letters
from metering.domain.formats.faults import Fault, LineFault
from metering.domain.formats.fields import (
    EARLIEST_YEAR,
    ENERGY_UNITS,
    FINEST_PLACES,
    counting_number,
    exact_number,
    is_quality,
    unit_of,
)

DEFAULT_UNIT = "kWh"
NO_VALUE = "N"
MEASURED = "A"
TOO_LONG = LineFault(Fault.LINE_TOO_LONG, "The line is too long for the values of a day.")
_HOUR = 60
_LONGEST_RUN = 25 * _HOUR  # a local day on which summer time ends [min]
LONGEST_NAME = 64
_KNOWN_LETTERS = frozenset("ASFEN")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_LARGEST = 1 << 62


@lru_cache(maxsize=8192)
def instant_us(text: str) -> tuple[int, date]:
    """
    Return an instant written with its offset from UTC, in microseconds since 1970 UTC, and its date as written.

    :raises LineFault: it is not one, or says no offset: an hour in autumn is there twice.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise LineFault(Fault.BAD_DATE, f"{text[:40]!r} is not a date and time ({error}).") from error
    if moment.tzinfo is None:
        raise LineFault(Fault.BAD_DATE, f"{text[:40]!r} does not say its offset from UTC, as in +08:00.")
    if moment.year < EARLIEST_YEAR:
        raise LineFault(Fault.BAD_DATE, f"{text[:40]!r} is before {EARLIEST_YEAR}.")
    return (moment - _EPOCH) // _US, moment.date()


def channel_of(*, point: str, register: str, meter: str, uom: str, minutes: str) -> Channel:
    """
    Return the stream that a line is of.

    :raises LineFault: it names neither meter nor service point, an unknown unit, or no interval length that is kept.
    """
    if not (point or meter) or (point and not register):
        raise LineFault(Fault.MISSING_IDENTIFIER, "The line names no meter, or a service point without its register.")
    if max(len(point), len(register), len(meter)) > LONGEST_NAME:
        raise LineFault(Fault.MISSING_IDENTIFIER, "The meter, service point or register is too long to be one.")
    unit, places, length = _measure_of(uom or DEFAULT_UNIT, minutes)
    return Channel(point, register, meter, uom or DEFAULT_UNIT, unit, places, length)


@lru_cache(maxsize=1024)
def _measure_of(uom: str, minutes: str) -> tuple[str, int, int]:
    """Return base unit, decimal places to it, and interval length."""
    length = counting_number(minutes)
    if not length or _HOUR % length:
        raise LineFault(Fault.BAD_INTERVAL_LENGTH, f"The interval length {minutes[:40]!r} does not divide an hour.")
    unit, places = unit_of(uom)
    return unit, places, length


def micro(text: str, *, channel: Channel) -> int:
    """
    Return a value in 10^-6 of the base unit of its stream.

    :raises LineFault: not a number, too fine, too large, or negative where it may not be.
    """
    value = exact_number(text, places=channel.unit_places + FINEST_PLACES)
    if value < 0 and not may_be_negative(channel):
        raise LineFault(Fault.NEGATIVE_VALUE, f"{text[:40]!r} is negative.")
    if abs(value) >= _LARGEST:
        raise LineFault(Fault.VALUE_TOO_LARGE, f"{text[:40]!r} is too large.")
    return value


def may_be_negative(channel: Channel) -> bool:
    """Return whether values of a stream may be below 0: net streams, and what is no energy."""
    return channel.unit not in ENERGY_UNITS or channel.suffix.upper().startswith("N")


def letters_of(text: str, *, count: int) -> str:
    """
    Return the quality letter of each value; one flag holds for all of them, none means measured.

    :raises LineFault: an unknown flag, or not as many letters as values.
    """
    stated = text.upper() or MEASURED
    if is_quality(stated) and stated[0] in _KNOWN_LETTERS:
        return stated[0] * count
    if len(stated) != count or not _KNOWN_LETTERS.issuperset(stated):
        raise LineFault(Fault.UNKNOWN_QUALITY, f"The quality {text[:40]!r} is not known.")
    return stated


def check_length(channel: Channel, *, count: int) -> None:
    """
    Check that a run is no longer than a day.

    :raises LineFault: it is, or it has no values.
    """
    if not count:
        raise LineFault(Fault.MISSING_VALUE, "The line has no values.")
    if count * channel.interval_minutes > _LONGEST_RUN:
        raise LineFault(Fault.TOO_MANY_VALUES, f"{count} values of {channel.interval_minutes} minutes are over a day.")


@dataclass(slots=True)
class Gathered:
    """Runs of a chunk as they are read."""

    _place: dict[Channel, int] = field(default_factory=dict)
    _channel: list[int] = field(default_factory=list)
    _line: list[int] = field(default_factory=list)
    _start_us: list[int] = field(default_factory=list)
    _count: list[int] = field(default_factory=list)
    _values: list[int] = field(default_factory=list)
    _letters: list[str] = field(default_factory=list)
    _blocks: list[IntervalRuns] = field(default_factory=list)

    def add(self, channel: Channel, *, line: int, start_us: int, values: Sequence[int], letters: str) -> None:
        """Add one run."""
        self._channel.append(self.place(channel))
        self._line.append(line)
        self._start_us.append(start_us)
        self._count.append(len(values))
        self._values += values
        self._letters.append(letters)

    def place(self, channel: Channel) -> int:
        """Return the number of a stream."""
        return self._place.setdefault(channel, len(self._place))

    def add_block(self, *, channel: Int64, line: Int64, start_us: Int64, values: Int64, quality: Letters) -> None:
        """
        Add many runs of one length, after those that were added one by one.

        channel  (n,) numbers of ``place``
        line, start_us  (n,)
        values, quality  (n, count)
        """
        count = np.full(len(line), values.shape[1], dtype=np.int64)
        self._blocks.append(
            IntervalRuns(
                channel=channel,
                line=line,
                start_us=start_us,
                count=count,
                values=values.reshape(-1),
                quality=quality.reshape(-1),
            )
        )

    def columns(self) -> IntervalRuns:
        """Return the runs as columns."""
        single = IntervalRuns(
            channel=np.array(self._channel, dtype=np.int64),
            line=np.array(self._line, dtype=np.int64),
            start_us=np.array(self._start_us, dtype=np.int64),
            count=np.array(self._count, dtype=np.int64),
            values=np.array(self._values, dtype=np.int64),
            quality=np.frombuffer("".join(self._letters).encode("ascii"), dtype=np.uint8),
        )
        parts = [part for part in (single, *self._blocks) if len(part)]
        if not parts:
            return IntervalRuns()
        joined = IntervalRuns(
            channels=tuple(self._place),
            channel=np.concatenate([part.channel for part in parts]),
            line=np.concatenate([part.line for part in parts]),
            start_us=np.concatenate([part.start_us for part in parts]),
            count=np.concatenate([part.count for part in parts]),
            values=np.concatenate([part.values for part in parts]),
            quality=np.concatenate([part.quality for part in parts]),
        )
        # Of two values of one slot the one of the later line holds.
        return joined if len(parts) == 1 else joined.take(np.argsort(joined.line, kind="stable"))
