"""Debits: what is taken from an account at a bank for a bill, when, and which of them a person looks at first."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from cis.kernel.actors import ActorKind
from cis.kernel.calendar import BusinessCalendar
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import Move, Workflow

LAST = 12
"""So many debits of the account, the latest, say what is usual."""
TIMES_PLACES = 3
_TIMES = 10**TIMES_PLACES
NAME = re.compile(r"(?<![A-Z0-9])DD(\d{10})(?!\d)")


class DebitState(StrEnum):
    """
    States of a debit.

    PLANNED    the customer is told; it goes to the bank in time for its day
    HELD       it is unusual; a person looks at it
    PROPOSED   one person would let it go; a second decides
    BATCHED    it is in a batch that the bank does not have yet
    SENT       the bank has it
    COLLECTED  a statement of the bank says that the money is here
    REJECTED   the bank did not debit it
    RETURNED   it was debited, and went back
    DROPPED    it will not be debited
    """

    PLANNED = "planned"
    HELD = "held"
    PROPOSED = "proposed"
    BATCHED = "batched"
    SENT = "sent"
    COLLECTED = "collected"
    REJECTED = "rejected"
    RETURNED = "returned"
    DROPPED = "dropped"


class DebitAction(StrEnum):
    """What moves a debit."""

    PROPOSE = "propose"
    KEEP = "keep"
    RELEASE = "release"
    BATCH = "batch"
    SEND = "send"
    COLLECT = "collect"
    REJECT = "reject"
    RETURN = "return"
    DROP = "drop"


UNDER_WAY = (DebitState.PLANNED, DebitState.HELD, DebitState.PROPOSED, DebitState.BATCHED, DebitState.SENT)
"""What will still become money, or not: its bill is not dunned meanwhile, unless it is overlooked."""
WAITING = (DebitState.HELD, DebitState.PROPOSED)
"""What waits for persons."""
OPEN = (DebitState.PLANNED, DebitState.HELD, DebitState.PROPOSED)
"""What has not gone into a batch."""


class HeldReason(StrEnum):
    """
    Why a person looks at a debit.

    ABOVE_LIMIT  it is more than the mandate allows
    ABOVE_USUAL  it is more than so many times the median of the account's last debits
    ABOVE_FIRST  nothing was debited of the account yet, and it is more than a first debit may be
    """

    ABOVE_LIMIT = "above_limit"
    ABOVE_USUAL = "above_usual"
    ABOVE_FIRST = "above_first"


class DropReason(StrEnum):
    """
    Why a debit will not be.

    PAID     nothing is open of the bill any more    MANDATE  its mandate does not hold any more
    PERSON   somebody decided so: its bill is not debited again
    """

    PAID = "paid"
    MANDATE = "mandate"
    PERSON = "person"


class SequenceType(StrEnum):
    """Which debit of a mandate it is. [source: ISO 20022, SequenceType1Code]"""

    FIRST = "FRST"
    RECURRENT = "RCUR"
    ONE_OFF = "OOFF"


class SamePerson(Refused):
    """Who proposed it cannot agree to it."""

    code = "debit_same_person"


class AboveLimit(Refused):
    """A debit above the limit of its mandate is never let go."""

    code = "debit_above_limit"


DECIDERS: frozenset[Role | ActorKind] = frozenset((Role.CASHIER, Role.BILLING, Role.SUPERVISOR))
_SYSTEM: frozenset[Role | ActorKind] = frozenset((ActorKind.SYSTEM, *DECIDERS))
_S, _A = DebitState, DebitAction
WORKFLOW = Workflow(
    "debit",
    {
        (_S.HELD, _A.PROPOSE): Move(_S.PROPOSED, DECIDERS),
        (_S.PROPOSED, _A.KEEP): Move(_S.HELD, DECIDERS),
        (_S.PROPOSED, _A.RELEASE): Move(_S.PLANNED, DECIDERS),
        (_S.PLANNED, _A.BATCH): Move(_S.BATCHED, _SYSTEM),
        (_S.BATCHED, _A.SEND): Move(_S.SENT, _SYSTEM),
        (_S.SENT, _A.COLLECT): Move(_S.COLLECTED, _SYSTEM),
        # What the statement says holds, whatever the bank said before.
        (_S.REJECTED, _A.COLLECT): Move(_S.COLLECTED, _SYSTEM),
        (_S.SENT, _A.REJECT): Move(_S.REJECTED, _SYSTEM),
        (_S.COLLECTED, _A.RETURN): Move(_S.RETURNED, _SYSTEM),
        **{(state, _A.DROP): Move(_S.DROPPED, _SYSTEM) for state in (*OPEN, _S.BATCHED)},
    },
)


def name_of(debit_id: int) -> str:
    """Return the name under which a bank knows a debit, and gives it back (EndToEndId)."""
    return f"DD{debit_id:010d}"


def ids_in(text: str) -> tuple[int, ...]:
    """Return the debits that a text names, each once."""
    return tuple(dict.fromkeys(int(found) for found in NAME.findall(text)))


def why_held(
    *, amount_minor: int, limit_minor: int, last_minor: Sequence[int], times_e3: int, first_most_minor: int
) -> tuple[HeldReason, ...]:
    """
    Return why a person looks at a debit before it goes; none: it goes. [minor unit]

    limit_minor       the most that the mandate allows of one debit
    last_minor        the account's debits that were collected, the latest first; the first 12 count
    times_e3          it may be so many times their median [10^-3]
    first_most_minor  where there are none, it may be this

    The comparison is exact: of an even number of debits the median is the mean of the two in the middle.
    """
    reasons = [HeldReason.ABOVE_LIMIT] if amount_minor > limit_minor else []
    usual = sorted(last_minor[:LAST])
    if usual:
        twice_median = usual[(len(usual) - 1) // 2] + usual[len(usual) // 2]
        if 2 * _TIMES * amount_minor > times_e3 * twice_median:
            reasons.append(HeldReason.ABOVE_USUAL)
    elif amount_minor > first_most_minor:
        reasons.append(HeldReason.ABOVE_FIRST)
    return tuple(reasons)


def median_minor(last_minor: Sequence[int]) -> int | None:
    """Return the median of the last 12 amounts for people, half a minor unit left out; None: there are none."""
    usual = sorted(last_minor[:LAST])
    return (usual[(len(usual) - 1) // 2] + usual[len(usual) // 2]) // 2 if usual else None


@dataclass(frozen=True, slots=True)
class Timing:
    """
    How long before the debit what must be done.

    notice_days  calendar days between telling the customer and the debit
    lead_days    bank working days between sending and the debit
    """

    notice_days: int
    lead_days: int
    calendar: BusinessCalendar


def first_day(timing: Timing, *, today: date, is_late: bool) -> date:
    """Return the first bank working day that the bank can debit what is sent now; ``is_late``: after its cut-off."""
    sent = timing.calendar.add_business_days(today + timedelta(days=is_late), 0)
    return timing.calendar.add_business_days(sent, timing.lead_days)


def collection_date(timing: Timing, *, due_date: date, today: date, is_late: bool) -> date:
    """
    Return the day of a debit whose customer is told today: the due date, or the bank working day after it; later where
    the customer must be told longer before, or the bank would not have it in time.
    """
    told = today + timedelta(days=timing.notice_days)
    first = first_day(timing, today=today, is_late=is_late)
    return timing.calendar.add_business_days(max(due_date, told, first), 0)


def last_overlooked(*, today: date, working_days: int, calendar: BusinessCalendar) -> date:
    """
    Return the latest day on which a debit that still waits for persons today was held too long ago.

    working_days  so many, after the day on which it was held, they have time
    """
    day = today - timedelta(days=1)
    while calendar.add_business_days(day, working_days) >= today:
        day -= timedelta(days=1)
    return day


def again_date(timing: Timing, *, today: date, after_days: int, is_late: bool) -> date:
    """Return the day of a second try, so many calendar days after today or later."""
    first = first_day(timing, today=today, is_late=is_late)
    return timing.calendar.add_business_days(max(today + timedelta(days=after_days), first), 0)
