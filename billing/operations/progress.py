"""How far a run is: plain counts of its chunks, and the job row that pages show as a bar."""

from django.db.models import Count, Sum

from billing.models.bill import Bill
from billing.models.run import RunChunk
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
    """End the bar of a run."""
    for job_id in _unfinished(run_id):
        jobs.finish(job_id)


def recount(*, chunk_id: int) -> None:
    """Count the bills of a chunk anew, after a draft left it or came to it."""
    sums = Bill.objects.filter(chunk_id=chunk_id).aggregate(
        bills=Count("id"), amount=Sum("amount_minor"), energy=Sum("energy_wh")
    )
    RunChunk.objects.filter(id=chunk_id).update(
        bills=sums["bills"], amount_minor=sums["amount"] or 0, energy_wh=sums["energy"] or 0
    )


def _subject(run_id: int) -> str:
    return f"bill_run:{run_id}"


def _unfinished(run_id: int) -> list[int]:
    rows = Job.objects.filter(name=WORK, subject=_subject(run_id), state__in=jobs.UNFINISHED)
    return list(rows.values_list("id", flat=True))
