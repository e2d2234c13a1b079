"""The one way in which a usage inspection moves: locked, by its workflow, with its clocks, told to who listens."""

from contextlib import suppress
from datetime import datetime

from cis.kernel.actors import SYSTEM, Actor
from cis.platform import audit, deadlines, events
from cis.platform.db import joins_transaction
from cis.platform.deadlines import UnknownStandard
from cis.platform.packs import MissingRule
from contracts.domain.announcements import UsageDisputeEnded
from contracts.domain.usage_inspection import (
    SETTLE_STANDARD,
    SUBJECT,
    VISIT_STANDARD,
    WORKFLOW,
    BadUsageInspection,
    UsageAction,
    UsageFinding,
    UsageState,
)
from contracts.models.agreement import ServiceAgreement
from contracts.models.usage_inspection import UsageInspection
from contracts.queries.usage_inspections import UnknownUsageInspection
from metering.domain.announcements import CorrectionEnded

_MADE_GOOD = (UsageState.FOUND, UsageState.DISPUTED)
"""States in which a case or a correction makes good what was found."""


@joins_transaction
def lock(inspection_id: int) -> UsageInspection:
    """
    Return a usage inspection, locked until the use case commits.

    :raises UnknownUsageInspection: there is none.
    """
    row = UsageInspection.objects.select_for_update().filter(id=inspection_id).first()
    if row is None:
        raise UnknownUsageInspection(f"There is no usage inspection {inspection_id}.", inspection_id=inspection_id)
    return row


@joins_transaction
def move(row: UsageInspection, action: UsageAction, *, at: datetime, actor: Actor, **detail: object) -> None:
    """
    Move a locked inspection, and save all that was set on it.

    :raises IllegalMove: its state does not allow it. :raises NotAllowed: the actor may not.
    """
    row.state = WORKFLOW.step(UsageState(row.state), action, actor).to.value
    row.ended_at = at if row.state in {UsageState.NOTHING, UsageState.CLOSED} else None
    row.save()
    audit.record(actor, action.value, SUBJECT, row.id, state=row.state, **detail)


@joins_transaction
def start(row: UsageInspection, standard: str, *, at: datetime) -> None:
    """Start a clock, where the place has such a standard."""
    with suppress(MissingRule, UnknownStandard):
        deadlines.start(subject=SUBJECT, subject_id=row.id, standard=standard, at=at)


@joins_transaction
def find_breach_step(*, inspection_id: int, breach_id: int, agreement_id: int, at: datetime, actor: Actor) -> None:
    """
    Note that a case of breach was proposed because of what a visit found; the same case again changes nothing.

    :raises BadUsageInspection: it is of another place.
    :raises IllegalMove: the visit was not made, or it came to something else.
    """
    row = lock(inspection_id)
    if row.breach_id == breach_id:
        return
    agreement = ServiceAgreement.objects.get(id=agreement_id)
    if agreement.service_point_id != row.service_point_id:
        raise BadUsageInspection("The inspection was at another place.", advice="Open the form from its page.")
    row.breach_id, row.finding, row.agreement_id = breach_id, UsageFinding.BREACH.value, agreement_id
    _found(row, at=at, actor=actor, breach=breach_id)


@joins_transaction
def find_wiring_step(
    *, inspection_id: int, correction_id: int, service_point_id: int, at: datetime, actor: Actor
) -> None:
    """
    Note that usage is corrected because a visit found a wrong connection; the same correction again changes nothing.

    :raises BadUsageInspection: it is of another place.
    :raises IllegalMove: the visit was not made, or it came to something else.
    """
    row = lock(inspection_id)
    if row.correction_id == correction_id:
        return
    if service_point_id != row.service_point_id:
        raise BadUsageInspection("The inspection was at another place.", advice="Open the form from its page.")
    row.correction_id, row.finding = correction_id, UsageFinding.WIRING.value
    _found(row, at=at, actor=actor, correction=correction_id)


def _found(row: UsageInspection, *, at: datetime, actor: Actor, **detail: object) -> None:
    move(row, UsageAction.FIND, at=at, actor=actor, **detail)
    deadlines.meet(subject=SUBJECT, subject_id=row.id, at=at)
    start(row, SETTLE_STANDARD, at=at)


@joins_transaction
def breach_dropped_step(*, case_id: int, at: datetime) -> None:
    """Let somebody say anew what a visit found whose case a second person dropped."""
    row = _of_breach(case_id)
    if row is not None and row.state in _MADE_GOOD:
        row.breach_id = None
        _undo(row, at=at, breach=case_id)


@joins_transaction
def correction_ended_step(ended: CorrectionEnded) -> None:
    """
    Let somebody say anew what a visit found whose correction counts no more.

    One that was undone while it was disputed gave in to the customer: the inspection is closed.
    """
    row = UsageInspection.objects.select_for_update().filter(correction_id=ended.correction_id).first()
    if row is None or row.state not in _MADE_GOOD:
        return
    if ended.was_applied and row.state == UsageState.DISPUTED:
        row.reason = ended.reason[:300]
        close(row, at=ended.at, actor=SYSTEM)
        return
    row.correction_id = None
    _undo(row, at=ended.at, correction=ended.correction_id)


def _undo(row: UsageInspection, *, at: datetime, **detail: object) -> None:
    was_disputed = row.state == UsageState.DISPUTED
    row.finding, row.dispute = "", ""
    move(row, UsageAction.UNDO, at=at, actor=SYSTEM, **detail)
    deadlines.drop(subject=SUBJECT, subject_id=row.id, at=at)
    start(row, VISIT_STANDARD, at=at)
    if was_disputed:
        tell_ended(row, at=at, actor=SYSTEM)


@joins_transaction
def breach_cancelled_step(*, case_id: int, reason: str, at: datetime) -> None:
    """Close an inspection whose case two persons cancelled: nothing is owed, and nothing is disputed any more."""
    row = _of_breach(case_id)
    if row is not None and row.state in _MADE_GOOD:
        row.reason = reason[:300]
        close(row, at=at, actor=SYSTEM)


@joins_transaction
def close(row: UsageInspection, *, at: datetime, actor: Actor) -> None:
    """Close a locked inspection with its reason; its clocks are met, and what a dispute holds is pursued again."""
    was_disputed = row.state == UsageState.DISPUTED
    move(row, UsageAction.CLOSE, at=at, actor=actor, reason=row.reason)
    if was_disputed:
        deadlines.go_on(subject=SUBJECT, subject_id=row.id, at=at)
    deadlines.meet(subject=SUBJECT, subject_id=row.id, at=at)
    if was_disputed:
        tell_ended(row, at=at, actor=actor)


@joins_transaction
def tell_ended(row: UsageInspection, *, at: datetime, actor: Actor) -> None:
    """Tell that nothing of an inspection is disputed any more."""
    events.announce(UsageDisputeEnded(inspection_id=row.id, account_id=account_of(row), at=at, actor=actor))


def account_of(row: UsageInspection) -> int | None:
    """Return the account of the supply that was inspected; None: nobody was supplied there. One statement."""
    if row.agreement_id is None:
        return None
    return ServiceAgreement.objects.filter(id=row.agreement_id).values_list("account_id", flat=True).first()


def _of_breach(case_id: int) -> UsageInspection | None:
    return UsageInspection.objects.select_for_update().filter(breach_id=case_id).first()
