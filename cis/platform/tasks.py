"""What Celery calls. A message carries no data but a name; all else stands in PostgreSQL."""

from celery import shared_task
from django.utils import timezone

from cis.platform import jobs, outbox

POKE_SECONDS = 30.0


@shared_task
def poke() -> None:
    """Look, every half minute, what fell due and what was left unfinished, and wake workers for it."""
    jobs.open_due(timezone.now())
    # What no worker takes before the next poke is forgotten, so that messages do not pile up while all are busy.
    jobs.wake_unfinished(expires_seconds=POKE_SECONDS)
    jobs.send(outbox.DELIVER_TASK, expires_seconds=POKE_SECONDS)


@shared_task
def work(name: str) -> None:
    """Do the work of a name."""
    jobs.run(name)


@shared_task
def deliver() -> None:
    """Send what is due; if that was a full batch, there may be more."""
    if outbox.deliver_due() == outbox.BATCH:
        jobs.send(outbox.DELIVER_TASK)
