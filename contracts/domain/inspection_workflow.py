"""The ways of an inspection and of a defect: their states, and who may move them."""

from enum import StrEnum

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import ANYONE, Move, Workflow

NOTE_MOST = 500
REASON_MOST = 300


class InspectionState(StrEnum):
    """
    States of an inspection.

    PLANNED       to be ordered
    ORDERED       a crew has it, or will have it
    PASSED        no defects
    WITH_DEFECTS  passed; its defects are to be rectified
    FAILED        not passed: its defects are too grave
    CLEARED       all defects of an inspection that had some are rectified or waived
    DROPPED       it is not made
    """

    PLANNED = "planned"
    ORDERED = "ordered"
    PASSED = "passed"
    WITH_DEFECTS = "with_defects"
    FAILED = "failed"
    CLEARED = "cleared"
    DROPPED = "dropped"


class InspectionAction(StrEnum):
    """
    What moves an inspection.

    ORDER    the desk sends a crew
    RELEASE  its work order was dropped: to be ordered anew
    PASS, FIND, FAIL  what the crew's report comes to
    ADD      one more defect that makes it worse
    CLEAR    the last of its defects is closed
    DROP     the desk does without
    """

    ORDER = "order"
    RELEASE = "release"
    PASS = "pass"  # noqa: S105 (an action)
    FIND = "find"
    FAIL = "fail"
    CLEAR = "clear"
    DROP = "drop"


class DefectState(StrEnum):
    """
    States of a defect.

    OPEN       to be rectified by the customer
    CLAIMED    the customer says that it is rectified; the clock stands still while we look
    OVERDUE    not rectified in time
    WAIVING    one person wants it waived, a second one decides
    RECTIFIED  seen to be in order
    WAIVED     it may stay, for a reason
    """

    OPEN = "open"
    CLAIMED = "claimed"
    OVERDUE = "overdue"
    WAIVING = "waiving"
    RECTIFIED = "rectified"
    WAIVED = "waived"


class DefectAction(StrEnum):
    """
    What moves a defect.

    CLAIM      the customer says that it is done
    REJECT     it is not done: the clock goes on
    REJECT_LATE, KEEP_LATE  the same where its time was over before
    PASS_BY    its time is over
    RECTIFY    seen to be in order
    WAIVE      it may stay
    ASK_WAIVE  one person wants an urgent one waived
    AGREE      a second person agrees to that
    KEEP       a second person does not, or the first one takes it back
    """

    CLAIM = "claim"
    REJECT = "reject"
    REJECT_LATE = "reject_late"
    PASS_BY = "pass_by"  # noqa: S105 (an action)
    RECTIFY = "rectify"
    WAIVE = "waive"
    ASK_WAIVE = "ask_waive"
    AGREE = "agree"
    KEEP = "keep"
    KEEP_LATE = "keep_late"


PLANNERS: frozenset[Role | ActorKind] = frozenset((Role.CLERK, Role.METERING, Role.SUPERVISOR))
INSPECTORS: frozenset[Role | ActorKind] = frozenset((Role.FIELD, Role.METERING, Role.SUPERVISOR, ActorKind.CLIENT))
WAIVERS: frozenset[Role | ActorKind] = frozenset((Role.METERING, Role.SUPERVISOR))
CLAIMERS: frozenset[Role | ActorKind] = INSPECTORS | {Role.CLERK, ActorKind.CUSTOMER}
REGISTRARS: frozenset[Role | ActorKind] = frozenset((Role.METERING, Role.SUPERVISOR))
"""Who keeps the register of important customers."""

_S, _A = InspectionState, InspectionAction
_FOUND = (_S.PASSED, _S.WITH_DEFECTS, _S.FAILED)
INSPECTIONS = Workflow(
    "safety inspection",
    {
        (_S.PLANNED, _A.ORDER): Move(_S.ORDERED, PLANNERS | {ActorKind.SYSTEM}),
        (_S.PLANNED, _A.DROP): Move(_S.DROPPED, PLANNERS | {ActorKind.SYSTEM}),
        (_S.ORDERED, _A.DROP): Move(_S.DROPPED, PLANNERS | {ActorKind.SYSTEM}),
        (_S.ORDERED, _A.RELEASE): Move(_S.PLANNED, ANYONE),
        (_S.ORDERED, _A.PASS): Move(_S.PASSED, INSPECTORS),
        **{(state, _A.FIND): Move(_S.WITH_DEFECTS, INSPECTORS) for state in (_S.ORDERED, _S.PASSED, _S.WITH_DEFECTS)},
        **{(state, _A.FAIL): Move(_S.FAILED, INSPECTORS) for state in (_S.ORDERED, *_FOUND)},
        **{(state, _A.CLEAR): Move(_S.CLEARED, ANYONE) for state in (_S.WITH_DEFECTS, _S.FAILED)},
    },
)
"""The way of an inspection."""

REPORTED = (*_FOUND, InspectionState.CLEARED)
"""States of an inspection that was made."""
UNDER_WAY = (InspectionState.PLANNED, InspectionState.ORDERED)
"""States of an inspection that is still to be made."""
GOOD = (InspectionState.PASSED, InspectionState.WITH_DEFECTS, InspectionState.CLEARED)
"""States in which an installation may be energized."""

_D, _B = DefectState, DefectAction
_LYING = (_D.OPEN, _D.OVERDUE)
DEFECTS = Workflow(
    "defect",
    {
        **{(state, _B.CLAIM): Move(_D.CLAIMED, CLAIMERS) for state in _LYING},
        (_D.CLAIMED, _B.REJECT): Move(_D.OPEN, INSPECTORS),
        (_D.CLAIMED, _B.REJECT_LATE): Move(_D.OVERDUE, INSPECTORS),
        (_D.OPEN, _B.PASS_BY): Move(_D.OVERDUE, frozenset({ActorKind.SYSTEM})),
        **{(state, _B.RECTIFY): Move(_D.RECTIFIED, INSPECTORS) for state in (*_LYING, _D.CLAIMED)},
        **{(state, _B.WAIVE): Move(_D.WAIVED, WAIVERS) for state in (*_LYING, _D.CLAIMED)},
        **{(state, _B.ASK_WAIVE): Move(_D.WAIVING, WAIVERS) for state in (*_LYING, _D.CLAIMED)},
        (_D.WAIVING, _B.AGREE): Move(_D.WAIVED, WAIVERS),
        (_D.WAIVING, _B.KEEP): Move(_D.OPEN, WAIVERS),
        (_D.WAIVING, _B.KEEP_LATE): Move(_D.OVERDUE, WAIVERS),
    },
)
"""The way of a defect."""

STANDING = (DefectState.OPEN, DefectState.CLAIMED, DefectState.OVERDUE, DefectState.WAIVING)
"""States of a defect that is neither rectified nor waived."""
