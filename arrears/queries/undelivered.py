"""Demands in writing that have no address: the place that is supplied, and what a person hands over."""

from collections.abc import Collection, Mapping
from datetime import date

from cis.platform.db import fetch

HAND = "hand"
"""Stands in the list of what is to be made for demands that no way leads to the customer with."""

# All ways outside the portal were tried, and none is under way or has arrived.
REACHED_NOBODY = """
    m.channel IN ('sms', 'email', 'letter') AND m.proven_at IS NULL AND m.wants <> 'none' AND NOT EXISTS (
        SELECT 1 FROM accounts_notice n
        WHERE n.event IN ('debt_reminder', 'debt_demand') AND n.key = 'dunning:' || m.id AND n.channel <> 'inbox'
          AND n.state IN ('queued', 'sent', 'delivered'))
"""
_PLACES = """
    SELECT DISTINCT ON (a.account_id) a.account_id, p.address
    FROM contracts_serviceagreement a
    JOIN metering_servicepoint s ON s.id = a.service_point_id JOIN metering_premises p ON p.id = s.premises_id
    WHERE a.account_id = ANY(%s) AND a.period @> %s::date AND p.address <> '' ORDER BY a.account_id, a.id
"""


def places(*, account_ids: Collection[int], on: date) -> Mapping[int, str]:
    """Return the address of a place that each account is supplied at on a day; one statement. Without: left out."""
    return dict(fetch(_PLACES, [list(account_ids), on]))
