"""Papers that prove something for a change of use, kept by what they are and not by what they are called."""

from io import BytesIO
from typing import BinaryIO

from cis.kernel.actors import Actor
from cis.platform import documents, photos

PDF_HEAD = b"%PDF-"
BYTES_MOST = 15 * 2**20


def keep(source: BinaryIO, *, name: str, actor: Actor) -> int:
    """
    Keep a paper as a private document and return its id: a PDF as it came, a picture decoded and written anew.

    :raises FileTooLarge: it has more than 15 MiB.
    :raises NotAPhoto: it is neither a PDF nor a picture.
    """
    data = source.read(BYTES_MOST + 1)
    if data.startswith(PDF_HEAD):
        return documents.keep(data, name=name, media_type="application/pdf", actor=actor, bytes_most=BYTES_MOST)
    return photos.keep(BytesIO(data), name=name, actor=actor).document_id
