"""
Approval of a month's usage by a worker, with a bar to look at.

Approving again changes nothing, so a worker that dies in the middle does no harm: what is unfinished is done anew.
"""

from datetime import date, datetime

from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.kernel.periods import Period
from cis.platform import audit, jobs
from cis.platform.db import opens_transaction
from cis.platform.models import Job
from metering.operations import usage

WORK = "usage_approval"
PREFIX = "usage:"


@opens_transaction
def queue(*, period: Period, actor: Actor) -> int:
    """
    Let a worker approve the usage of all service points in a period.

    :returns: id of the job; one that is under way for the same period is not doubled.
    """
    subject = f"{PREFIX}{period.start}:{period.end}"
    running = Job.objects.filter(name=WORK, subject=subject, state__in=jobs.UNFINISHED).values_list("id", flat=True)
    job_id = running.first() or jobs.start(name=WORK, subject=subject, total=1, actor=actor)
    audit.record(actor, "approve_usage", "job", job_id, start=period.start, end=period.end)
    jobs.wake(WORK)
    return job_id


def period_of(subject: str) -> Period:
    """Return the period that a job is about."""
    start, _, end = subject.removeprefix(PREFIX).partition(":")
    return Period(date.fromisoformat(start), date.fromisoformat(end))


def work(at: datetime) -> None:  # noqa: ARG001 - the signature of all work
    """Approve what waits, oldest first; may be called at any time and by several workers."""
    waiting = Job.objects.filter(name=WORK, state__in=jobs.UNFINISHED).order_by("id")
    for job_id, subject in list(waiting.values_list("id", "subject")):
        with jobs.alone(f"job {job_id}") as is_ours:
            if is_ours and Job.objects.filter(id=job_id, state__in=jobs.UNFINISHED).exists():
                _approve(job_id, period_of(subject))


def _approve(job_id: int, period: Period) -> None:
    jobs.show(job_id, done=0, total=1)
    try:
        found = usage.approve(start_date=period.start, end_date=period.end)
    except Refused as refusal:
        jobs.fail(job_id, f"{refusal.code}: {refusal.message}")
        return
    counts = (found.approved, found.unchanged, found.superseded, len(found.findings))
    jobs.finish(job_id, message=" ".join(map(str, counts)))
