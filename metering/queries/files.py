"""Meter files that came in, and what was rejected of them."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from metering.models.read import ReadFile, ReadRejection
from metering.queries.reads import RejectionRow, UnknownReadFile


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCard:
    """A file with its counts; ``document_id`` None: only its rows are kept."""

    id: int
    name: str
    format: str
    document_id: int | None
    reads: int
    interval_days: int
    interval_values: int
    rejected: int
    unchanged: int
    imported_at: datetime


def listed(*, only_rejected: bool = False, offset: int = 0, most: int = 50) -> tuple[FileCard, ...]:
    """Return files, latest first; one statement."""
    rows = ReadFile.objects.filter(rejected__gt=0) if only_rejected else ReadFile.objects.all()
    return tuple(FileCard(**row) for row in rows.order_by("-id").values(*_FIELDS)[offset : offset + most])


def one(*, read_file_id: int) -> FileCard:
    """
    Return a file; one statement.

    :raises UnknownReadFile: there is none.
    """
    row = ReadFile.objects.filter(id=read_file_id).values(*_FIELDS).first()
    if row is None:
        raise UnknownReadFile(f"There is no read file {read_file_id}.", read_file_id=read_file_id)
    return FileCard(**row)


def codes(*, read_file_id: int) -> list[tuple[str, int]]:
    """Return why lines of a file were rejected and how many each, most first; one statement."""
    rows = ReadRejection.objects.filter(read_file_id=read_file_id).values_list("code").annotate(count=Count("id"))
    return list(rows.order_by("-count", "code"))


def rejections(*, read_file_id: int, code: str = "", offset: int = 0, most: int = 50) -> tuple[RejectionRow, ...]:
    """Return rejected lines of a file in its order; one statement."""
    rows = ReadRejection.objects.filter(read_file_id=read_file_id)
    if code:
        rows = rows.filter(code=code)
    fields = RejectionRow.__dataclass_fields__
    found = rows.order_by("line_no", "id").values(*fields)[offset : offset + most]
    return tuple(RejectionRow(**row) for row in found)


_FIELDS = tuple(FileCard.__dataclass_fields__)
