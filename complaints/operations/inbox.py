"""
The inbox is emptied: each mail is taken in, committed, and only then moved out of it.

A crash before the commit leaves the mail where it lay; one after it leaves a mail that is known by its uid, and is
moved the next time. Where a mailbox numbers its mails anew (UIDVALIDITY), they are known by their Message-ID.
"""

from datetime import datetime
from email.utils import parseaddr
from typing import Final

from django.conf import settings
from django.utils import timezone

from cis.platform import jobs
from complaints.domain.mail_fates import MailFate
from complaints.gateways import inbox
from complaints.operations import mails
from complaints.operations.mails import Place
from complaints.queries import mails as queries

WORK: Final = "case_inbox"
MAILS_MOST: Final = 200
"""So many new mails are taken in one go; the rest waits for the next."""


def work(at: datetime) -> None:  # noqa: ARG001 (the signature of all work)
    """
    Take in what came; nothing where no mailbox is named.

    :raises MailboxDown: the mailbox is not reached; it is tried again when this falls due again.
    """
    if not settings.CASE_MAILBOX:
        return
    with jobs.alone(WORK) as is_ours:
        if is_ours:
            empty()


def empty() -> int:
    """Take in all that lies in the inbox, at most 200 new mails; return how many were new."""
    done, ours = 0, frozenset(filter(None, (_own(settings.DEFAULT_FROM_EMAIL), _own(settings.CASE_ADDRESS))))
    with inbox.opened() as box:
        uids = box.waiting()
        known = queries.fates(mailbox=box.name, uid_validity=box.uid_validity, uids=uids)
        for uid in uids:
            fate = known.get(uid)
            if fate is None:
                raw = box.read(uid) if done < MAILS_MOST else None
                if raw is None:
                    continue
                fate = mails.take(
                    raw=raw.data, is_whole=raw.is_whole, ours=ours, at=timezone.now(),
                    place=Place(mailbox=box.name, uid_validity=box.uid_validity, uid=uid),
                )  # fmt: skip
                done += 1
            box.put_away(uid, is_task=fate is MailFate.TASK)
    return done


def _own(address: str) -> str:
    return parseaddr(address)[1].lower()
