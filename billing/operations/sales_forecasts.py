"""Sales of the months that come, class by class: foretold once a week, for purchasing and plans."""

from datetime import datetime, timedelta

import structlog

from accounts.queries import supplier
from billing.domain import sales_forecast
from billing.domain.sales_forecast import AHEAD, YEAR
from billing.queries import sales
from cis.kernel.calendar import local_clock
from cis.kernel.periods import add_months
from cis.platform.db import execute, opens_transaction

WORK = "sales_forecasts"
"""Falls due each night; once a week there is something to do."""
EVERY = timedelta(days=7)
_EARLY = timedelta(hours=1)
log = structlog.get_logger(__name__)


def night(at: datetime) -> int:
    """Foretell sales if that was not done this week; return how many months of classes there are."""
    last = sales.made_last()
    return 0 if last is not None and at - last < EVERY - _EARLY else foretell(at=at)


@opens_transaction
def foretell(*, at: datetime) -> int:
    """
    Foretell the sales of each class by what is billed at an instant; return how many months of classes there are.

    As long as the same months are known, it is written over. Four statements at most.
    """
    zone_name = supplier.current().time_zone
    found = sales.billed(at=local_clock(zone_name).local_date(at), zone_name=zone_name)
    if found is None:
        return 0
    said = sales_forecast.foretell(found.sales)
    until = found.known_until
    recent_wh = found.sales.energy_wh[:, -YEAR:].clip(min=0).sum(axis=1).tolist()
    recent_minor = found.amount_minor[:, -YEAR:].sum(axis=1).tolist()
    rows = [
        (
            name, add_months(until, ahead), str(said.method[place]), energy,
            sales_forecast.amount_minor(
                energy_wh=energy, billed_wh=recent_wh[place], billed_minor=recent_minor[place]
            ),
            None if error < 0 else error, None if naive < 0 else naive,
        )
        for place, (name, energies, error, naive) in enumerate(
            zip(found.classes, said.energy_wh.tolist(), said.error_e4.tolist(), said.naive_error_e4.tolist(),
                strict=True)
        )
        for ahead, energy in enumerate(energies[:AHEAD]) if energy >= 0
    ]  # fmt: skip
    if rows:
        names = ("classes", "months", "methods", "energies", "amounts", "errors", "naive_errors")
        execute(_KEEP, {"until": until, "at": at, **dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))})
    log.info("sales_foretold", known_until=str(until), rows=len(rows))
    return len(rows)


_KEEP = """
INSERT INTO billing_salesforecast
    (customer_class, month, known_until, made_at, method, energy_wh, amount_minor, error_e4, naive_error_e4)
SELECT f.class, f.month, %(until)s, %(at)s, f.method, f.energy, f.amount, f.error, f.naive
FROM unnest(%(classes)s::text[], %(months)s::date[], %(methods)s::text[], %(energies)s::bigint[], %(amounts)s::bigint[],
            %(errors)s::int[], %(naive_errors)s::int[]) AS f (class, month, method, energy, amount, error, naive)
ON CONFLICT (known_until, customer_class, month) DO UPDATE
SET made_at = excluded.made_at, method = excluded.method, energy_wh = excluded.energy_wh,
    amount_minor = excluded.amount_minor, error_e4 = excluded.error_e4, naive_error_e4 = excluded.naive_error_e4
"""
