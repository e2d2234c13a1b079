"""
Other prices over a year of bills, through the real simulation: open, chunks by W workers, sums of all groups.

A: changed prices, on accounts x 12 billed months with registers of peak and valley: rated again by what segments keep.
B: changed hours, on accounts x 12 billed months with hourly values: split anew from interval days.

Reference: reading the same rows, by the same queries and as many workers, without rating anything.

    .venv/bin/python benchmarks/simulation.py --accounts 100000 --interval-accounts 10000 --workers 2
"""

import multiprocessing
import os
import resource
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import _report  # first: makes the project importable
import numpy as np

from cis.embedded import Embedded
from cis.kernel.periods import Period, add_months

WORKERS = 2
ACCOUNTS, INTERVAL_ACCOUNTS = 100_000, 10_000
QUICK_ACCOUNTS, QUICK_INTERVAL_ACCOUNTS = 8_000, 600
GOAL_S = 60
MONTHS = 12
HOURS = 24
YEAR = Period(date(2025, 1, 1), date(2026, 1, 1))
PEAK_HOURS = slice(6, 22)
ROWS_A_BLOCK = 500_000
TABLES = ("billing_bill", "billing_billsegment", "metering_usage")


def main() -> None:
    parser = _report.parser(__doc__)
    parser.add_argument("--accounts", type=int)
    parser.add_argument("--interval-accounts", type=int)
    parser.add_argument("--workers", type=int, default=WORKERS)
    given = parser.parse_args()
    count = given.accounts or (QUICK_ACCOUNTS if given.quick else ACCOUNTS)
    intervals = given.interval_accounts or (QUICK_INTERVAL_ACCOUNTS if given.quick else INTERVAL_ACCOUNTS)
    folder = Path(tempfile.mkdtemp(prefix="wattline-bench-"))
    folder.chmod(0o755)
    try:
        with Embedded(folder / "var", durable=True) as services:
            urls = services.urls()
            os.environ.update(
                WATTLINE_VAR=str(folder / "var"), DATABASE_URL=urls.database_url, REDIS_URL=urls.redis_url
            )
            measure(count, intervals, given.workers)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(count: int, intervals: int, workers: int) -> None:
    prepare(count, intervals)
    pool = Pool(workers)
    prices = pool.run("steps", dearer())
    hours = pool.run("clock", other_hours())
    peak = max(pool.ask(("peak",)))
    pool.close()
    check(count, intervals)
    price_goal, hour_goal = GOAL_S * count / ACCOUNTS, GOAL_S * intervals / INTERVAL_ACCOUNTS
    segments, values = count * MONTHS, intervals * YEAR.days * HOURS
    _report.finish(
        name="simulation",
        value=round(segments / prices["seconds"]),
        unit="billed months/s",
        goal=f"< {GOAL_S} s for {ACCOUNTS:,} accounts x 12 months, and for {INTERVAL_ACCOUNTS:,} by the hour",
        holds=prices["seconds"] < price_goal and hours["seconds"] < hour_goal,
        reference={
            "name": "reading the same rows",
            "value": round(segments / prices["read_seconds"]),
            "unit": "billed months/s",
        },
        ratio=round(prices["read_seconds"] / prices["seconds"], 3),
        n=count,
        taken_s=prices["seconds"],
        workers=workers,
        worker_rss_mb=peak,
        hours_n=intervals,
        hours_seconds=round(hours["seconds"], 3),
        hours_values_per_s=round(values / hours["seconds"]),
        hours_reading_seconds=round(hours["read_seconds"], 3),
    )


def prepare(count: int, intervals: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cis.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection, transaction

    from tests.factories import mass

    call_command("migrate", verbosity=0, interactive=False)
    for code, accounts in (("steps", count), ("clock", intervals)):
        ids = mass.supply(count=accounts, months=[], source=mass.SIX_LINES.replace("six-lines", code))
        rename(code)
        with transaction.atomic():
            for peak_wh, valley_wh in used(ids, by_the_hour=code == "clock"):
                bill(ids, peak_wh, valley_wh)
        _report.progress(f"{accounts} accounts billed: {code}")
    mass.analyze()
    with connection.cursor() as cursor:
        for table in (*TABLES, "metering_intervalday"):
            cursor.execute(f"ANALYZE {table}")
        cursor.execute("CHECKPOINT")
    connection.close()


def rename(code: str) -> None:
    """Give the tariff that was just made the code of its text."""
    from tariffs.models.tariff import Tariff

    Tariff.objects.filter(id=Tariff.objects.latest("id").id).update(code=code)


def used(ids: range, *, by_the_hour: bool) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the energy by period of each month; hourly values are loaded as they are made."""
    generator = np.random.default_rng(7)
    for place in range(MONTHS):
        month = Period(add_months(YEAR.start, place), add_months(YEAR.start, place + 1))
        if by_the_hour:
            yield interval_days(ids, month, generator)
        else:
            yield generator.integers(40_000, 300_000, len(ids)), generator.integers(20_000, 150_000, len(ids))


def interval_days(ids: range, month: Period, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Load the hourly values of a month, and the usage that was approved of them."""
    from cis.platform import copying
    from metering.models.device import Register
    from metering.operations import partitions

    if month.start == YEAR.start:
        Register.objects.filter(meter_id__gte=ids[0], code="valley").delete()
        Register.objects.filter(meter_id__gte=ids[0]).update(code="total", period_of_use="", is_interval=True)
    accounts = np.arange(ids[0], ids[-1] + 1)
    registers = accounts * 2
    partitions.ensure(months=[month.start])
    values = generator.integers(50, 1_500, (len(ids), month.days, HOURS), dtype=np.int32)
    for day in range(month.days):
        on = month.start + timedelta(days=day)
        mine = np.ascontiguousarray(values[:, day])
        copying.load(
            table="metering_intervalday",
            columns={
                "register_id": copying.int8(registers),
                "day_date": copying.day(on),
                "version": copying.int2(1),
                "start_at": copying.instant(datetime(on.year, on.month, on.day, tzinfo=UTC) - timedelta(hours=8)),
                "interval_minutes": copying.int2(60),
                "exponent": copying.int2(0),
                "values": copying.bytea(mine.view(np.uint8).reshape(len(ids), -1)),
                "total_wh": copying.int8(mine.sum(axis=1, dtype=np.int64)),
                "quality": copying.text("A"),
            },
        )
    total = values.sum(axis=(1, 2), dtype=np.int64)
    peak = values[:, :, PEAK_HOURS].sum(axis=(1, 2), dtype=np.int64)
    copying.load(
        table="metering_usage",
        columns={
            "service_point_id": copying.int8(accounts),
            "register_id": copying.int8(registers),
            "period_of_use": copying.text(""),
            "start_date": copying.day(month.start),
            "end_date": copying.day(month.end),
            "basis": copying.text("interval"),
            "multiplier": copying.int4(1),
            "energy_wh": copying.int8(total),
            "is_estimated": copying.boolean(False),
            "method": copying.text(""),
            "version": copying.int2(1),
            "is_current": copying.boolean(True),
            "approved_at": copying.instant(datetime.now(UTC)),
        },
    )
    return peak, total - peak


BEFORE: dict[int, np.ndarray] = {}
BILLED: dict[int, int] = {}


def bill(ids: range, peak_wh: np.ndarray, valley_wh: np.ndarray) -> None:
    """Load bills of one month as a run would have left them, but for lines and ledger, which nobody reads here."""
    from cis.platform import copying, db
    from tariffs.domain.batch import RatingBatch, month_shares_e9
    from tariffs.domain.rating import rate
    from tariffs.models.tariff import TariffVersion
    from tariffs.queries import plans

    place = BILLED.setdefault(ids[0], 0)
    BILLED[ids[0]] += 1
    month = Period(add_months(YEAR.start, place), add_months(YEAR.start, place + 1))
    version_id = TariffVersion.objects.latest("id").id
    accounts = np.arange(ids[0], ids[-1] + 1)
    inputs = np.stack((peak_wh, valley_wh), axis=1).astype(np.int64)
    before = BEFORE.setdefault(ids[0], np.zeros(len(ids), dtype=np.int64)).copy()
    days = np.array([month.start.toordinal(), month.end.toordinal()])
    share = month_shares_e9(start_day=days[:1], end_day=days[1:])
    batch = RatingBatch.of(
        used_wh=inputs,
        days=np.full(len(ids), month.days),
        month_share_e9=np.repeat(share, len(ids)),
        before_wh=before,
    )
    amount = rate(plan=plans.compiled(version_id), batch=batch).total_minor
    BEFORE[ids[0]] += inputs.sum(axis=1)
    bills = np.array(db.take_ids("billing_bill", len(ids)), dtype=np.int64)
    segments = np.array(db.take_ids("billing_billsegment", len(ids)), dtype=np.int64)
    day = {"start_date": copying.day(month.start), "end_date": copying.day(month.end)}
    copying.load(
        table="billing_bill",
        columns={
            "id": copying.int8(bills),
            "account_id": copying.int8(accounts),
            "kind": copying.text("regular"),
            "state": copying.text("issued"),
            "number": copying.blobs([b"%d" % one for one in bills.tolist()]),
            **day,
            "issue_date": copying.day(month.end),
            "due_date": copying.day(month.end),
            "energy_wh": copying.int8(inputs.sum(axis=1)),
            "amount_minor": copying.int8(amount),
            "tax_minor": copying.int8(0),
            "balance_before_minor": copying.int8(0),
            "created_at": copying.instant(datetime.now(UTC)),
        },
    )
    copying.load(
        table="billing_billsegment",
        columns={
            "id": copying.int8(segments),
            "bill_id": copying.int8(bills),
            "agreement_id": copying.int8(accounts),
            "tariff_version_id": copying.int8(version_id),
            **day,
            "period_start_date": copying.day(month.start),
            "period_end_date": copying.day(month.end),
            "used_wh": copying.int8(inputs.sum(axis=1)),
            "before_wh": copying.int8(before),
            "household": copying.int2(1),
            "is_estimated": copying.boolean(False),
            "amount_minor": copying.int8(amount),
            "redelivered": copying.int4(0),
            "inputs": copying.int8_lists(inputs, lengths=np.full(len(ids), inputs.shape[1])),
        },
    )


def dearer() -> str:
    from tests.factories import mass

    return mass.SIX_LINES.replace('"0.617", "0.677", "0.977"', '"0.717", "0.777", "1.077"')


def other_hours() -> str:
    from tests.factories import mass

    return mass.SIX_LINES.replace("06:00-22:00", "08:00-21:00").replace("22:00-06:00", "21:00-08:00")


class Pool:
    """Worker processes that are up before the clock starts, as Celery's are."""

    def __init__(self, workers: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipes, self.processes = [], []
        for place in range(workers):
            ours, theirs = context.Pipe()
            process = context.Process(target=worker, args=(theirs, place, workers), daemon=True)
            process.start()
            self.pipes.append(ours)
            self.processes.append(process)
        self.ask(("warm",))

    def ask(self, what: tuple[Any, ...]) -> list[float]:
        for pipe in self.pipes:
            pipe.send(what)
        return [pipe.recv() for pipe in self.pipes]

    def run(self, code: str, source: str) -> dict[str, float]:
        """Return the seconds of a simulation, and those of reading the same rows."""
        from billing.operations import simulations
        from billing.operations.simulations import Change
        from cis.kernel.actors import SYSTEM
        from tariffs.queries import plans

        change = Change(tariff_id=plans.tariff_id(code), source=source)

        def simulate() -> None:
            simulations.open(name=code, period=YEAR, changes=[change], actor=SYSTEM)
            self.ask(("work",))

        taken = _report.seconds(simulate)
        _report.progress(f"{code}: {taken:.2f} s")
        read = _report.seconds(lambda: self.ask(("read", code)))
        _report.progress(f"{code}: {read:.2f} s to read the same rows")
        return {"seconds": taken, "read_seconds": read}

    def close(self) -> None:
        self.ask(("end",))
        for process in self.processes:
            process.join()


def worker(pipe: Connection, place: int, workers: int) -> None:
    import django

    django.setup()
    from django.utils import timezone

    from accounts.queries import supplier
    from billing.operations import simulations
    from cis.platform import calendars
    from tariffs.models.tariff import TariffVersion
    from tariffs.queries import plans

    while True:
        what = pipe.recv()
        if what[0] == "warm":
            for version_id in TariffVersion.objects.values_list("id", flat=True):
                plans.compiled(version_id)
            calendars.business_calendar(supplier.country())
        if what[0] == "work":
            simulations.work(timezone.now())
        if what[0] == "read":
            read(what[1], place, workers)
        pipe.send(round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1))
        if what[0] == "end":
            return


def read(code: str, place: int, workers: int) -> None:
    """Read a share of the chunks' segments, and of their interval days, by the queries of the simulation."""
    from billing.models.simulation import SimulationChunk
    from billing.queries import simulated
    from metering.queries import intervals

    versions = simulated.versions_of(YEAR)
    chunks = SimulationChunk.objects.filter(simulation__name=code).order_by("id").values_list("account_ids", flat=True)
    for accounts in list(chunks)[place::workers]:
        simulated.billed(account_ids=accounts, period=YEAR, versions=versions)
        if code == "clock":
            for month in YEAR.months():
                intervals.days(register_ids=np.array(accounts) * 2, start_date=month.start, end_date=month.end)


def check(count: int, intervals: int) -> None:
    """A simulation that left out somebody would be fast for the wrong reason."""
    from billing.models.simulation import SimulatedSupply

    found = SimulatedSupply.objects.filter(reason="", months=MONTHS).exclude(new_minor=0).count()
    if found != count + intervals:
        raise SystemExit(f"{found} supplies simulated instead of {count + intervals}")


if __name__ == "__main__":
    main()
