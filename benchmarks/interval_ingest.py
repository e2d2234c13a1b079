"""
A day of quarter hours of many meters, from a wide CSV file, or one of NDJSON, to IntervalDay, beside a table of one row
an interval.

A: metering.operations.reads.import_file of one file of N meters x 96 values: hash, parse, check, find the registers,
   lay the values on the clock of each register, compare with what is held, load, keep the file. One transaction, into
   the real partitioned table of a private PostgreSQL with durable settings.
B: the same parser, in a thread of its own as in A; its values with the register of each by COPY into (register_id,
   start_at, value_wh, quality), with the primary key (register_id, start_at) and partitions by month. One transaction;
   registers are found in a dictionary that was made before, nothing is compared, no file is kept.

The first round sets the clocks of the registers; in the others they have one, as on each day but the first. The disk
of both is pg_total_relation_size of their partitions, indexes included. This process and PostgreSQL are bound to two
processor cores.

    .venv/bin/python benchmarks/interval_ingest.py --meters 100000 [--form ndjson]
"""

import os
import shutil
import statistics
import tempfile
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import _report
import _seed
import numpy as np

METERS = 100_000
QUICK_METERS = 5_000
ROUNDS = 3
SLOTS, MINUTES = 96, 15
DAY = date(2026, 3, 2)
TODAY = date(2026, 4, 30)
CORES = 2
GOAL_VALUES_PER_S = 1_000_000
GOAL_RATIO = 4
GOAL_DISK = 12
ROW_TABLE = "bench_interval"
STEP_US = MINUTES * 60_000_000


def main() -> None:
    parser = _report.parser(__doc__)
    parser.add_argument("--meters", type=int)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--form", choices=["csv", "ndjson"], default="csv")
    given = parser.parse_args()
    count = given.meters or (QUICK_METERS if given.quick else METERS)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])  # PostgreSQL, started below, inherits it
    from cis.embedded import Embedded

    folder = Path(tempfile.mkdtemp(prefix="wattline-bench-"))
    folder.chmod(0o755)
    try:
        with Embedded(folder / "var", durable=True) as services:
            urls = services.urls()
            os.environ.update(
                WATTLINE_VAR=str(folder / "var"), DATABASE_URL=urls.database_url, REDIS_URL=urls.redis_url
            )
            measure(count, given.rounds, folder / f"day.{given.form}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(count: int, rounds: int, path: Path) -> None:
    names = [name_of(number) for number in range(count)]
    _seed.interval_meters({name: name for name in names}, installed_date=date(2026, 1, 1))
    write_file(path, meters=count)
    registers = dict(
        _report.sql("SELECT m.serial, r.id FROM metering_register r JOIN metering_meter m ON m.id = meter_id")
    )
    make_row_table()
    n = count * SLOTS
    ours, theirs, sizes = [], [], (0, 0)
    for turn in range(rounds):
        clear()
        ours.append(_report.seconds(lambda: import_file(path, n)))
        theirs.append(_report.seconds(partial(load_rows, path, registers, n)))
        sizes = size_of("metering_intervalday"), size_of(ROW_TABLE)
        _report.progress(f"round {turn + 1} of {rounds}: ours {ours[-1]:.2f} s, one row an interval {theirs[-1]:.2f} s")
    compare()
    taken, reference = statistics.median(ours), statistics.median(theirs)
    disk = sizes[1] / sizes[0]
    _report.finish(
        name="interval_ingest",
        value=round(n / taken),
        unit="interval values/s",
        goal=f">= {GOAL_VALUES_PER_S} on {CORES} cores, >= {GOAL_RATIO} x and <= 1/{GOAL_DISK} of the row table's disk",
        holds=n / taken >= GOAL_VALUES_PER_S and reference / taken >= GOAL_RATIO and disk >= GOAL_DISK,
        reference={"name": "one row an interval", "value": round(n / reference), "unit": "interval values/s"},
        ratio=round(reference / taken, 3),
        n=n,
        taken_s=taken,
        bytes_a_value=round(sizes[0] / n, 2),
        reference_bytes_a_value=round(sizes[1] / n, 2),
        disk_ratio=round(disk, 2),
        file_mb=round(path.stat().st_size / 2**20, 1),
    )


def name_of(number: int) -> str:
    return f"SN{number:08d}"


def write_file(path: Path, *, meters: int) -> None:
    """Write a line for each meter; values like a household's quarter hours, in kWh with three decimals."""
    _report.progress(f"writing {path.name}: {meters:,} meters x {SLOTS} values")
    rng = np.random.default_rng(0)
    texts = np.array([f"{value // 1000}.{value % 1000:03d}" for value in range(1_500)])
    is_csv = path.suffix == ".csv"
    with path.open("w", encoding="ascii") as file:
        if is_csv:
            names = ",".join(f"v{at + 1}" for at in range(SLOTS))
            file.write(f"meter,register,date,offset,minutes,quality,{names}\n")
        for number in range(meters):
            row = texts[rng.integers(0, len(texts), SLOTS)]
            if is_csv:
                file.write(f"{name_of(number)},E1,{DAY},+08:00,{MINUTES},A,{','.join(row)}\n")
            else:
                head = f'"meter": "{name_of(number)}", "register": "E1", "start_at": "{DAY}T00:00+08:00"'
                file.write(f'{{{head}, "minutes": {MINUTES}, "values": [{", ".join(row)}]}}\n')


def import_file(path: Path, n: int) -> None:
    from cis.kernel.actors import SYSTEM
    from metering.operations import reads

    done = reads.import_file(source=path, name=path.name, actor=SYSTEM, today=TODAY)
    if (done.interval_values, done.rejected) != (n, 0):
        raise SystemExit(f"wrong result: {done}")


def make_row_table() -> None:
    _report.sql(
        f"CREATE TABLE {ROW_TABLE} (register_id bigint NOT NULL, start_at timestamptz NOT NULL,"
        ' value_wh integer NOT NULL, quality "char" NOT NULL, PRIMARY KEY (register_id, start_at))'
        " PARTITION BY RANGE (start_at)"
    )
    _report.sql(
        f"CREATE TABLE {ROW_TABLE}_2026_03 PARTITION OF {ROW_TABLE}"
        " FOR VALUES FROM ('2026-03-01 00:00+08') TO ('2026-04-01 00:00+08')"
    )


def load_rows(path: Path, registers: dict[str, int], n: int) -> None:
    """Load the same file into the table of one row an interval; nothing is compared with what is there."""
    from django.db import connection, transaction

    from cis.kernel.ahead import one_ahead
    from metering.domain.formats.files import read_file

    statement = f"COPY {ROW_TABLE} (register_id, start_at, value_wh, quality) FROM STDIN (FORMAT BINARY)"
    with (
        path.open("rb") as stream,
        transaction.atomic(),
        connection.connection.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        copy.write(b"PGCOPY\n\xff\r\n\x00" + bytes(8))
        for batch in one_ahead(read_file(stream, name=path.name, today=TODAY)):
            copy.write(encoded(batch.runs, registers))
        copy.write(b"\xff\xff")
    ((count,),) = _report.sql(f"SELECT count(*) FROM {ROW_TABLE}")
    if count != n:
        raise SystemExit(f"the row table has {count} rows")


ROW = np.dtype(
    [("fields", ">i2"), ("l1", ">i4"), ("register", ">i8"), ("l2", ">i4"), ("start", ">i8"), ("l3", ">i4"),
     ("value", ">i4"), ("l4", ">i4"), ("quality", "u1")]
)  # fmt: skip
POSTGRES_EPOCH_US = 946_684_800_000_000


def encoded(runs: Any, registers: dict[str, int]) -> bytes:
    """Return the rows of a batch as COPY takes them."""
    ids = np.array([registers[channel.serial] for channel in runs.channels], dtype=np.int64)
    count = runs.count
    within = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    rows = np.empty(len(within), dtype=ROW)
    rows["fields"], rows["l1"], rows["l2"], rows["l3"], rows["l4"] = 4, 8, 8, 4, 1
    rows["register"] = np.repeat(ids[runs.channel], count)
    rows["start"] = np.repeat(runs.start_us, count) + within * STEP_US - POSTGRES_EPOCH_US
    rows["value"] = runs.values // 1_000_000
    rows["quality"] = runs.quality
    return rows.tobytes()


def clear() -> None:
    _report.sql(f"TRUNCATE metering_intervalday, {ROW_TABLE}")
    _report.sql("DELETE FROM metering_readrejection")
    _report.sql("DELETE FROM metering_readfile")
    _report.sql("VACUUM ANALYZE metering_register")
    _report.sql("CHECKPOINT")


def size_of(table: str) -> int:
    """Return the bytes of all partitions of a table, with their indexes."""
    ((size,),) = _report.sql(f"SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('{table}')")
    return int(size)


def compare() -> None:
    """Compare the energy of both tables, register by register."""
    ((differing,),) = _report.sql(
        f"SELECT count(*) FROM (SELECT register_id, sum(value_wh) AS wh FROM {ROW_TABLE} GROUP BY 1) r"
        " FULL JOIN metering_intervalday d USING (register_id) WHERE d.total_wh IS DISTINCT FROM r.wh"
    )
    if differing:
        raise SystemExit(f"{differing} registers differ")
    _report.progress("both tables hold the same energy of each register")


if __name__ == "__main__":
    main()
