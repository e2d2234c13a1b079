"""One payment with what it paid."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from billing.models.payment import PaymentReturn
from cis.kernel.errors import Refused
from cis.platform.db import fetch


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


_ONE = """
    SELECT p.id, p.account_id, a.number, p.channel, p.reference, p.amount_minor, p.received_date, paid.numbers,
           paid.sums, (SELECT coalesce(sum(l.amount_minor), 0)::bigint FROM billing_allocation l
                       WHERE l.payment_id = p.id AND l.bill_id IS NULL),
           back.returned_date, back.kind, back.reason
    FROM billing_payment p
    JOIN accounts_account a ON a.id = p.account_id
    LEFT JOIN billing_paymentreturn back ON back.payment_id = p.id
    CROSS JOIN LATERAL (
        SELECT array_agg(one.number ORDER BY one.number) AS numbers, array_agg(one.sum ORDER BY one.number) AS sums
        FROM (SELECT b.number, sum(l.amount_minor)::bigint AS sum
              FROM billing_allocation l LEFT JOIN billing_bill b ON b.id = l.bill_id
              WHERE l.payment_id = p.id AND l.refund_id IS NULL
              GROUP BY b.number HAVING sum(l.amount_minor) <> 0) AS one) AS paid
    WHERE p.id = %s
"""


def one(*, payment_id: int) -> PaymentDetail:
    """
    Return a payment with what it paid; one statement.

    :raises UnknownPayment: there is none.
    """
    found = fetch(_ONE, [payment_id])
    if not found:
        raise UnknownPayment(f"There is no payment {payment_id}.")
    ((*shown, numbers, sums, refunded_minor, returned_date, kind, reason),) = found
    return PaymentDetail(
        **dict(zip(PaymentDetail.__dataclass_fields__, shown, strict=False)),
        paid=tuple(zip(numbers or (), sums or (), strict=True)),
        refunded_minor=refunded_minor,
        gone=Gone(returned_date, kind, reason) if returned_date is not None else None,
    )


def returned(*, payment_ids: Collection[int]) -> dict[int, date]:
    """Return on which day payments went back; those that did not are missing. One statement."""
    rows = PaymentReturn.objects.filter(payment_id__in=list(payment_ids))
    return dict(rows.values_list("payment_id", "returned_date"))
