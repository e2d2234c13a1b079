"""Appointments: hours that a customer is promised, and what may become of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from itertools import pairwise

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Findings
from cis.kernel.workflow import ANYONE, Move, Workflow
from metering.domain.work_orders import BOOKERS

SLOT_DAYS_MOST = 92
SLOT_CAPACITY_MOST = 100
REASON_MOST = 300


class AppointmentState(StrEnum):
    """
    States of an appointment.

    BOOKED            promised
    CONFIRMED         the customer said that somebody will be there
    KEPT              the crew came and worked
    MOVED             another one stands in its place
    MISSED_BY_CUSTOMER, MISSED_BY_US  it passed without work, and on whose side that was
    DROPPED           no longer needed
    """

    BOOKED = "booked"
    CONFIRMED = "confirmed"
    KEPT = "kept"
    MOVED = "moved"
    MISSED_BY_CUSTOMER = "missed_by_customer"
    MISSED_BY_US = "missed_by_us"
    DROPPED = "dropped"


class AppointmentAction(StrEnum):
    """What moves an appointment."""

    CONFIRM = "confirm"
    MOVE = "move"
    KEEP = "keep"
    MISS_BY_CUSTOMER = "miss_by_customer"
    MISS_BY_US = "miss_by_us"
    DROP = "drop"


STANDING = (AppointmentState.BOOKED, AppointmentState.CONFIRMED)
"""States of an appointment that is still to come."""

_CREW: frozenset[Role | ActorKind] = frozenset(
    (Role.CLERK, Role.FIELD, Role.METERING, Role.SUPERVISOR, ActorKind.CLIENT)
)
_S, _A = AppointmentState, AppointmentAction
WORKFLOW = Workflow(
    "appointment",
    {
        (_S.BOOKED, _A.CONFIRM): Move(_S.CONFIRMED, BOOKERS),
        **{
            (state, action): Move(to, by)
            for state in STANDING
            for action, to, by in (
                (_A.MOVE, _S.MOVED, BOOKERS),
                (_A.KEEP, _S.KEPT, _CREW),
                (_A.MISS_BY_CUSTOMER, _S.MISSED_BY_CUSTOMER, _CREW),
                (_A.MISS_BY_US, _S.MISSED_BY_US, _CREW),
                (_A.DROP, _S.DROPPED, ANYONE),
            )
        },
    },
)
"""The way of an appointment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """A span of a day that may be promised."""

    start: time
    end: time


def check_slots(*, dates: Sequence[date], hours: Sequence[Hours], capacity: int, findings: Findings) -> None:
    """Note what is wrong with slots to be opened."""
    if not dates:
        findings.add("dates", "no_days", "There is no working day among these days.")
    if len(dates) > SLOT_DAYS_MOST:
        findings.add("dates", "too_many_days", f"Open slots for up to {SLOT_DAYS_MOST} days at a time.")
    if not 1 <= capacity <= SLOT_CAPACITY_MOST:
        findings.add("capacity", "bad_capacity", f"A slot takes 1 to {SLOT_CAPACITY_MOST} appointments.")
    ordered = sorted(hours, key=lambda one: one.start)
    if not ordered or any(one.end <= one.start for one in ordered):
        findings.add("hours", "bad_hours", "Each slot begins before it ends.")
    if any(later.start < earlier.end for earlier, later in pairwise(ordered)):
        findings.add("hours", "hours_overlap", "Slots of a day do not overlap.")


def hours_of(texts: Sequence[str]) -> tuple[Hours, ...]:
    """Return the hours of texts as "09:00-12:00"; a text that is none raises ValueError."""
    spans = [text.strip().partition("-") for text in texts]
    return tuple(Hours(start=time.fromisoformat(start.strip()), end=time.fromisoformat(end.strip()))
                 for start, _dash, end in spans)  # fmt: skip
