"""
A bank's file (camt.053) of many lines to payments that are posted and allocated, end to end, against COPY of the rows.

A: cashiering.operations.statements.take of one file of N entries, each naming a bill or paying it by name and amount or
   belonging to nobody, and posting.work until nothing waits. Durable settings; one Python process and PostgreSQL.
B: COPY of the rows of payments, transfers and allocations that A made into empty tables of the same columns and
   indexes, as a floor.

    .venv/bin/python benchmarks/payments.py --lines 100000
"""

from datetime import UTC, date, datetime
from pathlib import Path

import _report
import _seed
from _seed import AMOUNT_MINOR

LINES, QUICK_LINES = 100_000, 5_000
GOAL_PER_S = 3_000
TODAY = date(2026, 3, 10)
AT = datetime(2026, 3, 10, 4, tzinfo=UTC)
BY_NAME_EVERY, NOBODY_EVERY = 10, 50
IBAN = "CN0010000000001234567"
TABLES = ("billing_payment", "billing_transfer", "billing_allocation")


def main() -> None:
    parser = _report.parser(__doc__)
    parser.add_argument("--lines", type=int)
    given = parser.parse_args()
    with _seed.services() as folder:
        measure(given.lines or (QUICK_LINES if given.quick else LINES), folder)


def measure(count: int, folder: Path) -> None:
    _seed.owing_accounts(count)
    wake()
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


def wake() -> None:
    from cis.platform import jobs, memory

    jobs.wake("bank_lines")  # a server that runs has woken workers before
    memory.keep_what_is_loaded()  # as workers do


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
