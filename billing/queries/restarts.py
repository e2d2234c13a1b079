"""Events at which the count of a tier cycle may begin anew: meters exchanged, holders changed."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import numpy as np

from accounts.queries import accounts
from billing.domain import restarts
from billing.domain.pieces import PlanVersion
from billing.domain.restarts import KINDS, Restarts
from contracts.domain.agreements import AgreementColumns
from metering.queries import registers
from tariffs.domain.components.tiers import Restart


def found(*, terms: AgreementColumns, versions: Sequence[PlanVersion], start_date: date, end_date: date) -> Restarts:
    """
    Return the events inside agreements that some version of their tariffs asks for.

    Statements: one for meters and one for holders, each only where a tariff asks for it.
    """
    tariffs = set(np.unique(terms.tariff_id).tolist())
    asked = restarts.asked_for(plans=[one.plan for one in versions if one.tariff_id in tariffs])
    days = {"start_date": start_date, "end_date": end_date}
    rows: list[tuple[int, int, int]] = []
    if Restart.METER_EXCHANGE in asked:
        given = registers.exchanges(service_point_ids=np.unique(terms.service_point_id), **days)
        rows += _inside(terms, terms.service_point_id.tolist(), given, Restart.METER_EXCHANGE)
    if Restart.HOLDER_CHANGE in asked:
        given = accounts.holder_changes(account_ids=np.unique(terms.account_id).tolist(), **days)
        rows += _inside(terms, terms.account_id.tolist(), given, Restart.HOLDER_CHANGE)
    table = np.array(rows, dtype=np.int64).reshape(-1, 3).T.copy()
    return Restarts(agreement_id=table[0], day=table[1], kind=table[2])


def _inside(
    terms: AgreementColumns, owners: list[int], events: Iterable[tuple[int, date]], kind: Restart
) -> Iterator[tuple[int, int, int]]:
    """Yield (agreement, day, kind) of each event within the agreements of its owner."""
    spans: dict[int, dict[int, tuple[int, int]]] = {}
    columns = (owners, terms.agreement_id.tolist(), terms.start_day.tolist(), terms.end_day.tolist())
    for owner, agreement, start, end in zip(*columns, strict=True):
        mine = spans.setdefault(owner, {})
        low, high = mine.get(agreement, (start, end))
        mine[agreement] = min(low, start), max(high, end)
    for owner, on in events:
        day = on.toordinal()
        for agreement, (start, end) in spans.get(owner, {}).items():
            if start < day < end:
                yield agreement, day, KINDS.index(kind)
