"""States of a billing run and who may move it."""

from enum import StrEnum

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove, Move, Workflow


class RunState(StrEnum):
    """States of a billing run."""

    OPEN = "open"
    RATING = "rating"
    RATED = "rated"
    ISSUING = "issuing"
    ISSUED = "issued"
    DROPPED = "dropped"
    PROMOTED = "promoted"


class RunAction(StrEnum):
    """What moves a billing run."""

    RATE = "rate"
    FINISH_RATING = "finish_rating"
    APPROVE = "approve"
    FINISH_ISSUING = "finish_issuing"
    RETRY = "retry"
    DROP = "drop"
    PROMOTE = "promote"


ACTIVE = (RunState.OPEN, RunState.RATING, RunState.RATED, RunState.ISSUING)
"""States in which a run holds its accounts: no other run may bill them, but a shadow run holds none."""

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
        (_S.RATED, _A.PROMOTE): Move(_S.PROMOTED, APPROVERS),
        (_S.RATED, _A.RETRY): Move(_S.RATING, BILLERS),
        (_S.ISSUED, _A.RETRY): Move(_S.RATING, BILLERS),
        **{(state, _A.DROP): Move(_S.DROPPED, BILLERS) for state in (_S.OPEN, _S.RATING, _S.RATED)},
    },
)
OTHER_KIND = {True: RunAction.APPROVE, False: RunAction.PROMOTE}
"""What a shadow run, or a run that bills, is never moved by: the one is promoted, the other is approved."""


def step(*, state: RunState, action: RunAction, actor: Actor, is_shadow: bool) -> RunState:
    """
    Return the state after an action on a run of a kind.

    :raises IllegalMove: the action does not exist in this state, or for this kind of run.
    :raises NotAllowed: the actor may not do it.
    """
    if action is OTHER_KIND[is_shadow]:
        what = "A shadow run is promoted, not approved." if is_shadow else "Only a shadow run is promoted."
        raise IllegalMove(what, advice="Load the page anew.")
    return WORKFLOW.step(state, action, actor).to


def actions(*, state: RunState, actor: Actor, is_shadow: bool) -> tuple[RunAction, ...]:
    """Return what an actor may do with a run of a kind in a state."""
    return tuple(action for action in WORKFLOW.actions(state, actor) if action is not OTHER_KIND[is_shadow])
