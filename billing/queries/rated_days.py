"""Which versions of interval days bills that stand were rated by: those may not go, a proof names them."""

from collections.abc import Sequence
from datetime import datetime

from cis.kernel.periods import Period
from cis.platform.db import fetch
from metering.domain.retention import Superseded

# A metering day lies in two or three local dates, whatever its clock.
_BILLS = """
    JOIN contracts_serviceagreement a ON a.service_point_id = p.point
    JOIN billing_billsegment s ON s.agreement_id = a.id AND s.start_date < n.day + 2 AND s.end_date > n.day - 1
    JOIN billing_bill b ON b.id = s.bill_id AND b.state <> 'cancelled'
"""
_NAMED = f"""
    SELECT DISTINCT n.place
    FROM unnest(%(places)s::int[], %(registers)s::bigint[], %(days)s::date[], %(since)s::timestamptz[],
                %(until)s::timestamptz[]) AS n (place, register, day, since, until)
    JOIN metering_register r ON r.id = n.register
    JOIN metering_installation i ON i.meter_id = r.meter_id AND i.period && daterange(n.day - 1, n.day + 2)
    CROSS JOIN LATERAL (
        SELECT i.service_point_id AS point
        UNION SELECT u.service_point_id FROM metering_usagerule u WHERE u.source_id = i.service_point_id) p
    {_BILLS}
    WHERE (n.since IS NULL OR b.created_at >= n.since) AND (n.until IS NULL OR b.created_at < n.until)
"""  # noqa: S608 (a constant)
_RESTS = """
    SELECT EXISTS (
        SELECT FROM billing_bill b JOIN billing_billsegment s ON s.bill_id = b.id
        WHERE b.created_at >= %(since)s AND b.state <> 'cancelled'
          AND s.start_date < %(end)s::date + 1 AND s.end_date > %(start)s::date - 1)
"""


def named(versions: Sequence[Superseded]) -> set[int]:
    """
    Return the places of versions by which a bill that stands was rated, or may have been; one statement.

    A bill was rated by what was known when it was made: of each day by the version that had come last. Whose place is
    billed on the meters of another one (``UsageRule``) is looked for as well.
    """
    given = {
        "places": list(range(len(versions))), "registers": [one.register_id for one in versions],
        "days": [one.day_date for one in versions], "since": [one.known_from for one in versions],
        "until": [one.known_until for one in versions],
    }  # fmt: skip
    return {place for (place,) in fetch(_NAMED, given)}


def rests_on(days: Period, *, since: datetime) -> bool:
    """Return whether a bill that stands, made since an instant, has some of these local days; one statement."""
    ((found,),) = fetch(_RESTS, {"start": days.start, "end": days.end, "since": since})
    return bool(found)
