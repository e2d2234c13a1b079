"""The file of a round as hand-helds and spreadsheets give it back: one line a counter, with its value or why not."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from io import StringIO

from cis.kernel import fixed
from cis.kernel.errors import Refused

COLUMNS = (
    "place", "service_point", "address", "key", "access", "meter", "register", "unit", "last_date", "last_reading",
    "expected_low", "expected_high", "read_date", "reading", "missed", "note",
)  # fmt: skip
"""Of the file that goes out; of the one that comes in, ``NEEDED`` and those to fill in are looked at."""
NEEDED = ("meter", "register")
FILLED = ("read_date", "reading", "missed", "note")
LINES_MOST = 20_000
BYTES_MOST = 8 * 2**20


class BadRoundFile(Refused):
    """The file is none of a round: no text in UTF-8, no such columns, too long."""

    code = "bad_round_file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One line that was filled in.

    read_date   None: not given, the day of the round is meant
    reading_wh  before the multiplier [Wh or varh]; None: not read
    missed      code of the reason, "" = none
    fault       code of what is wrong with the line, "" = nothing; then its values are not to be used
    """

    line: int
    serial: str
    register: str
    read_date: date | None
    reading_wh: int | None
    missed: str
    note: str
    fault: str = ""


def parse(data: bytes) -> tuple[Row, ...]:
    """
    Return the lines of a file that have a value or a reason; those left empty are left out.

    Commas, semicolons and tabs part the columns, whichever the first line has; numbers are in kWh with a point.

    :raises BadRoundFile: it is no such file.
    """
    if len(data) > BYTES_MOST:
        raise BadRoundFile("The file is larger than one of a round.", field="file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRoundFile("The file is no text in UTF-8.", field="file") from error
    first = text.partition("\n")[0]
    between = max(",;\t", key=first.count)
    rows = csv.reader(StringIO(text), delimiter=between)
    try:
        return tuple(_rows(rows))
    except csv.Error as error:
        raise BadRoundFile("The file is no table.", field="file") from error


def _rows(rows: Iterator[list[str]]) -> Iterator[Row]:
    header = [name.strip().lower() for name in next(rows, [])]
    missing = [name for name in NEEDED if name not in header]
    if missing or not {"reading", "missed"} & set(header):
        raise BadRoundFile(
            "The first line names the columns meter, register and reading or missed.",
            advice="Take the file of the round and fill in its last columns.", field="file",
        )  # fmt: skip
    places = {name: header.index(name) for name in (*NEEDED, *FILLED) if name in header}
    for number, cells in enumerate(rows, start=2):
        if number > LINES_MOST + 1:
            raise BadRoundFile(f"The file has more than {LINES_MOST} lines.", field="file")
        given = {name: cells[at].strip().lstrip("'") if at < len(cells) else "" for name, at in places.items()}
        if given.get("reading") or given.get("missed"):
            yield _row(number, given)


def _row(number: int, given: dict[str, str]) -> Row:
    reading, day, fault = None, None, ""
    try:
        reading = fixed.parse(given["reading"].replace(",", ""), places=3) if given.get("reading") else None
        day = date.fromisoformat(given["read_date"].replace("/", "-")) if given.get("read_date") else None
    except fixed.NotANumber:
        fault = "not_a_number"
    except ValueError:
        fault = "bad_date"
    if reading is not None and reading < 0:
        fault = "not_a_number"
    return Row(
        line=number, serial=given["meter"], register=given["register"], read_date=day, reading_wh=reading,
        missed=given.get("missed", "").lower(), note=given.get("note", ""), fault=fault,
    )  # fmt: skip
