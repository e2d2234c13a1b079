"""The accounting month: its states, who may move it, and what may stand against its close."""

from datetime import date, timedelta
from enum import StrEnum

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.periods import Period
from cis.kernel.workflow import Move, Workflow


class PeriodState(StrEnum):
    """
    States of an accounting month.

    OPEN      movements of it are posted in it
    PROPOSED  the same; somebody has proposed its close, a second person closes it
    CLOSED    nothing in it changes any more; what belongs to it by its date is posted in the first open month
    """

    OPEN = "open"
    PROPOSED = "proposed"
    CLOSED = "closed"


class PeriodAction(StrEnum):
    """What moves an accounting month."""

    PROPOSE = "propose"
    TAKE_BACK = "take_back"
    CLOSE = "close"


CLOSERS: frozenset[Role | ActorKind] = frozenset((Role.BILLING, Role.SUPERVISOR))
_S, _A = PeriodState, PeriodAction
WORKFLOW = Workflow(
    "accounting period",
    {
        (_S.OPEN, _A.PROPOSE): Move(_S.PROPOSED, CLOSERS),
        (_S.PROPOSED, _A.TAKE_BACK): Move(_S.OPEN, CLOSERS),
        (_S.PROPOSED, _A.CLOSE): Move(_S.CLOSED, CLOSERS),
    },
)


def months(*, first: date, last: date) -> tuple[date, ...]:
    """Return the first days of the months from one to another, both included; none where the last is before."""
    if last < first:
        return ()
    return tuple(part.start.replace(day=1) for part in Period(first, last + timedelta(days=1)).months())
