"""A supplier of many accounts, made by a few SQL statements: for benchmarks and for tests that kill servers."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from django.db import connection

from cis.kernel.periods import Period
from tests.factories import accounts, tariffs

START = date(2025, 1, 1)
SIX_LINES = """
schema = 1
code = "six-lines"
name_zh = "阶梯分时电价"
name_en = "Steps and periods of use"
legal_source = "none: made for benchmarks"
valid_from = 2020-01-01
currency = "CNY"
decimals = 2
rounding = "line"

[tier_cycle]
every = "year"

[time_of_use]
periods = ["peak", "valley"]
[[time_of_use.season]]
name = "year"
dates = ["01-01..12-31"]
[[time_of_use.season.hours]]
days = ["all"]
peak = ["06:00-22:00"]
valley = ["22:00-06:00"]

[labels.energy]
zh = "电度电费"
en = "Energy"
[labels.grid]
zh = "农网还贷资金"
en = "Rural grid fund"
[labels.water]
zh = "水库移民基金"
en = "Reservoir fund"
[labels.vat]
zh = "其中：增值税"
en = "of which VAT"
[labels.peak]
zh = "峰"
en = "Peak"
[labels.valley]
zh = "谷"
en = "Valley"

[[component]]
kind = "tiered_time_of_use"
code = "energy"
unit = "yuan/kWh"
limits_kwh = ["150", "9000"]
convention = "proportional"
[component.prices]
peak = ["0.617", "0.677", "0.977"]
valley = ["0.307", "0.337", "0.487"]

[[component]]
kind = "energy"
code = "grid"
ledger = "fund"
unit = "fen/kWh"
price = "2"

[[component]]
kind = "energy"
code = "water"
ledger = "fund"
unit = "fen/kWh"
price = "0.62"

[[component]]
kind = "tax"
code = "vat"
rate = "0.13"
mode = "inside"
on = ["energy", "grid", "water"]

[[vector]]
name = "crossing the first limit"
used_kwh = { peak = "200", valley = "100" }
total = "163.46"
"""

# Ids of one account are the same in all tables, counted from a base above what is there.
_ROWS = (
    """INSERT INTO accounts_account (id, number, external_id, state, paper_bill, opened_date, created_at)
       SELECT n, lpad(n::text, 10, '0'), 'mass-' || n, 'open', false, %(start)s, now() FROM {series}""",
    """INSERT INTO metering_premises (id, external_id, address, district, postcode, search_grams)
       SELECT n, 'mass-' || n, '示范路' || n || '号', '', '', '{{}}' FROM {series}""",
    """INSERT INTO metering_servicepoint (id, external_id, premises_id, voltage, capacity_w)
       SELECT n, 'mass-' || n, n, '220V', 8000 FROM {series}""",
    """INSERT INTO metering_meter (id, external_id, serial, model) SELECT n, 'mass-' || n, 'mass-' || n, '' FROM {series}""",
    """INSERT INTO metering_register (id, meter_id, code, quantity, direction, period_of_use, digits, is_interval)
       SELECT 2 * n + k, n, code, 'active', 'import', code, 6, false
       FROM {series}, (VALUES (0, 'peak'), (1, 'valley')) AS r(k, code)""",
    """INSERT INTO contracts_serviceagreement (id, external_id, account_id, service_point_id, period, created_at)
       SELECT n, 'mass-' || n, n, n, daterange(%(start)s, NULL), now() FROM {series}""",
    """INSERT INTO contracts_agreementterm
           (id, agreement_id, tariff_id, household, green_blocks, suspended_va, features, period)
       SELECT n, n, %(tariff)s, 1, 0, 0, '{{}}', daterange(%(start)s, NULL) FROM {series}""",
)
_USAGE = """
    INSERT INTO metering_usage (service_point_id, register_id, period_of_use, start_date, end_date, basis, multiplier,
                                energy_wh, is_estimated, method, version, is_current, approved_at)
    SELECT n, 2 * n + k, code, %(from)s, %(until)s, 'register', 1, least + (n * 7919 + k * 31 + %(salt)s) %% 90000,
           false, '', 1, true, now()
    FROM {series}, (VALUES (0, 'peak', 160000), (1, 'valley', 70000)) AS r(k, code, least)
"""
_TABLES = (
    "accounts_account",
    "metering_premises",
    "metering_servicepoint",
    "metering_meter",
    "metering_register",
    "contracts_serviceagreement",
    "contracts_agreementterm",
    "metering_usage",
)


def supply(*, count: int, months: Sequence[Period], source: str = SIX_LINES) -> range:
    """
    Make accounts with one agreement each, on meters with a register for peak and one for valley, and their usage.

    :returns: the ids of the accounts, which are also those of agreement, term, service point and meter.
    """
    accounts.supplier()
    version = tariffs.version(source=source, start_date=date(2020, 1, 1))
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) + 1 FROM accounts_account")
        base = cursor.fetchone()[0]
        series = f"generate_series({base}::bigint, {base + count - 1}) AS n"
        for statement in _ROWS:
            cursor.execute(statement.format(series=series), {"start": START, "tariff": version.tariff_id})
        for salt, month in enumerate(months):
            values = {"from": month.start, "until": month.end, "salt": salt * 17_000}
            cursor.execute(_USAGE.format(series=series), values)
        for table in _TABLES[:-1]:
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, 'id'), (SELECT max(id) FROM " + table + "))", [table]
            )
    return range(base, base + count)


def analyze() -> None:
    """Tell the planner how much there is; outside a transaction block it also vacuums."""
    with connection.cursor() as cursor:
        for table in _TABLES:
            cursor.execute(f"ANALYZE {table}")


def noon(day: date) -> datetime:
    """Noon in Shanghai."""
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
