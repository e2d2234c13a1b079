"""Which supplies are like each other, for those who know places only."""

from collections.abc import Collection, Mapping

from cis.kernel.periods import Period
from cis.platform.db import fetch
from contracts.domain.peers import peers_of


def of_places(*, service_point_ids: Collection[int], period: Period) -> Mapping[int, str]:
    """
    Return whom places are like that one holder was supplied at over the whole of a period; one statement.

    The group on its last day (``contracts.domain.peers``); "" where the tariff names no class. Who came or left
    meanwhile is left out: what was used is partly that of somebody else.
    """
    rows = fetch(_SUPPLIES, {"points": list(service_point_ids), "start": period.start, "end": period.end})
    return {
        point: peers_of(customer_class=customer_class, household=household, capacity_va=capacity_va)
        for point, customer_class, household, capacity_va in rows
    }


_SUPPLIES = """
SELECT DISTINCT ON (a.service_point_id) a.service_point_id, coalesce(v.customer_class, ''), t.household, t.capacity_va
FROM contracts_serviceagreement a
JOIN accounts_accountholder h ON h.account_id = a.account_id AND h.period @> daterange(%(start)s, %(end)s)
JOIN contracts_agreementterm t ON t.agreement_id = a.id AND t.period @> (%(end)s::date - 1)
LEFT JOIN tariffs_tariffversion v ON v.tariff_id = t.tariff_id AND v.state = 'published'
 AND v.period @> (%(end)s::date - 1)
WHERE a.service_point_id = ANY(%(points)s) AND a.period @> daterange(%(start)s, %(end)s)
ORDER BY a.service_point_id, a.id
"""
