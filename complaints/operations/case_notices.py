"""What the caller is told of a case: the customer, or who left a number or mailbox; nobody of an anonymous one."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final

from accounts.domain import contact
from accounts.domain.contact import BadContact, ContactKind
from accounts.domain.notice_events import Channel, Fact
from accounts.operations import notices
from accounts.operations.notice_drafts import NewNotice, Recipient
from accounts.queries import supplier
from cis.kernel.actors import Actor
from cis.platform.db import joins_transaction
from complaints.domain.kinds import CaseChannel
from complaints.models.case import Case

LINK: Final = "/portal/cases/"
TEXT_MOST: Final = 480


@joins_transaction
def tell_taken_step(row: Case, *, actor: Actor) -> int:
    """
    Tell the number of a case that was taken; return how many notices were written.

    Who wrote a mail has it at once in the mailbox from which they wrote, whatever ways they chose for notices.
    """
    facts: dict[str, Fact] = {"number": row.number}
    recipient = _recipient(row) if row.channel == CaseChannel.EMAIL else None
    if row.customer_id is None or recipient is None or not recipient.email:
        return _tell(row, "case_taken", facts, key="taken", actor=actor)
    given: dict[str, Fact] = {**facts, "link": f"{LINK}{row.id}"}
    inbox = NewNotice(key=f"case:{row.id}:taken", facts=given, customer_id=row.customer_id, account_id=row.account_id)
    told = notices.queue_many_step(event="case_taken", notices=[inbox], actor=actor, only=frozenset({Channel.INBOX}))
    key = f"case:{row.id}:taken:mail"
    by_mail = replace(recipient, mobile="")
    return told + notices.queue_step(event="case_taken", recipient=by_mail, facts=given, key=key, actor=actor)


@joins_transaction
def tell_word_step(row: Case, *, text: str, key: str, is_answer: bool, actor: Actor) -> int:
    """Tell a first word, or the answer; what is longer than a notice takes is read in the portal."""
    short = " ".join(text.split())
    facts = {"number": row.number, "text": short if len(short) <= TEXT_MOST else f"{short[: TEXT_MOST - 1]}…"}
    return _tell(row, "case_answered" if is_answer else "case_interim", facts, key=key, actor=actor)


def can_be_told(row: Case) -> bool:
    """Return whether there is somebody whom a notice reaches."""
    return row.customer_id is not None or _recipient(row) is not None


def _tell(row: Case, event: str, facts: Mapping[str, Fact], *, key: str, actor: Actor) -> int:
    given = {**facts, "link": f"{LINK}{row.id}" if row.customer_id else "/"}
    name = f"case:{row.id}:{key}"
    if row.customer_id is not None:
        return notices.queue_step(
            event=event, customer_id=row.customer_id, account_id=row.account_id, facts=given, key=name, actor=actor
        )
    recipient = _recipient(row)
    if recipient is None:
        return 0
    return notices.queue_step(event=event, recipient=recipient, facts=given, key=name, actor=actor)


def _recipient(row: Case) -> Recipient | None:
    """Return who left a mobile number or a mailbox that can be written to; None: nobody did."""
    mobile = email = ""
    with suppress(BadContact):
        kind, value = contact.telephone(row.caller_phone, country=supplier.country())
        mobile = value if kind is ContactKind.MOBILE else ""
    with suppress(BadContact):
        email = contact.email(row.caller_email)
    if not mobile and not email:
        return None
    return Recipient(name=row.caller_name or "–", language=row.language, mobile=mobile, email=email)
