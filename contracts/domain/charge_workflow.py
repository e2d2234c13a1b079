"""States of a case of breach and of charges, and who may move them; charges of a case follow it."""

from enum import StrEnum

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import Move, Workflow


class ChargeState(StrEnum):
    """
    States of a charge.

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
    """What moves a charge that was agreed by hand; any charge without a case is reversed so."""

    AGREE = "agree"
    DROP = "drop"
    REVERSE = "reverse"


class CaseState(StrEnum):
    """
    States of a case.

    PROPOSED    waits for a second person; nothing is owed
    AGREED      its charges are owed
    CANCELLING  one person wants it cancelled; its charges are owed until a second one agrees to that
    DROPPED     was never owed
    CANCELLED   is owed no more
    """

    PROPOSED = "proposed"
    AGREED = "agreed"
    CANCELLING = "cancelling"
    DROPPED = "dropped"
    CANCELLED = "cancelled"


class CaseAction(StrEnum):
    """What moves a case."""

    AGREE = "agree"
    DROP = "drop"
    ASK_CANCEL = "ask_cancel"
    CANCEL = "cancel"
    KEEP = "keep"


CHARGERS: frozenset[Role | ActorKind] = frozenset((Role.BILLING, Role.METERING, Role.SUPERVISOR))
AGREERS: frozenset[Role | ActorKind] = frozenset((Role.CLERK, Role.BILLING, Role.SUPERVISOR, ActorKind.CLIENT))
"""Who agrees a charge by hand, up to what the place lets one person agree alone."""
REVERSERS: frozenset[Role | ActorKind] = frozenset((Role.BILLING, Role.SUPERVISOR, ActorKind.CLIENT))
DECIDERS: frozenset[Role | ActorKind] = frozenset((Role.BILLING, Role.SUPERVISOR))

_S, _A = CaseState, CaseAction
WORKFLOW = Workflow(
    "case of breach",
    {
        (_S.PROPOSED, _A.AGREE): Move(_S.AGREED, DECIDERS),
        (_S.PROPOSED, _A.DROP): Move(_S.DROPPED, CHARGERS),
        (_S.AGREED, _A.ASK_CANCEL): Move(_S.CANCELLING, CHARGERS),
        (_S.CANCELLING, _A.CANCEL): Move(_S.CANCELLED, DECIDERS),
        (_S.CANCELLING, _A.KEEP): Move(_S.AGREED, CHARGERS),
    },
)

CHARGE_WORKFLOW = Workflow(
    "one-off charge",
    {
        (ChargeState.PROPOSED, ChargeAction.AGREE): Move(ChargeState.AGREED, DECIDERS),
        (ChargeState.PROPOSED, ChargeAction.DROP): Move(ChargeState.DROPPED, AGREERS),
        (ChargeState.AGREED, ChargeAction.REVERSE): Move(ChargeState.CANCELLED, REVERSERS),
    },
)
