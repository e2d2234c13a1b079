"""States of a case of breach and of its charges, and who may move them."""

from enum import StrEnum

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import Move, Workflow


class ChargeState(StrEnum):
    """
    States of a charge, and of the case that it belongs to.

    PROPOSED   waits for a second person; nothing is owed
    AGREED     the next bill carries it
    DROPPED    was never owed
    CANCELLED  is owed no more: the next bill takes it back if one has carried it
    """

    PROPOSED = "proposed"
    AGREED = "agreed"
    DROPPED = "dropped"
    CANCELLED = "cancelled"


class ChargeAction(StrEnum):
    """What moves a charge."""

    AGREE = "agree"
    DROP = "drop"
    CANCEL = "cancel"


CHARGERS: frozenset[Role | ActorKind] = frozenset((Role.BILLING, Role.METERING, Role.SUPERVISOR))
DECIDERS: frozenset[Role | ActorKind] = frozenset((Role.BILLING, Role.SUPERVISOR))

_S, _A = ChargeState, ChargeAction
WORKFLOW = Workflow(
    "charge",
    {
        (_S.PROPOSED, _A.AGREE): Move(_S.AGREED, DECIDERS),
        (_S.PROPOSED, _A.DROP): Move(_S.DROPPED, CHARGERS),
        (_S.AGREED, _A.CANCEL): Move(_S.CANCELLED, DECIDERS),
    },
)
