"""
CSV of register reads: our own format, a line for each counter value.

First line: the column names, in any order and letter case, English or Chinese; then one read a line. Separators are
commas, semicolons or tabs, as in the first line. Text is UTF-8 (with or without its mark) or GB18030.

    column    also named                     meaning
    meter     表号 电表号 电能表号 资产编号     serial number of the meter (needed)
    register  示数类型 费率                    total, sharp, peak, flat, valley (总 尖 峰 平 谷), a NEM12 suffix ...;
                                             empty or no column: the meter's only register
    read_at   抄表时间 抄表日期                 local date, or date and time (needed): 2026-07-31, 2026/7/31 9:30,
                                             2026-07-31T09:30:00, 20260731, 2026年7月31日; a date alone is its 00:00,
                                             24:00 is the 00:00 of the next day
    reading   示数 表示数 止码                  counter value before the multiplier (needed): digits and a point
    unit      单位                            as kWh if left out; else Wh, MWh, varh, kvarh, Mvarh, and kW, W, MW of
                                             registers that show demand
    kind      抄表方式 示数来源                 actual (实抄) if left out; estimated (估抄), customer (自报),
                                             initial (装表), final (拆表)
    note      备注                            free text

A line is one read: a field does not run over lines. A line that is wrong is rejected, the others are read. A file
without the needed columns, or with a column twice, is refused. Other columns are ignored with a remark.
"""

import csv
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

import numpy as np

from metering.domain.formats.batches import Batch, CounterReads, Format, Header
from metering.domain.formats.faults import Fault, FileRefused, LineFault, Note, Rejection, Remark
from metering.domain.formats.fields import EARLIEST_YEAR, exact_number, unit_of, whole_digits
from metering.domain.formats.lines import UTF8_MARK, Chunk
from metering.domain.formats.nem_frame import is_blank

_COLUMNS = {
    "meter": ("meter", "meter_serial", "meter_number", "表号", "电表号", "电能表号", "资产编号"),
    "register": ("register", "register_code", "示数类型", "费率"),
    "read_at": ("read_at", "read_date", "抄表时间", "抄表日期"),
    "reading": ("reading", "示数", "表示数", "止码"),
    "unit": ("unit", "uom", "单位"),
    "kind": ("kind", "抄表方式", "示数来源"),
    "note": ("note", "备注"),
}
_NEEDED = ("meter", "read_at", "reading")
_COLUMN_OF = {alias: column for column, aliases in _COLUMNS.items() for alias in aliases}

_REGISTERS = {
    **dict.fromkeys(("总", "有功总", "正向有功总"), "total"),
    **dict.fromkeys(("尖", "有功尖", "正向有功尖"), "sharp"),
    **dict.fromkeys(("峰", "有功峰", "正向有功峰"), "peak"),
    **dict.fromkeys(("平", "有功平", "正向有功平"), "flat"),
    **dict.fromkeys(("谷", "有功谷", "正向有功谷"), "valley"),
    **dict.fromkeys(("需量", "最大需量", "正向有功最大需量"), "demand"),
    **dict.fromkeys(("尖需量", "尖最大需量"), "demand-sharp"),
    **dict.fromkeys(("峰需量", "峰最大需量"), "demand-peak"),
    **dict.fromkeys(("平需量", "平最大需量"), "demand-flat"),
    **dict.fromkeys(("谷需量", "谷最大需量"), "demand-valley"),
}
_KINDS = {
    **dict.fromkeys(("", "actual", "实抄", "抄见", "正常"), "actual"),
    **dict.fromkeys(("estimated", "估抄", "估算"), "estimated"),
    **dict.fromkeys(("customer", "自报", "客户自报"), "customer"),
    **dict.fromkeys(("initial", "装表", "起码"), "initial"),
    **dict.fromkeys(("final", "拆表", "止码"), "final"),
}
_COUNTED_UNITS = ("Wh", "varh", "W")
_DEFAULT_UNIT = "kWh"
_SEPARATORS = (",", ";", "\t")
_ENCODINGS = ("utf-8", "gb18030")
_LONGEST_NAME = 64
_LONGEST_NOTE = 500
_MOST_DIGITS = 12
_HEADER_SIGNS = 2  # column names that make a first line a header
_DAY_HOURS = 24
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  (local time of the supplier)
_DATE = re.compile(
    r"([0-9]{4})(?:([-/.])([0-9]{1,2})\2([0-9]{1,2})|([0-9]{2})([0-9]{2})|年([0-9]{1,2})月([0-9]{1,2})日)"
)
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.0+)?)?")


@dataclass(frozen=True, slots=True)
class _Read:
    """One line; ``at`` in seconds since 1970, local; ``unit`` "" where the line has none."""

    line: int
    meter: str
    register: str
    at: int
    reading_wh: int
    digits: int
    unit: str
    kind: str
    note: str


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which field is which column, and what separates them."""

    separator: str
    places: dict[str, int]
    width: int


def is_header(line: bytes) -> bool:
    """Return whether a first line names columns of this format."""
    return any(_known_names(line, encoding) >= _HEADER_SIGNS for encoding in _ENCODINGS)


def _known_names(line: bytes, encoding: str) -> int:
    try:
        text = line.removeprefix(UTF8_MARK).decode(encoding)
    except UnicodeDecodeError:
        return 0
    return max(
        len({_COLUMN_OF[name] for name in map(plain_name, text.split(separator)) if name in _COLUMN_OF})
        for separator in _SEPARATORS
    )


def plain_name(text: str) -> str:
    """Return a column's name as it is compared: without blanks around it, quotation marks and letter case."""
    return text.strip(' \t\r"').casefold().replace(" ", "_")


class Reader:
    """Reads the chunks of one CSV member, in order."""

    def __init__(self, *, member: str, today: date) -> None:
        self._member = member
        self._today = today
        self._encoding: str | None = None
        self._layout: _Layout | None = None
        self._has_reads = False
        self._last_line = 0

    def feed(self, chunk: Chunk) -> Batch:
        """
        Return the batch of a chunk.

        :raises FileRefused: a needed column is missing, or one stands twice.
        """
        reads: list[_Read] = []
        rejections: list[Rejection] = []
        remarks: list[Remark] = []
        if self._encoding is None:
            self._encoding = _encoding_of(chunk.data)
        for line, raw in chunk.numbered():
            if is_blank(raw.replace(b";", b"")):
                continue
            try:
                text = self._text(raw, is_whole=not chunk.too_long)
                if self._layout is None:
                    self._layout, ignored = self._layout_of(text, line)
                    remarks += ignored
                else:
                    reads.append(_read_of(self._layout, text, line=line, today=self._today))
            except LineFault as fault:
                rejections.append(fault.rejection(line=line, raw=raw))
        self._last_line = chunk.last_line
        self._has_reads = self._has_reads or bool(reads) or bool(rejections)
        return Batch(
            member=self._member,
            header=Header(Format.CSV),
            last_line=self._last_line,
            reads=_columns(reads),
            rejections=tuple(rejections),
            remarks=tuple(remarks),
        )

    def finish(self) -> tuple[Remark, ...]:
        """Return the remarks due at the end of the member."""
        if self._has_reads:
            return ()
        return (Remark(self._last_line, Note.NO_DATA, "The file has no reads."),)

    def _text(self, raw: bytes, *, is_whole: bool) -> str:
        """
        Decode a line.

        :raises LineFault: it is not text of the file's encoding, has control characters, or is far too long.
        """
        if not is_whole:
            raise LineFault(Fault.LINE_TOO_LONG, "The line is too long for a read.")
        try:
            text = raw.decode(self._encoding or "utf-8")
        except UnicodeDecodeError as error:
            raise LineFault(Fault.UNREADABLE_TEXT, f"The line is not {self._encoding or 'utf-8'} text.") from error
        if not text.isprintable() and any(sign < " " and sign != "\t" for sign in text):
            raise LineFault(Fault.CONTROL_CHARACTER, "The line has a control character.")
        return text

    def _layout_of(self, text: str, line: int) -> tuple[_Layout, list[Remark]]:
        separator = max(_SEPARATORS, key=text.count)
        names = split_line(text, separator)
        places: dict[str, int] = {}
        remarks = []
        for place, name in enumerate(names):
            column = _COLUMN_OF.get(plain_name(name))
            if column is None and name:
                remarks.append(Remark(line, Note.COLUMN_IGNORED, f"The column {name[:40]!r} is not used."))
            elif column in places:
                raise self._refused(Fault.DUPLICATE_COLUMN, f"The column {column!r} stands twice.", line)
            elif column is not None:
                places[column] = place
        if missing := [column for column in _NEEDED if column not in places]:
            raise self._refused(Fault.MISSING_COLUMN, f"The file has no column {', '.join(missing)}.", line)
        return _Layout(separator, places, len(names)), remarks

    def _refused(self, fault: Fault, message: str, line: int) -> FileRefused:
        return FileRefused(message, fault=fault, member=self._member, line=line)


def _encoding_of(data: bytes) -> str | None:
    """Return what most of the lines beyond ASCII are written in, None when all are ASCII."""
    lines = [line for line in data.split(b"\n") if not line.isascii()]
    valid = sum(_is_utf8(line) for line in lines)
    return ("utf-8" if 2 * valid > len(lines) else "gb18030") if lines else None


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def split_line(text: str, separator: str) -> list[str]:
    """
    Return the fields of a line, outer blanks cut off.

    :raises LineFault: an unclosed quotation mark.
    """
    try:
        return [field.strip() for field in next(csv.reader([text], delimiter=separator, strict=True))]
    except csv.Error as error:
        raise LineFault(Fault.UNCLOSED_QUOTE, f"The line cannot be split into fields ({error}).") from error


def _read_of(layout: _Layout, text: str, *, line: int, today: date) -> _Read:
    """
    Return the read of a line.

    :raises LineFault: a field is missing or wrong.
    """
    fields = split_line(text, layout.separator)
    if any(fields[layout.width :]):
        raise LineFault(Fault.WRONG_FIELD_COUNT, f"The line has {len(fields)} fields where {layout.width} are named.")
    values = {name: fields[place] if place < len(fields) else "" for name, place in layout.places.items()}
    for name in _NEEDED:
        if not values[name]:
            raise LineFault(Fault.MISSING_VALUE, f"The field {name!r} is empty.")
    meter, register = values["meter"], values.get("register", "")
    if max(len(meter), len(register)) > _LONGEST_NAME:
        raise LineFault(Fault.MISSING_IDENTIFIER, "The meter or register is too long to be one.")
    kind = _KINDS.get(values.get("kind", "").casefold())
    if kind is None:
        raise LineFault(Fault.UNKNOWN_KIND, f"The kind {values['kind'][:40]!r} is not known.")
    at = _local_second(values["read_at"])
    if at >= ((today - _EPOCH.date()).days + 1) * _DAY_HOURS * 3600:
        raise LineFault(Fault.DATE_IN_FUTURE, f"The date {values['read_at']} is in the future.")
    uom = values.get("unit", "")
    return _Read(
        line=line,
        meter=meter,
        register=_REGISTERS.get(register, register),
        at=at,
        reading_wh=_reading_wh(values["reading"], uom or _DEFAULT_UNIT),
        digits=whole_digits(values["reading"]),
        unit=unit_of(uom)[0] if uom else "",
        kind=kind,
        note=values.get("note", "")[:_LONGEST_NOTE],
    )


def _reading_wh(text: str, uom: str) -> int:
    unit, places = unit_of(uom)
    if unit not in _COUNTED_UNITS:
        raise LineFault(Fault.UNKNOWN_UNIT, f"The unit {uom!r} is not one that a register counts.")
    reading = exact_number(text, places=places)
    if reading < 0:
        raise LineFault(Fault.NEGATIVE_VALUE, f"The counter value {text!r} is negative.")
    if len(str(reading)) > _MOST_DIGITS + 3:
        raise LineFault(Fault.VALUE_TOO_LARGE, f"{text!r} is beyond what a register can show.")
    return reading


@lru_cache(maxsize=8192)
def _local_second(text: str) -> int:
    """
    Return a local date, or date and time, as seconds since 1970. [s]

    :raises LineFault: it is not one.
    """
    found = _DATE.match(text)
    rest = text[found.end() :].lstrip(" T") if found else ""
    time = _TIME.fullmatch(rest or "0:00")
    if found is None or time is None:
        raise LineFault(Fault.BAD_DATE, f"{text[:40]!r} is not a date or a date and time.")
    year, month, day = (
        int(part) for part in (found[1], found[3] or found[5] or found[7], found[4] or found[6] or found[8])
    )
    hour, minute, second = int(time[1]), int(time[2]), int(time[3] or 0)
    is_midnight_after = hour == _DAY_HOURS and minute == second == 0
    try:
        moment = datetime(year, month, day, 0 if is_midnight_after else hour, minute, second)  # noqa: DTZ001
    except ValueError as error:
        raise LineFault(Fault.BAD_DATE, f"{text[:40]!r} is not a date ({error}).") from error
    if year < EARLIEST_YEAR:
        raise LineFault(Fault.BAD_DATE, f"{text[:40]!r} is before {EARLIEST_YEAR}.")
    return int((moment + timedelta(days=is_midnight_after) - _EPOCH).total_seconds())


def _columns(reads: list[_Read]) -> CounterReads:
    return CounterReads(
        meter=[read.meter for read in reads],
        register=[read.register for read in reads],
        line=np.array([read.line for read in reads], dtype=np.int64),
        read_at=np.array([read.at for read in reads], dtype=np.int64).astype("datetime64[s]"),
        reading_wh=np.array([read.reading_wh for read in reads], dtype=np.int64),
        digits=np.array([read.digits for read in reads], dtype=np.int64),
        unit=[read.unit for read in reads],
        kind=[read.kind for read in reads],
        note=[read.note for read in reads],
    )
