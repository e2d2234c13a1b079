"""What is unusual about a load, with its score and its reasons in numbers, and what people do about it."""

from dataclasses import dataclass
from enum import StrEnum

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role

SUBJECT = "anomaly"
"""What its work orders and its audit name it."""
DECIDERS: frozenset[Role | ActorKind] = frozenset((Role.METERING, Role.SUPERVISOR, ActorKind.CLIENT))
REASON_MOST = 300
SCORE_E4 = 10_000
LEAST_SCORE_E4 = 5_000
"""From which score somebody is asked to look."""


class AnomalyKind(StrEnum):
    """
    Kinds of what is unusual.

    STEP_DOWN     every hour falls by one factor, and stays there
    NIGHT_BYPASS  nights are empty that were not, and days are as before
    FLAT_ZERO     nothing is used from a day on, though somebody is supplied
    PHASE_LOSS    the level falls to one or two thirds, as when a phase is not measured
    METER_FAULT   one value is repeated for days, or comes in lumps between zeros
    VACANT_USE    energy flows where nobody has an agreement
    SWAPPED       two neighbours have had each other's load since a day
    REVERSE_FLOW  energy flows back, and nobody agreed that it may
    BALANCE       a transformer gives more than its meters take, beyond its losses before
    """

    STEP_DOWN = "step_down"
    NIGHT_BYPASS = "night_bypass"
    FLAT_ZERO = "flat_zero"
    PHASE_LOSS = "phase_loss"
    METER_FAULT = "meter_fault"
    VACANT_USE = "vacant_use"
    SWAPPED = "swapped"
    REVERSE_FLOW = "reverse_flow"
    BALANCE = "balance"


class AnomalyState(StrEnum):
    """
    States of an anomaly.

    OPEN       somebody should look at it
    FOLLOWED   a visit was ordered
    INSPECTED  a usage inspection looks into it
    DISMISSED  it is right as it is, and why
    """

    OPEN = "open"
    FOLLOWED = "followed"
    INSPECTED = "inspected"
    DISMISSED = "dismissed"


class ReasonCode(StrEnum):
    """What a reason says; its numbers are said at each, in this order."""

    LEVEL_FELL = "level_fell"  # to percent of before
    ALL_HOURS = "all_hours"  # from percent, to percent: what the small and large hours of a day fell to
    STAYS = "stays"  # days
    PEERS = "peers"  # percent that peers changed to
    NIGHTS_EMPTY = "nights_empty"  # nights, of nights
    NIGHTS_BEFORE = "nights_before"  # Wh a night before
    DAYS_KEPT = "days_kept"  # percent of before
    NOTHING = "nothing"  # days
    BEFORE = "before"  # Wh a day before
    REPEATED = "repeated"  # hours, Wh
    LUMPS = "lumps"  # percent of hours without energy after, before
    NOBODY = "nobody"  # days without agreement
    USE = "use"  # Wh a day
    FITS_NEIGHBOUR = "fits_neighbour"  # percent of the difference to its own past that the neighbour's past leaves
    BACK = "back"  # hours, Wh
    LOSS = "loss"  # loss in 1/100 percent, before, after
    MISSING = "missing"  # Wh a day beyond the losses before


@dataclass(frozen=True, slots=True)
class Reason:
    """A sentence with its numbers, see ``ReasonCode``."""

    code: ReasonCode
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """
    Something unusual about a place.

    row        place among those looked at
    score_e4   the weakest of its grounds, 0 to 10,000; from 5,000 somebody is asked to look
    since_day  place of the first day among the days looked at
    other_row  the neighbour it was swapped with; -1
    """

    row: int
    kind: AnomalyKind
    score_e4: int
    since_day: int
    reasons: tuple[Reason, ...]
    other_row: int = -1
