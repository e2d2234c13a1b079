"""Which rows of this room follow a customer who is merged; the ledger keeps accounts, and none of it moves."""

from typing import Final

from accounts.domain.merging import Follows

FOLLOWS: Final = (
    Follows(table="billing_consolidation", is_asked=True),
    Follows(table="billing_prepayment", is_asked=True, account="account_id"),
)
