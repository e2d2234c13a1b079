"""Defects: added by hand, claimed rectified by the customer, seen to, rejected, waived."""

from collections.abc import Sequence
from datetime import datetime
from typing import BinaryIO

from django.utils import timezone

from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.deadlines import DeadlineNear, DeadlinePassed
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, deadlines
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain.inspection import Severity, Verdict, verdict
from contracts.domain.inspection_workflow import (
    DEFECTS,
    INSPECTIONS,
    INSPECTORS,
    NOTE_MOST,
    REASON_MOST,
    REPORTED,
    DefectAction,
    DefectState,
    InspectionAction,
    InspectionState,
)
from contracts.models.inspection import RectificationNotice, SafetyInspection
from contracts.operations import defect_steps as steps
from contracts.operations import inspection_notices
from contracts.operations.defect_steps import SUBJECT, ReasonMissing
from contracts.queries import inspection_rules
from contracts.queries.inspection_rules import OTHER, Kind, UnknownDefectCode


class OwnWaiver(Refused):
    """Who wants an urgent defect waived does not decide on that."""

    code = "own_waiver"


class DefectExists(Refused):
    """The inspection has this defect already."""

    code = "defect_exists"


class NotReported(Refused):
    """The inspection was not made yet, or its notice is issued."""

    code = "inspection_not_reported"


@opens_transaction
def add(
    *, inspection_id: int, code: str, severity: Severity, text: str, note: str, actor: Actor,
    found_at: datetime | None = None,
) -> int:  # fmt: skip
    """
    Add a defect by hand to an inspection that was made: of the catalogue, or in own words; return its id.

    :param severity: of a defect in own words; one of the catalogue has its own.
    :param found_at: when it was found, where that is entered later; None: now.
    :raises UnknownDefectCode: the catalogue has no such defect; ReasonMissing: own words are missing.
    :raises NotReported: the inspection was not made yet, or its notice is issued.
    :raises NotAllowed: the actor may not.
    """
    row = steps.lock_inspection(inspection_id)
    if row.state not in REPORTED or RectificationNotice.objects.filter(inspection=row).exists():
        raise NotReported("Defects are added to an inspection that was made, before its notice is issued.")
    kind = _kind(row, code=code, severity=severity, text=text)
    if row.defects.filter(code=code, text_en=kind.text_en, note=note.strip()[:NOTE_MOST]).exists():
        raise DefectExists("This defect is entered already.", advice="Say in the note where another one is.")
    severities = [*map(Severity, row.defects.values_list("severity", flat=True)), kind.severity]
    fails_on = inspection_rules.plan(row.plan, at=row.done_date or timezone.localdate()).fails_on
    failed = verdict(severities, fails_on=fails_on) is Verdict.FAILED
    action = InspectionAction.FAIL if failed else InspectionAction.FIND
    row.state = INSPECTIONS.step(InspectionState(row.state), action, actor).to.value
    row.save(update_fields=["state"])
    (made,) = steps.add_step(row, found=[kind], actor=actor, note=note, found_at=found_at)
    return made


@opens_transaction
def add_photo(*, defect_id: int, source: BinaryIO, actor: Actor) -> int:
    """
    Keep a photo of a defect as it was found; the same photo twice is one. Return its id.

    :raises NotAPhoto, FileTooLarge: see ``cis.platform.photos.keep``; TooManyPhotos: ten are there.
    :raises UnknownDefect: there is none; NotAllowed: the actor may not.
    """
    row = steps.lock(defect_id)
    if not actor.is_one_of(INSPECTORS):
        raise NotAllowed(f"{actor.name} may not enter defects.", advice="Ask a crew or metering.")
    return steps.keep_photo_step(row, source, is_evidence=False, actor=actor)


@opens_transaction
def claim(*, defect_id: int, note: str, evidence: Sequence[BinaryIO], actor: Actor) -> None:
    """
    Say as the customer, or for them, that a defect is rectified, with photos; its clock stands still while we look.

    :raises NotAPhoto, FileTooLarge, TooManyPhotos: of the photos.
    :raises ReasonMissing: there is neither a photo nor a word.
    :raises IllegalMove: it is claimed or closed already.
    """
    row = steps.lock(defect_id)
    if not evidence and not note.strip():
        raise ReasonMissing("Show a photo or say what was done.", field="note")
    steps.move(row, DefectAction.CLAIM, actor)
    for one in evidence:
        steps.keep_photo_step(row, one, is_evidence=True, actor=actor)
    row.claimed_at, row.claim_note = timezone.now(), note.strip()[:NOTE_MOST]
    row.save()
    deadlines.stop(subject=SUBJECT, subject_id=row.id, at=row.claimed_at, reason="supplier")
    audit.record(actor, "claim", SUBJECT, row.id, photos=len(evidence))


@opens_transaction
def reject(*, defect_id: int, reason: str, actor: Actor) -> None:
    """
    Say that a claimed defect is not rectified; its clock goes on.

    :raises ReasonMissing: no reason; IllegalMove: nobody claimed it; NotAllowed: the actor may not.
    """
    row = steps.lock(defect_id)
    steps.reject_step(row, reason=reason, actor=actor)


@opens_transaction
def rectify(*, defect_id: int, reason: str, actor: Actor) -> None:
    """
    Close a defect that was seen to be in order, by its photos or at the place.

    :param reason: how it was seen.
    :raises IllegalMove: it is closed; NotAllowed: the actor may not.
    """
    row = steps.lock(defect_id)
    steps.close_step(row, DefectAction.RECTIFY, reason=reason, actor=actor)
    steps.clear_step(steps.lock_inspection(row.inspection_id), actor=actor)


@opens_transaction
def waive(*, defect_id: int, reason: str, actor: Actor) -> None:
    """
    Let a defect stay, for a reason; an urgent one waits for a second person.

    :raises ReasonMissing: no reason; IllegalMove: it is closed; NotAllowed: the actor may not.
    """
    if not reason.strip():
        raise ReasonMissing("A reason is needed.", advice="Say why it may stay.", field="reason")
    row = steps.lock(defect_id)
    if row.severity == Severity.URGENT:
        steps.move(row, DefectAction.ASK_WAIVE, actor)
        row.asker_id, row.reason = actor.id, reason.strip()[:REASON_MOST]
        row.save()
        audit.record(actor, "ask_waive", SUBJECT, row.id, reason=row.reason)
        return
    steps.close_step(row, DefectAction.WAIVE, reason=reason, actor=actor)
    steps.clear_step(steps.lock_inspection(row.inspection_id), actor=actor)


@opens_transaction
def decide_waiver(*, defect_id: int, is_agreed: bool, actor: Actor) -> None:
    """
    Agree as the second person that an urgent defect is waived, or keep it; who asked may only take it back.

    :raises OwnWaiver: the actor asked for it; IllegalMove: nobody did; NotAllowed: the actor may not.
    """
    row = steps.lock(defect_id)
    if is_agreed:
        DEFECTS.step(DefectState(row.state), DefectAction.AGREE, actor)
        if actor.id == row.asker_id:
            raise OwnWaiver("Who wants an urgent defect waived does not decide on that.", advice="Ask a second person.")
        steps.close_step(row, DefectAction.AGREE, reason=row.reason, actor=actor)
        steps.clear_step(steps.lock_inspection(row.inspection_id), actor=actor)
        return
    steps.move(row, DefectAction.KEEP_LATE if steps.is_late(row) else DefectAction.KEEP, actor)
    row.asker_id, row.reason = None, ""
    row.save()
    audit.record(actor, "keep", SUBJECT, row.id)


@joins_transaction
def pass_by_step(passed: DeadlinePassed) -> None:
    """Mark defects whose time is over, and tell the customers; one that a person looks at stays where it is."""
    for one in passed.deadlines:
        if one.subject != SUBJECT:
            continue
        row = steps.lock(one.subject_id)
        if row.state == DefectState.OPEN:
            steps.move(row, DefectAction.PASS_BY, SYSTEM)
            row.save()
            audit.record(SYSTEM, "pass_by", SUBJECT, row.id)
            inspection_notices.tell_overdue_step(row)


@joins_transaction
def remind_step(near: DeadlineNear) -> None:
    """Remind customers of defects whose time is nearly over."""
    for one in near.deadlines:
        if one.subject == SUBJECT:
            row = steps.lock(one.subject_id)
            if row.state == DefectState.OPEN:
                inspection_notices.remind_step(row)


def _kind(row: SafetyInspection, *, code: str, severity: Severity, text: str) -> Kind:
    if code == OTHER:
        if not text.strip():
            raise ReasonMissing("Say what is wrong.", field="text")
        return steps.own_words(text=text, severity=severity)
    known = inspection_rules.catalogue(checklist=row.checklist)
    if code not in known:
        raise UnknownDefectCode(f"The catalogue has no defect {code!r}.", field="code")
    return known[code]
