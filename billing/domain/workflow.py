"""States of a billing run and who may move it."""

from enum import StrEnum

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import Move, Workflow


class RunState(StrEnum):
    """States of a billing run."""

    OPEN = "open"
    RATING = "rating"
    RATED = "rated"
    ISSUING = "issuing"
    ISSUED = "issued"
    DROPPED = "dropped"


class RunAction(StrEnum):
    """What moves a billing run."""

    RATE = "rate"
    FINISH_RATING = "finish_rating"
    APPROVE = "approve"
    FINISH_ISSUING = "finish_issuing"
    RETRY = "retry"
    DROP = "drop"


ACTIVE = (RunState.OPEN, RunState.RATING, RunState.RATED, RunState.ISSUING)
"""States in which a run holds its accounts: no other run may bill them."""

BILLERS: frozenset[Role | ActorKind] = frozenset((Role.BILLING, Role.SUPERVISOR, ActorKind.SYSTEM))
APPROVERS: frozenset[Role | ActorKind] = frozenset((Role.BILLING, Role.SUPERVISOR, ActorKind.SYSTEM))
MACHINE: frozenset[Role | ActorKind] = frozenset((ActorKind.SYSTEM,))

_S, _A = RunState, RunAction
WORKFLOW = Workflow(
    "billing run",
    {
        (_S.OPEN, _A.RATE): Move(_S.RATING, BILLERS),
        (_S.RATING, _A.FINISH_RATING): Move(_S.RATED, MACHINE),
        (_S.RATED, _A.APPROVE): Move(_S.ISSUING, APPROVERS),
        (_S.ISSUING, _A.FINISH_ISSUING): Move(_S.ISSUED, MACHINE),
        (_S.RATED, _A.RETRY): Move(_S.RATING, BILLERS),
        (_S.ISSUED, _A.RETRY): Move(_S.RATING, BILLERS),
        **{(state, _A.DROP): Move(_S.DROPPED, BILLERS) for state in (_S.OPEN, _S.RATING, _S.RATED)},
    },
)
