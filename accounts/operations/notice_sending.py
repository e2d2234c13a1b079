"""
Sending notices: what the outbox does with each, outside any transaction.

A crash between sending and writing that down repeats that one notice at most once, under the same Message-ID or
reference. A notice that is not queued any more, because a receipt came first or consent was withdrawn, is not sent.

Many go together: texts for telephones are written down together, since a gateway knows one that is repeated by its
reference, but within a second or two, since a receipt may name nothing but what the gateway called it; mails are
written down one by one, since a mailbox shows each that comes.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from accounts.domain import notice_events, notice_routes, receipts
from accounts.domain.mail_tokens import Sending
from accounts.domain.notice_events import Channel, NoticeClass
from accounts.domain.notice_states import NoticeAction, NoticeState
from accounts.domain.receipts import Receipt
from accounts.gateways import mail, sms
from accounts.gateways.mail import Mail
from accounts.gateways.sms import Taken
from accounts.gateways.undeliverable import GatewayDown, Undeliverable
from accounts.models.notice import Notice
from accounts.operations import notice_drafts, notice_receipts, notice_settling
from accounts.queries import notice_people, supplier
from cis.platform import db, outbox
from cis.platform.db import opens_transaction

GIVE_UP = "notices_give_up"
DEAD_SINCE = timedelta(days=7)
CONSENT_PATH = "/portal/notices/settings"
SILENT_MOST = 3
"""So many in a row that a gateway did not take: it is down, and the rest of those that go together wait."""
TOGETHER_SECONDS = 1.0
"""So long what a gateway took is kept in memory alone."""


def send(message: outbox.Message) -> None:
    """
    Send one notice: the outbox calls this.

    :raises GatewayDown: it was not taken; the outbox tries again, and after the last attempt the notice has failed.
    """
    found, failed = _prepare([message])
    if message.id in failed:
        raise failed[message.id]
    if message.id in found:
        _send_one(message, found[message.id])


def send_many(messages: Sequence[outbox.Message]) -> dict[int, Exception]:
    """
    Send notices together: the outbox calls this for their first attempt. Return what failed, by message.

    :raises OperationalError: the database went away: nothing more is handed over, since others take it up.
    """
    found, failed = _prepare(messages)
    many = _Many(failed)
    for message in messages:
        notice = found.get(message.id)
        if notice is not None:
            many.send(message, notice)
    many.write_down()
    return failed


@dataclass(slots=True)
class _Many:
    """Notices that go together; ``silent``: how many in a row were not taken, by way."""

    failed: dict[int, Exception]
    taken: list[tuple[int, Notice, Taken]] = field(default_factory=list)
    silent: Counter[str] = field(default_factory=Counter)
    since: float = field(default_factory=time.monotonic)
    session: object = field(default_factory=db.session)

    def send(self, message: outbox.Message, notice: Notice) -> None:
        """Send one, unless its gateway is down."""
        if self.silent[notice.channel] >= SILENT_MOST:
            self.failed[message.id] = GatewayDown("the gateway took none of those before it")
            return
        try:
            if notice.channel == Channel.SMS:
                self.taken += [(message.id, *one) for one in _text(message, notice)]
            else:
                _send_one(message, notice)
            self.silent[notice.channel] = 0
        except Exception as error:  # whatever it is, the others are sent
            if db.is_lost(self.session):
                raise
            self.failed[message.id] = error
            self.silent[notice.channel] += isinstance(error, GatewayDown)
        if time.monotonic() - self.since > TOGETHER_SECONDS:
            self.write_down()

    def write_down(self) -> None:
        """Write down what was taken; where that fails, each is tried again alone."""
        taken, self.taken, self.since = self.taken, [], time.monotonic()
        try:
            _settle_sent([(notice, said) for _id, notice, said in taken])
        except Exception as error:
            if db.is_lost(self.session):
                raise
            self.failed |= dict.fromkeys((message_id for message_id, *_ in taken), error)


def _send_one(message: outbox.Message, notice: Notice) -> None:
    """Send one notice, and write down at once what came of it."""
    _settle_sent(_text(message, notice))


def _text(message: outbox.Message, notice: Notice) -> list[tuple[Notice, Taken]]:
    """Hand a notice over, and return it with what was said; nothing where its address does not work."""
    try:
        return [(notice, _hand_over(notice))]
    except Undeliverable as refused:
        _settle(notice_id=notice.id, action=NoticeAction.BOUNCE, reason=refused.reason, detail=refused.detail)
        return []
    except Exception as error:
        if message.attempt >= outbox.ATTEMPTS_MOST:
            why = notice_settling.GATEWAY_DOWN
            _settle(notice_id=notice.id, action=NoticeAction.FAIL, reason=why, detail=str(error))
        raise


def give_up(at: datetime) -> None:
    """Let notices fail whose message is dead though nobody wrote that down, as when it killed its worker each time."""
    for payload in outbox.dead(kind=notice_drafts.SEND, since=at - DEAD_SINCE):
        _give_up(notice_id=payload["notice_id"], resent=payload.get("resent", 0))


@opens_transaction
def _give_up(*, notice_id: int, resent: int) -> None:
    notice = notice_settling.lock(notice_id=notice_id)
    if notice is not None and notice.state == NoticeState.QUEUED and notice.resent == resent:
        notice_settling.settle_step(notice=notice, action=NoticeAction.FAIL, reason=notice_settling.GATEWAY_DOWN)


@opens_transaction
def _prepare(messages: Sequence[outbox.Message]) -> tuple[dict[int, Notice], dict[int, Exception]]:
    """
    Return by message the notices that may go now, and what failed; two statements for those that may.

    One that may not is put off into the morning, or suppressed.
    """
    rows = {row.id: row for row in notice_settling.lock_many(notice_ids=[_named(message)[0] for message in messages])}
    customers = {row.customer_id for row in rows.values() if row.customer_id is not None}
    people = notice_people.of_customers(customer_ids=sorted(customers)) if customers else {}
    quiet: dict[tuple[str, str], datetime | None] = {}
    found: dict[int, Notice] = {}
    failed: dict[int, Exception] = {}
    for message in messages:
        notice_id, resent = _named(message)
        notice = rows.get(notice_id)
        if notice is None or notice.state != NoticeState.QUEUED or notice.resent != resent:
            continue
        event, channel = notice_events.event(notice.event), Channel(notice.channel)
        if (event.code, channel.value) not in quiet:
            quiet[event.code, channel.value] = notice_drafts.quiet_until(timezone.now(), event=event, channel=channel)
        if until := quiet[event.code, channel.value]:
            # An attempt that failed may fall due at night, though the first one did not.
            if not notice_drafts.queue_step(notice_id=notice.id, resent=resent, due_at=until):
                # The clock of the database is before ours: this message itself was due at the end of the quiet hours.
                failed[message.id] = GatewayDown("the quiet hours are not over yet")
            continue
        if notice.customer_id is not None and not notice_routes.allows(
            people[notice.customer_id], event=event, channel=channel
        ):
            notice_settling.settle_step(notice=notice, action=NoticeAction.SUPPRESS, reason="no_consent")
            continue
        found[message.id] = notice
    return found, failed


def _named(message: outbox.Message) -> tuple[int, int]:
    """Return which notice a message sends, and the number of its sending."""
    return message.payload["notice_id"], message.payload.get("resent", 0)


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
def _settle(*, notice_id: int, action: NoticeAction, reason: str, detail: str) -> None:
    """Write down why it did not go, unless a receipt said more before."""
    notice = notice_settling.lock(notice_id=notice_id)
    if notice is not None and notice.state == NoticeState.QUEUED:
        notice_settling.settle_step(notice=notice, action=action, reason=reason, detail=detail)


def _settle_sent(taken: Sequence[tuple[Notice, Taken]]) -> None:
    """Write down that notices were taken, with what the gateway said of them at once: both, or neither."""
    found = notice_receipts.opened(signed=[one.receipt for _, one in taken if one.receipt is not None])
    if taken:
        _settle_many({notice.id: one.proof for notice, one in taken}, found)


@opens_transaction
def _settle_many(proofs: dict[int, str], found: Sequence[Receipt]) -> None:
    """
    Write down that many were taken, and what receipts say; a constant number of statements for those that arrived.

    What became of one meanwhile is looked at alone: what was withdrawn and went, went.
    """
    rows = notice_settling.lock_many(notice_ids=list(proofs))
    plain = {row.id for row in rows if row.state == NoticeState.QUEUED and not row.secret}
    notice_settling.sent_step(proofs={row_id: proofs[row_id] for row_id in plain})
    for row in rows:
        if row.id not in plain and row.state in {NoticeState.QUEUED, NoticeState.WITHDRAWN}:
            notice_settling.settle_step(notice=row, action=NoticeAction.SEND, proof=proofs[row.id])
    notice_receipts.take_step(found=found)
