"""
A mail as it is taken in: read from its bytes, whoever wrote them and however they were meant.

A mailbox is open to everybody. Nothing that a mail says of its letters, parts and sizes is believed: what cannot be
decoded is read as far as it goes, what is nested or long is cut, and what breaks the parser is not a mail.

[source: RFC 5322 (mails), RFC 2045 to 2047 (MIME), RFC 3834 (automatic answers), RFC 2919 (lists)]
"""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses
from typing import Final

from accounts.domain import contact
from accounts.domain.contact import BadContact
from complaints.domain import mail_text
from complaints.domain.mail_fates import MailReason

BYTES_MOST: Final = 25 * 2**20
"""Larger mails wait for a person; most servers take none above."""
PARTS_MOST: Final = 200
TEXT_MOST: Final = 20_000
RAW_TEXT_MOST: Final = 512 * 1024
SUBJECT_MOST: Final = 300
NAME_MOST: Final = 200
KEY_MOST: Final = 300
PICTURES_MOST: Final = 10
PICTURE_BYTES_MOST: Final = 15 * 2**20
SIGNATURE_BYTES: Final = 8 * 1024
"""Pictures inside the text that are smaller than this are signatures and lines, not what somebody shows."""
HEAD_MOST: Final = 64 * 1024
LINES_MOST: Final = 500_000
MARKS_MOST: Final = 5_000
_ENDLESS: Final = re.compile(rb"(?im)^content-(?:type|disposition):(?:[^\r\n]|\r?\n[ \t]){2000}")
"""Such lines keep the parser of the standard library busy for minutes; no program writes them."""
_PICTURES: Final = (".jpg", ".jpeg", ".png", ".webp")
_NUMBER: Final = re.compile(r"(?<![A-Z0-9])K[0-9]{11,18}(?![0-9])")
_MACHINE: Final = re.compile(r"^(mailer-daemon|postmaster)@", re.IGNORECASE)
_SILENT: Final = re.compile(r"^(no-?reply|do-?not-?reply|donotreply|bounces?)([+.-][^@]*)?@", re.IGNORECASE)
_AWAY: Final = re.compile(
    r"^\s*(自动回复|自动答复|自動回覆|out of (the )?office|auto(matic)?[- ]?(reply|response)|abwesenheit)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMail:
    """
    A mail as far as it can be read.

    key       its Message-ID, or a hash of what it says
    digest    hash of who wrote what
    text      as it was written, with what it quotes; own_text: without
    pictures  bytes that say of themselves that they are pictures, not yet looked at
    left_out  names of what else came with it
    machine   why it is none that somebody wrote; None: somebody did
    """

    key: str
    digest: str
    name: str
    address: str
    subject: str
    text: str
    own_text: str
    pictures: tuple[bytes, ...]
    left_out: tuple[str, ...]
    machine: MailReason | None

    @property
    def numbers(self) -> tuple[str, ...]:
        """Return the numbers of cases that stand in its subject."""
        plain = unicodedata.normalize("NFKC", self.subject).upper()
        return tuple(dict.fromkeys(_NUMBER.findall(plain)))


def read(raw: bytes, *, ours: Collection[str]) -> ReadMail | None:
    """
    Return a mail; None if it cannot be read as one.

    :param ours: our own mailboxes in small letters, from which nobody writes to us.
    """
    raw = raw[:BYTES_MOST]
    if not _is_sane(raw):
        return None
    try:
        mail = message_from_bytes(raw)
        parts = list(_parts(mail))
        return _read(mail, parts, ours)
    except (MessageError, RecursionError, ValueError, LookupError, AttributeError, TypeError, AssertionError):
        # What the parser of the standard library raises for mails that are written to break it.
        return None


def _is_sane(raw: bytes) -> bool:
    """Return whether the parser gets through it in seconds."""
    ends = [place for place in (raw.find(b"\n\n"), raw.find(b"\n\r\n")) if place >= 0]
    return (
        min(ends, default=len(raw)) <= HEAD_MOST
        and raw.count(b"\n") <= LINES_MOST
        and raw.count(b"\n--") <= MARKS_MOST
        and not _ENDLESS.search(raw)
    )


def digest_of(raw: bytes) -> str:
    """Return the hash of bytes that cannot be read."""
    return hashlib.sha256(raw).hexdigest()


def _read(mail: Message, parts: list[Message], ours: Collection[str]) -> ReadMail:
    name, address = _sender(mail)
    subject = _header(mail, "Subject")[:SUBJECT_MOST]
    text = _text_of(parts)
    pictures, left_out = _attached(parts)
    digest = hashlib.sha256(f"{address.lower()}\n{subject}\n{text}".encode()).hexdigest()
    message_id = re.sub(r"\s", "", _header(mail, "Message-ID"))
    key = message_id if 0 < len(message_id) <= KEY_MOST else f"sha256:{digest}"
    return ReadMail(
        key=key, digest=digest, name=name, address=address, subject=subject, text=text,
        own_text=mail_text.own_words(text), pictures=pictures, left_out=left_out,
        machine=_machine(mail, address, subject, ours),
    )  # fmt: skip


def _parts(mail: Message) -> Iterator[Message]:
    """Return the parts that say something; what is inside a mail that was sent along belongs to that one."""
    waiting, seen = [mail], 0
    while waiting and seen < PARTS_MOST:
        part = waiting.pop(0)
        seen += 1
        inner = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(inner, list):
            waiting[:0] = [one for one in inner[:PARTS_MOST] if isinstance(one, Message)]
        else:
            yield part


def _sender(mail: Message) -> tuple[str, str]:
    """Return name and mailbox of who wrote it; "" of what cannot be written to."""
    for field in ("From", "Sender", "Reply-To"):
        for name, address in getaddresses([_raw(value) for value in _values(mail, field)]):
            try:
                return _decoded(name)[:NAME_MOST], contact.email(_plain(address))
            except BadContact:
                continue
    return "", ""


def _machine(mail: Message, address: str, subject: str, ours: Collection[str]) -> MailReason | None:
    if address.lower() in ours:
        return MailReason.OURS
    automatic = _header(mail, "Auto-Submitted").lower()
    precedence = _header(mail, "Precedence").lower()
    answers = ("X-Autoreply", "X-Autorespond", "X-Auto-Reply", "X-Autogenerated")
    is_automatic = bool(automatic) and not automatic.startswith("no")
    if is_automatic or precedence == "auto_reply" or any(_header(mail, one) for one in answers):
        return MailReason.AUTOMATIC
    is_report = mail.get_content_type() in {"multipart/report", "message/delivery-status"}
    if is_report or _header(mail, "Return-Path").strip() == "<>" or _MACHINE.match(address):
        return MailReason.BOUNCE
    if _AWAY.match(subject) or _SILENT.match(address):
        return MailReason.AUTOMATIC
    is_list = any(_header(mail, one) for one in ("List-Id", "List-Unsubscribe", "List-Post"))
    return MailReason.LIST if is_list or precedence in {"bulk", "list", "junk"} else None


def _text_of(parts: list[Message]) -> str:
    """Return what a mail says: its plain text, or what its HTML shows where it has none."""
    plain = [_content(part) for part in parts if part.get_content_type() == "text/plain" and not _is_attached(part)]
    said = "\n\n".join(one for one in map(_plain_lines, plain) if one)
    if not said:
        pages = [_content(part) for part in parts if part.get_content_type() == "text/html" and not _is_attached(part)]
        said = "\n\n".join(one for one in (_plain_lines(mail_text.of_html(page)) for page in pages) if one)
    return said[:TEXT_MOST].rstrip()


def _attached(parts: list[Message]) -> tuple[tuple[bytes, ...], tuple[str, ...]]:
    """Return the pictures, and the names of all else that came along."""
    pictures: list[bytes] = []
    others: list[str] = []
    for part in parts:
        kind, name = part.get_content_type(), _decoded(part.get_filename() or "")[:100]
        if kind in {"text/plain", "text/html"} and not _is_attached(part):
            continue
        data = _bytes(part) if part.get_content_maintype() == "image" or name.lower().endswith(_PICTURES) else b""
        is_signature = bool(part.get("Content-ID")) and len(data) < SIGNATURE_BYTES
        if data and not is_signature and len(data) <= PICTURE_BYTES_MOST and len(pictures) < PICTURES_MOST:
            pictures.append(data)
        elif not is_signature:
            others.append(name or kind)
    return tuple(pictures), tuple(others[:20])


def _is_attached(part: Message) -> bool:
    return _header(part, "Content-Disposition").lower().startswith("attachment") or bool(part.get_filename())


def _bytes(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _content(part: Message) -> str:
    """Return the text of a part, whatever it says of its letters."""
    return mail_text.decoded(_bytes(part)[:RAW_TEXT_MOST], charset=str(part.get_content_charset() or ""))


def _header(part: Message, name: str) -> str:
    return " ".join(_decoded(_raw(value)) for value in _values(part, name))


def _values(part: Message, name: str) -> Sequence[object]:
    """Return the first headers of a name as they stand, not as the parser marks what is no ASCII."""
    return [value for named, value in part.raw_items() if named.lower() == name.lower()][:5]


def _raw(value: object) -> str:
    """Return a header as text; bytes that are no ASCII are read as what they most likely are."""
    text = str(value)[:10_000]
    return mail_text.decoded(text.encode("utf-8", "surrogateescape"), charset="")


def _decoded(text: str) -> str:
    """Return the words of a header, decoded as RFC 2047 says, or as they stand."""
    try:
        pieces = decode_header(text)
    except (MessageError, ValueError):
        return _plain(text)
    said = "".join(
        mail_text.decoded(piece, charset=charset or "") if isinstance(piece, bytes) else piece
        for piece, charset in pieces
    )
    return _plain(said)


def _plain(text: str) -> str:
    """Return a text on one line, without what is not seen."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _plain_lines(text: str) -> str:
    """Return a text with its lines, without what is not seen and without rows of empty lines."""
    lines = ("".join(one for one in line if one.isprintable() or one == "\t").rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
