"""
What a head end brought, as files in the list of files: counter values and refusals of an hour, days that were closed.

A file keeps the instant at which its days came: proofs and retention ask which version of a day was there when a bill
was made.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from django.db.models import F
from django.utils import timezone

from cis.platform import db
from cis.platform.db import joins_transaction
from metering.domain.formats.batches import Format
from metering.domain.formats.faults import Rejection
from metering.models.read import ReadFile, ReadRejection


@joins_transaction
def file_of_hour(*, at: datetime) -> ReadFile:
    """Return the file of the hour of an instant; it is made with the first thing that it brings."""
    return _file(f"head-end {at.timestamp() // 3600:.0f}", name=f"{timezone.localtime(at):%Y-%m-%d %H}:00", at=at)


@joins_transaction
def file_of_closing(*, at: datetime) -> ReadFile:
    """Return the file of the days that are closed at an instant."""
    return _file(f"head-end days {at.isoformat()}", name=f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}", at=at)


def _file(key: str, *, name: str, at: datetime) -> ReadFile:
    made, _ = ReadFile.objects.get_or_create(
        sha256=hashlib.sha256(key.encode()).hexdigest(),
        defaults={
            "name": f"head-end {name}",
            "format": Format.HEAD_END.value,
            "imported_at": at,
            "usage_approved_at": at,
        },
    )
    return made


@joins_transaction
def count_step(file: ReadFile, *, reads: int = 0, days: int = 0, values: int = 0, unchanged: int = 0) -> None:
    """Count what came in addition; the usage of what is new is to be approved."""
    new = {"usage_approved_at": None} if reads or days else {}
    ReadFile.objects.filter(id=file.id).update(
        reads=F("reads") + reads, interval_days=F("interval_days") + days,
        interval_values=F("interval_values") + values, unchanged=F("unchanged") + unchanged, **new,
    )  # fmt: skip


@joins_transaction
def forget_empty_step(file: ReadFile) -> None:
    """Drop a file that brought nothing: what was refused stands with its hour."""
    ReadFile.objects.filter(id=file.id, interval_days=0, unchanged=0, reads=0, rejected=0).delete()


@joins_transaction
def refuse_step(file: ReadFile, refused: Sequence[Rejection]) -> None:
    """Note what was not taken, the same thing once an hour however often it is said."""
    given = {
        "file": file.id, "lines": [one.line + 1 for one in refused], "codes": [one.code for one in refused],
        "messages": [one.message for one in refused], "advice": [one.advice for one in refused],
        "texts": [one.text for one in refused],
    }  # fmt: skip
    db.execute(_REFUSE, given)
    ReadFile.objects.filter(id=file.id).update(rejected=ReadRejection.objects.filter(read_file=file).count())


_REFUSE = """
INSERT INTO metering_readrejection (read_file_id, line_no, code, message, advice, text)
SELECT DISTINCT ON (n.code, n.text) %(file)s, n.line, n.code, n.message, n.advice, n.text
FROM unnest(%(lines)s::bigint[], %(codes)s::text[], %(messages)s::text[], %(advice)s::text[], %(texts)s::text[])
     AS n (line, code, message, advice, text)
WHERE NOT EXISTS (
    SELECT FROM metering_readrejection r WHERE r.read_file_id = %(file)s AND r.code = n.code AND r.text = n.text)
ORDER BY n.code, n.text, n.line
"""
