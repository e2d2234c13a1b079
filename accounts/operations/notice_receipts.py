"""Receipts, whichever door they came by: what became of messages after they were taken."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import structlog

from accounts.domain import receipts
from accounts.domain.notice_events import Channel, NoticeClass
from accounts.domain.notice_states import NOTICE, NoticeAction, NoticeState
from accounts.domain.receipts import Outcome, Receipt, Signed
from accounts.gateways import sms
from accounts.models.notice import Notice
from accounts.operations import consents, notice_resending, notice_settling
from accounts.queries import merges, privacy
from cis.kernel.actors import SYSTEM
from cis.platform.db import joins_transaction, opens_transaction

ACTIONS = {
    Outcome.DELIVERED: NoticeAction.DELIVER,
    Outcome.BOUNCED: NoticeAction.BOUNCE,
    Outcome.RETURNED: NoticeAction.FAIL,
    Outcome.FAILED: NoticeAction.FAIL,
}
KNOWN_REASONS = frozenset({"unknown_number", "unknown_mailbox", "refused"})
COMPLAINED = "complained"
log = structlog.get_logger(__name__)


def take_signed(*, signed: Signed) -> int:
    """
    Take receipts as a gateway sends them; return how many changed something. The same ones again change nothing.

    :raises BadSignature: they are not signed with our key.
    :raises BadReceipt: they cannot be read.
    """
    return take(found=opened(signed=[signed]))


def opened(*, signed: Sequence[Signed]) -> list[Receipt]:
    """Return the receipts of signed messages of a gateway; see ``take_signed`` for refusals."""
    key, now_seconds = sms.receipt_key(), int(time.time())
    return [receipt for one in signed for receipt in receipts.opened(one, key=key, now_seconds=now_seconds)]


@opens_transaction
def take(*, found: Sequence[Receipt]) -> int:
    """Write down what receipts say, in one transaction; see ``take_step``."""
    return take_step(found=found)


@joins_transaction
def take_step(*, found: Sequence[Receipt]) -> int:
    """
    Write down what receipts say, as a step; return how many changed something.

    A receipt of a message whose sending was not written down yet proves that it was sent. A receipt of a message that
    nobody knows, or that says what is known, changes nothing. Those that arrived and say no more are written down in
    three statements.

    All notices are locked first, in one order: a gateway tells of the same ones at different doors at once.
    """
    named = _named(found)
    ids = {one.notice_id for one in named if one.notice_id}
    rows = {row.id: row for row in notice_settling.lock_many(notice_ids=ids)}
    arrived = _arrived(named, rows)
    notice_settling.delivered_step(notice_ids=arrived)
    others = [one for one in named if one.notice_id not in arrived]
    ordered = sorted(others, key=lambda one: (one.notice_id or 0, one.proof))
    return len(arrived) + sum(_take(one, rows.get(one.notice_id or 0)) for one in ordered)


def _named(found: Sequence[Receipt]) -> list[Receipt]:
    """Return receipts with the notices of those that say only what the gateway calls its message; one statement."""
    proofs = {one.proof for one in found if one.notice_id is None and one.proof}
    if not proofs:
        return list(found)
    # Of several of one name the first counts.
    ids = dict(Notice.objects.filter(proof__in=proofs).order_by("-id").values_list("proof", "id"))
    return [replace(one, notice_id=ids.get(one.proof)) if one.notice_id is None else one for one in found]


def _arrived(found: Sequence[Receipt], rows: Mapping[int, Notice]) -> set[int]:
    """Return the notices of which nothing is said but that they arrived, and that were sent and no more."""
    said = Counter(one.notice_id for one in found if one.notice_id is not None)
    plain = {
        one.notice_id: one.resent
        for one in found
        if one.notice_id is not None and one.outcome is Outcome.DELIVERED and not one.reason
        and said[one.notice_id] == 1
    }  # fmt: skip
    return {
        row.id
        for row in rows.values()
        if row.id in plain and row.state == NoticeState.SENT and not row.secret and plain[row.id] in {None, row.resent}
    }


def _take(receipt: Receipt, notice: Notice | None) -> bool:
    if notice is None:
        log.warning("receipt_of_nothing", notice=receipt.notice_id, proof=receipt.proof)
        return False
    if receipt.resent is not None and receipt.resent != notice.resent:
        return False  # of a sending before the latest
    if notice.state == NoticeState.QUEUED and (receipt.proof or receipt.resent is not None):
        notice_settling.settle_step(notice=notice, action=NoticeAction.SEND, proof=receipt.proof)
    if receipt.outcome is Outcome.COMPLAINED:
        return _complain(notice, receipt)
    is_tried = receipt.outcome is Outcome.RETURNED and notice.state == NoticeState.SENT
    if is_tried and notice_resending.retry_step(notice=notice, reason="returned", detail=receipt.reason):
        return True
    action = ACTIONS[receipt.outcome]
    if (NoticeState(notice.state), action) not in NOTICE.moves:
        return False
    reason = ""
    if receipt.outcome is not Outcome.DELIVERED:
        reason = receipt.reason if receipt.reason in KNOWN_REASONS else receipt.outcome.value
    notice_settling.settle_step(notice=notice, action=action, reason=reason, detail=receipt.reason)
    return True


def _complain(notice: Notice, receipt: Receipt) -> bool:
    """Write down that a customer called a notice unwanted: it arrived, and no offers go by this way any more.

    Of who was erased nothing is kept, and of who was merged it counts for who stands in their place.
    """
    if notice.reason == COMPLAINED:
        return False
    if notice.state == NoticeState.SENT:
        notice_settling.settle_step(notice=notice, action=NoticeAction.DELIVER)
    customer_id = None if notice.customer_id is None else merges.standing_id(customer_id=notice.customer_id)
    is_erased = customer_id is not None and privacy.is_erased(customer_id=customer_id)
    notice.reason, notice.detail = COMPLAINED, "" if is_erased else receipt.reason[: notice_settling.DETAIL_MOST]
    notice.save(update_fields=["reason", "detail"])
    if customer_id is not None and not is_erased:
        choices = {(NoticeClass.MARKETING, Channel(notice.channel)): False}
        consents.change_step(customer_id=customer_id, choices=choices, actor=SYSTEM)
    return True
