"""
A NEM12 file of many meters into IntervalDay, end to end, against COPY of the very rows that it made.

A: metering.operations.reads.import_file of one file of N meters x 31 days x 48 values: hash, parse, check, find the
   registers, compare with what is held, load, keep the file. One transaction, into the real partitioned table of a
   private PostgreSQL with durable settings.
B: COPY of A's rows, encoded in memory beforehand, into the same table, empty.

This process and PostgreSQL are bound to one processor core together, so the rate is that of one core.

    .venv/bin/python benchmarks/import_nem12.py --meters 10000
"""

import os
import shutil
import statistics
import tempfile
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import _report
import _seed
import numpy as np

METERS = 10_000
QUICK_METERS = 1_500
ROUNDS = 3
START = date(2026, 3, 1)
DAYS, SLOTS = 31, 48
TODAY = date(2026, 4, 30)
GOAL_VALUES_PER_S = 1_000_000
GOAL_GROWTH_MB = 64
SMALL_MB, LARGE_MB = 5, 50
BYTES_A_METER = 9_100
TABLE = "metering_intervalday"


def main() -> None:
    parser = _report.parser(__doc__)
    parser.add_argument("--meters", type=int)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    count = given.meters or (QUICK_METERS if given.quick else METERS)
    core = min(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})  # PostgreSQL, started below, inherits it
    from cis.embedded import Embedded

    folder = Path(tempfile.mkdtemp(prefix="wattline-bench-"))
    folder.chmod(0o755)
    try:
        with Embedded(folder / "var", durable=True) as services:
            urls = services.urls()
            os.environ.update(
                WATTLINE_VAR=str(folder / "var"), DATABASE_URL=urls.database_url, REDIS_URL=urls.redis_url
            )
            measure(count, given.rounds, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(count: int, rounds: int, folder: Path) -> None:
    names = [name_of(number) for number in range(max(count, LARGE_MB * 2**20 // BYTES_A_METER))]
    _seed.interval_meters({name: f"M{name}" for name in names}, installed_date=START)
    growth = memory_growth_mb(folder)
    peak = _report.peak_rss_mb()
    _report.progress(f"memory: {growth:.1f} MB more for a file of {LARGE_MB} MB than for one of {SMALL_MB} MB")
    path = folder / "meters.csv"
    write_file(path, meters=count, seed=0)
    size = path.stat().st_size / 2**20
    ours, copied = [], []
    blocks: list[bytes] = []
    for turn in range(rounds):
        clear()
        ours.append(_report.seconds(lambda: import_file(path, count)))
        blocks = blocks or rows_of_table()
        clear()
        copied.append(_report.seconds(partial(copy_rows, blocks, count)))
        _report.progress(f"round {turn + 1} of {rounds}: ours {ours[-1]:.2f} s, COPY {copied[-1]:.2f} s")
    n = count * DAYS * SLOTS
    taken, floor = statistics.median(ours), statistics.median(copied)
    _report.finish(
        name="import_nem12",
        value=round(n / taken),
        unit="interval values/s",
        goal=f">= {GOAL_VALUES_PER_S} on one core, < {GOAL_GROWTH_MB} MB more for {LARGE_MB} MB than for {SMALL_MB} MB",
        holds=n / taken >= GOAL_VALUES_PER_S and growth <= GOAL_GROWTH_MB,
        reference={"name": "COPY of the encoded rows", "value": round(n / floor), "unit": "interval values/s"},
        ratio=round(floor / taken, 3),
        n=n,
        taken_s=taken,
        file_mb=round(size, 1),
        memory_growth_mb=round(growth, 1),
        import_peak_rss_mb=peak,
    )


def name_of(number: int) -> str:
    return f"NMI{number:07d}"


def write_file(path: Path, *, meters: int, seed: int) -> None:
    """Write a NEM12 file of whole days; values like a household's half hours, in kWh with three decimals."""
    _report.progress(f"writing {path.name}: {meters:,} meters x {DAYS} days x {SLOTS} values")
    rng = np.random.default_rng(seed)
    texts = np.array([f"{value // 1000}.{value % 1000:03d}" for value in range(2_000)])
    dates = [START + timedelta(days=day) for day in range(DAYS)]
    with path.open("w", encoding="ascii") as file:
        file.write("100,NEM12,202604010000,MDP,BENCH\n")
        for number in range(meters):
            file.write(f"200,{name_of(number)},E1,1,E1,N1,M{name_of(number)},kWh,30,\n")
            rows = texts[rng.integers(0, len(texts), (DAYS, SLOTS))]
            for day, row in zip(dates, rows, strict=True):
                file.write(f"300,{day:%Y%m%d},{','.join(row)},A,,,{day + timedelta(days=1):%Y%m%d}003000,\n")
        file.write("900\n")


def import_file(path: Path, meters: int) -> None:
    from cis.kernel.actors import SYSTEM
    from metering.operations import reads

    done = reads.import_file(source=path, name=path.name, actor=SYSTEM, today=TODAY)
    if (done.interval_values, done.rejected) != (meters * DAYS * SLOTS, 0):
        raise SystemExit(f"wrong result: {done}")


def memory_growth_mb(folder: Path) -> float:
    """Return by how much the peak memory of a large file's import exceeds that of a small one's."""
    peaks = []
    for megabytes in (SMALL_MB, LARGE_MB):
        path = folder / f"{megabytes}.csv"
        meters = megabytes * 2**20 // BYTES_A_METER
        write_file(path, meters=meters, seed=megabytes)
        clear()
        import_file(path, meters)
        peaks.append(_report.peak_rss_mb())
        _report.progress(f"{path.stat().st_size / 2**20:.0f} MB imported, peak memory {peaks[-1]} MB")
    return peaks[1] - peaks[0]


def clear() -> None:
    _report.sql(f"TRUNCATE {TABLE}")
    _report.sql("DELETE FROM metering_readrejection")
    _report.sql("DELETE FROM metering_readfile")
    _report.sql("CHECKPOINT")


def rows_of_table() -> list[bytes]:
    """Return the rows as COPY sends them in binary form."""
    from django.db import connection

    with (
        connection.connection.cursor() as cursor,
        cursor.copy(f"COPY (SELECT * FROM {TABLE}) TO STDOUT (FORMAT BINARY)") as copy,
    ):
        return [bytes(block) for block in copy]


def copy_rows(blocks: list[bytes], meters: int) -> None:
    from django.db import connection, transaction

    step = 2_000
    pieces = [b"".join(blocks[first : first + step]) for first in range(0, len(blocks), step)]
    statement = f"COPY {TABLE} FROM STDIN (FORMAT BINARY)"
    with transaction.atomic(), connection.connection.cursor() as cursor, cursor.copy(statement) as copy:
        for piece in pieces:
            copy.write(piece)
    ((count,),) = _report.sql(f"SELECT count(*) FROM {TABLE}")
    if count != meters * DAYS:
        raise SystemExit(f"COPY made {count} rows")


if __name__ == "__main__":
    main()
