"""
What money pays what debt.

Money is payments and bills that are credits; debts are bills, notes, late fees, and money that was paid back. Both are
laid end to end, debts in the order that the pack's rule ``payment_order`` says; where two stretches overlap, one pays
the other. Of a bill whose parts are due by other days than it says (``AgreedPart``) each part stands where its own day
puts it, and before all else once its time has come. What was allocated stays; re-allocation adds rows, also negative
ones, and never changes any.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from billing.models.payment import Allocation
from cis.kernel.errors import Refused
from cis.platform import packs
from cis.platform.db import execute, fetch, joins_transaction

_PAID = "SELECT sum(a.amount_minor) FROM billing_allocation a WHERE a"
_ALLOCATE = f"""
    WITH money AS (
        SELECT p.id AS payment_id, NULL::bigint AS credit_id, p.account_id, p.received_date AS since,
               p.amount_minor - coalesce(({_PAID}.payment_id = p.id), 0) AS free
        FROM billing_payment p
        WHERE p.account_id = ANY(%(accounts)s)
          AND NOT EXISTS (SELECT 1 FROM billing_paymentreturn r WHERE r.payment_id = p.id)
        UNION ALL
        SELECT NULL, b.id, b.account_id, b.issue_date, -b.amount_minor - coalesce(({_PAID}.credit_id = b.id), 0)
        FROM billing_bill b
        WHERE b.account_id = ANY(%(accounts)s) AND b.state = 'issued' AND b.kind <> 'credit' AND b.amount_minor < 0
    ), laid_money AS (
        SELECT payment_id, credit_id, account_id, sum(free) OVER w - free AS low, sum(free) OVER w AS high
        FROM money WHERE free > 0
        WINDOW w AS (PARTITION BY account_id ORDER BY since, payment_id NULLS LAST, credit_id)
    ), debt AS (
        SELECT b.id AS bill_id, NULL::bigint AS refund_id, b.account_id, coalesce(g.due_date, b.due_date) AS due,
               coalesce(g.first_date <= %(today)s, false) AS is_first,
               array_position(%(order)s::text[], b.kind::text) AS rank,
               coalesce(g.high_minor, b.amount_minor) - greatest(coalesce(g.low_minor, 0), p.paid) AS open
        FROM billing_bill b
        CROSS JOIN LATERAL (SELECT coalesce(({_PAID}.bill_id = b.id), 0) AS paid) p
        LEFT JOIN billing_agreedpart g ON g.bill_id = b.id AND g.ended_at IS NULL
        WHERE b.account_id = ANY(%(accounts)s) AND b.state = 'issued' AND b.kind <> 'credit' AND b.amount_minor > 0
        UNION ALL
        SELECT NULL, r.id, r.account_id, r.paid_date, false, 0, r.amount_minor - coalesce(({_PAID}.refund_id = r.id), 0)
        FROM billing_refund r
        WHERE r.account_id = ANY(%(accounts)s) AND r.paid_date IS NOT NULL AND r.returned_date IS NULL
    ), laid_debt AS (
        SELECT bill_id, refund_id, account_id, sum(open) OVER w - open AS low, sum(open) OVER w AS high
        FROM debt WHERE open > 0
        WINDOW w AS (PARTITION BY account_id
                     ORDER BY refund_id IS NULL, is_first DESC, CASE WHEN %(oldest_first)s THEN 0 ELSE rank END,
                              due, rank, bill_id, refund_id)
    )
    INSERT INTO billing_allocation (payment_id, credit_id, bill_id, refund_id, amount_minor, created_at)
    SELECT m.payment_id, m.credit_id, d.bill_id, d.refund_id, sum(least(m.high, d.high) - greatest(m.low, d.low)), now()
    FROM laid_money m JOIN laid_debt d ON d.account_id = m.account_id AND m.high > d.low AND d.high > m.low
    GROUP BY m.payment_id, m.credit_id, d.bill_id, d.refund_id
"""  # noqa: S608 (no value of anybody's is in it)
_TAKE_BACK = """
    INSERT INTO billing_allocation (payment_id, credit_id, bill_id, refund_id, amount_minor, created_at)
    SELECT payment_id, credit_id, bill_id, refund_id, -sum(amount_minor), now() FROM billing_allocation
    WHERE {} = %s GROUP BY payment_id, credit_id, bill_id, refund_id HAVING sum(amount_minor) <> 0
"""
_OPEN = f"""
    SELECT b.id, b.amount_minor - coalesce(({_PAID}.bill_id = b.id), 0)
    FROM billing_bill b
    WHERE b.id = ANY(%(bills)s) AND b.account_id = %(account)s AND b.state = 'issued' AND b.kind <> 'credit'
"""  # noqa: S608 (no value of anybody's is in it)
# Several payments for one bill are laid end to end, so that together they pay no more than is open.
_DIRECT = f"""
    WITH pair AS (
        SELECT p.id AS payment_id, p.amount_minor, b.id AS bill_id,
               b.amount_minor - coalesce(({_PAID}.bill_id = b.id), 0) AS open,
               sum(p.amount_minor) OVER (PARTITION BY b.id ORDER BY p.id) - p.amount_minor AS before
        FROM unnest(%(payments)s::bigint[], %(bills)s::bigint[]) AS one (payment_id, bill_id)
        JOIN billing_payment p ON p.id = one.payment_id
        JOIN billing_bill b ON b.id = one.bill_id AND b.account_id = p.account_id AND b.state = 'issued'
                           AND b.kind <> 'credit'
    )
    INSERT INTO billing_allocation (payment_id, bill_id, amount_minor, created_at)
    SELECT payment_id, bill_id, least(amount_minor, open - before), now() FROM pair WHERE open > before
"""  # noqa: S608 (no value of anybody's is in it)


class BadDirection(Refused):
    """A payment cannot pay what its payer says: more than is open, or no bill of the account."""

    code = "bad_direction"


@joins_transaction
def allocate(*, account_ids: Sequence[int], today: date) -> None:
    """
    Let money that pays nothing yet pay what is open of its account; one statement.

    :param today: the day whose rule says in which order.
    :raises MissingRule: the pack of the place has no rule ``payment_order``.
    """
    rule = packs.rule("payment_order", at=today)
    execute(
        _ALLOCATE,
        {
            "accounts": list(account_ids),
            "order": list(rule["kinds"]),
            "oldest_first": rule["first"] == "oldest",
            "today": today,
        },
    )


@joins_transaction
def direct(*, payment_id: int, account_id: int, amount_minor: int, parts: Mapping[int, int]) -> None:
    """
    Let a payment that is just being booked pay what its payer says; the rest goes by the rule.

    amount_minor  of the payment [minor unit]
    parts         what it pays of each bill, by id of the bill [minor unit]

    :raises BadDirection: a bill is not the account's, or not open to that amount; or it is more than the payment.
    """
    if not parts:
        return
    open_of = dict(fetch(_OPEN, {"bills": list(parts), "account": account_id}))
    for bill_id, part_minor in parts.items():
        if not 0 < part_minor <= open_of.get(bill_id, 0):
            raise BadDirection(
                "So much is not open of this bill.", advice="Look at what is open of each bill.", bill_id=bill_id
            )
    if sum(parts.values()) > amount_minor:
        raise BadDirection("The bills come to more than the payment.", advice="Pay fewer bills, or a part of one.")
    Allocation.objects.bulk_create(
        Allocation(payment_id=payment_id, bill_id=bill_id, amount_minor=part) for bill_id, part in parts.items()
    )


@joins_transaction
def direct_credit(*, credit_id: int, parts: Mapping[int, int]) -> None:
    """
    Let a bill below 0 pay some debts of its account and no others, as a write-off does.

    :param parts: what it pays of each bill, by id of the bill; the caller has looked, under the lock of the account,
        that so much is open of each, and free of the credit. [minor unit]
    """
    Allocation.objects.bulk_create(
        Allocation(credit_id=credit_id, bill_id=bill_id, amount_minor=part) for bill_id, part in parts.items()
    )


@joins_transaction
def direct_many(*, payment_ids: Sequence[int], bill_ids: Sequence[int]) -> None:
    """
    Let payments that are just being booked pay first the bill that each is for, as far as it is open; one statement.

    payment_ids, bill_ids  pairs; a bill that holds no more, or is paid, gets nothing
    """
    execute(_DIRECT, {"payments": list(payment_ids), "bills": list(bill_ids)})


@joins_transaction
def redirect_credit(*, credit_id: int, account_id: int, parts: Mapping[int, int], today: date) -> None:
    """
    Let a credit that was just issued pay these debts, and not what the rule would have it pay; some statements.

    parts  by id of the bill, open to that amount [minor unit]
    """
    execute(_TAKE_BACK.format("credit_id"), [credit_id])
    Allocation.objects.bulk_create(
        Allocation(credit_id=credit_id, bill_id=bill_id, amount_minor=part) for bill_id, part in parts.items()
    )
    allocate(account_ids=[account_id], today=today)


@joins_transaction
def release_bill(*, bill_id: int) -> None:
    """Free the money that paid a bill which is being cancelled, and what it paid if it is a credit; two statements."""
    execute(_TAKE_BACK.format("bill_id"), [bill_id])
    execute(_TAKE_BACK.format("credit_id"), [bill_id])


@joins_transaction
def release_payment(*, payment_id: int) -> None:
    """Take a payment that went back from what it paid; one statement."""
    execute(_TAKE_BACK.format("payment_id"), [payment_id])


@joins_transaction
def release_refund(*, refund_id: int) -> None:
    """Free the money of a refund that came back; one statement."""
    execute(_TAKE_BACK.format("refund_id"), [refund_id])
