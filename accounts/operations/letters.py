"""
Letters: notices that go by post are printed in batches, a sheet of addresses and the letters in one PDF.

Whoever prints makes a batch, a worker renders it, and somebody says when it was handed to the post: that is the proof
that the letters were sent. A letter that comes back is noted on its notice.
"""

from datetime import datetime

import structlog
from django.utils import timezone

from accounts.domain.notice_events import Channel
from accounts.domain.notice_states import NoticeAction, NoticeState
from accounts.models.notice import Notice, PrintBatch
from accounts.operations import notice_settling
from accounts.queries import letters
from accounts.queries.letters import UnknownBatch
from accounts.queries.notices import UnknownNotice
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit, db, documents, outbox, rendering
from cis.platform.db import opens_transaction

PRINT = "letters.print"
LETTERS_MOST = 200
MEDIA_TYPE = "application/pdf"
log = structlog.get_logger(__name__)


class NothingToPrint(Refused):
    """No letter waits."""

    code = "nothing_to_print"


class NotPrinted(Refused):
    """The batch was not rendered yet, or was handed over before."""

    code = "batch_not_ready"


@opens_transaction
def make_batch(*, actor: Actor) -> int:
    """
    Put the letters that wait longest, at most 200, into a batch and let a worker render it; return its id.

    :raises NothingToPrint: none waits.
    """
    ids = [notice_id for (notice_id,) in db.fetch(_WAITING, [LETTERS_MOST])]
    if not ids:
        raise NothingToPrint("No letter waits.")
    batch = PrintBatch.objects.create(count=len(ids), actor_id=actor.id)
    Notice.objects.filter(id__in=ids).update(batch=batch)
    outbox.queue(kind=PRINT, key=f"batch:{batch.id}", payload={"batch_id": batch.id})
    audit.record(actor, "make_batch", "print_batch", batch.id, count=len(ids))
    return batch.id


def render(message: outbox.Message) -> None:
    """Render a batch and keep the PDF: the outbox calls this."""
    batch_id = message.payload["batch_id"]
    batch = letters.batch(batch_id=batch_id)
    if batch.document_id is None:
        written = rendering.pdf(
            template="documents/letters.html",
            css="documents/letters.css",
            context={"batch": letters.paper(batch_id=batch_id)},
        )
        _keep(batch_id=batch_id, written=written)


@opens_transaction
def _keep(*, batch_id: int, written: bytes) -> None:
    document_id = documents.keep(written, name=f"letters-{batch_id}.pdf", media_type=MEDIA_TYPE)
    PrintBatch.objects.filter(id=batch_id, document_id=None).update(document_id=document_id)


@opens_transaction
def hand_over(*, batch_id: int, actor: Actor) -> int:
    """
    Say that the letters of a batch were handed to the post; return how many.

    :raises UnknownBatch: there is none.
    :raises NotPrinted: it was not rendered yet, or was handed over before.
    """
    batch = PrintBatch.objects.select_for_update().filter(id=batch_id).first()
    if batch is None:
        raise UnknownBatch(f"There is no batch {batch_id}.", batch_id=batch_id)
    if batch.document_id is None or batch.posted_at is not None:
        raise NotPrinted("The batch is not ready, or was handed over before.")
    now: datetime = timezone.now()
    batch.posted_at = now
    batch.save(update_fields=["posted_at"])
    queued = Notice.objects.filter(batch_id=batch_id, state=NoticeState.QUEUED.value)
    sent = queued.update(state=NoticeState.SENT.value, sent_at=now, proof=f"batch {batch_id}")
    audit.record(actor, "hand_over", "print_batch", batch_id, count=sent)
    return sent


@opens_transaction
def came_back(*, notice_id: int, reason: str, actor: Actor) -> None:
    """
    Note that a letter came back: its address does not work, and the notice goes by the next way.

    :raises UnknownNotice: there is no such letter.
    :raises NotPrinted: it was not handed to the post yet.
    :raises IllegalMove: it came back before.
    """
    notice = notice_settling.lock(notice_id=notice_id)
    if notice is None or notice.channel != Channel.POST:
        raise UnknownNotice(f"There is no letter {notice_id}.", notice_id=notice_id)
    if notice.state == NoticeState.QUEUED:
        raise NotPrinted("The letter was not handed to the post yet.", notice_id=notice_id)
    notice_settling.settle_step(notice=notice, action=NoticeAction.BOUNCE, reason="bounced", detail=reason)
    audit.record(actor, "letter_came_back", "notice", notice_id, reason=reason)


_WAITING = """
    SELECT id FROM accounts_notice WHERE channel = 'post' AND state = 'queued' AND batch_id IS NULL
    ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
"""
