"""
Sending notices: what the outbox does with each, outside any transaction.

A crash between sending and writing that down repeats that one notice at most once, under the same Message-ID or
reference. A notice that is not queued any more, because a receipt came first or consent was withdrawn, is not sent.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from accounts.domain import notice_events, notice_routes, receipts
from accounts.domain.mail_tokens import Sending
from accounts.domain.notice_events import Channel, NoticeClass
from accounts.domain.notice_states import NoticeAction, NoticeState
from accounts.gateways import mail, sms
from accounts.gateways.mail import Mail
from accounts.gateways.sms import Taken
from accounts.gateways.undeliverable import GatewayDown, Undeliverable
from accounts.models.notice import Notice
from accounts.operations import notice_drafts, notice_receipts, notice_settling
from accounts.queries import notice_people, supplier
from cis.platform import outbox
from cis.platform.db import opens_transaction

GIVE_UP = "notices_give_up"
DEAD_SINCE = timedelta(days=7)
CONSENT_PATH = "/portal/notices/settings"


def send(message: outbox.Message) -> None:
    """
    Send one notice: the outbox calls this.

    :raises GatewayDown: it was not taken; the outbox tries again, and after the last attempt the notice has failed.
    """
    notice = _prepare(notice_id=message.payload["notice_id"], resent=message.payload.get("resent", 0))
    if notice is None:
        return
    try:
        taken = _hand_over(notice)
    except Undeliverable as refused:
        _settle(notice_id=notice.id, action=NoticeAction.BOUNCE, reason=refused.reason, detail=refused.detail)
        return
    except Exception as error:
        if message.attempt >= outbox.ATTEMPTS_MOST:
            _settle(notice_id=notice.id, action=NoticeAction.FAIL, reason="gateway_down", detail=str(error))
        raise
    _settle(notice_id=notice.id, action=NoticeAction.SEND, proof=taken.proof)
    if taken.receipt is not None:
        notice_receipts.take_signed(signed=taken.receipt)


def give_up(at: datetime) -> None:
    """Let notices fail whose message is dead though nobody wrote that down, as when it killed its worker each time."""
    for payload in outbox.dead(kind=notice_drafts.SEND, since=at - DEAD_SINCE):
        _give_up(notice_id=payload["notice_id"], resent=payload.get("resent", 0))


@opens_transaction
def _give_up(*, notice_id: int, resent: int) -> None:
    notice = notice_settling.lock(notice_id=notice_id)
    if notice is not None and notice.state == NoticeState.QUEUED and notice.resent == resent:
        notice_settling.settle_step(notice=notice, action=NoticeAction.FAIL, reason="gateway_down")


@opens_transaction
def _prepare(*, notice_id: int, resent: int) -> Notice | None:
    """Return the notice if this sending of it may go now; put it off into the morning, or suppress it, if not."""
    notice = notice_settling.lock(notice_id=notice_id)
    if notice is None or notice.state != NoticeState.QUEUED or notice.resent != resent:
        return None
    event = notice_events.event(notice.event)
    channel = Channel(notice.channel)
    if until := notice_drafts.quiet_until(timezone.now(), event=event, channel=channel):
        # An attempt that failed may fall due at night, though the first one did not.
        if not notice_drafts.queue_step(notice_id=notice.id, resent=resent, due_at=until):
            # The clock of the database is before ours: this message itself was due at the end of the quiet hours.
            raise GatewayDown("the quiet hours are not over yet")
        return None
    if notice.customer_id is not None:
        person = notice_people.of_customers(customer_ids=[notice.customer_id])[notice.customer_id]
        if not notice_routes.allows(person, event=event, channel=channel):
            notice_settling.settle_step(notice=notice, action=NoticeAction.SUPPRESS, reason="no_consent")
            return None
    return notice


def _hand_over(notice: Notice) -> Taken:
    if notice.channel == Channel.SMS:
        reference = receipts.reference(notice_id=notice.id, resent=notice.resent)
        return sms.gateway().send(to=notice.address, text=notice.body, reference=reference)
    is_offer = notice.notice_class == NoticeClass.MARKETING
    letter = Mail(
        to=notice.address,
        subject=notice.subject,
        body=notice.body,
        language=notice.language,
        sender=supplier.current().name(language=notice.language),
        sending=Sending(notice.id, notice.resent),
        refuse_url=f"{settings.SITE_URL}{CONSENT_PATH}" if is_offer else "",
    )
    return Taken(mail.send(letter))


@opens_transaction
def _settle(*, notice_id: int, action: NoticeAction, reason: str = "", detail: str = "", proof: str = "") -> None:
    """Write down what came of it, unless a receipt said so before; what was withdrawn meanwhile and went, went."""
    notice = notice_settling.lock(notice_id=notice_id)
    if notice is None:
        return
    went = notice.state == NoticeState.WITHDRAWN and action is NoticeAction.SEND
    if notice.state == NoticeState.QUEUED or went:
        notice_settling.settle_step(notice=notice, action=action, reason=reason, detail=detail, proof=proof)
