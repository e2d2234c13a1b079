"""The money of a partner bank for what customers bought: booked when it is here, and when it goes back."""

from billing.domain.entries import Entry, TransferKind
from billing.operations import ledger
from cis.kernel.actors import SYSTEM
from cis.platform.db import joins_transaction
from contracts.domain.announcements import FinancingPaid, FinancingReturned, FinancingUnwanted

CASH = "cash.partner_bank"
EQUIPMENT = "revenue.equipment"
SUSPENSE = "liability.suspense"


@joins_transaction
def book_step(announcement: FinancingPaid) -> None:
    """
    Book what a bank has paid: cash against revenue and VAT; a listener.

    The customer's own account is not touched: the instalments are the bank's.
    """
    net_minor = announcement.amount_minor - announcement.tax_minor
    parts = (("equipment", EQUIPMENT, net_minor), ("vat", ledger.VAT_CODE, announcement.tax_minor))
    ledger.post(
        kind=TransferKind.FINANCING,
        entries=[
            Entry(
                source_id=announcement.financing_id,
                part=part,
                debit=CASH,
                credit=code,
                account_id=announcement.account_id,
                amount_minor=amount_minor,
                occurred_date=announcement.on,
            )
            for part, code, amount_minor in parts
            if amount_minor > 0
        ],
        actor=SYSTEM,
    )


@joins_transaction
def hold_step(announcement: FinancingUnwanted) -> None:
    """Book a bank's money for a sale that was taken back before: it is here, and owed to the bank; a listener."""
    ledger.post(
        kind=TransferKind.SUSPENSE,
        entries=[
            Entry(
                source_id=announcement.financing_id,
                part="partner_bank",
                debit=CASH,
                credit=SUSPENSE,
                account_id=None,
                amount_minor=announcement.amount_minor,
                occurred_date=announcement.on,
            )
        ],
        actor=SYSTEM,
    )


@joins_transaction
def return_step(announcement: FinancingReturned) -> None:
    """Book that a bank's money goes back; a listener."""
    ledger.reverse(
        kind=TransferKind.FINANCING,
        source_id=announcement.financing_id,
        account_id=None,
        occurred_date=announcement.on,
        actor=SYSTEM,
        reason="the customer took the sale back",
    )
