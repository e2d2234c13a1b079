"""Billing runs: open, rate, approve, issue, drop. What a chunk does is in ``chunks`` and ``issuing``."""

from collections.abc import Collection
from datetime import date

from django.db import connection
from django.utils import timezone

from billing.domain.workflow import ACTIVE, WORKFLOW, RunAction, RunState
from billing.models.run import BillCycle, BillRun, HeldBill, HeldState
from billing.operations import chunks, issuing, progress
from billing.queries.segments import version_span
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Refused
from cis.kernel.periods import Period, add_months
from cis.platform import audit, db, jobs
from cis.platform.db import joins_transaction, opens_transaction
from tariffs.queries import plans

AGREEMENTS_IN_CHUNK = 2_000

# Runs are opened one after another, so that two of them cannot take the same accounts.
_ONE_BY_ONE = "LOCK TABLE billing_billrun IN SHARE ROW EXCLUSIVE MODE"
_SPLIT = """
    INSERT INTO billing_runchunk (run_id, account_ids, state, attempts, error, bills, held, unchanged, amount_minor,
                                  energy_wh)
    SELECT %(run)s, array_agg(account_id ORDER BY account_id), 'waiting', 0, '', 0, 0, 0, 0, 0
    FROM (
        SELECT account_id, (sum(agreements) OVER (ORDER BY account_id) - 1)::bigint / %(size)s AS place
        FROM (
            SELECT g.account_id, count(*) AS agreements FROM contracts_serviceagreement g
            WHERE g.period && daterange(%(since)s, %(until)s)
              AND (%(accounts)s::bigint[] IS NULL OR g.account_id = ANY(%(accounts)s))
              AND (%(cycle)s::bigint IS NULL OR EXISTS (
                  SELECT 1 FROM billing_cyclemember m WHERE m.account_id = g.account_id AND m.cycle_id = %(cycle)s))
            GROUP BY g.account_id
        ) counted
    ) placed
    GROUP BY place ORDER BY place
"""
_TAKEN = """
    SELECT account FROM billing_runchunk c JOIN billing_billrun r ON r.id = c.run_id, unnest(c.account_ids) AS account
    WHERE r.state = ANY(%(active)s) AND r.id <> %(run)s AND c.state <> 'split'
    INTERSECT
    SELECT account FROM billing_runchunk c, unnest(c.account_ids) AS account WHERE c.run_id = %(run)s
    LIMIT 5
"""
_DROP = (
    "DELETE FROM billing_billline WHERE bill_id IN (SELECT id FROM billing_bill WHERE {drafts})",
    "DELETE FROM billing_billsegment WHERE bill_id IN (SELECT id FROM billing_bill WHERE {drafts})",
    "UPDATE billing_heldbill SET bill_id = NULL WHERE bill_id IN (SELECT id FROM billing_bill WHERE {drafts})",
    "DELETE FROM billing_bill WHERE {drafts}",
)


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
) -> int:
    """
    Open a run over the accounts of a cycle, over some accounts, or over all; it is rated at once by whoever is awake.

    Scope, period, day of knowledge and tariff versions are fixed here.

    :returns: id of the run.
    :raises AccountsTaken: another run under way has some of the accounts.
    :raises NothingToBill: no account of the scope has an agreement.
    :raises NotAllowed: the actor may not start runs.
    """
    WORKFLOW.step(RunState.OPEN, RunAction.RATE, actor)
    db.execute(_ONE_BY_ONE)
    run = _make(period, as_of_date, actor, cycle_id, account_ids, is_unattended=is_unattended)
    return run.id


@opens_transaction
def open_due(*, cycle_id: int, today: date) -> int | None:
    """
    Open the unattended run of a cycle for the month before its last run day; None if there was such a run already.

    :raises AccountsTaken: another run under way has some of the accounts.
    :raises NothingToBill: no account of the cycle has an agreement.
    """
    db.execute(_ONE_BY_ONE)
    cycle = BillCycle.objects.get(id=cycle_id)
    due = add_months(today.replace(day=cycle.run_day), 0 if today.day >= cycle.run_day else -1)
    period = Period(add_months(due.replace(day=1), -1), due.replace(day=1))
    runs = BillRun.objects.filter(cycle_id=cycle_id, start_date=period.start, end_date=period.end)
    if runs.exclude(state=RunState.DROPPED.value).exists():
        return None
    return _make(period, today, SYSTEM, cycle_id, None, is_unattended=True).id


def _make(
    period: Period,
    as_of_date: date,
    actor: Actor,
    cycle_id: int | None,
    account_ids: Collection[int] | None,
    *,
    is_unattended: bool,
) -> BillRun:
    if cycle_id is not None and BillRun.objects.filter(cycle_id=cycle_id, state__in=ACTIVE).exists():
        raise AccountsTaken("A run of this cycle is under way.", advice="Finish or drop it first.")
    start, end = version_span(period=period)
    run = BillRun.objects.create(
        cycle_id=cycle_id,
        start_date=period.start,
        end_date=period.end,
        as_of_date=as_of_date,
        tariff_version_ids=[one.version_id for one in plans.versions(start_date=start, end_date=end)],
        state=RunState.RATING.value,
        is_unattended=is_unattended,
        actor_id=actor.id,
    )
    _split(run, account_ids)
    progress.start(run_id=run.id, actor=actor)
    audit.record(actor, "open_run", "bill_run", run.id, start=period.start, end=period.end, cycle=cycle_id)
    jobs.wake(progress.WORK)
    return run


def _split(run: BillRun, account_ids: Collection[int] | None) -> None:
    """Split the accounts of a run into chunks; those that had an agreement where corrections may reach."""
    start, _ = version_span(period=Period(run.start_date, run.end_date))
    made = db.execute(
        _SPLIT,
        {
            "run": run.id,
            "size": AGREEMENTS_IN_CHUNK,
            "since": start,
            "until": run.end_date,
            "accounts": None if account_ids is None else sorted(account_ids),
            "cycle": run.cycle_id,
        },
    )
    if not made:
        raise NothingToBill("No account here has an agreement.", advice="Check the cycle and the period.")
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


@opens_transaction
def finish_rating(*, run_id: int) -> bool:
    """Move the run on if all its chunks are rated, by a plain count; return whether it was moved."""
    return _finish(run_id, RunState.RATING, RunAction.FINISH_RATING, "waiting")


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


@opens_transaction
def finish_issuing(*, run_id: int) -> bool:
    """Move the run on if all its chunks are issued, by a plain count; return whether it was moved."""
    return _finish(run_id, RunState.ISSUING, RunAction.FINISH_ISSUING, "rated")


def _finish(run_id: int, state: RunState, action: RunAction, left: str) -> bool:
    """Move a run when no chunk is left in a state. What other workers have not committed still counts as left."""
    if BillRun.objects.filter(id=run_id, state=state.value, chunks__state=left).exists():
        return False
    run = BillRun.objects.select_for_update().filter(id=run_id, state=state.value).first()
    if run is None:
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

    :raises UnknownRun: there is none.
    :raises IllegalMove: it is being issued, or ended.
    """
    run = lock(run_id)
    move(run, RunAction.DROP, actor)
    drop_drafts("run_id = %s AND state IN ('draft', 'held')", [run_id])
    HeldBill.objects.filter(run_id=run_id, state=HeldState.OPEN.value).update(
        state=HeldState.DROPPED.value, resolved_at=timezone.now(), resolver_id=actor.id
    )
    run.ended_at = timezone.now()
    run.save(update_fields=["state", "ended_at"])
    progress.finish(run_id=run_id)
    audit.record(actor, "drop_run", "bill_run", run_id)


@joins_transaction
def drop_drafts(condition: str, params: list[int]) -> None:
    """
    Delete bills that were never issued, with all that hangs on them.

    :param condition: SQL on ``billing_bill``; must name the states draft or held.
    """
    with connection.cursor() as cursor:
        for statement in _DROP:
            cursor.execute(statement.format(drafts=condition), params)


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
    run.state = WORKFLOW.step(RunState(run.state), action, actor).to.value
