"""
Mails that come back: reports of delivery and of complaints, read from the bytes of a mailbox.

A mailbox is open to everybody, so nothing in it is believed but what names one of our sendings by its signed name.

[source: RFC 3464 (delivery status), RFC 6522 (multipart/report), RFC 3834 (automatic answers), RFC 5965 (complaints)]
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message
from typing import Final

from accounts.domain import bounce_codes, mail_tokens
from accounts.domain.mail_tokens import Sending
from accounts.domain.receipts import Outcome, Receipt

BYTES_MOST: Final = 256 * 1024
"""So much of a mail is read: a report stands at its beginning, before the mail that comes back."""
PARTS_MOST: Final = 60
TEXT_MOST: Final = 16 * 1024
SAID_MOST: Final = 200
_OURS: Final = ("To", "Delivered-To", "X-Original-To", "X-Delivered-To", "Envelope-To", "X-RCPT-TO", "Cc")
_OF_ORIGINAL: Final = ("Message-ID", "Return-Path", "X-Original-Message-ID", "Original-Envelope-Id")
_THREAD: Final = ("In-Reply-To", "References", "X-Failed-Message-ID")
_MACHINE: Final = re.compile(r"mailer-daemon|postmaster|mail delivery", re.IGNORECASE)
_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\s]+")
_QUOTED: Final = re.compile(r"^.*\bMessage-ID:.*$", re.IGNORECASE | re.MULTILINE)


def read(raw: bytes, *, key: bytes) -> Receipt | None:
    """
    Return what a mail says of one of our sendings; None if it says nothing of any.

    A delivery that is only delayed says nothing: the server still tries, and reports again.

    :param raw: the mail, or its first 256 KB.
    """
    try:
        mail = message_from_bytes(raw[:BYTES_MOST])
        parts = list(_parts(mail))
        told = _told(mail, parts)
        sending = _sending(mail, parts, key) if told else None
    except (MessageError, RecursionError, ValueError, LookupError, AttributeError, TypeError):
        # What the parser of the standard library raises for mails that are written to break it.
        return None
    if told is None or sending is None:
        return None
    return replace(told, notice_id=sending.notice_id, resent=sending.resent)


def _parts(mail: Message) -> Iterator[Message]:
    for place, part in enumerate(mail.walk()):
        if place == PARTS_MOST:
            return
        yield part


def _told(mail: Message, parts: list[Message]) -> Receipt | None:
    """Return what a report says, not yet of which notice."""
    kinds = {part.get_content_type(): part for part in reversed(parts)}
    if "message/feedback-report" in kinds:
        return Receipt(Outcome.COMPLAINED, reason=_said(_text(kinds["message/feedback-report"])))
    if "message/delivery-status" in kinds:
        return _of_status(kinds["message/delivery-status"])
    if not _is_bounce(mail):
        return None
    text = "\n".join(_text(part) for part in parts if part.get_content_type() == "text/plain")[:TEXT_MOST]
    # Servers from before RFC 3464 say it in words, with the code of the answer among them.
    outcome = bounce_codes.judged(said=text)
    return Receipt(outcome, reason=_said(_line_of_code(text)))


def _of_status(part: Message) -> Receipt | None:
    """Return the worst that a report says of a recipient; our mails have one."""
    blocks = part.get_payload()
    found = [_of_recipient(block) for block in blocks if isinstance(block, Message)] if isinstance(blocks, list) else []
    ranked = {Outcome.BOUNCED: 0, Outcome.FAILED: 1, Outcome.RETURNED: 2, Outcome.DELIVERED: 3}
    told = [one for one in found if one is not None]
    return min(told, key=lambda one: ranked[one.outcome], default=None)


def _of_recipient(block: Message) -> Receipt | None:
    action = _header(block, "Action").lower().partition(";")[0].strip()
    status = _header(block, "Status").partition("(")[0].strip()
    said = _header(block, "Diagnostic-Code").partition(";")[2].strip() or _header(block, "Diagnostic-Code")
    if action == "delivered":
        return Receipt(Outcome.DELIVERED)
    if action != "failed":
        return None
    return Receipt(bounce_codes.judged(status=status, said=said), reason=_said(f"{status} {said}"))


def _is_bounce(mail: Message) -> bool:
    """Return whether a mail without a report is the word of a mail server, not of a person or an answering machine."""
    is_answer = _header(mail, "Auto-Submitted").lower().startswith("auto-replied") or _header(mail, "X-Autoreply")
    if is_answer or "disposition-notification" in _header(mail, "Content-Type").lower():
        return False
    return bool(_MACHINE.search(_header(mail, "From")))


def _sending(mail: Message, parts: list[Message], key: bytes) -> Sending | None:
    """Return which sending is meant: by the address it came back to, else by the Message-ID of what is sent back."""
    told = [_header(mail, name) for name in (*_OURS, *_THREAD)]
    for part in parts:
        if part is not mail:
            told += [_header(part, name) for name in (*_OF_ORIGINAL, *_OURS)]
        if part.get_content_maintype() in {"text", "message"} and not part.is_multipart():
            told += _QUOTED.findall(_text(part))
    return mail_tokens.found("\n".join(told), key=key)


def _header(part: Message, name: str) -> str:
    return " ".join(_UNSEEN.sub(" ", str(value)) for value in (part.get_all(name) or [])[:20])


def _text(part: Message) -> str:
    """Return the text of a part, whatever it says of its letters."""
    inner = part.get_payload()
    if isinstance(inner, list):
        return "\n".join(str(one) for one in inner if isinstance(one, Message))[:TEXT_MOST]
    payload = part.get_payload(decode=True)
    raw = payload[:TEXT_MOST] if isinstance(payload, bytes) else b""
    try:
        return raw.decode(part.get_content_charset() or "ascii", "replace")
    except (LookupError, ValueError):
        return raw.decode("latin-1")


def _line_of_code(text: str) -> str:
    lines = [line for line in text.splitlines() if re.search(r"\b[45]\d\d\b|\b[45]\.\d+\.\d+\b", line)]
    return lines[0] if lines else text[:SAID_MOST]


def _said(text: str) -> str:
    return _UNSEEN.sub(" ", text).strip()[:SAID_MOST]
