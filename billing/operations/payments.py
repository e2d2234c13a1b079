"""
Money received.

A payment is told apart by its channel's reference: the same reference again is the same payment. What it pays is
written as allocations, oldest bill first; re-allocation adds rows, also negative ones, and never changes any.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from billing.domain.channels import PaymentChannel
from billing.models.payment import Payment
from billing.operations import ledger, telling
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit
from cis.platform.db import execute, joins_transaction, opens_transaction

AMOUNT_MOST_MINOR = 10**13
REFERENCE_MOST = 100

# Money and debts of an account are laid end to end in order of age; where two stretches overlap, one pays the other.
_ALLOCATE = """
    WITH money AS (
        SELECT p.id, p.account_id, p.received_date, p.amount_minor - coalesce(sum(a.amount_minor), 0) AS free
        FROM billing_payment p LEFT JOIN billing_paymentallocation a ON a.payment_id = p.id
        WHERE p.account_id = ANY(%(accounts)s) GROUP BY p.id HAVING p.amount_minor > coalesce(sum(a.amount_minor), 0)
    ), laid_money AS (
        SELECT id, account_id, sum(free) OVER w - free AS low, sum(free) OVER w AS high FROM money
        WINDOW w AS (PARTITION BY account_id ORDER BY received_date, id)
    ), debt AS (
        SELECT b.id, b.account_id, b.due_date, b.amount_minor - coalesce(sum(a.amount_minor), 0) AS open
        FROM billing_bill b LEFT JOIN billing_paymentallocation a ON a.bill_id = b.id
        WHERE b.account_id = ANY(%(accounts)s) AND b.state = 'issued' AND b.kind = 'regular'
        GROUP BY b.id HAVING b.amount_minor > coalesce(sum(a.amount_minor), 0)
    ), laid_debt AS (
        SELECT id, account_id, sum(open) OVER w - open AS low, sum(open) OVER w AS high FROM debt
        WINDOW w AS (PARTITION BY account_id ORDER BY due_date, id)
    )
    INSERT INTO billing_paymentallocation (payment_id, bill_id, amount_minor, created_at)
    SELECT m.id, d.id, least(m.high, d.high) - greatest(m.low, d.low), now()
    FROM laid_money m JOIN laid_debt d ON d.account_id = m.account_id AND m.high > d.low AND d.high > m.low
"""
# What is paid back is taken from money that pays nothing, oldest first; the rest of a refund came from credit of bills.
_REFUND = """
    WITH money AS (
        SELECT p.id, p.received_date, p.amount_minor - coalesce(sum(a.amount_minor), 0) AS free
        FROM billing_payment p LEFT JOIN billing_paymentallocation a ON a.payment_id = p.id
        WHERE p.account_id = %(account)s GROUP BY p.id HAVING p.amount_minor > coalesce(sum(a.amount_minor), 0)
    ), laid_money AS (
        SELECT id, sum(free) OVER w - free AS low, sum(free) OVER w AS high FROM money
        WINDOW w AS (ORDER BY received_date, id)
    )
    INSERT INTO billing_paymentallocation (payment_id, refund_id, amount_minor, created_at)
    SELECT id, %(refund)s, least(high, %(amount)s) - low, now() FROM laid_money WHERE low < %(amount)s
"""
_TAKE_BACK = """
    INSERT INTO billing_paymentallocation (payment_id, bill_id, amount_minor, created_at)
    SELECT payment_id, bill_id, -sum(amount_minor), now() FROM billing_paymentallocation
    WHERE bill_id = %s GROUP BY payment_id, bill_id HAVING sum(amount_minor) <> 0
"""


class BadPayment(Refused):
    """The payment cannot be what is meant: no amount, no reference, a date to come."""

    code = "bad_payment"


class ReferenceReused(Refused):
    """The channel's reference names another payment already."""

    code = "reference_reused"


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a message that money came in; ``is_new`` is False when it was known before."""

    payment_id: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class NewPayment:
    """A payment to be booked. [minor unit]"""

    account_id: int
    amount_minor: int
    reference: str
    received_date: date


@opens_transaction
def receive(
    *,
    account_id: int,
    amount_minor: int,
    channel: PaymentChannel,
    reference: str,
    received_date: date,
    today: date,
    actor: Actor,
) -> Received:
    """Book a payment as a use case of its own; see ``book``."""
    return book(
        account_id=account_id,
        amount_minor=amount_minor,
        channel=channel,
        reference=reference,
        received_date=received_date,
        today=today,
        actor=actor,
    )


@joins_transaction
def book(
    *,
    account_id: int,
    amount_minor: int,
    channel: PaymentChannel,
    reference: str,
    received_date: date,
    today: date,
    actor: Actor,
) -> Received:
    """
    Book a payment, post it and let it pay the oldest bills.

    :param amount_minor: more than 0. [minor unit]
    :param reference: the channel's own name of the payment; counts once.
    :raises BadPayment: amount, reference or date are impossible.
    :raises ReferenceReused: the reference belongs to a payment of another amount or account.
    """
    _check(amount_minor=amount_minor, reference=reference, received_date=received_date, today=today)
    # Two messages with one reference wait here for each other.
    ledger.lock_customers(account_ids=[account_id])
    payment, is_new = Payment.objects.get_or_create(
        channel=channel.value,
        reference=reference,
        defaults={
            "account_id": account_id,
            "amount_minor": amount_minor,
            "received_date": received_date,
            "actor_id": actor.id,
        },
    )
    if not is_new:
        _check_same(payment, account_id=account_id, amount_minor=amount_minor)
        return Received(payment_id=payment.id, is_new=False)
    ledger.post_payments(payment_ids=[payment.id], account_ids=[account_id], actor=actor)
    allocate(account_ids=[account_id])
    telling.queue_payments_step(payment_ids=[payment.id])
    audit.record(actor, "receive_payment", "account", account_id, payment=payment.id, channel=channel.value)
    return Received(payment_id=payment.id, is_new=True)


@opens_transaction
def book_new(*, payments: Sequence[NewPayment], channel: PaymentChannel, today: date, actor: Actor) -> None:
    """
    Book many payments whose references are new, as a statement of a bank brings them; a constant number of statements.

    :raises BadPayment: one of them is impossible; nothing is booked.
    :raises django.db.IntegrityError: a reference is known already; nothing is booked.
    """
    for new in payments:
        _check(amount_minor=new.amount_minor, reference=new.reference, received_date=new.received_date, today=today)
    rows = Payment.objects.bulk_create(
        Payment(
            account_id=new.account_id,
            channel=channel.value,
            reference=new.reference,
            amount_minor=new.amount_minor,
            received_date=new.received_date,
            actor_id=actor.id,
        )
        for new in payments
    )
    account_ids = sorted({new.account_id for new in payments})
    payment_ids = [row.id for row in rows]
    ledger.post_payments(payment_ids=payment_ids, account_ids=account_ids, actor=actor)
    allocate(account_ids=account_ids)
    telling.queue_payments_step(payment_ids=payment_ids)


@joins_transaction
def allocate(*, account_ids: Sequence[int]) -> None:
    """Let money that pays nothing yet pay the oldest open bills of its account; one statement."""
    execute(_ALLOCATE, {"accounts": list(account_ids)})


@joins_transaction
def refund_step(*, refund_id: int, account_id: int, amount_minor: int) -> None:
    """Let money of an account that pays nothing be what a refund paid back, so that it pays no later bill."""
    execute(_REFUND, {"refund": refund_id, "account": account_id, "amount": amount_minor})


@joins_transaction
def release_from_bill(*, bill_id: int) -> None:
    """Free the money that paid a bill which is being cancelled."""
    execute(_TAKE_BACK, [bill_id])


def _check(*, amount_minor: int, reference: str, received_date: date, today: date) -> None:
    if not 0 < amount_minor <= AMOUNT_MOST_MINOR:
        raise BadPayment("The amount must be more than 0.", advice="Enter what was received.", field="amount")
    if not reference.strip() or len(reference) > REFERENCE_MOST:
        raise BadPayment(
            f"The reference must have 1 to {REFERENCE_MOST} characters.",
            advice="Enter the number that the bank or the till gave this payment.",
            field="reference",
        )
    if received_date > today:
        raise BadPayment(
            f"{received_date} is still to come.", advice="Enter the day the money came in.", field="received_date"
        )


def _check_same(payment: Payment, *, account_id: int, amount_minor: int) -> None:
    if (payment.account_id, payment.amount_minor) != (account_id, amount_minor):
        raise ReferenceReused(
            f"Reference {payment.reference} is already a payment of another amount or account.",
            advice="Check the reference; each payment has its own.",
        )
