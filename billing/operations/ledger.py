"""
The one door to the ledger.

A bill makes one transfer for each ledger class and one for its VAT; a credit swaps debit and credit; a zero amount
makes none. Customer balances are moved under the row lock of the customer's ledger account, ids sorted, so that two
postings never wait for each other in a circle.
"""

from collections.abc import Sequence
from datetime import date

from billing.models.ledger import LedgerAccount
from cis.kernel.actors import Actor
from cis.platform.db import execute, fetch, joins_transaction

REVENUE_PREFIX = "revenue."
CASH_PREFIX = "cash."
VAT_CODE = "liability.vat"
BANK_CASH = "cash.partner_bank"
EQUIPMENT = "revenue.equipment"
REFUND_FROM = "cash.bank"

_ENSURE_CUSTOMERS = """
    INSERT INTO billing_ledgeraccount (code, account_id, balance_minor)
    SELECT 'customer.' || wanted, wanted, 0
    FROM unnest(%(accounts)s::bigint[]) AS wanted
    WHERE NOT EXISTS (SELECT 1 FROM billing_ledgeraccount l WHERE l.account_id = wanted)
    ORDER BY wanted
    ON CONFLICT DO NOTHING
"""
_ENSURE_SYSTEM = """
    INSERT INTO billing_ledgeraccount (code, account_id, balance_minor)
    SELECT wanted, NULL, 0 FROM unnest(%(codes)s::text[]) AS wanted
    WHERE NOT EXISTS (SELECT 1 FROM billing_ledgeraccount l WHERE l.code = wanted)
    ORDER BY wanted
    ON CONFLICT DO NOTHING
"""
_LOCK = "SELECT id FROM billing_ledgeraccount WHERE account_id = ANY(%(accounts)s) ORDER BY id FOR UPDATE"
# One row a bill and part, out of lines and charges; what they contain as VAT is posted apart from its revenue.
_POST_BILLS = """
    WITH part AS (
        SELECT l.bill_id, x.part, x.code, sum(x.amount) AS amount
        FROM (
            SELECT bill_id, ledger_class, amount_minor, tax_minor FROM billing_billline WHERE bill_id = ANY(%(bills)s)
            UNION ALL
            SELECT bill_id, ledger_class, amount_minor, tax_minor FROM billing_billcharge WHERE bill_id = ANY(%(bills)s)
        ) l
        CROSS JOIN LATERAL (VALUES
            (l.ledger_class, 'revenue.' || l.ledger_class, l.amount_minor - l.tax_minor),
            ('vat', 'liability.vat', l.tax_minor)
        ) AS x(part, code, amount)
        GROUP BY l.bill_id, x.part, x.code
        HAVING sum(x.amount) <> 0
    ), posted AS (
        INSERT INTO billing_transfer
            (debit_id, credit_id, account_id, amount_minor, kind, source_id, part, occurred_date, period, posted_at,
             actor_id, reason)
        SELECT CASE WHEN p.amount > 0 THEN c.id ELSE s.id END,
               CASE WHEN p.amount > 0 THEN s.id ELSE c.id END,
               b.account_id, abs(p.amount), 'bill', b.id, p.part,
               %(occurred)s, date_trunc('month', %(occurred)s::date)::date, now(), %(actor)s, ''
        FROM part p
        JOIN billing_bill b ON b.id = p.bill_id
        JOIN billing_ledgeraccount c ON c.account_id = b.account_id
        JOIN billing_ledgeraccount s ON s.code = p.code
    )
    UPDATE billing_ledgeraccount l
    SET balance_minor = l.balance_minor + moved.owed
    FROM (SELECT b.account_id, sum(p.amount) AS owed FROM part p JOIN billing_bill b ON b.id = p.bill_id
          GROUP BY b.account_id) moved
    WHERE l.account_id = moved.account_id
"""
_CLASSES = """
    SELECT DISTINCT ledger_class FROM billing_billline WHERE bill_id = ANY(%(bills)s)
    UNION SELECT ledger_class FROM billing_billcharge WHERE bill_id = ANY(%(bills)s)
"""
_CHANNELS = "SELECT DISTINCT channel FROM billing_payment WHERE id = ANY(%(payments)s)"
_POST_PAYMENTS = """
    WITH posted AS (
        INSERT INTO billing_transfer
            (debit_id, credit_id, account_id, amount_minor, kind, source_id, part, occurred_date, period, posted_at,
             actor_id, reason)
        SELECT s.id, c.id, p.account_id, p.amount_minor, 'payment', p.id, p.channel, p.received_date,
               date_trunc('month', p.received_date)::date, now(), %(actor)s, ''
        FROM billing_payment p
        JOIN billing_ledgeraccount c ON c.account_id = p.account_id
        JOIN billing_ledgeraccount s ON s.code = 'cash.' || p.channel
        WHERE p.id = ANY(%(payments)s)
        RETURNING account_id, amount_minor
    )
    UPDATE billing_ledgeraccount l
    SET balance_minor = l.balance_minor - paid.amount
    FROM (SELECT account_id, sum(amount_minor) AS amount FROM posted GROUP BY account_id) paid
    WHERE l.account_id = paid.account_id
"""
_REVERSE = """
    INSERT INTO billing_transfer
        (debit_id, credit_id, account_id, amount_minor, kind, source_id, part, occurred_date, period, posted_at,
         reverses_id, actor_id, reason)
    SELECT t.credit_id, t.debit_id, t.account_id, t.amount_minor, t.kind, %(new)s, t.part, %(occurred)s,
           date_trunc('month', %(occurred)s::date)::date, now(), t.id, %(actor)s, %(reason)s
    FROM billing_transfer t WHERE t.kind = 'bill' AND t.source_id = %(old)s
    RETURNING debit_id, credit_id, amount_minor
"""


_REFUND = """
    INSERT INTO billing_transfer
        (debit_id, credit_id, account_id, amount_minor, kind, source_id, part, occurred_date, period, posted_at,
         actor_id, reason)
    SELECT %(customer)s, s.id, %(account)s, %(amount)s, 'refund', %(refund)s, 'bank', %(occurred)s,
           date_trunc('month', %(occurred)s::date)::date, now(), %(actor)s, ''
    FROM billing_ledgeraccount s WHERE s.code = %(cash)s
"""
_FINANCING = """
    INSERT INTO billing_transfer
        (debit_id, credit_id, account_id, amount_minor, kind, source_id, part, occurred_date, period, posted_at,
         actor_id, reason)
    SELECT c.id, s.id, %(account)s, x.amount, 'financing', %(financing)s, x.part, %(occurred)s,
           date_trunc('month', %(occurred)s::date)::date, now(), %(actor)s, ''
    FROM (VALUES (%(revenue)s, 'equipment', %(net)s::bigint), ('liability.vat', 'vat', %(tax)s::bigint))
        AS x(code, part, amount)
    JOIN billing_ledgeraccount s ON s.code = x.code
    JOIN billing_ledgeraccount c ON c.code = %(cash)s
    WHERE x.amount > 0
"""
_RETURN_FINANCING = """
    INSERT INTO billing_transfer
        (debit_id, credit_id, account_id, amount_minor, kind, source_id, part, occurred_date, period, posted_at,
         reverses_id, actor_id, reason)
    SELECT t.credit_id, t.debit_id, t.account_id, t.amount_minor, t.kind, t.source_id, 'returned_' || t.part,
           %(occurred)s, date_trunc('month', %(occurred)s::date)::date, now(), t.id, %(actor)s, %(reason)s
    FROM billing_transfer t WHERE t.kind = 'financing' AND t.source_id = %(financing)s AND t.reverses_id IS NULL
"""


@joins_transaction
def lock_customers(*, account_ids: Sequence[int]) -> None:
    """Make the ledger accounts of these customers where they are missing, and lock them in the order of their ids."""
    wanted = {"accounts": sorted(set(account_ids))}
    execute(_ENSURE_CUSTOMERS, wanted)
    execute(_LOCK, wanted)


@joins_transaction
def post_bills(*, bill_ids: Sequence[int], account_ids: Sequence[int], occurred_date: date, actor: Actor) -> None:
    """
    Post bills that are being issued and move the balances of their customers; five statements, however many bills.

    :param account_ids: the accounts of the bills.
    :raises django.db.IntegrityError: one of them was posted before (``transfer_posted_once``).
    """
    values = {"bills": list(bill_ids), "occurred": occurred_date, "actor": actor.id}
    lock_customers(account_ids=account_ids)
    codes = sorted({VAT_CODE, *(REVENUE_PREFIX + name for (name,) in fetch(_CLASSES, values))})
    execute(_ENSURE_SYSTEM, {"codes": codes})
    execute(_POST_BILLS, values)


@joins_transaction
def reverse_bill(
    *, bill_id: int, credit_note_id: int, account_id: int, occurred_date: date, actor: Actor, reason: str
) -> None:
    """
    Take back what a bill posted: each of its transfers the other way round, ``reverses`` naming it.

    :param credit_note_id: the bill of kind credit that says so to the customer.
    """
    lock_customers(account_ids=[account_id])
    customer = LedgerAccount.objects.get(account_id=account_id)
    values = {
        "old": bill_id,
        "new": credit_note_id,
        "occurred": occurred_date,
        "actor": actor.id,
        "reason": reason[:200],
    }
    owed = sum(amount if debit == customer.id else -amount for debit, _, amount in fetch(_REVERSE, values))
    _move(customer, owed)


@joins_transaction
def post_payments(*, payment_ids: Sequence[int], account_ids: Sequence[int], actor: Actor) -> None:
    """
    Post money received: cash of its channel against what the customer owes; five statements, however many payments.

    :param account_ids: the accounts of the payments.
    :raises django.db.IntegrityError: one of them was posted before (``transfer_posted_once``).
    """
    lock_customers(account_ids=account_ids)
    values = {"payments": list(payment_ids), "actor": actor.id}
    codes = sorted(CASH_PREFIX + channel for (channel,) in fetch(_CHANNELS, values))
    execute(_ENSURE_SYSTEM, {"codes": codes})
    execute(_POST_PAYMENTS, values)


@joins_transaction
def post_refund(*, refund_id: int, account_id: int, amount_minor: int, occurred_date: date, actor: Actor) -> None:
    """
    Post money that is paid back by bank: what the customer had as credit against cash.

    :raises django.db.IntegrityError: it was posted before (``transfer_posted_once``).
    """
    lock_customers(account_ids=[account_id])
    execute(_ENSURE_SYSTEM, {"codes": [REFUND_FROM]})
    customer = LedgerAccount.objects.get(account_id=account_id)
    values = {
        "refund": refund_id,
        "account": account_id,
        "amount": amount_minor,
        "occurred": occurred_date,
        "actor": actor.id,
        "customer": customer.id,
        "cash": REFUND_FROM,
    }
    execute(_REFUND, values)
    _move(customer, amount_minor)


@joins_transaction
def post_financing(
    *, financing_id: int, account_id: int, amount_minor: int, tax_minor: int, occurred_date: date, actor: Actor
) -> None:
    """
    Post what a partner bank paid for equipment that a customer bought: cash against revenue and VAT; two statements.

    The customer's own account is not touched: the instalments are the bank's.

    :param account_id: whose sale it is. :param amount_minor: with the VAT that it contains. [minor unit]
    :raises django.db.IntegrityError: it was posted before (``transfer_posted_once``).
    """
    execute(_ENSURE_SYSTEM, {"codes": sorted([BANK_CASH, EQUIPMENT, VAT_CODE])})
    values = {
        "financing": financing_id,
        "account": account_id,
        "net": amount_minor - tax_minor,
        "tax": tax_minor,
        "occurred": occurred_date,
        "actor": actor.id,
        "revenue": EQUIPMENT,
        "cash": BANK_CASH,
    }
    execute(_FINANCING, values)


@joins_transaction
def return_financing(*, financing_id: int, occurred_date: date, actor: Actor, reason: str) -> None:
    """
    Post that the money of a partner bank goes back, since the sale was taken back; one statement.

    :raises django.db.IntegrityError: it went back before.
    """
    values = {"financing": financing_id, "occurred": occurred_date, "actor": actor.id, "reason": reason[:200]}
    execute(_RETURN_FINANCING, values)


def _move(customer: LedgerAccount, owed_minor: int) -> None:
    customer.balance_minor += owed_minor  # the row is locked
    customer.save(update_fields=["balance_minor"])
