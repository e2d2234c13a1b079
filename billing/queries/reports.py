"""Reports of the ledger: what the books say of a month."""

from dataclasses import dataclass
from datetime import date

from cis.platform.db import fetch

# Closed months are read from their sums, open ones from their transfers; all customers are one account.
_TRIAL_BALANCE = """
    WITH last AS (SELECT coalesce(max(month), '-infinity') AS month FROM billing_accountingperiod
                  WHERE state = 'closed'),
    moves AS (
        SELECT p.month, b.code, b.debit_minor AS debit, b.credit_minor AS credit
        FROM billing_periodbalance b JOIN billing_accountingperiod p ON p.id = b.period_id
        WHERE p.month <= %(month)s
        UNION ALL
        SELECT t.period, CASE WHEN l.account_id IS NULL THEN l.code ELSE 'customer' END,
               CASE WHEN l.id = t.debit_id THEN t.amount_minor ELSE 0 END,
               CASE WHEN l.id = t.credit_id THEN t.amount_minor ELSE 0 END
        FROM billing_transfer t JOIN billing_ledgeraccount l ON l.id IN (t.debit_id, t.credit_id)
        WHERE t.period <= %(month)s AND t.period > (SELECT month FROM last)
    )
    SELECT code, coalesce(sum(debit - credit) FILTER (WHERE month < %(month)s), 0)::bigint,
           coalesce(sum(debit) FILTER (WHERE month = %(month)s), 0)::bigint,
           coalesce(sum(credit) FILTER (WHERE month = %(month)s), 0)::bigint
    FROM moves GROUP BY code ORDER BY code
"""


@dataclass(frozen=True, slots=True)
class BalanceLine:
    """
    One ledger account in a month; a balance > 0 is a debit. [minor unit]

    code           of the ledger account; ``customer`` is all customers together
    opening_minor  its balance before the month
    """

    code: str
    opening_minor: int
    debit_minor: int
    credit_minor: int

    @property
    def closing_minor(self) -> int:
        """Return the balance after the month. [minor unit]"""
        return self.opening_minor + self.debit_minor - self.credit_minor


def trial_balance(*, month: date) -> tuple[BalanceLine, ...]:
    """
    Return the trial balance of a month by ledger account; one statement.

    Debits are credits, and opening and closing balances each come to 0.
    """
    return tuple(
        BalanceLine(code=code, opening_minor=opening, debit_minor=debit, credit_minor=credit)
        for code, opening, debit, credit in fetch(_TRIAL_BALANCE, {"month": month})
    )
