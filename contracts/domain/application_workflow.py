"""
The way from an application to flowing current, as one typed table: what may follow what, who may do it, how long.

Five steps: survey, offer, contract, meter, energizing. ``within`` of a move is the standard by which it must be done
once its state is reached; its length is in the pack, by the class of the supply (``standard_key``).
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import ANYONE, Move, Standard, Workflow


class ApplicationState(StrEnum):
    """
    States of an application.

    APPLIED     filed; papers are checked, or waited for
    DOCUMENTED  papers are complete: the supplier's time runs
    SURVEYING   somebody is sent to look
    SURVEYED    it is known how it can be supplied
    OFFERED     the customer has the plan reply and decides
    CONTRACTED  the contract is signed
    METERED     the meters hang
    ENERGIZED   current flows
    WITHDRAWN   the customer does not want it any more
    REJECTED    it cannot be, for the reason told
    """

    APPLIED = "applied"
    DOCUMENTED = "documented"
    SURVEYING = "surveying"
    SURVEYED = "surveyed"
    OFFERED = "offered"
    CONTRACTED = "contracted"
    METERED = "metered"
    ENERGIZED = "energized"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"


class ApplicationAction(StrEnum):
    """What moves an application."""

    CONFIRM_DOCUMENTS = "confirm_documents"
    ASSIGN_SURVEY = "assign_survey"
    REPORT_SURVEY = "report_survey"
    OFFER = "offer"
    SIGN = "sign"
    INSTALL_METER = "install_meter"
    ENERGIZE = "energize"
    SEND_BACK = "send_back"
    SUSPEND = "suspend"
    RESUME = "resume"
    WITHDRAW = "withdraw"
    REJECT = "reject"


class StandardClass(StrEnum):
    """By which row of service standards a supply is measured: home, other low voltage, high voltage by its feeds."""

    HOME = "home"
    LOW = "low"
    HIGH = "high"
    HIGH_DUAL = "high_dual"


class WaitsFor(StrEnum):
    """Whose turn it is: the desk, people in the field, the customer; nobody's where all is over."""

    DESK = "desk"
    FIELD = "field"
    CUSTOMER = "customer"
    NOBODY = "nobody"


Who = frozenset[Role | ActorKind]
DESK: Final[Who] = frozenset((Role.CLERK, Role.SUPERVISOR, ActorKind.CLIENT))
FIELD: Final[Who] = frozenset((Role.FIELD, Role.METERING, Role.SUPERVISOR, ActorKind.CLIENT))
SURVEYORS: Final[Who] = FIELD | {Role.CLERK}
METERERS: Final[Who] = FIELD | {ActorKind.SYSTEM}
DECIDERS: Final[Who] = DESK | FIELD

SUBJECT: Final = "application"
"""What an application is called where others speak of it: audit trail, deadlines, work orders, offers."""

WHOLE: Final = Standard("connection")
"""All of the supplier's steps together, from complete papers to flowing current."""

_DOCUMENTS, _SURVEY, _OFFER = map(Standard, ("connection_documents", "connection_survey", "connection_offer"))
_METER, _ENERGIZE = map(Standard, ("connection_meter", "connection_energize"))
STANDARDS: Final = (WHOLE, _DOCUMENTS, _SURVEY, _OFFER, _METER, _ENERGIZE)
"""All standards of an application: the whole, then its steps in order."""
_S, _A = ApplicationState, ApplicationAction
OPEN: Final = (
    _S.APPLIED, _S.DOCUMENTED, _S.SURVEYING, _S.SURVEYED, _S.OFFERED, _S.CONTRACTED, _S.METERED,
)  # fmt: skip
"""States in which something is still to be done."""
WITH_METERS: Final = (_S.CONTRACTED, _S.METERED)
"""States in which supplies are switched on, each once its meter hangs; the application is energized with the last."""

WORKFLOW = Workflow(
    "service application",
    {
        (_S.APPLIED, _A.CONFIRM_DOCUMENTS): Move(_S.DOCUMENTED, DESK, within=_DOCUMENTS),
        (_S.DOCUMENTED, _A.ASSIGN_SURVEY): Move(_S.SURVEYING, DESK, within=_SURVEY),
        (_S.SURVEYING, _A.REPORT_SURVEY): Move(_S.SURVEYED, SURVEYORS, within=_SURVEY),
        (_S.SURVEYED, _A.OFFER): Move(_S.OFFERED, DESK, within=_OFFER),
        (_S.OFFERED, _A.SIGN): Move(_S.CONTRACTED, ANYONE),
        (_S.CONTRACTED, _A.INSTALL_METER): Move(_S.METERED, METERERS, within=_METER),
        (_S.METERED, _A.ENERGIZE): Move(_S.ENERGIZED, METERERS, within=_ENERGIZE),
        (_S.DOCUMENTED, _A.SEND_BACK): Move(_S.APPLIED, DESK),
        (_S.SURVEYING, _A.SEND_BACK): Move(_S.DOCUMENTED, DECIDERS),
        (_S.SURVEYED, _A.SEND_BACK): Move(_S.DOCUMENTED, DESK),
        (_S.OFFERED, _A.SEND_BACK): Move(_S.SURVEYED, DESK | {ActorKind.SYSTEM}),
        (_S.CONTRACTED, _A.SEND_BACK): Move(_S.SURVEYED, DESK),
        (_S.METERED, _A.SEND_BACK): Move(_S.CONTRACTED, DECIDERS),
        **{(state, _A.SUSPEND): Move(state, DESK) for state in OPEN},
        **{(state, _A.RESUME): Move(state, DESK) for state in OPEN},
        **{(state, _A.WITHDRAW): Move(_S.WITHDRAWN, ANYONE) for state in OPEN},
        **{(state, _A.REJECT): Move(_S.REJECTED, DESK) for state in OPEN},
    },
)
STEPS: Final[Mapping[ApplicationAction, ApplicationState]] = MappingProxyType(
    {
        _A.REPORT_SURVEY: _S.SURVEYED,
        _A.OFFER: _S.OFFERED,
        _A.SIGN: _S.CONTRACTED,
        _A.INSTALL_METER: _S.METERED,
        _A.ENERGIZE: _S.ENERGIZED,
    }
)
"""The five steps in order, each with the state that it reaches."""

ENDS: Final = frozenset((_A.WITHDRAW, _A.REJECT))
"""What ends an application before current flows; once it flows at one of its supplies, none of these is possible."""
NEEDS_REASON: Final = frozenset((_A.SEND_BACK, _A.SUSPEND, _A.WITHDRAW, _A.REJECT))
_WHILE_SUSPENDED: Final = frozenset((_A.RESUME, _A.WITHDRAW, _A.REJECT))
_WAITS: Final[Mapping[ApplicationState, WaitsFor]] = MappingProxyType(
    {
        _S.APPLIED: WaitsFor.DESK,
        _S.DOCUMENTED: WaitsFor.DESK,
        _S.SURVEYING: WaitsFor.FIELD,
        _S.SURVEYED: WaitsFor.DESK,
        _S.OFFERED: WaitsFor.CUSTOMER,
        _S.CONTRACTED: WaitsFor.FIELD,
        _S.METERED: WaitsFor.FIELD,
    }
)


def is_possible(action: ApplicationAction, *, is_suspended: bool) -> bool:
    """Return whether an action fits an application that is, or is not, suspended."""
    return action in _WHILE_SUSPENDED if is_suspended else action is not _A.RESUME


def actions(state: ApplicationState, *, is_suspended: bool, actor: Actor) -> tuple[ApplicationAction, ...]:
    """Return what an actor may do now, in the order of the table."""
    return tuple(one for one in WORKFLOW.actions(state, actor) if is_possible(one, is_suspended=is_suspended))


def waits_for(state: ApplicationState, *, lacks_papers: bool) -> WaitsFor:
    """Return whose turn it is."""
    if state is _S.APPLIED and lacks_papers:
        return WaitsFor.CUSTOMER
    return _WAITS.get(state, WaitsFor.NOBODY)


def standard_of(state: ApplicationState) -> Standard | None:
    """Return the standard that limits the time in a state; None: none, or the customer decides."""
    for (before, _), move in WORKFLOW.moves.items():
        if before is state and move.within is not None:
            return move.within
    return None


def standard_key(standard: Standard, *, standard_class: StandardClass) -> str:
    """Return the key of a standard for a class of supply, as the pack names it."""
    return f"{standard.key}_{standard_class}"
