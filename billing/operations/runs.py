"""Billing runs: open, rate, approve, issue, drop. What a chunk does is in ``chunks`` and ``issuing``."""

from collections.abc import Collection
from datetime import date

from django.db.models import Max
from django.utils import timezone

from accounts.queries import supplier
from billing.domain.workflow import ACTIVE, WORKFLOW, RunAction, RunState, step
from billing.models.run import BillCycle, BillRun, ChunkState, HeldBill, HeldState, RunChunk
from billing.operations import chunks, drafting, issuing, progress, run_chunks
from billing.queries.segments import first_day
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.kernel.periods import Period, add_months
from cis.kernel.workflow import IllegalMove
from cis.platform import audit, db, jobs
from cis.platform.db import joins_transaction, opens_transaction
from tariffs.queries import plans

AGREEMENTS_IN_CHUNK = 2_000
# What a run fills. PostgreSQL itself counts a minute later at best: what comes next would be planned as for the month
# before, or for none, and one chunk of a first month then takes as long as all others.
_FILLED = (
    "billing_bill", "billing_billline", "billing_billcharge", "billing_billsegment", "billing_transfer",
    "billing_ledgeraccount", "billing_allocation",
)  # fmt: skip

# Runs are opened one after another, so that two of them cannot take the same accounts.
_ONE_BY_ONE = "LOCK TABLE billing_billrun IN SHARE ROW EXCLUSIVE MODE"
_TAKEN = """
    SELECT account FROM billing_runchunk c JOIN billing_billrun r ON r.id = c.run_id, unnest(c.account_ids) AS account
    WHERE r.state = ANY(%(active)s) AND r.id <> %(run)s AND NOT r.is_shadow AND c.state <> 'split'
    INTERSECT
    SELECT account FROM billing_runchunk c, unnest(c.account_ids) AS account WHERE c.run_id = %(run)s
    LIMIT 5
"""
# Runs are opened one after another; who deals with one account keeps them from being opened, but not others like him.
_NONE_OPENS = "LOCK TABLE billing_billrun IN ROW EXCLUSIVE MODE"


class AccountsTaken(Refused):
    """Another run that is under way holds some of the accounts."""

    code = "accounts_taken"


class NothingToBill(Refused):
    """No account of the scope has an agreement."""

    code = "nothing_to_bill"


class UnknownRun(Refused):
    """There is no such run."""

    code = "unknown_run"


@opens_transaction
def open(  # noqa: A001 - the trade's word; used as runs.open
    *,
    period: Period,
    as_of_date: date,
    actor: Actor,
    cycle_id: int | None = None,
    account_ids: Collection[int] | None = None,
    is_unattended: bool = False,
    is_shadow: bool = False,
) -> int:
    """
    Open a run over the accounts of a cycle, over some accounts, or over all; it is rated at once by whoever is awake.

    Scope, period, day of knowledge and tariff versions are fixed here. A shadow run makes no bills and keeps no other
    run from its accounts (``shadows``).

    :returns: id of the run.
    :raises AccountsTaken: another run under way has some of the accounts.
    :raises NothingToBill: no account of the scope has an agreement.
    :raises NotAllowed: the actor may not start runs.
    """
    return open_step(
        period=period, as_of_date=as_of_date, actor=actor, cycle_id=cycle_id, account_ids=account_ids,
        is_unattended=is_unattended, is_shadow=is_shadow,
    )  # fmt: skip


@joins_transaction
def open_step(
    *, period: Period, as_of_date: date, actor: Actor, cycle_id: int | None = None,
    account_ids: Collection[int] | None = None, is_unattended: bool = False, is_shadow: bool = False,
) -> int:  # fmt: skip
    """Open a run as a step of a larger use case; see ``open``."""
    WORKFLOW.step(RunState.OPEN, RunAction.RATE, actor)
    db.execute(_ONE_BY_ONE)
    return _make(
        period=period,
        as_of_date=as_of_date,
        actor=actor,
        cycle_id=cycle_id,
        account_ids=account_ids,
        is_unattended=is_unattended,
        is_shadow=is_shadow,
    ).id


@joins_transaction
def make_promoted(*, shadow: BillRun, as_of_date: date, actor: Actor) -> int:
    """
    Open the run that bills what a shadow run came to: same scope and period, issued by itself; return its id.

    :raises AccountsTaken: another run under way has some of the accounts.
    """
    db.execute(_ONE_BY_ONE)
    run = _make(
        period=Period(shadow.start_date, shadow.end_date),
        as_of_date=as_of_date,
        actor=actor,
        cycle_id=shadow.cycle_id,
        is_unattended=True,
        promotes_id=shadow.id,
    )
    return run.id


@opens_transaction
def open_due(*, cycle_id: int, today: date) -> int | None:
    """
    Open the unattended run of a cycle for the month before its last run day; None if there was such a run already.

    Months that no run of the cycle billed, as after a standstill, come first, one each time this is asked.

    :raises AccountsTaken: another run under way has some of the accounts.
    :raises NothingToBill: no account of the cycle has an agreement.
    """
    db.execute(_ONE_BY_ONE)
    cycle = BillCycle.objects.get(id=cycle_id)
    due = add_months(today.replace(day=cycle.run_day), 0 if today.day >= cycle.run_day else -1)
    period = Period(add_months(due.replace(day=1), -1), due.replace(day=1))
    runs = BillRun.objects.filter(cycle_id=cycle_id, start_date=period.start, end_date=period.end, is_shadow=False)
    if runs.exclude(state=RunState.DROPPED.value).exists():
        return None
    billed = BillRun.objects.filter(cycle_id=cycle_id, is_shadow=False).exclude(state=RunState.DROPPED.value)
    until = billed.aggregate(until=Max("end_date"))["until"]
    if until is not None and until < period.start:
        period = Period(until, add_months(until.replace(day=1), 1))
    return _make(period=period, as_of_date=today, actor=SYSTEM, cycle_id=cycle_id, is_unattended=True).id


def _make(
    *,
    period: Period,
    as_of_date: date,
    actor: Actor,
    cycle_id: int | None,
    account_ids: Collection[int] | None = None,
    is_unattended: bool = False,
    is_shadow: bool = False,
    promotes_id: int | None = None,
) -> BillRun:
    _check_cycle(cycle_id, is_shadow=is_shadow)
    run = BillRun.objects.create(
        cycle_id=cycle_id,
        start_date=period.start,
        end_date=period.end,
        as_of_date=as_of_date,
        tariff_version_ids=_published(),
        state=RunState.RATING.value,
        is_unattended=is_unattended,
        is_shadow=is_shadow,
        promotes_id=promotes_id,
        actor_id=actor.id,
    )
    _split(run, account_ids)
    progress.start(run_id=run.id, actor=actor)
    audit.record(actor, "open_run", "bill_run", run.id, start=period.start, end=period.end, cycle=cycle_id)
    jobs.wake(progress.WORK)
    return run


def _published() -> list[int]:
    """Return all versions that are published: a rebill may reach back to any of them."""
    return [one.version_id for one in plans.versions(start_date=date.min, end_date=date.max)]


def _split(run: BillRun, account_ids: Collection[int] | None) -> None:
    """Split the accounts of a run into chunks: who had an agreement since it reaches back, or has more to bill."""
    start = first_day(period=Period(run.start_date, run.end_date))
    made = run_chunks.lay(
        run_id=run.id,
        size=AGREEMENTS_IN_CHUNK,
        period=Period(start, run.end_date),
        account_ids=account_ids,
        cycle_id=run.cycle_id,
    )
    if not made:
        raise NothingToBill("No account here has an agreement.", advice="Check the cycle and the period.")
    _check_free(run)


def _check_cycle(cycle_id: int | None, *, is_shadow: bool, but: int = 0) -> None:
    """Refuse a second run of a cycle, since only one of a kind may be under way."""
    active = BillRun.objects.filter(cycle_id=cycle_id, state__in=ACTIVE, is_shadow=is_shadow)
    if cycle_id is not None and active.exclude(id=but).exists():
        raise AccountsTaken("A run of this cycle is under way.", advice="Finish or drop it first.")


def _check_free(run: BillRun) -> None:
    if run.is_shadow:
        return
    taken = db.fetch(_TAKEN, {"active": [str(state) for state in ACTIVE], "run": run.id})
    if taken:
        raise AccountsTaken(
            "Another run that is under way bills some of these accounts.",
            advice="Finish or drop it first.",
            account_ids=[account for (account,) in taken],
        )


def rate_chunk(*, run_id: int) -> bool:
    """Rate one waiting chunk; when none is left, the run is rated. Return False if none was left."""
    if chunks.rate_chunk(run_id=run_id):
        progress.show(run_id=run_id, is_issuing=False)
        return True
    finish_rating(run_id=run_id)
    return False


def finish_rating(*, run_id: int) -> bool:
    """Move the run on if all its chunks are rated, by a plain count; return whether it was moved."""
    return _finish(run_id, RunState.RATING, RunAction.FINISH_RATING, "waiting") and _count_filled(run_id)


@opens_transaction
def approve(*, run_id: int, actor: Actor) -> None:
    """
    Let the drafts of a rated run be issued; held bills stay.

    :raises UnknownRun: there is none.
    :raises IllegalMove: it is not rated, or approved already.
    :raises NotAllowed: the actor may not approve.
    """
    run = lock(run_id)
    move(run, RunAction.APPROVE, actor)
    run.approved_at = timezone.now()
    run.approver_id = actor.id
    run.save(update_fields=["state", "approved_at", "approver_id"])
    progress.start(run_id=run_id, actor=actor)
    audit.record(actor, "approve_run", "bill_run", run_id)
    jobs.wake(progress.WORK)


def issue_chunk(*, run_id: int) -> bool:
    """Issue one rated chunk; when none is left, the run is issued. Return False if none was left."""
    if issuing.issue_chunk(run_id=run_id):
        progress.show(run_id=run_id, is_issuing=True)
        return True
    finish_issuing(run_id=run_id)
    return False


def finish_issuing(*, run_id: int) -> bool:
    """Move the run on if all its chunks are issued, by a plain count; return whether it was moved."""
    return _finish(run_id, RunState.ISSUING, RunAction.FINISH_ISSUING, "rated") and _count_filled(run_id)


def _count_filled(run_id: int) -> bool:
    """Let the planner know what a run of several chunks has filled; outside its lock, which others wait for."""
    if RunChunk.objects.filter(run_id=run_id).count() > 1:
        db.analyze(*_FILLED)
    return True


@opens_transaction
def _finish(run_id: int, state: RunState, action: RunAction, left: str) -> bool:
    """Move a run when no chunk is left in a state. What other workers have not committed still counts as left."""
    waiting = BillRun.objects.filter(id=run_id, state=state.value, chunks__state=left)
    if waiting.exists():
        return False
    run = BillRun.objects.select_for_update().filter(id=run_id, state=state.value).first()
    # Asked again under the lock: an account that was just retried has brought a new chunk.
    if run is None or waiting.exists():
        return False
    run.state = WORKFLOW.step(state, action, SYSTEM).to.value
    if run.state == RunState.ISSUED:
        run.ended_at = timezone.now()
    run.save(update_fields=["state", "ended_at"])
    progress.finish(run_id=run_id)
    return True


@opens_transaction
def drop(*, run_id: int, actor: Actor) -> None:
    """
    Drop a run with all its drafts: nothing of it was owed, and no number was taken.

    Waits for the chunks that are under way.

    What it had taken over from earlier runs is theirs again.

    :raises UnknownRun: there is none.
    :raises IllegalMove: it is being issued, or ended, or some of its bills were issued before accounts were retried.
    """
    run = lock(run_id)
    move(run, RunAction.DROP, actor)
    if RunChunk.objects.filter(run_id=run_id, state=ChunkState.ISSUED.value).exists():
        raise IllegalMove(
            "Bills of this run are issued already.", advice="Approve it, then cancel what is wrong.", run_id=run_id
        )
    drafting.drop_drafts("run_id = %s AND state IN ('draft', 'held')", [run_id])
    HeldBill.objects.filter(run_id=run_id, state=HeldState.OPEN.value).update(
        state=HeldState.DROPPED.value, resolved_at=timezone.now(), resolver_id=actor.id
    )
    drafting.give_back(run_id=run_id)
    run.shadow_bills.all().delete()
    run.ended_at = timezone.now()
    run.save(update_fields=["state", "ended_at"])
    progress.finish(run_id=run_id)
    audit.record(actor, "drop_run", "bill_run", run_id)


@opens_transaction
def retry(*, run_id: int, actor: Actor) -> int:
    """
    Rate anew the chunks of a run that failed as a whole, once the cause is mended; return how many.

    :raises UnknownRun: there is none.
    :raises IllegalMove: the run is just being issued, or was dropped.
    :raises AccountsTaken: another run under way has some of the accounts, or the cycle.
    """
    run = lock_alone(run_id)
    failed = RunChunk.objects.filter(run_id=run_id, state=ChunkState.FAILED.value)
    count = failed.count()
    if count:
        reopen(run, actor)
        _check_free(run)
        RunChunk.objects.filter(run_id=run_id, attempts__gt=0).update(attempts=0)
        failed.update(state=ChunkState.WAITING.value, error="")
        progress.start(run_id=run_id, actor=actor)
        audit.record(actor, "retry_run", "bill_run", run_id, chunks=count)
        jobs.wake(progress.WORK)
    return count


@joins_transaction
def reopen(run: BillRun, actor: Actor) -> None:
    """
    Let a run rate again, with the tariff versions published since.

    A run that was issued gets the present day: else its further bills would be due before anybody saw them.

    :raises IllegalMove: it is just being issued, or was dropped.
    :raises AccountsTaken: another run of its cycle is under way.
    """
    if run.state == RunState.ISSUED:
        today = local_clock(supplier.current().time_zone).local_date(timezone.now())
        run.as_of_date = max(run.as_of_date, today)
    if run.state != RunState.RATING:
        move(run, RunAction.RETRY, actor)
    _check_cycle(run.cycle_id, is_shadow=run.is_shadow, but=run.id)
    run.tariff_version_ids = sorted({*_published(), *run.tariff_version_ids})
    run.ended_at = None
    run.save(update_fields=["state", "as_of_date", "tariff_version_ids", "ended_at"])


@joins_transaction
def lock_alone(run_id: int) -> BillRun:
    """
    Return a run, locked, while no run is opened: so that no other one takes its accounts meanwhile.

    :raises UnknownRun: there is none.
    """
    db.execute(_NONE_OPENS)
    return lock(run_id)


@joins_transaction
def lock(run_id: int) -> BillRun:
    """
    Return a run, locked: no chunk of it is under way.

    :raises UnknownRun: there is none.
    """
    run = BillRun.objects.select_for_update().filter(id=run_id).first()
    if run is None:
        raise UnknownRun(f"There is no billing run {run_id}.", run_id=run_id)
    return run


def move(run: BillRun, action: RunAction, actor: Actor) -> None:
    """Step the run's workflow; the caller saves it."""
    run.state = step(state=RunState(run.state), action=action, actor=actor, is_shadow=run.is_shadow).value
