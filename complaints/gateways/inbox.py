"""
The mailbox to which people write, as CASE_MAILBOX names it.

A mail lies in the inbox until it was taken in and committed; then it is moved to the folder Taken, or to Attention
where a person has to look at it. Whoever reads the mailbox beside us, and marks what they read, takes nothing from us:
what is new is what lies in the inbox and is not known by its uid and the UIDVALIDITY of the mailbox.

[source: RFC 3501 (UID, UIDVALIDITY), RFC 6851 (MOVE)]
"""

import imaplib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from django.conf import settings

from cis.platform import imap
from complaints.domain.mail_reading import BYTES_MOST, HEAD_MOST

SANDBOX: Final = "sandbox"
TAKEN, ATTENTION = "Taken", "Attention"
NAME_MOST: Final = 75
"""Longest name of a file of the test mailbox."""
_SIZE: Final = re.compile(rb"RFC822\.SIZE (\d{1,12})")


@dataclass(frozen=True, slots=True)
class RawMail:
    """The bytes of a mail; of one that is too large only how it begins."""

    data: bytes
    is_whole: bool


class Inbox(Protocol):
    """Mails that wait to be taken in."""

    @property
    def name(self) -> str:
        """Return the name of the mailbox."""

    @property
    def uid_validity(self) -> int:
        """Return in which numbering its uids are."""

    def waiting(self) -> list[str]:
        """Return the uids of all that lies there, the oldest first."""

    def read(self, uid: str) -> RawMail | None:
        """Return a mail; None: it lies there no more."""

    def put_away(self, uid: str, *, is_task: bool) -> None:
        """Move a mail out of the inbox, after it was taken in."""


@contextmanager
def opened() -> Iterator[Inbox]:
    """
    Open the inbox.

    :raises ImproperlyConfigured: CASE_MAILBOX is neither the sandbox nor the address of a mailbox.
    :raises MailboxDown: it is not reached, or does not let us in.
    """
    if settings.CASE_MAILBOX == SANDBOX:
        yield FolderInbox(settings.VAR_DIR / "inbox")
        return
    with imap.opened(settings.CASE_MAILBOX, setting="CASE_MAILBOX") as connection:
        yield ImapInbox.of(connection, imap.named(settings.CASE_MAILBOX))


@dataclass(frozen=True, slots=True)
class ImapInbox:
    """A folder on an IMAP server."""

    connection: imaplib.IMAP4
    name: str
    uid_validity: int

    @classmethod
    def of(cls, connection: imaplib.IMAP4, name: str) -> "ImapInbox":
        """Return the inbox of a connection that has selected its folder; make the folders for what is taken."""
        _kind, found = connection.response("UIDVALIDITY")
        validity = next((int(one) for one in found or () if isinstance(one, bytes) and one.isdigit()), 0)
        for folder in (TAKEN, ATTENTION):
            connection.create(folder)  # says no where it exists
        return cls(connection, name, validity)

    def waiting(self) -> list[str]:
        """Return what is not marked as deleted; see ``Inbox``."""
        return imap.uids(self.connection.uid("SEARCH", "UNDELETED"))

    def read(self, uid: str) -> RawMail | None:
        """Return a mail without marking it as seen; see ``Inbox``."""
        said = imap.ok(self.connection.uid("FETCH", uid, "(RFC822.SIZE)"))
        size = next((int(one) for part in said if isinstance(part, bytes) for one in _SIZE.findall(part)), None)
        if size is None:
            return None
        is_whole = size <= BYTES_MOST
        data = imap.fetched(
            self.connection.uid("FETCH", uid, "(BODY.PEEK[])" if is_whole else f"(BODY.PEEK[]<0.{HEAD_MOST}>)")
        )
        return RawMail(data, is_whole) if data else None

    def put_away(self, uid: str, *, is_task: bool) -> None:
        """Move a mail, or copy it and mark it as deleted where the server cannot move; see ``Inbox``."""
        folder = ATTENTION if is_task else TAKEN
        if "MOVE" in self.connection.capabilities:
            imap.ok(self.connection.uid("MOVE", uid, folder))
            return
        imap.ok(self.connection.uid("COPY", uid, folder))
        imap.ok(self.connection.uid("STORE", uid, "+FLAGS", r"(\Seen \Deleted)"))


@dataclass(frozen=True, slots=True)
class FolderInbox:
    """The test mailbox: files in a folder, for demo and tests; what was there when under which name is the uid."""

    folder: Path
    name: str = SANDBOX
    uid_validity: int = 1

    def waiting(self) -> list[str]:
        """Return the files by when they were written, and their names; see ``Inbox``."""
        found = sorted((one.stat().st_mtime_ns, one.name) for one in self.folder.glob("*.eml"))
        return [f"{written}:{name}" for written, name in found if len(name) <= NAME_MOST]

    def read(self, uid: str) -> RawMail | None:
        """Return a file; see ``Inbox``."""
        path = self.folder / _name(uid)
        if not path.is_file():
            return None
        is_whole = path.stat().st_size <= BYTES_MOST
        with path.open("rb") as file:
            return RawMail(file.read(BYTES_MOST if is_whole else HEAD_MOST), is_whole)

    def put_away(self, uid: str, *, is_task: bool) -> None:
        """Move a file; see ``Inbox``."""
        target = self.folder / (ATTENTION if is_task else TAKEN)
        target.mkdir(parents=True, exist_ok=True)
        written, _colon, name = uid.partition(":")
        to = target / name
        (self.folder / name).replace(target / f"{written}-{name}" if to.exists() else to)


def _name(uid: str) -> str:
    return uid.partition(":")[2]
