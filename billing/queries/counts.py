"""Energy of other kinds than what is drawn that the tariffs of some pieces ask for, out of counters."""

from collections.abc import Sequence

import numpy as np

from billing.domain import facts, sharing
from billing.domain.feeds import without_checks
from billing.domain.findings import Obstacles
from billing.domain.pieces import Pieces, PlanVersion
from billing.queries import profiles, sources
from billing.queries.sources import Kind
from metering.domain.places import Direction, Quantity
from metering.domain.usage import Hung
from metering.domain.usage_rules import RuleBook
from metering.queries import registers
from tariffs.domain.inputs import Input

COUNTED_BY: dict[Input, Kind] = {Input.REACTIVE_VARH: (Quantity.REACTIVE, (Direction.IMPORT, Direction.EXPORT))}
"""By which registers energy of other kinds is counted; reactive energy either way is added up."""


def counts_of(pieces: Pieces, book: RuleBook, versions: Sequence[PlanVersion]) -> dict[Input, facts.Counted]:
    """Return the energy of other kinds that the versions of the pieces need; two statements a kind."""
    needs = {need for plan in sources.plans_of(pieces, versions) for need in plan.needs}

    def counted(kind: Kind) -> facts.Counted:
        usage = sharing.without_check_meters(usage=sources.usage_of(pieces, book, kind), book=book)
        hung = without_checks(hung=_hung(pieces, kind), book=book)
        # What cannot be split is missed by name, with the day that needs a read.
        drawn = profiles.split(
            drawn=sharing.as_approved(usage), pieces=pieces, versions=versions, obstacles=Obstacles()
        )
        return facts.counted(pieces=pieces, usage=drawn.usage, hung=hung)

    return {kind: counted(of) for kind, of in COUNTED_BY.items() if kind in needs}


def _hung(pieces: Pieces, kind: Kind) -> Hung:
    """Return the registers of a kind that hung at the places of the pieces."""
    first, last = sources.days_of(pieces)
    return registers.hung(
        service_point_ids=np.unique(pieces.service_point_id),
        start_date=first,
        end_date=last,
        quantities=kind[:1],
        directions=kind[1],
    )
