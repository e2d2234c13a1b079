"""Reads come in: whole files, and single values from the desk or the API."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import BinaryIO

from django.utils import timezone

from accounts.queries import supplier
from cis.kernel.actors import Actor
from cis.kernel.ahead import one_ahead
from cis.kernel.errors import Refused
from cis.platform import audit, db, documents
from cis.platform.db import joins_transaction, opens_transaction, take_ids
from metering.domain.formats.batches import Format
from metering.domain.formats.faults import FileRefused, Remark
from metering.domain.formats.files import read_file
from metering.domain.reads import ADVICE, ReadFault
from metering.domain.resolving import Missed, choose_read, named
from metering.models.read import ReadFile, ReadKind, ReadRejection, RegisterRead
from metering.operations import arrivals, resolver, workbooks
from metering.operations.counter_reads import Given, StoredReads, store
from metering.operations.deliveries import Delivery, Tally
from metering.operations.usage_rows import UsageFinding

LOCK = 7_265_311
"""Advisory lock: deliveries are imported one after the other, so that two of one day agree on their versions."""

_HASHED_BYTES = 1 << 20

Progress = Callable[[int], None]
"""Is told how many unpacked bytes are dealt with."""


class ReadRefused(Refused):
    """A single read is not taken; ``code`` is one of ``metering.domain.reads.ReadFault``."""

    code = "read_refused"

    def __init__(self, message: str, *, fault: ReadFault, **detail: object) -> None:
        super().__init__(message, advice=ADVICE[fault], **detail)
        self.fault = fault
        self.code = str(fault)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """
    What came of a file.

    is_known   the same bytes were imported before: these are the counts of that time, nothing was changed
    unchanged  rows of the file that were held before with the same value
    remarks    things worth knowing that rejected nothing; none for a known file
    """

    read_file_id: int
    name: str
    format: str
    reads: int
    interval_days: int
    interval_values: int
    rejected: int
    unchanged: int
    is_known: bool = False
    remarks: tuple[Remark, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """
    A single read that is kept, with its usage approved.

    is_new    False: the same value was there
    findings  what keeps energy beside the read from being approved, as a neighbour that is missing
    """

    read_id: int
    register_id: int
    read_date: date
    reading_wh: int
    version: int
    is_new: bool
    findings: tuple[UsageFinding, ...] = ()


def import_file(
    *,
    source: BinaryIO | Path,
    name: str,
    actor: Actor,
    today: date,
    again: bool = False,
    taken_date: date | None = None,
    progress: Progress | None = None,
) -> Imported:
    """
    Load a meter file of any format that is read, plain, zip or gzip, told apart by content.

    The file is kept by its SHA-256; the same bytes again change nothing and give the same result. Lines that are wrong
    are rejected and kept with number, code and advice, the others are loaded, all in one transaction. A file that is
    refused leaves nothing but an audit event. Its usage is approved afterwards, by ``arrivals.approve_file``.

    A use case of its own, that is two: the import, or the record of its refusal.

    :param source: seekable stream, or path.
    :param today: local date; what lies after it is rejected.
    :param again: load a known file once more, for the sake of lines whose meters were unknown; what is held stays
        unchanged, and the rejections are those of this time.
    :param taken_date: local date of values that come without a time, as telegrams before DSMR 4; a known file that
        comes with another one is loaded once more.
    :raises FileRefused: see ``metering.domain.formats.faults.Fault`` for the codes.
    :raises NoSupplier: the installation has no supplier, hence no time zone.
    """
    if isinstance(source, Path):
        with source.open("rb") as stream:
            return import_file(
                source=stream,
                name=name,
                actor=actor,
                today=today,
                again=again,
                taken_date=taken_date,
                progress=progress,
            )
    sha256 = _sha256(source)
    try:
        return _import(
            source,
            name=name[:255],
            sha256=sha256,
            actor=actor,
            today=today,
            again=again,
            taken_date=taken_date,
            progress=progress or _ignore,
        )
    except FileRefused as refusal:
        _record_refusal(refusal, name=name, sha256=sha256, actor=actor)
        raise


@opens_transaction
def enter(
    *,
    serial: str,
    register: str = "",
    read_date: date,
    reading_wh: int,
    kind: str = ReadKind.ACTUAL.value,
    actor: Actor,
    today: date,
) -> Entered:
    """
    Keep one counter value and approve the usage before and after it; the same value again changes nothing.

    :param serial: serial number of the meter.
    :param register: code of its register; empty: its only one.
    :param read_date: local date at whose 00:00 the counter showed the value.
    :param reading_wh: before the multiplier. [Wh or varh]
    :raises ReadRefused: unknown meter or register, not installed on the date, a date in the future, a value that does
        not fit its neighbours or its dial.
    """
    return keep(
        serial=serial,
        register=register,
        read_date=read_date,
        reading_wh=reading_wh,
        kind=kind,
        actor=actor,
        today=today,
    )


@joins_transaction
def keep(
    *,
    serial: str,
    register: str = "",
    read_date: date,
    reading_wh: int,
    kind: str = ReadKind.ACTUAL.value,
    method: str = "",
    actor: Actor,
    today: date,
) -> Entered:
    """
    Keep one counter value, its usage included, as a step of a larger use case; see ``enter``.

    :param method: how we estimated it (``domain.estimation.Method``), for kind ESTIMATED; "" = we did not.
    """
    if read_date > today:
        raise ReadRefused(f"The date {read_date} is in the future.", fault=ReadFault.DATE_IN_FUTURE)
    resolver.lock_meters([serial])
    meters = resolver.by_meter(locks=False)
    meters.learn([serial])
    found = named(known=meters.get(serial), name=serial, code=register, fault=ReadFault.UNKNOWN_METER)
    if isinstance(found, Missed):
        raise ReadRefused(found.message, fault=found.fault, serial=serial, register=register)
    day = read_date.toordinal()
    place = choose_read(hung=found, serial=serial, day=day, is_end=kind == ReadKind.FINAL)
    if place < 0:
        message = f"Meter {serial} did not hang anywhere on {read_date}."
        raise ReadRefused(message, fault=ReadFault.NOT_INSTALLED, serial=serial)
    given = Given(hanging=found[place], day=day, reading_wh=reading_wh, kind=ReadKind(kind).value, method=method)
    stored = store([given], read_file_id=None, actor_id=actor.id, received_at=timezone.now())
    for misfit in stored.misfits:
        raise ReadRefused(misfit.message, fault=misfit.fault, serial=serial, register=given.hanging.code)
    return _entered(given, stored, serial=serial, actor=actor, today=today)


def _entered(given: Given, stored: StoredReads, *, serial: str, actor: Actor, today: date) -> Entered:
    is_new = bool(stored.versions[0])
    register_id, read_date = given.hanging.register_id, date.fromordinal(given.day)
    row = RegisterRead.objects.filter(register_id=register_id, read_date=read_date).order_by("-version")[0]
    if is_new:
        reading = given.reading_wh
        audit.record(actor, "enter", "register_read", row.id, serial=serial, read_date=read_date, reading_wh=reading)
    # Also for a value that was there: usage that it lacks follows now.
    others = [date.fromordinal(day) for _register, day in stored.anew]
    approved = arrivals.approve_read(register_id=register_id, read_date=read_date, today=today, others=others)
    return Entered(
        read_id=row.id,
        register_id=row.register_id,
        read_date=read_date,
        reading_wh=row.reading_wh,
        version=row.version,
        is_new=is_new,
        findings=tuple(approved.findings),
    )


@opens_transaction
def _import(
    stream: BinaryIO,
    *,
    name: str,
    sha256: str,
    actor: Actor,
    today: date,
    again: bool,
    taken_date: date | None,
    progress: Progress,
) -> Imported:
    db.fetch("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    known = ReadFile.objects.filter(sha256=sha256).first()
    is_dated_anew = known is not None and taken_date not in (None, known.taken_date)
    if known is not None and not again and not is_dated_anew:
        return _result(known, is_known=True)
    if known is not None:
        taken_date = taken_date or known.taken_date
    if known is not None:
        ReadRejection.objects.filter(read_file=known).delete()
    delivery = Delivery(
        read_file_id=known.id if known else take_ids("metering_readfile", 1)[0],
        actor_id=actor.id,
        received_at=timezone.now(),
        zone_name=supplier.current().time_zone,
        is_first=known is None,
    )
    file_format = None
    with workbooks.as_text(stream, name=name) as (source, is_workbook):
        for batch in one_ahead(read_file(source, name=name, today=today, taken_date=taken_date)):
            file_format = file_format or (Format.XLSX if is_workbook else batch.header.format)
            delivery.add(batch)
            progress(batch.bytes_read)
    row = known or _keep(stream, delivery.read_file_id, name=name, sha256=sha256, file_format=file_format, actor=actor)
    row.taken_date = taken_date
    _count(row, delivery.tally, is_again=known is not None)
    audit.record(actor, "import", "read_file", row.id, name=name, rejected=row.rejected, again=known is not None)
    return _result(row, remarks=tuple(delivery.tally.remarks))


def _keep(
    stream: BinaryIO, read_file_id: int, *, name: str, sha256: str, file_format: Format | None, actor: Actor
) -> ReadFile:
    if file_format is None:
        raise AssertionError("a file without a batch is refused by its reader")
    stream.seek(0)
    document_id = documents.keep(stream, name=name, media_type="application/octet-stream", actor=actor)
    return ReadFile(
        id=read_file_id, sha256=sha256, name=name, format=str(file_format), document_id=document_id, actor_id=actor.id
    )


def _count(row: ReadFile, tally: Tally, *, is_again: bool) -> None:
    """Write the counts; after a second import those of rows add up, since the first ones are still there."""
    row.reads = tally.reads + row.reads * is_again
    row.interval_days = tally.interval_days + row.interval_days * is_again
    row.interval_values = tally.interval_values + row.interval_values * is_again
    row.rejected, row.unchanged = tally.rejected, tally.unchanged
    row.usage_approved_at = None
    row.save(force_insert=not is_again)


def _result(row: ReadFile, *, is_known: bool = False, remarks: tuple[Remark, ...] = ()) -> Imported:
    return Imported(
        read_file_id=row.id,
        name=row.name,
        format=row.format,
        reads=row.reads,
        interval_days=row.interval_days,
        interval_values=row.interval_values,
        rejected=row.rejected,
        unchanged=row.unchanged,
        is_known=is_known,
        remarks=remarks,
    )


@opens_transaction
def _record_refusal(refusal: FileRefused, *, name: str, sha256: str, actor: Actor) -> None:
    detail = {"name": name, "sha256": sha256, "code": refusal.code, "message": refusal.message, "line": refusal.line}
    audit.record(actor, "refuse", "read_file", None, **detail)


def _sha256(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    stream.seek(0)
    while block := stream.read(_HASHED_BYTES):
        digest.update(block)
    return digest.hexdigest()


def _ignore(_: int) -> None:
    """Tell nobody."""
