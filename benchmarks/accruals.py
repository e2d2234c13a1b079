"""
The accrual of a month over N accounts: all unbilled energy rated from its reads, and posted.

A: billing.operations.accruals.open_new, accruing.work and accruals.post. Each account has two registers, read at both
   ends of the month; usage is approved and six lines are rated as the bill will be, all of it rolled back.
B: COPY of the rows that A kept, into empty tables of the same columns and indexes, as a floor. Durable settings; one
   Python process and PostgreSQL. Statements are counted from the end of one chunk to that of the next: each needs as
   many. Accounts are seeded by SQL, which is not counted.

    .venv/bin/python benchmarks/accruals.py --accounts 20000
"""

import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import _report
import _seed

ACCOUNTS, QUICK_ACCOUNTS = 20_000, 2_000
GOAL_A_SECOND = 300
MONTH, TODAY = date(2025, 1, 1), date(2025, 2, 3)
AT = datetime(2025, 2, 3, 2, tzinfo=UTC)
TABLES = ("billing_accrualaccount", "billing_accrualline")
LINES_AN_ACCOUNT = 2
CHUNK_ENDS = "UPDATE billing_accrualaccount"
READS = (
    """INSERT INTO metering_installation (service_point_id, meter_id, multiplier, period)
       SELECT id, id, 1, daterange('2025-01-01', NULL) FROM metering_servicepoint""",
    """INSERT INTO metering_registerread (register_id, read_date, reading_wh, kind, method, version, received_at)
       SELECT r.id, d.day, d.months * (100000 + r.id * 7919 % 90000), 'actual', '', 1, now()
       FROM metering_register r, (VALUES ('2025-01-01'::date, 0), ('2025-02-01'::date, 1)) AS d(day, months)""",
)


class Counter:
    """Counts statements, and how many each chunk takes from the end of the one before."""

    def __init__(self) -> None:
        self.statements = 0
        self.chunks: list[int] = []

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self.statements += 1
        if CHUNK_ENDS in sql:
            self.chunks.append(self.statements - sum(self.chunks))
        return execute(sql, params, many, context)


def main() -> None:
    parser = _report.parser(__doc__)
    parser.add_argument("--accounts", type=int)
    given = parser.parse_args()
    with _seed.services():
        measure(given.accounts or (QUICK_ACCOUNTS if given.quick else ACCOUNTS))


def measure(count: int) -> None:
    prepare(count)
    counter = Counter()
    rated, posted = accrue(counter)
    check(count)
    between = sorted(set(counter.chunks[1:]))
    floor = _report.copy_floor(TABLES)
    taken = rated + posted
    _report.finish(
        name="accruals",
        value=round(count / taken),
        unit="accounts/s",
        goal=f">= {GOAL_A_SECOND} accounts/s, each chunk in as many statements",
        holds=count / taken >= GOAL_A_SECOND and len(between) <= 1,
        reference={"name": "COPY of the rows", "value": round(floor, 3), "unit": "s"},
        ratio=round(floor / taken, 3),
        n=count,
        taken_s=taken,
        rate_s=round(rated, 3),
        post_s=round(posted, 3),
        chunks=len(counter.chunks),
        statements=counter.statements,
        statements_a_chunk=between,
    )


def prepare(count: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cis.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    _report.progress(f"making {count:,} accounts with the reads of a month")
    from tests.factories import mass

    mass.supply(count=count, months=[])
    for statement in READS:
        _report.sql(statement)
    _report.sql("ANALYZE")


def accrue(counter: Counter) -> tuple[float, float]:
    """Return the seconds of rating and of posting."""
    from django.db import connection

    from billing.operations import accruals, accruing
    from cis.kernel.actors import Actor, ActorKind
    from cis.kernel.enums import Role

    anna, bert = (Actor(ActorKind.STAFF, one, "bench", frozenset({Role.BILLING})) for one in (1, 2))
    accrual_id = accruals.open_new(month=MONTH, today=TODAY, actor=anna)
    with connection.execute_wrapper(counter):
        rated = _report.seconds(lambda: accruing.work(AT))
    _report.progress(f"rated in {rated:.2f} s, {counter.statements} statements in {len(counter.chunks)} chunks")

    def post() -> None:
        if not accruals.post(accrual_id=accrual_id, today=TODAY, actor=anna):
            accruals.decide(accrual_id=accrual_id, is_agreed=True, today=TODAY, actor=bert)

    return rated, _report.seconds(post)


def check(count: int) -> None:
    """Stop if it is fast for the wrong reason: somebody is left out, or the books do not have what was rated."""
    ((accrued, lines, net, booked),) = _report.sql(
        "SELECT (SELECT count(*) FROM billing_accrualaccount WHERE outcome = 'accrued'), count(*),"
        " sum(amount_minor - tax_minor), (SELECT sum(amount_minor) FROM billing_transfer WHERE kind = 'accrual'"
        " AND occurred_date = '2025-01-31') FROM billing_accrualline"
    )
    if (accrued, lines) != (count, LINES_AN_ACCOUNT * count) or net != booked or not net:
        raise SystemExit(f"wrong result: {accrued} accounts, {lines} lines, {net} accrued, {booked} booked")


if __name__ == "__main__":
    main()
