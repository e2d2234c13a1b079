"""
CSV of interval values: our own format, in two shapes. The first line names the columns, in any order and letter case.

    long: a line for each value     meter,register,start_at,minutes,value,quality
    wide: a line for each day       meter,register,date,offset,minutes,quality,v1,v2 ... v96

    column         also named              meaning
    meter          表号 电表号 ...           serial number of the meter; or, or beside it,
    service_point  nmi mpan 供电点           external id of the service point, which needs its register
    register       示数类型                 code; without it the meter's only register
    minutes        间隔                    length of an interval, divides an hour (needed)
    start_at       开始时间                 long: start of the value with its offset from UTC (needed)
    value          电量                    long: energy of the interval (needed)
    date, offset   日期 时区                wide: day and its clock, as 2026-07-01 and +08:00 (needed)
    v1, v2 ...                             wide: its values in order; a blank is no value
    unit           单位                    kWh if left out
    quality        质量                    a flag, A if left out; wide also a letter for each value

Separators are commas, semicolons or tabs; text is UTF-8 or GB18030. A line that is wrong is rejected, the others are
read. Lines of wide files that are written plainly are read all at once, others field by field: both ways give the same.
"""

import re
from dataclasses import dataclass
from datetime import date

import numpy as np

from metering.domain.formats.batches import Batch, Channel, Format, Header
from metering.domain.formats.csv_reads import plain_name, split_line
from metering.domain.formats.faults import Fault, FileRefused, LineFault, Note, Rejection, Remark
from metering.domain.formats.lines import UTF8_MARK, Chunk, table_of
from metering.domain.formats.nem_frame import is_blank
from metering.domain.formats.plain_runs import PlainLines
from metering.domain.formats.run_lines import (
    LONGEST_NAME,
    NO_VALUE,
    TOO_LONG,
    Gathered,
    channel_of,
    instant_us,
    letters_of,
    micro,
)

_COLUMNS = {
    "meter": ("meter", "meter_serial", "meter_number", "表号", "电表号", "电能表号", "资产编号"),
    "service_point": ("service_point", "nmi", "mpan", "供电点", "计量点"),
    "register": ("register", "register_code", "示数类型"),
    "minutes": ("minutes", "interval_minutes", "间隔"),
    "start_at": ("start_at", "开始时间"),
    "value": ("value", "电量"),
    "date": ("date", "日期"),
    "offset": ("offset", "utc_offset", "时区"),
    "unit": ("unit", "uom", "单位"),
    "quality": ("quality", "质量"),
}
_COLUMN_OF = {alias: column for column, aliases in _COLUMNS.items() for alias in aliases}
_HEAD = ("service_point", "register", "meter", "unit", "minutes", "quality")
_METER = _HEAD.index("meter")
_SOME_METER = "-"
_SAID_MOST = 4096
_WIDE_START, _LONG_START = ("date", "offset"), ("start_at", "")
_SHAPES = (("start_at", "value"), ("date", "offset", "v1"))
_SLOT = re.compile(r"v([1-9][0-9]{0,2})")
_SEPARATORS = (",", ";", "\t")
_ENCODINGS = ("utf-8", "gb18030")
_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class _Layout:
    """
    Which field is which column.

    head      fields of service point, register, meter, unit, minutes, quality, and date and offset or start_at and
              nothing; -1 where there is no such column
    slots     fields of v1, v2 ... in order; none in a long file
    is_plain  separated by commas, and v1, v2 ... are the last fields, in order
    """

    separator: str
    places: dict[str, int]
    head: tuple[int, ...]
    slots: tuple[int, ...]
    width: int
    is_plain: bool


def is_header(line: bytes) -> bool:
    """Return whether a first line names the columns of this format."""
    try:
        names = {name for separator in _SEPARATORS for name in map(_column_of, _decoded(line).split(separator)) if name}
    except LineFault:
        return False
    return any(names.issuperset(shape) for shape in _SHAPES)


def _column_of(name: str) -> str:
    plain = plain_name(name)
    return plain if _SLOT.fullmatch(plain) else _COLUMN_OF.get(plain, "")


def _decoded(raw: bytes) -> str:
    for encoding in _ENCODINGS:
        try:
            text = raw.removeprefix(UTF8_MARK).decode(encoding)
        except UnicodeDecodeError:
            continue
        if not text.isprintable() and any(sign < " " and sign != "\t" for sign in text):
            raise LineFault(Fault.CONTROL_CHARACTER, "The line has a control character.")
        return text
    raise LineFault(Fault.UNREADABLE_TEXT, "The line is neither UTF-8 nor GB18030 text.")


class Reader:
    """Reads the chunks of one member, in order."""

    def __init__(self, *, member: str, today: date) -> None:
        self._member = member
        self._today = today
        self._layout: _Layout | None = None
        self._said: dict[tuple[str, ...], tuple[Channel, int, str] | None] = {}
        self._has_values = False
        self._last_line = 0

    def feed(self, chunk: Chunk) -> Batch:
        """
        Return the batch of a chunk.

        :raises FileRefused: a needed column is missing, or one stands twice.
        """
        gathered = Gathered()
        rejections: list[Rejection] = []
        remarks: list[Remark] = []
        done = self._begin(chunk, rejections, remarks) if self._layout is None else 0
        read_at_once = self._read_at_once(chunk, gathered, after=done)
        for line, raw in chunk.numbered() if len(read_at_once) < chunk.line_count else ():
            if line <= done or line in read_at_once or is_blank(raw.replace(b";", b"")):
                continue
            if chunk.too_long:
                rejections.append(TOO_LONG.rejection(line=line, raw=raw))
                continue
            try:
                self._take(_decoded(raw), line, gathered)
            except LineFault as fault:
                rejections.append(fault.rejection(line=line, raw=raw))
        runs = gathered.columns()
        self._last_line = chunk.last_line
        self._has_values = self._has_values or len(runs) > 0 or bool(rejections)
        return Batch(
            member=self._member,
            header=Header(Format.INTERVAL_CSV),
            last_line=self._last_line,
            runs=runs,
            rejections=tuple(rejections),
            remarks=tuple(remarks),
        )

    def finish(self) -> tuple[Remark, ...]:
        """Return the remarks due at the end of the member."""
        return () if self._has_values else (Remark(self._last_line, Note.NO_DATA, "The file has no values."),)

    def _begin(self, chunk: Chunk, rejections: list[Rejection], remarks: list[Remark]) -> int:
        """Read the lines up to the column names; return the number of their line, or of the last one without them."""
        for line, raw in chunk.numbered():
            if is_blank(raw.replace(b";", b"")):
                continue
            try:
                self._layout, ignored = self._layout_of(_decoded(raw), line)
            except LineFault as fault:
                rejections.append(fault.rejection(line=line, raw=raw))
                continue
            remarks += ignored
            return line
        return chunk.last_line

    def _layout_of(self, text: str, line: int) -> tuple[_Layout, list[Remark]]:
        separator = max(_SEPARATORS, key=text.count)
        names = split_line(text, separator=separator)
        places: dict[str, int] = {}
        remarks = []
        for place, name in enumerate(names):
            column = _column_of(name)
            if not column and name:
                remarks.append(Remark(line, Note.COLUMN_IGNORED, f"The column {name[:40]!r} is not used."))
            elif column in places:
                raise self._refused(Fault.DUPLICATE_COLUMN, f"The column {column!r} stands twice.", line)
            elif column:
                places[column] = place
        count = sum(_SLOT.fullmatch(name) is not None for name in places)
        needed = ["minutes", *(("date", "offset") if count else ("start_at", "value"))]
        needed += [f"v{number}" for number in range(1, count + 1)]
        missing = [column for column in needed if column not in places]
        if not {"meter", "service_point"} & places.keys():
            missing.append("meter")
        if missing:
            raise self._refused(Fault.MISSING_COLUMN, f"The file has no column {', '.join(missing[:5])}.", line)
        slots = tuple(places.pop(f"v{number}") for number in range(1, count + 1))
        is_plain = separator == "," and count > 0 and slots == tuple(range(len(names) - count, len(names)))
        head = tuple(places.get(column, -1) for column in (*_HEAD, *(_WIDE_START if count else _LONG_START)))
        return _Layout(separator, places, head, slots, len(names), is_plain), remarks

    def _take(self, text: str, line: int, gathered: Gathered) -> None:
        layout = self._layout
        if layout is None:
            raise AssertionError("lines are read after the column names")
        fields = split_line(text, separator=layout.separator)
        if any(fields[layout.width :]):
            message = f"The line has {len(fields)} fields where {layout.width} are named."
            raise LineFault(Fault.WRONG_FIELD_COUNT, message)
        fields += [""] * (layout.width - len(fields) + 1)
        channel, start, quality = self._head(layout, fields)
        texts = [fields[place] for place in layout.slots] or [fields[layout.places["value"]]]
        if layout.slots:
            texts = _of_day(texts, channel)
        if not any(texts):
            raise LineFault(Fault.MISSING_VALUE, "The line has no value.")
        letters = letters_of(quality, count=len(texts))
        if "" in texts:
            letters = "".join(letter if text else NO_VALUE for letter, text in zip(letters, texts, strict=True))
        values = [micro(text, channel=channel) if text else 0 for text in texts]
        gathered.add(channel, line=line, start_us=start, values=values, letters=letters)

    def _head(self, layout: _Layout, fields: list[str]) -> tuple[Channel, int, str]:
        """Return stream, start [microseconds since 1970 UTC] and stated quality of a line; a blank ends its fields."""
        point, register, meter, uom, minutes, quality, on, offset = [fields[place] for place in layout.head]
        channel = channel_of(point=point, register=register, meter=meter, uom=uom, minutes=minutes)
        at = f"{on}T00:00{offset}" if layout.slots else on
        start, day = instant_us(at)
        if day > self._today:
            raise LineFault(Fault.DATE_IN_FUTURE, f"{at[:40]!r} is in the future.")
        return channel, start, quality

    def _read_at_once(self, chunk: Chunk, gathered: Gathered, *, after: int) -> frozenset[int]:
        """Read the plain lines of a wide file after some line; return their numbers."""
        layout = self._layout
        if layout is None or not layout.is_plain or chunk.too_long or b'"' in chunk.data:
            return frozenset()
        table = table_of(chunk.data.replace(b"\r\n", b"\n"))
        blocks: dict[str, PlainLines] = {}
        lines = np.flatnonzero(table.fields == layout.width)
        lines = lines[lines + chunk.first_line > after]
        ends = table.separators[table.first[lines] + layout.width - len(layout.slots) - 1]
        for index, start_at, end in zip(lines.tolist(), table.starts[lines].tolist(), ends.tolist(), strict=True):
            head = self._plain_head(layout, table.data[start_at:end])
            if head is not None:
                channel, start, letter = head
                block = blocks.get(letter) or blocks.setdefault(letter, PlainLines())
                block.add(line=index + chunk.first_line, channel=channel, start_us=start, gathered=gathered)
        taken: list[int] = []
        for letter, block in blocks.items():
            first = table.first[np.array(block.line, dtype=np.int64) - chunk.first_line]
            at = first[:, None] + np.arange(layout.width - len(layout.slots) - 1, layout.width)
            edges = table.separators[at]
            taken += block.take(
                views=table.views, starts=edges[:, :-1] + 1, ends=edges[:, 1:], letter=letter, gathered=gathered
            )
        return frozenset(taken)

    def _plain_head(self, layout: _Layout, raw: bytes) -> tuple[Channel, int, str] | None:
        """
        Return stream, start and quality letter of a plain line, from what stands before its values.

        None: the line is read by itself, and rejected in its place if it is wrong. Beside the name of the meter most
        lines of a file say the same, which is read once.
        """
        try:
            fields = [part.strip() for part in raw.decode("ascii").split(",")]
        except UnicodeDecodeError:
            return None
        meter = fields[layout.head[_METER]] if layout.head[_METER] >= 0 else ""
        if not meter.isprintable() or len(meter) > LONGEST_NAME:
            return None
        if meter:
            fields[layout.head[_METER]] = _SOME_METER
        said = tuple(fields)
        if said not in self._said:
            if len(self._said) >= _SAID_MOST:
                self._said.clear()
            self._said[said] = self._read_said(layout, fields)
        known = self._said[said]
        if known is None or not meter:
            return known
        channel, start, letter = known
        return Channel(channel.nmi, channel.suffix, meter, *channel[3:]), start, letter

    def _read_said(self, layout: _Layout, fields: list[str]) -> tuple[Channel, int, str] | None:
        try:
            _decoded(",".join(fields).encode("ascii"))
            channel, start, quality = self._head(layout, [*fields, ""])
            letter = letters_of(quality, count=1)
        except LineFault:
            return None
        return (channel, start, letter) if channel.slots == len(layout.slots) else None

    def _refused(self, fault: Fault, message: str, line: int) -> FileRefused:
        return FileRefused(message, fault=fault, member=self._member, line=line)


def _of_day(texts: list[str], channel: Channel) -> list[str]:
    """
    Return the values of a day out of the columns for them, which may be more than its intervals.

    :raises LineFault: more or fewer values than the day has intervals.
    """
    count = _DAY // channel.interval_minutes
    if count > len(texts) or any(texts[count:]):
        given = len(texts) if count > len(texts) else max(at for at, text in enumerate(texts) if text) + 1
        message = f"{given} values where a day of {channel.interval_minutes} minutes has {count}."
        raise LineFault(Fault.WRONG_FIELD_COUNT, message)
    return texts[:count]
