"""Out of what billing is made: approved usage of the places of some pieces, and the usage rules that bear on them."""

from collections.abc import Sequence
from datetime import date, datetime

import numpy as np

from billing.domain.pieces import NOWHERE, Pieces, PlanVersion
from cis.kernel.periods import month_of
from metering.domain.places import Direction, Quantity
from metering.domain.usage import UsageColumns
from metering.domain.usage_rules import RuleBook
from metering.queries import usage as metered
from metering.queries import usage_rules
from tariffs.domain.plan import Plan

NO_END = date.max.toordinal()
Kind = tuple[Quantity, tuple[Direction, ...]]
DRAWN: Kind = (Quantity.ACTIVE, (Direction.IMPORT,))
GIVEN: Kind = (Quantity.ACTIVE, (Direction.EXPORT,))
DEMAND: Kind = (Quantity.DEMAND, (Direction.IMPORT,))


def rules_of(pieces: Pieces, known_at: datetime | None = None) -> RuleBook:
    """
    Return the usage rules that bear on the pieces; one statement, and two more where there are some.

    :param known_at: only those that were entered by then.

    Fixed quantities are filled month by month: so whole months are looked at, whichever pieces stand together.
    """
    first, last = months_of(pieces)
    points = np.unique(pieces.service_point_id)
    return usage_rules.bearing_on(service_point_ids=points, start_date=first, end_date=last, known_at=known_at)


def usage_of(pieces: Pieces, book: RuleBook, kind: Kind = DRAWN) -> UsageColumns:
    """
    Return the approved usage of a kind of the pieces' places and of those that rules name, of whole months where there
    are rules; one statement.
    """
    first, last = months_of(pieces) if book.rules else days_of(pieces)
    return metered.approved(
        service_point_ids=np.union1d(pieces.service_point_id, np.array(sorted(book.places), dtype=np.int64)),
        start_date=first,
        end_date=last,
        quantity=kind[0],
        directions=kind[1],
    )


def days_of(pieces: Pieces) -> tuple[date, date]:
    """Return the first date of all pieces, and the first one after them."""
    first, last = int(pieces.start_day.min(initial=NO_END)), int(pieces.end_day.max(initial=1))
    return date.fromordinal(min(first, last)), date.fromordinal(last)


def months_of(pieces: Pieces) -> tuple[date, date]:
    """Return the first date of the months that all pieces lie in, and the first one after them."""
    first, last = days_of(pieces)
    return month_of(first).start, last if last.day == 1 else month_of(last).end


def plans_of(pieces: Pieces, versions: Sequence[PlanVersion]) -> list[Plan]:
    """Return the plans that some pieces have."""
    return [versions[place].plan for place in np.unique(pieces.version[pieces.version != NOWHERE]).tolist()]
