"""
Green Button: interval values as feeds of ESPI (NAESB REQ.21), of its versions 1.x to 4.0, plain or packed.

    UsagePoint     where; its path names the service point: what follows RetailCustomer, else UsagePoint
    MeterReading   one stream; what follows MeterReading in its path is the register's code
    ReadingType    what is measured: commodity, unit (uom 72 Wh, 73 varh), powerOfTenMultiplier, intervalLength
    IntervalBlock  readings: start (seconds since 1970 UTC), duration (seconds), value, quality

Resources may stand in any order. Electricity measured within intervals that divide an hour is kept; water, gas,
counters, other units and readings of days and months are rejected, one rejection a stream, with their count and sum.
Customers, addresses, costs and summaries are passed over: only the document keeps them. Names that are not the
supplier's own are given their register as names of foreign streams.

House rules. Readings of one block that begin at the same instant are parts of its interval and added up; the later
block holds. A reading that lasts for two or more intervals, up to two hours, as clocks make them in spring, is dealt to
them. In both cases the sum is the sender's and the split ours: the values count as estimated, and a remark counts them.
[source: NAESB REQ.21 ESPI, espi.xsd 4.0]
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from cis.kernel import fixed
from metering.domain.formats.batches import Batch, Channel, Format, Header
from metering.domain.formats.espi import BLOCK, READINGS_MOST, Entry, Reading, Walk, names_of
from metering.domain.formats.faults import Fault, FileRefused, LineFault, Note, Rejection, Remark
from metering.domain.formats.fields import FINEST_PLACES, exact_number
from metering.domain.formats.lines import Chunk
from metering.domain.formats.run_lines import MEASURED, Gathered, channel_of

SIGNS = (b"<feed", b"<entry", b":feed", b":entry")
UNITS = {"72": "Wh", "73": "varh"}
DIRECTION_NET = "4"
_ELECTRIC_SERVICE = "0"
_ELECTRIC_COMMODITIES = ("1", "2")
_UNSTATED = ("", "0")
_WITHIN_INTERVAL = ("", "0", "4")
_MOST_PLACES = 12
_HOUR_S = 3_600
_DEALT_MOST_S = 7_200
_DAY_S = 86_400
_GRACE_S = 12 * 3_600  # the file says UTC, and today is a local date
_SECONDS_MOST = 10**11
_ESTIMATED = "E"
_LETTERS = {"0": "A", "14": "A", "17": "A", "18": "A", "19": "A", "7": "S", "11": "S"}
"""Of ESPI's qualities of a reading: valid, raw, validated, verified, revenue; edited, derived; else estimated."""
_RANK = {"A": 0, "S": 1, "E": 2}


def is_feed(head: bytes) -> bool:
    """Return whether a file begins as XML of a feed."""
    return head.lstrip().startswith(b"<") and any(sign in head for sign in SIGNS)


def boundary(data: bytes) -> int:
    """Return where a chunk may be cut: anywhere, since the reader keeps what an element lacks."""
    return len(data)


@dataclass(frozen=True, slots=True)
class Kind:
    """
    What a reading type says, "" where it says nothing.

    interval_length  [s]
    """

    commodity: str
    uom: str
    multiplier: str
    accumulation: str
    direction: str
    interval_length: str

    @property
    def places(self) -> int:
        """
        Decimal places from the written values to the base unit.

        :raises LineFault: the multiplier is not one.
        """
        places = int(exact_number(self.multiplier or "0", places=0))
        if abs(places) > _MOST_PLACES:
            raise LineFault(Fault.VALUE_TOO_LARGE, f"The multiplier {places} is too large.")
        return places


@dataclass(slots=True)
class _Slot:
    """What is found of one interval. [10^-6 of the base unit]"""

    line: int
    value: int
    letter: str


@dataclass(slots=True)
class _Passed:
    """Readings that are left out for one reason."""

    line: int
    count: int = 0
    sum: int = 0


@dataclass(slots=True)
class _Sheet:
    """What comes of some readings of one stream: slots by length, block and start [s], and what is not kept."""

    slots: dict[tuple[int, int, int], _Slot] = field(default_factory=dict)
    too_long: dict[int, _Passed] = field(default_factory=dict)
    rejections: list[Rejection] = field(default_factory=list)
    shared: int = 0

    def put(self, key: tuple[int, int, int], *, line: int, value: int, letter: str) -> None:
        """
        Add a value to its slot; what is put together counts as estimated.

        :raises LineFault: the sum is too large.
        """
        held = self.slots.get(key)
        if held is None:
            self.slots[key] = _Slot(line, value, letter)
            return
        if abs(held.value + value) >= fixed.LIMIT:
            raise LineFault(Fault.VALUE_TOO_LARGE, "The readings of one interval are too large together.")
        held.value, held.letter, held.line = held.value + value, _ESTIMATED, line
        self.shared += 1


class Reader:
    """Reads the chunks of one feed, in order; lines of its rejections are those of the XML."""

    def __init__(self, *, member: str, today: date) -> None:
        self._member = member
        self._end_s = ((today - date(1970, 1, 1)).days + 1) * _DAY_S + _GRACE_S
        self._walk = Walk(member=member)
        self._services: dict[str, str] = {}
        self._kinds: dict[str, Kind] = {}
        self._kinds_of: dict[str, tuple[str, ...]] = {}
        self._waiting: dict[str, list[Reading]] = {}
        self._held = 0
        self._shared = 0
        self._has_values = False
        self._last_line = 0

    def feed(self, chunk: Chunk) -> Batch:
        """
        Return the batch of a chunk.

        :raises FileRefused: it is no feed, broken XML, or too much of it waits for its reading type.
        """
        for entry in self._walk.feed(chunk.data):
            self._note(entry)
        gathered = Gathered()
        rejections: list[Rejection] = []
        for stream in list(self._waiting):
            kind = self._kind(stream)
            if kind is not None or self._walk.is_whole:
                readings = self._waiting.pop(stream)
                self._held -= len(readings)
                rejections += self._deal(stream, kind, readings, gathered)
        if self._held > READINGS_MOST:
            message = "Too many readings stand before their reading type."
            raise FileRefused(message, fault=Fault.TOO_MANY_VALUES, member=self._member)
        runs = gathered.columns()
        self._last_line = chunk.last_line
        self._has_values = self._has_values or len(runs) > 0 or bool(rejections)
        return Batch(
            member=self._member,
            header=Header(Format.GREEN_BUTTON),
            last_line=self._last_line,
            runs=runs,
            rejections=tuple(sorted(rejections, key=lambda rejection: rejection.line)),
        )

    def finish(self) -> tuple[Remark, ...]:
        """
        Return the remarks due at the end of the member.

        :raises FileRefused: the XML breaks off.
        """
        self._walk.finish()
        remarks = []
        if not self._has_values:
            remarks.append(Remark(self._last_line, Note.NO_DATA, "The feed has no readings."))
        if self._shared:
            message = f"{self._shared} readings share an interval, or last for several; their values are estimated."
            remarks.append(Remark(self._last_line, Note.INTERVALS_SHARED, message))
        return tuple(remarks)

    def _note(self, entry: Entry) -> None:
        own = entry.link("self")
        related = tuple(path for rel, path in entry.links if rel == "related")
        if "UsagePoint" in entry.resources:
            service = entry.leaves.get("UsagePoint/ServiceCategory/kind", "")
            self._services.update(dict.fromkeys((own, *related), service))
        if "MeterReading" in entry.resources:
            self._kinds_of[own] = related
        if "ReadingType" in entry.resources:
            self._kinds[own] = _kind_of(entry)
        if BLOCK in entry.resources and entry.readings:
            stream = (own or entry.link("up")).partition(f"/{BLOCK}")[0]
            self._waiting.setdefault(stream, []).extend(entry.readings)
            self._held += len(entry.readings)

    def _kind(self, stream: str) -> Kind | None:
        stated = (self._kinds[path] for path in self._kinds_of.get(stream, ()) if path in self._kinds)
        found = next(stated, None)
        if found is None and self._walk.is_whole and len(self._kinds) == 1:
            return next(iter(self._kinds.values()))
        return found

    def _deal(self, stream: str, kind: Kind | None, readings: list[Reading], gathered: Gathered) -> list[Rejection]:
        """Add the readings of a stream; return what is wrong with it, or with some of them."""
        first = readings[0].line
        if kind is None:
            fault = LineFault(Fault.RECORD_OUT_OF_PLACE, f"{len(readings)} readings have no reading type.")
            return [fault.rejection(line=first, raw=stream.encode())]
        try:
            unit = _unit(kind, service=self._service(stream), count=len(readings))
            point, code = names_of(stream)
            return self._lay(kind, readings, _Stream(point, code, unit, kind.places), gathered)
        except LineFault as fault:
            return [fault.rejection(line=first, raw=stream.encode())]

    def _service(self, stream: str) -> str:
        point = stream.partition("/MeterReading")[0]
        return self._services.get(point, "") or self._services.get(stream, "")

    def _lay(self, kind: Kind, readings: list[Reading], stream: "_Stream", gathered: Gathered) -> list[Rejection]:
        nominal = _nominal(kind, readings)
        sheet = _Sheet()
        for reading in readings:
            try:
                self._place(reading, kind, nominal=nominal, places=stream.places, sheet=sheet)
            except LineFault as fault:
                raw = f"{reading.start},{reading.duration},{reading.value}".encode()
                sheet.rejections.append(fault.rejection(line=reading.line, raw=raw))
        self._shared += sheet.shared
        for (length, _, start), slot in sheet.slots.items():
            channel = stream.channel(length)
            gathered.add(channel, line=slot.line, start_us=start * 1_000_000, values=[slot.value], letters=slot.letter)
        return sheet.rejections + [
            _too_long(length, passed, stream.unit) for length, passed in sorted(sheet.too_long.items())
        ]

    def _place(self, reading: Reading, kind: Kind, *, nominal: int, places: int, sheet: _Sheet) -> None:
        """
        Put a reading into its slots.

        :raises LineFault: something in it is not what it should be.
        """
        start, duration = _seconds(reading.start), _seconds(reading.duration)
        if start >= self._end_s:
            raise LineFault(Fault.DATE_IN_FUTURE, f"The reading of {start} is in the future.")
        value = _value(reading.value, places=places, may_be_negative=kind.direction == DIRECTION_NET)
        letter = max(
            (_LETTERS.get(code, _ESTIMATED) for code in reading.qualities), key=_RANK.__getitem__, default=MEASURED
        )
        if duration == 0 and nominal:
            sheet.put((nominal, reading.block, start), line=reading.line, value=value, letter=_ESTIMATED)
        elif duration and _HOUR_S % duration == 0:
            sheet.put((duration, reading.block, start), line=reading.line, value=value, letter=letter)
        elif nominal and duration % nominal == 0 and duration <= _DEALT_MOST_S:
            shares = fixed.share(np.array([value]), np.ones(duration // nominal, dtype=np.int64))[0].tolist()
            sheet.shared += 1
            for at, part in enumerate(shares):
                key = (nominal, reading.block, start + at * nominal)
                sheet.put(key, line=reading.line, value=part, letter=_ESTIMATED)
        else:
            passed = sheet.too_long.setdefault(duration, _Passed(reading.line))
            passed.count, passed.sum = passed.count + 1, passed.sum + value


@dataclass(frozen=True, slots=True)
class _Stream:
    """A stream as its path names it."""

    point: str
    code: str
    unit: str
    places: int

    def channel(self, length_s: int) -> Channel:
        """
        Return its channel of one interval length.

        :raises LineFault: its names are missing or too long.
        """
        return channel_of(point=self.point, register=self.code, meter="", uom=self.unit, minutes=str(length_s // 60))


def _kind_of(entry: Entry) -> Kind:
    def leaf(name: str) -> str:
        return entry.leaves.get(f"ReadingType/{name}", "")

    return Kind(
        commodity=leaf("commodity"),
        uom=leaf("uom"),
        multiplier=leaf("powerOfTenMultiplier"),
        accumulation=leaf("accumulationBehaviour"),
        direction=leaf("flowDirection"),
        interval_length=leaf("intervalLength"),
    )


def _unit(kind: Kind, *, service: str, count: int) -> str:
    """
    Return the base unit of a stream of electricity measured within intervals.

    :raises LineFault: it is none.
    """
    is_electric = service in ("", _ELECTRIC_SERVICE) if kind.commodity in _UNSTATED else (
        kind.commodity in _ELECTRIC_COMMODITIES
    )  # fmt: skip
    if not is_electric:
        message = f"{count} readings are of another commodity ({kind.commodity or service}), not of electricity."
        raise LineFault(Fault.NOT_ELECTRICITY, message)
    if kind.accumulation not in _WITHIN_INTERVAL:
        message = f"{count} readings are not what was used within intervals (accumulation {kind.accumulation})."
        raise LineFault(Fault.NOT_WITHIN_INTERVALS, message)
    if kind.uom not in UNITS:
        raise LineFault(Fault.UNKNOWN_UNIT, f"{count} readings are of the unit {kind.uom[:20]!r}, which is no energy.")
    return UNITS[kind.uom]


def _nominal(kind: Kind, readings: Sequence[Reading]) -> int:
    """Return the interval length of a stream, stated or the most frequent, 0 when it does not divide an hour. [s]"""
    stated = kind.interval_length
    usual = stated if stated.isdecimal() and int(stated) else Counter(r.duration for r in readings).most_common(1)[0][0]
    length = int(usual) if usual.isascii() and usual.isdecimal() else 0
    return length if length and _HOUR_S % length == 0 and length % 60 == 0 else 0


def _seconds(text: str) -> int:
    """
    Return a count of seconds.

    :raises LineFault: it is not one.
    """
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(_SECONDS_MOST)):
        raise LineFault(Fault.BAD_DATE, f"{text[:40]!r} is not a count of seconds.")
    return int(text)


def _value(text: str, *, places: int, may_be_negative: bool) -> int:
    """
    Return a value in 10^-6 of the base unit.

    :raises LineFault: it is missing, no number, finer than that, or negative where it may not be.
    """
    if not text:
        raise LineFault(Fault.MISSING_VALUE, "The reading has no value.")
    finest = places + FINEST_PLACES
    value = exact_number(text, places=max(finest, 0))
    if finest < 0:
        value, below = divmod(value, 10**-finest)
        if below:
            raise LineFault(Fault.TOO_PRECISE, f"{text[:40]!r} x 10^{places} is finer than what is kept.")
    if value < 0 and not may_be_negative:
        raise LineFault(Fault.NEGATIVE_VALUE, f"{text[:40]!r} is negative.")
    return value


def _too_long(length: int, passed: _Passed, unit: str) -> Rejection:
    total = fixed.to_text(passed.sum, places=FINEST_PLACES)
    message = f"{passed.count} readings of {length} seconds, together {total} {unit}, do not divide an hour."
    return LineFault(Fault.INTERVAL_TOO_LONG, message).rejection(line=passed.line)
