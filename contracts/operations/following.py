"""Which rows of this room follow a customer who is merged; what a contract says stays as it was signed."""

from typing import Final

from accounts.domain.merging import Follows

FOLLOWS: Final = (
    Follows(
        table="contracts_supplycontract", frozen_by="issued_contract_is_frozen", is_asked=True, account="account_id"
    ),
    Follows(table="contracts_offer"),
    Follows(table="contracts_changeset", is_asked=True, account="account_id"),
    Follows(table="contracts_changepart"),
    Follows(table="contracts_serviceapplication", is_asked=True, account="account_id"),
    Follows(table="contracts_enrollment", is_asked=True, account="account_id"),
)
