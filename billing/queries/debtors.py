"""Whose money may it be? Accounts by the numbers that a payer writes, and by what they owe."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from accounts.queries.customers import PLAIN_NAME
from cis.platform.db import fetch

_HOLDER = """
    LEFT JOIN accounts_accountholder h ON h.account_id = a.id AND h.period @> %(today)s::date
    LEFT JOIN accounts_customer c ON c.id = h.customer_id
"""
_BY_NUMBER = f"""
    SELECT a.number, FALSE, a.id, coalesce(l.balance_minor, 0), coalesce(c.name, '')
    FROM accounts_account a
    LEFT JOIN billing_ledgeraccount l ON l.account_id = a.id
    {_HOLDER}
    WHERE a.number = ANY(%(numbers)s)
    UNION ALL
    SELECT b.number, TRUE, a.id,
           CASE b.state WHEN 'issued' THEN b.amount_minor - coalesce(
               (SELECT sum(x.amount_minor) FROM billing_allocation x WHERE x.bill_id = b.id), 0) ELSE 0 END,
           coalesce(c.name, '')
    FROM billing_bill b
    JOIN accounts_account a ON a.id = b.account_id
    {_HOLDER}
    WHERE b.number = ANY(%(numbers)s) AND b.kind <> 'credit' AND b.state IN ('issued', 'cancelled')
    UNION ALL
    SELECT g.code, TRUE, a.id, sum(CASE WHEN b.state = 'issued' AND g.ended_at IS NULL THEN greatest(
               least(g.high_minor, b.amount_minor) - greatest(g.low_minor, coalesce(
                   (SELECT sum(x.amount_minor) FROM billing_allocation x WHERE x.bill_id = b.id), 0)), 0) ELSE 0 END),
           coalesce(c.name, '')
    FROM billing_agreedpart g
    JOIN billing_bill b ON b.id = g.bill_id
    JOIN accounts_account a ON a.id = g.account_id
    {_HOLDER}
    WHERE g.code = ANY(%(numbers)s)
    GROUP BY g.code, a.id, c.name
"""  # noqa: S608 (no value of anybody's is in it)
# From the name to the account: many owe the same amount, few have the same name.
_BY_BALANCE = f"""
    SELECT h.account_id, l.balance_minor, c.name
    FROM accounts_customer c
    JOIN accounts_accountholder h ON h.customer_id = c.id AND h.period @> %(today)s::date
    JOIN billing_ledgeraccount l ON l.account_id = h.account_id
    WHERE {PLAIN_NAME.format("c.name")} = ANY(%(names)s::text[]) AND l.balance_minor = ANY(%(amounts)s::bigint[])
    ORDER BY h.account_id
"""  # noqa: S608 (no value of anybody's is in it)


@dataclass(frozen=True, slots=True)
class Numbered:
    """
    What a number stands for: a bill or an agreed part of bills, or an account.

    open_minor  open of the bill or part, or owed on the account [minor unit]
    """

    number: str
    is_bill: bool
    account_id: int
    open_minor: int
    holder: str


def by_numbers(*, numbers: Collection[str], today: date) -> tuple[Numbered, ...]:
    """Return the accounts, issued or cancelled bills, and agreed parts that have these numbers; one statement."""
    if not numbers:
        return ()
    return tuple(Numbered(*row) for row in fetch(_BY_NUMBER, {"numbers": sorted(numbers), "today": today}))


def by_balance(
    *, amounts_minor: Collection[int], names: Collection[str], today: date
) -> tuple[tuple[int, int, str], ...]:
    """
    Return (account, what it owes, holder's name) where one of the amounts is owed by one of the names; one statement.

    names  of letters and digits alone, in small letters
    """
    if not amounts_minor or not names:
        return ()
    return tuple(fetch(_BY_BALANCE, {"amounts": sorted(amounts_minor), "names": sorted(names), "today": today}))
