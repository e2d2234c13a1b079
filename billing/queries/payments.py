"""One payment with what it paid."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db.models import Sum

from billing.models.payment import Allocation, Payment, PaymentReturn
from cis.kernel.errors import Refused


class UnknownPayment(Refused):
    """There is no such payment."""

    code = "unknown_payment"


@dataclass(frozen=True, slots=True)
class Gone:
    """When a payment went back, in which way, and why."""

    returned_date: date
    kind: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDetail:
    """
    A payment.

    paid            (printed number of a bill, what it paid of that) in the order of the bills [minor unit]
    refunded_minor  what was paid back of it; the rest is the account's credit [minor unit]
    gone            it went back, or was moved to another account: it pays nothing any more; None: it stands
    """

    id: int
    account_id: int
    account_number: str
    channel: str
    reference: str
    amount_minor: int
    received_date: date
    paid: tuple[tuple[str, int], ...]
    refunded_minor: int
    gone: Gone | None


def one(*, payment_id: int) -> PaymentDetail:
    """
    Return a payment with what it paid; three statements.

    :raises UnknownPayment: there is none.
    """
    row = Payment.objects.filter(id=payment_id).select_related("account", "returned").first()
    if row is None:
        raise UnknownPayment(f"There is no payment {payment_id}.")
    parts = Allocation.objects.filter(payment_id=payment_id)
    paid = (
        parts.filter(refund=None)
        .values_list("bill__number")
        .annotate(sum=Sum("amount_minor"))
        .exclude(sum=0)
        .order_by("bill__number")
    )
    return PaymentDetail(
        id=row.id,
        account_id=row.account_id,
        account_number=row.account.number,
        channel=row.channel,
        reference=row.reference,
        amount_minor=row.amount_minor,
        received_date=row.received_date,
        paid=tuple(paid),
        refunded_minor=parts.filter(bill=None).aggregate(sum=Sum("amount_minor"))["sum"] or 0,
        gone=Gone(back.returned_date, back.kind, back.reason) if (back := getattr(row, "returned", None)) else None,
    )


def returned(*, payment_ids: Collection[int]) -> dict[int, date]:
    """Return on which day payments went back; those that did not are missing. One statement."""
    rows = PaymentReturn.objects.filter(payment_id__in=list(payment_ids))
    return dict(rows.values_list("payment_id", "returned_date"))
