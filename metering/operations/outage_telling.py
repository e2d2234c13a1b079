"""
Telling those who are dark: when current flows again, once for each time that it is said, and that it flows again.

The use case leaves one message in the outbox; a worker makes the notices afterwards, some thousands in a constant
number of statements. Where people are in danger the notice goes at once, also at night.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils import timezone

from accounts.domain.notice_events import Fact
from accounts.operations import notice_settling, notices
from accounts.operations.notice_drafts import NewNotice
from cis.kernel.actors import SYSTEM
from cis.platform import outbox
from cis.platform.db import fetch, joins_transaction, opens_transaction
from metering.domain.outage_people import Supplied
from metering.models.outage import Outage, OutageExpectation
from metering.queries import outage_places

TELL = "outage.tell"
CHUNK = 2_000
WAITING = ("outage_expected",)
"""What is no use any more once something newer is told; a danger is always told."""
LINK = "/portal/power"


@joins_transaction
def queue_step(*, outage_id: int) -> None:
    """Leave a message that those who are dark now are to hear the latest that was said; nothing was said: none."""
    latest = OutageExpectation.objects.filter(outage_id=outage_id).order_by("-id").values_list("id", flat=True).first()
    if latest is None:
        return
    stamp = timezone.now().isoformat()
    outbox.queue(
        kind=TELL, key=f"outage:{outage_id}:said:{latest}:{stamp}", payload={"outage": outage_id, "said": latest}
    )


@joins_transaction
def queue_back_step(*, outage_id: int, service_point_ids: Sequence[int], at: datetime) -> None:
    """Leave messages that current flows again at some supplies."""
    back_at = at.isoformat()
    pieces = [list(service_point_ids[first : first + CHUNK]) for first in range(0, len(service_point_ids), CHUNK)]
    outbox.queue_many(
        kind=TELL,
        payloads={
            f"outage:{outage_id}:back:{back_at}:{piece[0]}": {"outage": outage_id, "back": piece, "at": back_at}
            for piece in pieces
        },
    )


def tell(message: outbox.Message) -> None:
    """Make the notices of a message: the outbox calls this. Done again, it tells nobody twice."""
    outage_id = message.payload["outage"]
    if "back" in message.payload:
        _tell_back(outage_id, message.payload["back"], datetime.fromisoformat(message.payload["at"]))
        return
    after: int | None = 0
    while after is not None:
        after = _tell_chunk(outage_id, message.payload["said"], after)


@opens_transaction
def _tell_chunk(outage_id: int, said_id: int, after: int) -> int | None:
    """Tell some of those who are still dark; return after whom to go on, None where nobody is left."""
    said = OutageExpectation.objects.filter(id=said_id, outage_id=outage_id).select_related("outage").first()
    points: list[int] = [row[0] for row in fetch(_DARK, [outage_id, after, CHUNK])]
    if said is None or not points:
        return None
    event = "outage_danger" if said.outage.is_dangerous else "outage_expected"
    facts = {"expected": _clock(said.expected_back_at), "link": LINK}
    _tell(outage_id, event, f"outage:{outage_id}:{said_id}", points, facts)
    return points[-1]


@opens_transaction
def _tell_back(outage_id: int, points: Sequence[int], at: datetime) -> None:
    if Outage.objects.filter(id=outage_id).exists():
        # A customer with several supplies hears of each time at which some of them came back.
        key = f"outage:{outage_id}:back:{at.isoformat()}"
        _tell(outage_id, "outage_restored", key, points, {"restored": _clock(at), "link": LINK})


def _tell(outage_id: int, event: str, key: str, points: Sequence[int], facts: Mapping[str, Fact]) -> None:
    """Tell everybody who is supplied at some places of one event, each person once."""
    today = timezone.localdate()
    persons: dict[int, Supplied] = {}
    for one in outage_places.people(service_point_ids=points, on=today):
        persons.setdefault(one.customer_id, one)
    new = [
        NewNotice(
            key=f"{key}:{one.customer_id}", facts={"address": one.address, **facts}, customer_id=one.customer_id,
            account_id=one.account_id,
        )
        for one in persons.values()
    ]  # fmt: skip
    if new:
        notice_settling.outdate_step(
            events=WAITING, key_prefix=f"outage:{outage_id}:", newest=f"{key}:", customer_ids=list(persons)
        )
        notices.queue_many_step(event=event, notices=new, actor=SYSTEM)


def _clock(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"


_DARK = """
    SELECT service_point_id FROM metering_outagesupply
    WHERE outage_id = %s AND back_at IS NULL AND service_point_id > %s ORDER BY service_point_id LIMIT %s
"""
