"""What was billed by component, class of use and month, and what came in by channel and month: sums of the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from billing.queries.account_classes import CLASS, OF_ACCOUNT
from cis.platform.db import fetch

REVENUE = r"revenue\..*"
BILLED = r"(revenue\..*|liability\.vat)"
CASH = r"cash\..*"
# Each account's class is looked for once, at the end of the month.
_BY_CLASS = f"""
    WITH moved AS (
        SELECT t.account_id, l.code,
               sum(CASE WHEN l.id = t.credit_id THEN t.amount_minor ELSE -t.amount_minor END) AS amount
        FROM billing_transfer t JOIN billing_ledgeraccount l ON l.id IN (t.debit_id, t.credit_id)
        WHERE t.period = %(month)s AND l.account_id IS NULL AND l.code ~ ('^' || %(codes)s || '$')
        GROUP BY 1, 2
    ), classed AS (
        SELECT x.account_id, {CLASS} AS class
        FROM (SELECT DISTINCT account_id FROM moved) x
        {OF_ACCOUNT.format(account="x.account_id", day="(%(month)s::date + interval '1 month - 1 day')::date")}
    )
    SELECT m.code, k.class, sum(m.amount)::bigint
    FROM moved m JOIN classed k ON k.account_id IS NOT DISTINCT FROM m.account_id
    GROUP BY 1, 2 ORDER BY m.code LIKE 'liability.%%', 1, 2
"""  # noqa: S608 (no value of anybody's is in it)
# Closed months from their sums, open ones from their transfers.
_BY_MONTH = """
    WITH last AS (SELECT coalesce(max(month), '-infinity') AS month FROM billing_accountingperiod
                  WHERE state = 'closed'),
    moves AS (
        SELECT p.month, b.code, b.debit_minor AS debit, b.credit_minor AS credit
        FROM billing_periodbalance b JOIN billing_accountingperiod p ON p.id = b.period_id
        WHERE p.month BETWEEN %(since)s AND %(until)s
        UNION ALL
        SELECT t.period, l.code, CASE WHEN l.id = t.debit_id THEN t.amount_minor ELSE 0 END,
               CASE WHEN l.id = t.credit_id THEN t.amount_minor ELSE 0 END
        FROM billing_transfer t JOIN billing_ledgeraccount l ON l.id IN (t.debit_id, t.credit_id)
        WHERE l.account_id IS NULL AND t.period BETWEEN %(since)s AND %(until)s
          AND t.period > (SELECT month FROM last)
    )
    SELECT code, month, sum(debit)::bigint, sum(credit)::bigint FROM moves
    WHERE code ~ ('^' || %(codes)s || '$') GROUP BY 1, 2 ORDER BY 1, 2
"""
# Moves between our own cash accounts (till to safe, safe to bank, a provider's money on its way) bring nothing in.
_INNER = """
    SELECT l.code, t.period, sum(CASE WHEN l.id = t.debit_id THEN t.amount_minor ELSE 0 END)::bigint,
           sum(CASE WHEN l.id = t.credit_id THEN t.amount_minor ELSE 0 END)::bigint
    FROM billing_ledgeraccount d
    JOIN billing_transfer t ON t.debit_id = d.id AND t.period BETWEEN %(since)s AND %(until)s
    JOIN billing_ledgeraccount c ON c.id = t.credit_id AND c.code ~ ('^' || %(codes)s || '$') AND c.account_id IS NULL
    JOIN billing_ledgeraccount l ON l.id IN (t.debit_id, t.credit_id)
    WHERE d.account_id IS NULL AND d.code ~ ('^' || %(codes)s || '$')
    GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Moved:
    """What a ledger account moved in a month. [minor unit]"""

    debit_minor: int = 0
    credit_minor: int = 0


def by_class(*, month: date) -> Mapping[str, Mapping[str, int]]:
    """
    Return what was earned in a month by ledger account and class of use; one statement. [minor unit]

    It is credit less debit. VAT is among it, for bills carry it. Class "": nobody knows one, or it is about nobody.
    """
    found: dict[str, dict[str, int]] = {}
    for code, name, amount in fetch(_BY_CLASS, {"month": month, "codes": BILLED}):
        found.setdefault(code, {})[name] = amount
    return found


def by_month(*, codes: str, since: date, until: date) -> Mapping[str, Mapping[date, Moved]]:
    """
    Return debit and credit of ledger accounts by month; one statement.

    codes         a pattern for their whole codes, as REVENUE or CASH
    since, until  first days of months, both included
    """
    found: dict[str, dict[date, Moved]] = {}
    for code, month, debit, credit in fetch(_BY_MONTH, {"codes": codes, "since": since, "until": until}):
        found.setdefault(code, {})[month] = Moved(debit, credit)
    return found


def received(*, since: date, until: date) -> Mapping[str, Mapping[date, Moved]]:
    """
    Return debit and credit of cash accounts by month without moves between them; two statements.

    An account between whose own there was nothing else, as a safe, is left out.
    """
    found = {code: dict(row) for code, row in by_month(codes=CASH, since=since, until=until).items()}
    for code, month, debit, credit in fetch(_INNER, {"codes": CASH, "since": since, "until": until}):
        moved = found[code][month]
        found[code][month] = Moved(moved.debit_minor - debit, moved.credit_minor - credit)
    return {code: row for code, row in found.items() if any(one != Moved() for one in row.values())}
