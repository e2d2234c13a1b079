"""Opening values of agreements, as columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from cis.platform import db
from contracts.domain.openings import KINDS, OpeningColumns, OpeningKind
from contracts.models.opening import OpeningValue

_OPENINGS = """
SELECT o.agreement_id, (lower(g.period) - DATE '0001-01-01' + 1)::bigint, o.kind, o.name,
       coalesce(o.month_date - DATE '0001-01-01' + 1, 0)::bigint, o.value
FROM contracts_openingvalue o JOIN contracts_serviceagreement g ON g.id = o.agreement_id
WHERE o.agreement_id = ANY(%s) ORDER BY o.agreement_id, o.id
"""
_KIND = {kind.value: place for place, kind in enumerate(KINDS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningCard:
    """
    A value that an agreement brings along, and where it was found.

    name   period of demand of a peak, key of the line of a credit; "" for the others
    month  of a peak, its first day
    """

    agreement_id: int
    kind: OpeningKind
    name: str
    month: date | None
    value: int
    source: str


def known(*, agreement_ids: Sequence[int], known_at: datetime) -> tuple[OpeningCard, ...]:
    """Return the opening values of some agreements that were entered by an instant; one statement."""
    rows = OpeningValue.objects.filter(agreement_id__in=list(agreement_ids), created_at__lte=known_at)
    return tuple(
        OpeningCard(
            agreement_id=row.agreement_id,
            kind=OpeningKind(row.kind),
            name=row.name,
            month=row.month_date,
            value=row.value,
            source=row.source,
        )
        for row in rows.order_by("agreement_id", "kind", "month_date", "name")
    )


def of(*, agreement_ids: Sequence[int] | np.ndarray) -> OpeningColumns:
    """Return the opening values of some agreements; one statement."""
    rows = db.fetch(_OPENINGS, [np.asarray(agreement_ids, dtype=np.int64).tolist()])
    names = tuple(sorted({row[3] for row in rows} | {""}))
    place = {name: at for at, name in enumerate(names)}
    values = [(row[0], row[1], _KIND[row[2]], place[row[3]], row[4], row[5]) for row in rows]
    table = np.array(values, dtype=np.int64).reshape(-1, 6).T.copy()
    return OpeningColumns(
        agreement_id=table[0],
        start_day=table[1],
        kind=table[2],
        name=table[3],
        month_day=table[4],
        value=table[5],
        names=names,
    )
