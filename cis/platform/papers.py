"""
Papers that people hand in: PDF, JPEG or PNG, checked by what they are and not by what they are called.

A picture is decoded and written anew (``photos``), so nothing hidden in it is kept. A PDF is kept as it came, since it
may be signed; one that runs programs, opens files or is locked is refused.
"""

import re
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import documents, photos

BYTES_MOST = 15 * 2**20
PDF_HEAD = re.compile(rb"%PDF-[12]\.\d")
PDF_END = b"%%EOF"
TAIL_BYTES = 2_048
ACTIVE = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFile|OpenAction|AA|RichMedia|XFA|Encrypt)\b")
STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
HEAD_BYTES = 400
HEAD_LOOKED_AT = 16
INNER_MOST = 8 * 2**20
PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")


class NotAPaper(Refused):
    """The file is no PDF, JPEG or PNG that can be looked at safely."""

    code = "not_a_paper"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPaper:
    """A paper that was looked at and may be kept: its bytes as they will be."""

    data: bytes
    name: str
    media_type: str


def may_be_paper(head: bytes) -> bool:
    """Return whether a file begins like a paper; ``check`` looks at all of it."""
    return head.startswith(PICTURES) or PDF_HEAD.match(head) is not None


def keep(source: BinaryIO, *, name: str, actor: Actor) -> int:
    """
    Keep a paper as a private document and return its id.

    :raises FileTooLarge, NotAPaper, NotAPhoto: see ``check``.
    """
    return keep_checked(check(source, name=name), actor=actor)


def keep_checked(paper: CheckedPaper, *, actor: Actor) -> int:
    """Keep a paper that was checked before, as a private document, and return its id."""
    return documents.keep(paper.data, name=paper.name, media_type=paper.media_type, actor=actor)


def check(source: BinaryIO, *, name: str) -> CheckedPaper:
    """
    Look at a paper and return it as it will be kept; nothing is kept yet.

    :raises FileTooLarge: it has more than 15 MiB.
    :raises NotAPaper: it is something else, is cut off, or holds programs.
    :raises NotAPhoto: the picture cannot be decoded.
    """
    data = source.read(BYTES_MOST + 1)
    if len(data) > BYTES_MOST:
        raise documents.FileTooLarge(f"The file has more than {BYTES_MOST // 2**20} MiB.", advice="Scan it anew.")
    if data.startswith(PICTURES):
        stem = name.rpartition(".")[0] or name
        return CheckedPaper(
            data=photos.written_anew(BytesIO(data))[0], name=f"{stem}.jpg", media_type=photos.MEDIA_TYPE
        )
    if not PDF_HEAD.match(data) or PDF_END not in data[-TAIL_BYTES:]:
        raise NotAPaper("The file is no PDF, JPEG or PNG.", advice="Scan the paper or take a photo of it.")
    if _is_active(data):
        raise NotAPaper("The PDF holds programs, files or a password.", advice="Print it into a new PDF.")
    return CheckedPaper(data=data, name=name, media_type="application/pdf")


def _is_active(data: bytes) -> bool:
    """Return whether the objects of a PDF name something that runs or locks it; what streams picture is left out."""
    end, outside = 0, []
    for found in STREAM.finditer(data):
        head = data[max(found.start() - HEAD_BYTES, end) : found.start()]
        outside.append(data[end : found.start()])
        end = found.end()
        if b"/ObjStm" in head:  # objects lie packed in this stream
            outside.append(_unpacked(found.group(1)))
    outside.append(data[end:])
    return any(ACTIVE.search(part) for part in outside)


def _unpacked(stream: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(stream, INNER_MOST)
    except zlib.error as error:
        raise NotAPaper("The PDF is broken.", advice="Print it into a new PDF.") from error
