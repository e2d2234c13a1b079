"""
The name of one sending of one notice by mail: its Message-ID, and the address to which it comes back.

It is signed: who sends us a report can name only a mail that they have seen, so nobody can make the addresses of
strangers look as if they did not work.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(r"n([1-9][0-9]{0,17})\.([0-9]{1,4})\.([0-9a-f]{20})", re.ASCII | re.IGNORECASE)
_CHECK: Final = 20
TOKENS_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Sending:
    """One sending of a notice; ``resent`` counts how often it had been sent again by then."""

    notice_id: int
    resent: int


def token(sending: Sending, *, key: bytes) -> str:
    """Return the name of a sending, as n17.0.4f1a...: it fits before the @ of an address."""
    return f"n{sending.notice_id}.{sending.resent}.{_check(sending, key)}"


def found(text: str, *, key: bytes) -> Sending | None:
    """Return the first sending of ours that a text names, None if it names none, or its signature is wrong."""
    for place, match in enumerate(_TOKEN.finditer(text)):
        if place == TOKENS_MOST:
            break
        sending = Sending(int(match.group(1)), int(match.group(2)))
        if hmac.compare_digest(_check(sending, key), match.group(3).lower()):
            return sending
    return None


def envelope(address: str, *, name: str) -> str:
    """Return an address of ours with a name in it, as bounces+n17.0.4f1a...@power.example. [source: RFC 5233]"""
    local, _at, domain = address.rpartition("@")
    return f"{local}+{name}@{domain}"


def _check(sending: Sending, key: bytes) -> str:
    told = f"{sending.notice_id}.{sending.resent}".encode()
    return hmac.new(key, told, hashlib.sha256).hexdigest()[:_CHECK]
