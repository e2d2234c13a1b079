"""Payments for consolidated bills: one as its payer sees it, with what it paid of each bill."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Sum

from billing.models.consolidated import ConsolidatedPart, ConsolidatedPayment
from billing.models.payment import Allocation
from billing.queries.payments import UnknownPayment


@dataclass(frozen=True, slots=True, kw_only=True)
class WholePayment:
    """
    A payment for a consolidated bill. [minor unit]

    parts           (payment, number of its account, its amount) in the order in which they pay
    paid            (printed number of a bill, what it paid of that), by number
    refunded_minor  what was paid back of it; the rest is credit
    returned_date   None: it stands
    """

    id: int
    bill_number: str
    lead_account_id: int
    channel: str
    reference: str
    received_date: date
    amount_minor: int
    parts: tuple[tuple[int, str, int], ...]
    paid: tuple[tuple[str, int], ...]
    refunded_minor: int
    returned_date: date | None


def one(*, consolidated_payment_id: int) -> WholePayment:
    """
    Return a payment for a consolidated bill; four statements, however many parts it has.

    :raises UnknownPayment: there is none.
    """
    rows = ConsolidatedPayment.objects.select_related("consolidated_bill__consolidation")
    row = rows.filter(id=consolidated_payment_id).first()
    if row is None:
        raise UnknownPayment(f"There is no payment {consolidated_payment_id} for a consolidated bill.")
    found = ConsolidatedPart.objects.filter(consolidated_payment=row).order_by("payment_id")
    names = ("payment_id", "payment__account__number", "payment__amount_minor", "payment__returned__returned_date")
    parts = list(found.values_list(*names))
    allocated = Allocation.objects.filter(payment__consolidated_part__consolidated_payment=row)
    paid = allocated.filter(refund=None).values_list("bill__number").annotate(sum=Sum("amount_minor")).exclude(sum=0)
    return WholePayment(
        id=row.id,
        bill_number=row.consolidated_bill.number,
        lead_account_id=row.consolidated_bill.consolidation.lead_account_id,
        channel=row.channel,
        reference=row.reference,
        received_date=row.received_date,
        amount_minor=row.amount_minor,
        parts=tuple((payment_id, number, amount) for payment_id, number, amount, _day in parts),
        paid=tuple(paid.order_by("bill__number")),
        refunded_minor=allocated.filter(bill=None).aggregate(sum=Sum("amount_minor"))["sum"] or 0,
        returned_date=max((day for *_rest, day in parts if day), default=None),
    )


def whole_of(*, payment_id: int) -> int | None:
    """Return the payment for a consolidated bill that a payment is part of; None: it came alone. One statement."""
    rows = ConsolidatedPart.objects.filter(payment_id=payment_id)
    return rows.values_list("consolidated_payment_id", flat=True).first()
