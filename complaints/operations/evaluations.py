"""Closed cases are looked at again: chosen by the rule of the place, judged by a checklist, lessons kept and learnt."""

from collections.abc import Mapping
from datetime import date, datetime

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.queries import users
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.periods import add_months, month_of
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, deadlines
from cis.platform.db import joins_transaction, opens_transaction
from complaints.domain.case_workflow import CaseAction, CaseState
from complaints.domain.evaluation import (
    STANDARD,
    SUBJECT,
    BadEvaluation,
    Chosen,
    ClosedCase,
    EvaluationRules,
    Mark,
    chosen,
    score,
)
from complaints.domain.kinds import EVALUATORS, CaseChannel, CaseKind, Severity
from complaints.domain.kinds import SUBJECT as CASE
from complaints.models.case import Case, CaseMove
from complaints.models.evaluation import ChosenCase, Evaluation, Lesson
from complaints.queries import evaluations as queries
from complaints.queries import rules as case_rules
from complaints.queries.sight import one, visible_to

WORK = "case_evaluations"
NOTE_MOST, REASON_MOST, TEXT_MOST = 1_000, 300, 500


class NotChosen(Refused):
    """The case was not chosen to be looked at again."""

    code = "case_not_chosen"


class WorkedOnIt(Refused):
    """Whoever worked on a case does not judge it."""

    code = "worked_on_case"


class BadLesson(Refused):
    """A lesson says what changes, who of those who may know of the case sees to it, and until when."""

    code = "bad_lesson"


class UnknownLesson(Refused):
    """There is no such lesson, or none that this one may know of."""

    code = "unknown_lesson"


class LessonDone(Refused):
    """The lesson was learnt before."""

    code = "lesson_done"


def night(at: datetime) -> None:
    """Choose, of the cases that were closed this month and the last, those that are looked at again."""
    choose(at=at)


@opens_transaction
def choose(*, at: datetime) -> int:
    """Choose cases that are to be looked at again; asked again it chooses none twice. Returns how many are new."""
    today = timezone.localdate(at)
    rules = case_rules.evaluation_rules(at=today)
    if rules is None:
        return 0
    rows = {row.id: row for row in _closed(add_months(month_of(today).start, -1))}
    found = chosen(
        cases=[_closed_case(row) for row in rows.values()], rules=rules, secret=settings.SECRET_KEY.encode()
    )  # fmt: skip
    ChosenCase.objects.bulk_create(
        ChosenCase(
            case_id=case_id, reason=why.value, team_id=rows[case_id].team_id, month=_month(rows[case_id]), chosen_at=at
        )
        for case_id, why in found.items()
    )  # fmt: skip
    if found:
        deadlines.start_many(subject=SUBJECT, subject_ids=sorted(found), standard=STANDARD, at=at)
    return len(found)


@opens_transaction
def evaluate(
    *, case_id: int, marks: Mapping[str, Mark], note: str, at: datetime, actor: Actor, reason: str = ""
) -> int:  # fmt: skip
    """
    Judge how a case was handled, once; a second time is a correction, with a reason, and a new version.

    :returns: what the answers are worth, 0 to 100.
    :raises UnknownCase: there is none, or the actor may not know of it. :raises NotChosen: see there.
    :raises NotAllowed: the actor judges no cases. :raises WorkedOnIt: see there.
    :raises BadEvaluation: the checklist is not answered as it stands, or a correction says no reason.
    """
    _check_evaluator(actor)
    one(case_id, actor)
    row = ChosenCase.objects.select_for_update().filter(case_id=case_id).first()
    rules = case_rules.evaluation_rules(at=timezone.localdate(at))
    if row is None or rules is None:
        raise NotChosen("This case was not chosen.", advice="Judge those of the list.")
    if actor.id in queries.workers_of(case_id=case_id):
        raise WorkedOnIt("Whoever worked on a case does not judge it.", advice="Leave it to somebody else.")
    before = row.evaluations.count()
    why = reason.strip()[:REASON_MOST]
    if bool(before) != bool(why):
        message = "It was judged before." if before else "There is nothing to correct yet."
        raise BadEvaluation(message, advice="A correction says why.", field="reason")
    worth = _keep(row, marks, rules, version=before + 1, note=note, reason=why, at=at, actor=actor)
    deadlines.meet(subject=SUBJECT, subject_id=case_id, at=at)
    audit.record(actor, "evaluate", CASE, case_id, score=worth, **({"reason": why} if why else {}))
    return worth


@opens_transaction
def add_lesson(
    *, case_id: int, text: str, owner_id: int, due_date: date, key: str, today: date, actor: Actor
) -> int:  # fmt: skip
    """
    Keep what is to change since a case went wrong; the same key twice is one lesson.

    :raises UnknownCase: there is none, or the actor may not know of it. :raises NotAllowed: the actor teaches nobody.
    :raises UnknownUser: the owner is nobody of the staff. :raises BadLesson: see there.
    """
    _check_evaluator(actor)
    one(case_id, actor)
    said = text.strip()
    if not said or len(said) > TEXT_MOST:
        raise BadLesson("A lesson says what changes.", advice=f"At most {TEXT_MOST} characters.", field="text")
    if due_date < today:
        raise BadLesson("The day is over.", advice="Choose a day to come.", field="due_date")
    card = users.one_of_staff(user_id=owner_id)
    owner = Actor(ActorKind.STAFF, card.id, card.username, frozenset(map(Role, card.roles)))
    if not visible_to(owner).filter(id=case_id).exists():
        raise BadLesson("This person may not know of the case.", advice="Choose somebody else.", field="owner")
    row, is_new = Lesson.objects.get_or_create(
        key=key,
        defaults={
            "case_id": case_id, "text": said, "owner_id": owner_id, "due_date": due_date,
            "actor_name": actor.name[:150],
        },
    )  # fmt: skip
    if is_new:
        audit.record(actor, "lesson", CASE, case_id, name=card.name or card.username, due_date=due_date)
    return row.id


@opens_transaction
def finish_lesson(*, lesson_id: int, note: str, at: datetime, actor: Actor) -> None:
    """
    Note what came of a lesson; whoever owns it, or a supervisor.

    :raises UnknownLesson: see there. :raises NotAllowed: it is another's. :raises LessonDone: see there.
    :raises BadLesson: nobody says what came of it.
    """
    seen = visible_to(actor).values("id")
    row = Lesson.objects.select_for_update(of=("self",)).filter(id=lesson_id, case_id__in=seen).first()
    if row is None:
        raise UnknownLesson(f"There is no lesson {lesson_id}.", lesson_id=lesson_id)
    if row.owner_id != actor.id and Role.SUPERVISOR not in actor.roles:
        raise NotAllowed(f"{actor.name} does not own this lesson.", advice="Ask its owner, or a supervisor.")
    if row.done_at is not None:
        raise LessonDone("The lesson was learnt before.")
    said = note.strip()[:TEXT_MOST]
    if not said:
        raise BadLesson("What came of it?", advice="Say in a few words what has changed.", field="note")
    row.done_at, row.done_note, row.done_name = at, said, actor.name[:150]
    row.save(update_fields=["done_at", "done_note", "done_name"])
    audit.record(actor, "lesson_done", CASE, row.case_id, note=said)


def _check_evaluator(actor: Actor) -> None:
    if actor.kind is not ActorKind.STAFF or not actor.roles & EVALUATORS:
        raise NotAllowed(f"{actor.name} judges no cases.", advice="Ask a supervisor.")


@joins_transaction
def _keep(
    row: ChosenCase, marks: Mapping[str, Mark], rules: EvaluationRules, *, version: int, note: str, reason: str,
    at: datetime, actor: Actor,
) -> int:  # fmt: skip
    worth = score(marks=marks, items=rules.items)
    assert actor.id is not None
    Evaluation.objects.create(
        chosen=row, version=version, marks={code: mark.value for code, mark in marks.items()},
        weights={code: item.weight for code, item in rules.items.items()}, score=worth, note=note.strip()[:NOTE_MOST],
        reason=reason, at=at, actor_id=actor.id, actor_name=actor.name[:150],
    )  # fmt: skip
    row.score = worth
    row.save(update_fields=["score"])
    return worth


def _closed(since: date) -> list[Case]:
    escalated = CaseMove.objects.filter(case_id=OuterRef("id"), action=CaseAction.ESCALATE.value)
    since_at = deadlines.work_clock().clock.day_start_utc(since)
    rows = Case.objects.filter(state=CaseState.CLOSED.value, closed_at__gte=since_at)
    slim = rows.defer("text", "search_grams").select_related("chosen")
    return list(slim.annotate(was_escalated=Exists(escalated)).order_by("id"))


def _closed_case(row: Case) -> ClosedCase:
    before = getattr(row, "chosen", None)
    return ClosedCase(
        case_id=row.id, kind=CaseKind(row.kind), severity=Severity(row.severity), team_id=row.team_id,
        month=_month(row).year * 100 + _month(row).month, is_reopened=row.reopened > 0,
        is_escalated=row.was_escalated,  # type: ignore[attr-defined]
        is_referred=row.channel == CaseChannel.REGULATOR, chosen=None if before is None else Chosen(before.reason),
    )  # fmt: skip


def _month(row: Case) -> date:
    assert row.closed_at is not None
    return month_of(timezone.localdate(row.closed_at)).start
