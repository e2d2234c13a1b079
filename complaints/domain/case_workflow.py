"""
The way of a case from the first word to its end, as one typed table: what may follow what, and who may do it.

Clocks are three, named by the pack for each kind of case: until a team accepts it, until the caller first hears from
us, and until it is answered. They stand still while the caller is asked for something.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import Move, Workflow


class CaseState(StrEnum):
    """
    States of a case.

    RECEIVED       it has a number, and no class yet
    CLASSIFIED     it is known what it is about
    DISPATCHED     a team has it, and has not said yes
    ACCEPTED       somebody of the team has it
    INVESTIGATING  it is looked into
    REPLIED        the caller has the answer and is called back
    CALLING_BACK   called back, and nobody answered yet
    CLOSED         done
    REOPENED       the caller is not content, or something new came up
    ESCALATED      an authority has referred it to us, or it went to one
    WITHDRAWN      the caller does not want it any more
    MERGED         it is answered with another one
    """

    RECEIVED = "received"
    CLASSIFIED = "classified"
    DISPATCHED = "dispatched"
    ACCEPTED = "accepted"
    INVESTIGATING = "investigating"
    REPLIED = "replied"
    CALLING_BACK = "calling_back"
    CLOSED = "closed"
    REOPENED = "reopened"
    ESCALATED = "escalated"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


class CaseAction(StrEnum):
    """What moves a case."""

    CLASSIFY = "classify"
    DISPATCH = "dispatch"
    ACCEPT = "accept"
    HAND_OVER = "hand_over"
    INVESTIGATE = "investigate"
    CONTACT = "contact"
    WAIT = "wait"
    GO_ON = "go_on"
    REPLY = "reply"
    NOT_REACHED = "not_reached"
    SATISFIED = "satisfied"
    DISSATISFIED = "dissatisfied"
    CLOSE = "close"
    REOPEN = "reopen"
    ESCALATE = "escalate"
    RAISE = "raise"
    WITHDRAW = "withdraw"
    MERGE = "merge"


Who = frozenset[Role | ActorKind]
TAKERS: Final[Who] = frozenset((Role.CLERK, Role.SUPERVISOR, ActorKind.CLIENT, ActorKind.CUSTOMER, ActorKind.SYSTEM))
"""Who takes a case in."""
DESK: Final[Who] = frozenset((Role.CLERK, Role.SUPERVISOR))
HANDLERS: Final[Who] = frozenset((Role.CLERK, Role.BILLING, Role.METERING, Role.FIELD, Role.CASHIER, Role.SUPERVISOR))
"""Who looks into cases and answers them, each for the team they belong to."""
CALLERS: Final[Who] = DESK | {ActorKind.CUSTOMER}
CALL_BACKERS: Final[Who] = DESK

_S, _A = CaseState, CaseAction
OPEN: Final = (
    _S.RECEIVED, _S.CLASSIFIED, _S.DISPATCHED, _S.ACCEPTED, _S.INVESTIGATING, _S.REOPENED, _S.ESCALATED,
)  # fmt: skip
"""States in which an answer is owed."""
ANSWERED: Final = (_S.REPLIED, _S.CALLING_BACK)
"""States in which the caller has the answer and is asked whether it is good."""
LIVE: Final = (*OPEN, *ANSWERED)
"""States in which something is still to be done."""
WITH_A_TEAM: Final = (_S.DISPATCHED, _S.ACCEPTED, _S.INVESTIGATING)
IN_HAND: Final = (_S.ACCEPTED, _S.INVESTIGATING)
"""States in which somebody has said yes to it."""
UNPLACED: Final = (_S.CLASSIFIED, _S.REOPENED, _S.ESCALATED)
"""States in which it waits for a team."""

WORKFLOW = Workflow(
    "case",
    {
        (_S.RECEIVED, _A.CLASSIFY): Move(_S.CLASSIFIED, DESK | {ActorKind.SYSTEM}),
        **{(s, _A.CLASSIFY): Move(s, HANDLERS) for s in (*UNPLACED, *WITH_A_TEAM)},
        **{(s, _A.DISPATCH): Move(_S.DISPATCHED, DESK | {ActorKind.SYSTEM}) for s in UNPLACED},
        (_S.DISPATCHED, _A.ACCEPT): Move(_S.ACCEPTED, HANDLERS),
        **{(s, _A.HAND_OVER): Move(_S.DISPATCHED, HANDLERS) for s in WITH_A_TEAM},
        (_S.ACCEPTED, _A.INVESTIGATE): Move(_S.INVESTIGATING, HANDLERS),
        **{(s, _A.CONTACT): Move(s, HANDLERS) for s in OPEN},
        **{(s, _A.WAIT): Move(s, HANDLERS) for s in OPEN},
        **{(s, _A.GO_ON): Move(s, HANDLERS | {ActorKind.CUSTOMER, ActorKind.SYSTEM}) for s in OPEN},
        **{(s, _A.REPLY): Move(_S.REPLIED, HANDLERS) for s in IN_HAND},
        **{(s, _A.NOT_REACHED): Move(_S.CALLING_BACK, CALL_BACKERS) for s in ANSWERED},
        **{(s, _A.SATISFIED): Move(_S.CLOSED, CALLERS) for s in ANSWERED},
        **{(s, _A.DISSATISFIED): Move(_S.REOPENED, CALLERS) for s in ANSWERED},
        **{(s, _A.CLOSE): Move(_S.CLOSED, DESK | {ActorKind.SYSTEM}) for s in ANSWERED},
        (_S.CLOSED, _A.REOPEN): Move(_S.REOPENED, CALLERS),
        (_S.MERGED, _A.REOPEN): Move(_S.REOPENED, frozenset({ActorKind.SYSTEM})),
        **{(s, _A.ESCALATE): Move(_S.ESCALATED, DESK) for s in (*OPEN, *ANSWERED, _S.CLOSED)},
        **{(s, _A.RAISE): Move(s, HANDLERS) for s in LIVE},
        **{(s, _A.WITHDRAW): Move(_S.WITHDRAWN, CALLERS) for s in LIVE},
        **{(s, _A.MERGE): Move(_S.MERGED, DESK) for s in OPEN},
    },
)
NEEDS_REASON: Final = frozenset((_A.HAND_OVER, _A.WAIT, _A.CLOSE, _A.REOPEN, _A.DISSATISFIED, _A.RAISE, _A.WITHDRAW))
"""Moves of which those who come after have to know why."""
PAUSES: Final = frozenset((_A.WAIT, _A.GO_ON))
_WHILE_WAITING: Final = frozenset((_A.GO_ON, _A.WITHDRAW, _A.ESCALATE, _A.RAISE, _A.MERGE, _A.CLASSIFY))


class Clock(StrEnum):
    """What a clock is for: a yes of a team, a first word to the caller, the answer."""

    ACCEPT = "accept"
    CONTACT = "contact"
    FINISH = "finish"


MET_BY: Final[Mapping[CaseAction, tuple[Clock, ...]]] = MappingProxyType(
    {
        _A.ACCEPT: (Clock.ACCEPT,),
        _A.CONTACT: (Clock.CONTACT,),
        _A.REPLY: (Clock.CONTACT, Clock.FINISH),
    }
)
"""Clocks that a move meets."""
STARTED_BY: Final[Mapping[CaseAction, tuple[Clock, ...]]] = MappingProxyType(
    {
        _A.HAND_OVER: (Clock.ACCEPT,),
        _A.DISSATISFIED: (Clock.ACCEPT, Clock.FINISH),
        _A.REOPEN: (Clock.ACCEPT, Clock.FINISH),
        _A.ESCALATE: (Clock.ACCEPT, Clock.FINISH),
    }
)
"""Clocks that begin anew with a move; one of them that still runs is forgotten."""


def is_possible(action: CaseAction, *, is_waiting: bool) -> bool:
    """Return whether an action fits a case that waits, or does not wait, for its caller."""
    return action in _WHILE_WAITING if is_waiting else action is not _A.GO_ON


def actions(state: CaseState, *, is_waiting: bool, actor: Actor) -> tuple[CaseAction, ...]:
    """Return what an actor may do now, in the order of the table."""
    return tuple(one for one in WORKFLOW.actions(state, actor) if is_possible(one, is_waiting=is_waiting))
