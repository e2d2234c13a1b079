"""The states of a plan of instalments, and who moves it."""

from enum import StrEnum

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import Move, Workflow


class PlanState(StrEnum):
    """
    States of a plan.

    PROPOSED   above what its clerk may alone: a second person decides
    OFFERED    the customer has not accepted it yet
    KEPT       it holds
    COMPLETED  all that it covers is paid
    BROKEN     a part, or a new bill, was not paid in time
    CANCELLED  ended by the customer or by staff, or with the account
    DROPPED    it never held: refused, taken back, or not accepted in time
    """

    PROPOSED = "proposed"
    OFFERED = "offered"
    KEPT = "kept"
    COMPLETED = "completed"
    BROKEN = "broken"
    CANCELLED = "cancelled"
    DROPPED = "dropped"


class PlanAction(StrEnum):
    """What moves a plan."""

    AGREE = "agree"
    ACCEPT = "accept"
    COMPLETE = "complete"
    BREAK = "break"
    CANCEL = "cancel"
    LEAVE = "leave"
    DROP = "drop"


class PlanWay(StrEnum):
    """By which way it was made: at the desk, by the customer in the portal, by another program."""

    DESK = "desk"
    PORTAL = "portal"
    API = "api"


MAKERS: frozenset[Role | ActorKind] = frozenset(
    (Role.CLERK, Role.BILLING, Role.SUPERVISOR, ActorKind.CUSTOMER, ActorKind.CLIENT)
)
DECIDERS: frozenset[Role | ActorKind] = frozenset((Role.BILLING, Role.SUPERVISOR))
_ALL = MAKERS | {ActorKind.SYSTEM}
_MACHINE: frozenset[Role | ActorKind] = frozenset((ActorKind.SYSTEM,))
_S, _A = PlanState, PlanAction
WORKFLOW = Workflow(
    "plan of instalments",
    {
        (_S.PROPOSED, _A.AGREE): Move(_S.OFFERED, DECIDERS),
        (_S.PROPOSED, _A.DROP): Move(_S.DROPPED, _ALL),
        (_S.OFFERED, _A.ACCEPT): Move(_S.KEPT, MAKERS),
        (_S.OFFERED, _A.DROP): Move(_S.DROPPED, _ALL),
        (_S.KEPT, _A.COMPLETE): Move(_S.COMPLETED, _MACHINE),
        (_S.KEPT, _A.BREAK): Move(_S.BROKEN, _MACHINE),
        (_S.KEPT, _A.CANCEL): Move(_S.CANCELLED, MAKERS),
        (_S.KEPT, _A.LEAVE): Move(_S.CANCELLED, _MACHINE),
    },
)
LIVE = (PlanState.PROPOSED, PlanState.OFFERED, PlanState.KEPT)
