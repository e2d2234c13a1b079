"""Credit that lies: its owner owes on another account, or nobody has used or claimed it for long."""

from dataclasses import dataclass
from datetime import date, timedelta

from billing.queries import adjustment_rules
from cis.kernel.text import like
from cis.platform.db import fetch

# Free money of an account is dated by the oldest payment or credit that still has something left.
_FOUND = """
    WITH lying AS (
        SELECT l.account_id, -l.balance_minor AS credit, h.customer_id,
               (SELECT min(x.since) FROM (
                    SELECT p.received_date AS since FROM billing_payment p
                    WHERE p.account_id = l.account_id
                      AND NOT EXISTS (SELECT 1 FROM billing_paymentreturn r WHERE r.payment_id = p.id)
                      AND p.amount_minor > coalesce((SELECT sum(a.amount_minor) FROM billing_allocation a
                                                     WHERE a.payment_id = p.id), 0)
                    UNION ALL
                    SELECT b.issue_date FROM billing_bill b
                    WHERE b.account_id = l.account_id AND b.state = 'issued' AND b.kind <> 'credit'
                      AND b.amount_minor < 0
                      AND -b.amount_minor > coalesce((SELECT sum(a.amount_minor) FROM billing_allocation a
                                                      WHERE a.credit_id = b.id), 0)) x) AS since
        FROM billing_ledgeraccount l
        LEFT JOIN LATERAL (SELECT o.customer_id FROM accounts_accountholder o
                           WHERE o.account_id = l.account_id AND lower(o.period) <= %(today)s
                           ORDER BY lower(o.period) DESC LIMIT 1) h ON TRUE
        WHERE l.account_id IS NOT NULL AND l.balance_minor < 0
    ), owing AS (
        SELECT y.account_id, sum(d.balance_minor) AS owed, min(d.account_id) AS owing_id,
               array_agg(c.number ORDER BY c.number) AS numbers
        FROM lying y
        JOIN accounts_accountholder t
          ON t.customer_id = y.customer_id AND upper_inf(t.period) AND t.account_id <> y.account_id
        JOIN billing_ledgeraccount d ON d.account_id = t.account_id AND d.balance_minor > 0
        JOIN accounts_account c ON c.id = d.account_id
        GROUP BY y.account_id
    )
    SELECT y.account_id, c.number, coalesce(n.name, ''), c.state = 'closed', y.credit, y.since, coalesce(o.owed, 0),
           coalesce(o.numbers, '{}'), o.owing_id,
           coalesce((SELECT sum(r.amount_minor) FROM billing_refund r
                     WHERE r.account_id = y.account_id AND r.state IN ('asked', 'approved')), 0)
    FROM lying y
    JOIN accounts_account c ON c.id = y.account_id
    LEFT JOIN accounts_customer n ON n.id = y.customer_id
    LEFT JOIN owing o ON o.account_id = y.account_id
    WHERE (o.owed > 0 OR y.since <= %(old)s OR c.state = 'closed')
      AND (%(why)s = '' OR (%(why)s = 'owes' AND o.owed > 0) OR (%(why)s = 'old' AND y.since <= %(old)s)
           OR (%(why)s = 'closed' AND c.state = 'closed'))
      AND (%(text)s = '' OR c.number LIKE %(start)s OR n.name ILIKE %(like)s)
    ORDER BY o.owed IS NULL, y.since, y.account_id
    OFFSET %(offset)s LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclaimed:
    """
    Credit of one account that lies. [minor unit]

    since           day of the oldest money in it
    owed_minor      what the same customer owes on other accounts
    owing, owing_id their numbers, and one of them
    promised_minor  what refunds of it are under way
    """

    account_id: int
    number: str
    holder: str
    is_closed: bool
    credit_minor: int
    since: date | None
    owed_minor: int
    owing: tuple[str, ...]
    owing_id: int | None
    promised_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedCredit:
    """Filters; ``why``: owes, old, closed, or "" for all."""

    text: str = ""
    why: str = ""


def listed(*, wanted: WantedCredit, today: date, offset: int = 0, most: int = 50) -> tuple[Unclaimed, ...]:
    """
    Return credit that lies: first where the same customer owes elsewhere, then the oldest; one statement.

    :raises MissingRule: the pack has no rule ``money_moves``.
    """
    old = today - timedelta(days=adjustment_rules.moves(at=today).old_days)
    given = {
        "today": today, "old": old, "why": wanted.why, "text": wanted.text,
        "start": like(wanted.text, left=""), "like": like(wanted.text), "offset": offset, "most": most,
    }  # fmt: skip
    return tuple(
        Unclaimed(
            account_id=account_id,
            number=number,
            holder=holder,
            is_closed=is_closed,
            credit_minor=int(credit),
            since=since,
            owed_minor=int(owed),
            owing=tuple(owing),
            owing_id=owing_id,
            promised_minor=int(promised),
        )
        for account_id, number, holder, is_closed, credit, since, owed, owing, owing_id, promised in fetch(
            _FOUND, given
        )
    )
