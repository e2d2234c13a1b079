"""Jobs as pages show them: a bar, what is done, how it ended."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from cis.kernel.errors import Refused
from cis.platform.jobs import UNFINISHED
from cis.platform.models import Job, JobState


class UnknownJob(Refused):
    """There is no such job."""

    code = "unknown_job"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCard:
    """One long piece of work."""

    id: int
    name: str
    subject: str
    state: str
    total: int
    done: int
    failed: int
    message: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    actor_id: int | None

    @property
    def percent(self) -> int:
        """Return how much is done, 0 to 100; 100 only when it is done."""
        if self.state == "done":
            return 100
        return min(99, self.done * 100 // self.total) if self.total > 0 else 0

    @property
    def is_unfinished(self) -> bool:
        """Return whether it waits or runs."""
        return self.state in UNFINISHED


def one(*, job_id: int) -> JobCard:
    """
    Return a job; one statement.

    :raises UnknownJob: there is none.
    """
    found = _cards(Job.objects.filter(id=job_id))
    if not found:
        raise UnknownJob(f"There is no job {job_id}.")
    return found[0]


def last_on(*, subject: str) -> JobCard | None:
    """Return the last job on a thing, as "bill_run:12"; one statement."""
    found = _cards(Job.objects.filter(subject=subject).order_by("-id")[:1])
    return found[0] if found else None


def latest(*, names: Iterable[str] = (), most: int = 10) -> tuple[JobCard, ...]:
    """Return the last jobs on a thing, and work of the clock only if it failed, newest first; one statement."""
    wanted = Q(name__in=list(names)) if names else ~Q(subject="") | Q(state=JobState.FAILED.value)
    rows = Job.objects.filter(wanted)
    return _cards(rows.order_by("-id")[:most])


def _cards(rows: QuerySet[Job]) -> tuple[JobCard, ...]:
    return tuple(JobCard(**row) for row in rows.values(*JobCard.__dataclass_fields__))
