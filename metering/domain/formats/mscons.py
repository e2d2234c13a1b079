"""
MSCONS: consumption as German and Austrian markets report it, a message for each delivery, values between two instants.

    UNH+1+MSCONS:...            message
    LOC+172+location            where: market or metering location, the external id of the service point
    PIA+5+1-1?:1.29.0:SRW       which: OBIS code; the register's code is what follows the medium, ``1.29.0``
    QTY+220:0.125:KWH           value with its quality: 220 true, 67 substituted, 201 and Z18 provisional, 20 unusable
    DTM+163:...:303 DTM+164     begin and end, with their offset from UTC

Values of intervals that divide an hour are kept; others, and units that are no energy, are rejected by the number of
their segment. Names, addresses and contacts in a message are passed over: only the document keeps them.
[source: BDEW/EDI@Energy MSCONS message description 2.x; UN/ECE Recommendation 20 for units]
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from metering.domain.formats.batches import Batch, Format, Header
from metering.domain.formats.edifact import Segment, Segments
from metering.domain.formats.faults import Fault, LineFault, Note, Rejection, Remark
from metering.domain.formats.lines import Chunk
from metering.domain.formats.run_lines import Gathered, channel_of, instant_us, micro

_MESSAGE = "MSCONS"
_LETTERS = {"220": "A", "67": "S", "201": "E", "Z18": "E", "20": "N"}
_UNITS = {"KWH": "kWh", "MWH": "MWh", "WHR": "Wh", "K3": "kvarh"}
_OBIS = re.compile(r"(?:\d{1,3}-\d{1,3}:)?(([1-8])\d?\.\d{1,3}\.\d{1,3})(?:\*\d{1,3})?")
_REACTIVE = "345678"
_TIME = re.compile(r"(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})([+-]\d{2})")
_BEGIN, _END, _TIME_FORMAT = "163", "164", "303"
_MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Quantity:
    """
    One value as the message says it.

    number     of its segment
    location   "" where it is missing
    obis       "" where the message names none
    begin, end as they were written, "" where missing
    """

    number: int
    location: str
    obis: str
    qualifier: str
    value: str
    uom: str
    begin: str
    end: str
    raw: bytes


def boundary(data: bytes) -> int:
    """Return where a chunk may be cut: anywhere, since the reader keeps what a segment lacks."""
    return len(data)


class Walk:
    """Follows segments to the values in them; keeps where it stands between chunks."""

    def __init__(self) -> None:
        self._location, self._obis = "", ""
        self._open: list[str] | None = None
        self._number, self._raw = 0, b""
        self._is_message, self._has_message = False, False
        self._since, self._messages = 0, 0
        self._is_whole = False

    def through(
        self, segments: Iterable[Segment], *, remarks: list[Remark], rejections: list[Rejection]
    ) -> Iterator[Quantity]:
        """Yield the values that end in some segments."""
        for segment in segments:
            if not segment.tag:
                fault = LineFault(Fault.BROKEN_SEGMENT, "The segment does not begin with three letters.")
                rejections.append(fault.rejection(line=segment.number, raw=segment.raw))
                continue
            if segment.tag != "DTM" and self._open is not None:
                yield self._closed()
            if segment.tag in ("UNB", "UNH", "UNT", "UNZ"):
                self._frame(segment, remarks, rejections)
            elif self._is_message:
                self._note(segment)

    def finish(self) -> list[Remark]:
        """Return the remarks due at the end of the member."""
        if self._is_whole:
            return []
        return [Remark(self._number, Note.END_RECORD_MISSING, "The end of the interchange (UNZ) is missing.")]

    def _frame(self, segment: Segment, remarks: list[Remark], rejections: list[Rejection]) -> None:
        self._location, self._obis = "", ""
        match segment.tag:
            case "UNB":
                self._messages, self._is_whole = 0, False
            case "UNH":
                self._since, self._messages = segment.number, self._messages + 1
                self._is_message = segment.text(1) == _MESSAGE
                if not self._is_message:
                    fault = LineFault(Fault.UNKNOWN_RECORD, f"Messages of {segment.text(1)[:20]!r} are not read.")
                    rejections.append(fault.rejection(line=segment.number, raw=segment.raw))
            case "UNT":
                self._is_message = False
                self._count(segment, segment.number - self._since + 1, "segments", remarks)
            case "UNZ":
                self._is_whole = True
                self._count(segment, self._messages, "messages", remarks)

    def _count(self, segment: Segment, count: int, what: str, remarks: list[Remark]) -> None:
        if segment.text(0) != str(count):
            message = f"The footer counts {segment.text(0)[:20]} {what}; there are {count}."
            remarks.append(Remark(segment.number, Note.FOOTER_WRONG, message))

    def _note(self, segment: Segment) -> None:
        match segment.tag, segment.text(0):
            case "NAD", _:
                self._location, self._obis = "", ""
            case "LOC", _:
                self._location, self._obis = segment.text(1), ""
            case "LIN", _:
                self._obis = ""
            case "PIA", _:
                self._obis = segment.text(1)
            case "QTY", _:
                self._open = [segment.text(0), segment.text(0, 1), segment.text(0, 2), "", ""]
                self._number, self._raw = segment.number, segment.raw
            case "DTM", kind if kind in (_BEGIN, _END) and self._open is not None:
                is_known = segment.text(0, 2) == _TIME_FORMAT
                self._open[3 if kind == _BEGIN else 4] = segment.text(0, 1) if is_known else ""

    def _closed(self) -> Quantity:
        qualifier, value, uom, begin, end = self._open or [""] * 5
        self._open = None
        return Quantity(self._number, self._location, self._obis, qualifier, value, uom, begin, end, self._raw)


class Reader:
    """Reads the chunks of one MSCONS interchange, in order; lines of its rejections are numbers of segments."""

    def __init__(self, *, member: str, today: date) -> None:
        self._member = member
        self._today = today
        self._segments = Segments(member=member)
        self._walk = Walk()
        self._has_values = False

    def feed(self, chunk: Chunk) -> Batch:
        """
        Return the batch of a chunk.

        :raises FileRefused: a segment that does not end.
        """
        gathered = Gathered()
        rejections: list[Rejection] = []
        remarks: list[Remark] = []
        for quantity in self._walk.through(self._segments.feed(chunk.data), remarks=remarks, rejections=rejections):
            try:
                self._take(quantity, gathered)
            except LineFault as fault:
                rejections.append(fault.rejection(line=quantity.number, raw=quantity.raw))
        runs = gathered.columns()
        self._has_values = self._has_values or len(runs) > 0 or bool(rejections)
        return Batch(
            member=self._member,
            header=Header(Format.MSCONS),
            last_line=self._segments.count,
            runs=runs,
            rejections=tuple(rejections),
            remarks=tuple(remarks),
        )

    def finish(self) -> tuple[Remark, ...]:
        """
        Return the remarks due at the end of the member.

        :raises FileRefused: the last segment breaks off.
        """
        self._segments.finish()
        remarks = self._walk.finish()
        if not self._has_values:
            remarks.append(Remark(self._segments.count, Note.NO_DATA, "The messages have no values."))
        return tuple(remarks)

    def _take(self, quantity: Quantity, gathered: Gathered) -> None:
        found = _OBIS.fullmatch(quantity.obis)
        if not quantity.location or found is None:
            message = f"The value names no location, or {quantity.obis[:40]!r} is no register of electricity."
            raise LineFault(Fault.MISSING_IDENTIFIER, message)
        letter = _LETTERS.get(quantity.qualifier)
        if letter is None:
            raise LineFault(Fault.UNKNOWN_QUALITY, f"The qualifier {quantity.qualifier[:20]!r} is not a value's.")
        unit = _UNITS.get(quantity.uom.upper()) if quantity.uom else ("kvarh" if found[2] in _REACTIVE else "kWh")
        if unit is None:
            raise LineFault(Fault.UNKNOWN_UNIT, f"The unit {quantity.uom[:20]!r} is no energy.")
        start, day = _instant(quantity.begin)
        end, _ = _instant(quantity.end)
        if end <= start:
            raise LineFault(Fault.DATES_REVERSED, "The value ends before it begins.")
        if day > self._today:
            raise LineFault(Fault.DATE_IN_FUTURE, f"{quantity.begin} is in the future.")
        minutes = str((end - start) // _MINUTE_US)
        channel = channel_of(quantity.location, found[1], "", unit, minutes)
        value = micro(quantity.value.replace(",", ".", 1), channel)  # both are decimal marks in EDIFACT
        gathered.add(channel, line=quantity.number, start_us=start, values=[value], letters=letter)


def _instant(text: str) -> tuple[int, date]:
    found = _TIME.fullmatch(text)
    if found is None:
        raise LineFault(Fault.BAD_DATE, f"{text[:40]!r} is not an instant with its offset (format 303).")
    year, month, day, hour, minute, offset = found.groups()
    return instant_us(f"{year}-{month}-{day}T{hour}:{minute}{offset}:00")
