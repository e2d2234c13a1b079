"""
A month of quarter hours, from the table to the energy of each account by period of use, beside the same sums in SQL.

A: billing.queries.reading.split, as every bill of such a meter asks it: chunks of 1,000 accounts, from IntervalDay by a
   statement a month to (accounts x periods) in whole Wh, dealt to the approved usage, with the calendar of the tariff.
B: one SELECT over a table of one row an interval (register_id, start_at, value_wh, quality; primary key register_id,
   start_at; a partition for the month), joined with the period of each quarter hour, summed by register and period.

Both give the same Wh for each register and period, which is checked. This process and PostgreSQL share one processor
core; parallel plans are off.

    .venv/bin/python benchmarks/usage.py --meters 10000
"""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import _report  # first: makes the project importable
import _seed
import numpy as np

from cis.kernel.periods import Period

METERS = 10_000
QUICK_METERS = 500
CHUNK = 1_000
SLOTS, MINUTES = 96, 15
MONTH = Period(date(2026, 3, 1), date(2026, 4, 1))
GOAL_S = 2
ROW_TABLE = "bench_interval"
HOURS = {
    "sharp": ["19:00-21:00"],
    "peak": ["08:00-11:00", "18:00-19:00", "21:00-22:00"],
    "flat": ["06:00-08:00", "11:00-18:00"],
    "valley": ["22:00-06:00"],
}
TARIFF = """
schema = 1
code = "four-periods"
name_zh = "四时段电价"
name_en = "Four periods of use"
legal_source = "none: made for benchmarks"
valid_from = 2020-01-01
currency = "CNY"
decimals = 2
rounding = "line"

[time_of_use]
periods = ["sharp", "peak", "flat", "valley"]
[[time_of_use.season]]
name = "year"
dates = ["01-01..12-31"]
[[time_of_use.season.hours]]
days = ["all"]
{hours}

[labels.energy]
zh = "电度电费"
en = "Energy"
{labels}
[[component]]
kind = "time_of_use"
code = "energy"
unit = "yuan/kWh"
[component.prices]
sharp = "1.2"
peak = "0.9"
flat = "0.6"
valley = "0.3"

[[vector]]
name = "a kilowatt hour of each"
used_kwh = {{ sharp = "1", peak = "1", flat = "1", valley = "1" }}
total = "3.00"
"""


def main() -> None:
    parser = _report.parser(__doc__)
    parser.add_argument("--meters", type=int)
    given = parser.parse_args()
    count = given.meters or (QUICK_METERS if given.quick else METERS)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])  # PostgreSQL, started below, inherits it
    with _seed.services():
        measure(count)


def measure(count: int) -> None:
    ids = prepare(count)
    load_values(ids)
    chunks = list(prepared(ids))
    _report.sql("SET max_parallel_workers_per_gather = 0")
    found: dict[str, Any] = {}
    taken, reference = _report.alternate(
        lambda: found.update(ours=split(chunks)), lambda: found.update(theirs=row_sums()), rounds=3
    )
    compare(ids, found["ours"], found["theirs"])
    n = count * MONTH.days * SLOTS
    _report.finish(
        name="usage",
        value=round(n / taken),
        unit="interval values/s",
        goal=f"< {GOAL_S} s for {METERS:,} meters x 31 days x 96 values on one core",
        holds=taken < GOAL_S * count / METERS,
        reference={"name": "SQL, one row an interval", "value": round(n / reference), "unit": "interval values/s"},
        ratio=round(reference / taken, 3),
        n=n,
        taken_s=round(taken, 3),
        reference_s=round(reference, 3),
    )


def prepare(count: int) -> range:
    _seed.django_here()
    from django.core.management import call_command
    from django.db import transaction

    call_command("migrate", verbosity=0, interactive=False)
    from metering.models.device import Register
    from tests.factories import mass

    hours = "\n".join(f"{period} = {spans}".replace("'", '"') for period, spans in HOURS.items())
    labels = "".join(f'[labels.{period}]\nzh = "{period}"\nen = "{period}"\n' for period in HOURS)
    _report.progress(f"preparing {count:,} accounts with an interval register each")
    ids = mass.supply(count=count, months=[], source=TARIFF.format(hours=hours, labels=labels))
    with transaction.atomic():
        Register.objects.filter(code="valley").delete()
        Register.objects.update(code="total", period_of_use="", is_interval=True)
    return ids


def load_values(ids: range) -> None:
    """Load the same values into both tables, and the usage that was approved of them."""
    from django.db import transaction

    from metering.operations import partitions

    with transaction.atomic():
        partitions.ensure(months=[MONTH.start])
    _report.sql(
        f"CREATE TABLE {ROW_TABLE} (register_id bigint NOT NULL, start_at timestamptz NOT NULL,"
        ' value_wh integer NOT NULL, quality "char" NOT NULL) PARTITION BY RANGE (start_at)'
    )
    _report.sql(
        f"CREATE TABLE {ROW_TABLE}_2026_03 PARTITION OF {ROW_TABLE}"
        " FOR VALUES FROM ('2026-03-01 00:00+08') TO ('2026-04-01 00:00+08')"
    )
    accounts = np.arange(ids[0], ids[-1] + 1)
    generator, total = np.random.default_rng(0), np.zeros(len(ids), dtype=np.int64)
    for day in range(MONTH.days):
        values = generator.integers(0, 1_500, (len(ids), SLOTS), dtype=np.int32)
        total += values.sum(axis=1, dtype=np.int64)
        load_day(accounts * 2, MONTH.start + timedelta(days=day), values)
    load_usage(accounts, total)
    _report.progress("both tables hold the month; making the primary key of the rows")
    _report.sql(f"ALTER TABLE {ROW_TABLE} ADD PRIMARY KEY (register_id, start_at)")
    _report.sql(f"VACUUM ANALYZE {ROW_TABLE}")
    _report.sql("VACUUM ANALYZE metering_intervalday")
    _report.sql("CHECKPOINT")


def midnight(on: date) -> datetime:
    return datetime(on.year, on.month, on.day, tzinfo=UTC) - timedelta(hours=8)


def load_day(registers: np.ndarray, on: date, values: np.ndarray) -> None:
    from cis.platform import copying

    copying.load(
        table="metering_intervalday",
        columns={
            "register_id": copying.int8(registers),
            "day_date": copying.day(on),
            "version": copying.int2(1),
            "start_at": copying.instant(midnight(on)),
            "interval_minutes": copying.int2(MINUTES),
            "exponent": copying.int2(0),
            "values": copying.bytea(values.view(np.uint8).reshape(len(registers), -1)),
            "total_wh": copying.int8(values.sum(axis=1, dtype=np.int64)),
            "quality": copying.text("A"),
        },
    )
    start_us = int(midnight(on).timestamp()) * 1_000_000 + np.arange(SLOTS) * MINUTES * 60_000_000
    copying.load(
        table=ROW_TABLE,
        columns={
            "register_id": copying.int8(np.repeat(registers, SLOTS)),
            "start_at": copying.instant(np.tile(start_us, len(registers))),
            "value_wh": copying.int4(values.reshape(-1)),
            "quality": copying.text("A"),
        },
    )


def load_usage(accounts: np.ndarray, total: np.ndarray) -> None:
    from cis.platform import copying

    copying.load(
        table="metering_usage",
        columns={
            "service_point_id": copying.int8(accounts),
            "register_id": copying.int8(accounts * 2),
            "period_of_use": copying.text(""),
            "start_date": copying.day(MONTH.start),
            "end_date": copying.day(MONTH.end),
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


def prepared(ids: range) -> Iterator[tuple[Any, Any]]:
    """Yield each chunk of accounts with its usage located, as bills have it before they read interval values."""
    from billing.domain.findings import Obstacles
    from billing.domain.pieces import BilledPeriods, cut
    from billing.domain.sharing import as_approved
    from billing.queries import reading, simulated, sources
    from contracts.queries import agreements

    none = np.zeros(0, dtype=np.int64)
    nothing = BilledPeriods(agreement_id=none, start_day=none, end_day=none, frozen=none.astype(np.bool_))
    versions = simulated.versions_of(MONTH)
    for start in range(ids[0], ids[-1] + 1, CHUNK):
        accounts = np.arange(start, min(start + CHUNK, ids[-1] + 1))
        terms = agreements.in_force(account_ids=accounts, start_date=MONTH.start, end_date=MONTH.end)
        pieces = cut(agreements=terms, versions=versions, billed=nothing, period=MONTH)
        drawn = as_approved(sources.usage_of(pieces, sources.rules_of(pieces)))
        obstacles = Obstacles()
        of = reading.metered(pieces=pieces, versions=versions, drawn=drawn, obstacles=obstacles)
        yield of, reading.local_days(pieces=pieces, versions=versions)


def split(chunks: list[tuple[Any, Any]]) -> np.ndarray:
    """Return the energy of all accounts by period of use, (n, 4). [Wh]"""
    from billing.domain import measured
    from billing.queries import reading

    parts = []
    for of, local in chunks:
        energy = reading.split(of=of, local=local)
        if of.obstacles.of_account:
            raise SystemExit(f"not measured: {next(iter(of.obstacles.of_account.values()))}")
        parts.append(measured.by_period(energy_wh=energy, version=of.pieces.version, lanes=of.lanes, width=len(HOURS)))
    return np.concatenate(parts)


def row_sums() -> list[tuple[int, int, int]]:
    """Return register, period and energy, by SQL. [Wh]"""
    names = list(HOURS)
    period = [names.index(next(of for of, spans in HOURS.items() if holds(spans, at))) for at in range(SLOTS)]
    quarters = ", ".join(f"({at}, {place})" for at, place in enumerate(period))
    return _report.sql(
        f"""SELECT r.register_id, q.period, sum(r.value_wh)
            FROM {ROW_TABLE} r
            JOIN (VALUES {quarters}) AS q(quarter, period)
              ON q.quarter = (extract(epoch FROM r.start_at)::bigint + 28800) / 900 % 96
            WHERE r.start_at >= '2026-03-01 00:00+08' AND r.start_at < '2026-04-01 00:00+08'
            GROUP BY 1, 2 ORDER BY 1, 2"""
    )


def holds(spans: list[str], slot: int) -> bool:
    """Return whether a quarter hour lies in spans of the clock."""
    at = f"{slot // 4:02d}:{slot % 4 * MINUTES:02d}"
    ends = [span.split("-") for span in spans]
    return any(start <= at < end if start < end else at >= start or at < end for start, end in ends)


def compare(ids: range, ours: np.ndarray, theirs: list[tuple[int, int, int]]) -> None:
    sums = np.array([energy for _, _, energy in theirs], dtype=np.int64).reshape(len(ids), len(HOURS))
    if not np.array_equal(ours, sums):
        raise SystemExit("the two ways give different energy")
    _report.progress("both give the same energy of each register and period")


if __name__ == "__main__":
    main()
