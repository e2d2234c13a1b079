"""
Completeness each night: where the energy of every day of the last months is, and what must not be.

Each place is looked at once over all months, in chunks of a constant number of statements; the months are then written
anew in one transaction, so that pages show one night and not two.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np
import structlog
from django.utils import timezone

from accounts.queries import supplier
from billing.domain.completeness import Hole, classify
from billing.domain.completeness_sums import FIELDS, holes, listed, sums
from billing.models.completeness import CompletenessMonth, CompletenessPlace
from billing.queries import completeness as queries
from billing.queries import completeness_facts
from billing.queries.completeness_facts import NextRuns
from cis.kernel.actors import SYSTEM
from cis.kernel.calendar import local_clock
from cis.kernel.fixed import Int64
from cis.kernel.periods import Period, add_months, month_of
from cis.platform import audit
from cis.platform.db import opens_transaction

WORK = "completeness"
"""Falls due each night, after bills are made and before the books are proved."""
MONTHS = 13
CHUNK = 1_000
LAWLESS = "lawless"
"""Days whose energy is with nobody, or with two by the rule itself: a fault of the rule, and of no place."""
Row = tuple[int, list[int], list[str]]
"""A place, its sums in the order of FIELDS, its holes."""
log = structlog.get_logger(__name__)


class DaysLost(Exception):
    """Energy of some days is with nobody, or with two. It is a fault of the machine, so it is no refusal."""


@dataclass(slots=True)
class Tally:
    """
    What a night has found so far of some months.

    totals  (months, fields)
    rows    of each month the places with something to look at
    """

    totals: Int64
    rows: list[list[Row]]
    places: int = 0
    found: Counter[str] = field(default_factory=Counter)


def night(at: datetime) -> None:
    """
    Look at the months that are over, and keep what is found; each kind of hole is logged and kept in the audit trail.

    :raises DaysLost: there are holes; so the job of the night fails, and the desk shows it.
    """
    today = local_clock(supplier.current().time_zone).local_date(at)
    tally = check(today=today)
    if tally.found:
        told = ", ".join(f"{hole} ({count})" for hole, count in sorted(tally.found.items()))
        audit.record(SYSTEM, "find_broken", "completeness", None, holes=dict(tally.found))
        log.error("days_lost", due_at=at.isoformat(), holes=dict(tally.found))
        raise DaysLost(f"Energy of some days is where it must not be: {told}. See the page of completeness.")


def check(*, today: date) -> Tally:
    """Look at the months that are over, keep what is found, and return it; a place counts once a month and kind."""
    end = month_of(today).start
    months = [add_months(end, n - MONTHS) for n in range(MONTHS)]
    period, runs = Period(months[0], end), queries.next_runs(today=today)
    tally = Tally(totals=np.zeros((MONTHS, len(FIELDS)), dtype=np.int64), rows=[[] for _ in months])
    after = 0
    while len(ids := completeness_facts.points(period=period, after=after, most=CHUNK)):
        _add(tally, ids, period, months, runs)
        after = int(ids[-1])
    _keep(tally, months)
    return tally


def _add(tally: Tally, ids: Int64, period: Period, months: list[date], runs: NextRuns) -> None:
    """Add a chunk of places; a constant number of statements."""
    facts = completeness_facts.find(service_point_ids=ids, period=period, runs=runs)
    days, starts = classify(facts), [(month - period.start).days for month in months]
    summed = sums(days, month_starts=starts)[: len(ids)]
    broken = holes(days, month_starts=starts)[: len(ids)]
    if days.lawless.any():
        tally.found[LAWLESS] += int(days.lawless.any(axis=1).sum())
    tally.places += len(ids)
    tally.totals += summed.sum(axis=0)
    names = [hole.value for hole in Hole]
    for row, month in np.argwhere(listed(sums=summed, holes=broken)).tolist():
        found = [names[at] for at in np.flatnonzero(broken[row, month]).tolist()]
        tally.rows[month].append((int(ids[row]), summed[row, month].tolist(), found))
        tally.found.update(found)


@opens_transaction
def _keep(tally: Tally, months: list[date]) -> None:
    """Write the months anew; two statements, one to name accounts, and one for each month and a thousand places."""
    now = timezone.now()
    CompletenessPlace.objects.all().delete()
    CompletenessMonth.objects.all().delete()
    CompletenessMonth.objects.bulk_create(
        CompletenessMonth(month=month, places=tally.places, checked_at=now, **_named(tally.totals[at].tolist()))
        for at, month in enumerate(months)
    )
    for at, month in enumerate(months):
        rows = tally.rows[at]
        accounts = queries.accounts_at([point for point, _sums, _holes in rows], month=month)
        CompletenessPlace.objects.bulk_create(
            (
                CompletenessPlace(
                    completeness_id=month,
                    service_point_id=point,
                    account_id=accounts.get(point),
                    holes=found,
                    **_named(summed),
                )
                for point, summed, found in rows
            ),
            batch_size=1_000,
        )


def _named(values: list[int]) -> dict[str, int]:
    return dict(zip(FIELDS, values, strict=True))
