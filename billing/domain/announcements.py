"""What this room tells the rooms downstream; who listens stands in cis/wiring.py."""

from dataclasses import dataclass
from datetime import date

from cis.kernel.actors import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsBooked:
    """Payments of these accounts, or a write-off, were booked and have paid what they pay; their ledgers are locked."""

    account_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BillCancelled:
    """
    A bill was cancelled: what had paid it is free, and pays nothing else yet; the account's ledger is locked.

    day  as of which it is cancelled
    """

    account_id: int
    day: date
    actor: Actor
