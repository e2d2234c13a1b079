"""What this room tells the rooms downstream; who listens stands in cis/wiring.py."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsBooked:
    """Payments of these accounts were booked and have paid what they pay; their ledgers are locked."""

    account_ids: tuple[int, ...]
