"""
Mailboxes on IMAP servers, as a setting names them: imaps://user:password@host:993/INBOX, with % codes for other marks.

[source: RFC 3501 (IMAP4rev1)]
"""

import imaplib
import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TIMEOUT_SECONDS: Final = 30
PORTS: Final = {"imaps": 993, "imap": 143}
LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_UID: Final = re.compile(rb"[0-9]{1,10}")


class MailboxDown(Exception):
    """The mailbox is not reached, does not let us in, or breaks off."""


@contextmanager
def opened(address: str, *, setting: str) -> Iterator[imaplib.IMAP4]:
    """
    Open the mailbox that a setting names, over TLS, or without on this machine.

    :raises ImproperlyConfigured: it cannot be read as an address, or would send its password in the open.
    :raises MailboxDown: see there.
    """
    url = urlsplit(address)
    host = url.hostname or ""
    if url.scheme not in PORTS or not host or (url.scheme == "imap" and host not in LOCAL):
        raise ImproperlyConfigured(f"{setting} begins with imaps://, or with imap:// on this machine.")
    connection = None
    try:
        connection = _connected(url.scheme, host, url.port)
        connection.login(unquote(url.username or ""), unquote(url.password or ""))
        # What a server can is often told to those alone who have signed in; imaplib asks before.
        told = ok(connection.capability())
        connection.capabilities = tuple(
            b" ".join(one for one in told if isinstance(one, bytes)).decode().upper().split()
        )
        ok(connection.select(unquote(url.path.lstrip("/")) or "INBOX"))
        yield connection
    except (OSError, imaplib.IMAP4.error) as error:
        raise MailboxDown(f"the mailbox of {setting} cannot be read: {type(error).__name__}") from error
    finally:
        if connection is not None:
            _left(connection)


def named(address: str) -> str:
    """Return a mailbox as it is told apart from others: without its password."""
    url = urlsplit(address)
    return f"{unquote(url.username or '')}@{url.hostname or ''}/{unquote(url.path.lstrip('/')) or 'INBOX'}"


def ok(answer: tuple[str, Sequence[object]]) -> Sequence[object]:
    """Return what a server answers; an error where it says no."""
    status, found = answer
    if status != "OK":
        raise imaplib.IMAP4.error(f"the server says {status}")
    return found


def uids(answer: tuple[str, Sequence[object]]) -> list[str]:
    """Return the uids of a search, the oldest first."""
    found = _UID.findall(b" ".join(one for one in ok(answer) if isinstance(one, bytes)))
    return [uid.decode() for uid in sorted(found, key=int)]


def fetched(answer: tuple[str, Sequence[object]]) -> bytes:
    """Return what was fetched of one mail; nothing: it is there no more."""
    return next((one[1] for one in ok(answer) if isinstance(one, tuple) and isinstance(one[1], bytes)), b"")


def _connected(scheme: str, host: str, port: int | None) -> imaplib.IMAP4:
    if scheme == "imaps":
        context = ssl.create_default_context()
        return imaplib.IMAP4_SSL(host, port or PORTS[scheme], ssl_context=context, timeout=TIMEOUT_SECONDS)
    return imaplib.IMAP4(host, port or PORTS[scheme], timeout=TIMEOUT_SECONDS)


def _left(connection: imaplib.IMAP4) -> None:
    try:
        connection.logout()
    except (OSError, imaplib.IMAP4.error):
        return  # it went away by itself
