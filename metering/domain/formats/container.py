"""The container of a delivery: a plain file, gzip, or a zip with one or more files; hostile ones are refused."""

import gzip
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import SEEK_SET
from pathlib import PurePosixPath
from typing import BinaryIO

from metering.domain.formats.faults import Fault, FileRefused, legible
from metering.domain.formats.lines import Source

_ZIP_SIGNS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_GZIP_SIGN = b"\x1f\x8b"
_UTF16_SIGNS = (b"\xff\xfe", b"\xfe\xff")
_OLD_SPREADSHEET_SIGN = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SPREADSHEET_MEMBER = "[Content_Types].xml"
_READ_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_SIGN_BYTES = 8
_SYSTEM_FOLDERS = ("__MACOSX",)
_SYSTEM_FILES = (".DS_Store", "Thumbs.db", "desktop.ini")

_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError, ValueError, OSError)
"""What the standard library raises on damaged archives (gzip's own error is an OSError)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """
    What an archive may unpack to.

    unpacked_bytes  of all members together [bytes]
    members         files in a zip
    density         unpacked over packed bytes, looked at only beyond free_bytes: a year of zeros packs very well
    free_bytes      unpacked bytes that any archive may have [bytes]
    """

    unpacked_bytes: int = 8 * 2**30
    members: int = 2_000
    density: int = 300
    free_bytes: int = 64 * 2**20


LIMITS = Limits()


class Member:
    """One file of a delivery, read as a stream; it counts what is unpacked and stops at the limits."""

    def __init__(
        self, name: str, read: Callable[[int], bytes], *, limits: Limits | None = None, packed: int = 0, before: int = 0
    ) -> None:
        self.name = name
        self.bytes_read = before
        self._start = before
        self._read = read
        self._limits = limits
        self._packed = max(packed, 1)

    def read(self, size: int, /) -> bytes:
        """
        Return at most ``size`` bytes; none at the end.

        :raises FileRefused: the archive is damaged, or unpacks to more than the limits allow.
        """
        block = self._read(size) if self._limits is None else self._unpack(size)
        self.bytes_read += len(block)
        if self._limits is not None:
            self._check(self._limits)
        return block

    def _unpack(self, size: int) -> bytes:
        try:
            return self._read(size)
        except _DAMAGE as error:
            raise _refused(Fault.DAMAGED_ARCHIVE, f"The archive is damaged ({error}).", self.name) from error

    def _check(self, limits: Limits) -> None:
        own = self.bytes_read - self._start
        if self.bytes_read > limits.unpacked_bytes:
            message = f"The archive unpacks to more than {limits.unpacked_bytes // 2**20} MiB."
            raise _refused(Fault.ARCHIVE_TOO_LARGE, message, self.name)
        if own > limits.free_bytes and own > limits.density * self._packed:
            message = f"The archive unpacks to more than {limits.density} times its size."
            raise _refused(Fault.ARCHIVE_TOO_DENSE, message, self.name)


class Peeked:
    """A source whose first bytes can be looked at before they are read."""

    def __init__(self, source: Source, size: int) -> None:
        self._source = source
        self.head = b""
        while len(self.head) < size and (block := source.read(size - len(self.head))):
            self.head += block
        self._rest = self.head

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes; none at the end."""
        if not self._rest:
            return self._source.read(size)
        block, self._rest = self._rest[:size], self._rest[size:]
        return block


def members(stream: BinaryIO, *, name: str, limits: Limits = LIMITS) -> Iterator[Member]:
    """
    Yield the files of a delivery, in the order of the archive.

    A zip may hold several files; they are told apart by content, not by name, and names are labels only: nothing is
    written to disk. Folders and files that operating systems add are left out. Only stored and deflated members are
    read; an archive inside an archive is refused.

    stream  seekable; its position at the start does not matter
    name    of the delivered file, for messages

    :raises FileRefused: damaged, empty, encrypted or nested archive, spreadsheet or UTF-16 text, or over the limits.
    """
    stream.seek(0, SEEK_SET)
    head = stream.read(_SIGN_BYTES)
    stream.seek(0, SEEK_SET)
    _refuse_other_kinds(head, name)
    if head.startswith(_ZIP_SIGNS):
        yield from _zip_members(stream, name=name, limits=limits)
    elif head.startswith(_GZIP_SIGN):
        packed = stream.seek(0, 2)
        stream.seek(0, SEEK_SET)
        unpacked = gzip.GzipFile(fileobj=stream, mode="rb")
        yield Member(label_of(name), unpacked.read, limits=limits, packed=packed)
    else:
        yield Member(label_of(name), stream.read)


def _zip_members(stream: BinaryIO, *, name: str, limits: Limits) -> Iterator[Member]:
    try:
        archive = zipfile.ZipFile(stream)
        infos = [info for info in archive.infolist() if not _is_system_file(info)]
    except _DAMAGE as error:
        raise _refused(Fault.DAMAGED_ARCHIVE, f"The zip file is damaged ({error}).", name) from error
    if any(info.filename == _SPREADSHEET_MEMBER for info in infos):
        raise _refused(Fault.SPREADSHEET_FILE, "This is a spreadsheet file, not text.", name)
    if not infos:
        raise _refused(Fault.EMPTY_ARCHIVE, "The zip file has no files in it.", name)
    if len(infos) > limits.members:
        raise _refused(Fault.TOO_MANY_MEMBERS, f"The zip file has more than {limits.members} files.", name)
    unpacked = 0
    for info in infos:
        member = _zip_member(archive, info, limits=limits, before=unpacked)
        yield member
        unpacked = member.bytes_read


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, *, limits: Limits, before: int) -> Member:
    label = label_of(info.filename)
    if info.flag_bits & _ENCRYPTED:
        raise _refused(Fault.ENCRYPTED_ARCHIVE, "The zip file has a password.", label)
    if info.compress_type not in _READ_METHODS:
        raise _refused(Fault.DAMAGED_ARCHIVE, "The zip file is packed by a method that is not read.", label)
    try:
        opened = archive.open(info)
    except (*_DAMAGE, RuntimeError) as error:
        raise _refused(Fault.DAMAGED_ARCHIVE, f"The zip file is damaged ({error}).", label) from error
    return Member(label, opened.read, limits=limits, packed=info.compress_size, before=before)


def refuse_nested(head: bytes, *, name: str) -> None:
    """Refuse the first bytes of a member that is itself an archive, a spreadsheet or UTF-16 text."""
    if head.startswith((*_ZIP_SIGNS, _GZIP_SIGN)):
        raise _refused(Fault.NESTED_ARCHIVE, "There is an archive inside the archive.", name)
    _refuse_other_kinds(head, name)


def _refuse_other_kinds(head: bytes, name: str) -> None:
    if head.startswith(_OLD_SPREADSHEET_SIGN):
        raise _refused(Fault.SPREADSHEET_FILE, "This is a spreadsheet file, not text.", name)
    if head.startswith(_UTF16_SIGNS):
        raise _refused(Fault.UTF16_TEXT, "The text is UTF-16.", name)


def _is_system_file(info: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(info.filename)
    return info.is_dir() or path.parts[:1] == _SYSTEM_FOLDERS or path.name in _SYSTEM_FILES


def label_of(filename: str) -> str:
    """Return the last part of a file name that an archive or a browser states, without control characters."""
    last = filename.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return legible(last.encode("utf-8", errors="replace"))[:255]


def _refused(fault: Fault, message: str, name: str) -> FileRefused:
    return FileRefused(message, fault=fault, member=label_of(name))
