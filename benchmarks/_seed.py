"""What benchmarks begin with: private services, a supplier, N accounts that owe a posted bill each, or N meters."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import _report

AMOUNT_MINOR = 6_170
"""What each account owes on its bill."""
# Numbers without a check digit of ours; a bill's number is that of its account among those made here.
_ACCOUNTS = (
    """INSERT INTO accounts_customer (external_id, kind, name, name_pinyin, id_number, language, note, search_grams,
                                      created_at, version)
       SELECT 'C' || i, 'resident', '客户' || i, 'kehu' || i, '', 'zh-hans', '', '{}', now(), 1
       FROM generate_series(1, %(n)s) i""",
    """INSERT INTO accounts_account (number, external_id, state, paper_bill, opened_date, created_at)
       SELECT (3000000000 + i)::text, 'A' || i, 'open', FALSE, '2020-01-01', now() FROM generate_series(1, %(n)s) i""",
    """INSERT INTO accounts_accountholder (account_id, customer_id, period)
       SELECT a.id, c.id, '[2020-01-01,)' FROM accounts_account a
       JOIN accounts_customer c ON c.external_id = 'C' || substr(a.external_id, 2)""",
    """INSERT INTO billing_bill (account_id, kind, state, number, start_date, end_date, issue_date, due_date, energy_wh,
                                 amount_minor, tax_minor, balance_before_minor, created_at)
       SELECT a.id, 'regular', 'issued', lpad(substr(a.external_id, 2), 10, '0'), '2026-02-01', '2026-03-01',
              '2026-03-01', '2026-03-20', 100000, %(amount)s, 710, 0, now() FROM accounts_account a""",
    """INSERT INTO billing_ledgeraccount (code, account_id, balance_minor)
       SELECT 'customer.' || id, id, %(amount)s FROM accounts_account""",
)


@contextmanager
def services() -> Iterator[Path]:
    """Run a private PostgreSQL and Valkey with durable settings; give the folder that is deleted in the end."""
    from cis.embedded import Embedded

    folder = Path(tempfile.mkdtemp(prefix="wattline-bench-"))
    folder.chmod(0o755)
    try:
        with Embedded(folder / "var", durable=True) as running:
            urls = running.urls()
            os.environ.update(
                WATTLINE_VAR=str(folder / "var"), DATABASE_URL=urls.database_url, REDIS_URL=urls.redis_url
            )
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def django_here() -> None:
    """Set Django up in this process, on the services that its environment names."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cis.settings")
    import django

    django.setup()


def owing_accounts(count: int, *more: str, **values: int) -> None:
    """
    Make the database, its supplier, and accounts with a bill each that is due on 20 March 2026.

    more, values  statements that follow, and what they name beside ``n`` and ``amount``
    """
    django_here()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from django.db import transaction

    from accounts.operations import suppliers
    from accounts.queries.supplier import SupplierCard
    from cis.kernel.actors import SYSTEM

    _report.progress(f"preparing {count:,} accounts with a bill each")
    card = SupplierCard(
        code="BENCH", name_zh="测试", name_en="Bench", tax_number="", address="", phone="", website="", bank_name="",
        bank_account="", pack="cn-shanghai", currency="CNY", time_zone="Asia/Shanghai",
    )  # fmt: skip
    with transaction.atomic():
        suppliers.set_up(card=card, actor=SYSTEM)
        for statement in (*_ACCOUNTS, *more):
            _report.sql(statement, {"n": count, "amount": AMOUNT_MINOR, **values})
    _report.sql("ANALYZE")


def interval_meters(serial_of: Mapping[str, str], *, installed_date: date) -> None:
    """Make the database, its supplier, and for each service point a meter with one interval register E1, by serial."""
    django_here()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from django.db import transaction

    from accounts.operations import suppliers
    from accounts.queries.supplier import SupplierCard
    from cis.kernel.actors import SYSTEM
    from metering.domain.places import NewMeter, NewPlace, NewRegister
    from metering.operations import meter_loads, places

    _report.progress(f"preparing {len(serial_of):,} service points with meters")
    card = SupplierCard(
        code="BENCH", name_zh="测试", name_en="Bench", tax_number="", address="", phone="", website="", bank_name="",
        bank_account="", pack="cn-shanghai", currency="CNY", time_zone="Asia/Shanghai",
    )  # fmt: skip
    register = NewRegister(code="E1", is_interval=True)
    with transaction.atomic():
        suppliers.set_up(card=card, actor=SYSTEM)
        sites = places.prepare(places=[NewPlace(service_point=name, premises=name, address=name) for name in serial_of])
        ids = places.load(prepared=sites, actor=SYSTEM)
        meters = [
            NewMeter(
                external_id=name, serial=serial, service_point=name, installed_date=installed_date, register=register
            )
            for name, serial in serial_of.items()
        ]
        prepared = meter_loads.prepare(meters=meters, service_points=set(serial_of))
        meter_loads.load(prepared=prepared, service_point_ids=ids, actor=SYSTEM)
    _report.sql("ANALYZE")
