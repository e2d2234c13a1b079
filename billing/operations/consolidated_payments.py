"""
One payment for a consolidated bill: a payment of each bill that it pays, and one of the lead account for the rest.

The channel's reference of the whole counts once; its parts are ordinary payments, with their own postings, so each
account's ledger stays its own. Taken back, all of them go back.
"""

from dataclasses import dataclass
from datetime import date

from django.db.models import Sum

from billing.domain import consolidated as domain
from billing.domain.channels import PaymentChannel, ReturnKind
from billing.models.consolidated import ConsolidatedPart, ConsolidatedPayment
from billing.models.payment import Payment
from billing.operations import consolidated_telling, ledger, payments
from billing.operations.payments import BadPayment, NewPayment, ReferenceReused
from billing.queries import consolidated as queries
from billing.queries import moved_payments
from cis.kernel.actors import Actor
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction

REFERENCE_MOST = payments.REFERENCE_MOST - len("/99999")


@dataclass(frozen=True, slots=True)
class Booked:
    """
    What became of one payment; ``is_new`` False: it was known before.

    parts  (payment, its amount) in the order in which they pay [minor unit]
    """

    consolidated_payment_id: int
    parts: tuple[tuple[int, int], ...]
    is_new: bool


@opens_transaction
def receive(
    *,
    consolidated_bill_id: int,
    amount_minor: int,
    channel: PaymentChannel,
    reference: str,
    received_date: date,
    today: date,
    actor: Actor,
) -> Booked:
    """Book a payment for a consolidated bill as a use case of its own; see ``book_step``."""
    return book_step(
        consolidated_bill_id=consolidated_bill_id,
        amount_minor=amount_minor,
        channel=channel,
        reference=reference,
        received_date=received_date,
        today=today,
        actor=actor,
    )


@joins_transaction
def book_step(
    *,
    consolidated_bill_id: int,
    amount_minor: int,
    channel: PaymentChannel,
    reference: str,
    received_date: date,
    today: date,
    actor: Actor,
) -> Booked:
    """
    Book a payment for a consolidated bill, in a constant number of statements; it pays in the order of the place.

    :raises UnknownConsolidatedBill: there is none.
    :raises BadPayment: amount, reference or date are impossible.
    :raises ReferenceReused: the reference is of another amount or bill, or of a payment of one account.
    """
    card = queries.one(consolidated_bill_id=consolidated_bill_id)
    if not 0 < amount_minor <= payments.AMOUNT_MOST_MINOR:
        raise BadPayment("The amount must be more than 0.", advice="Enter what was received.", field="amount")
    if not reference.strip() or len(reference) > REFERENCE_MOST:
        raise BadPayment(f"A reference has 1 to {REFERENCE_MOST} characters.", advice="Mend it.", field="reference")
    account_ids = queries.accounts_of(consolidated_bill_id=consolidated_bill_id)
    payments.lock_reference_step(channel=channel, reference=reference)
    ledger.lock_customers(account_ids=[*account_ids, card.lead_account_id])
    row, is_new = ConsolidatedPayment.objects.get_or_create(
        channel=channel.value,
        reference=reference,
        defaults={
            "consolidated_bill_id": consolidated_bill_id,
            "amount_minor": amount_minor,
            "received_date": received_date,
            "actor_id": actor.id,
        },
    )
    if not is_new:
        return _known(row, consolidated_bill_id=consolidated_bill_id, amount_minor=amount_minor)
    parts = domain.spread(
        amount_minor=amount_minor,
        open_bills=queries.open_bills(consolidated_bill_id=consolidated_bill_id, today=today),
        lead_account_id=card.lead_account_id,
    )
    new = [
        NewPayment(
            account_id=part.account_id,
            amount_minor=part.amount_minor,
            reference=f"{reference}/{place}",
            received_date=received_date,
            bill_id=part.bill_id,
        )
        for place, part in enumerate(parts, start=1)
    ]
    _check_free(channel=channel, references=[reference, *(one.reference for one in new)])
    payment_ids = payments.book_new_step(payments=new, channel=channel, today=today, actor=actor)
    ConsolidatedPart.objects.bulk_create(
        ConsolidatedPart(consolidated_payment=row, payment_id=payment_id) for payment_id in payment_ids
    )
    consolidated_telling.queue_payment_step(consolidated_payment_id=row.id)
    audit.record(
        actor, "receive_consolidated_payment", "customer", card.customer_id, payment=row.id, channel=channel.value,
        number=card.number,
    )  # fmt: skip
    amounts = [part.amount_minor for part in parts]
    return Booked(row.id, tuple(zip(payment_ids, amounts, strict=True)), is_new=True)


@joins_transaction
def take_back_step(
    *, consolidated_payment_id: int, kind: ReturnKind, returned_date: date, reason: str, actor: Actor
) -> None:
    """
    Take a payment for a consolidated bill back, with all of its parts; some statements for each part.

    :raises BadReturn: one of its parts was taken back for another reason.
    """
    rows = ConsolidatedPart.objects.filter(consolidated_payment_id=consolidated_payment_id).order_by("payment_id")
    found = list(rows.values_list("payment_id", "payment__account_id"))
    ledger.lock_customers(account_ids=[account_id for _payment, account_id in found])
    for payment_id, _account in found:
        payments.take_back_step(
            payment_id=moved_payments.standing(payment_id=payment_id),
            kind=kind,
            returned_date=returned_date,
            reason=reason,
            actor=actor,
        )


def _check_free(*, channel: PaymentChannel, references: list[str]) -> None:
    if Payment.objects.filter(channel=channel.value, reference__in=references).exists():
        raise ReferenceReused(
            f"Reference {references[0]} is already a payment of one account.",
            advice="Check the reference; each payment has its own.",
        )


def _known(row: ConsolidatedPayment, *, consolidated_bill_id: int, amount_minor: int) -> Booked:
    if (row.consolidated_bill_id, row.amount_minor) != (consolidated_bill_id, amount_minor):
        raise ReferenceReused(
            f"Reference {row.reference} is already a payment of another amount or bill.",
            advice="Check the reference; each payment has its own.",
        )
    parts = row.parts.order_by("payment_id").values_list("payment_id").annotate(amount=Sum("payment__amount_minor"))
    return Booked(row.id, tuple(parts), is_new=False)
