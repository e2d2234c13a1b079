"""
The journal of an accounting month, as text that other bookkeeping reads.

The text has no moment and no language in it: the same movements and the same chart give the same bytes.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from billing.domain.entries import CUSTOMER
from cis.kernel.fixed import to_text

NUMBER = re.compile(r"[A-Z0-9][A-Za-z0-9-]{0,29}")
"""What a number of the company's chart looks like: the part of an account's name that the journal format allows."""
ROOTS: Mapping[str, str] = {
    CUSTOMER: "Assets",
    "cash": "Assets",
    "asset": "Assets",
    "liability": "Liabilities",
    "revenue": "Income",
    "income": "Income",
    "expense": "Expenses",
    "equity": "Equity",
}
"""The root of an account in the journal format, by the first word of the ledger code."""
COLUMNS = ("entry", "date", "number", "name", "ledger_code", "debit", "credit", "kind", "transfers")
DECIMALS = 2


@dataclass(frozen=True, slots=True)
class Account:
    """A ledger account as the company's chart has it."""

    number: str
    name: str


@dataclass(frozen=True, slots=True)
class JournalLine:
    """
    The movements of one day, one kind and one pair of ledger accounts together.

    day           on which they occurred; the first of the month where that was in a month closed before
    transfers     how many they are
    amount_minor  what they move from ``credit`` to ``debit`` [minor unit]
    """

    day: date
    kind: str
    debit: str
    credit: str
    transfers: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Journal:
    """
    A month with its lines in order.

    hash  of the closed month; "": it is not closed, and may still change
    """

    month: date
    currency: str
    hash: str
    lines: Sequence[JournalLine]
    accounts: Mapping[str, Account]


def root_of(code: str) -> str | None:
    """Return the root of a ledger code in the journal format; None: its first word is not known."""
    return ROOTS.get(code.partition(".")[0])


def plain_text(journal: Journal) -> str:
    """
    Return the journal in the plain-text format of Beancount 2 and 3; a debit is above 0.

    [source: Beancount Language Syntax, "Transactions", "Accounts"]
    """
    state = f"closed {journal.hash}" if journal.hash else "not closed"
    transfers = sum(line.transfers for line in journal.lines)
    moved = to_text(sum(line.amount_minor for line in journal.lines), places=DECIMALS)
    parts = [f"; journal {journal.month:%Y-%m}, {state}\n; {transfers} transfers, {moved} {journal.currency} moved\n"]
    for line in journal.lines:
        amount = to_text(line.amount_minor, places=DECIMALS)
        parts.append(
            f'\n{line.day.isoformat()} * "{line.kind}" "{line.debit} from {line.credit}, {line.transfers}"\n'
            f"  {_name(journal, line.debit)}  {amount} {journal.currency}\n"
            f"  {_name(journal, line.credit)}  -{amount} {journal.currency}\n"
        )
    return "".join(parts)


def opening_text(accounts: Mapping[str, tuple[date, Account]], *, currency: str) -> str:
    """Return what opens the accounts of a chart in the same format, each once, from its first month on."""
    first: dict[str, tuple[date, str]] = {}
    for code, (since, account) in sorted(accounts.items()):
        name = f"{root_of(code)}:{account.number}"
        first[name] = min(first.get(name, (since, account.name)), (since, account.name))
    return "".join(
        f'{since.isoformat()} open {name} {currency}\n  name: "{_quoted(title)}"\n'
        for name, (since, title) in sorted(first.items())
    )


def table(journal: Journal) -> str:
    """Return the journal as CSV, two rows an entry, the debit first; ``COLUMNS`` names its columns."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for entry, line in enumerate(journal.lines, start=1):
        amount = to_text(line.amount_minor, places=DECIMALS)
        for code, sides in ((line.debit, (amount, "")), (line.credit, ("", amount))):
            account = journal.accounts[code]
            writer.writerow(
                [entry, line.day.isoformat(), account.number, account.name, code, *sides, line.kind, line.transfers]
            )
    return out.getvalue()


def sums(lines: Sequence[JournalLine]) -> dict[str, tuple[int, int]]:
    """Return debit and credit of each ledger account. [minor unit]"""
    found: dict[str, tuple[int, int]] = {}
    for line in lines:
        debit, credit = found.get(line.debit, (0, 0))
        found[line.debit] = (debit + line.amount_minor, credit)
        debit, credit = found.get(line.credit, (0, 0))
        found[line.credit] = (debit, credit + line.amount_minor)
    return found


def _name(journal: Journal, code: str) -> str:
    return f"{root_of(code)}:{journal.accounts[code].number}"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
