"""Supplies that the supplier itself leaves in the dark, as what hinders the pursuit of their accounts."""

from collections.abc import Sequence
from datetime import datetime

from arrears.domain.cut_facts import Hold, HoldKind
from arrears.queries.cuts import moment_of
from cis.platform.db import fetch

# What was only reported holds nothing: who reports a fault that is none is pursued and cut off as before.
_DARK = """
    SELECT g.account_id, o.id, min(x.off_at)
    FROM contracts_serviceagreement g
    JOIN metering_outagesupply x ON x.service_point_id = g.service_point_id
    JOIN metering_outage o ON o.id = x.outage_id
    WHERE g.account_id = ANY(%(accounts)s) AND g.period @> %(day)s::date AND o.state IN ('confirmed', 'restored')
      AND x.off_at <= %(at)s AND (x.back_at IS NULL OR x.back_at > %(at)s)
    GROUP BY g.account_id, o.id ORDER BY o.id
"""


def by_outage(*, account_ids: Sequence[int], at: datetime) -> dict[int, tuple[Hold, ...]]:
    """Return the holds of accounts with a supply that a confirmed outage leaves dark, by account; one statement."""
    found: dict[int, tuple[Hold, ...]] = {}
    rows = fetch(_DARK, {"accounts": list(account_ids), "day": moment_of(at).day, "at": at})
    for account_id, outage_id, off_at in rows:
        hold = Hold(outage_id, HoldKind.OUTAGE, off_at, None, None, f"outage {outage_id}")
        found[account_id] = (*found.get(account_id, ()), hold)
    return found
