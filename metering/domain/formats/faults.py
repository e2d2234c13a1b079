"""What can be wrong with a meter file: whole-file refusals, rejected lines, remarks, each with its code."""

from dataclasses import dataclass
from enum import StrEnum

from cis.kernel.errors import Refused

TEXT_KEPT = 500
"""Characters of a rejected line that are kept."""


class Fault(StrEnum):
    """
    Codes of refusals and rejections.

    A fault of structure refuses the whole file, since then no line can be trusted to mean what it says. A fault of
    content rejects its line (for a day with its 400 records: the whole day); the other lines are read.
    """

    # the whole file
    EMPTY_FILE = "empty_file"
    UNKNOWN_FORMAT = "unknown_format"
    MISSING_HEADER = "missing_header"
    UNKNOWN_VERSION = "unknown_version"
    SPREADSHEET_FILE = "spreadsheet_file"
    UTF16_TEXT = "utf16_text"
    ENCRYPTED_TELEGRAM = "encrypted_telegram"
    DAMAGED_ARCHIVE = "damaged_archive"
    EMPTY_ARCHIVE = "empty_archive"
    ENCRYPTED_ARCHIVE = "encrypted_archive"
    NESTED_ARCHIVE = "nested_archive"
    ARCHIVE_TOO_LARGE = "archive_too_large"
    ARCHIVE_TOO_DENSE = "archive_too_dense"
    TOO_MANY_MEMBERS = "too_many_members"
    LINE_TOO_LONG = "line_too_long"
    BAD_INTERVAL_LENGTH = "bad_interval_length"
    MIXED_INTERVAL_LENGTHS = "mixed_interval_lengths"
    TRUNCATED_RECORD = "truncated_record"
    TRUNCATED_FILE = "truncated_file"
    TOO_MANY_VALUES = "too_many_values"
    MISSING_COLUMN = "missing_column"
    DUPLICATE_COLUMN = "duplicate_column"
    BROKEN_XML = "broken_xml"
    # one line
    NOT_A_NUMBER = "not_a_number"
    TOO_PRECISE = "too_precise"
    VALUE_TOO_LARGE = "value_too_large"
    NEGATIVE_VALUE = "negative_value"
    MISSING_VALUE = "missing_value"
    BAD_DATE = "bad_date"
    DATE_IN_FUTURE = "date_in_future"
    DATES_REVERSED = "dates_reversed"
    DAY_WITHOUT_VALUES = "day_without_values"
    MISSING_QUALITY = "missing_quality"
    UNKNOWN_QUALITY = "unknown_quality"
    BAD_QUALITY_RANGE = "bad_quality_range"
    MISSING_IDENTIFIER = "missing_identifier"
    UNKNOWN_UNIT = "unknown_unit"
    UNKNOWN_KIND = "unknown_kind"
    UNKNOWN_RECORD = "unknown_record"
    RECORD_OUT_OF_PLACE = "record_out_of_place"
    WRONG_FIELD_COUNT = "wrong_field_count"
    UNREADABLE_TEXT = "unreadable_text"
    CONTROL_CHARACTER = "control_character"
    UNCLOSED_QUOTE = "unclosed_quote"
    BROKEN_SEGMENT = "broken_segment"
    NOT_JSON = "not_json"
    BAD_CHECKSUM = "bad_checksum"
    TELEGRAM_CUT_OFF = "telegram_cut_off"
    NOT_ELECTRICITY = "not_electricity"
    NOT_WITHIN_INTERVALS = "not_within_intervals"
    INTERVAL_TOO_LONG = "interval_too_long"
    NO_TIME = "no_time"


_NEW_FILE = "Ask the sender for a new, complete file."
_NUMBER = "Write digits with a point, such as 1234.5; no thousands sign, exponent, blank or full-width digit."
_DATE = "Check the date; the sender may have set a wrong year."
_TEXT = "Save the file as UTF-8 (or GB18030) text and deliver it again."

ADVICE: dict[Fault, str] = {
    Fault.EMPTY_FILE: _NEW_FILE,
    Fault.UNKNOWN_FORMAT: "Deliver one of the formats of docs/guide/read-files.md, plain, zip or gz.",
    Fault.MISSING_HEADER: "The first line must be the header; restore it or ask the sender for the complete file.",
    Fault.UNKNOWN_VERSION: "Only NEM12, NEM13 and D0010 are read of their kinds; ask the sender for one of them.",
    Fault.SPREADSHEET_FILE: "Save it as XLSX or CSV (UTF-8), and deliver that alone, not inside an archive.",
    Fault.UTF16_TEXT: _TEXT,
    Fault.ENCRYPTED_TELEGRAM: "Have the telegrams decrypted with the meter's key, and deliver them then.",
    Fault.DAMAGED_ARCHIVE: _NEW_FILE,
    Fault.EMPTY_ARCHIVE: _NEW_FILE,
    Fault.ENCRYPTED_ARCHIVE: "Deliver the archive without a password.",
    Fault.NESTED_ARCHIVE: "Unpack the inner archive and deliver its files.",
    Fault.ARCHIVE_TOO_LARGE: "Split the delivery into smaller archives.",
    Fault.ARCHIVE_TOO_DENSE: "The archive unpacks to far more than meter data do; check where it came from.",
    Fault.TOO_MANY_MEMBERS: "Split the delivery into smaller archives.",
    Fault.LINE_TOO_LONG: "The file has no line ends where they belong; ask the sender for a new file.",
    Fault.BAD_INTERVAL_LENGTH: "The interval length must divide an hour: 5, 10, 15, 30 or 60 minutes.",
    Fault.MIXED_INTERVAL_LENGTHS: "A block must keep one interval length; each change needs a new 200 record.",
    Fault.TRUNCATED_RECORD: _NEW_FILE,
    Fault.TRUNCATED_FILE: _NEW_FILE,
    Fault.TOO_MANY_VALUES: _NEW_FILE,
    Fault.MISSING_COLUMN: "Name the columns as docs/guide/read-files.md says: meter, register, read_at, reading, kind.",
    Fault.DUPLICATE_COLUMN: "Keep one of the two columns.",
    Fault.BROKEN_XML: _NEW_FILE,
    Fault.NOT_A_NUMBER: _NUMBER,
    Fault.TOO_PRECISE: "Round the value to the decimals that the meter has.",
    Fault.VALUE_TOO_LARGE: "Check the unit, or deliver fewer decimals: the value does not fit at this precision.",
    Fault.NEGATIVE_VALUE: "Deliver export as its own register (B1); only net streams may be negative.",
    Fault.MISSING_VALUE: "Fill in the field.",
    Fault.BAD_DATE: "Write dates as the format says: 20260731 in NEM files, 2026-07-31 or 2026-07-31 09:30 in CSV, "
    "2026-07-31T09:30:00+08:00 for interval values.",
    Fault.DATE_IN_FUTURE: _DATE,
    Fault.DATES_REVERSED: "The earlier read must come first; check both dates.",
    Fault.DAY_WITHOUT_VALUES: "Ask the sender to deliver this day again.",
    Fault.MISSING_QUALITY: "Each day needs its quality flag after the last value.",
    Fault.UNKNOWN_QUALITY: "Quality is one of A, S, F, E, N, V, with a two-digit method such as F14.",
    Fault.BAD_QUALITY_RANGE: "A 400 record names its first and last interval, from 1 to the intervals of the day.",
    Fault.MISSING_IDENTIFIER: "Give the service point (NMI) and the register.",
    Fault.UNKNOWN_UNIT: "Use kWh, Wh, MWh, kvarh, varh or Mvarh.",
    Fault.UNKNOWN_KIND: "Use actual, estimated, customer, initial or final.",
    Fault.UNKNOWN_RECORD: "NEM12 has records 100, 200, 300, 400, 500, 900; NEM13 has 100, 250, 550, 900.",
    Fault.RECORD_OUT_OF_PLACE: "The record that should stand before it is missing or was rejected.",
    Fault.WRONG_FIELD_COUNT: "Check for a comma too many or a field left out.",
    Fault.UNREADABLE_TEXT: _TEXT,
    Fault.CONTROL_CHARACTER: "Remove the control character from the line.",
    Fault.UNCLOSED_QUOTE: "Close the quotation mark; a field may not run over several lines.",
    Fault.BROKEN_SEGMENT: _NEW_FILE,
    Fault.NOT_JSON: "Write one JSON object a line, as docs/guide/read-files.md shows.",
    Fault.BAD_CHECKSUM: "The telegram was damaged on the way; take the next one.",
    Fault.TELEGRAM_CUT_OFF: "The telegram lacks its end (!); take the next one.",
    Fault.NO_TIME: "Telegrams before DSMR 4 have no time: say the date of the telegrams when you bring the file.",
    Fault.NOT_ELECTRICITY: "Nothing is to be done: only electricity is kept here.",
    Fault.NOT_WITHIN_INTERVALS: "Ask the sender for energy within intervals (accumulation behaviour 4, delta data).",
    Fault.INTERVAL_TOO_LONG: "Ask the sender for values of 5, 10, 15, 30 or 60 minutes.",
}


class FileRefused(Refused):
    """
    The whole file is refused; nothing of it may be loaded.

    It can be raised after batches were yielded (a fault at the end of the file), so the caller loads all batches in
    one transaction and rolls back.

    fault, code  which fault, such as ``mixed_interval_lengths``
    member       name of the file inside a zip, else the file's own name
    line         line number in that member, from 1; 0 when the fault is not in a line
    """

    code = "file_refused"

    def __init__(self, message: str, *, fault: Fault, member: str = "", line: int = 0, advice: str = "") -> None:
        super().__init__(message, advice=advice or ADVICE[fault], fault=fault, member=member, line=line)
        self.fault = fault
        self.code = str(fault)
        self.member = member
        self.line = line

    def __str__(self) -> str:
        return f"Line {self.line}: {self.message}" if self.line else self.message


class LineFault(Exception):
    """A fault of content in one line, on its way to a Rejection."""

    def __init__(self, fault: Fault, message: str) -> None:
        super().__init__(message)
        self.fault = fault
        self.message = message

    def rejection(self, *, line: int, raw: bytes = b"") -> "Rejection":
        """Return the rejection of a line, with its beginning as it stood."""
        return Rejection(
            line=line, code=str(self.fault), message=self.message, advice=ADVICE[self.fault], text=legible(raw)
        )


@dataclass(frozen=True, slots=True)
class Rejection:
    """One line that is not loaded: where, which fault, what to do, and the line's first characters as they stood."""

    line: int
    code: str
    message: str
    advice: str
    text: str = ""


class Note(StrEnum):
    """Codes of remarks."""

    HEADER_ASSUMED = "header_assumed"
    HEADER_DATE_UNREADABLE = "header_date_unreadable"
    END_RECORD_MISSING = "end_record_missing"
    NO_DATA = "no_data"
    QUALITY_NOT_STATED = "quality_not_stated"
    COLUMN_IGNORED = "column_ignored"
    MEMBER_IGNORED = "member_ignored"
    FOOTER_WRONG = "footer_wrong"
    FINER_THAN_WH = "finer_than_wh"
    SAME_DATE = "same_date"
    INTERVALS_SHARED = "intervals_shared"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something worth knowing about a file that was read all the same, such as a missing end record."""

    line: int
    code: str
    message: str


def legible(raw: bytes) -> str:
    """Return a line as text, cut to TEXT_KEPT characters: UTF-8, else GB18030; control characters become blanks."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("gb18030", errors="replace")
    text = text[:TEXT_KEPT]
    if not text.isprintable():
        text = "".join(sign if sign.isprintable() else " " for sign in text)
    return text.rstrip()
