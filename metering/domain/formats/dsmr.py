"""
DSMR P1 telegrams: what the port of a Dutch, Belgian or Luxembourgish meter says, one telegram after the other.

A telegram begins with ``/`` and the maker's sign, ends with ``!`` and the checksum (CRC-16/ARC over all from ``/`` to
``!``), and holds one object a line: an OBIS code with its value, ``1-0:1.8.1(001581.123*kWh)``. Counters of energy are
read: 1.8.x drawn, 2.8.x delivered, 3.8.x and 4.8.x reactive; the register's code is the OBIS code without its medium,
``1.8.1``. All else (power, voltage, gas, events) is passed over. [source: DSMR P1 Companion Standard 5.0.2]

A telegram whose checksum is wrong, that breaks off, or that does not say which meter or when is rejected at its first
line; before DSMR 4 there is no time, and whoever brings the file may say the date. The meter's name is 0-0:96.1.1,
written out where it is hexadecimal text.

House rules. A port speaks each second, and a counter value counts at the start of its date: of several telegrams of a
meter and date the first is taken. Digits below 1 Wh are cut, since a counter has counted whole ones. Both are remarked.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from metering.domain.formats.batches import SUPPLIERS_CLOCK, Batch, CounterReads, Format, Header
from metering.domain.formats.faults import Fault, LineFault, Note, Rejection, Remark
from metering.domain.formats.fields import exact_number, instant_of, unit_of, whole_digits
from metering.domain.formats.lines import Chunk
from metering.domain.reads import day_of

_BEGIN, _END = b"/", b"!"
_IDENTITIES = ("0-0:96.1.1", "1-0:0.0.0", "0-0:42.0.0")
_CLOCK = "0-0:1.0.0"
_ENERGY = re.compile(r"1-\d{1,3}:([1-4]\.8\.\d{1,3})")
_OBJECT = re.compile(r"(\d{1,3}-\d{1,3}:\d{1,3}\.\d{1,3}\.\d{1,3})(?:\*\d{1,3})?\((.*)\)")
_TIME = re.compile(r"(\d{12})([SW]?)")
_OFFSETS = {"W": 60, "S": 120, "": SUPPLIERS_CLOCK}
"""Minutes that the clock of the meter is ahead of UTC: Central European winter and summer time."""
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_CHECKSUM = re.compile(rb"[0-9A-Fa-f]{1,4}")
_POLYNOMIAL = 0xA001
_COUNTED_UNITS = ("Wh", "varh")
_LONGEST_NAME = 64
_DAY_SECONDS = 86_400
_HEADER = re.compile(rb"/[A-Za-z0-9]{3}.*")
_OBJECT_LINE = re.compile(rb"\n\d{1,3}-\d{1,3}:\d{1,3}\.\d{1,3}\.\d{1,3}[(*]")


def is_telegram(head: bytes) -> bool:
    """Return whether a file begins with a telegram; ``head`` has line feeds as line ends."""
    text = head.lstrip(b"\n \t")
    return _HEADER.match(text) is not None and _OBJECT_LINE.search(text) is not None


def boundary(data: bytes) -> int:
    """Return where a chunk may be cut: behind the last telegram that ended."""
    end = data.rfind(b"\n" + _END)
    return data.find(b"\n", end + 1) + 1 if end >= 0 else 0


def crc16_arc(data: bytes) -> int:
    """Return the CRC-16/ARC of some bytes: polynomial x^16 + x^15 + x^2 + 1, reflected, from 0."""
    crc = 0
    for byte in data:
        crc = (crc >> 8) ^ _CRCS[(crc ^ byte) & 0xFF]
    return crc


def _crc_of_byte(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
    return value


_CRCS = tuple(_crc_of_byte(value) for value in range(256))


@dataclass(frozen=True, slots=True)
class Telegram:
    """
    One telegram as it was written.

    line      number of its first line
    data      its bytes from ``/`` to ``!``
    checksum  what stands behind ``!``, without blanks; empty before DSMR 4
    objects   its values by OBIS code, each with its line: the text between the outer brackets
    """

    line: int
    data: bytes
    checksum: bytes
    objects: dict[str, tuple[int, str]]

    @property
    def title(self) -> bytes:
        """Its first line."""
        return self.data.split(b"\n", 1)[0].rstrip(b"\r")

    def text(self, code: str) -> str:
        """Return the value of an object, "" when it is not there."""
        return self.objects.get(code, (0, ""))[1]

    def check(self) -> None:
        """
        Compare the checksum; a telegram that has a time is of an age to have one.

        :raises LineFault: it is missing or wrong.
        """
        if not self.checksum and not self.text(_CLOCK):
            return
        # A file that lost its carriage returns on the way is still the telegram that the meter signed.
        sent = self.data if b"\r" in self.data else self.data.replace(b"\n", b"\r\n")
        if _CHECKSUM.fullmatch(self.checksum) is None or int(self.checksum, 16) != crc16_arc(sent):
            raise LineFault(Fault.BAD_CHECKSUM, "The checksum of the telegram is missing or wrong.")

    def meter(self) -> str:
        """
        Return the meter's name.

        :raises LineFault: it says none.
        """
        stated = next((text for text in map(self.text, _IDENTITIES) if text), "")
        if not stated or len(stated) > _LONGEST_NAME:
            raise LineFault(Fault.MISSING_IDENTIFIER, "The telegram does not say which meter it is of (0-0:96.1.1).")
        if _HEX.fullmatch(stated):
            spelt = bytes.fromhex(stated)
            if spelt.isalnum():
                return spelt.decode("ascii")
        return stated

    def time(self, *, taken_date: date | None) -> tuple[int, int]:
        """
        Return the time on its clock in seconds since 1970, and minutes of the clock ahead of UTC.

        taken_date  at whose start it counts if it has no time; None: nobody said it

        :raises LineFault: it has none, or one that is not a time.
        """
        stated = self.text(_CLOCK)
        if not stated and taken_date is not None:
            return (taken_date - date(1970, 1, 1)).days * _DAY_SECONDS, SUPPLIERS_CLOCK
        if not stated:
            raise LineFault(Fault.NO_TIME, "The telegram does not say when it was written.")
        found = _TIME.fullmatch(stated)
        if found is None:
            raise LineFault(Fault.BAD_DATE, f"{stated[:40]!r} is not the time of a telegram.")
        return instant_of(f"20{found[1]}"), _OFFSETS[found[2]]


def telegrams(chunk: Chunk) -> Iterator[Telegram | Rejection]:
    """Yield the telegrams of a chunk, and a rejection for each that breaks off; lines between them are passed over."""
    pieces: list[bytes] = []
    first = 0
    for line, raw in enumerate(chunk.data.split(b"\n"), start=chunk.first_line):
        if raw.startswith(_BEGIN):
            if pieces:
                yield _unfinished(first, pieces)
            pieces, first = [raw], line
        elif raw.startswith(_END) and pieces:
            data = b"\n".join([*pieces, _END])
            yield Telegram(first, data, raw[1:].strip(), _objects(pieces, first))
            pieces = []
        elif pieces:
            pieces.append(raw)
    if pieces:
        yield _unfinished(first, pieces)


def _unfinished(line: int, pieces: list[bytes]) -> Rejection:
    fault = LineFault(Fault.TELEGRAM_CUT_OFF, "The telegram does not end.")
    return fault.rejection(line=line, raw=pieces[0])


def _objects(pieces: list[bytes], first: int) -> dict[str, tuple[int, str]]:
    found: dict[str, tuple[int, str]] = {}
    for line, raw in enumerate(pieces, start=first):
        match = _OBJECT.fullmatch(raw.decode("ascii", errors="replace").strip())
        if match is not None:
            found.setdefault(match[1], (line, match[2]))
    return found


@dataclass(slots=True)
class _Taken:
    """The reads of a chunk, column by column."""

    meter: list[str] = field(default_factory=list)
    register: list[str] = field(default_factory=list)
    line: list[int] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    offset: list[int] = field(default_factory=list)
    reading_wh: list[int] = field(default_factory=list)
    digits: list[int] = field(default_factory=list)
    unit: list[str] = field(default_factory=list)

    def columns(self) -> CounterReads:
        count = len(self.line)
        return CounterReads(
            meter=self.meter,
            register=self.register,
            line=np.array(self.line, dtype=np.int64),
            read_at=np.array(self.at, dtype=np.int64).astype("datetime64[s]"),
            utc_offset_minutes=np.array(self.offset, dtype=np.int64),
            reading_wh=np.array(self.reading_wh, dtype=np.int64),
            digits=np.array(self.digits, dtype=np.int64),
            unit=self.unit,
            kind=["actual"] * count,
            note=[""] * count,
        )


class Reader:
    """Reads the chunks of one file of telegrams, in order."""

    def __init__(self, *, member: str, today: date, taken_date: date | None = None) -> None:
        self._member = member
        self._taken_date = taken_date
        self._tomorrow_at = ((today - date(1970, 1, 1)).days + 1) * _DAY_SECONDS
        self._days: set[tuple[str, int]] = set()
        self._passed = 0
        self._cut_at = 0
        self._has_reads = False
        self._last_line = 0

    def feed(self, chunk: Chunk) -> Batch:
        """Return the batch of a chunk."""
        taken = _Taken()
        rejections: list[Rejection] = []
        for found in telegrams(chunk):
            if isinstance(found, Rejection):
                rejections.append(found)
                continue
            try:
                rejections += self._take(found, taken)
            except LineFault as fault:
                rejections.append(fault.rejection(line=found.line, raw=found.title))
        self._last_line = chunk.last_line
        self._has_reads = self._has_reads or bool(taken.line) or bool(rejections)
        return Batch(
            member=self._member,
            header=Header(Format.DSMR),
            last_line=self._last_line,
            reads=taken.columns(),
            rejections=tuple(rejections),
        )

    def finish(self) -> tuple[Remark, ...]:
        """Return the remarks due at the end of the member."""
        remarks = []
        if not self._has_reads:
            remarks.append(Remark(self._last_line, Note.NO_DATA, "No telegram has a counter of energy."))
        if self._passed:
            message = f"{self._passed} telegrams of dates that had one are passed over."
            remarks.append(Remark(self._last_line, Note.SAME_DATE, message))
        if self._cut_at:
            remarks.append(Remark(self._cut_at, Note.FINER_THAN_WH, "Digits below 1 Wh are cut."))
        return tuple(remarks)

    def _take(self, telegram: Telegram, taken: _Taken) -> list[Rejection]:
        """
        Add the counters of a telegram; return what is wrong with some of them.

        :raises LineFault: nothing of the telegram can be taken.
        """
        telegram.check()
        energy = {code: found for code, found in telegram.objects.items() if _ENERGY.fullmatch(code)}
        if not energy:
            return []
        meter = telegram.meter()
        at, offset = telegram.time(taken_date=self._taken_date)
        if at >= self._tomorrow_at:
            raise LineFault(
                Fault.DATE_IN_FUTURE, f"The telegram of {telegram.text(_CLOCK) or self._taken_date} is of the future."
            )
        day = int(day_of(np.array([at], dtype=np.int64))[0])
        if (meter, day) in self._days:
            self._passed += 1
            return []
        self._days.add((meter, day))
        rejections = []
        for code, (line, text) in energy.items():
            try:
                reading, unit = self._reading(text, line)
            except LineFault as fault:
                rejections.append(fault.rejection(line=line, raw=f"{code}({text})".encode()))
                continue
            taken.meter.append(meter)
            taken.register.append(code.partition(":")[2])
            taken.line.append(line)
            taken.at.append(at)
            taken.offset.append(offset)
            taken.reading_wh.append(reading)
            taken.digits.append(whole_digits(text))
            taken.unit.append(unit)
        return rejections

    def _reading(self, text: str, line: int) -> tuple[int, str]:
        """
        Return a counter value in Wh or varh, and which of the two.

        :raises LineFault: it is not one.
        """
        number, _, uom = text.partition("*")
        unit, places = unit_of(uom)
        if unit not in _COUNTED_UNITS:
            raise LineFault(Fault.UNKNOWN_UNIT, f"The unit {uom[:20]!r} is not one that a register counts.")
        whole, point, below = number.partition(".")
        if below[places:].strip("0") and below.isascii() and below.isdigit():
            number, self._cut_at = f"{whole}{point}{below[:places]}".rstrip("."), self._cut_at or line
        reading = exact_number(number, places=places)
        if reading < 0:
            raise LineFault(Fault.NEGATIVE_VALUE, f"The counter value {number!r} is negative.")
        return reading, unit
