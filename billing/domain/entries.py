"""A movement of money that is to be posted."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cis.kernel.errors import Refused


class TransferKind(StrEnum):
    """
    What a transfer comes from.

    SUSPENSE  money that came in and belongs to nobody known yet
    TILL      cash counted, brought to the bank, or missing
    ONLINE    money on its way from a provider of online payment, its fees and its settlement
    ACCRUAL   energy of a month that is on no bill at its end, and that taken back in the next month
    """

    BILL = "bill"
    PAYMENT = "payment"
    REFUND = "refund"
    FINANCING = "financing"
    SUSPENSE = "suspense"
    TILL = "till"
    ONLINE = "online"
    ACCRUAL = "accrual"


CUSTOMER = "customer"
"""Stands for the ledger account of the entry's own customer."""


class BadEntry(Refused):
    """An entry cannot be posted: no amount, one side alone, or a customer's side without a customer."""

    code = "bad_entry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    One movement: a debit and a credit, so it cannot be unbalanced.

    source_id, part  with the kind of the posting they name it: posted once
    debit, credit    codes of ledger accounts, as ``cash.bank``; CUSTOMER: the receivable of ``account_id``
    account_id       whom it is about; None: nobody that is known, or only the supplier
    amount_minor     above 0 [minor unit]

    :raises BadEntry: it moves nothing, or nobody knows from where to where.
    """

    source_id: int
    part: str
    debit: str
    credit: str
    account_id: int | None
    amount_minor: int
    occurred_date: date
    reason: str = ""

    def __post_init__(self) -> None:
        if self.amount_minor <= 0 or self.debit == self.credit or not (self.debit and self.credit):
            raise BadEntry(f"Nothing is moved from {self.credit or '?'} to {self.debit or '?'}.", part=self.part)
        if self.account_id is None and CUSTOMER in (self.debit, self.credit):
            raise BadEntry("The entry of a customer names the account.", part=self.part)
