"""Accounts that a run did not finish by itself: release the draft, drop it, or retry once the cause is mended."""

from datetime import date

from django.utils import timezone

from billing.domain.workflow import ACTIVE
from billing.models.bill import Bill, BillState
from billing.models.run import BillRun, ChunkState, HeldBill, HeldState, RunChunk
from billing.operations import drafting, issuing, ledger, progress, runs
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit, db, jobs
from cis.platform.db import opens_transaction

# A segment in force for days that the draft bills too, unless the draft takes it back.
_BILLED_TWICE = """
    SELECT e.id FROM billing_billsegment n
    JOIN billing_billsegment e ON e.agreement_id = n.agreement_id AND e.bill_id <> n.bill_id
        AND e.start_date < n.end_date AND e.end_date > n.start_date AND e.cancels_id IS NULL
    JOIN billing_bill b ON b.id = e.bill_id AND b.state = 'issued'
    WHERE n.bill_id = %(bill)s AND n.cancels_id IS NULL AND NOT EXISTS (
        SELECT 1 FROM billing_billsegment c JOIN billing_bill cb ON cb.id = c.bill_id
        WHERE c.cancels_id = e.id AND (cb.state = 'issued' OR cb.id = %(bill)s))
    UNION ALL
    SELECT e.id FROM billing_billcharge n
    JOIN billing_billcharge e ON e.charge_id = n.charge_id AND e.bill_id <> n.bill_id AND e.cancels_id IS NULL
    JOIN billing_bill b ON b.id = e.bill_id AND b.state = 'issued'
    WHERE n.bill_id = %(bill)s AND n.cancels_id IS NULL AND NOT EXISTS (
        SELECT 1 FROM billing_billcharge c JOIN billing_bill cb ON cb.id = c.bill_id
        WHERE c.cancels_id = e.id AND (cb.state = 'issued' OR cb.id = %(bill)s))
    LIMIT 1
"""
_OTHER_RUN = """
    SELECT r.id FROM billing_runchunk c JOIN billing_billrun r ON r.id = c.run_id
    WHERE r.state = ANY(%(active)s) AND r.id <> %(run)s AND NOT r.is_shadow AND c.state <> 'split'
      AND %(account)s = ANY(c.account_ids)
    LIMIT 1
"""
_TAKE_OUT = """
    UPDATE billing_runchunk SET account_ids = array_remove(account_ids, %(account)s)
    WHERE run_id = %(run)s AND state <> 'split' AND %(account)s = ANY(account_ids)
"""


class NotHeld(Refused):
    """The account is not held, or was dealt with by somebody else."""

    code = "not_held"


class NothingToRelease(Refused):
    """The account was held before there was a draft."""

    code = "nothing_to_release"


class BilledMeanwhile(Refused):
    """What the draft bills was billed by another run."""

    code = "billed_meanwhile"


@opens_transaction
def release(*, held_id: int, today: date, actor: Actor) -> None:
    """
    Let a draft that was out of bounds be issued: with its run, or at once if the run is past that.

    :raises NotHeld: it was dealt with before.
    :raises NothingToRelease: nothing could be rated; mend the cause and retry.
    :raises BilledMeanwhile: another run billed the same days, or holds the account.
    """
    held, run = _lock(held_id)
    if held.bill_id is None:
        raise NothingToRelease("There is no draft to release.", advice="Mend the cause, then retry the account.")
    # Of two drafts of one account that are released at once, the second sees what the first has billed.
    ledger.lock_customers(account_ids=[held.account_id])
    bill = Bill.objects.select_for_update().get(id=held.bill_id)
    bill.state = BillState.DRAFT.value
    bill.save(update_fields=["state"])
    if RunChunk.objects.filter(id__in=[bill.chunk_id], state=ChunkState.ISSUED.value).exists():
        _check_not_billed(run, bill)
        issuing.issue(bill_ids=[bill.id], account_ids=[bill.account_id], issue_date=today, actor=actor)
    _resolve(held, HeldState.RELEASED, actor)
    audit.record(actor, "release_bill", "bill", bill.id, reason=held.code)


@opens_transaction
def drop(*, held_id: int, actor: Actor) -> None:
    """
    Drop a held account from its run, with its draft; the period stays unbilled.

    :raises NotHeld: it was dealt with before.
    """
    held, _ = _lock(held_id)
    _drop_draft(held)
    _resolve(held, HeldState.DROPPED, actor)
    audit.record(actor, "drop_held", "account", held.account_id, run=held.run_id, reason=held.code)


@opens_transaction
def retry(*, held_id: int, actor: Actor) -> None:
    """
    Rate a held account anew in its run, with what is known now, tariff versions published since included.

    :raises NotHeld: it was dealt with before.
    :raises IllegalMove: the run is just being issued, or was dropped.
    :raises BilledMeanwhile: another run under way holds the account.
    :raises AccountsTaken: another run of the cycle is under way.
    """
    held, run = _lock(held_id)
    _check_free(run, held.account_id)
    _drop_draft(held)
    runs.reopen(run, actor)
    # The account moves to a chunk of its own, so that accounts are still counted once. Its chunk alone is touched:
    # others are in the hands of workers, who would wait for the run that is locked here.
    db.execute(_TAKE_OUT, {"account": held.account_id, "run": run.id})
    RunChunk.objects.create(run_id=run.id, account_ids=[held.account_id])
    _resolve(held, HeldState.RETRIED, actor)
    progress.start(run_id=run.id, actor=actor)
    audit.record(actor, "retry_held", "account", held.account_id, run=run.id, reason=held.code)
    jobs.wake(progress.WORK)


def _lock(held_id: int) -> tuple[HeldBill, BillRun]:
    run_id = HeldBill.objects.filter(id=held_id).values_list("run_id", flat=True).first()
    if run_id is None:
        raise NotHeld(f"There is no held account {held_id}.")
    # The run first, as everywhere: its chunks then stand still.
    run = runs.lock_alone(run_id)
    held = HeldBill.objects.select_for_update().get(id=held_id)
    if held.state != HeldState.OPEN.value:
        raise NotHeld("The account was dealt with before.", advice="Load the page anew.", state=held.state)
    return held, run


def _check_free(run: BillRun, account_id: int) -> None:
    taken = db.fetch(_OTHER_RUN, {"active": [str(s) for s in ACTIVE], "run": run.id, "account": account_id})
    if taken:
        raise BilledMeanwhile(f"Run {taken[0][0]} holds the account.", advice="Finish or drop that run first.")


def _check_not_billed(run: BillRun, bill: Bill) -> None:
    _check_free(run, bill.account_id)
    if db.fetch(_BILLED_TWICE, {"bill": bill.id}):
        raise BilledMeanwhile("Another bill has billed the same days.", advice="Drop this draft.")


def _drop_draft(held: HeldBill) -> None:
    if held.bill_id is None:
        return
    chunk_id = Bill.objects.values_list("chunk_id", flat=True).get(id=held.bill_id)
    drafting.drop_drafts("id = %s AND state IN ('draft', 'held')", [held.bill_id])
    held.bill_id = None
    progress.recount(chunk_ids=[chunk_id])


def _resolve(held: HeldBill, state: HeldState, actor: Actor) -> None:
    held.state = state.value
    held.resolved_at = timezone.now()
    held.resolver_id = actor.id
    held.save(update_fields=["state", "resolved_at", "resolver_id", "bill"])
