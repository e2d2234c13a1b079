"""
D0010: counter values as British data collectors send them, one group a line, fields parted by ``|``.

    ZHV|file|D0010002|...   header: which flow it is
    026|MPAN|...            service point
    028|meter|type|         meter, and where its readings come from
    030|register|time|reading|...   one counter value, in the unit of its register (kWh)
    ZPT|file|groups||flows|...      footer: how many groups and service points there are

Other groups are passed over. A group that is wrong is rejected by its line, and what belongs to it with it. A footer
that counts otherwise is remarked: the groups themselves are there. Times are those of the supplier's clock.
[source: UK energy industry Data Transfer Catalogue, flow D0010 Meter Readings; J0171 Reading Type]
"""

import re
from dataclasses import dataclass
from datetime import date

import numpy as np

from metering.domain.formats.batches import SUPPLIERS_CLOCK, Batch, CounterReads, Format, Header
from metering.domain.formats.faults import Fault, FileRefused, LineFault, Note, Rejection, Remark
from metering.domain.formats.fields import exact_number, instant_of, whole_digits
from metering.domain.formats.lines import Chunk
from metering.domain.formats.nem_frame import breaks_off, is_blank

SIGN = b"ZHV|"
_FLOW = "D0010"
_GROUP = re.compile(r"[0-9A-Z]{3}")
_KINDS = {
    **dict.fromkeys("AMPQRSZ", "actual"),
    **dict.fromkeys("DEO", "estimated"),
    "C": "customer",
    "I": "initial",
    "F": "final",
}
"""Reading types: A change of supplier, M by a meter operator, P by a prepayment meter, R routine, S special ..."""
_KWH_PLACES = 3
_LONGEST_NAME = 64
_DAY_SECONDS = 86_400
_TIME_DIGITS = 14


@dataclass(frozen=True, slots=True)
class _Read:
    line: int
    point: str
    meter: str
    register: str
    at: int
    reading_wh: int
    digits: int
    kind: str


class Reader:
    """Reads the chunks of one D0010 file, in order."""

    def __init__(self, *, member: str, today: date) -> None:
        self._member = member
        self._tomorrow_at = ((today - date(1970, 1, 1)).days + 1) * _DAY_SECONDS
        self._point, self._meter, self._kind = "", "", ""
        self._groups, self._flows = 0, 0
        self._is_open, self._has_ended, self._has_reads = False, False, False
        self._last_line = 0

    def feed(self, chunk: Chunk) -> Batch:
        """
        Return the batch of a chunk.

        :raises FileRefused: another flow, or a file that breaks off.
        """
        if chunk.too_long:
            raise self._refused(Fault.LINE_TOO_LONG, "The line is too long for any group.", chunk.first_line)
        reads: list[_Read] = []
        rejections: list[Rejection] = []
        remarks: list[Remark] = []
        for line, raw in chunk.numbered():
            if is_blank(raw):
                continue
            try:
                fields = _fields(raw)
                remarks += self._take(fields, line, reads)
            except LineFault as fault:
                rejections.append(fault.rejection(line=line, raw=raw))
        self._last_line = chunk.last_line
        self._has_reads = self._has_reads or bool(reads) or bool(rejections)
        if breaks_off(chunk, rejections=rejections, has_ended=self._has_ended):
            raise self._refused(Fault.TRUNCATED_FILE, f"The file breaks off. {rejections[-1].message}", self._last_line)
        return Batch(
            member=self._member,
            header=Header(Format.D0010),
            last_line=self._last_line,
            reads=_columns(reads),
            rejections=tuple(rejections),
            remarks=tuple(remarks),
        )

    def finish(self) -> tuple[Remark, ...]:
        """Return the remarks due at the end of the member."""
        remarks = self._close(self._last_line)
        if not self._has_reads:
            remarks.append(Remark(self._last_line, Note.NO_DATA, "The file has no reads."))
        return tuple(remarks)

    def _take(self, fields: list[str], line: int, reads: list[_Read]) -> list[Remark]:
        match fields[0]:
            case "ZHV":
                return self._begin(fields, line)
            case "ZPT":
                return self._end(fields, line)
        self._groups += 1
        match fields[0]:
            case "026":
                self._point, self._meter = "", ""
                self._flows += 1
                self._point = _name(fields, 1, "service point (MPAN)")
            case "028":
                self._meter = ""
                self._note_meter(fields)
            case "030":
                reads.append(self._read(fields, line))
            case other:
                if _GROUP.fullmatch(other) is None:
                    raise LineFault(Fault.UNKNOWN_RECORD, f"{other[:20]!r} is not a group of this format.")
        return []

    def _begin(self, fields: list[str], line: int) -> list[Remark]:
        flow = fields[2] if len(fields) > 2 else ""  # noqa: PLR2004
        if not flow.startswith(_FLOW):
            raise self._refused(Fault.UNKNOWN_VERSION, f"The flow {flow[:20]!r} is not read, only D0010 is.", line)
        remarks = self._close(line)
        self._is_open, self._has_ended = True, False
        return remarks

    def _end(self, fields: list[str], line: int) -> list[Remark]:
        padded = fields + [""] * 5
        groups, flows = self._groups, self._flows
        self._close(line)
        self._has_ended = True
        if (padded[2], padded[4]) == (str(groups), str(flows)):
            return []
        said = f"{padded[2][:20]} groups of {padded[4][:20]} service points"
        message = f"The footer counts {said}; there are {groups} of {flows}."
        return [Remark(line, Note.FOOTER_WRONG, message)]

    def _close(self, line: int) -> list[Remark]:
        was_open = self._is_open
        self._is_open, self._groups, self._flows, self._point, self._meter = False, 0, 0, "", ""
        if not was_open:
            return []
        return [Remark(line, Note.END_RECORD_MISSING, "The footer (ZPT) is missing; the file may be incomplete.")]

    def _note_meter(self, fields: list[str]) -> None:
        if not self._point:
            raise LineFault(Fault.RECORD_OUT_OF_PLACE, "There is no service point (026) before this meter.")
        letter = fields[2] if len(fields) > 2 else ""  # noqa: PLR2004
        if letter not in _KINDS:
            said = "withdrawn" if letter == "W" else "not known"
            raise LineFault(Fault.UNKNOWN_KIND, f"The reading type {letter[:20]!r} is {said}.")
        self._meter, self._kind = _name(fields, 1, "meter"), _KINDS[letter]

    def _read(self, fields: list[str], line: int) -> _Read:
        if not self._meter:
            raise LineFault(Fault.RECORD_OUT_OF_PLACE, "The meter (028) before this reading is missing or rejected.")
        padded = fields + [""] * 4
        text = padded[3]
        if not text or not padded[2]:
            raise LineFault(Fault.MISSING_VALUE, "The reading or its time is missing.")
        if len(padded[2]) != _TIME_DIGITS:
            raise LineFault(Fault.BAD_DATE, f"{padded[2][:40]!r} is not a date and time.")
        at = instant_of(padded[2])
        if at >= self._tomorrow_at:
            raise LineFault(Fault.DATE_IN_FUTURE, f"The reading of {padded[2]} is of the future.")
        reading = exact_number(text, places=_KWH_PLACES)
        if reading < 0:
            raise LineFault(Fault.NEGATIVE_VALUE, f"The counter value {text!r} is negative.")
        register = _name(fields, 1, "register")
        return _Read(line, self._point, self._meter, register, at, reading, whole_digits(text), self._kind)

    def _refused(self, fault: Fault, message: str, line: int) -> FileRefused:
        return FileRefused(message, fault=fault, member=self._member, line=line)


def _fields(raw: bytes) -> list[str]:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise LineFault(Fault.UNREADABLE_TEXT, "The line is not utf-8 text.") from error
    if not text.isprintable():
        raise LineFault(Fault.CONTROL_CHARACTER, "The line has a control character.")
    return [field.strip(" ") for field in text.split("|")]


def _name(fields: list[str], place: int, what: str) -> str:
    name = fields[place] if len(fields) > place else ""
    if not name or len(name) > _LONGEST_NAME:
        raise LineFault(Fault.MISSING_IDENTIFIER, f"The {what} is missing or too long.")
    return name


def _columns(reads: list[_Read]) -> CounterReads:
    return CounterReads(
        place=[read.point for read in reads],
        meter=[read.meter for read in reads],
        register=[read.register for read in reads],
        line=np.array([read.line for read in reads], dtype=np.int64),
        read_at=np.array([read.at for read in reads], dtype=np.int64).astype("datetime64[s]"),
        utc_offset_minutes=np.full(len(reads), SUPPLIERS_CLOCK, dtype=np.int64),
        reading_wh=np.array([read.reading_wh for read in reads], dtype=np.int64),
        digits=np.array([read.digits for read in reads], dtype=np.int64),
        unit=[""] * len(reads),
        kind=[read.kind for read in reads],
        note=[""] * len(reads),
    )
