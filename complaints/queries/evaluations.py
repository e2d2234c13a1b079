"""Cases that are looked at again, what was found, and lessons; all of it begins with ``sight.visible_to``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.fields import DateTimeField

from cis.kernel.actors import Actor
from cis.platform.db import fetch
from cis.platform.models import Deadline
from complaints.domain.evaluation import SUBJECT
from complaints.models.evaluation import ChosenCase, Evaluation, Lesson
from complaints.queries.sight import visible_to


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedEvaluations:
    """Which cases; ``state``: "" to be judged, "done", "all"; what is empty does not narrow the list."""

    state: str = ""
    reason: str = ""
    team_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedLessons:
    """Which lessons; ``state``: "" to be learnt, "late", "done", "all"."""

    state: str = ""
    owner_id: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationDetail:
    """Why a case is looked at, and every version of what was found, the latest first."""

    chosen: ChosenCase | None
    versions: tuple[Evaluation, ...]
    lessons: tuple[Lesson, ...]


_WORKERS = """
    SELECT user_id FROM complaints_assignment WHERE case_id = %(id)s
    UNION SELECT owner_id FROM complaints_case WHERE id = %(id)s
    UNION SELECT taker_id FROM complaints_case WHERE id = %(id)s AND taker_kind = 'staff'
    UNION SELECT actor_id FROM complaints_casemove WHERE case_id = %(id)s AND actor_kind = 'staff'
    UNION SELECT actor_id FROM complaints_finding WHERE case_id = %(id)s
    UNION SELECT actor_id FROM complaints_casereply WHERE case_id = %(id)s
    UNION SELECT actor_id FROM complaints_callback WHERE case_id = %(id)s
    UNION SELECT actor_id FROM complaints_casedeed WHERE case_id = %(id)s
"""


def workers_of(*, case_id: int) -> frozenset[int]:
    """Return everybody who had a hand in a case, as users; one statement."""
    return frozenset(row[0] for row in fetch(_WORKERS, {"id": case_id}) if row[0] is not None)


def listed(
    *, wanted: WantedEvaluations, actor: Actor, offset: int = 0, most: int = 50
) -> Sequence[Any]:  # fmt: skip
    """
    Return cases that were chosen, with their ``case`` and ``team``; what waits longest on top; one statement.

    Each has ``due_at``, the end of its clock, None once it was judged.
    """
    clock = Deadline.objects.filter(subject=SUBJECT, subject_id=OuterRef("case_id"), state="running")
    rows = _seen(actor).annotate(due_at=Subquery(clock.values("due_at")[:1], output_field=DateTimeField()))
    if wanted.state != "all":
        rows = rows.filter(score__isnull=wanted.state != "done")
    if wanted.reason:
        rows = rows.filter(reason=wanted.reason)
    if wanted.team_id is not None:
        rows = rows.filter(team_id=wanted.team_id)
    return tuple(rows.select_related("case", "team").order_by("score", "chosen_at", "id")[offset : offset + most])


def detail(*, case_id: int) -> EvaluationDetail:
    """Return what was found when a case that the actor may know of was looked at again; three statements."""
    row = ChosenCase.objects.filter(case_id=case_id).first()
    versions = () if row is None else tuple(row.evaluations.order_by("-version"))
    lessons = tuple(Lesson.objects.filter(case_id=case_id).select_related("owner").order_by("id"))
    return EvaluationDetail(chosen=row, versions=versions, lessons=lessons)


def lessons(
    *, wanted: WantedLessons, today: date, actor: Actor, offset: int = 0, most: int = 50
) -> Sequence[Lesson]:  # fmt: skip
    """Return lessons with their case and owner, those that are due first on top; one statement."""
    rows = lesson_rows(wanted=wanted, today=today, actor=actor)
    return tuple(rows.order_by("done_at", "due_date", "id")[offset : offset + most])


def lesson_rows(*, wanted: WantedLessons, today: date, actor: Actor) -> QuerySet[Lesson]:
    """Return lessons with their case and owner."""
    rows = Lesson.objects.filter(case__in=visible_to(actor))
    if wanted.state == "late":
        rows = rows.filter(done_at=None, due_date__lt=today)
    elif wanted.state != "all":
        rows = rows.filter(done_at__isnull=wanted.state != "done")
    if wanted.owner_id is not None:
        rows = rows.filter(owner_id=wanted.owner_id)
    if wanted.text:
        rows = rows.filter(Q(text__icontains=wanted.text) | Q(case__number=wanted.text))
    return rows.select_related("case", "owner")


def _seen(actor: Actor) -> QuerySet[ChosenCase]:
    return ChosenCase.objects.filter(case__in=visible_to(actor))
