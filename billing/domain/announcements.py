"""What this room tells the rooms downstream; who listens stands in cis/wiring.py."""

from dataclasses import dataclass
from datetime import date

from cis.kernel.actors import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsBooked:
    """Payments of these accounts, or a write-off, were booked and have paid what they pay; their ledgers are locked."""

    account_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositSettled:
    """What people asked for a deposit was done: supply may wait for it no more. The ledger of its account is locked."""

    account_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBilledToEnd:
    """The final bill of an account is issued, and nothing more is billed of it."""

    account_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettled:
    """A final account is settled: nothing is open of it, and the account is closed. Its ledger is locked."""

    account_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentTakenBack:
    """A payment went back, and what it paid is open again, or paid by other money; the account's ledger is locked."""

    account_id: int
    payment_id: int
    returned_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class BillReleased:
    """
    A bill is being cancelled: what had paid it is free, and pays nothing else yet; the account's ledger is locked.

    day  as of which it is cancelled
    """

    account_id: int
    day: date
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class BillsIssued:
    """Regular bills were issued and posted, and nothing has paid them yet; the ledgers of their accounts are locked."""

    bill_ids: tuple[int, ...]
    issue_date: date
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class BillCancelled:
    """A regular bill was cancelled by a credit note; the ledger of its account is locked."""

    bill_id: int
    account_id: int
    as_of_date: date
    reason: str
    actor: Actor
