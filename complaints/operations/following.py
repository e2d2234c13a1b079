"""Which rows of this room follow a customer who is merged; see ``accounts.domain.merging.Follows``."""

from typing import Final

from accounts.domain.merging import Follows

FOLLOWS: Final = (
    Follows(table="complaints_case", is_asked=True, account="account_id"),
    Follows(table="complaints_casemail"),
    Follows(table="complaints_callrequest", account="account_id"),
    Follows(table="complaints_callercheck", account="account_id"),
)
