"""
NEM12: interval values, a 200 record for each stream, a 300 record for each day, 400 records for parts of a day.

How lines become columns. The lines of a chunk are found for all at once. Only lines other than 300 are walked one by
one (``_walk``): they set the stream in force, the header, the quality of parts of a day. 300 records, nearly all of
the bytes, are then worked as matrices of days x slots (``nem12_days``).

What refuses the file and what rejects a line: a 300 record with too few or too many values, or with the values of
another interval length than its 200 record states, and a 200 record without a usable interval length refuse the file.
A value that is not a number, a bad or future date, an unknown quality flag, a day without any value reject that day.
A missing 100 record before a 200 record is assumed, a missing 900 record is remarked. Records after a 900 record
begin a further section, since providers join files. 500 records (service orders) carry nothing that is kept.
[source: AEMO Meter Data File Format Specification NEM12 & NEM13]
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from cis.kernel.fixed import Int64
from metering.domain.formats import nem12_days
from metering.domain.formats.batches import Batch, Channel, Format, Quality
from metering.domain.formats.decimals import Flags, words_at
from metering.domain.formats.faults import Fault, FileRefused, LineFault, Rejection, Remark
from metering.domain.formats.fields import counting_number, quality_of, split, unit_of
from metering.domain.formats.lines import Chunk, Table, table_of
from metering.domain.formats.nem12_days import FAULTY_BLOCK, NO_BLOCK, Plan
from metering.domain.formats.nem_frame import Frame, breaks_off, is_blank, unknown_record

_DAY_SIGN = np.uint64(int.from_bytes(b"300,", "little"))
_SIGN_MASK = np.uint64(0xFFFFFFFF)
_DAY_SIGNS = (b"\n300,", b'\n"300"')
_HOUR = 60
_BLOCK_FIELDS = 9
_EVENT_FIELDS = 4
_LONGEST_NAME = 64


def boundary(data: bytes) -> int:
    """Return where a chunk may be cut: before its last 300 record, so that 400 records stay with their day."""
    found = data.rfind(_DAY_SIGNS[0])
    return (found if found >= 0 else data.rfind(_DAY_SIGNS[1])) + 1


@dataclass(slots=True)
class _Walk:
    """
    What the lines other than 300 say about a chunk; lines are indexes into its table.

    last_day            (l,) the last usual 300 record up to each line, -1 before the first
    turns_at, turns_to  lines at which the stream in force changes, and to which channel (or NO_BLOCK, FAULTY_BLOCK)
    unusual             300 records that are written in quotation marks
    events, spoiled     quality of parts of each day, and days that cannot be loaded for a faulty 400 record
    """

    table: Table
    first_line: int
    last_day: Int64
    channels: list[Channel]
    turns_to: list[int]
    turns_at: list[int] = field(default_factory=lambda: [0])
    unusual: list[int] = field(default_factory=list)
    events: dict[int, list[tuple[int, int, Quality]]] = field(default_factory=dict)
    spoiled: dict[int, Rejection] = field(default_factory=dict)
    rejections: list[Rejection] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    def turn(self, index: int, to: int) -> None:
        """Set the stream in force from a line on."""
        self.turns_at.append(index)
        self.turns_to.append(to)

    def day_before(self, index: int) -> int:
        """Return the 300 record of the same block before a line, -1 when there is none."""
        day = max(int(self.last_day[index]), self.unusual[-1] if self.unusual else -1)
        return day if day >= self.turns_at[-1] else -1


class Reader:
    """Reads the chunks of one NEM12 member, in order."""

    def __init__(self, *, member: str, today: date) -> None:
        self._member = member
        self._today = today
        self._frame = Frame(Format.NEM12, member=member)
        self._channel: Channel | None = None
        self._block_is_faulty = False
        self._has_days = False
        self._last_line = 0
        self._tails: nem12_days.Tails = {}
        self._handlers: dict[str, Callable[[_Walk, int, list[str]], None]] = {
            "100": self._begin,
            "200": self._open_block,
            "300": self._add_unusual_day,
            "400": self._add_event,
            "500": self._pass_order,
            "900": self._end,
        }

    def feed(self, chunk: Chunk) -> Batch:
        """
        Return the batch of a chunk.

        :raises FileRefused: a fault of structure, see the module.
        """
        if chunk.too_long:
            raise self._refused(Fault.LINE_TOO_LONG, "The line is too long for any record.", chunk.first_line)
        table = table_of(chunk.data)
        is_day = (words_at(views=table.views, positions=table.starts) & _SIGN_MASK) == _DAY_SIGN
        walk = self._walk(table, is_day, chunk.first_line)
        days, rejections, remarks = nem12_days.read(self._plan(walk, is_day), tails=self._tails)
        rejections = sorted(walk.rejections + rejections, key=lambda rejection: rejection.line)
        self._last_line = chunk.last_line
        self._has_days = self._has_days or len(days) > 0 or bool(rejections)
        if breaks_off(chunk, rejections=rejections, has_ended=self._frame.has_ended):
            raise self._refused(Fault.TRUNCATED_FILE, f"The file breaks off. {rejections[-1].message}", self._last_line)
        return Batch(
            member=self._member,
            header=self._frame.header,
            last_line=self._last_line,
            days=days,
            rejections=tuple(rejections),
            remarks=tuple(walk.remarks + remarks),
        )

    def finish(self) -> tuple[Remark, ...]:
        """
        Return the remarks due at the end of the member.

        :raises FileRefused: the member has no record at all.
        """
        return tuple(self._frame.finish(line=self._last_line, has_data=self._has_days))

    def _walk(self, table: Table, is_day: Flags, first_line: int) -> _Walk:
        last_day = np.maximum.accumulate(np.where(is_day, np.arange(len(is_day)), -1))
        carried = [self._channel] if self._channel else []
        state = 0 if carried else FAULTY_BLOCK if self._block_is_faulty else NO_BLOCK
        walk = _Walk(table, first_line, last_day, channels=list(carried), turns_to=[state])
        for index in np.flatnonzero(~is_day).tolist():
            raw = table.line(index)
            if is_blank(raw):
                continue
            try:
                fields = split(raw)
                handle = self._handlers.get(fields[0])
                if handle is None:
                    raise unknown_record(fields[0])
                handle(walk, index, fields)
            except LineFault as fault:
                walk.rejections.append(fault.rejection(line=first_line + index, raw=raw))
        return walk

    def _plan(self, walk: _Walk, is_day: Flags) -> Plan:
        is_usual = is_day.copy()
        lines = np.flatnonzero(is_day) if not walk.unusual else np.sort(np.append(np.flatnonzero(is_day), walk.unusual))
        turn = np.searchsorted(np.array(walk.turns_at), lines, side="right") - 1
        return Plan(
            table=walk.table,
            first_line=walk.first_line,
            member=self._member,
            latest=self._today,
            channels=tuple(walk.channels),
            lines=lines,
            channel=np.array(walk.turns_to, dtype=np.int64)[turn],
            is_usual=is_usual[lines],
            events=walk.events,
            spoiled=walk.spoiled,
        )

    def _begin(self, walk: _Walk, index: int, fields: list[str]) -> None:
        walk.remarks += self._frame.begin(fields, line=walk.first_line + index)
        self._leave_block(walk, index, faulty=False)

    def _end(self, walk: _Walk, index: int, _: list[str]) -> None:
        self._frame.end()
        self._leave_block(walk, index, faulty=False)

    def _leave_block(self, walk: _Walk, index: int, *, faulty: bool) -> None:
        self._channel, self._block_is_faulty = None, faulty
        walk.turn(index, FAULTY_BLOCK if faulty else NO_BLOCK)

    def _open_block(self, walk: _Walk, index: int, fields: list[str]) -> None:
        walk.remarks += self._frame.enter(line=walk.first_line + index)
        if len(fields) < _BLOCK_FIELDS:
            raise self._refused(Fault.TRUNCATED_RECORD, "The 200 record breaks off.", walk.first_line + index)
        interval = counting_number(fields[8])
        if not interval or _HOUR % interval:
            message = f"The interval length {fields[8][:40]!r} does not divide an hour."
            raise self._refused(Fault.BAD_INTERVAL_LENGTH, message, walk.first_line + index)
        try:
            channel = _channel_of(fields, interval)
        except LineFault:
            self._leave_block(walk, index, faulty=True)
            raise
        self._channel, self._block_is_faulty = channel, False
        walk.channels.append(channel)
        walk.turn(index, len(walk.channels) - 1)

    def _add_unusual_day(self, walk: _Walk, index: int, _: list[str]) -> None:
        walk.unusual.append(index)  # its fields are read again with the other days

    def _add_event(self, walk: _Walk, index: int, fields: list[str]) -> None:
        day = walk.day_before(index)
        if walk.turns_to[-1] == FAULTY_BLOCK:
            return  # its day is rejected with the block
        if day < 0 or self._channel is None:
            raise LineFault(Fault.RECORD_OUT_OF_PLACE, "There is no 300 record before this 400 record.")
        try:
            walk.events.setdefault(day, []).append(_event_of(fields, slots=self._channel.slots))
        except LineFault as fault:
            spoiled = LineFault(fault.fault, f"The day of line {walk.first_line + day} is not loaded. {fault.message}")
            walk.spoiled.setdefault(day, spoiled.rejection(line=walk.first_line + index, raw=walk.table.line(index)))

    def _pass_order(self, walk: _Walk, index: int, fields: list[str]) -> None:
        """Pass over a 500 record: a service order says nothing that is kept."""

    def _refused(self, fault: Fault, message: str, line: int) -> FileRefused:
        return FileRefused(message, fault=fault, member=self._member, line=line)


def _channel_of(fields: list[str], interval: int) -> Channel:
    """
    Return the stream of a 200 record.

    :raises LineFault: no NMI or suffix, one that is too long, or an unknown unit.
    """
    _, nmi, configuration, register_id, suffix, data_stream, serial, uom = fields[:8]
    if not nmi or not suffix:
        raise LineFault(
            Fault.MISSING_IDENTIFIER, "The NMI or the suffix of the register is missing; its days are not loaded."
        )
    if max(len(nmi), len(suffix), len(serial)) > _LONGEST_NAME:
        raise LineFault(
            Fault.MISSING_IDENTIFIER, "The NMI, suffix or serial number is too long; its days are not loaded."
        )
    unit, places = unit_of(uom)
    return Channel(nmi, suffix, serial, uom, unit, places, interval, register_id, configuration, data_stream)


def _event_of(fields: list[str], *, slots: int) -> tuple[int, int, Quality]:
    """
    Return the slots [first, end), counted from 0, and the quality of a 400 record.

    :raises LineFault: a range outside the day, or no known quality.
    """
    if len(fields) < _EVENT_FIELDS:
        raise LineFault(Fault.WRONG_FIELD_COUNT, "The 400 record breaks off.")
    first, last = counting_number(fields[1]), counting_number(fields[2])
    if first is None or last is None or not 1 <= first <= last <= slots:
        message = f"Intervals {fields[1][:20]!r} to {fields[2][:20]!r} are not in a day of {slots}."
        raise LineFault(Fault.BAD_QUALITY_RANGE, message)
    reason_code, reason = (*fields[4:6], "", "")[:2]
    return first - 1, last, quality_of(fields[3], reason_code=reason_code, reason=reason)
