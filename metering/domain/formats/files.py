"""The door to meter files: unpack, recognise, read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import BinaryIO, Protocol

from metering.domain.formats import (
    csv_reads,
    d0010,
    dsmr,
    edifact,
    green_button,
    interval_csv,
    mscons,
    ndjson,
    nem12,
    nem13,
)
from metering.domain.formats.batches import Batch
from metering.domain.formats.container import LIMITS, Limits, Member, Peeked, members, refuse_nested
from metering.domain.formats.faults import Fault, FileRefused, Remark, legible
from metering.domain.formats.lines import UTF8_MARK, Chunk, after_last_line, chunks
from metering.domain.formats.nem_frame import is_blank

_HEAD_BYTES = 1 << 16


class _Reader(Protocol):
    def feed(self, chunk: Chunk) -> Batch: ...

    def finish(self) -> tuple[Remark, ...]: ...


@dataclass(frozen=True, slots=True)
class _Way:
    """How a format is read: its reader, where its chunks may be cut, and whether it may lack its time."""

    reader: Callable[..., _Reader]
    boundary: Callable[[bytes], int] = after_last_line
    may_lack_time: bool = False


_NEM12 = _Way(nem12.Reader, nem12.boundary)
_NEM13 = _Way(nem13.Reader)
_CSV = _Way(csv_reads.Reader)
_INTERVAL_CSV = _Way(interval_csv.Reader)
_NDJSON = _Way(ndjson.Reader)
_MSCONS = _Way(mscons.Reader, mscons.boundary)
_D0010 = _Way(d0010.Reader)
_DSMR = _Way(dsmr.Reader, dsmr.boundary, may_lack_time=True)
_GREEN_BUTTON = _Way(green_button.Reader, green_button.boundary)
_ENCRYPTED_SIGN = b"\xdb\x08"
"""General-glo-ciphering with a system title of eight bytes: how P1 ports encrypt. [source: IEC 62056-5-3]"""


def read_file(
    stream: BinaryIO, *, name: str, today: date, taken_date: date | None = None, limits: Limits = LIMITS
) -> Iterator[Batch]:
    """
    Yield a delivery as batches: columns, rejected lines, remarks.

    The delivery is a file of a format that has a module here (see those for what they take), plain, gzip, or zip with
    one or more such files, told apart by content. It is read as a stream: memory does not grow with its size,
    about a megabyte of text is worked on at a time.

    A fault of structure refuses the delivery, at whatever point it shows, even after batches were yielded: load all
    batches in one transaction and roll back. A file with its header but no data is read, with a remark.

    The caller decides what the file cannot say: whether a meter is known, whether a day or read is newer than the one
    held, whether a reading is plausible. The last batch of each member carries the remarks due at its end.

    stream  seekable
    name    of the delivered file, for messages
    today   local date; days and reads after it are rejected
    taken_date  local date of values whose format may lack a time and that have none; None: they are rejected
    limits  what an archive may unpack to

    :raises FileRefused: nothing of the delivery may be loaded; see ``faults.Fault`` for the codes.
    """
    for member in members(stream, name=name, limits=limits):
        yield from _read_member(member, today=today, taken_date=taken_date)


def _read_member(member: Member, *, today: date, taken_date: date | None) -> Iterator[Batch]:
    source = Peeked(member, _HEAD_BYTES)
    way = _recognise(source.head, member.name)
    said = {"taken_date": taken_date} if way.may_lack_time else {}
    reader = way.reader(member=member.name, today=today, **said)
    batch: Batch | None = None
    for chunk in chunks(source, boundary=way.boundary):
        if batch is not None:
            yield batch
        batch = replace(reader.feed(chunk), bytes_read=member.bytes_read)
    remarks = reader.finish()
    if batch is not None:
        yield replace(batch, remarks=batch.remarks + remarks)


def _recognise(head: bytes, name: str) -> _Way:
    """
    Return how to read a member, by its first line that is not blank.

    :raises FileRefused: empty, an archive in an archive, no format that is read, or a header that is missing.
    """
    refuse_nested(head, name=name)
    if head.startswith(_ENCRYPTED_SIGN):
        raise FileRefused("The telegrams are encrypted.", fault=Fault.ENCRYPTED_TELEGRAM, member=name)
    text = head.removeprefix(UTF8_MARK).replace(b"\r", b"\n")
    raw = next((line for line in text.split(b"\n") if not is_blank(line)), b"")
    if not raw:
        raise FileRefused("The file is empty.", fault=Fault.EMPTY_FILE, member=name)
    by_sign = next((way for has_sign, way in _SIGNS if has_sign(raw, text)), None)
    return by_sign or _by_record([field.strip(b' "').upper() for field in raw.split(b",")], raw, name)


_SIGNS: tuple[tuple[Callable[[bytes, bytes], bool], _Way], ...] = (
    (lambda line, _: line.startswith(d0010.SIGN), _D0010),
    (lambda line, _: line.lstrip().startswith(edifact.SIGNS), _MSCONS),
    (lambda line, _: line.lstrip().startswith(ndjson.SIGN), _NDJSON),
    (lambda _, text: dsmr.is_telegram(text), _DSMR),
    (lambda _, text: green_button.is_feed(text), _GREEN_BUTTON),
    (lambda line, _: interval_csv.is_header(line), _INTERVAL_CSV),
    (lambda line, _: csv_reads.is_header(line), _CSV),
)
"""What the first line that is not blank, or the text from the beginning on, is told by; the first that fits counts."""


def _by_record(fields: list[bytes], raw: bytes, name: str) -> _Way:
    match fields[0]:
        case b"100":
            return _by_version(fields[1] if len(fields) > 1 else b"", name)
        case b"200":
            return _NEM12
        case b"250":
            return _NEM13
        case b"300" | b"400" | b"500" | b"550" | b"900":
            message = "The file begins in the middle: its header and first records are missing."
            raise FileRefused(message, fault=Fault.MISSING_HEADER, member=name)
    raise _unrecognised(raw, name)


def _by_version(version: bytes, name: str) -> _Way:
    ways = {b"NEM12": _NEM12, b"NEM13": _NEM13}
    if version not in ways:
        message = f"The version {legible(version[:20])!r} is not read."
        raise FileRefused(message, fault=Fault.UNKNOWN_VERSION, member=name, line=1)
    return ways[version]


def _unrecognised(raw: bytes, name: str) -> FileRefused:
    looks_like_table = b"\x00" not in raw and max(raw.count(sign) for sign in (b",", b";", b"\t")) > 1
    if looks_like_table:
        message = "The first line does not name the columns meter, read_at and reading."
        return FileRefused(message, fault=Fault.MISSING_HEADER, member=name, line=1)
    return FileRefused("The file is not in a format that is read.", fault=Fault.UNKNOWN_FORMAT, member=name)
