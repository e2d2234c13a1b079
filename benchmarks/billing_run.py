"""
Monthly bills with 6 lines through the real billing run, against COPY of the very rows that it wrote.

A: rate, approve and issue N accounts with W workers, ledger included, into the real tables of a private PostgreSQL
   with durable settings.
B: COPY of A's rows, encoded in memory beforehand, over W connections into empty copies of the same tables with all
   their indexes and keys.

    .venv/bin/python benchmarks/billing_run.py --accounts 100000 --workers 2
"""

import multiprocessing
import os
import resource
import shutil
import statistics
import tempfile
import threading
from collections.abc import Callable
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path

import _report  # first: makes the project importable
import psycopg

from cis.embedded import Embedded
from cis.kernel.periods import Period

WORKERS = 2
ACCOUNTS = 100_000
QUICK_ACCOUNTS = 12_000
ROUNDS = 3
GOAL_RATIO = 0.4
GOAL_BILLS_PER_S = 6_000
GOAL_RSS_MB = 400
TABLES = ("billing_bill", "billing_billsegment", "billing_billline", "billing_ledgeraccount", "billing_transfer")
# By which column the rows of a table are shared out over the connections.
SHARED_BY = {
    "billing_bill": "account_id",
    "billing_billsegment": "agreement_id",
    "billing_billline": "bill_id",
    "billing_ledgeraccount": "id",
    "billing_transfer": "account_id",
}
WRITTEN = (*TABLES, "billing_heldbill", "billing_runchunk", "billing_billrun")
Copies = list[dict[str, bytes]]


def main() -> None:
    parser = _report.parser(__doc__)
    parser.add_argument("--accounts", type=int)
    parser.add_argument("--workers", type=int, default=WORKERS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    count = given.accounts or (QUICK_ACCOUNTS if given.quick else ACCOUNTS)
    folder = Path(tempfile.mkdtemp(prefix="wattline-bench-"))
    folder.chmod(0o755)
    try:
        with Embedded(folder / "var", durable=True) as services:
            urls = services.urls()
            os.environ.update(
                WATTLINE_VAR=str(folder / "var"), DATABASE_URL=urls.database_url, REDIS_URL=urls.redis_url
            )
            measure(count, given.workers, given.rounds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(count: int, workers: int, rounds: int) -> None:
    prepare(count)
    pool = Pool(workers)
    ours, copied, phases, peaks = [], [], [], []
    for turn in range(rounds):
        taken, peak = pool.run()
        ours.append(sum(taken.values()))
        phases.append(taken)
        peaks.append(peak)
        check(count)
        copied.append(copy_seconds(workers))
        _report.progress(f"round {turn + 1} of {rounds}: ours {ours[-1]:.2f} s {taken}, COPY {copied[-1]:.2f} s")
        clear()
    pool.close()
    a, b = statistics.median(ours), statistics.median(copied)
    peak = max(peaks)
    _report.finish(
        name="billing_run",
        value=round(count / a),
        unit="bills/s",
        goal=f">= {GOAL_BILLS_PER_S} bills/s, COPY / ours >= {GOAL_RATIO}, < {GOAL_RSS_MB} MB a worker",
        holds=count / a >= GOAL_BILLS_PER_S and b / a >= GOAL_RATIO and peak < GOAL_RSS_MB,
        reference={"name": "COPY of the same rows", "value": round(count / b), "unit": "bills/s"},
        ratio=round(b / a, 3),
        n=count,
        taken_s=a,
        workers=workers,
        worker_rss_mb=peak,
        rate_s=round(statistics.median(taken["rate"] for taken in phases), 3),
        issue_s=round(statistics.median(taken["issue"] for taken in phases), 3),
    )


def prepare(count: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cis.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0, interactive=False)
    _report.progress(f"making {count} accounts")
    from tests.factories import mass

    mass.supply(count=count, months=[january()])
    mass.analyze()
    connection.close()
    _report.progress("accounts made")


def january() -> Period:
    return Period(date(2025, 1, 1), date(2025, 2, 1))


class Pool:
    """Worker processes that are up before the clock starts, as Celery's are."""

    def __init__(self, workers: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipes, self.processes = [], []
        for _ in range(workers):
            ours, theirs = context.Pipe()
            process = context.Process(target=worker, args=(theirs,), daemon=True)
            process.start()
            self.pipes.append(ours)
            self.processes.append(process)
        self.ask("warm", 0)

    def ask(self, what: str, run_id: int) -> list[float]:
        for pipe in self.pipes:
            pipe.send((what, run_id))
        return [pipe.recv() for pipe in self.pipes]

    def run(self) -> tuple[dict[str, float], float]:
        """Return the seconds of rating and issuing, and the peak memory of a worker in MB."""
        from billing.operations import runs
        from cis.kernel.actors import SYSTEM

        run_id = runs.open(period=january(), as_of_date=date(2025, 2, 3), actor=SYSTEM)
        checkpoint()
        rate = _report.seconds(lambda: self.ask("rate", run_id))
        approve = _report.seconds(lambda: runs.approve(run_id=run_id, actor=SYSTEM))
        issue = _report.seconds(lambda: self.ask("issue", run_id))
        return {"rate": rate, "approve": approve, "issue": issue}, max(self.ask("peak", 0))

    def close(self) -> None:
        self.ask("end", 0)
        for process in self.processes:
            process.join()


def worker(pipe: Connection) -> None:
    import django

    django.setup()
    from billing.operations import runs
    from tariffs.models.tariff import TariffVersion
    from tariffs.queries import plans

    steps: dict[str, Callable[..., bool]] = {"rate": runs.rate_chunk, "issue": runs.issue_chunk}
    while True:
        what, run_id = pipe.recv()
        if what == "warm":
            for version_id in TariffVersion.objects.values_list("id", flat=True):
                plans.compiled(version_id)
        while what in steps and steps[what](run_id=run_id):
            pass
        pipe.send(round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1))
        if what == "end":
            return


def connect() -> psycopg.Connection:
    from django.db import connections

    given = connections["default"].get_connection_params()
    return psycopg.connect(**{key: value for key, value in given.items() if key not in {"cursor_factory", "context"}})


def checkpoint() -> None:
    with connect() as connection:
        connection.autocommit = True
        connection.execute("CHECKPOINT")


def check(count: int) -> None:
    """A run that did not bill everybody would be fast for the wrong reason."""
    from billing.operations import proof

    with connect() as connection:
        found = connection.execute(
            "SELECT (SELECT count(*) FROM billing_bill WHERE state = 'issued'), (SELECT count(*) FROM billing_billline)"
        ).fetchone()
    if found != (count, 6 * count):
        raise SystemExit(f"{found} bills and lines instead of {(count, 6 * count)}")
    if breaches := proof.verify():
        raise SystemExit(f"the books are not proved: {breaches}")


def copy_seconds(workers: int) -> float:
    shares = [encoded(place, workers) for place in range(workers)]
    with connect() as connection:
        for table in TABLES:
            make_copy(connection, table)
    checkpoint()
    threads = [threading.Thread(target=copy_in, args=(share,)) for share in shares]

    def all_of_them() -> None:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    taken = _report.seconds(all_of_them)
    with connect() as connection:
        for table in TABLES:
            kept, copied = (
                connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in (table, f"copy_{table}")
            )
            if kept != copied:
                raise SystemExit(f"{table}: {copied} of {kept} rows copied")
        connection.execute("DROP TABLE " + ", ".join(f"copy_{table}" for table in TABLES) + " CASCADE")
    return taken


def encoded(place: int, workers: int) -> dict[str, bytes]:
    with connect() as connection:
        found = {}
        for table in TABLES:
            column = SHARED_BY[table]
            where = f"WHERE {column} % {workers} = {place} ORDER BY ctid"
            with connection.cursor().copy(f"COPY (SELECT * FROM {table} {where}) TO STDOUT (FORMAT BINARY)") as copy:
                found[table] = b"".join(copy)
        return found


def make_copy(connection: psycopg.Connection, table: str) -> None:
    """An empty table with the columns, indexes, checks and foreign keys of another."""
    connection.execute(f"CREATE TABLE copy_{table} (LIKE {table} INCLUDING ALL)")
    keys = connection.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'", [table]
    ).fetchall()
    for (definition,) in keys:
        key = definition
        for other in TABLES:
            key = key.replace(f"REFERENCES {other}(", f"REFERENCES copy_{other}(")
        connection.execute(f"ALTER TABLE copy_{table} ADD {key}")


def copy_in(share: dict[str, bytes]) -> None:
    with connect() as connection:
        for table in TABLES:
            with connection.cursor().copy(f"COPY copy_{table} FROM STDIN (FORMAT BINARY)") as copy:
                for start in range(0, len(share[table]), 1 << 18):
                    copy.write(share[table][start : start + (1 << 18)])
            if table == "billing_ledgeraccount":
                # The transfers of one connection name accounts that another one has copied.
                connection.commit()
                LOADED.wait()


LOADED = threading.Barrier(WORKERS)


def clear() -> None:
    with connect() as connection:
        connection.execute("TRUNCATE " + ", ".join(WRITTEN) + " CASCADE")
        connection.execute("DELETE FROM platform_sequence")
        connection.execute("DELETE FROM platform_job")
    with connect() as connection:
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    main()
