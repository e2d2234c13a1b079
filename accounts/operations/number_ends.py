"""
A number is not a customer's any more: another one proved that it is theirs, or nobody answers it.

At once nothing leads by it to the customer who had it: their sessions end, codes that were sent there serve no more,
and what they agreed to take there goes there no more. They are told by other ways; the number is a task of the desk.
"""

from datetime import datetime
from typing import Final

from django.utils import timezone

from accounts.domain.announcements import NumberEnded
from accounts.domain.notice_events import Channel, NoticeClass
from accounts.models.contact import ContactPoint
from accounts.models.notice import Consent
from accounts.models.people import ContactCode
from accounts.operations import merge_people, notices
from cis.kernel.actors import SYSTEM
from cis.platform import audit, events
from cis.platform.db import joins_transaction

EVENT: Final = "number_ended"
TAKEN: Final = "number_taken"
SHOWN: Final = 4
NUMBERS: Final = ("mobile", "phone")


@joins_transaction
def end_step(*, point: ContactPoint, reason: str, at: datetime) -> bool:
    """
    End what was proven of a number; return whether anything was. Announces NumberEnded.

    :param reason: ``TAKEN``, or what the gateway says.
    """
    was_verified = point.verified_at is not None
    point.verified_at, point.verified_way = None, ""
    if was_verified:
        point.unverified_at, point.unverified_reason = at, reason[:40]
    if point.bounced_at is None:
        point.bounced_at, point.bounce_reason = at, reason
    point.save()
    ContactCode.objects.filter(contact_point=point, expires_at__gt=at).update(expires_at=at)
    if not was_verified:
        return False
    customer_id = point.customer_id
    merge_people.end_sessions_step(customer_ids=[customer_id])
    if not _has_another(point):
        Consent.objects.filter(
            customer_id=customer_id, channel=Channel.SMS.value, notice_class=NoticeClass.MARKETING.value, is_given=True
        ).update(is_given=False, changed_at=at)
    events.announce(NumberEnded(customer_id=customer_id, reason=reason))
    notices.queue_step(
        event=EVENT, customer_id=customer_id, facts={"number": point.value[-SHOWN:], "link": "/portal/details"},
        key=f"number:{point.id}:{at:%Y%m%d%H%M%S%f}", actor=SYSTEM, occurred_date=timezone.localdate(at),
    )  # fmt: skip
    audit.record(SYSTEM, "end_number", "customer", customer_id, value=point.value, reason=reason)
    return True


def _has_another(point: ContactPoint) -> bool:
    """Return whether messages still reach the customer by another number."""
    own = ContactPoint.objects.filter(customer_id=point.customer_id, kind="mobile", bounced_at=None)
    return own.exclude(id=point.id).exists()
