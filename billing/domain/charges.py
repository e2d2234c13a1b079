"""One-off charges that a bill is to carry."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DueCharge:
    """
    A charge that the next bill of an account carries, or takes back.

    amount_minor, tax_minor  signed; VAT is contained in the amount [minor unit]
    cancels_id               the billed charge that it takes back; None: it is charged
    """

    account_id: int
    charge_id: int
    amount_minor: int
    tax_minor: int
    ledger_class: str
    cancels_id: int | None
