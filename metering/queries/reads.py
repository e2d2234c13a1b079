"""Counter values that hold: the latest ones, and the history of a meter."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from cis.kernel.errors import Refused
from cis.platform import db
from metering.models.read import ReadFile, ReadRejection, RegisterRead

HISTORY = 60


class UnknownReadFile(Refused):
    """There is no such read file."""

    code = "unknown_read_file"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRow:
    """
    One counter value.

    reading_wh  before the multiplier [Wh or varh]
    version     1, or more where the value of the date was corrected
    """

    register_id: int
    register_code: str
    read_date: date
    reading_wh: int
    kind: str
    version: int
    read_file_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFileRow:
    """A delivered file and what came of it."""

    id: int
    name: str
    format: str
    reads: int
    interval_days: int
    interval_values: int
    rejected: int
    unchanged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectionRow:
    """A line that was not loaded."""

    line_no: int
    code: str
    message: str
    advice: str
    text: str


def latest_of(*, register_ids: Iterable[int], until: date) -> dict[int, ReadRow]:
    """Return the last counter value of some registers at or before a date, by register id; one statement."""
    rows = db.fetch(_LATEST, {"registers": list(register_ids), "until": until})
    return {row[0]: _row(row) for row in rows}


def of_meter(*, meter_id: int, count: int = HISTORY) -> tuple[ReadRow, ...]:
    """Return the last counter values of a meter, corrected ones included, latest first; one statement."""
    found = RegisterRead.objects.filter(register__meter_id=meter_id).order_by(
        "-read_date", "register__code", "-version"
    )
    fields = ("register_id", "register__code", "read_date", "reading_wh", "kind", "version", "read_file_id")
    return tuple(_row(row) for row in found.values_list(*fields)[:count])


def file(*, read_file_id: int) -> ReadFileRow:
    """
    Return a delivered file.

    :raises UnknownReadFile: there is none.
    """
    found = ReadFile.objects.filter(id=read_file_id).values(*ReadFileRow.__dataclass_fields__).first()
    if found is None:
        raise UnknownReadFile(f"There is no read file {read_file_id}.", read_file_id=read_file_id)
    return ReadFileRow(**found)


def files(*, count: int = HISTORY) -> tuple[ReadFileRow, ...]:
    """Return the last delivered files, latest first; one statement."""
    found = ReadFile.objects.order_by("-id").values(*ReadFileRow.__dataclass_fields__)[:count]
    return tuple(ReadFileRow(**row) for row in found)


def rejections(*, read_file_id: int, count: int = 1_000) -> tuple[RejectionRow, ...]:
    """Return the rejected lines of a file, in the order of the file; one statement."""
    found = ReadRejection.objects.filter(read_file_id=read_file_id).order_by("line_no", "id")
    return tuple(RejectionRow(**row) for row in found.values(*RejectionRow.__dataclass_fields__)[:count])


def _row(row: tuple[Any, ...]) -> ReadRow:
    return ReadRow(**dict(zip(ReadRow.__dataclass_fields__, row, strict=True)))


_LATEST = """
SELECT g.id, g.code, r.read_date, r.reading_wh, r.kind, r.version, r.read_file_id
FROM metering_register g
CROSS JOIN LATERAL (
    SELECT * FROM metering_registerread x WHERE x.register_id = g.id AND x.read_date <= %(until)s
    ORDER BY x.read_date DESC, x.version DESC LIMIT 1
) r
WHERE g.id = ANY(%(registers)s)
"""
