"""
Reading one CSV file of a supplier strictly: known columns, typed cells, all faults found at once.

UTF-8 (with or without BOM) and GB18030 are read. Cells are trimmed; an empty cell of an optional column gives its
default. A fault names file, line and column.
"""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from cis.kernel import fixed
from cis.kernel.errors import Findings, Refused

FIELD_BYTES = 10_000
WHOLE_DIGITS = 15
csv.field_size_limit(FIELD_BYTES)

Row = dict[str, object]
Parse = Callable[[str], object]


class BadCell(ValueError):
    """The text of a cell is not what its column holds; the message says what it must be."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name in the head line, how its text is read, and what an empty cell means."""

    name: str
    parse: Parse = str
    is_required: bool = True
    default: object = ""


def text(value: str) -> str:
    """Return the text as it is."""
    return value


def day(value: str) -> date:
    """Return a date written as 2026-11-23."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise BadCell(f"{value!r} is not a date like 2026-11-23") from None


def whole(value: str) -> int:
    """Return a whole number written in ASCII digits."""
    if not (value.isascii() and value.isdigit()) or len(value) > WHOLE_DIGITS:
        raise BadCell(f"{value!r} is not a whole number")
    return int(value)


def thousandths(value: str) -> int:
    """Return a number of at most three decimals, times 1,000: kW as W."""
    try:
        return fixed.parse(value, places=3)
    except Refused:
        raise BadCell(f"{value!r} is not a number of at most three decimals") from None


def ten_thousandths(value: str) -> int:
    """Return a number of at most four decimals, times 10,000: a percentage as millionths."""
    try:
        return fixed.parse(value, places=4)
    except Refused:
        raise BadCell(f"{value!r} is not a number of at most four decimals") from None


def one_of(known: type[StrEnum]) -> Parse:
    """Return what reads one of some words."""

    def parse(value: str) -> object:
        if value not in set(known):
            raise BadCell(f"{value!r} is none of {', '.join(known)}")
        return known(value)

    return parse


def wholes(value: str) -> tuple[int, ...]:
    """Return the whole numbers between blanks."""
    return tuple(whole(one) for one in value.split())


def words(value: str) -> tuple[str, ...]:
    """Return the words between blanks."""
    return tuple(value.split())


def yes_no(value: str) -> bool:
    """Return the meaning of yes or no."""
    if value.lower() not in {"yes", "no"}:
        raise BadCell(f"{value!r} is neither yes nor no")
    return value.lower() == "yes"


def read(path: Path, *, columns: tuple[Column, ...], findings: Findings) -> list[tuple[int, Row]]:
    """
    Return (line number, row) for each line of the file that is right, and note every fault of the others.

    :param findings: gets file:line, code, message and advice for each fault.
    """
    if not path.is_file():
        findings.add(path.name, "file_missing", f"{path.name} is missing", advice="Put it into the folder.")
        return []
    decoded = _decoded(path.read_bytes())
    if decoded is None:
        findings.add(path.name, "not_text", "is neither UTF-8 nor GB18030", advice="Save it as UTF-8.")
        return []
    lines = csv.reader(io.StringIO(decoded, newline=""), strict=True)
    rows: list[tuple[int, Row]] = []
    try:
        given = _columns_of(next(lines, []), columns=columns, where=path.name, findings=findings)
        absent = {column.name: column.default for column in columns if column not in given}
        if given:
            rows.extend(_rows(lines, columns=given, absent=absent, name=path.name, findings=findings))
    except csv.Error as error:
        findings.add(
            f"{path.name}:{lines.line_num}",
            "not_csv",
            str(error),
            advice="Check the quotes and separators of this line.",
        )
    return rows


def _decoded(data: bytes) -> str | None:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _columns_of(head: list[str], *, columns: tuple[Column, ...], where: str, findings: Findings) -> tuple[Column, ...]:
    """Return the columns in the order of the first line, () if it lacks one that is needed or has one too many."""
    names = [name.strip() for name in head]
    known = {column.name: column for column in columns}
    faults = {
        "missing": [name for name, column in known.items() if column.is_required and name not in names],
        "unknown": [name for name in names if name not in known],
        "twice": sorted({name for name in names if names.count(name) > 1}),
    }
    if not any(faults.values()):
        return tuple(known[name] for name in names)
    findings.add(
        f"{where}:1",
        "wrong_head",
        "; ".join(f"{fault} columns: {', '.join(found)}" for fault, found in faults.items() if found),
        advice=f"The first line names its columns, as: {','.join(known)}",
    )
    return ()


def _rows(
    lines: Iterator[list[str]], *, columns: tuple[Column, ...], absent: Row, name: str, findings: Findings
) -> Iterator[tuple[int, Row]]:
    for cells in lines:
        line = lines.line_num  # type: ignore[attr-defined]
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(columns):
            findings.add(
                f"{name}:{line}", "wrong_width", f"{len(cells)} cells instead of {len(columns)}",
                advice="Quote cells that contain a comma.",
            )  # fmt: skip
            continue
        row = _row(cells, columns=columns, where=f"{name}:{line}", findings=findings)
        if row is not None:
            yield line, absent | row


def _row(cells: list[str], *, columns: tuple[Column, ...], where: str, findings: Findings) -> Row | None:
    row: Row = {}
    for column, raw in zip(columns, cells, strict=True):
        cell = raw.strip()
        if not cell:
            if column.is_required:
                findings.add(where, "cell_empty", f"column {column.name} is empty", advice="Fill it in.")
                continue
            row[column.name] = column.default
            continue
        try:
            row[column.name] = column.parse(cell)
        except BadCell as fault:
            findings.add(where, "bad_cell", f"column {column.name}: {fault}", advice="Correct the cell.")
    return row if len(row) == len(columns) else None
