"""Which tariffs agreements use, and for how long."""

from dataclasses import dataclass
from datetime import date

from cis.platform import db


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffUse:
    """
    A tariff that agreements use on some day from a date on.

    start_date, end_date  first of these days, and the first day on which nobody uses it; None = until further notice
    """

    tariff_id: int
    agreements: int
    start_date: date
    end_date: date | None


def from_day(*, day: date) -> tuple[TariffUse, ...]:
    """Return the tariffs that are used from a day on, by id; one statement."""
    return tuple(
        TariffUse(**dict(zip(TariffUse.__dataclass_fields__, row, strict=True))) for row in db.fetch(_USES, [day])
    )


_USES = """
SELECT t.tariff_id, count(DISTINCT t.agreement_id), min(lower(s.span)),
       CASE WHEN bool_or(upper_inf(s.span)) THEN NULL ELSE max(upper(s.span)) END
FROM contracts_agreementterm t JOIN contracts_serviceagreement g ON g.id = t.agreement_id
CROSS JOIN LATERAL (SELECT t.period * g.period * daterange(%s, NULL) AS span) s
WHERE NOT isempty(s.span)
GROUP BY t.tariff_id ORDER BY t.tariff_id
"""
