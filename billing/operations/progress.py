"""How far a run is: plain counts of its chunks, and the job row that pages show as a bar."""

from collections.abc import Sequence

from billing.models.run import ChunkState, RunChunk
from cis.kernel.actors import Actor
from cis.platform import db, jobs
from cis.platform.models import Job

WORK = "billing"
"""Name of the work that rates and issues; what is unfinished of it is woken again."""

_ACCOUNTS = """
    SELECT coalesce(sum(cardinality(account_ids)), 0),
           coalesce(sum(cardinality(account_ids)) FILTER (WHERE state IN ('rated', 'issued')), 0),
           coalesce(sum(cardinality(account_ids)) FILTER (WHERE state = 'issued'), 0),
           (SELECT count(*) FROM billing_heldbill h WHERE h.run_id = %(run)s AND h.state = 'open')
    FROM billing_runchunk WHERE run_id = %(run)s AND state <> 'split'
"""


# By run and chunk, as bills are indexed.
_RECOUNT = """
    UPDATE billing_runchunk c SET bills = b.bills, amount_minor = b.amount, energy_wh = b.energy
    FROM billing_runchunk wanted, LATERAL (
        SELECT count(*) AS bills, coalesce(sum(amount_minor), 0) AS amount, coalesce(sum(energy_wh), 0) AS energy
        FROM billing_bill WHERE run_id = wanted.run_id AND chunk_id = wanted.id) b
    WHERE wanted.id = ANY(%(chunks)s) AND c.id = wanted.id
"""


def start(*, run_id: int, actor: Actor) -> None:
    """Show a bar over the accounts of a run, for rating or for issuing it."""
    ((total, _, _, _),) = db.fetch(_ACCOUNTS, {"run": run_id})
    jobs.start(name=WORK, total=int(total), subject=_subject(run_id), actor=actor)


def show(*, run_id: int, is_issuing: bool) -> None:
    """Bring the bar of a run up to date: accounts done, and of them those held."""
    ((total, rated, issued, held),) = db.fetch(_ACCOUNTS, {"run": run_id})
    for job_id in _unfinished(run_id):
        jobs.show(job_id, done=int(issued if is_issuing else rated), failed=held, total=int(total))


def finish(*, run_id: int) -> None:
    """End the bar of a run; as failed, with the error, if a chunk of it failed as a whole."""
    failed = RunChunk.objects.filter(run_id=run_id, state=ChunkState.FAILED.value)
    error = failed.order_by("id").values_list("error", flat=True).first()
    for job_id in _unfinished(run_id):
        if error is None:
            jobs.finish(job_id)
        else:
            jobs.fail(job_id, error)


def recount(*, chunk_ids: Sequence[int]) -> None:
    """Count the bills of chunks anew, after drafts left them or came to them."""
    given = {"chunks": list(chunk_ids)}
    db.fetch("SELECT id FROM billing_runchunk WHERE id = ANY(%(chunks)s) ORDER BY id FOR UPDATE", given)
    db.execute(_RECOUNT, given)


def _subject(run_id: int) -> str:
    return f"bill_run:{run_id}"


def _unfinished(run_id: int) -> list[int]:
    rows = Job.objects.filter(name=WORK, subject=_subject(run_id), state__in=jobs.UNFINISHED)
    return list(rows.values_list("id", flat=True))
