"""
One move of an application: the table is asked, the row changes, the move is kept and audited, clocks and words follow.

The guards of each step are in ``applications``; here is what all moves have in common.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from cis.kernel.actors import Actor
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.kernel.workflow import IllegalMove, NotAllowed, Standard
from cis.platform import audit, deadline_turns, deadlines, events
from cis.platform.db import execute, is_open_at_door, joins_transaction, locked_row, opens_transaction
from contracts.domain import application_workflow as rules
from contracts.domain.announcements import ApplicationMoved
from contracts.domain.application_workflow import (
    NEEDS_REASON,
    SUBJECT,
    WHOLE,
    WORKFLOW,
    ApplicationAction,
    ApplicationState,
    StandardClass,
    WaitsFor,
)
from contracts.models.application import ServiceApplication
from contracts.operations import application_notices
from contracts.queries.applications import UnknownApplication

REASON_MOST = 500
MOMENT = timedelta(microseconds=1)
ENDED = frozenset(WORKFLOW.final)
BACK = frozenset((ApplicationAction.SEND_BACK,))
PAUSES = frozenset((ApplicationAction.SUSPEND, ApplicationAction.RESUME))


class ReasonMissing(Refused):
    """Such a move needs a reason, for the applicant and for those who come after."""

    code = "move_reason_missing"


@joins_transaction
def lock(application_id: int) -> ServiceApplication:
    """
    Return an application, locked until the use case ends.

    :raises UnknownApplication: there is none.
    """
    row = locked_row(ServiceApplication, application_id)
    if row is None:
        raise UnknownApplication(f"There is no application {application_id}.")
    return row


def check(row: ServiceApplication, action: ApplicationAction, actor: Actor, reason: str = "") -> ApplicationState:
    """
    Return the state to which an action leads.

    :raises IllegalMove: the state does not allow it, or the application is suspended.
    :raises NotAllowed: the actor may not.
    :raises ReasonMissing: nobody says why.
    """
    move = WORKFLOW.step(ApplicationState(row.state), action, actor)
    if not rules.is_possible(action, is_suspended=row.suspended_at is not None):
        message = "The application is suspended." if row.suspended_at else "The application is not suspended."
        raise IllegalMove(message, advice="Resume it first." if row.suspended_at else "", action=str(action))
    if action in NEEDS_REASON and not reason.strip():
        raise ReasonMissing("A reason is needed.", advice="Say in a few words why.", field="reason")
    return move.to


@joins_transaction
def go(
    row: ServiceApplication,
    action: ApplicationAction,
    *,
    actor: Actor,
    at: datetime,
    reason: str = "",
    lacks_papers: bool = False,
    **changed: Any,
) -> None:
    """
    Carry a move out on a locked application; ``changed``: columns that change with it. See ``check`` for refusals.

    :param lacks_papers: the customer's side is to bring papers.
    """
    before = ApplicationState(row.state)
    after = check(row, action, actor, reason)
    if action in PAUSES:
        changed["suspended_at"] = at if action is ApplicationAction.SUSPEND else None
    else:
        changed |= {"state": after.value, "state_since": at, "suspended_at": None}
        changed["waits_for"] = rules.waits_for(after, lacks_papers=lacks_papers).value
    if after in ENDED:
        changed["ended_at"] = at
    for name, value in changed.items():
        setattr(row, name, value)
    keep(row, action.value, before=before.value, actor=actor, at=at, reason=reason, changed=changed)
    _move_clocks(row, action, before, after, at)
    events.announce(
        ApplicationMoved(application_id=row.id, action=action, before=before, after=after, customer_id=row.customer_id)
    )
    application_notices.tell_move_step(row, action, reason=reason.strip(), actor=actor)


@joins_transaction
def keep(
    row: ServiceApplication,
    action: str,
    *,
    before: str,
    actor: Actor,
    at: datetime,
    reason: str = "",
    changed: Mapping[str, Any] | None = None,
    also: Sequence[tuple[str, Sequence[Any]]] = (),
) -> None:
    """
    Keep a move in the history and in the audit trail, with the columns that change by it; one statement for all.

    :param changed: columns of the application that change; once it has ended its supplies are open no more.
    :param also: further parts of the statement, each with its parameters: ``name AS (INSERT ...)``.
    """
    why = reason.strip()[:REASON_MOST]
    parts, given = [_KEEP_MOVE], [row.id, at, action, before, row.state, why]
    given += [actor.kind.value, actor.id, actor.name[:150]]
    if changed:
        own = {field.attname: field for field in ServiceApplication._meta.concrete_fields}  # noqa: SLF001 (columns)
        fields = [own[name] for name in changed]
        assigned = ", ".join(f'"{field.column}" = %s' for field in fields)
        parts.append(f"changed AS (UPDATE contracts_serviceapplication SET {assigned} WHERE id = %s)")  # noqa: S608
        given += [field.get_db_prep_save(changed[field.attname], connection) for field in fields] + [row.id]
    if row.state in ENDED:
        parts.append("closed AS (UPDATE contracts_applicationitem SET is_open = false WHERE application_id = %s)")
        given.append(row.id)
    for part, parameters in also:
        parts.append(part)
        given += parameters
    told = audit.parameters(
        actor, action, SUBJECT, [row.id], before=before, after=row.state, **({"reason": why} if why else {})
    )
    execute(f"WITH {', '.join(parts)} {audit.INSERT}", [*given, *told])


_KEEP_MOVE = """
    kept AS (
        INSERT INTO contracts_applicationmove
            (application_id, at, action, before, after, reason, actor_kind, actor_id, actor_name)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
    )
"""


@contextmanager
def refusals_noted(*, application_id: int, action: str, actor: Actor) -> Iterator[None]:
    """
    Note in the audit trail that a move was refused, after the use case inside was rolled back.

    Inside a transaction that the door opened the door notes it itself, by ``note_refusal``.
    """
    try:
        yield
    except (IllegalMove, NotAllowed) as refusal:
        if not is_open_at_door():
            note_refusal(application_id=application_id, action=action, refusal=refusal, actor=actor)
        raise


@opens_transaction
def note_refusal(*, application_id: int, action: str, refusal: Refused, actor: Actor) -> None:
    """Note a refused move in the audit trail."""
    audit.record(actor, "refuse", SUBJECT, application_id, move=action, code=refusal.code, message=refusal.message)


def due_date(row: ServiceApplication, standard: str) -> date | None:
    """Return the local date on which the running clock of a standard, without its class, ends; None: none runs."""
    clock = local_clock(settings.TIME_ZONE)
    cards = deadlines.of_subject(subject=SUBJECT, subject_ids=[row.id])
    mine = (card.due_at for card in cards if card.standard.startswith(standard) and card.ended_at is None)
    # A clock ends with a day: at the midnight after it.
    return next((clock.local_date(due_at - MOMENT) for due_at in mine if due_at is not None), None)


@joins_transaction
def start_clock(row: ServiceApplication, standard: Standard, at: datetime) -> None:
    """Start the clock of a standard by the class of the supply."""
    deadlines.start(subject=SUBJECT, subject_id=row.id, standard=_key(row, standard), at=at)


def _move_clocks(
    row: ServiceApplication, action: ApplicationAction, before: ApplicationState, after: ApplicationState, at: datetime
) -> None:
    """Stop, go on, meet, drop and start clocks as a move asks for."""
    case: dict[str, Any] = {"subject": SUBJECT, "subject_id": row.id, "at": at}
    if action is ApplicationAction.SUSPEND:
        deadlines.stop(**case, reason="suspended")
    elif action is ApplicationAction.RESUME:
        if row.waits_for != WaitsFor.CUSTOMER:
            deadlines.go_on(**case)
    elif after is ApplicationState.ENERGIZED:
        deadlines.meet(**case)
    elif after in ENDED or after is ApplicationState.APPLIED:
        deadlines.drop(**case)
    else:
        _turn(row, action, before, after, at)


def _turn(
    row: ServiceApplication, action: ApplicationAction, before: ApplicationState, after: ApplicationState, at: datetime
) -> None:
    """Leave the clock of one state for that of the next; the customer's decision stops the whole."""
    case: dict[str, Any] = {"subject": SUBJECT, "subject_id": row.id, "at": at}
    old, new = rules.standard_of(before), rules.standard_of(after)
    ends = old if old is not None and old != new else None
    begins = [WHOLE] if before is ApplicationState.APPLIED else []
    begins += [new] if new is not None and old != new else []
    deadline_turns.turn(
        **case,
        drop=_key(row, ends) if ends and action in BACK else None,
        meet=_key(row, ends) if ends and action not in BACK else None,
        goes_on=before is ApplicationState.OFFERED,
        start=[_key(row, one) for one in begins],
    )
    if after is ApplicationState.OFFERED:
        deadlines.stop(**case, reason="customer")


def _key(row: ServiceApplication, standard: Standard) -> str:
    return rules.standard_key(standard, standard_class=StandardClass(row.standard_class))
