"""What agreements bring along from other books, as bills read it: before the first of them nothing was billed here."""

from collections.abc import Iterator, Mapping

import numpy as np

from billing.domain.pieces import Pieces
from cis.kernel.fixed import Int64
from contracts.domain.openings import KINDS, OpeningColumns, OpeningKind

_NONE = np.zeros(0, dtype=np.int64)
NO_OPENINGS = OpeningColumns(agreement_id=_NONE, start_day=_NONE, kind=_NONE, name=_NONE, month_day=_NONE, value=_NONE)


def rows_of(*, openings: OpeningColumns, kind: OpeningKind) -> OpeningColumns:
    """Return the values of one kind."""
    return openings.take(openings.kind == KINDS.index(kind))


def counted_wh(*, pieces: Pieces, openings: OpeningColumns) -> Int64:
    """
    Return the energy that counts in the tier cycle of each piece and was used before its agreement began here, (m,).

    It counts as long as the cycle goes on in which the agreement began: not after the first of the next year, nor after
    an event at which the tariff lets the count begin anew. [Wh]
    """
    found = np.zeros(len(pieces), dtype=np.int64)
    for agreement, start, value in _triples(rows_of(openings=openings, kind=OpeningKind.COUNTED)):
        mine = (pieces.count_of == agreement) & (pieces.cycle_day <= start) & (pieces.start_day >= start)
        found[mine] += value
    return found


def _triples(rows: OpeningColumns) -> Iterator[tuple[int, int, int]]:
    yield from zip(rows.agreement_id.tolist(), rows.start_day.tolist(), rows.value.tolist(), strict=True)


def credits_of(*, openings: OpeningColumns) -> Mapping[int, Mapping[str, int]]:
    """Return what lines carried, by agreement and key of the line."""
    rows = rows_of(openings=openings, kind=OpeningKind.CREDIT)
    found: dict[int, dict[str, int]] = {}
    for agreement, name, value in zip(rows.agreement_id.tolist(), rows.name.tolist(), rows.value.tolist(), strict=True):
        found.setdefault(agreement, {})[openings.names[name]] = value
    return found
