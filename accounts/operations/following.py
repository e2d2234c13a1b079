"""Which rows of this room follow a customer who is merged; see ``accounts.domain.merging.Follows``."""

from typing import Final

from accounts.domain.merging import Follows

FOLLOWS: Final = (
    Follows(table="accounts_accountholder", is_asked=True, account="account_id"),
    Follows(table="accounts_contactpoint", once=("kind", "value"), is_asked=True),
    Follows(table="accounts_taxprofile", is_asked=True, account="account_id"),
    Follows(table="accounts_protection", is_asked=True, account="account_id"),
    Follows(table="accounts_pointsredemption", account="account_id"),
    Follows(table="accounts_pointsentry", frozen_by="points_are_append_only", account="account_id", hangs_on="lot_id"),
    Follows(table="accounts_followupvisit", is_asked=True, account="account_id"),
    Follows(table="accounts_careplan", is_asked=True),
    Follows(table="accounts_consent", once=("notice_class", "channel")),
    Follows(table="accounts_notice", account="account_id"),
    Follows(table="accounts_mailingtarget", once=("mailing_id",), account="account_id"),
    Follows(table="accounts_survey", account="account_id"),
    Follows(table="accounts_telephonepin", is_asked=True, account="account_id"),
    Follows(table="accounts_user"),
    Follows(table="accounts_customer", column="merged_into_id"),
)
STAYS: Final = frozenset({
    "accounts_customersegment", "accounts_duplicatepair", "accounts_customermerge", "accounts_erasure",
    "accounts_dataexport",
})  # fmt: skip
"""What is of each of the two: the night gives segments, pairs and merges say who they were, data were given to one."""
