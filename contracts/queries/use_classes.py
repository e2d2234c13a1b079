"""Of which class the supply of a place is, for those who know places only."""

from collections.abc import Collection, Mapping
from datetime import date

from cis.platform.db import fetch


def of_places(*, service_point_ids: Collection[int], on: date) -> Mapping[int, str]:
    """
    Return the class of the tariff by which some service points are supplied on a date; one statement.

    Places without supply on that date are absent, as those whose tariff names no class.
    """
    return dict(fetch(_CLASSES, {"points": list(service_point_ids), "on": on}))


_CLASSES = """
SELECT DISTINCT ON (a.service_point_id) a.service_point_id, v.customer_class
FROM contracts_serviceagreement a
JOIN contracts_agreementterm t ON t.agreement_id = a.id AND t.period @> %(on)s::date
JOIN tariffs_tariffversion v ON v.tariff_id = t.tariff_id AND v.state = 'published' AND v.period @> %(on)s::date
WHERE a.service_point_id = ANY(%(points)s) AND a.period @> %(on)s::date AND v.customer_class <> ''
ORDER BY a.service_point_id, a.id
"""
