"""Steps of defects, for larger use cases: found, rejected, closed; their clocks are the deadline engine's."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import BinaryIO

from django.conf import settings
from django.utils import timezone

from cis.kernel.actors import Actor
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.platform import audit, deadlines, photos
from cis.platform.db import joins_transaction
from contracts.domain.inspection import Severity, standard_of
from contracts.domain.inspection_workflow import (
    DEFECTS,
    INSPECTIONS,
    NOTE_MOST,
    REASON_MOST,
    STANDING,
    DefectAction,
    DefectState,
    InspectionAction,
    InspectionState,
)
from contracts.models.inspection import Defect, DefectPhoto, SafetyInspection
from contracts.queries import inspection_rules
from contracts.queries.inspection_rules import OTHER, Kind
from contracts.queries.inspections import UnknownDefect, UnknownInspection
from metering.domain import checklists as lists
from metering.queries import checklists

SUBJECT = "defect"
PHOTOS_MOST = 10


class ReasonMissing(Refused):
    """Nobody said why."""

    code = "reason_missing"


class TooManyPhotos(Refused):
    """The defect has all photos that it takes."""

    code = "too_many_photos"


def kinds_found(*, checklist: str, answers: Mapping[str, str]) -> tuple[Kind, ...]:
    """Return the kinds of defects that answers are, in the order of the checklist."""
    known = inspection_rules.catalogue(checklist=checklist)
    found = lists.defects(checklists.one(code=checklist), answers=answers)
    return tuple(known[item.code] for item, _ in found)


def own_words(*, text: str, severity: Severity = Severity.GENERAL) -> Kind:
    """Return a defect that the catalogue does not have, in somebody's own words."""
    words = text.strip()[:300]
    return Kind(code=OTHER, severity=severity, text_en=words, text_zh=words, remedy_en="", remedy_zh="")


def standing_texts(inspection_id: int) -> list[str]:
    """Return what is wrong at an inspection and neither rectified nor waived, in Chinese as crews read it."""
    rows = Defect.objects.filter(inspection_id=inspection_id, state__in=STANDING).order_by("id")
    return list(rows.values_list("text_zh", flat=True))


@joins_transaction
def add_step(
    row: SafetyInspection, *, found: Sequence[Kind], actor: Actor, note: str = "", found_at: datetime | None = None
) -> tuple[int, ...]:  # fmt: skip
    """Keep defects of a locked inspection and start their clocks, now or when they were found; return their ids."""
    at, made = found_at or timezone.now(), []
    today = local_clock(settings.TIME_ZONE).local_date(at)
    for kind in found:
        new = Defect.objects.create(
            inspection=row, code=kind.code, severity=kind.severity.value, text_en=kind.text_en, text_zh=kind.text_zh,
            remedy_en=kind.remedy_en, remedy_zh=kind.remedy_zh, note=note.strip()[:NOTE_MOST], found_at=at,
            due_date=today,
        )  # fmt: skip
        standard = standard_of(kind.severity)
        new.due_date = _last_day(deadlines.start(subject=SUBJECT, subject_id=new.id, standard=standard, at=at))
        new.save(update_fields=["due_date"])
        audit.record(actor, "find", SUBJECT, new.id, code=kind.code, severity=kind.severity, due_date=new.due_date)
        made.append(new.id)
    return tuple(made)


@joins_transaction
def settle_followed_step(row: SafetyInspection, *, found: Sequence[Kind], actor: Actor) -> tuple[Kind, ...]:
    """
    Close the defects of the followed inspection that were not found again; return the kinds that are new.

    What was found again stands, with the deadline that it has; if the customer claimed it rectified, that is rejected.
    One of which a second person decides whether it is waived waits for that.

    What somebody put in own words is on no list: only the same words find it again, and what else was found says
    nothing of it. It stands as it did until a follow-up finds nothing, or somebody closes it.
    """
    again = {_identity(kind.code, kind.text_zh) for kind in found}
    rows = Defect.objects.select_for_update().filter(inspection_id=row.follows_id).order_by("id")
    standing = [one for one in rows if one.state in STANDING]
    for one in standing:
        if _identity(one.code, one.text_zh) in again:
            if one.state == DefectState.CLAIMED:
                reject_step(one, reason=f"Found again: inspection {row.id}", actor=actor)
        elif one.state != DefectState.WAIVING and not (found and one.code == OTHER):
            close_step(one, DefectAction.RECTIFY, reason=f"Re-inspected: inspection {row.id}", actor=actor)
    known = {_identity(one.code, one.text_zh) for one in standing}
    return tuple(kind for kind in found if _identity(kind.code, kind.text_zh) not in known)


def _identity(code: str, text: str) -> tuple[str, str]:
    """Return by what a defect is known again: its code, and its words where the catalogue does not have it."""
    return code, text if code == OTHER else ""


@joins_transaction
def clear_step(row: SafetyInspection, *, actor: Actor) -> None:
    """
    Clear a locked inspection, and those around it, once no defect stands.

    A follow-up stands for the inspection that it follows too: both are clear when neither has a defect left.
    """
    rows = [row]
    if row.follows_id is not None:
        rows.append(lock_inspection(row.follows_id))
    rows += SafetyInspection.objects.select_for_update().filter(follows_id=row.id).order_by("id")
    for one in rows:
        if one.state not in {InspectionState.WITH_DEFECTS, InspectionState.FAILED}:
            continue
        mine = [one.id, *([one.follows_id] if one.follows_id else [])]
        if Defect.objects.filter(inspection_id__in=mine, state__in=STANDING).exists():
            continue
        one.state = INSPECTIONS.step(InspectionState(one.state), InspectionAction.CLEAR, actor).to.value
        one.save(update_fields=["state"])
        audit.record(actor, "clear", "inspection", one.id)


@joins_transaction
def reject_step(row: Defect, *, reason: str, actor: Actor) -> None:
    """
    Say of a locked, claimed defect that it is not rectified; its clock goes on.

    :raises ReasonMissing: no reason is given.
    """
    if not reason.strip():
        raise ReasonMissing("A reason is needed.", advice="Say what is still wrong.", field="reason")
    deadlines.go_on(subject=SUBJECT, subject_id=row.id, at=timezone.now())
    due_at = _due_at(row)
    move(row, DefectAction.REJECT_LATE if is_late(row) else DefectAction.REJECT, actor)
    row.claimed_at, row.reason = None, reason.strip()[:REASON_MOST]
    row.due_date = _last_day(due_at) if due_at is not None else row.due_date
    row.save()
    audit.record(actor, "reject", SUBJECT, row.id, reason=row.reason, due_date=row.due_date)


@joins_transaction
def close_step(row: Defect, action: DefectAction, *, reason: str, actor: Actor) -> None:
    """Close a locked defect: seen to be in order, or waived. What was claimed in time was done in time."""
    move(row, action, actor)
    row.closed_date, row.decider_id = timezone.localdate(), actor.id
    row.reason = reason.strip()[:REASON_MOST]
    row.save()
    if row.state == DefectState.WAIVED:
        deadlines.drop(subject=SUBJECT, subject_id=row.id, at=timezone.now())
    else:
        deadlines.meet(subject=SUBJECT, subject_id=row.id, at=row.claimed_at or timezone.now())
    audit.record(actor, action, SUBJECT, row.id, reason=row.reason)


def move(row: Defect, action: DefectAction, actor: Actor) -> None:
    """
    Set the state of a locked defect; whoever calls saves it.

    :raises IllegalMove: its state does not allow it; NotAllowed: the actor may not.
    """
    row.state = DEFECTS.step(DefectState(row.state), action, actor).to.value


def is_late(row: Defect) -> bool:
    """Return whether the time of a defect is over."""
    due_at = _due_at(row)
    return due_at is not None and due_at <= timezone.now()


@joins_transaction
def keep_photo_step(row: Defect, source: BinaryIO, *, is_evidence: bool, actor: Actor) -> int:
    """
    Keep a photo of a locked defect, the same one once; return its id.

    :raises TooManyPhotos: ten are there; NotAPhoto, FileTooLarge: see ``cis.platform.photos.keep``.
    """
    if row.photos.count() >= PHOTOS_MOST:
        raise TooManyPhotos(f"A defect takes up to {PHOTOS_MOST} photos.")
    kept = photos.keep(source, name=f"defect-{row.id}", actor=actor)
    photo, is_new = DefectPhoto.objects.get_or_create(
        defect=row, document_id=kept.document_id, defaults={"is_evidence": is_evidence, "actor_id": actor.id}
    )
    if is_new:
        audit.record(actor, "add_photo", SUBJECT, row.id, document_id=kept.document_id, evidence=is_evidence)
    return photo.id


@joins_transaction
def lock(defect_id: int) -> Defect:
    """
    Return a defect, locked until the use case commits.

    :raises UnknownDefect: there is none.
    """
    row = Defect.objects.select_for_update().filter(id=defect_id).first()
    if row is None:
        raise UnknownDefect(f"There is no defect {defect_id}.")
    return row


@joins_transaction
def lock_inspection(inspection_id: int) -> SafetyInspection:
    """
    Return an inspection, locked until the use case commits.

    :raises UnknownInspection: there is none.
    """
    row = SafetyInspection.objects.select_for_update().filter(id=inspection_id).first()
    if row is None:
        raise UnknownInspection(f"There is no inspection {inspection_id}.")
    return row


def _due_at(row: Defect) -> datetime | None:
    cards = deadlines.of_subject(subject=SUBJECT, subject_ids=[row.id])
    return next((card.due_at for card in reversed(cards) if card.ended_at is None), None)


def _last_day(due_at: datetime) -> date:
    """Return the last local day before an instant from which a deadline is missed."""
    return local_clock(settings.TIME_ZONE).local_date(due_at - timedelta(microseconds=1))
