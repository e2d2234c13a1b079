"""Places where nobody has an agreement, for those who know places only."""

from collections.abc import Collection, Mapping
from datetime import date

from cis.platform.db import fetch


def of_places(*, service_point_ids: Collection[int], on: date) -> Mapping[int, date]:
    """
    Return since when nobody has an agreement at some service points, of those where nobody has one on a date.

    The first day without; ``date.min`` where nobody ever had one. One statement.
    """
    rows = fetch(_VACANT, {"points": list(service_point_ids), "on": on})
    return {point: since or date.min for point, since in rows}


_VACANT = """
SELECT p.id, (SELECT max(upper(a.period)) FROM contracts_serviceagreement a
              WHERE a.service_point_id = p.id AND upper(a.period) <= %(on)s)
FROM unnest(%(points)s::bigint[]) AS p (id)
WHERE NOT EXISTS (
    SELECT 1 FROM contracts_serviceagreement a WHERE a.service_point_id = p.id AND a.period @> %(on)s::date)
"""
