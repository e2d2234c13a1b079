"""Interruptions of supply by month and area, summed to the indices of ``domain.reliability``."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from cis.kernel.periods import add_months
from cis.platform.db import fetch
from metering.domain import reliability
from metering.domain.reliability import Indices, Interruption
from metering.queries import outage_places


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """
    Indices of some months.

    by_month  of each month, the first one first, over all areas
    by_area   of the whole time, by district; ``total`` over all
    """

    by_month: Mapping[date, Indices]
    by_area: Mapping[str, Indices]
    total: Indices


# An interruption belongs to the month and the district in which it began. What is dark yet, what was none, and what
# the customer's own installation caused is not counted.
_INTERRUPTIONS = """
    SELECT date_trunc('month', x.off_at AT TIME ZONE %(zone)s)::date, p.district,
           extract(epoch FROM x.back_at - x.off_at)::bigint, count(*)
    FROM metering_outagesupply x
    JOIN metering_outage o ON o.id = x.outage_id
    JOIN metering_servicepoint s ON s.id = x.service_point_id JOIN metering_premises p ON p.id = s.premises_id
    WHERE x.back_at IS NOT NULL AND o.state <> 'cancelled' AND o.cause <> 'customer'
      AND x.off_at >= %(since)s::timestamp AT TIME ZONE %(zone)s
      AND x.off_at < %(until)s::timestamp AT TIME ZONE %(zone)s
      AND (%(kind)s = '' OR (%(kind)s = 'planned') = (o.plan_id IS NOT NULL))
      AND (%(district)s = '' OR p.district = %(district)s)
    GROUP BY 1, 2, 3
"""
_SERVED = """
    SELECT p.district, count(*) FROM metering_servicepoint s JOIN metering_premises p ON p.id = s.premises_id
    WHERE s.state = 'connected' AND (%(district)s = '' OR p.district = %(district)s) GROUP BY p.district
"""


def of_months(
    *, since: date, months: int, zone_name: str, kind: str = "", district: str = ""
) -> Reliability:  # fmt: skip
    """
    Return how reliable the supply was in some months; two statements.

    Supplies served are those that are connected now: how many there were then is not kept.

    :param since: first day of the first month; ``kind``: "planned", "fault", or "" for both.
    :raises OutagesNotOffered: the pack has no rule on outages.
    """
    momentary = outage_places.rule(at=since).momentary_minutes
    starts = [add_months(since, place) for place in range(months)]
    given = {
        "since": since, "until": add_months(since, months), "zone": zone_name, "kind": kind, "district": district,
    }  # fmt: skip
    served = {name: int(count) for name, count in fetch(_SERVED, given)}
    rows = [
        (month, name, Interruption(supplies=int(count), seconds=int(seconds)))
        for month, name, seconds, count in fetch(_INTERRUPTIONS, given)
    ]
    total = sum(served.values())
    areas = sorted({*served, *(name for _month, name, _one in rows)})

    def of(chosen: list[Interruption], count: int) -> Indices:
        return reliability.indices(chosen, served=count, momentary_minutes=momentary)

    return Reliability(
        by_month={start: of([one for month, _name, one in rows if month == start], total) for start in starts},
        by_area={name: of([one for _month, area, one in rows if area == name], served.get(name, 0)) for name in areas},
        total=of([one for _month, _name, one in rows], total),
    )
