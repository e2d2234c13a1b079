"""The money of a partner bank for what customers bought: booked when it is here, and when it goes back."""

from billing.operations import ledger
from cis.kernel.actors import SYSTEM
from cis.platform.db import joins_transaction
from contracts.domain.announcements import FinancingPaid, FinancingReturned


@joins_transaction
def book_step(announcement: FinancingPaid) -> None:
    """Book what a bank has paid; a listener."""
    ledger.post_financing(
        financing_id=announcement.financing_id,
        account_id=announcement.account_id,
        amount_minor=announcement.amount_minor,
        tax_minor=announcement.tax_minor,
        occurred_date=announcement.on,
        actor=SYSTEM,
    )


@joins_transaction
def return_step(announcement: FinancingReturned) -> None:
    """Book that a bank's money goes back; a listener."""
    ledger.return_financing(
        financing_id=announcement.financing_id,
        occurred_date=announcement.on,
        actor=SYSTEM,
        reason="the customer took the sale back",
    )
