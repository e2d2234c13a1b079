"""The frame of NEM files: the 100 record that begins a section, the 900 record that ends it."""

from datetime import datetime, timedelta

from metering.domain.formats.batches import Format, Header
from metering.domain.formats.faults import Fault, FileRefused, LineFault, Note, Rejection, Remark
from metering.domain.formats.fields import instant_of
from metering.domain.formats.lines import Chunk

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  (market time, no zone)
_HEADER_FIELDS = 3


class Frame:
    """
    The sections of one member: providers join files, so one member may have several 100 and 900 records.

    A section without a 100 record begins at its first data record with an assumed header.
    """

    def __init__(self, expected: Format, *, member: str) -> None:
        self.header = Header(expected, assumed=True)
        self.has_ended = False
        self._expected = expected
        self._member = member
        self._is_open = False
        self._has_lines = False

    def begin(self, fields: list[str], *, line: int) -> list[Remark]:
        """
        Begin a section with its 100 record.

        :raises FileRefused: a version other than the first section's, or a record that breaks off.
        """
        if len(fields) < _HEADER_FIELDS:
            raise self._refused(Fault.TRUNCATED_RECORD, "The header record breaks off.", line)
        if fields[1].upper() != self._expected.upper():
            known = fields[1].upper() in (Format.NEM12.upper(), Format.NEM13.upper())
            message = f"The section is {fields[1]!r} in a {self._expected.upper()} file."
            raise self._refused(Fault.UNKNOWN_RECORD if known else Fault.UNKNOWN_VERSION, message, line)
        remarks = self._close(line)
        created_at, unreadable = _created_at(fields[2])
        if unreadable:
            remarks.append(Remark(line, Note.HEADER_DATE_UNREADABLE, f"The header's date {fields[2]!r} is not read."))
        sender, recipient = (*fields[3:5], "", "")[:2]
        self.header = Header(self._expected, created_at, sender, recipient)
        self._open()
        return remarks

    def enter(self, *, line: int) -> list[Remark]:
        """Note a record of data; outside a section it begins one with an assumed header."""
        if self._is_open:
            return []
        self.header = Header(self._expected, assumed=True)
        self._open()
        return [Remark(line, Note.HEADER_ASSUMED, f"No 100 record; the data are read as {self._expected.upper()}.")]

    def end(self) -> None:
        """Note a 900 record."""
        self._is_open, self.has_ended, self._has_lines = False, True, True

    def finish(self, *, line: int, has_data: bool) -> list[Remark]:
        """
        Return the remarks due at the end of the member.

        :raises FileRefused: there was no record at all.
        """
        if not self._has_lines:
            raise self._refused(Fault.EMPTY_FILE, "The file is empty.", 0)
        remarks = self._close(line)
        if not has_data:
            remarks.append(Remark(line, Note.NO_DATA, "The file has no meter data."))
        return remarks

    def _open(self) -> None:
        self._is_open, self.has_ended, self._has_lines = True, False, True

    def _close(self, line: int) -> list[Remark]:
        if not self._is_open:
            return []
        self._is_open = False
        return [Remark(line, Note.END_RECORD_MISSING, "The 900 record is missing; the file may be incomplete.")]

    def _refused(self, fault: Fault, message: str, line: int) -> FileRefused:
        return FileRefused(message, fault=fault, member=self._member, line=line)


def _created_at(text: str) -> tuple[datetime | None, bool]:
    """Return the header's instant and whether it could not be read."""
    if not text:
        return None, False
    try:
        return _EPOCH + timedelta(seconds=instant_of(text)), False
    except LineFault:
        return None, True


def is_blank(raw: bytes) -> bool:
    """Return whether a line has nothing but separators, or the end mark of old systems."""
    return not raw.strip(b", \t\x1a")


def unknown_record(indicator: str) -> LineFault:
    """Return the fault of a line that is no record of the format."""
    return LineFault(Fault.UNKNOWN_RECORD, f"{indicator[:20]!r} is not a record of this format.")


def breaks_off(chunk: Chunk, *, rejections: list[Rejection], has_ended: bool) -> bool:
    """Return whether a file ends inside a record: its last line has no end, is faulty, and no 900 record came."""
    return chunk.unterminated and not has_ended and bool(rejections) and rejections[-1].line == chunk.last_line
