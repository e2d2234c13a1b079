"""What a receipt of a payment shows."""

from dataclasses import dataclass
from datetime import date

from accounts.queries import accounts, supplier
from accounts.queries.supplier import SupplierCard
from billing.queries import agreed_parts, payments
from billing.queries.agreed_parts import PaidPart
from billing.queries.payments import PaymentDetail
from cashiering.domain.checkouts import masked_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """
    A receipt of one payment.

    holder         who held the account on that day, masked for whoever is not known to be them
    number         of the account, masked alike
    returned_date  None: the payment stands
    instalments    parts of a plan that it has paid, whichever card was used
    """

    payment: PaymentDetail
    supplier: SupplierCard
    holder: str
    number: str
    returned_date: date | None
    instalments: tuple[PaidPart, ...] = ()

    @property
    def credit_minor(self) -> int:
        """What of it pays no bill. [minor unit]"""
        paid: int = sum(amount for _number, amount in self.payment.paid)
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
        returned_date=payments.returned(payment_ids=[payment_id]).get(payment_id),
        instalments=agreed_parts.paid_by(payment_id=payment_id),
    )
