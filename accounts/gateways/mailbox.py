"""
The mailbox to which mails come back, read by IMAP.

BOUNCE_MAILBOX names it: imaps://user:password@host:993/INBOX, with % codes where a name has marks of its own. What was
read is marked as seen; what says nothing of any mail of ours is marked as flagged too, for somebody to look at.
"""

import imaplib
import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from accounts.domain.bounce_mails import BYTES_MOST
from accounts.gateways.undeliverable import GatewayDown

TIMEOUT_SECONDS: Final = 30
PORTS: Final = {"imaps": 993, "imap": 143}
LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_UID: Final = re.compile(rb"[0-9]{1,10}")


class Mailbox(Protocol):
    """Mails that wait to be read."""

    def unread(self, *, most: int) -> list[str]:
        """Return the names of mails that nobody read, the oldest first."""

    def read(self, name: str) -> bytes:
        """Return a mail, at most its first 256 KB."""

    def mark(self, name: str, *, is_ours: bool) -> None:
        """Mark a mail as read; one that is not ours also for somebody to look at."""


@contextmanager
def opened() -> Iterator[Mailbox]:
    """
    Open the mailbox that BOUNCE_MAILBOX names.

    :raises ImproperlyConfigured: it cannot be read as an address, or would send its password in the open.
    :raises GatewayDown: it is not reached, or does not let us in.
    """
    url = urlsplit(settings.BOUNCE_MAILBOX)
    host = url.hostname or ""
    if url.scheme not in {"imaps", "imap"} or not host or (url.scheme == "imap" and host not in LOCAL):
        raise ImproperlyConfigured("BOUNCE_MAILBOX begins with imaps://, or with imap:// on this machine.")
    connection = None
    try:
        connection = _connected(url.scheme, host, url.port)
        connection.login(unquote(url.username or ""), unquote(url.password or ""))
        _ok(connection.select(unquote(url.path.lstrip("/")) or "INBOX"))
        yield ImapMailbox(connection)
    except (OSError, imaplib.IMAP4.error) as error:
        raise GatewayDown(f"the mailbox of bounces cannot be read: {type(error).__name__}") from error
    finally:
        if connection is not None:
            _left(connection)


@dataclass(frozen=True, slots=True)
class ImapMailbox:
    """A folder on an IMAP server. [source: RFC 3501]"""

    connection: imaplib.IMAP4

    def unread(self, *, most: int) -> list[str]:
        """Return the uids of mails that nobody read; see ``Mailbox``."""
        found = _ok(self.connection.uid("SEARCH", "UNSEEN"))
        uids = _UID.findall(b" ".join(one for one in found if isinstance(one, bytes)))
        return [uid.decode() for uid in sorted(uids, key=int)[:most]]

    def read(self, name: str) -> bytes:
        """Return the beginning of a mail, however large it is; see ``Mailbox``."""
        found = _ok(self.connection.uid("FETCH", name, f"(BODY.PEEK[]<0.{BYTES_MOST}>)"))
        return next((one[1] for one in found if isinstance(one, tuple) and isinstance(one[1], bytes)), b"")

    def mark(self, name: str, *, is_ours: bool) -> None:
        """Mark a mail; see ``Mailbox``."""
        _ok(self.connection.uid("STORE", name, "+FLAGS", r"(\Seen)" if is_ours else r"(\Seen \Flagged)"))


def _connected(scheme: str, host: str, port: int | None) -> imaplib.IMAP4:
    if scheme == "imaps":
        context = ssl.create_default_context()
        return imaplib.IMAP4_SSL(host, port or PORTS[scheme], ssl_context=context, timeout=TIMEOUT_SECONDS)
    return imaplib.IMAP4(host, port or PORTS[scheme], timeout=TIMEOUT_SECONDS)


def _ok(answer: tuple[str, Sequence[object]]) -> Sequence[object]:
    status, found = answer
    if status != "OK":
        raise imaplib.IMAP4.error(f"the server says {status}")
    return found


def _left(connection: imaplib.IMAP4) -> None:
    try:
        connection.logout()
    except (OSError, imaplib.IMAP4.error):
        return  # it went away by itself
