"""
Work that is done outside requests.

PostgreSQL says what is to be done; Celery only wakes workers. So work looks for itself in the database, may be started
at any time and more than once, and a lost, doubled or flushed message does no harm: what is unfinished is woken again.

    jobs.register("billing", runs.work)                          in cis.wiring: woken by jobs.wake("billing")
    jobs.register("billing_night", runs.night, schedule=...)     in cis.wiring: falls due by the clock
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from zlib import crc32

import structlog
from celery import current_app
from django.db import OperationalError, connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from cis.kernel.actors import SYSTEM, Actor
from cis.platform import db
from cis.platform.models import Job, JobState
from cis.platform.schedules import Schedule

WORK_TASK = "cis.platform.tasks.work"
UNFINISHED = (JobState.WAITING.value, JobState.RUNNING.value)
LOCK_SPACE = 7_265
MESSAGE_MOST = 2_000
TRIES = 5
VICTIM_CODES = frozenset({"40001", "40P01"})
"""serialization_failure, deadlock_detected. [source: PostgreSQL, Appendix A, Error Codes]"""
log = structlog.get_logger(__name__)


class UnknownWork(LookupError):
    """No work of this name is registered in ``cis.wiring``."""


@dataclass(frozen=True, slots=True)
class Work:
    """
    What ``cis.wiring`` registers.

    do        called with the instant at which it fell due, or at which it was woken; may be called again at any time
    schedule  when it falls due by itself; None: it is woken only
    workers   how many workers are woken at once
    """

    name: str
    do: Callable[[datetime], object]
    schedule: Schedule | None = None
    workers: int = 1


REGISTRY: dict[str, Work] = {}


def register(
    name: str, do: Callable[[datetime], object], *, schedule: Schedule | None = None, workers: int = 1
) -> None:
    """Bind a name to work. To be called from ``cis.wiring`` only; the later binding of a name counts."""
    REGISTRY[name] = Work(name, do, schedule, workers)


@dataclass(frozen=True, slots=True)
class _Wake:
    """One waking; equal ones in one transaction are sent once."""

    task: str
    arguments: tuple[str, ...]
    times: int
    expires: float | None = None

    def __call__(self) -> None:
        try:
            for _ in range(self.times):
                current_app.send_task(
                    self.task, args=list(self.arguments), expires=self.expires, retry=False, ignore_result=True
                )
        except Exception as error:  # noqa: BLE001 (whatever the broker's client raises; the work is not lost)
            log.warning("nobody_woken", task=self.task, arguments=self.arguments, error=str(error))


def wake(name: str, *, expires_seconds: float | None = None) -> None:
    """
    Wake workers for some work once the transaction, if any, has committed.

    The caller never fails: without Redis the work waits until ``poke`` runs again.
    """
    work = REGISTRY.get(name)
    if work is None:
        log.error("unknown_work", name=name)
        return
    after_commit(_Wake(WORK_TASK, (name,), work.workers, expires_seconds))


def send(task: str, *, expires_seconds: float | None = None) -> None:
    """Wake one worker for a Celery task without arguments, as ``wake`` does."""
    after_commit(_Wake(task, (), 1, expires_seconds))


def after_commit(call: Callable[[], None]) -> None:
    """Call once after the transaction, or at once outside one; equal calls in one transaction count as one."""
    if not any(entry[1] == call for entry in connection.run_on_commit):
        transaction.on_commit(call, robust=True)


def start(*, name: str, total: int = 0, subject: str = "", actor: Actor = SYSTEM) -> int:
    """Make the row that pages show as a progress bar; return its id."""
    return Job.objects.create(name=name, subject=subject, total=total, actor_id=actor.id).id


def advance(job_id: int, *, done: int = 0, failed: int = 0) -> None:
    """
    Add to the counts of a job, after the transaction has committed.

    Inside it the row would stay locked and workers would wait for each other. A crash in between may lose a count, so
    whoever can count what is done uses ``show`` instead.
    """
    transaction.on_commit(lambda: _running(job_id, done=F("done") + done, failed=F("failed") + failed))


def show(job_id: int, *, done: int, failed: int = 0, total: int | None = None) -> None:
    """Set the counts of a job, after the transaction has committed."""
    counts = {"done": done, "failed": failed, **({} if total is None else {"total": total})}
    transaction.on_commit(lambda: _running(job_id, **counts))


def finish(job_id: int, *, message: str = "") -> None:
    """Say that a job is done."""
    _end(job_id, JobState.DONE, message)


def fail(job_id: int, message: str) -> None:
    """Say that a job was given up, and why."""
    _end(job_id, JobState.FAILED, message)


def scheduled(name: str, due_at: datetime, *, state: JobState = JobState.WAITING) -> int | None:
    """Make the job that falls due at an instant; return its id, or None if somebody made it before."""
    made = db.fetch(
        """
        INSERT INTO platform_job (name, subject, state, total, done, failed, message, due_at, created_at)
        VALUES (%s, '', %s, 0, 0, 0, '', %s, now())
        ON CONFLICT (name, due_at) WHERE due_at IS NOT NULL DO NOTHING RETURNING id
        """,
        [name, state.value, due_at],
    )
    return int(made[0][0]) if made else None


def open_due(at: datetime) -> None:
    """
    Make a job for each schedule that fell due. After a standstill each fires once, for its latest time.

    What fell due before the installation knew the schedule is not made up for: it is noted as done.
    """
    works = [work for work in REGISTRY.values() if work.schedule is not None]
    names = [work.name for work in works]
    known = set(Job.objects.filter(name__in=names, due_at__isnull=False).values_list("name", flat=True).distinct())
    for work in works:
        assert work.schedule is not None
        state = JobState.WAITING if work.name in known else JobState.DONE
        scheduled(work.name, work.schedule.last_due(at), state=state)


def wake_unfinished(*, expires_seconds: float) -> None:
    """Wake workers for whatever is unfinished, its message lost or its worker dead."""
    unfinished = Job.objects.filter(state__in=UNFINISHED, name__in=list(REGISTRY)).values_list("name", flat=True)
    for name in sorted(set(unfinished)):
        wake(name, expires_seconds=expires_seconds)


def run(name: str) -> None:
    """
    Do the work of a name in this process: what fell due and is unfinished, or what is there to do.

    :raises UnknownWork: nobody registered it.
    """
    work = REGISTRY.get(name)
    if work is None:
        raise UnknownWork(name)
    if work.schedule is None:
        work.do(timezone.now())
        return
    due = Job.objects.filter(name=name, due_at__isnull=False, state__in=UNFINISHED).order_by("due_at")
    for job_id, due_at in list(due.values_list("id", "due_at")):
        assert due_at is not None
        with alone(f"job {job_id}") as is_ours:
            if is_ours and Job.objects.filter(id=job_id, state__in=UNFINISHED).exists():
                _run_due(work, job_id, due_at)


def _run_due(work: Work, job_id: int, due_at: datetime) -> None:
    _running(job_id)
    session = db.session()
    try:
        _do_again(work, due_at, session)
    except Exception as error:  # whatever it is, it belongs on the page of jobs
        if db.is_lost(session):
            raise  # the database went away: the job stays unfinished and is woken again
        log.exception("job_failed", name=work.name, job_id=job_id)
        fail(job_id, f"{type(error).__name__}: {error}")
    else:
        finish(job_id)


def _do_again(work: Work, due_at: datetime, session: object) -> None:
    """Do work, anew where the database ended it for others' sake: a deadlock must not cost the work of a day."""
    for tries_left in reversed(range(TRIES)):
        try:
            work.do(due_at)
        except OperationalError as error:
            is_victim = getattr(error.__cause__, "sqlstate", "") in VICTIM_CODES
            if not (is_victim and tries_left) or db.is_lost(session):
                raise
            log.warning("job_tried_again", name=work.name, tries_left=tries_left, error=str(error))
        else:
            return


def _running(job_id: int, **values: object) -> None:
    started_at = Coalesce(F("started_at"), Value(timezone.now()))
    Job.objects.filter(id=job_id, state__in=UNFINISHED).update(
        state=JobState.RUNNING.value, started_at=started_at, **values
    )


def _end(job_id: int, state: JobState, message: str) -> None:
    Job.objects.filter(id=job_id).update(state=state.value, ended_at=timezone.now(), message=message[:MESSAGE_MOST])


@contextmanager
def alone(key: str) -> Iterator[bool]:
    """Hold a lock that ends with this connection, so that a dead worker leaves none; yield whether it is ours."""
    place = [LOCK_SPACE, crc32(key.encode()) - 2**31]
    ((is_ours,),) = db.fetch("SELECT pg_try_advisory_lock(%s, %s)", place)
    session = db.session()
    try:
        yield is_ours
    finally:
        if is_ours and not db.is_lost(session):
            db.fetch("SELECT pg_advisory_unlock(%s, %s)", place)


@contextmanager
def alone_each(keys: Sequence[str]) -> Iterator[list[bool]]:
    """Hold many locks like that of ``alone``, in one statement; yield of each whether it is ours."""
    places = [crc32(key.encode()) - 2**31 for key in keys]
    rows = sorted(db.fetch(_LOCK_EACH, [LOCK_SPACE, places]))
    ours = [bool(is_ours) for _number, is_ours in rows]
    session = db.session()
    try:
        yield ours
    finally:
        if any(ours) and not db.is_lost(session):
            held = [place for place, is_ours in zip(places, ours, strict=True) if is_ours]
            db.fetch("SELECT pg_advisory_unlock(%s, place) FROM unnest(%s::int[]) AS one (place)", [LOCK_SPACE, held])


_LOCK_EACH = """
    SELECT number, pg_try_advisory_lock(%s, place) FROM unnest(%s::int[]) WITH ORDINALITY AS one (place, number)
"""
