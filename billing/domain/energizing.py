"""Energizing: how a supply whose meter hangs is switched on and begins to be billed."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import Move, Workflow

NOTE_MOST = 300


class EnergizingState(StrEnum):
    """
    States of an energizing.

    WAITING    the deposit that is to be paid before is not paid yet; the meter is told once it is
    SWITCHING  the meter was told to switch on
    FAILED     it did not, was not heard of, or cannot be told: somebody switches it at the place
    HELD       current flows, but the supply cannot begin to be billed, for a reason that is told
    STARTED    current flows and is billed
    DROPPED    given up before current flowed
    """

    WAITING = "waiting"
    SWITCHING = "switching"
    FAILED = "failed"
    HELD = "held"
    STARTED = "started"
    DROPPED = "dropped"


class EnergizingAction(StrEnum):
    """
    What moves an energizing.

    SWITCH   tell the meter (again) to switch on
    BY_HAND  somebody switched on at the place
    FAIL     the meter refused, or was not heard of
    HOLD     current flows, and a step after it was refused
    START    current flows, and all steps after it are done
    """

    SWITCH = "switch"
    BY_HAND = "by_hand"
    FAIL = "fail"
    HOLD = "hold"
    START = "start"
    DROP = "drop"


ENERGIZERS: frozenset[Role | ActorKind] = frozenset((Role.METERING, Role.SUPERVISOR, ActorKind.CLIENT))
"""Who orders that a supply is switched on."""
_MACHINE: frozenset[Role | ActorKind] = frozenset((ActorKind.SYSTEM,))
_S, _A = EnergizingState, EnergizingAction
WORKFLOW = Workflow(
    "energizing",
    {
        (_S.WAITING, _A.SWITCH): Move(_S.SWITCHING, _MACHINE),
        (_S.WAITING, _A.DROP): Move(_S.DROPPED, ENERGIZERS),
        (_S.FAILED, _A.SWITCH): Move(_S.SWITCHING, ENERGIZERS),
        (_S.FAILED, _A.BY_HAND): Move(_S.HELD, ENERGIZERS | _MACHINE),
        (_S.SWITCHING, _A.FAIL): Move(_S.FAILED, _MACHINE),
        # A meter that had timed out may tell late that it is on.
        **{(state, _A.HOLD): Move(_S.HELD, _MACHINE) for state in (_S.SWITCHING, _S.FAILED, _S.HELD)},
        (_S.HELD, _A.START): Move(_S.STARTED, _MACHINE | ENERGIZERS),
        (_S.FAILED, _A.DROP): Move(_S.DROPPED, ENERGIZERS),
    },
)
"""The way of an energizing: from the switch on, it is held until every step after it is done."""

OPEN = (EnergizingState.WAITING, EnergizingState.SWITCHING, EnergizingState.FAILED, EnergizingState.HELD)
"""States in which something is still to be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleChoice:
    """Which cycle bills new supplies; district "" = all districts, use_class "" = all classes."""

    cycle_code: str
    district: str
    use_class: str


def choose_cycle(*, choices: Iterable[CycleChoice], district: str, use_class: str) -> str | None:
    """
    Return the code of the cycle for a supply, None: no rule fits it.

    A rule that names the district goes before one that names the class, and that before one that names neither.
    """
    fits = [one for one in choices if one.district in {"", district} and one.use_class in {"", use_class}]
    if not fits:
        return None
    return max(fits, key=lambda one: (one.district != "", one.use_class != "")).cycle_code
