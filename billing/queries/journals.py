"""The journal of a month: its movements by day, kind and pair of accounts, under the numbers of the company's chart."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from accounts.queries import supplier
from billing.domain import journals as domain
from billing.domain.entries import CUSTOMER
from billing.domain.journals import Account, Journal, JournalLine
from billing.models.chart import ChartEntry
from billing.queries import periods, reports
from cis.kernel.errors import Findings, Refused
from cis.platform.db import fetch

_NAMED = "CASE WHEN {0}.account_id IS NULL THEN {0}.code ELSE '" + CUSTOMER + "' END"
_LINES = f"""
    SELECT greatest(t.occurred_date, t.period), t.kind, {_NAMED.format("d")}, {_NAMED.format("c")}, count(*),
           sum(t.amount_minor)::bigint
    FROM billing_transfer t
    JOIN billing_ledgeraccount d ON d.id = t.debit_id JOIN billing_ledgeraccount c ON c.id = t.credit_id
    WHERE t.period = %(month)s
    GROUP BY 1, 2, 3, 4
"""  # noqa: S608 (no value of anybody's is in it)


class UnmappedAccounts(Refused):
    """The company's chart has no number for some ledger accounts; ``detail["findings"]`` names each."""

    code = "unmapped_accounts"


class JournalDiffers(Refused):
    """The journal does not come to the trial balance of its month: a fault of the machine."""

    code = "journal_differs"


@dataclass(frozen=True, slots=True)
class ChartLine:
    """One ledger account with its number in the company's chart, as of a month; ``number`` "": it has none."""

    code: str
    number: str
    name: str
    since_month: date | None


def of_month(*, month: date, today: date) -> Journal:
    """
    Return the journal of a month; seven statements.

    :raises UnknownPeriod: the books have no such month.
    :raises UnmappedAccounts: a ledger account that moved has no number in the chart.
    :raises JournalDiffers: it does not come to the trial balance.
    """
    card = periods.one(month=month, today=today)
    lines = sorted(
        (JournalLine(*row) for row in fetch(_LINES, {"month": month})),
        key=lambda one: (one.day, one.kind, one.debit, one.credit),
    )
    moved = domain.sums(lines)
    balance = {one.code: (one.debit_minor, one.credit_minor) for one in reports.trial_balance(month=month)}
    if moved != {code: sides for code, sides in balance.items() if sides != (0, 0)}:
        raise JournalDiffers(
            f"The journal of {month:%Y-%m} does not come to its trial balance.",
            advice="This is a fault of the machine: tell the operator; manage.py verify_ledger shows it.",
        )
    accounts = {code: account for code, (_, account) in chart(month=month).items()}
    missing = Findings()
    for code in sorted(set(moved) - set(accounts)):
        missing.add(code, "unmapped_account", f"{code} has no number.", "Give it one in the chart of accounts.")
    missing.raise_if_any(UnmappedAccounts)
    return Journal(month, supplier.current().currency, card.hash, lines, accounts)


def chart(*, month: date | None = None) -> Mapping[str, tuple[date, Account]]:
    """Return the chart as it holds in a month, or as of its latest entries; one statement."""
    rows = ChartEntry.objects.all() if month is None else ChartEntry.objects.filter(since_month__lte=month)
    found = rows.order_by("since_month").values_list("code", "since_month", "number", "name")
    return {code: (since, Account(number, name)) for code, since, number, name in found}


def chart_lines() -> tuple[ChartLine, ...]:
    """Return each ledger account that there is, and each that the chart names, with its number; two statements."""
    known = chart()
    there = {code for (code,) in fetch("SELECT code FROM billing_ledgeraccount WHERE account_id IS NULL")}
    return tuple(_line(code, known.get(code)) for code in sorted({CUSTOMER, *there, *known}))


def _line(code: str, entry: tuple[date, Account] | None) -> ChartLine:
    if entry is None:
        return ChartLine(code, "", "", None)
    since, account = entry
    return ChartLine(code, account.number, account.name, since)
