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
    UNDOING   usage holds its energy; that it be taken back waits for a second person
    UNDONE    usage is as it was before it
    """

    PROPOSED = "proposed"
    APPLIED = "applied"
    DROPPED = "dropped"
    UNDOING = "undoing"
    UNDONE = "undone"


class CorrectionAction(StrEnum):
    """
    What moves a correction.

    UNDO          take it back, where one person may
    ASK_UNDO      ask that it be taken back, where two must
    CONFIRM_UNDO  take it back, as the second person
    KEEP          leave it as it is, after all
    """

    APPLY = "apply"
    DROP = "drop"
    UNDO = "undo"
    ASK_UNDO = "ask_undo"
    CONFIRM_UNDO = "confirm_undo"
    KEEP = "keep"


IN_FORCE = (CorrectionState.PROPOSED, CorrectionState.APPLIED, CorrectionState.UNDOING)
"""States in which a correction counts: a second one of the same cause and days would correct twice."""

CORRECTORS: frozenset[Role | ActorKind] = frozenset((Role.METERING, Role.BILLING, Role.SUPERVISOR))

_S, _A = CorrectionState, CorrectionAction
WORKFLOW = Workflow(
    "correction",
    {
        (_S.PROPOSED, _A.APPLY): Move(_S.APPLIED, CORRECTORS),
        (_S.PROPOSED, _A.DROP): Move(_S.DROPPED, CORRECTORS),
        (_S.APPLIED, _A.UNDO): Move(_S.UNDONE, CORRECTORS),
        (_S.APPLIED, _A.ASK_UNDO): Move(_S.UNDOING, CORRECTORS),
        (_S.UNDOING, _A.CONFIRM_UNDO): Move(_S.UNDONE, CORRECTORS),
        (_S.UNDOING, _A.KEEP): Move(_S.APPLIED, CORRECTORS),
    },
)
