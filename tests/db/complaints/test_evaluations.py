"""Closed cases are chosen once, judged by somebody who did not work on them, corrected as versions; lessons are learnt."""

from datetime import date, timedelta

import pytest
import time_machine

from cis.kernel.enums import Role
from cis.kernel.workflow import NotAllowed
from cis.platform import jobs
from cis.platform.models import AuditEvent, Deadline
from complaints.domain.evaluation import BadEvaluation, Mark
from complaints.domain.kinds import CaseChannel, Satisfaction
from complaints.models.evaluation import ChosenCase, Evaluation, Lesson
from complaints.operations import evaluations, replies
from complaints.operations.evaluations import BadLesson, LessonDone, NotChosen, UnknownLesson, WorkedOnIt
from complaints.queries import evaluations as queries
from complaints.queries.evaluations import WantedEvaluations, WantedLessons
from complaints.queries.sight import UnknownCase
from tests.factories import accounts
from tests.factories import cases as made

pytestmark = pytest.mark.django_db
AT = made.AT
NIGHT = AT + timedelta(days=1)
ITEMS = ("intake", "clock", "cause", "answer", "deed", "call_back")
ALL_YES = dict.fromkeys(ITEMS, Mark.YES)
TODAY = date(2026, 3, 3)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    accounts.supplier()
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    with time_machine.travel(NIGHT, tick=False):
        yield


@pytest.fixture
def worker():
    return made.person(Role.BILLING, name="Worker")


@pytest.fixture
def judge():
    return made.person(Role.SUPERVISOR, name="Judge")


def closed(worker, team_id, **values):
    row = made.answered(made.in_hand(worker, team_id=team_id, **values), worker)
    replies.call_back(case_id=row.id, result=Satisfaction.SATISFIED, at=AT, actor=made.person(Role.CLERK))
    row.refresh_from_db()
    return row


@pytest.fixture
def case(worker):
    row = closed(
        worker, made.team(worker), channel=CaseChannel.REGULATOR, authority="12398", authority_number="1"
    )  # fmt: skip
    assert evaluations.choose(at=NIGHT) == 1
    return row


def test_a_referred_case_and_a_share_of_the_others_are_chosen_once(worker, judge):
    team = made.team(worker)
    rows = [closed(worker, team) for _ in range(3)]
    referred = closed(worker, team, channel=CaseChannel.REGULATOR, authority="12398", authority_number="1")
    made.answered(made.in_hand(worker, team_id=team), worker)  # not closed
    assert evaluations.choose(at=NIGHT) == 2
    assert evaluations.choose(at=NIGHT) == 0
    reasons = dict(ChosenCase.objects.values_list("case_id", "reason"))
    assert reasons.pop(referred.id) == "regulator"
    assert set(reasons) <= {one.id for one in rows}
    assert list(reasons.values()) == ["sample"]
    assert Deadline.objects.filter(subject="case_evaluation", state="running").count() == 2
    assert len(queries.listed(wanted=WantedEvaluations(team_id=team), actor=judge)) == 2


def test_who_worked_on_a_case_does_not_judge_it_and_a_correction_is_a_version(case, worker, judge):
    both = made.person(Role.CLERK, Role.BILLING)
    given = {"case_id": case.id, "note": "ok", "at": NIGHT}
    with pytest.raises(NotAllowed):
        evaluations.evaluate(**given, marks=ALL_YES, actor=worker)
    other = made.person(Role.SUPERVISOR)
    with pytest.raises(BadEvaluation):
        evaluations.evaluate(**given, marks=ALL_YES, actor=judge, reason="nothing to correct")
    with pytest.raises(BadEvaluation):
        evaluations.evaluate(**given, marks={"intake": Mark.YES}, actor=judge)
    assert evaluations.evaluate(**given, marks={**ALL_YES, "clock": Mark.NO}, actor=judge) == 80
    with pytest.raises(BadEvaluation):
        evaluations.evaluate(**given, marks=ALL_YES, actor=both)
    assert evaluations.evaluate(**given, marks=ALL_YES, actor=other, reason="the clock stood still") == 100
    assert list(Evaluation.objects.order_by("version").values_list("version", "score", "reason")) == [
        (1, 80, ""), (2, 100, "the clock stood still"),
    ]  # fmt: skip
    assert ChosenCase.objects.get().score == 100
    assert Deadline.objects.get(subject="case_evaluation").state == "met"
    assert AuditEvent.objects.filter(subject="case", action="evaluate").count() == 2
    assert [one.score for one in queries.listed(wanted=WantedEvaluations(state="done"), actor=judge)] == [100]


def test_a_worker_of_any_kind_is_refused_and_a_case_that_was_not_chosen_too(case, judge):
    caller = made.person(Role.CLERK)
    row = closed(caller, made.team(caller), class_code="service/staff/manner")
    with pytest.raises(NotChosen):
        evaluations.evaluate(case_id=row.id, marks=ALL_YES, note="", at=NIGHT, actor=judge)
    ChosenCase.objects.create(case=row, reason="sample", month=date(2026, 3, 1))
    with pytest.raises(WorkedOnIt):
        evaluations.evaluate(case_id=row.id, marks=ALL_YES, note="", at=NIGHT, actor=caller)
    assert caller.id in queries.workers_of(case_id=row.id)
    assert judge.id not in queries.workers_of(case_id=row.id)


def test_nobody_judges_or_learns_of_what_is_kept_from_them(case, worker, judge):
    rude = made.person(Role.CLERK, name="Rude")
    made.team(rude)
    row = closed(worker, made.team(worker), about_user_id=rude.id)
    ChosenCase.objects.create(case=row, reason="sample", month=date(2026, 3, 1))
    lesson = {"case_id": row.id, "text": "smile", "due_date": TODAY, "key": "k", "today": TODAY}
    with pytest.raises(UnknownCase):
        evaluations.evaluate(case_id=row.id, marks=ALL_YES, note="", at=NIGHT, actor=rude)
    with pytest.raises(UnknownCase):
        evaluations.add_lesson(**lesson, owner_id=judge.id, actor=rude)
    with pytest.raises(BadLesson, match="may not know"):
        evaluations.add_lesson(**lesson, owner_id=rude.id, actor=judge)
    lesson_id = evaluations.add_lesson(**lesson, owner_id=judge.id, actor=judge)
    with pytest.raises(UnknownLesson):
        evaluations.finish_lesson(lesson_id=lesson_id, note="x", at=NIGHT, actor=rude)
    assert [one.case_id for one in queries.listed(wanted=WantedEvaluations(), actor=rude)] == [case.id]
    assert queries.lessons(wanted=WantedLessons(state="all"), today=TODAY, actor=rude) == ()


def test_a_lesson_is_kept_once_and_learnt_once_by_its_owner(case, worker, judge):
    given = {"case_id": case.id, "owner_id": worker.id, "due_date": TODAY, "today": TODAY, "key": "k", "actor": judge}
    for wrong in ({"text": " "}, {"text": "x", "due_date": TODAY - timedelta(days=1)}):
        with pytest.raises(BadLesson):
            evaluations.add_lesson(**{**given, **wrong})
    first, again = (evaluations.add_lesson(**given, text="read before billing") for _ in range(2))
    assert first == again == Lesson.objects.get().id
    late = TODAY + timedelta(days=1)
    assert len(queries.lessons(wanted=WantedLessons(state="late", owner_id=worker.id), today=late, actor=judge)) == 1
    done = {"lesson_id": first, "at": NIGHT}
    with pytest.raises(NotAllowed):
        evaluations.finish_lesson(**done, note="x", actor=made.person(Role.BILLING))
    with pytest.raises(BadLesson):
        evaluations.finish_lesson(**done, note=" ", actor=worker)
    evaluations.finish_lesson(**done, note="reads are checked now", actor=worker)
    with pytest.raises(LessonDone):
        evaluations.finish_lesson(**done, note="x", actor=judge)
    assert len(queries.lessons(wanted=WantedLessons(), today=late, actor=judge)) == 0
    assert Lesson.objects.get().done_name == "Worker"
