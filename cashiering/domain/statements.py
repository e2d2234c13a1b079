"""What a bank says of an account of ours: statements and their lines, and whether they add up."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from cis.kernel import fixed
from cis.kernel.errors import Refused

REFERENCE_MOST = 140
TEXT_MOST = 1_000
NAME_MOST = 200
FAULTS_MOST = 200


class StatementFormat(StrEnum):
    """Formats of files from banks: camt.053 and camt.054 of ISO 20022, MT940 of SWIFT."""

    CAMT_053 = "camt.053"
    CAMT_054 = "camt.054"
    MT940 = "mt940"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing in a file that cannot be taken: where it is, what it is, how to mend it."""

    where: str
    code: str
    message: str
    advice: str

    def __str__(self) -> str:
        """Return all of it in one line."""
        return f"{self.where}: {self.message} {self.advice}".strip()


class StatementRefused(Refused):
    """A file of a bank cannot be taken; nothing of it is kept. ``detail["findings"]`` says each fault."""

    code = "statement_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """
    One movement on the account of the bank.

    place            where it stands in the file, for people
    entry            the entry of the statement that it belongs to, counted from 1; one entry may have several lines
    entry_reference  the bank's own name of the entry; "" if it gives none
    amount_minor     above 0 [minor unit]; ``is_credit`` says which way
    is_reversal      it takes an earlier movement back
    original         references by which the earlier movement, or a batch of debits, may be found
    charges_minor    part of it that is the bank's fee, of a payment that comes back [minor unit]
    """

    place: str
    entry: int
    is_credit: bool
    amount_minor: int
    booking_date: date
    value_date: date
    entry_reference: str = ""
    bank_reference: str = ""
    end_to_end_id: str = ""
    remittance: str = ""
    payer_name: str = ""
    payer_account: str = ""
    is_reversal: bool = False
    return_reason: str = ""
    original: str = ""
    charges_minor: int = 0

    @property
    def signed_minor(self) -> int:
        """Return what the line adds to the account. [minor unit]"""
        return self.amount_minor if self.is_credit else -self.amount_minor

    @property
    def takes_back(self) -> bool:
        """Return whether it takes an earlier movement back."""
        return self.is_reversal or bool(self.return_reason)


@dataclass(slots=True, kw_only=True)
class Statement:
    """
    One statement or notification.

    opening_minor, closing_minor  booked balances [minor unit]; None: a notification (camt.054) has none
    pending                       entries that are not booked yet, and are left out
    """

    format: StatementFormat
    reference: str
    bank_account: str
    currency: str
    opening_minor: int | None = None
    closing_minor: int | None = None
    closing_date: date | None = None
    pending: int = 0
    lines: list[Line] = field(default_factory=list)

    @property
    def moved_minor(self) -> int:
        """Return the sum of its lines. [minor unit]"""
        return sum(line.signed_minor for line in self.lines)


def check(statement: Statement, *, currency: str, places: int) -> Iterator[Fault]:
    """
    Yield what keeps a statement from being taken.

    currency  in which the supplier keeps its accounts; ``places``: its decimals
    """
    where = f"statement {statement.reference or '?'}"
    if not statement.reference:
        yield Fault(where, "no_statement_id", "The statement has no name.", "Ask the bank for a complete file.")
    if not statement.bank_account:
        yield Fault(where, "no_bank_account", "It is not said of which account it is.", "Ask the bank for it.")
    if statement.currency != currency:
        yield Fault(
            where,
            "wrong_currency",
            f"The statement is kept in {statement.currency or 'no currency'}, our accounts in {currency}.",
            "Bring statements of the account that customers pay to.",
        )
    if statement.format is StatementFormat.CAMT_054:
        return
    if statement.opening_minor is None or statement.closing_minor is None:
        yield Fault(where, "no_balance", "Its opening or closing balance is missing.", "Ask the bank for a whole file.")
    elif statement.opening_minor + statement.moved_minor != statement.closing_minor:
        yield _unbalanced(statement, where, places)


def _unbalanced(statement: Statement, where: str, places: int) -> Fault:
    opening, closing = statement.opening_minor or 0, statement.closing_minor or 0
    said = [fixed.to_text(value, places=places) for value in (opening, statement.moved_minor, closing)]
    missing = fixed.to_text(closing - opening - statement.moved_minor, places=places)
    return Fault(
        where,
        "statement_not_balanced",
        f"Opening balance {said[0]} and lines {said[1]} do not make the closing balance {said[2]}: {missing} differ.",
        "Lines are missing or doubled: ask the bank for the file again.",
    )


def refuse(faults: Sequence[Fault], *, name: str) -> None:
    """
    Refuse a file if anything is wrong in it.

    :raises StatementRefused: there is a fault; all of them are in it, up to 200.
    """
    if faults:
        raise StatementRefused(
            f"{name}: {faults[0]}",
            advice=f"{len(faults)} faults; nothing was taken." if len(faults) > 1 else "Nothing was taken.",
            findings=list(faults[:FAULTS_MOST]),
        )


def entry_sums(lines: Sequence[Line]) -> dict[int, int]:
    """Return what the lines of each entry add up to. [minor unit]"""
    sums: defaultdict[int, int] = defaultdict(int)
    for line in lines:
        sums[line.entry] += line.signed_minor
    return dict(sums)
