"""
Money received.

A payment is told apart by its channel's reference: the same reference again is the same payment. What it pays is said
by ``allocation``; a payment that goes back stays, and is taken back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from django.utils import timezone

from billing.domain.announcements import PaymentsBooked, PaymentTakenBack
from billing.domain.channels import PaymentChannel, ReturnKind
from billing.domain.entries import TransferKind
from billing.models.payment import Payment, PaymentReturn
from billing.operations import allocation, ledger, telling
from billing.queries.payments import UnknownPayment
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit, copying, events
from cis.platform.db import fetch, joins_transaction, opens_transaction, take_ids

# The lock of the reference is held: who waited for it finds what the other has written.
_BOOK = """
    WITH known AS (
        SELECT id, account_id, amount_minor FROM billing_payment
        WHERE channel = %(channel)s AND reference = %(reference)s
    ), many AS (
        SELECT EXISTS (SELECT FROM billing_consolidatedpayment
                       WHERE channel = %(channel)s AND reference = %(reference)s) AS is_there
    ), made AS (
        INSERT INTO billing_payment (account_id, channel, reference, amount_minor, received_date, created_at, actor_id)
        SELECT %(account)s, %(channel)s, %(reference)s, %(amount)s, %(received)s, %(at)s, %(actor)s::bigint
        FROM many WHERE NOT is_there AND NOT EXISTS (SELECT FROM known)
        RETURNING id
    )
    SELECT k.id, k.account_id, k.amount_minor, many.is_there, (SELECT id FROM made)
    FROM many LEFT JOIN known k ON true
"""
AMOUNT_MOST_MINOR = 10**13
REFERENCE_MOST = 100


class BadPayment(Refused):
    """The payment cannot be what is meant: no amount, no reference, a date to come."""

    code = "bad_payment"


class BadReturn(Refused):
    """A payment cannot be taken back like that."""

    code = "bad_return"


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
    """A payment to be booked; ``bill_id``: what it pays first, as far as that is open. [minor unit]"""

    account_id: int
    amount_minor: int
    reference: str
    received_date: date
    bill_id: int | None = None


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
    for_bills: Mapping[int, int] | None = None,
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
        for_bills=for_bills,
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
    for_bills: Mapping[int, int] | None = None,
) -> Received:
    """
    Book a payment, post it and let it pay what its payer says, else what is to be paid first. Announces PaymentsBooked.

    :param amount_minor: more than 0. [minor unit]
    :param reference: the channel's own name of the payment; counts once.
    :param for_bills: what it pays of each bill, by id of the bill; the rest goes by the rule. [minor unit]
    :raises BadPayment: amount, reference or date are impossible.
    :raises BadDirection: it cannot pay these bills.
    :raises ReferenceReused: the reference belongs to a payment of another amount or account, or of a consolidated bill.
    """
    _check(amount_minor=amount_minor, reference=reference, received_date=received_date, today=today)
    lock_reference_step(channel=channel, reference=reference)
    ledger.lock_customers(account_ids=[account_id])
    ((known_id, of_account_id, known_minor, is_of_many, payment_id),) = fetch(_BOOK, {
        "account": account_id, "channel": channel.value, "reference": reference, "amount": amount_minor,
        "received": received_date, "at": timezone.now(), "actor": actor.id,
    })  # fmt: skip
    if known_id is not None:
        _check_same(reference, (of_account_id, known_minor), (account_id, amount_minor))
        return Received(payment_id=known_id, is_new=False)
    if is_of_many:
        raise ReferenceReused(
            f"Reference {reference} is already a payment for a consolidated bill.",
            advice="Check the reference; each payment has its own.",
        )
    ledger.post_payments(payment_ids=[payment_id], channel=channel, actor=actor)
    allocation.direct(payment_id=payment_id, account_id=account_id, amount_minor=amount_minor, parts=for_bills or {})
    allocation.allocate(account_ids=[account_id], today=today)
    telling.queue_payments_step(payment_ids=[payment_id])
    events.announce(PaymentsBooked(account_ids=(account_id,)))
    audit.record(actor, "receive_payment", "account", account_id, payment=payment_id, channel=channel.value)
    return Received(payment_id=payment_id, is_new=True)


@opens_transaction
def book_new(*, payments: Sequence[NewPayment], channel: PaymentChannel, today: date, actor: Actor) -> None:
    """Book many payments whose references are new, as a use case of its own; see ``book_new_step``."""
    book_new_step(payments=payments, channel=channel, today=today, actor=actor)


@joins_transaction
def book_new_step(*, payments: Sequence[NewPayment], channel: PaymentChannel, today: date, actor: Actor) -> list[int]:
    """
    Book many payments whose references are new, as a statement of a bank brings them; a constant number of statements.

    :returns: their ids, in the order of the payments.
    :raises BadPayment: one of them is impossible; nothing is booked.
    :raises django.db.IntegrityError: a reference is known already; nothing is booked.
    """
    for new in payments:
        _check(amount_minor=new.amount_minor, reference=new.reference, received_date=new.received_date, today=today)
    if not payments:
        return []
    payment_ids = take_ids("billing_payment", len(payments))
    _load(payments, payment_ids, channel=channel, actor=actor)
    account_ids = sorted({new.account_id for new in payments})
    ledger.lock_customers(account_ids=account_ids)
    ledger.post_payments(payment_ids=payment_ids, channel=channel, actor=actor)
    pairs = [(payment_id, new.bill_id) for payment_id, new in zip(payment_ids, payments, strict=True) if new.bill_id]
    if pairs:
        allocation.direct_many(payment_ids=[one for one, _bill in pairs], bill_ids=[bill for _one, bill in pairs])
    allocation.allocate(account_ids=account_ids, today=today)
    telling.queue_payments_step(payment_ids=payment_ids)
    events.announce(PaymentsBooked(account_ids=tuple(account_ids)))
    return payment_ids


def _load(payments: Sequence[NewPayment], payment_ids: Sequence[int], *, channel: PaymentChannel, actor: Actor) -> None:
    copying.load(
        table="billing_payment",
        columns={
            "id": copying.int8(np.array(payment_ids, dtype=np.int64)),
            "account_id": copying.int8(np.array([new.account_id for new in payments], dtype=np.int64)),
            "channel": copying.text(channel.value),
            "reference": copying.texts([new.reference for new in payments]),
            "amount_minor": copying.int8(np.array([new.amount_minor for new in payments], dtype=np.int64)),
            "received_date": copying.day(np.array([new.received_date.toordinal() for new in payments])),
            "created_at": copying.instant(timezone.now()),
            "actor_id": copying.null() if actor.id is None else copying.int8(actor.id),
        },
    )


@joins_transaction
def lock_reference_step(*, channel: PaymentChannel, reference: str) -> None:
    """
    Let two messages with one reference wait here for each other, for whatever accounts and bills they are.

    Before any account is locked, so that who waits here holds up nobody else.
    """
    fetch("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"payment {channel} {reference}"])


@joins_transaction
def take_back_step(*, payment_id: int, kind: ReturnKind, returned_date: date, reason: str, actor: Actor) -> None:
    """
    Take a payment back: its postings are reversed, what it paid is open again, and other money on account may pay it.

    The same payment again for the same kind is the same return.

    :param reason: as the bank, the provider or the clerk says it; must not be empty.
    :raises UnknownPayment: there is none.
    :raises BadReturn: no reason is given, it is before the payment, or it was taken back as another kind.
    """
    payment = Payment.objects.filter(id=payment_id).first()
    if payment is None:
        raise UnknownPayment(f"There is no payment {payment_id}.")
    ledger.lock_customers(account_ids=[payment.account_id])
    known = PaymentReturn.objects.filter(payment_id=payment_id).first()
    if known is not None and known.kind == kind:
        return
    if known is not None or not reason.strip() or returned_date < payment.received_date:
        raise BadReturn(
            f"Payment {payment.reference} of {payment.received_date} cannot be taken back.",
            advice="It was taken back already, or the day or the reason is missing.",
            payment_id=payment_id,
        )
    PaymentReturn.objects.create(
        payment=payment, kind=kind.value, returned_date=returned_date, reason=reason.strip()[:200], actor_id=actor.id
    )
    ledger.reverse(
        kind=TransferKind.PAYMENT,
        source_id=payment_id,
        account_id=payment.account_id,
        occurred_date=returned_date,
        actor=actor,
        reason=reason,
    )
    allocation.release_payment(payment_id=payment_id)
    allocation.allocate(account_ids=[payment.account_id], today=returned_date)
    events.announce(PaymentTakenBack(account_id=payment.account_id, payment_id=payment_id, returned_date=returned_date))
    audit.record(actor, "take_back", "account", payment.account_id, payment=payment_id, kind=kind.value, reason=reason)


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


def _check_same(reference: str, known: tuple[int, int], told: tuple[int, int]) -> None:
    if known != told:
        raise ReferenceReused(
            f"Reference {reference} is already a payment of another amount or account.",
            advice="Check the reference; each payment has its own.",
        )
