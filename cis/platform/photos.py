"""
Photos that people take: checked by what they are, kept without what they tell about the one who took them.

Rule: a photo is decoded and written anew, turned upright, with 2,048 pixels at its longest edge. So no position, no
name of a device, no thumbnail and nothing that was hidden in the file is kept; of all that the camera says only the
time is kept, beside the picture.

[source: 个人信息保护法 第六条, 第十九条: no more personal data than the purpose needs]
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import documents

BYTES_MOST = 15 * 2**20
PIXELS_MOST = 60_000_000
EDGE = 2_048
QUALITY = 82
FORMATS = ("JPEG", "PNG", "WEBP")
MEDIA_TYPE = "image/jpeg"
_EXIF_IFD = 0x8769
_TAKEN, _OFFSET = 0x9003, 0x9011


class NotAPhoto(Refused):
    """The file is no photo that can be shown: another kind of file, cut off, or far too large."""

    code = "not_a_photo"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPhoto:
    """A kept photo; ``taken_at`` as the camera says, None: it does not, or not in which time zone."""

    document_id: int
    taken_at: datetime | None


def keep(source: BinaryIO, *, name: str, actor: Actor) -> KeptPhoto:
    """
    Keep a photo as a private document.

    :param source: JPEG, PNG or WebP, whatever its name says.
    :raises FileTooLarge, NotAPhoto: see ``written_anew``.
    """
    data, taken_at = written_anew(source)
    document_id = documents.keep(data, name=f"{name}.jpg", media_type=MEDIA_TYPE, actor=actor)
    return KeptPhoto(document_id=document_id, taken_at=taken_at)


def written_anew(source: BinaryIO) -> tuple[bytes, datetime | None]:
    """
    Return a photo as it is kept, and when the camera says it was taken; nothing is kept yet.

    :raises FileTooLarge: it has more than 15 MiB.
    :raises NotAPhoto: it is no such picture, or has more than 60 million pixels.
    """
    data = source.read(BYTES_MOST + 1)
    if len(data) > BYTES_MOST:
        raise documents.FileTooLarge(
            f"The photo has more than {BYTES_MOST // 2**20} MiB.", advice="Take it with a lower resolution."
        )
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as found:
            if found.width * found.height > PIXELS_MOST:
                raise NotAPhoto("The picture has too many pixels.", advice="Take it with a lower resolution.")
            taken_at = _taken_at(found)
            picture = ImageOps.exif_transpose(found).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise NotAPhoto("The file is no photo in JPEG, PNG or WebP.", advice="Take the photo anew.") from error
    picture.thumbnail((EDGE, EDGE))
    plain = Image.new("RGB", picture.size)
    plain.paste(picture)
    written = BytesIO()
    plain.save(written, "JPEG", quality=QUALITY, optimize=True)
    return written.getvalue(), taken_at


def _taken_at(picture: Image.Image) -> datetime | None:
    """Return when the camera says the photo was taken; without its time zone nobody knows when that was."""
    facts = picture.getexif().get_ifd(_EXIF_IFD)
    taken, offset = str(facts.get(_TAKEN, "")).strip("\x00 "), str(facts.get(_OFFSET, "")).strip("\x00 ")
    if not taken or not offset:
        return None
    try:
        return datetime.strptime(f"{taken}{offset}", "%Y:%m:%d %H:%M:%S%z").astimezone(UTC)
    except ValueError:
        return None
