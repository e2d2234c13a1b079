"""Which rows of this room follow a customer who is merged; see ``accounts.domain.merging.Follows``."""

from typing import Final

from accounts.domain.merging import Follows

FOLLOWS: Final = (Follows(table="cashiering_mandate", is_asked=True, account="account_id"),)
