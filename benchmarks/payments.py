"""
A bank's file (camt.053) of many lines to payments that are posted and allocated, end to end, against COPY of the rows.

A: cashiering.operations.statements.take of one file of N entries, each naming a bill or paying it by name and amount or
   belonging to nobody, and posting.work until nothing waits. Durable settings; one Python process and PostgreSQL.
B: COPY of the rows of payments, transfers and allocations that A made into empty tables of the same columns and
   indexes, as a floor.

    .venv/bin/python benchmarks/payments.py --lines 100000
"""

import os
import shutil
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

import _report

LINES, QUICK_LINES = 100_000, 5_000
GOAL_PER_S = 3_000
TODAY = date(2026, 3, 10)
AT = datetime(2026, 3, 10, 4, tzinfo=UTC)
AMOUNT_MINOR = 6_170
BY_NAME_EVERY, NOBODY_EVERY = 10, 50
IBAN = "CN0010000000001234567"
TABLES = ("billing_payment", "billing_transfer", "billing_allocation")


def main() -> None:
    parser = _report.parser(__doc__)
    parser.add_argument("--lines", type=int)
    given = parser.parse_args()
    count = given.lines or (QUICK_LINES if given.quick else LINES)
    from cis.embedded import Embedded

    folder = Path(tempfile.mkdtemp(prefix="wattline-bench-"))
    folder.chmod(0o755)
    try:
        with Embedded(folder / "var", durable=True) as services:
            urls = services.urls()
            os.environ.update(
                WATTLINE_VAR=str(folder / "var"), DATABASE_URL=urls.database_url, REDIS_URL=urls.redis_url
            )
            measure(count, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(count: int, folder: Path) -> None:
    prepare(count)
    path = folder / "bank.xml"
    write_file(path, count)
    taken_in = _report.seconds(lambda: take(path))
    _report.progress(f"{path.stat().st_size / 2**20:.0f} MB read and kept in {taken_in:.2f} s")
    posted = _report.seconds(post)
    _report.progress(f"posted in {posted:.2f} s")
    booked = check(count)
    floor = _report.copy_floor(TABLES)
    taken = taken_in + posted
    _report.finish(
        name="payments",
        value=round(booked / taken),
        unit="payments/s",
        goal=f">= {GOAL_PER_S} on 2 cores, from file to posted and allocated",
        holds=booked / taken >= GOAL_PER_S,
        reference={"name": "COPY of the rows", "value": round(booked / floor), "unit": "payments/s"},
        ratio=round(floor / taken, 3),
        n=count,
        taken_s=taken,
        file_mb=round(path.stat().st_size / 2**20, 1),
        read_s=round(taken_in, 3),
        post_s=round(posted, 3),
    )


def prepare(count: int) -> None:
    """Make the database, its supplier, and as many accounts as lines, each with one open bill that is posted."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cis.settings")
    import django

    django.setup()
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
        for statement in SEED:
            _report.sql(statement, {"n": count, "amount": AMOUNT_MINOR})
    _report.sql("ANALYZE")
    from cis.platform import jobs

    jobs.wake("bank_lines")  # a server that runs has woken workers before


# Numbers without a check digit of ours; the bills' numbers are what the lines name.
SEED = (
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


def write_file(path: Path, count: int) -> None:
    """Write a camt.053 file: most lines name their bill, some their payer alone, a few nobody."""
    _report.progress(f"writing {count:,} entries")
    with path.open("w", encoding="utf-8") as file:
        file.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
            "<BkToCstmrStmt><GrpHdr><MsgId>M</MsgId><CreDtTm>2026-03-10T01:00:00</CreDtTm></GrpHdr><Stmt><Id>S1</Id>"
            f"<Acct><Id><IBAN>{IBAN}</IBAN></Id><Ccy>CNY</Ccy></Acct>"
        )
        file.write(balance("OPBD", 0) + balance("CLBD", count * AMOUNT_MINOR))
        file.writelines(entry(number) for number in range(1, count + 1))
        file.write("</Stmt></BkToCstmrStmt></Document>")


def balance(code: str, minor: int) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='CNY'>{minor // 100}.{minor % 100:02d}</Amt>"
        "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-03-09</Dt></Dt></Bal>"
    )


def entry(number: int) -> str:
    text, name = f"电费 账单 {number:010d} 谢谢", f"客户{number}"
    if number % NOBODY_EVERY == 0:
        text, name = "谢谢", "无名氏"
    elif number % BY_NAME_EVERY == 0:
        text = "电费"
    return (
        "<Ntry><Amt Ccy='CNY'>61.70</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt>"
        f"<Dt>2026-03-09</Dt></BookgDt><ValDt><Dt>2026-03-09</Dt></ValDt><AcctSvcrRef>BK{number}</AcctSvcrRef>"
        "<NtryDtls><TxDtls><Refs>"
        f"<EndToEndId>E{number}X</EndToEndId></Refs><Amt Ccy='CNY'>61.70</Amt><CdtDbtInd>CRDT</CdtDbtInd><RltdPties>"
        f"<Dbtr><Pty><Nm>{name}</Nm></Pty></Dbtr><DbtrAcct><Id><Othr><Id>6222{number:012d}</Id></Othr></Id></DbtrAcct>"
        f"</RltdPties><RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n"
    )


def take(path: Path) -> None:
    from cashiering.operations import statements
    from cis.kernel.actors import SYSTEM

    with path.open("rb") as stream:
        statements.take(source=stream, name=path.name, today=TODAY, actor=SYSTEM)


def post() -> None:
    from cashiering.operations import posting

    posting.work(AT)


def check(count: int) -> int:
    """Return how many payments there are; stop if a line is not where it belongs."""
    ((booked, suspense, open_minor),) = _report.sql(
        "SELECT count(*) FILTER (WHERE state = 'booked'), count(*) FILTER (WHERE state = 'suspense'),"
        " (SELECT sum(amount_minor) FROM billing_bill) - (SELECT sum(amount_minor) FROM billing_allocation)"
        " FROM cashiering_statementline"
    )
    if suspense != count // NOBODY_EVERY or booked + suspense != count or open_minor != suspense * AMOUNT_MINOR:
        raise SystemExit(f"wrong result: {booked} booked, {suspense} in suspense, {open_minor} open")
    return int(booked)


if __name__ == "__main__":
    main()
