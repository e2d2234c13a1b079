"""
Notices that are sent again, or not at all: a mail that came back for something that passes is tried again some times,
the desk sends again what did not arrive, and withdraws what still waits.
"""

from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from accounts.domain import notice_events, notice_routes
from accounts.domain.notice_events import Channel
from accounts.domain.notice_states import NOTICE, NoticeAction, NoticeState
from accounts.models.notice import Notice
from accounts.operations import notice_drafts, notice_settling
from accounts.queries import notice_people
from accounts.queries.notices import UnknownNotice
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction

WAITS: Final = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
"""How long until a mail is sent again that came back for something that passes; after the last it has failed."""
RESENT_MOST: Final = 9_999
REASON_MOST: Final = 200


class NoReason(Refused):
    """A withdrawal has a reason, of at most 200 characters."""

    code = "no_withdrawal_reason"


class NotResendable(Refused):
    """The notice cannot be sent again: its text is past, or nobody is reached by this way."""

    code = "not_resendable"


class InBatch(Refused):
    """The letter is printed already."""

    code = "letter_in_batch"


@joins_transaction
def retry_step(*, notice: Notice, reason: str, detail: str) -> bool:
    """Queue a locked notice again, later each time; return False if it was tried often enough, or is past by then."""
    if notice.resent >= len(WAITS) or _is_past(notice):
        return False
    due_at = timezone.now() + WAITS[notice.resent]
    notice_settling.settle_step(notice=notice, action=NoticeAction.RETRY, reason=reason, detail=detail)
    notice.resent += 1
    notice.sent_at = None
    notice.save(update_fields=["resent", "sent_at"])
    _queue(notice, due_at)
    return True


@opens_transaction
def withdraw(*, notice_id: int, reason: str, actor: Actor) -> None:
    """
    Take back a notice that still waits; it goes by no other way either.

    :raises UnknownNotice: there is none.
    :raises NoReason: no reason is given, or it is too long.
    :raises InBatch: it is a letter of a print batch: it can be taken out of the pile only.
    :raises IllegalMove, NotAllowed: it does not wait any more; the actor may not.
    """
    notice = _locked(notice_id)
    if not reason.strip() or len(reason) > REASON_MOST:
        raise NoReason(f"Say why, in at most {REASON_MOST} characters.", field="reason")
    move = NOTICE.step(NoticeState(notice.state), NoticeAction.WITHDRAW, actor)
    if notice.batch_id is not None:
        raise InBatch("The letter is in a print batch.", advice="Take it out of the pile before it is posted.")
    notice.state = move.to.value
    notice.reason, notice.detail = "withdrawn", reason.strip()
    notice.settled_at = timezone.now()
    notice.spares = []
    notice_settling.hide_secret(notice)
    notice.save()
    audit.record(actor, "withdraw", "notice", notice.id, reason=notice.detail)


@opens_transaction
def resend(*, notice_id: int, actor: Actor) -> None:
    """
    Send a notice again that did not arrive, to the best address of this way that is known now.

    :raises UnknownNotice: there is none.
    :raises IllegalMove, NotAllowed: it did not fail; the actor may not.
    :raises NotResendable: it was a one-time code, or nobody is reached by this way, or they do not want it.
    """
    notice = _locked(notice_id)
    move = NOTICE.step(NoticeState(notice.state), NoticeAction.RESEND, actor)
    if _is_past(notice) or notice.channel == Channel.INBOX or notice.resent >= RESENT_MOST:
        raise NotResendable("This is not sent again.", advice="Let the customer ask for a new one.")
    before = notice.address
    _address(notice)
    notice.state = move.to.value
    notice.reason = notice.detail = notice.proof = ""
    notice.sent_at = notice.settled_at = notice.batch = None
    notice.resent += 1
    notice.save()
    if notice.channel != Channel.POST:
        _queue(notice, None)
    audit.record(actor, "resend", "notice", notice.id, before=before, address=notice.address)


def is_past(*, event: str) -> bool:
    """Return whether notices of an event are worth nothing later: a one-time code."""
    return notice_events.event(event).is_secret


def _is_past(notice: Notice) -> bool:
    return is_past(event=notice.event)


def _locked(notice_id: int) -> Notice:
    notice = notice_settling.lock(notice_id=notice_id)
    if notice is None:
        raise UnknownNotice(f"There is no notice {notice_id}.", notice_id=notice_id)
    return notice


def _address(notice: Notice) -> None:
    """Give a notice the address of today; somebody who is no customer has the one they gave."""
    channel = Channel(notice.channel)
    if notice.customer_id is None:
        if not notice.address:
            raise NotResendable("No number or address is known.", advice="Reach the person in another way.")
        return
    person = notice_people.of_customers(customer_ids=[notice.customer_id])[notice.customer_id]
    if not notice_routes.allows(person, event=notice_events.event(notice.event), channel=channel):
        raise NotResendable("The customer does not want it this way.", advice="Ask them first, and write it down.")
    if channel not in person.addresses:
        raise NotResendable(
            "No number or address works for this way.", advice="Mend it, or add another, on the customer's page."
        )
    address = person.addresses[channel]
    notice.address, notice.contact_point_id = address.value, address.contact_id


def _queue(notice: Notice, due_at: datetime | None) -> None:
    event = notice_events.event(notice.event)
    now = timezone.now()
    due_at = due_at or notice_drafts.quiet_until(now, event=event, channel=Channel(notice.channel))
    notice_drafts.queue_step(notice_id=notice.id, resent=notice.resent, due_at=due_at)
