"""
Sending notices: what the outbox does with each, outside any transaction.

A crash between sending and writing that down repeats that one notice at most once, under the same Message-ID or
reference. A notice that is not queued any more, because a receipt came first or consent was withdrawn, is not sent.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from accounts.domain import notice_events, notice_routes
from accounts.domain.notice_events import Channel, NoticeClass
from accounts.domain.notice_states import NoticeAction, NoticeState
from accounts.gateways import mail, sms
from accounts.gateways.mail import Mail
from accounts.gateways.sms import Taken
from accounts.gateways.undeliverable import Undeliverable
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
    notice = _prepare(notice_id=message.payload["notice_id"])
    if notice is None:
        return
    try:
        taken = _hand_over(notice, message)
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
        _settle(notice_id=payload["notice_id"], action=NoticeAction.FAIL, reason="gateway_down")


@opens_transaction
def _prepare(*, notice_id: int) -> Notice | None:
    """Return the notice if it may go now; put it off into the morning, or suppress it, if not."""
    notice = notice_settling.lock(notice_id=notice_id)
    if notice is None or notice.state != NoticeState.QUEUED:
        return None
    event = notice_events.event(notice.event)
    channel = Channel(notice.channel)
    if until := notice_drafts.quiet_until(timezone.now(), event=event, channel=channel):
        # An attempt that failed may fall due at night, though the first one did not.
        key = f"notice:{notice.id}:{until.isoformat()}"
        outbox.queue(kind=notice_drafts.SEND, key=key, payload={"notice_id": notice.id}, due_at=until)
        return None
    if notice.customer_id is not None:
        person = notice_people.of_customers(customer_ids=[notice.customer_id])[notice.customer_id]
        if not notice_routes.allows(person, event=event, channel=channel):
            notice_settling.settle_step(notice=notice, action=NoticeAction.SUPPRESS, reason="no_consent")
            return None
    return notice


def _hand_over(notice: Notice, message: outbox.Message) -> Taken:
    if notice.channel == Channel.SMS:
        return sms.gateway().send(to=notice.address, text=notice.body, reference=f"notice:{notice.id}")
    is_offer = notice.notice_class == NoticeClass.MARKETING
    letter = Mail(
        to=notice.address,
        subject=notice.subject,
        body=notice.body,
        language=notice.language,
        sender=supplier.current().name(language=notice.language),
        message_id=message.message_id,
        refuse_url=f"{settings.SITE_URL}{CONSENT_PATH}" if is_offer else "",
    )
    return Taken(mail.send(letter))


@opens_transaction
def _settle(*, notice_id: int, action: NoticeAction, reason: str = "", detail: str = "", proof: str = "") -> None:
    """Write down what came of it, unless a receipt said so before."""
    notice = notice_settling.lock(notice_id=notice_id)
    if notice is not None and notice.state == NoticeState.QUEUED:
        notice_settling.settle_step(notice=notice, action=action, reason=reason, detail=detail, proof=proof)
