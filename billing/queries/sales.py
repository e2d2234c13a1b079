"""Energy and amounts that were billed, by class and month; and what was foretold of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from billing.domain.sales_forecast import Sales
from cis.kernel.fixed import Int64
from cis.kernel.periods import add_months, months_between
from cis.platform.db import fetch
from metering.queries import weather

MONTHS = 60
WHOLE_PERCENT = 100
KNOWN_PERCENT = 95
"""A month is known once so many of the agreements are billed in it that were in force in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """
    What was billed to c classes in whole months that follow each other.

    classes      words of tariff documents, "": of tariffs that name none
    sales        energy and temperature by month
    amount_minor (c, m) [minor unit]
    """

    classes: tuple[str, ...]
    sales: Sales
    amount_minor: Int64

    @property
    def known_until(self) -> date:
        """Return the first day that is not known."""
        return add_months(self.sales.first, self.sales.months)


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesRow:
    """What is foretold of a class in a month; see ``SalesForecast``. [Wh], [minor unit], [10^-4]"""

    customer_class: str
    month: date
    known_until: date
    made_at: datetime
    method: str
    energy_wh: int
    amount_minor: int
    error_e4: int | None
    naive_error_e4: int | None


def billed(*, at: date, zone_name: str) -> Billed | None:
    """
    Return what bills that stand say of the months before a date; None: no month is known. Two statements.

    A segment is dealt to the months of its days evenly. Months count from the first to the last one in which almost
    all agreements that were in force are billed; those that never were billed at all are not asked for.
    """
    start, end = add_months(at.replace(day=1), -MONTHS), at.replace(day=1)
    found = fetch(_BILLED, {"start": start, "end": end})
    rows = [row for row in found if row[0] is not None]
    supplied = {month: agreements for name, month, *_, agreements in found if name is None}
    dealt: dict[date, int] = {}
    for _class, month, _energy, _amount, agreements in rows:
        dealt[month] = dealt.get(month, 0) + agreements
    known = _known(dealt, supplied)
    if not known:
        return None
    first, count = known[0], months_between(known[0], known[-1]) + 1
    classes = tuple(sorted({row[0] for row in rows}))
    energy, amount = np.full((len(classes), count), -1, dtype=np.int64), np.zeros((len(classes), count), dtype=np.int64)
    for name, month, energy_wh, amount_minor, _agreements in rows:
        column = months_between(first, month)
        if 0 <= column < count:
            energy[classes.index(name), column] = max(int(energy_wh), 0)
            amount[classes.index(name), column] = int(amount_minor)
    sales = Sales(first=first, energy_wh=energy, temperature=_temperatures(first, count, zone_name))
    return Billed(classes=classes, sales=sales, amount_minor=amount)


def foretold(*, offset: int = 0, most: int = 50) -> tuple[SalesRow, ...]:
    """Return what is foretold by the months that are known now, by month and class; one statement."""
    names = tuple(SalesRow.__dataclass_fields__)
    rows = fetch(_FORETOLD, {"offset": offset, "most": most})
    return tuple(SalesRow(**dict(zip(names, row, strict=True))) for row in rows)


def made_last() -> datetime | None:
    """Return when sales were foretold last; None: never. One statement."""
    last: datetime | None = fetch("SELECT max(made_at) FROM billing_salesforecast")[0][0]
    return last


def _known(dealt: Mapping[date, int], supplied: Mapping[date, int]) -> list[date]:
    """Return the months in which almost all that were supplied are billed, in order."""
    return [
        month for month in sorted(dealt) if dealt[month] * WHOLE_PERCENT >= supplied.get(month, 0) * KNOWN_PERCENT
    ]  # fmt: skip


def _temperatures(first: date, months: int, zone_name: str) -> np.ndarray:
    """Return the mean temperature of each month, (m,); NaN where less than half of it is known. [deg C]"""
    end = add_months(first, months)
    days = [first + timedelta(days=n) for n in range((end - first).days)]
    observed, _forecast = weather.temperatures(feeder_id=None, days=days, zone_name=zone_name)
    place = np.array([months_between(first, day) for day in days])
    found = np.full(months, np.nan)
    for month in range(months):
        values = observed[place == month]
        known = values[np.isfinite(values)]
        if 2 * len(known) >= values.size:
            found[month] = known.mean()
    return found


# In force are segments of bills that are issued, and that no other one takes back. Rows without a class tell how many
# agreements were in force, of those that were ever billed.
_BILLED = """
WITH deals AS (
SELECT v.customer_class, m.month::date,
       round(sum(s.used_wh::numeric * part.days / (s.end_date - s.start_date)))::bigint,
       round(sum(s.amount_minor::numeric * part.days / (s.end_date - s.start_date)))::bigint,
       count(DISTINCT s.agreement_id)
FROM billing_billsegment s
JOIN billing_bill b ON b.id = s.bill_id AND b.state = 'issued'
JOIN tariffs_tariffversion v ON v.id = s.tariff_version_id
CROSS JOIN LATERAL generate_series(
    date_trunc('month', greatest(s.start_date, %(start)s)::timestamp), (least(s.end_date, %(end)s) - 1)::timestamp,
    interval '1 month') AS m (month)
CROSS JOIN LATERAL (
    SELECT least(s.end_date, (m.month + interval '1 month')::date) - greatest(s.start_date, m.month::date) AS days
) AS part
WHERE s.cancels_id IS NULL AND s.end_date > %(start)s AND s.start_date < %(end)s AND s.end_date > s.start_date
  AND NOT EXISTS (
    SELECT 1 FROM billing_billsegment c JOIN billing_bill n ON n.id = c.bill_id AND n.state = 'issued'
    WHERE c.cancels_id = s.id)
GROUP BY v.customer_class, m.month
)
SELECT * FROM deals
UNION ALL
SELECT NULL, m.month::date, NULL, NULL, count(*)
FROM generate_series(%(start)s::timestamp, %(end)s::timestamp - interval '1 month', interval '1 month') AS m (month)
JOIN contracts_serviceagreement a
  ON a.period && daterange(m.month::date, (m.month + interval '1 month')::date)
 AND EXISTS (SELECT 1 FROM billing_billsegment s WHERE s.agreement_id = a.id)
GROUP BY m.month
"""
_FORETOLD = """
SELECT customer_class, month, known_until, made_at, method, energy_wh, amount_minor, error_e4, naive_error_e4
FROM billing_salesforecast
WHERE known_until = (SELECT max(known_until) FROM billing_salesforecast)
ORDER BY month, customer_class LIMIT %(most)s OFFSET %(offset)s
"""
