"""
Files that are kept: meter files, printed bills, papers of customers.

A file lies under settings.DOCUMENTS_DIR by the SHA-256 of its bytes, so the same bytes are kept once and a kept file
never changes. It is on the disk before the row that names it is committed; a file without a row does no harm.

Documents of customers are encrypted soon after they were kept (``cis.platform.sealed_documents``), and read as before.
"""

import hashlib
import os
import secrets
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, BinaryIO

from django.conf import settings

from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Refused
from cis.platform import db, person_keys, sealing
from cis.platform.models import Document

BYTES_MOST = 1024 * 1024 * 1024
PIECE_BYTES = 1024 * 1024
NAME_MOST = 255


class FileTooLarge(Refused):
    """The file is larger than is taken here."""

    code = "file_too_large"


class UnknownDocument(Refused):
    """There is no such document."""

    code = "unknown_document"


class DocumentLost(Refused):
    """The row is there, the file under settings.DOCUMENTS_DIR is not, or is not what was kept."""

    code = "document_lost"


class DocumentErased(UnknownDocument):
    """Nobody can read the document any more: whose it was is anonymised, or its time is over."""

    code = "document_erased"


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a kept file; ``size`` in bytes."""

    id: int
    sha256: str
    name: str
    media_type: str
    size: int


def keep(
    source: BinaryIO | bytes, *, name: str, media_type: str, actor: Actor = SYSTEM, bytes_most: int = BYTES_MOST
) -> int:
    """
    Keep a file and return its id; the same bytes give the same id, under the name they had first.

    :param source: read from where it stands to its end, in pieces.
    :raises FileTooLarge: it has more than ``bytes_most`` bytes; nothing is kept.
    """
    stream = BytesIO(source) if isinstance(source, bytes) else source
    folder = settings.DOCUMENTS_DIR
    folder.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=folder, prefix="incoming-", delete=False) as incoming:
        try:
            sha256, size = _copy(stream, incoming, bytes_most)
            incoming.flush()
            os.fsync(incoming.fileno())
            _put(Path(incoming.name), path_of(sha256))
        finally:
            Path(incoming.name).unlink(missing_ok=True)
    made = db.fetch(_KEEP, [sha256, name[-NAME_MOST:], media_type, size, actor.id])
    # What was kept before is looked for by a statement of its own, which sees what others committed meanwhile.
    if made:
        return int(made[0][0])
    before = Document.objects.only("id", "sealed_name").get(sha256=sha256)
    if before.sealed_name:
        # It is there encrypted. Whose it is now too gets the key at the latest when that of another one is destroyed.
        path_of(sha256).unlink(missing_ok=True)
    return before.id


_KEEP = """
    INSERT INTO platform_document (sha256, name, media_type, size, created_at, actor_id)
    VALUES (%s, %s, %s, %s, now(), %s) ON CONFLICT (sha256) DO NOTHING RETURNING id
"""


def find(sha256: str) -> Kept | None:
    """Return what is known of the file with this SHA-256; None if it was never kept."""
    row = Document.objects.filter(sha256=sha256).first()
    return None if row is None else _kept(row)


def about(document_id: int) -> Kept:
    """
    Return what is known of a kept file.

    :raises UnknownDocument: there is none of this id.
    """
    row = Document.objects.filter(id=document_id).first()
    if row is None:
        raise UnknownDocument(f"There is no document {document_id}.")
    return _kept(row)


def open(document_id: int) -> BinaryIO:  # noqa: A001 (documents.open reads as it should)
    """
    Open a kept file for reading; the caller closes it.

    :raises UnknownDocument: there is none of this id.
    :raises DocumentLost: its bytes are gone, or are not as many as were kept.
    :raises DocumentErased: whose it was is anonymised, or its time is over.
    """
    row = Document.objects.filter(id=document_id).first()
    if row is None:
        raise UnknownDocument(f"There is no document {document_id}.")
    if row.erased_at is not None:
        raise DocumentErased(f"Document {document_id} was erased.", document_id=document_id)
    if row.sealed_name:
        return BytesIO(_unsealed(row))
    path = path_of(row.sha256)
    if not path.is_file() or path.stat().st_size != row.size:
        raise _lost(row)
    return path.open("rb")


def _unsealed(row: Document) -> bytes:
    key, path = person_keys.of_document(row.id), sealed_path(row.sealed_name)
    if key is None:
        raise DocumentErased(f"Document {row.id} was erased.", document_id=row.id)
    if not path.is_file():
        raise _lost(row)
    return sealing.unseal_bytes(path.read_bytes(), key=key, purpose=purpose_of(row.id))


def _lost(row: Document) -> DocumentLost:
    return DocumentLost(
        f"The file of document {row.id} ({row.name}) is lost.",
        advice="Restore DOCUMENTS_DIR from the backup.",
        sha256=row.sha256,
    )


def purpose_of(document_id: int) -> bytes:
    """Return what the bytes of an encrypted document are bound to: they are read as this document alone."""
    return f"document {document_id}".encode()


def write_sealed(sealed: bytes) -> str:
    """Write encrypted bytes under a name of their own, completely or not at all, and return the name."""
    name = secrets.token_hex(32)
    write(sealed, sealed_path(name))
    return name


def write(data: bytes, path: Path) -> None:
    """Write bytes to their place, completely or not at all."""
    with NamedTemporaryFile(dir=settings.DOCUMENTS_DIR, prefix="incoming-", delete=False) as incoming:
        try:
            incoming.write(data)
            incoming.flush()
            os.fsync(incoming.fileno())
            _put(Path(incoming.name), path)
        finally:
            Path(incoming.name).unlink(missing_ok=True)


def sealed_path(name: str) -> Path:
    """Return where encrypted bytes lie."""
    return Path(settings.DOCUMENTS_DIR) / "sealed" / name[:2] / name


def path_of(sha256: str) -> Path:
    """Return where the file with this SHA-256 lies."""
    return Path(settings.DOCUMENTS_DIR) / sha256[:2] / sha256[2:4] / sha256


def _copy(stream: BinaryIO, target: IO[bytes], bytes_most: int) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while piece := stream.read(PIECE_BYTES):
        size += len(piece)
        if size > bytes_most:
            raise FileTooLarge(
                f"The file has more than {bytes_most / 2**20:.0f} MiB.", advice="Split it.", bytes_most=bytes_most
            )
        digest.update(piece)
        target.write(piece)
    return digest.hexdigest(), size


def _put(incoming: Path, path: Path) -> None:
    """Move a whole file to its place, so that it is there completely or not at all, also after a power cut."""
    if path.is_file() and path.stat().st_size == incoming.stat().st_size:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    incoming.replace(path)
    for folder in (path.parent, path.parent.parent, path.parent.parent.parent):
        _sync(folder)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _kept(row: Document) -> Kept:
    return Kept(row.id, row.sha256, row.name, row.media_type, row.size)
