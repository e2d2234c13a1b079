"""
Payouts of a provider: what its report says, read and checked.

    payout,paid_on,currency,reference,gross,fee,net
    P-20260310,2026-03-10,CNY,C7Q...,61.70,0.37,61.33
    P-20260310,2026-03-10,CNY,,0.00,5.00,-5.00
    total,,,,61.70,5.37,56.33

A line without a reference is a fee alone. The last line holds the sums. One file is one payout.
"""

import csv
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from io import StringIO

import numpy as np

from cis.kernel import fixed
from cis.kernel.calendar import LocalClock
from cis.kernel.errors import Findings, Refused
from cis.kernel.fixed import NotANumber

COLUMNS = ("payout", "paid_on", "currency", "reference", "gross", "fee", "net")
LINES_MOST = 100_000
FAULTS_MOST = 50
"""After so many the rest of a file is not read."""
FEE_SLACK_MINOR = 1
"""A provider rounds each fee in its own way."""
PERCENT_PLACES = 4
E4_PERCENT_TO_E9 = 10**3
REFERENCE_MOST = 100


class PayoutState(StrEnum):
    """
    Where a payout stands.

    HELD     a line of it is not as we know it: a person looks, nothing is posted
    WAITING  all its lines are known; the bank has not shown the money yet
    CLEARED  the bank has shown it: nothing of it is in transit any more
    """

    HELD = "held"
    WAITING = "waiting"
    CLEARED = "cleared"


class LineState(StrEnum):
    """
    Whether a line of a payout is as we know it.

    KNOWN    it is a checkout of ours, or a fee alone
    DIFFERS  it is, and we know of another amount, or of no money at all
    UNKNOWN  no checkout has this name
    FEE_DIFFERS  the money is as we know it; the provider kept another fee than was agreed
    """

    KNOWN = "known"
    DIFFERS = "differs"
    UNKNOWN = "unknown"
    FEE_DIFFERS = "fee_differs"


MONEY_IS_KNOWN = (LineState.KNOWN, LineState.FEE_DIFFERS)


class LineKind(StrEnum):
    """
    What a line of a payout is about.

    PAYMENT     a payer paid
    REFUND      we, or the provider for us, gave money back
    CHARGEBACK  the payer's bank took it back
    FEE         a fee alone
    """

    PAYMENT = "payment"
    REFUND = "refund"
    CHARGEBACK = "chargeback"
    FEE = "fee"


class PayoutRefused(Refused):
    """The report has faults, or does not add up; nothing of it is kept."""

    code = "payout_refused"


class PayoutChanged(Refused):
    """A payout of this name came before, and said something else."""

    code = "payout_changed"


class UnknownPayout(Refused):
    """There is no such payout."""

    code = "unknown_payout"


@dataclass(frozen=True, slots=True)
class Line:
    """
    One line of a report. [minor unit]

    payment  the provider's own name of the payment; "" where its report has none
    day      on which it was paid; None where the report does not say
    """

    line_no: int
    reference: str
    gross_minor: int
    fee_minor: int
    kind: LineKind = LineKind.PAYMENT
    payment: str = ""
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A report that adds up; from_date, until_date: the days of its payments, both included, if it names them."""

    reference: str
    paid_date: date
    lines: tuple[Line, ...]
    gross_minor: int
    fee_minor: int
    from_date: date | None = None
    until_date: date | None = None

    @property
    def net_minor(self) -> int:
        """What the bank must show; below 0: the provider takes it."""
        return self.gross_minor - self.fee_minor


def read(*, text: str, currency: str, places: int, today: date) -> Report:
    """
    Read a report.

    :raises PayoutRefused: anything in it is wrong, with each fault, or it does not add up.
    """
    faults = Findings()
    rows = csv.reader(StringIO(text.removeprefix("\ufeff")), strict=True)
    lines: list[Line] = []
    names: set[tuple[str, str]] = set()
    total: tuple[int, int, int] | None = None
    try:
        head = next(rows, [])
        if tuple(one.strip() for one in head) != COLUMNS:
            faults.add("line 1", "wrong_columns", f"The columns are not {','.join(COLUMNS)}.")
            faults.raise_if_any(PayoutRefused)
        for row in rows:
            where = f"line {rows.line_num}"
            if not row:
                continue
            if total is not None or len(row) != len(COLUMNS) or len(lines) >= LINES_MOST:
                faults.add(where, "bad_line", "The line has other columns, or stands behind the total.")
                continue
            money = _money(row, where, places, faults)
            if row[0] == "total":
                total = money
                continue
            names.add((row[0].strip(), row[1].strip()))
            if row[2].strip() != currency:
                faults.add(where, "other_currency", f"The currency is not {currency}.")
            reference = row[3].strip()[:REFERENCE_MOST]
            lines.append(Line(rows.line_num, reference, money[0], money[1], kind=_kind(reference, money[0])))
            if len(faults) >= FAULTS_MOST:
                break
    except csv.Error as error:
        faults.add(f"line {rows.line_num}", "bad_csv", f"The file is no CSV: {error}.")
    return _checked(lines, names, total, today, faults)


def local_day(text: str, *, clock: LocalClock) -> date:
    """
    Return the day of a time in a file, which is a time of the clock on the wall if it names no offset.

    :raises ValueError: it is no time.
    """
    at = datetime.fromisoformat(text)
    return at.date() if at.tzinfo is None else clock.local_date(at)


def _kind(reference: str, gross_minor: int) -> LineKind:
    if not reference and not gross_minor:
        return LineKind.FEE
    return LineKind.PAYMENT if gross_minor > 0 else LineKind.REFUND


def is_fee_agreed(line: Line, *, fee_e9: int | None) -> bool:
    """
    Return whether a provider kept the fee of a line that was agreed; with what goes back it may give the fee back.

    :param fee_e9: the agreed part of each payment, in 1/10^9; None: nothing is agreed, so nothing differs.
    """
    if fee_e9 is None or line.kind is LineKind.FEE:
        return True
    agreed = int(fixed.to_minor(np.array([line.gross_minor * fee_e9], dtype=object))[0])
    wanted = [agreed] if line.gross_minor > 0 else [agreed, 0]
    return any(abs(line.fee_minor - one) <= FEE_SLACK_MINOR for one in wanted)


def _money(row: list[str], where: str, places: int, faults: Findings) -> tuple[int, int, int]:
    try:
        gross, fee, net = (fixed.parse(text.strip(), places=places) for text in row[4:])
    except NotANumber as error:
        faults.add(where, "bad_amount", str(error))
        return 0, 0, 0
    if gross - fee != net:
        faults.add(where, "line_differs", "Gross less fee is not net.")
    return gross, fee, net


def _checked(
    lines: list[Line], names: set[tuple[str, str]], total: tuple[int, int, int] | None, today: date, faults: Findings
) -> Report:
    gross, fee = sum(line.gross_minor for line in lines), sum(line.fee_minor for line in lines)
    if total != (gross, fee, gross - fee) or not lines:
        faults.add("total", "sum_differs", "The last line is not the sum of the others, or is missing.")
    reference, paid_on = next(iter(names), ("", "")) if len(names) == 1 else ("", "")
    try:
        day = date.fromisoformat(paid_on)
    except ValueError:
        day = date.max
    if not reference or len(reference) > REFERENCE_MOST or day > today:
        faults.add("payout", "bad_payout", "All lines name one payout and its day, which is not to come.")
    faults.raise_if_any(PayoutRefused)
    return Report(reference, day, tuple(lines), gross, fee)
