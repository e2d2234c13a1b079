"""
What might be written off: the list of the night, and batches out of it that two persons let go.

Each night the list is set right, and free money takes back what was written off where nobody has noted it yet (a
correction that is a credit, a refund that was dropped). A person proposes what the list has, for one reason or for all;
a second one lets the batch go, and workers make its write-offs one by one, each as far as it is still open.
"""

from datetime import date, datetime

from django.utils import timezone

from accounts.queries import supplier
from billing.domain.adjustments import AdjustmentState
from billing.domain.write_offs import BatchState, Finds
from billing.models.write_off import WriteOff, WriteOffBatch, WriteOffCandidate, WriteOffPart
from billing.operations import ledger, second_person, write_offs
from billing.operations.second_person import person_of
from billing.operations.write_offs import KIND, PROPOSERS, BadWriteOff, OwnWriteOff
from billing.queries import write_off_rules
from billing.queries import write_offs as queries
from billing.queries.write_offs import OpenDebt, UnknownWriteOffBatch
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.calendar import local_clock
from cis.kernel.enums import Role
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, jobs
from cis.platform.db import execute, fetch, joins_transaction, opens_transaction

NIGHT = "write_offs"
WORK = "write_off_batches"
SUBJECT = "write_off_batch"
MOST = 2_000
"""Accounts of one batch."""
DECIDERS = frozenset((Role.SUPERVISOR,))

# Of a closed account all debts are meant, of another one those that are old enough. The first reason that fits counts.
_LIST = """
    WITH open AS (
        SELECT b.account_id, b.due_date, b.amount_minor - coalesce(p.paid, 0) AS amount, a.state = 'closed' AS is_closed
        FROM billing_ledgeraccount l
        JOIN accounts_account a ON a.id = l.account_id
        JOIN billing_bill b ON b.account_id = l.account_id
        LEFT JOIN LATERAL (SELECT sum(x.amount_minor) AS paid FROM billing_allocation x
                           WHERE x.bill_id = b.id) p ON TRUE
        WHERE l.account_id IS NOT NULL AND l.balance_minor > 0 AND b.state = 'issued' AND b.kind <> 'credit'
          AND b.amount_minor > coalesce(p.paid, 0) AND (b.due_date < %(today)s OR b.kind = 'late_fee')
    ), fits AS (
        SELECT o.account_id, r.place, r.code, sum(o.amount) AS amount, count(*) AS bills, min(o.due_date) AS oldest
        FROM open o
        JOIN unnest(%(codes)s::text[], %(due_by)s::date[], %(most)s::bigint[], %(closed)s::boolean[])
             WITH ORDINALITY AS r(code, due_by, most, is_for_closed, place)
          ON CASE WHEN r.is_for_closed THEN o.is_closed ELSE o.due_date <= r.due_by END
        GROUP BY 1, 2, 3, r.due_by, r.most, r.is_for_closed
        HAVING min(o.due_date) <= r.due_by AND (r.most = 0 OR sum(o.amount) <= r.most)
    ), wanted AS (
        SELECT DISTINCT ON (account_id) account_id, code, amount, bills, oldest FROM fits
        WHERE NOT EXISTS (SELECT 1 FROM billing_writeoff w
                          WHERE w.account_id = fits.account_id AND w.state = 'proposed')
        ORDER BY account_id, place
    ), gone AS (
        DELETE FROM billing_writeoffcandidate c
        WHERE NOT EXISTS (SELECT 1 FROM wanted w WHERE w.account_id = c.account_id)
    )
    INSERT INTO billing_writeoffcandidate AS c (account_id, reason, amount_minor, bills, oldest_due_date, listed_date)
    SELECT account_id, code, amount, bills, oldest, %(today)s FROM wanted
    ON CONFLICT (account_id) DO UPDATE
    SET reason = excluded.reason, amount_minor = excluded.amount_minor, bills = excluded.bills,
        oldest_due_date = excluded.oldest_due_date
    WHERE (c.reason, c.amount_minor, c.bills, c.oldest_due_date)
          IS DISTINCT FROM (excluded.reason, excluded.amount_minor, excluded.bills, excluded.oldest_due_date)
"""
_WITH_CREDIT = """
    SELECT DISTINCT w.account_id FROM billing_writeoff w JOIN billing_ledgeraccount l ON l.account_id = w.account_id
    WHERE w.state = 'made' AND w.back_minor < w.amount_minor AND l.balance_minor < 0 ORDER BY 1
"""


def night(at: datetime) -> None:
    """Let free money take back what was written off, and list what might be; where no debt is given up, nothing."""
    today = local_clock(supplier.current().time_zone).local_date(at)
    if not write_off_rules.is_offered(at=today):
        return
    waiting = [account_id for (account_id,) in fetch(_WITH_CREDIT)]
    for account_id in waiting:
        _recover(account_id, today)
    find(today=today)


@opens_transaction
def _recover(account_id: int, today: date) -> None:
    ledger.lock_customers(account_ids=[account_id])
    write_offs.recover_step(account_ids=[account_id], today=today, actor=SYSTEM)


@opens_transaction
def find(*, today: date) -> None:
    """Set the list of what might be written off right; one statement."""
    found = [one for one in write_off_rules.of_day(at=today).reasons.values() if one.finds is not Finds.NOBODY]
    execute(
        _LIST,
        {
            "today": today,
            "codes": [one.code for one in found],
            "due_by": [one.due_by(today) for one in found],
            "most": [one.most_minor for one in found],
            "closed": [one.finds is Finds.CLOSED for one in found],
        },
    )


@opens_transaction
def propose(*, reason: str, key: str, today: date, actor: Actor) -> int:
    """
    Propose what the list has, for one reason or (empty) for all, as one batch; a second person lets it go.

    :returns: id of the batch.
    :raises NotAllowed: the actor may not.
    :raises BadWriteOff: the list has nothing for it.
    """
    if not actor.is_one_of(PROPOSERS | {ActorKind.CLIENT}):
        raise NotAllowed(f"{actor.name} may not propose write-offs.", advice="Ask a clerk or billing.")
    known = WriteOffBatch.objects.filter(key=key).first()
    if known is not None:
        return known.id
    rows = WriteOffCandidate.objects.order_by("account_id")
    listed = list((rows.filter(reason=reason) if reason else rows)[:MOST])
    if not listed:
        raise BadWriteOff("The list has nothing for this reason.", advice="Look at it again tomorrow.")
    ledger.lock_customers(account_ids=[row.account_id for row in listed])
    waiting = set(WriteOff.objects.filter(state=AdjustmentState.PROPOSED.value).values_list("account_id", flat=True))
    batch = WriteOffBatch.objects.create(reason=reason, key=key, proposer_id=person_of(actor))
    debts = _debts([row for row in listed if row.account_id not in waiting], today)
    made = WriteOff.objects.bulk_create(
        WriteOff(
            account_id=row.account_id,
            batch=batch,
            reason=row.reason,
            amount_minor=sum(one.open_minor for one in debts[row.account_id]),
            evidence=f"List of {row.listed_date}: due since {row.oldest_due_date}.",
            is_for_two=True,
            key=f"batch:{batch.id}:{row.account_id}",
            proposer_id=batch.proposer_id,
        )
        for row in listed
        if debts.get(row.account_id)
    )
    WriteOffPart.objects.bulk_create(
        WriteOffPart(write_off=row, bill_id=one.bill_id, amount_minor=one.open_minor)
        for row in made
        for one in debts[row.account_id]
    )
    batch.count, batch.amount_minor = len(made), sum(row.amount_minor for row in made)
    batch.save(update_fields=["count", "amount_minor"])
    WriteOffCandidate.objects.filter(account_id__in=[row.account_id for row in listed]).delete()
    audit.record(actor, "propose", SUBJECT, batch.id, count=batch.count, amount_minor=batch.amount_minor)
    audit.record_many(actor, "propose_write_off", "account", [row.account_id for row in made], batch=batch.id)
    return batch.id


@opens_transaction
def decide(*, batch_id: int, is_agreed: bool, today: date, actor: Actor) -> None:
    """
    Let a batch go, or drop it with all its write-offs.

    :raises UnknownWriteOffBatch: there is none that waits.
    :raises NotAllowed: the actor is neither a supervisor nor a program, or one of its debts is above his limit.
    :raises OwnWriteOff: who proposed it does not let it go.
    """
    if not actor.is_one_of(DECIDERS | {ActorKind.CLIENT}):
        raise NotAllowed(f"{actor.name} may not decide on a batch.", advice="Ask a supervisor.")
    row = WriteOffBatch.objects.select_for_update().filter(id=batch_id, state=BatchState.PROPOSED.value).first()
    if row is None:
        raise UnknownWriteOffBatch(f"There is no batch {batch_id} that waits.", batch_id=batch_id)
    if is_agreed and row.proposer_id == person_of(actor):
        raise OwnWriteOff("Who proposed a batch does not let it go.", advice="Ask another supervisor.")
    waiting = WriteOff.objects.filter(batch=row, state=AdjustmentState.PROPOSED.value)
    if is_agreed:
        largest = waiting.order_by("-amount_minor").values_list("amount_minor", flat=True).first()
        write_offs.check_limit(largest or 0, today=today, actor=actor)
    else:
        waiting.update(state=AdjustmentState.DROPPED.value, decider_id=person_of(actor))
    row.state = (BatchState.DECIDED if is_agreed else BatchState.DROPPED).value
    row.decider_id, row.decider_name, row.decided_at = person_of(actor), actor.name[:150], timezone.now()
    row.save()
    audit.record(actor, "approve" if is_agreed else "drop", SUBJECT, row.id, count=row.count)
    if is_agreed:
        jobs.wake(WORK)


def work(at: datetime) -> None:
    """Make the write-offs of batches that were let go, until nothing is left that no other worker has."""
    today = local_clock(supplier.current().time_zone).local_date(at)
    for batch in WriteOffBatch.objects.filter(state=BatchState.DECIDED.value).order_by("id"):
        decider = _decider(batch)
        waiting = WriteOff.objects.filter(batch=batch, state=AdjustmentState.PROPOSED.value).order_by("id")
        for row_id in list(waiting.values_list("id", flat=True)):
            _make_one(row_id, today, decider)
        _finish(batch.id)


def _decider(batch: WriteOffBatch) -> Actor:
    """Return who let a batch go: a person, or (below 0) a program."""
    assert batch.decider_id is not None
    if batch.decider_id < 0:
        return Actor(ActorKind.CLIENT, -batch.decider_id, batch.decider_name)
    return Actor(ActorKind.STAFF, batch.decider_id, batch.decider_name, frozenset(DECIDERS))


@opens_transaction
def _make_one(row_id: int, today: date, decider: Actor) -> None:
    """Make one write-off of a batch, or drop it where nothing is open any more or somebody was faster."""
    row = WriteOff.objects.filter(id=row_id).first()
    assert row is not None
    ledger.lock_customers(account_ids=[row.account_id])
    if not WriteOff.objects.filter(id=row_id, state=AdjustmentState.PROPOSED.value).exists():
        return
    debts = {one.bill_id for one in queries.open_debts(account_ids=[row.account_id])}
    is_open = row.parts.filter(bill_id__in=debts).exists()
    second_person.decided_step(KIND, row_id, is_agreed=is_open, today=today, actor=decider)


@opens_transaction
def _finish(batch_id: int) -> None:
    row = WriteOffBatch.objects.select_for_update().get(id=batch_id)
    if row.state == BatchState.DECIDED and not row.write_offs.filter(state=AdjustmentState.PROPOSED.value).exists():
        row.state = BatchState.DONE.value
        row.save(update_fields=["state"])


@joins_transaction
def _debts(listed: list[WriteOffCandidate], today: date) -> dict[int, list[OpenDebt]]:
    """Return by account what is open of the debts that the list means: of a closed account all, else the old ones."""
    rule = write_off_rules.of_day(at=today)
    found: dict[int, list[OpenDebt]] = {}
    reasons = {row.account_id: rule.reasons[row.reason] for row in listed if row.reason in rule.reasons}
    for one in queries.open_debts(account_ids=list(reasons)):
        reason = reasons[one.account_id]
        if one.is_late(today) and (reason.finds is Finds.CLOSED or one.due_date <= reason.due_by(today)):
            found.setdefault(one.account_id, []).append(one)
    return found
