"""What a receipt of a payment shows."""

from dataclasses import dataclass
from datetime import date

from accounts.queries import accounts, supplier
from accounts.queries.supplier import SupplierCard
from billing.queries import agreed_parts, consolidated_payments, payments
from billing.queries.agreed_parts import PaidPart
from billing.queries.consolidated_payments import WholePayment
from billing.queries.payments import PaymentDetail
from cashiering.domain.checkouts import masked_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """
    A receipt of one payment.

    holder         who held the account on that day, masked for whoever is not known to be them
    number         of the account, masked alike; of a consolidated bill if ``is_whole``
    returned_date  None: the payment stands
    instalments    parts of a plan that it has paid, whichever card was used
    """

    payment: PaymentDetail | WholePayment
    supplier: SupplierCard
    holder: str
    number: str
    paid: tuple[tuple[str, int], ...]
    returned_date: date | None
    instalments: tuple[PaidPart, ...] = ()
    is_whole: bool = False

    @property
    def credit_minor(self) -> int:
        """What of it pays no bill. [minor unit]"""
        paid: int = sum(amount for _number, amount in self.paid)
        return self.payment.amount_minor - paid - self.payment.refunded_minor


def of_payment(*, payment_id: int, is_masked: bool) -> Receipt:
    """
    Return the receipt of a payment.

    :raises UnknownPayment: there is none.
    """
    payment = payments.one(payment_id=payment_id)
    account_id = accounts.id_of_number(payment.account_number)
    found = accounts.addressees(account_ids=[account_id], at_date=payment.received_date).get(account_id)
    name = found.name if found else ""
    return Receipt(
        payment=payment,
        supplier=supplier.current(),
        holder=masked_name(name) if is_masked and name else name,
        number=f"…{payment.account_number[-4:]}" if is_masked else payment.account_number,
        paid=payment.paid,
        returned_date=payments.returned(payment_ids=[payment_id]).get(payment_id),
        instalments=agreed_parts.paid_by(payment_id=payment_id),
    )


def of_whole(*, consolidated_payment_id: int, is_masked: bool) -> Receipt:
    """
    Return the receipt of a payment for a consolidated bill; masked, it names that bill alone, not those of accounts.

    :raises UnknownPayment: there is none.
    """
    payment = consolidated_payments.one(consolidated_payment_id=consolidated_payment_id)
    found = accounts.addressees(account_ids=[payment.lead_account_id], at_date=payment.received_date)
    holder = found.get(payment.lead_account_id)
    name = holder.name if holder else ""
    paid = sum(amount for _number, amount in payment.paid)
    return Receipt(
        payment=payment,
        supplier=supplier.current(),
        holder=masked_name(name) if is_masked and name else name,
        number=payment.bill_number,
        paid=((payment.bill_number, paid),) if is_masked and paid else payment.paid,
        returned_date=payment.returned_date,
        is_whole=True,
    )
