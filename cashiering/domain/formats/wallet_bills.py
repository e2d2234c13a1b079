"""
Settlement files of wallets, as their merchants download them: one batch of money, transaction by transaction.

    #结算批次号：[P-20260310]
    #到账日期：[2026-03-10]
    交易时间,微信订单号,商户订单号,交易状态,货币种类,订单金额,退款金额,手续费
    `2026-03-09 10:11:12,`4200001,`CQ7Y3H5M2L4NABCDEFGH2I,`SUCCESS,`CNY,`61.70,`0.00,`0.37
    `2026-03-09 12:00:00,`4200002,`CZ2K3H5M2L4NABCDEFGH2I,`REFUND,`CNY,`0.00,`20.00,`-0.12
    总交易单数,订单总金额,退款总金额,手续费总金额,到账金额
    `2,`61.70,`20.00,`0.25,`41.45

Columns are told by their names, in any order; others are passed over. A grave accent before a value, by which wallets
keep spreadsheets from rounding long numbers, is taken off. [source: shape of the bills that WeChat Pay (交易账单) and
Alipay (业务明细) let merchants download: names of columns, accents, head lines with #, and a summary at the end]
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from io import StringIO

from cashiering.domain.settlements import FAULTS_MOST, LINES_MOST, Line, LineKind, PayoutRefused, Report, local_day
from cis.kernel import fixed
from cis.kernel.calendar import LocalClock
from cis.kernel.errors import Findings
from cis.kernel.fixed import NotANumber

HEAD = re.compile(r"#\s*(?P<name>[^：:]+)[：:]\s*\[?(?P<value>[^\]]*)\]?\s*")
BATCH_NAMES = ("结算批次号", "结算单号", "settlement_no")
DAY_NAMES = ("到账日期", "结算日期", "settled_on")
NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}")
CELL_MOST = 500
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "time": ("交易时间", "完成时间", "入账时间"),
    "payment": ("微信订单号", "支付宝交易号", "交易号"),
    "reference": ("商户订单号",),
    "kind": ("交易状态", "业务类型"),
    "currency": ("货币种类", "币种"),
    "gross": ("订单金额", "应结订单金额", "订单金额（元）", "商家实收（元）"),
    "back": ("退款金额", "退款金额（元）"),
    "fee": ("手续费", "服务费（元）", "手续费（元）"),
}
SUMS = ("总交易单数", "订单总金额", "退款总金额", "手续费总金额", "到账金额")
KINDS: Mapping[str, LineKind] = {
    "SUCCESS": LineKind.PAYMENT, "交易": LineKind.PAYMENT, "交易支付": LineKind.PAYMENT,
    "REFUND": LineKind.REFUND, "REVOKED": LineKind.REFUND, "退款": LineKind.REFUND,
    "CHARGEBACK": LineKind.CHARGEBACK, "拒付": LineKind.CHARGEBACK, "FEE": LineKind.FEE, "服务费": LineKind.FEE,
}  # fmt: skip


@dataclass(slots=True)
class _Reader:
    """Where the reading stands; ``places_of``: the place of each column, None before they are known."""

    currency: str
    places: int
    clock: LocalClock
    head: dict[str, str] = field(default_factory=dict)
    places_of: dict[str, int] | None = None
    lines: list[Line] = field(default_factory=list)
    sums: list[str] | None = None
    is_at_sums: bool = False
    faults: Findings = field(default_factory=Findings)


def is_one(text: str) -> bool:
    """Return whether a text is such a file: its columns, or its head, are there."""
    start = text[:4_000]
    return start.startswith("#") or any(name in start for name in COLUMNS["reference"])


def read(*, text: str, currency: str, places: int, today: date, clock: LocalClock) -> Report:
    """
    Read a settlement file of a wallet.

    :raises PayoutRefused: anything in it is wrong, with each fault and what mends it, or it does not add up.
    """
    reader = _Reader(currency, places, clock)
    rows = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        for row in rows:
            _take(reader, [cell.strip().lstrip("`").strip() for cell in row], f"line {rows.line_num}", rows.line_num)
            if len(reader.faults) >= FAULTS_MOST:
                break
    except csv.Error as error:
        advice = "Download the file anew and upload it as it comes, not saved by a spreadsheet."
        reader.faults.add(f"line {rows.line_num}", "bad_csv", f"The file is no CSV: {error}.", advice)
    return _checked(reader, today)


def _take(reader: _Reader, cells: Sequence[str], where: str, line_no: int) -> None:
    if not any(cells):
        return
    if any(len(cell) > CELL_MOST for cell in cells):
        reader.faults.add(where, "cell_too_long", f"A value has more than {CELL_MOST} characters.", "Ask for it again.")
    elif cells[0].startswith("#"):
        found = HEAD.fullmatch(cells[0])
        if found:
            reader.head[found["name"].strip()] = found["value"].strip()
    elif cells[0] == SUMS[0] or reader.is_at_sums:
        _take_sums(reader, cells, where)
    elif reader.places_of is None:
        reader.places_of = _columns(reader, cells, where)
    elif len(reader.lines) >= LINES_MOST:
        reader.faults.add(where, "too_many", f"There are more than {LINES_MOST} lines.", "Ask for one batch a file.")
    else:
        reader.lines.append(_line(reader, cells, where, line_no))


def _take_sums(reader: _Reader, cells: Sequence[str], where: str) -> None:
    if not reader.is_at_sums:
        reader.is_at_sums = True
        if tuple(cells[: len(SUMS)]) != SUMS:
            reader.faults.add(where, "wrong_sums", f"The sums are not {','.join(SUMS)}.", "Ask for the whole file.")
        return
    if reader.sums is not None:
        reader.faults.add(where, "bad_line", "Something stands behind the sums.", "Upload one batch a file.")
    reader.sums = list(cells)


def _columns(reader: _Reader, cells: Sequence[str], where: str) -> dict[str, int]:
    found = {}
    for name, spellings in COLUMNS.items():
        places = [cells.index(one) for one in spellings if one in cells]
        if places:
            found[name] = places[0]
        elif name != "currency":
            text = f"There is no column {' or '.join(spellings)}."
            reader.faults.add(where, "no_column", text, "Download the bill with all columns.")
    return found


def _line(reader: _Reader, cells: Sequence[str], where: str, line_no: int) -> Line:
    def cell(name: str) -> str:
        place = (reader.places_of or {}).get(name)
        return "" if place is None or place >= len(cells) else cells[place]

    kind = KINDS.get(cell("kind"))
    if kind is None:
        text = f"{cell('kind')[:40]!r} is no kind of transaction: {', '.join(KINDS)}."
        reader.faults.add(where, "other_kind", text, "Leave out what is not settled, or ask us for this kind.")
    if cell("currency") not in {"", reader.currency}:
        reader.faults.add(where, "other_currency", f"The currency is not {reader.currency}.", "One currency a file.")
    for name in ("reference", "payment"):
        if cell(name) and not NAME.fullmatch(cell(name)):
            text = f"{cell(name)[:40]!r} is no number of a payment."
            reader.faults.add(where, "bad_name", text, "It has letters, digits, point and dash, and is no formula.")
    gross, back, fee = (_amount(reader, cell(name), where) for name in ("gross", "back", "fee"))
    is_back = kind in {LineKind.REFUND, LineKind.CHARGEBACK}
    if gross < 0 or back < 0 or (gross and is_back) or (back and kind is LineKind.PAYMENT):
        text = "A payment has an amount, and what went back an amount of refund; neither is below 0."
        reader.faults.add(where, "bad_sign", text, "Ask the provider what the line is.")
    return Line(
        line_no, cell("reference"), -back if is_back else gross, fee, kind=kind or LineKind.PAYMENT,
        payment=cell("payment"), day=_day_of(reader, cell("time"), where),
    )  # fmt: skip


def _amount(reader: _Reader, text: str, where: str) -> int:
    try:
        return fixed.parse(text or "0", places=reader.places)
    except NotANumber:
        advice = "Write it as 61.70, without signs of a currency."
        reader.faults.add(where, "bad_amount", f"{text[:40]!r} is no amount.", advice)
        return 0


def _day_of(reader: _Reader, text: str, where: str) -> date | None:
    try:
        return local_day(text, clock=reader.clock)
    except ValueError:
        reader.faults.add(where, "bad_time", f"{text[:40]!r} is no time.", "It is written as 2026-03-09 10:11:12.")
        return None


def _checked(reader: _Reader, today: date) -> Report:
    faults = reader.faults
    if reader.places_of is None and not faults:
        faults.add("file", "no_columns", "The line with the names of the columns is missing.", "Upload the whole file.")
    lines = tuple(reader.lines)
    report = Report(
        _head(reader, BATCH_NAMES), _settled(reader, today), lines, sum(line.gross_minor for line in lines),
        sum(line.fee_minor for line in lines), from_date=min(_days(lines), default=None),
        until_date=max(_days(lines), default=None),
    )  # fmt: skip
    if not NAME.fullmatch(report.reference):
        text = f"The head line #{BATCH_NAMES[0]}：[...] is missing, or names no batch."
        faults.add("head", "no_batch", text, "It is the name that the bank's line carries.")
    if not faults:
        _check_sums(reader, report)
    if report.until_date and report.until_date > report.paid_date:
        faults.add("head", "bad_day", "A transaction is later than the day of the batch.", "Ask for the file again.")
    faults.raise_if_any(PayoutRefused)
    return report


def _head(reader: _Reader, names: Sequence[str]) -> str:
    return next((reader.head[name] for name in names if name in reader.head), "")


def _settled(reader: _Reader, today: date) -> date:
    text = _head(reader, DAY_NAMES)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.max
    if day > today:
        told = f"The head line #{DAY_NAMES[0]}：[2026-03-10] is missing, no day, or still to come."
        reader.faults.add("head", "bad_day", told, "Write the day on which the money is brought.")
    return day


def _days(lines: Sequence[Line]) -> Iterator[date]:
    return (line.day for line in lines if line.day is not None)


def _check_sums(reader: _Reader, report: Report) -> None:
    came = sum(line.gross_minor for line in report.lines if line.gross_minor > 0)
    wanted = [came, came - report.gross_minor, report.fee_minor, report.net_minor]
    told = reader.sums or []
    found = [_amount(reader, text, "sums") for text in told[1 : len(SUMS)]]
    if not report.lines or not told or told[0] != str(len(report.lines)) or found != wanted:
        texts = ",".join([str(len(report.lines)), *(fixed.to_text(one, places=reader.places) for one in wanted)])
        advice = "Lines are missing or were changed: ask the provider for the file again."
        reader.faults.add("sums", "sum_differs", f"The lines come to {texts}; the sums at the end differ.", advice)
