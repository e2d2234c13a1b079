"""The inbox of a customer: what was opened there is proved to have arrived."""

from django.utils import timezone

from accounts.domain.notice_events import Channel
from accounts.domain.notice_states import NoticeState
from accounts.models.notice import Notice
from cis.kernel.actors import Actor
from cis.platform import audit
from cis.platform.db import opens_transaction


@opens_transaction
def open_notice(*, customer_id: int, notice_id: int, actor: Actor) -> bool:
    """Note that a customer opened what lies in their inbox, the first time; return whether this was the first time."""
    now = timezone.now()
    mine = Notice.objects.filter(id=notice_id, customer_id=customer_id, channel=Channel.INBOX.value)
    opened = mine.filter(read_at=None).update(read_at=now, settled_at=now, state=NoticeState.DELIVERED.value)
    if opened:
        audit.record(actor, "read_notice", "notice", notice_id)
    return bool(opened)


@opens_transaction
def mark_all_read(*, customer_id: int, actor: Actor) -> int:
    """Mark all that lies in a customer's inbox as read, because they said so; return how many were new."""
    now = timezone.now()
    mine = Notice.objects.filter(customer_id=customer_id, channel=Channel.INBOX.value, read_at=None)
    # Read by a click on "mark all": it arrived, though nobody opened each.
    count = mine.update(read_at=now, settled_at=now, state=NoticeState.DELIVERED.value)
    if count:
        audit.record(actor, "read_all_notices", "customer", customer_id, count=count)
    return count
