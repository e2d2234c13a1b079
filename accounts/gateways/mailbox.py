"""
The mailbox to which mails come back, read by IMAP.

BOUNCE_MAILBOX names it (``cis.platform.imap``). What was read is marked as seen; what says nothing of any mail of ours
is marked as flagged too, for somebody to look at.
"""

import imaplib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings

from accounts.domain.bounce_mails import BYTES_MOST
from accounts.gateways.undeliverable import GatewayDown
from cis.platform import imap


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
    try:
        with imap.opened(settings.BOUNCE_MAILBOX, setting="BOUNCE_MAILBOX") as connection:
            yield ImapMailbox(connection)
    except imap.MailboxDown as error:
        raise GatewayDown(str(error)) from error


@dataclass(frozen=True, slots=True)
class ImapMailbox:
    """A folder on an IMAP server. [source: RFC 3501]"""

    connection: imaplib.IMAP4

    def unread(self, *, most: int) -> list[str]:
        """Return the uids of mails that nobody read; see ``Mailbox``."""
        return imap.uids(self.connection.uid("SEARCH", "UNSEEN"))[:most]

    def read(self, name: str) -> bytes:
        """Return the beginning of a mail, however large it is; see ``Mailbox``."""
        return imap.fetched(self.connection.uid("FETCH", name, f"(BODY.PEEK[]<0.{BYTES_MOST}>)"))

    def mark(self, name: str, *, is_ours: bool) -> None:
        """Mark a mail; see ``Mailbox``."""
        imap.ok(self.connection.uid("STORE", name, "+FLAGS", r"(\Seen)" if is_ours else r"(\Seen \Flagged)"))
