"""An offer to be."""

from dataclasses import dataclass
from datetime import date

from contracts.domain.charge_kinds import ChargeKind
from contracts.domain.estimates import Use
from contracts.domain.new_contracts import NewTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFee:
    """One amount that is charged once, before a tax that comes on top. [minor unit]"""

    kind: ChargeKind
    amount_minor: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOffer:
    """
    An offer to be.

    subject, subject_id  what it answers, as "application"
    customer_id          None = somebody who is no customer yet: then ``recipient`` names them
    account_id           None = one is opened when the contract is signed
    tariff_ids           in their order; () = those that are open to such a customer
    valid_until          last day; None = as the pack says
    """

    subject: str
    subject_id: int
    terms: NewTerms
    use: Use
    customer_id: int | None = None
    account_id: int | None = None
    recipient: str = ""
    fees: tuple[NewFee, ...] = ()
    tariff_ids: tuple[int, ...] = ()
    valid_until: date | None = None
    note: str = ""
