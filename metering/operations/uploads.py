"""
Meter files that come through a page: kept at once, imported and their usage approved by a worker, with a bar.

What is unfinished is found in the database, so a worker that dies in the middle does no harm: the same file again is
the same result.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import BinaryIO

from django.db import connections
from django.utils import timezone

from accounts.queries import supplier, users
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.calendar import local_clock
from cis.platform import documents, jobs
from cis.platform.db import opens_transaction
from cis.platform.models import Job
from metering.domain.formats.faults import FileRefused
from metering.operations import arrivals, reads
from metering.queries import files

WORK = "read_import"
IMPORT, AGAIN = "import", "again"
BYTES_MOST = 512 * 1024 * 1024
STEP_BYTES = 256 * 1024
SUBJECT_MOST = 200


@opens_transaction
def queue(*, source: BinaryIO, name: str, size: int, taken_date: date | None = None, actor: Actor) -> int:
    """
    Keep a file and let a worker import it.

    :param size: of the file; what the bar counts. [byte]
    :param taken_date: of values that come without a time; see ``reads.import_file``.
    :returns: id of the job.
    :raises FileTooLarge: it is larger than is taken here.
    """
    kept = documents.keep(source, name=name, media_type="application/octet-stream", actor=actor, bytes_most=BYTES_MOST)
    return _start(IMPORT, kept, name, size=size, taken_date=taken_date, actor=actor)


@opens_transaction
def queue_again(*, read_file_id: int, actor: Actor) -> int:
    """
    Let a worker import a known file once more, for the sake of lines whose meters were unknown.

    :returns: id of the job.
    :raises UnknownReadFile: there is none.
    :raises UnknownDocument: its bytes are not kept.
    """
    card = files.one(read_file_id=read_file_id)
    size = documents.about(card.document_id or 0).size
    return _start(AGAIN, card.document_id or 0, card.name, size=size, taken_date=None, actor=actor)


def name_of(subject: str) -> str:
    """Return the name of the file that a job is about."""
    return subject.partition(" ")[2]


def _start(verb: str, document_id: int, name: str, *, size: int, taken_date: date | None, actor: Actor) -> int:
    said = f":{taken_date}" if taken_date else ""
    subject = f"{verb}:{document_id}{said} {name}"[:SUBJECT_MOST]
    job_id = jobs.start(name=WORK, subject=subject, total=size, actor=actor)
    jobs.wake(WORK)
    return job_id


def work(at: datetime) -> None:
    """Import what waits, oldest first; may be called at any time and by several workers."""
    clock = local_clock(supplier.current().time_zone)
    waiting = Job.objects.filter(name=WORK, state__in=jobs.UNFINISHED).order_by("id")
    for job_id, subject, actor_id in list(waiting.values_list("id", "subject", "actor_id")):
        with jobs.alone(f"job {job_id}") as is_ours:
            if is_ours and Job.objects.filter(id=job_id, state__in=jobs.UNFINISHED).exists():
                _import(job_id, subject, actor=_actor(actor_id), today=clock.local_date(at))


def _actor(user_id: int | None) -> Actor:
    """Return in whose name a file is imported: of the one who brought it."""
    if user_id is None:
        return SYSTEM
    return Actor(kind=ActorKind.STAFF, id=user_id, name=users.names([user_id]).get(user_id, ""))


def _import(job_id: int, subject: str, *, actor: Actor, today: date) -> None:
    what, _, name = subject.partition(" ")
    verb, document_id, *said = what.split(":")
    taken_date = date.fromisoformat(said[0]) if said else None
    with documents.open(int(document_id)) as stream, _beside(job_id) as progress:
        try:
            imported = reads.import_file(
                source=stream,
                name=name,
                actor=actor,
                today=today,
                again=verb == AGAIN,
                taken_date=taken_date,
                progress=progress,
            )
        except FileRefused as refusal:
            jobs.fail(job_id, f"{refusal.code}: {refusal.message}")
        else:
            # A worker that dies here leaves the job unfinished: the next one finds the file known and goes on.
            arrivals.approve_file(read_file_id=imported.read_file_id, today=today, actor=actor)
            known = " known" if imported.is_known else ""
            jobs.finish(job_id, message=f"read_file:{imported.read_file_id}{known}")


@contextmanager
def _beside(job_id: int) -> Iterator[Callable[[int], None]]:
    """Yield a progress call that writes on a connection of its own, since the import is one transaction."""
    beside = connections.create_connection("default")
    written = 0

    def show(done: int) -> None:
        nonlocal written
        if done - written < STEP_BYTES and written:
            return
        written = done
        with beside.cursor() as cursor:
            cursor.execute(
                "UPDATE platform_job SET state = 'running', started_at = coalesce(started_at, %s),"
                " done = %s, total = greatest(total, %s) WHERE id = %s",
                [timezone.now(), done, done, job_id],
            )

    try:
        yield show
    finally:
        beside.close()
