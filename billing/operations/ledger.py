"""
The one door to the ledger.

A bill makes one transfer for each ledger class and one for its VAT; a credit swaps debit and credit; a zero amount
makes none. Customer balances are moved under the row lock of the customer's ledger account, ids sorted, so that two
postings never wait for each other in a circle.

What is posted belongs to the month in which it occurred; where that is closed, to the first open one. Postings share
a lock which the close of a month has alone, so a month gets nothing while it is being closed.
"""

from collections.abc import Sequence
from datetime import date

from billing.domain.channels import PaymentChannel
from billing.domain.entries import CUSTOMER, Entry, TransferKind
from cis.kernel.actors import Actor
from cis.platform.db import execute, fetch, joins_transaction

REVENUE_PREFIX = "revenue."
CASH_PREFIX = "cash."
VAT_CODE = "liability.vat"
RETURNED = "returned_"
REASON_MOST = 200

# The lock is taken also for no account, and a statement before the one that looks for the first open month.
_ENSURE_CUSTOMERS = """
    INSERT INTO billing_ledgeraccount (code, account_id, balance_minor)
    SELECT 'customer.' || wanted, wanted, 0
    FROM unnest(CASE WHEN (SELECT pg_advisory_xact_lock_shared(hashtext('books'))::text) IS NOT NULL
                     THEN %(accounts)s::bigint[] END) AS wanted
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
_CLOSE_TO_POSTINGS = "SELECT pg_advisory_xact_lock(hashtext('books'))"
_LOCK = "SELECT id FROM billing_ledgeraccount WHERE account_id = ANY(%(accounts)s) ORDER BY id FOR UPDATE"
_PERIOD = """greatest(date_trunc('month', {occurred}::date)::date, (
                   SELECT (max(month) + interval '1 month')::date FROM billing_accountingperiod WHERE state = 'closed'
               ))"""
_PERIOD_GIVEN = _PERIOD.format(occurred="%(occurred)s")
# One row a bill and part, out of lines and charges; what they contain as VAT is posted apart from its revenue.
_POST_BILLS = f"""
    WITH part AS (
        SELECT l.bill_id, x.part, x.code, sum(x.amount) AS amount
        FROM (
            SELECT bill_id, ledger_class, amount_minor, tax_minor FROM billing_billline WHERE bill_id = ANY(%(bills)s)
            UNION ALL
            SELECT bill_id, ledger_class, amount_minor, tax_minor FROM billing_billcharge WHERE bill_id = ANY(%(bills)s)
        ) l
        CROSS JOIN LATERAL (VALUES
            (l.ledger_class, CASE WHEN strpos(l.ledger_class, '.') > 0 THEN l.ledger_class
                                  ELSE 'revenue.' || l.ledger_class END, l.amount_minor - l.tax_minor),
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
               %(occurred)s, {_PERIOD_GIVEN}, now(), %(actor)s, ''
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
"""  # noqa: S608 (the words put in are our own)
_CLASSES = """
    SELECT DISTINCT ledger_class FROM billing_billline WHERE bill_id = ANY(%(bills)s)
    UNION SELECT ledger_class FROM billing_billcharge WHERE bill_id = ANY(%(bills)s)
"""
_POST_PAYMENTS = f"""
    WITH posted AS (
        INSERT INTO billing_transfer
            (debit_id, credit_id, account_id, amount_minor, kind, source_id, part, occurred_date, period, posted_at,
             actor_id, reason)
        SELECT s.id, c.id, p.account_id, p.amount_minor, 'payment', p.id, p.channel, p.received_date,
               {_PERIOD.format(occurred="p.received_date")}, now(), %(actor)s, ''
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
"""  # noqa: S608 (the words put in are our own)
# The other way round, and the balances of the customers that it moves.
_REVERSE = f"""
    WITH back AS (
        INSERT INTO billing_transfer
            (debit_id, credit_id, account_id, amount_minor, kind, source_id, part, occurred_date, period, posted_at,
             reverses_id, actor_id, reason)
        SELECT t.credit_id, t.debit_id, t.account_id, t.amount_minor, t.kind, %(new)s, %(prefix)s || t.part,
               %(occurred)s, {_PERIOD_GIVEN}, now(), t.id, %(actor)s, %(reason)s
        FROM billing_transfer t WHERE t.kind = %(kind)s AND t.source_id = %(old)s AND t.reverses_id IS NULL
        RETURNING debit_id, credit_id, amount_minor
    )
    UPDATE billing_ledgeraccount l
    SET balance_minor = l.balance_minor + moved.owed
    FROM (SELECT side, sum(amount) AS owed
          FROM (SELECT debit_id AS side, amount_minor AS amount FROM back
                UNION ALL SELECT credit_id, -amount_minor FROM back) sides GROUP BY side) moved
    WHERE l.id = moved.side AND l.account_id IS NOT NULL
"""  # noqa: S608 (the words put in are our own)
_POST = f"""
    WITH entry AS (
        SELECT * FROM unnest(
            %(sources)s::bigint[], %(parts)s::text[], %(debits)s::text[], %(credits)s::text[], %(accounts)s::bigint[],
            %(amounts)s::bigint[], %(dates)s::date[], %(reasons)s::text[]
        ) AS e(source_id, part, debit, credit, account_id, amount, occurred, reason)
    ), posted AS (
        INSERT INTO billing_transfer
            (debit_id, credit_id, account_id, amount_minor, kind, source_id, part, occurred_date, period, posted_at,
             actor_id, reason)
        SELECT d.id, c.id, e.account_id, e.amount, %(kind)s, e.source_id, e.part, e.occurred,
               {_PERIOD.format(occurred="e.occurred")}, now(), %(actor)s, e.reason
        FROM entry e
        JOIN billing_ledgeraccount d
          ON d.code = CASE e.debit WHEN '{CUSTOMER}' THEN 'customer.' || e.account_id ELSE e.debit END
        JOIN billing_ledgeraccount c
          ON c.code = CASE e.credit WHEN '{CUSTOMER}' THEN 'customer.' || e.account_id ELSE e.credit END
    )
    UPDATE billing_ledgeraccount l
    SET balance_minor = l.balance_minor + moved.owed
    FROM (SELECT account_id, sum(CASE debit WHEN '{CUSTOMER}' THEN amount ELSE -amount END) AS owed
          FROM entry WHERE '{CUSTOMER}' IN (debit, credit) GROUP BY account_id) moved
    WHERE l.account_id = moved.account_id
"""  # noqa: S608 (the words put in are our own)


@joins_transaction
def close_to_postings() -> None:
    """Wait until what is being posted is committed, and keep all postings waiting until the use case ends."""
    fetch(_CLOSE_TO_POSTINGS)


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
    codes = sorted({VAT_CODE, *(_code_of(name) for (name,) in fetch(_CLASSES, values))})
    execute(_ENSURE_SYSTEM, {"codes": codes})
    execute(_POST_BILLS, values)


def _code_of(ledger_class: str) -> str:
    """Return the ledger account of a class: one with a dot is a code itself, as ``expense.bad_debt``."""
    return ledger_class if "." in ledger_class else REVENUE_PREFIX + ledger_class


@joins_transaction
def reverse_bill(
    *, bill_id: int, credit_note_id: int, account_id: int, occurred_date: date, actor: Actor, reason: str
) -> None:
    """
    Take back what a bill posted: each of its transfers the other way round, ``reverses`` naming it.

    :param credit_note_id: the bill of kind credit that says so to the customer.
    """
    lock_customers(account_ids=[account_id])
    execute(_REVERSE, _reversal(TransferKind.BILL, bill_id, credit_note_id, "", occurred_date, actor, reason))


@joins_transaction
def post_payments(*, payment_ids: Sequence[int], channel: PaymentChannel, actor: Actor) -> None:
    """
    Post money received: cash of its channel against what the customer owes; two statements, however many payments.

    The caller holds the locks of their accounts (``lock_customers``).

    :raises django.db.IntegrityError: one of them was posted before (``transfer_posted_once``).
    """
    execute(_ENSURE_SYSTEM, {"codes": [CASH_PREFIX + channel.value]})
    execute(_POST_PAYMENTS, {"payments": list(payment_ids), "actor": actor.id})


@joins_transaction
def post(*, kind: TransferKind, entries: Sequence[Entry], actor: Actor) -> None:
    """
    Post movements that are neither bills nor payments; four statements, however many. No entries: nothing happens.

    :raises django.db.IntegrityError: one of them was posted before (``transfer_posted_once``).
    """
    if not entries:
        return
    lock_customers(account_ids=[entry.account_id for entry in entries if entry.account_id is not None])
    codes = {code for entry in entries for code in (entry.debit, entry.credit)} - {CUSTOMER}
    execute(_ENSURE_SYSTEM, {"codes": sorted(codes)})
    execute(
        _POST,
        {
            "kind": kind.value,
            "actor": actor.id,
            "sources": [entry.source_id for entry in entries],
            "parts": [entry.part for entry in entries],
            "debits": [entry.debit for entry in entries],
            "credits": [entry.credit for entry in entries],
            "accounts": [entry.account_id for entry in entries],
            "amounts": [entry.amount_minor for entry in entries],
            "dates": [entry.occurred_date for entry in entries],
            "reasons": [entry.reason[:REASON_MOST] for entry in entries],
        },
    )


@joins_transaction
def reverse(
    *, kind: TransferKind, source_id: int, account_id: int | None, occurred_date: date, actor: Actor, reason: str
) -> None:
    """
    Take back what a payment, a refund or another movement posted, each of its transfers the other way round.

    :raises django.db.IntegrityError: it was taken back before.
    """
    lock_customers(account_ids=[] if account_id is None else [account_id])
    execute(_REVERSE, _reversal(kind, source_id, source_id, RETURNED, occurred_date, actor, reason))


def _reversal(
    kind: TransferKind, old: int, new: int, prefix: str, occurred_date: date, actor: Actor, reason: str
) -> dict[str, object]:
    return {
        "kind": kind.value,
        "old": old,
        "new": new,
        "prefix": prefix,
        "occurred": occurred_date,
        "actor": actor.id,
        "reason": reason[:REASON_MOST],
    }
