"""Which accounts earned loyalty points by saving energy in an event."""

from collections.abc import Sequence
from datetime import date

from django.conf import settings

from accounts.domain.loyalty import Earned
from cis.platform.db import fetch

_SETTLED = """
    SELECT p.account_id, p.event_id, %(day)s::date, (e.start_at AT TIME ZONE %(zone)s)::date
    FROM contracts_eventpart p JOIN contracts_demandevent e ON e.id = p.event_id
    WHERE p.state = 'settled' AND p.delivered_wh > 0 AND p.settled_at >= %(day)s::timestamp AT TIME ZONE %(zone)s
      AND p.settled_at < (%(day)s::date + 1)::timestamp AT TIME ZONE %(zone)s
    ORDER BY p.id
"""
_YET = """
    SELECT event_id FROM contracts_eventpart
    WHERE account_id = %s AND event_id = ANY(%s) AND state = 'settled' AND delivered_wh > 0
"""


def earned(*, day: date) -> Sequence[Earned]:
    """
    Return the accounts that were settled on a local day for energy that they saved, once an event; one statement.

    Who held the account on the day of the event earns it.
    """
    rows = fetch(_SETTLED, {"day": day, "zone": settings.TIME_ZONE})
    return [Earned(account_id, event_id, settled, held) for account_id, event_id, settled, held in rows]


def settled_yet(*, account_id: int, source_ids: Sequence[int]) -> frozenset[int]:
    """Return for which of some events an account is settled still, and saved something; one statement."""
    return frozenset(row[0] for row in fetch(_YET, [account_id, list(source_ids)]))
