"""
Receipts: what is said later about a message that was taken, in one form, whichever door it came by.

Gateways of SMS and relays sign theirs by the scheme below; a mail service tells its own way
(``gateways.mail_service``), and mails come back with reports (``domain.bounce_mails``).

[source: Standard Webhooks 1.0.0, signature scheme v1: HMAC-SHA256 of "id.timestamp.body", base64]
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cis.kernel.errors import Refused

AGE_MOST_SECONDS: Final = 300
RECEIPTS_MOST: Final = 500
BYTES_MOST: Final = 256 * 1024
REFERENCE: Final = re.compile(r"notice:([1-9][0-9]{0,17})(?::([1-9][0-9]{0,3}))?", re.ASCII)


class BadSignature(Refused):
    """The receipt is not signed with the key of this installation, or its time is past."""

    code = "bad_signature"


class BadReceipt(Refused):
    """The receipt cannot be read."""

    code = "bad_receipt"


class Outcome(StrEnum):
    """What became of a message."""

    DELIVERED = "delivered"
    BOUNCED = "bounced"
    RETURNED = "returned"
    FAILED = "failed"
    COMPLAINED = "complained"


@dataclass(frozen=True, slots=True)
class Receipt:
    """
    One receipt: of a notice by its id, or by the gateway's own name of it (``proof``).

    BOUNCED     the address does not work
    RETURNED    it came back for something that passes, as a full mailbox: it is sent again some times
    FAILED      the message was lost otherwise
    COMPLAINED  it arrived, and the customer called it unwanted

    resent      which sending of the notice is meant: 0 the first one; None = the latest
    """

    outcome: Outcome
    notice_id: int | None = None
    proof: str = ""
    reason: str = ""
    resent: int | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """A receipt as it travels: its headers, in small letters, and its bytes."""

    headers: Mapping[str, str]
    body: bytes


def reference(*, notice_id: int, resent: int) -> str:
    """Return the name of one sending of a notice, as notice:17, or notice:17:2 when it is sent again."""
    return f"notice:{notice_id}:{resent}" if resent else f"notice:{notice_id}"


def sign(*, body: bytes, message_id: str, at_seconds: int, key: bytes) -> Signed:
    """Return a message with its signature, as a gateway sends it."""
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(at_seconds),
        "webhook-signature": f"v1,{_signature(body, message_id, str(at_seconds), key)}",
    }
    return Signed(headers, body)


def opened(signed: Signed, *, key: bytes, now_seconds: int) -> tuple[Receipt, ...]:
    """
    Return the receipts of a signed message.

    :raises BadSignature: no signature fits, or the time is more than five minutes away.
    :raises BadReceipt: the body is no receipt, or too large.
    """
    if len(signed.body) > BYTES_MOST:
        raise BadReceipt(f"More than {BYTES_MOST} bytes.")
    verify(signed, key=key, now_seconds=now_seconds)
    try:
        told = json.loads(signed.body)
    except (ValueError, RecursionError) as error:
        raise BadReceipt("The body is no JSON.") from error
    rows = told.get("receipts") if isinstance(told, dict) else None
    if not isinstance(rows, list) or len(rows) > RECEIPTS_MOST:
        raise BadReceipt(f"The body is an object with a list of at most {RECEIPTS_MOST} receipts.")
    return tuple(_receipt(row) for row in rows)


def verify(signed: Signed, *, key: bytes, now_seconds: int) -> None:
    """
    Do nothing if a message is signed with the key, and not older or younger than five minutes.

    :raises BadSignature: no signature fits, or the time is more than five minutes away.
    """
    headers = signed.headers
    at = headers.get("webhook-timestamp", "")
    expected = _signature(signed.body, headers.get("webhook-id", ""), at, key)
    given = [part[3:] for part in headers.get("webhook-signature", "").split() if part.startswith("v1,")]
    is_ours = any(hmac.compare_digest(one.encode(), expected.encode()) for one in given)
    if not headers.get("webhook-id") or not is_ours:
        raise BadSignature("The signature does not fit.")
    if not (at.isascii() and at.isdigit() and len(at) <= 12) or abs(int(at) - now_seconds) > AGE_MOST_SECONDS:  # noqa: PLR2004
        raise BadSignature(
            "The time of the message is more than five minutes away.", advice="Set the clock; send again."
        )


def _signature(body: bytes, message_id: str, at: str, key: bytes) -> str:
    text = f"{message_id}.{at}.".encode() + body
    return base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def _receipt(row: object) -> Receipt:
    if not isinstance(row, dict):
        raise BadReceipt("A receipt is an object.")
    given = {name: row.get(name, "") for name in ("outcome", "reference", "id", "reason")}
    if not all(isinstance(value, str) for value in given.values()):
        raise BadReceipt("The members of a receipt are texts.")
    if given["outcome"] not in {one.value for one in Outcome}:
        raise BadReceipt(f"An outcome is one of {', '.join(Outcome)}.")
    named = REFERENCE.fullmatch(given["reference"])
    if named is None and not given["id"]:
        raise BadReceipt("A receipt names its message by reference or id.")
    return Receipt(
        outcome=Outcome(given["outcome"]),
        notice_id=int(named.group(1)) if named else None,
        proof=given["id"][:200],
        reason=given["reason"][:200],
        resent=int(named.group(2) or 0) if named else None,
    )
