"""
The nightly ladder: which accounts are to be demanded what today, and who lets the demands go.

Each day has one batch. The night looks through all accounts in chunks, each in a transaction of its own that moves the
mark of the batch, so that a night that broke off goes on where it was, and two at once do nothing twice. A batch with
few recipients goes by itself; a larger one waits for a second person, and is replaced by that of the next day.
"""

from datetime import date, datetime

from django.db.models import F, Sum
from django.utils import timezone

from arrears.models.dunning import BatchState, DunningBatch, TargetState
from arrears.operations import cases, demands
from arrears.operations.cases import Case
from arrears.queries import cuts, pursuits, rules
from arrears.queries.dunning import UnknownBatch
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, jobs
from cis.platform.db import execute, fetch, joins_transaction, opens_transaction

NIGHT = "dunning"
WORK = "dunning_batches"
SUBJECT = "dunning_batch"
CHUNK = 2_000
DECIDERS: frozenset[Role | ActorKind] = frozenset((Role.SUPERVISOR,))
_UNDECIDED = (BatchState.PLANNING.value, BatchState.WAITING.value)
_ADD = """
    INSERT INTO arrears_dunningtarget (batch_id, case_id, step, channel, amount_minor, state)
    SELECT %(batch)s, one.id, one.step, one.channel, one.amount, 'waiting'
    FROM unnest(%(ids)s::bigint[], %(steps)s::text[], %(channels)s::text[], %(amounts)s::bigint[])
         AS one (id, step, channel, amount)
    ON CONFLICT (batch_id, case_id) DO NOTHING
"""
_BUSY = """
    SELECT t.case_id FROM arrears_dunningbatch b JOIN arrears_dunningtarget t ON t.batch_id = b.id
    WHERE b.state = 'sending' AND t.state = 'waiting' AND t.case_id = ANY(%s)
"""


class BatchDecided(Refused):
    """Somebody has let the batch go or dropped it, or a later one has replaced it."""

    code = "dunning_batch_decided"


def night(at: datetime) -> None:
    """
    Plan the demands of the day of an instant, and make them where no second person is needed.

    Run again for a day that is planned, or for an earlier one after the clock was set back, it plans nothing; what is
    left to be made is made. A place whose pack has no ladder pursues nobody.
    """
    now = cuts.moment_of(at)
    if not rules.pursues(at=now.day):
        return
    demands.prove(at)
    batch_id = _begin(now.day)
    if batch_id is not None:
        wanted = pursuits.account_ids(today=now.day)
        for start in range(0, len(wanted), CHUNK):
            _plan(batch_id, wanted[start : start + CHUNK], at)
        _decide_alone(batch_id)
    work(at)


@opens_transaction
def _begin(day: date) -> int | None:
    """Return the batch of a day that is still to be planned; None: it is planned, or the day is over."""
    DunningBatch.objects.bulk_create([DunningBatch(day=day, bound=rules.batch_bound(at=day))], ignore_conflicts=True)
    row = DunningBatch.objects.select_for_update().get(day=day)
    if row.state != BatchState.PLANNING or DunningBatch.objects.filter(day__gt=day).exists():
        return None
    # What nobody decided on is old by now: its accounts are planned anew today.
    DunningBatch.objects.filter(day__lt=day, state__in=_UNDECIDED).update(state=BatchState.REPLACED.value)
    return row.id


@opens_transaction
def _plan(batch_id: int, account_ids: tuple[int, ...], at: datetime) -> None:
    """Look at some accounts and keep what is due of them; those behind the mark of the batch alone."""
    batch = DunningBatch.objects.select_for_update().get(id=batch_id)
    wanted = [account_id for account_id in account_ids if account_id > batch.planned_id]
    if batch.state != BatchState.PLANNING or not wanted:
        return
    looked = cases.look_step(account_ids=wanted, at=at, opens=True)
    today = cuts.moment_of(at).day
    busy = _busy(looked.cases)
    due = [one for one in looked.cases if one.verdict.is_due(today) and one.case_id not in busy]
    _add(batch_id, due)
    batch.planned_id, batch.opened, batch.closed = (
        wanted[-1],
        batch.opened + looked.opened,
        batch.closed + looked.closed,
    )
    batch.count += len(due)
    batch.amount_minor += sum(one.verdict.demanded_minor for one in due)
    batch.save()


def _busy(looked: tuple[Case, ...]) -> set[int]:
    """Return the cases that an earlier batch, which was let go, has still to make a demand of."""
    return {row[0] for row in fetch(_BUSY, [[one.case_id for one in looked]])}


@joins_transaction
def _add(batch_id: int, due: list[Case]) -> None:
    if not due:
        return
    execute(
        _ADD,
        {
            "batch": batch_id,
            "ids": [one.case_id for one in due],
            "steps": [one.verdict.next.step.code for one in due if one.verdict.next],
            "channels": [one.verdict.next.step.channel for one in due if one.verdict.next],
            "amounts": [one.verdict.demanded_minor for one in due],
        },
    )


@opens_transaction
def _decide_alone(batch_id: int) -> None:
    """Let a batch go that is small enough, or let it wait for a second person."""
    row = DunningBatch.objects.select_for_update().get(id=batch_id)
    if row.state != BatchState.PLANNING:
        return
    row.state = (BatchState.SENDING if row.count < row.bound else BatchState.WAITING).value
    row.save(update_fields=["state"])


@opens_transaction
def decide(*, batch_id: int, is_approved: bool, actor: Actor) -> None:
    """
    Let a batch go that waits for a second person (the night being the first), or drop it.

    :raises UnknownBatch: there is none.
    :raises NotAllowed: the actor is no supervisor.
    :raises BatchDecided: it waits no more.
    """
    if not actor.is_one_of(DECIDERS) or actor.id is None:
        raise NotAllowed(f"{actor.name} may not decide on demands.", advice="Ask a supervisor.")
    row = DunningBatch.objects.select_for_update().filter(id=batch_id).first()
    if row is None:
        raise UnknownBatch(f"There is no batch {batch_id}.", batch_id=batch_id)
    if row.state != BatchState.WAITING:
        raise BatchDecided("The batch waits no more.", advice="Look at the batch of today.")
    row.state = (BatchState.SENDING if is_approved else BatchState.DROPPED).value
    row.decided_at, row.decider_id, row.decider_name = timezone.now(), actor.id, actor.name[:150]
    row.save()
    audit.record(actor, "approve" if is_approved else "drop", SUBJECT, row.id, count=row.count, day=row.day)
    if is_approved:
        jobs.wake(WORK)


def work(at: datetime) -> None:
    """Make the demands of batches that were let go, until nothing is left that no other worker has."""
    rows = DunningBatch.objects.filter(state=BatchState.SENDING.value).order_by("day")
    for batch_id in list(rows.values_list("id", flat=True)):
        while demands.make_chunk(batch_id=batch_id, at=at):
            pass
        _finish(batch_id)


@opens_transaction
def _finish(batch_id: int) -> None:
    row = DunningBatch.objects.select_for_update().get(id=batch_id)
    if row.state != BatchState.SENDING or row.targets.filter(state=TargetState.WAITING.value).exists():
        return
    made = row.targets.filter(state=TargetState.DONE.value).aggregate(sum=Sum(F("amount_minor")))["sum"] or 0
    row.state = BatchState.SENT.value
    row.save(update_fields=["state"])
    audit.record(SYSTEM, "sent", SUBJECT, row.id, made_minor=made, day=row.day)
