"""Disconnection for debts: the states of an order, what moves it, and who may."""

from enum import StrEnum

from arrears.domain.cut_facts import BlockerCode
from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import Move, Workflow

NOTE_MOST = 300


class OrderState(StrEnum):
    """
    States of an order of disconnection.

    PROPOSED    waits for a second person
    NOTICED     the customer has the notice
    REMINDED    the customer was reminded for the last time
    DISPATCHED  the meter is told to, or a crew is sent; the answer is awaited
    RECALLED    taken back after it was dispatched: it is not known yet whether it was done
    CUT         no current flows
    RESTORING   current is to flow again, and its clock runs
    CANCELLED   nothing was cut, or what was told to is confirmed not to have been done
    FAILED      the meter or the crew did not do it
    """

    PROPOSED = "proposed"
    APPROVED = "approved"
    NOTICED = "noticed"
    REMINDED = "reminded"
    DISPATCHED = "dispatched"
    RECALLED = "recalled"
    CUT = "cut"
    RESTORING = "restoring"
    RESTORED = "restored"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    FAILED = "failed"


class OrderAction(StrEnum):
    """
    What moves an order.

    ANNOUNCE     the notice goes to the customer; NOTICE keeps that it was received
    SUPPORT      one of several persons agrees, and more are needed
    RECALL       it is to be undone after it was dispatched
    DONE         the meter or the crew did it
    FAIL         the meter or the crew did not do it: this also acknowledges a recall
    PREPAY       the supply is prepaid: it was told by the notice that its balance is used up, and is dispatched at once
    """

    SUPPORT = "support"
    APPROVE = "approve"
    ANNOUNCE = "announce"
    NOTICE = "notice"
    COPY = "copy"
    REMIND = "remind"
    DISPATCH = "dispatch"
    DONE = "done"
    FAIL = "fail"
    RECALL = "recall"
    RESTORE = "restore"
    RESTORED = "restored"
    CANCEL = "cancel"
    EXPIRE = "expire"
    PREPAY = "prepay"


_MACHINE: frozenset[Role | ActorKind] = frozenset((ActorKind.SYSTEM,))
COLLECTORS: frozenset[Role | ActorKind] = frozenset((Role.BILLING, Role.SUPERVISOR, ActorKind.SYSTEM))
APPROVERS: frozenset[Role | ActorKind] = frozenset((Role.SUPERVISOR,))
_ANY_CREW: frozenset[Role | ActorKind] = _MACHINE | {Role.FIELD, Role.METERING, Role.SUPERVISOR}
_S, _A = OrderState, OrderAction
BEFORE = (_S.PROPOSED, _S.APPROVED, _S.NOTICED, _S.REMINDED)
"""States in which nothing was dispatched yet."""
UNDER_WAY = (*BEFORE, _S.DISPATCHED, _S.RECALLED, _S.CUT, _S.RESTORING)
"""States in which a place has an order."""
WORKFLOW = Workflow(
    "disconnection order",
    {
        (_S.PROPOSED, _A.SUPPORT): Move(_S.PROPOSED, APPROVERS),
        (_S.PROPOSED, _A.APPROVE): Move(_S.APPROVED, APPROVERS),
        (_S.APPROVED, _A.ANNOUNCE): Move(_S.APPROVED, COLLECTORS),
        (_S.APPROVED, _A.NOTICE): Move(_S.NOTICED, COLLECTORS),
        **{(state, _A.COPY): Move(state, COLLECTORS) for state in BEFORE},
        **{(state, _A.PREPAY): Move(_S.REMINDED, _MACHINE) for state in (_S.PROPOSED, _S.APPROVED)},
        (_S.NOTICED, _A.REMIND): Move(_S.REMINDED, COLLECTORS),
        (_S.REMINDED, _A.REMIND): Move(_S.REMINDED, COLLECTORS),
        (_S.REMINDED, _A.DISPATCH): Move(_S.DISPATCHED, COLLECTORS),
        **{(state, _A.CANCEL): Move(_S.CANCELLED, COLLECTORS) for state in BEFORE},
        **{(state, _A.EXPIRE): Move(_S.EXPIRED, _MACHINE) for state in BEFORE},
        (_S.DISPATCHED, _A.DONE): Move(_S.CUT, _ANY_CREW),
        (_S.DISPATCHED, _A.FAIL): Move(_S.FAILED, _ANY_CREW),
        # A meter that was given up may have done it all the same: it is restored at once, nobody decided it anew.
        **{(state, _A.DONE): Move(_S.RESTORING, _ANY_CREW) for state in (_S.RECALLED, _S.FAILED, _S.CANCELLED)},
        (_S.DISPATCHED, _A.RECALL): Move(_S.RECALLED, COLLECTORS),
        (_S.RECALLED, _A.FAIL): Move(_S.CANCELLED, _ANY_CREW),
        (_S.CUT, _A.RESTORE): Move(_S.RESTORING, COLLECTORS),
        (_S.RESTORING, _A.RESTORED): Move(_S.RESTORED, _ANY_CREW),
    },
)
"""The way of an order: it reaches DISPATCHED only where ``cut.may_cut`` names no reason against it."""

_LATER = frozenset(
    {
        BlockerCode.NOTICE_MISSING, BlockerCode.REMINDER_MISSING, BlockerCode.AUTHORITY_UNTOLD, BlockerCode.UNAPPROVED,
        BlockerCode.SEASON, BlockerCode.HOLIDAY, BlockerCode.WEEKDAY, BlockerCode.HOUR, BlockerCode.WEATHER,
        BlockerCode.WEATHER_UNKNOWN, BlockerCode.NOTICE_FRESH, BlockerCode.OUTSIDE_SLOT, BlockerCode.REMINDER_FRESH,
        BlockerCode.REMINDER_OLD, BlockerCode.NOTICE_OLD,
    }
)  # fmt: skip
LATER: dict[OrderAction, frozenset[BlockerCode]] = {
    OrderAction.APPROVE: _LATER,
    OrderAction.ANNOUNCE: _LATER - {BlockerCode.UNAPPROVED},
    OrderAction.NOTICE: _LATER - {BlockerCode.UNAPPROVED},
    OrderAction.REMIND: _LATER - {BlockerCode.UNAPPROVED, BlockerCode.NOTICE_MISSING, BlockerCode.NOTICE_OLD},
    OrderAction.DISPATCH: frozenset(),
}
"""Reasons that do not keep a step from being done, since they are met, or pass, before the cut; to dispatch: none."""


class Way(StrEnum):
    """How a supply is cut off: its meter is told to, or a crew goes there."""

    REMOTE = "remote"
    CREW = "crew"


class CutBatchState(StrEnum):
    """
    States of the prepaid cuts of a day that are too many to go by themselves.

    WAITING   a person has to look
    APPROVED  so many may go on that day
    DROPPED   none of them goes: their orders are cancelled
    LAPSED    the day is over, or they are not the same number any more
    """

    WAITING = "waiting"
    APPROVED = "approved"
    DROPPED = "dropped"
    LAPSED = "lapsed"
