"""States of a correction of usage, and who may move it."""

from enum import StrEnum

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import Move, Workflow


class CorrectionState(StrEnum):
    """
    States of a correction.

    PROPOSED  waits for a second person; usage is as it was
    APPLIED   usage holds its energy
    DROPPED   was never applied
    UNDONE    usage is as it was before it
    """

    PROPOSED = "proposed"
    APPLIED = "applied"
    DROPPED = "dropped"
    UNDONE = "undone"


class CorrectionAction(StrEnum):
    """What moves a correction."""

    APPLY = "apply"
    DROP = "drop"
    UNDO = "undo"


IN_FORCE = (CorrectionState.PROPOSED, CorrectionState.APPLIED)
"""States in which a correction counts: a second one of the same cause and days would correct twice."""

CORRECTORS: frozenset[Role | ActorKind] = frozenset((Role.METERING, Role.BILLING, Role.SUPERVISOR))

_S, _A = CorrectionState, CorrectionAction
WORKFLOW = Workflow(
    "correction",
    {
        (_S.PROPOSED, _A.APPLY): Move(_S.APPLIED, CORRECTORS),
        (_S.PROPOSED, _A.DROP): Move(_S.DROPPED, CORRECTORS),
        (_S.APPLIED, _A.UNDO): Move(_S.UNDONE, CORRECTORS),
    },
)
