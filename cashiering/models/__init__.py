"""Tables of the room; import names from their module, so that the import contracts see them."""

from cashiering.models import (
    agent,
    bank,
    checkout,
    debit,
    refund_file,
    till,
)

__all__ = [
    "agent",
    "bank",
    "checkout",
    "debit",
    "refund_file",
    "till",
]
