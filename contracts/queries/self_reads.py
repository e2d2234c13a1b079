"""Which customers read their meters themselves."""

from collections.abc import Sequence
from datetime import date

from django.conf import settings

from accounts.domain.loyalty import Earned
from cis.platform.db import fetch

# A month of an account counts once, however many registers and corrections it has.
_READ = """
    SELECT DISTINCT g.account_id, extract(year FROM %(day)s::date)::int * 100 + extract(month FROM %(day)s::date)::int
    FROM metering_registerread r
    JOIN metering_register x ON x.id = r.register_id
    JOIN metering_installation i ON i.meter_id = x.meter_id AND i.period @> r.read_date
    JOIN contracts_serviceagreement g ON g.service_point_id = i.service_point_id AND g.period @> r.read_date
    WHERE r.kind = 'customer' AND r.received_at >= %(day)s::timestamp AT TIME ZONE %(zone)s
      AND r.received_at < (%(day)s::date + 1)::timestamp AT TIME ZONE %(zone)s
    ORDER BY 1
"""


def earned(*, day: date) -> Sequence[Earned]:
    """Return the accounts of which a counter value of the customer came in on a local day; one statement."""
    rows = fetch(_READ, {"day": day, "zone": settings.TIME_ZONE})
    return [Earned(account_id, month, day, day) for account_id, month in rows]
