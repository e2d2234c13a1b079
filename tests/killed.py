"""
Work that is killed between any two of its commits, and work that two do at once: what is left must be what one left.

A process that dies leaves what it has committed, so it is enough to let work die once after each commit. That is done in
this process: the work runs in a transaction that is rolled back in the end, and its own are savepoints of it.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.apps import apps
from django.db import connection, transaction

from cis.platform import db

Work = Callable[[], object]
TALK_OF_TRANSACTIONS = ("SAVEPOINT", "RELEASE", "ROLLBACK")
WRITES = ("INSERT", "UPDATE", "DELETE", "WITH")
NOT_COUNTED = frozenset({"platform_job", "platform_sequence"})
WAIT_S = 20
MEET_S = 0.3


class Killed(BaseException):
    """The end of a process; nothing catches it."""


def left() -> Counter:
    """Return how many rows each table has, and the sums of its amounts; one statement."""
    tables = {model._meta.db_table: model for model in apps.get_models() if model._meta.managed}
    parts = []
    for table, model in sorted(tables.items()):
        columns = {field.column for field in model._meta.concrete_fields}
        sums = [f"coalesce(sum({name}), 0)" for name in ("amount_minor", "balance_minor") if name in columns]
        if table not in NOT_COUNTED:
            parts.append(f"SELECT '{table}', ARRAY[count(*), {', '.join([*sums, '0'])}]::text FROM {table}")
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        return Counter(f"{table} {found}" for table, found in cursor.fetchall())


@contextmanager
def tried() -> Iterator[None]:
    """Do something and take it back, commits and all."""
    transaction.set_autocommit(False)
    try:
        yield
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)


class Death:
    """Counts commits of what was written, and ends work before its next statement after so many."""

    def __init__(self, commits: int | None = None) -> None:
        self.at, self.commits, self.has_written = commits, 0, False

    def __call__(self, execute, sql, params, many, context):
        word = str(sql).lstrip().split(None, 1)[0].upper()
        if word in ("RELEASE", "ROLLBACK") and not connection.savepoint_ids:
            self.commits += self.has_written and word == "RELEASE"
            self.has_written = False
        elif word not in TALK_OF_TRANSACTIONS and self.commits == self.at:
            raise Killed
        done = execute(sql, params, many, context)
        self.has_written |= word in WRITES and context["cursor"].rowcount > 0
        return done


def check_killed(work: Work) -> int:
    """Let work die after each of its commits but the last and begin anew, then compare what is left; return how many commits."""
    whole = Death()
    with tried(), connection.execute_wrapper(whole):
        work()
        once = left()
        work()
        assert left() == once, "done again, it does something again"
    for commits in range(1, whole.commits):
        with tried():
            try:
                with connection.execute_wrapper(Death(commits)):
                    work()
            except Killed:
                _end_session()
                work()
            found = left()
            assert found == once, f"killed after {commits} commits: {found - once} instead of {once - found}"
    return whole.commits


def _end_session() -> None:
    """Let go of the locks that go with the connection of a process."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock_all()")


def lose_session() -> None:
    """End the session of this process with the database, as when that is restarted."""
    ((pid,),) = db.fetch("SELECT pg_backend_pid()")

    def kill() -> None:
        db.fetch("SELECT pg_terminate_backend(%s, 5000)", [pid])
        connection.close()

    other = threading.Thread(target=kill)
    other.start()
    other.join()


class Worker(threading.Thread):
    """Does work on a connection of its own; one that is to wait does so before it writes for the first time."""

    def __init__(self, work: Work, *, waits_for: threading.Event | None = None) -> None:
        super().__init__(daemon=True)
        self.work, self.waits_for = work, waits_for
        self.is_writing, self.fault = threading.Event(), None
        self.start()

    def run(self) -> None:
        try:
            with connection.execute_wrapper(self._watch):
                self.work()
        except BaseException as fault:  # noqa: BLE001 (the test looks at it)
            self.fault = fault
        finally:
            self.is_writing.set()
            connection.close()

    def _watch(self, execute, sql, params, many, context):
        if str(sql).lstrip().upper().startswith(WRITES) and not self.is_writing.is_set():
            self.is_writing.set()
            if self.waits_for is not None:
                assert self.waits_for.wait(WAIT_S)
        return execute(sql, params, many, context)

    def end(self) -> None:
        self.join(WAIT_S)
        assert not self.is_alive(), "it waits for ever"
        if self.fault is not None:
            raise self.fault


def while_waiting(work: Work, then: Callable[[], object] = lambda: None) -> Worker:
    """
    Begin work that waits for a lock of this transaction, and do something of ours meanwhile; return who works.

    What ``then`` locks must not be held by who waits: that would be a deadlock between two who do both.
    """
    worker, until = Worker(work), time.monotonic() + WAIT_S
    waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
    while not db.fetch(waits)[0][0]:
        assert worker.is_alive(), f"it waits for nothing: {worker.fault}"
        assert time.monotonic() < until, "it waits for somebody else"
        time.sleep(0.01)
    then()
    return worker


def do_at_once(*works: Work) -> None:
    """Let each begin while the first is about to write; it goes on when the others are done, or wait for it."""
    go = threading.Event()
    first = Worker(works[0], waits_for=go)
    assert first.is_writing.wait(WAIT_S)
    others = [Worker(work) for work in works[1:]]
    for other in others:
        other.join(MEET_S)
    go.set()
    for worker in (first, *others):
        worker.end()


def check_at_once(work: Work) -> None:
    """Let two do the same work at once, for good, and compare what is left with what one leaves."""
    with tried():
        work()
        once = left()
    do_at_once(work, work)
    found = left()
    assert found == once, f"two at once: {found - once} instead of {once - found}"
