"""Work in the field: kinds of work orders, their states, who may move them, and what may come out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Findings
from cis.kernel.workflow import ANYONE, Move, Workflow

NOTE_MOST = 500
FACTS_MOST = 40
FACT_MOST = 500
SUBJECT_MOST = 40


class WorkKind(StrEnum):
    """What a crew is sent out for."""

    SURVEY = "survey"
    METER_INSTALL = "meter_install"
    METER_EXCHANGE = "meter_exchange"
    METER_REMOVE = "meter_remove"
    METER_MOVE = "meter_move"
    CUT = "cut"
    RECONNECT = "reconnect"
    RE_READ = "re_read"
    REPAIR = "repair"
    INSPECTION = "inspection"
    DEBT_VISIT = "debt_visit"
    CUSTOMER_VISIT = "customer_visit"


class WorkState(StrEnum):
    """
    States of a work order.

    OPEN       nobody is sent yet
    ASSIGNED   a crew has it on a day
    STARTED    the crew is there
    DONE       finished with an outcome
    CANCELLED  the desk dropped it, or the case that asked for it needs it no more
    """

    OPEN = "open"
    ASSIGNED = "assigned"
    STARTED = "started"
    DONE = "done"
    CANCELLED = "cancelled"


class WorkAction(StrEnum):
    """
    What moves a work order.

    ASSIGN      give it to a crew for a day; again: to another crew or day
    DISPATCH    an outage sends the crew that is free by itself
    BOOK        a customer's appointment gives it to the crew of the slot
    RELEASE     take it from the crew
    START       the crew begins
    FINISH      the crew is done, with an outcome
    FAIL        not possible this time, with a reason: it goes back to be planned anew
    PLAN_AGAIN  the crew itself takes it on for another day, after it was not possible
    CANCEL      the desk drops it
    WITHDRAW    the case that asked for it needs it no more
    """

    ASSIGN = "assign"
    DISPATCH = "dispatch"
    BOOK = "book"
    RELEASE = "release"
    START = "start"
    FINISH = "finish"
    FAIL = "fail"
    PLAN_AGAIN = "plan_again"
    CANCEL = "cancel"
    WITHDRAW = "withdraw"


class Priority(StrEnum):
    """How soon: an urgent order stands before the others of its day, one where people are in danger before all."""

    NORMAL = "normal"
    URGENT = "urgent"
    DANGER = "danger"


FIRST: tuple[Priority, ...] = (Priority.DANGER, Priority.URGENT, Priority.NORMAL)
"""In which order they are done."""


class Outcome(StrEnum):
    """What came out of a finished work order; which are possible depends on its kind."""

    DONE = "done"
    PASSED = "passed"
    DEFECTS = "defects"
    FEASIBLE = "feasible"
    WITH_WORKS = "with_works"
    NOT_FEASIBLE = "not_feasible"


class Hindrance(StrEnum):
    """Why work was not possible this time."""

    NOBODY_THERE = "nobody_there"
    NO_ACCESS = "no_access"
    UNSAFE = "unsafe"
    WRONG_ADDRESS = "wrong_address"
    WEATHER = "weather"
    MATERIAL_MISSING = "material_missing"
    CUSTOMER_ASKED = "customer_asked"
    NO_TIME = "no_time"
    OTHER = "other"


BY_CUSTOMER = frozenset({Hindrance.NOBODY_THERE, Hindrance.NO_ACCESS, Hindrance.CUSTOMER_ASKED})
"""Hindrances on the customer's side."""

_WORK_DONE = (Outcome.DONE,)
OUTCOMES: Mapping[WorkKind, tuple[Outcome, ...]] = MappingProxyType(
    {
        WorkKind.SURVEY: (Outcome.FEASIBLE, Outcome.WITH_WORKS, Outcome.NOT_FEASIBLE),
        WorkKind.METER_INSTALL: _WORK_DONE,
        WorkKind.METER_EXCHANGE: _WORK_DONE,
        WorkKind.METER_REMOVE: _WORK_DONE,
        WorkKind.METER_MOVE: _WORK_DONE,
        WorkKind.CUT: _WORK_DONE,
        WorkKind.RECONNECT: _WORK_DONE,
        WorkKind.RE_READ: _WORK_DONE,
        WorkKind.DEBT_VISIT: _WORK_DONE,
        WorkKind.CUSTOMER_VISIT: _WORK_DONE,
        WorkKind.REPAIR: _WORK_DONE,
        WorkKind.INSPECTION: (Outcome.PASSED, Outcome.DEFECTS),
    }
)
"""What may come out of each kind of work."""

DISPATCHERS: frozenset[Role | ActorKind] = frozenset((Role.CLERK, Role.METERING, Role.SUPERVISOR, ActorKind.CLIENT))
CREW: frozenset[Role | ActorKind] = frozenset((Role.FIELD, Role.METERING, Role.SUPERVISOR, ActorKind.CLIENT))
BOOKERS: frozenset[Role | ActorKind] = DISPATCHERS | {ActorKind.CUSTOMER, ActorKind.CLIENT}

_S, _A = WorkState, WorkAction
WORKFLOW = Workflow(
    "work order",
    {
        (_S.OPEN, _A.ASSIGN): Move(_S.ASSIGNED, DISPATCHERS),
        (_S.ASSIGNED, _A.ASSIGN): Move(_S.ASSIGNED, DISPATCHERS),
        (_S.OPEN, _A.DISPATCH): Move(_S.ASSIGNED, frozenset({ActorKind.SYSTEM})),
        (_S.OPEN, _A.BOOK): Move(_S.ASSIGNED, BOOKERS),
        (_S.ASSIGNED, _A.BOOK): Move(_S.ASSIGNED, BOOKERS),
        (_S.ASSIGNED, _A.RELEASE): Move(_S.OPEN, DISPATCHERS),
        (_S.ASSIGNED, _A.START): Move(_S.STARTED, CREW),
        (_S.ASSIGNED, _A.FAIL): Move(_S.OPEN, CREW),
        (_S.STARTED, _A.FINISH): Move(_S.DONE, CREW),
        (_S.STARTED, _A.FAIL): Move(_S.OPEN, CREW),
        (_S.OPEN, _A.PLAN_AGAIN): Move(_S.ASSIGNED, CREW),
        **{(state, _A.CANCEL): Move(_S.CANCELLED, DISPATCHERS) for state in (_S.OPEN, _S.ASSIGNED)},
        **{(state, _A.WITHDRAW): Move(_S.CANCELLED, ANYONE) for state in (_S.OPEN, _S.ASSIGNED, _S.STARTED)},
    },
)
"""The way of a work order."""

UNDER_WAY = (WorkState.OPEN, WorkState.ASSIGNED, WorkState.STARTED)
"""States of an order that is still to be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWork:
    """
    A work order to be.

    subject, subject_id  the case that asks for it, as ("application", 17); it is told by ``WorkOrderDone``
    address, district    where, in words; empty: those of the premises
    facts                what the crew should know, by name, as text: whom to call, capacity, voltage
    checklist            code of the list to fill in; "" = that of the kind
    """

    kind: WorkKind
    subject: str
    subject_id: int
    due_date: date
    facts: Mapping[str, str]
    premises_id: int | None = None
    service_point_id: int | None = None
    address: str = ""
    district: str = ""
    checklist: str = ""
    priority: Priority = Priority.NORMAL


def check_new(new: NewWork, *, findings: Findings) -> None:
    """Note what is wrong with an order, looked at alone."""
    if not 1 <= len(new.subject) <= SUBJECT_MOST:
        findings.add("subject", "bad_subject", f"The case has a kind of 1 to {SUBJECT_MOST} characters.")
    if new.premises_id is None and new.service_point_id is None and not new.address.strip():
        findings.add(
            "address", "no_place", "The order names no place.", "Give premises, a service point or an address."
        )
    if len(new.facts) > FACTS_MOST or any(len(text) > FACT_MOST for text in new.facts.values()):
        message = f"An order takes up to {FACTS_MOST} facts of up to {FACT_MOST} characters."
        findings.add("facts", "too_many_facts", message)


def plain_facts(facts: Mapping[str, object]) -> dict[str, str]:
    """Return facts as text: dates in ISO form, numbers as they print; what is None or empty is left out."""
    texts = {name: value.isoformat() if isinstance(value, date) else str(value) for name, value in facts.items()
             if value is not None}  # fmt: skip
    return {name: text.strip() for name, text in texts.items() if text.strip()}


def actions_for(*, state: WorkState, actor: Actor) -> tuple[WorkAction, ...]:
    """Return what an actor may do on a page; a case withdraws its orders, and a slot books them, by itself."""
    hidden = {WorkAction.WITHDRAW, WorkAction.DISPATCH, WorkAction.BOOK, WorkAction.PLAN_AGAIN}
    return tuple(action for action in WORKFLOW.actions(state, actor) if action not in hidden)
