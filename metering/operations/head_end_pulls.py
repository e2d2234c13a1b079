"""Messages of the head end are pulled: from where the last pull ended, until there is no more."""

from datetime import datetime

import structlog
from django.utils import timezone

from cis.kernel.actors import SYSTEM
from cis.platform import jobs
from cis.platform.db import opens_transaction
from metering.gateways import head_end
from metering.gateways.head_end import BadAnswer, Unreachable
from metering.models.live import HeadEndCursor
from metering.operations import head_end_messages

WORK = "head_end_pull"
PAGE = 1_000
PAGES_MOST = 100
"""So many pages are pulled at a time; what is left waits for the next time."""
_NAME = "messages"
log = structlog.get_logger(__name__)


def work(at: datetime) -> None:  # noqa: ARG001 - the signature of all work
    """Pull what meters said; a head end that is not there, or says what cannot be read, is asked again next time."""
    if not head_end.is_bound():
        return
    try:
        pull()
    except (Unreachable, BadAnswer) as error:
        log.warning("head_end_not_pulled", error=str(error))


def pull(*, at: datetime | None = None) -> int:
    """
    Take the messages that wait, and return how many; one process does it at a time.

    The cursor moves after its messages are kept, so a crash repeats them, which is harmless.

    :param at: when they are heard; None: now.
    :raises Unreachable, BadAnswer: the head end could not be asked; what came before is kept.
    """
    taken = 0
    with jobs.alone("head end pull") as is_ours:
        if not is_ours:
            return 0
        for _ in range(PAGES_MOST):
            cursor = _cursor()
            found = head_end.current().pull(cursor=cursor, most=PAGE)
            for first in range(0, len(found.messages), PAGE):
                head_end_messages.take(messages=found.messages[first : first + PAGE], actor=SYSTEM, at=at)
            taken += len(found.messages)
            _move(found.cursor)
            if found.cursor == cursor or not found.messages:
                break
    return taken


def _cursor() -> str:
    found = HeadEndCursor.objects.filter(name=_NAME).values_list("cursor", flat=True).first()
    return found or ""


@opens_transaction
def _move(cursor: str) -> None:
    HeadEndCursor.objects.update_or_create(name=_NAME, defaults={"cursor": cursor, "pulled_at": timezone.now()})
