"""What cases teach, at the desk: figures that lead to their cases, evaluation, lessons, trends, months for everybody."""

from datetime import date, timedelta
from urllib.parse import unquote

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cis.kernel.enums import Role
from cis.platform import jobs
from complaints.domain.kinds import CaseChannel, Satisfaction
from complaints.models.case import Case
from complaints.models.evaluation import CaseTrend, ChosenCase, Lesson
from complaints.operations import evaluations, replies, trends
from tests.doors.desk.conftest import sign_in
from tests.doors.desk.test_cases import actor_of, text
from tests.factories import cases as made

pytestmark = pytest.mark.django_db
AT, DAY = made.AT, timedelta(days=1)
LATER = AT + 31 * DAY


@pytest.fixture(autouse=True)
def _quiet(monkeypatch, settings, tmp_path, supplier):
    settings.DOCUMENTS_DIR = tmp_path
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    with time_machine.travel(LATER, tick=False):
        yield


@pytest.fixture
def chief():
    return sign_in(Client(), Role.SUPERVISOR)


@pytest.fixture
def case():
    worker = made.person(Role.CLERK, name="Worker")
    row = made.in_hand(
        worker, team_id=made.team(worker), channel=CaseChannel.REGULATOR, authority="12398", authority_number="1",
        district="浦东",
    )  # fmt: skip
    made.answered(row, worker)
    replies.call_back(case_id=row.id, result=Satisfaction.SATISFIED, at=AT, actor=worker)
    assert evaluations.choose(at=LATER) == 1
    return Case.objects.get(id=row.id)


def test_a_case_is_judged_and_a_lesson_is_kept_and_learnt(chief, case):
    assert case.number in text(chief.get("/desk/cases/evaluations/"))
    assert "Closed cases and trends" in text(chief.get("/desk/deadlines/?queue=quality"))
    url = f"/desk/cases/{case.id}/evaluation/"
    assert "Judge it" in text(chief.get(url))
    assert url in text(chief.get(f"/desk/cases/{case.id}/"))
    marks = {f"mark_{code}": "yes" for code in ("intake", "clock", "cause", "answer", "deed", "call_back")}
    refused = text(chief.post(f"{url}act/", {"action": "evaluate", "mark_intake": "yes"}))
    assert "One thing to mend" in refused or "things to mend" in refused
    assert "Judged: 100 of 100" in text(chief.post(f"{url}act/", {"action": "evaluate", **marks}, follow=True))
    assert "Correct it" in text(chief.get(url))
    lesson = {
        "action": "lesson", "lesson-text": "Read before billing", "lesson-owner": str(actor_of(chief).id),
        "lesson-due_date": "2026-04-09", "lesson-request_key": "k",
    }  # fmt: skip
    assert "is-invalid" in text(chief.post(f"{url}act/", {**lesson, "lesson-due_date": "2026-01-01"}))
    for _ in range(2):
        chief.post(f"{url}act/", lesson)
    one = Lesson.objects.get()
    assert "Read before billing" in text(chief.get("/desk/cases/lessons/?owner=me"))
    assert "Read before billing" in text(chief.get("/desk/cases/lessons.csv"))
    chief.post(f"/desk/cases/lessons/{one.id}/done/", {"note": "done"})
    assert "No lesson is to be learnt" in text(chief.get("/desk/cases/lessons/"))
    assert ",100" in text(chief.get("/desk/cases/evaluations.csv?state=done"))
    assert chief.post(f"{url}act/", {"action": "nonsense"}).status_code == 404


def test_nothing_of_a_case_shows_to_those_it_is_about(chief):
    rude = sign_in(Client(), Role.CLERK)
    made.team(actor_of(rude))
    worker = made.person(Role.BILLING)
    row = made.in_hand(worker, team_id=made.team(worker), about_user_id=actor_of(rude).id, caller_name="Hidden")
    made.answered(row, worker)
    ChosenCase.objects.create(case=row, reason="sample", month=date(2026, 3, 1))
    for path in ("evaluations/?state=all", "evaluations.csv?state=all", "lessons/?state=all", "figures/", "trends/"):
        assert row.number not in text(rude.get(f"/desk/cases/{path}"))
    assert rude.get(f"/desk/cases/{row.id}/evaluation/").status_code == 404
    assert "No case was taken in" in text(rude.get("/desk/cases/figures/"))
    figure = text(rude.get("/desk/cases/?state=all&figure=since%3D2026-03%26until%3D2026-03"))
    assert row.number not in figure
    assert "behind a figure" in figure
    assert row.number in text(chief.get("/desk/cases/?state=all&figure=since%3D2026-03%26until%3D2026-03"))


def test_each_figure_leads_to_its_cases_and_the_page_takes_few_statements(chief, case):
    other = made.taken(at=AT, class_code="billing/amount/too_high", caller_phone="2")
    page = text(chief.get("/desk/cases/figures/?by=area&until=2026-04"))
    assert "浦东" in page
    assert "Answer to an authority" in page or "12398" in page
    link = next(
        part.split('"')[0] for part in page.split('href="') if "figure=" in part.split('"')[0] and "by%3Darea" in part
    )
    listed = text(chief.get(link.replace("&amp;", "&")))
    assert case.number in listed
    assert other.number not in listed
    assert "ours%2Fread" in link or "ours/read" in unquote(unquote(link))
    file = text(chief.get("/desk/cases/figures.csv?by=team&until=2026-04"))
    assert "Settled at the first contact" in file
    for odd in ("since=0001-01&until=0001-01", "until=9999-12", "since=2000-01&until=2026-04"):
        assert chief.get(f"/desk/cases/figures/?{odd}").status_code == 200
    for by in ("meter", "price", "class", "nonsense"):
        assert chief.get(f"/desk/cases/figures/?by={by}&since=x&team=y").status_code == 200

    def counted():
        with CaptureQueriesContext(connection) as taken:
            chief.get("/desk/cases/figures/?until=2026-04")
        return len(taken)

    before = counted()
    made.taken(at=AT, caller_phone="3")
    assert counted() == before


def test_a_trend_is_a_task_that_is_looked_at_and_closed(chief):
    for one in range(8):
        made.taken(at=LATER - DAY, caller_phone=str(one))
    trends.night(LATER)
    row = CaseTrend.objects.get()
    url = f"/desk/cases/trends/{row.id}/"
    assert url in text(chief.get("/desk/cases/trends/"))
    assert url in text(chief.get("/desk/deadlines/?queue=quality"))
    page = text(chief.get(url))
    assert "I look into it" in page
    assert "from 0 cases in the 182 days before" in page
    chief.post(f"{url}act/", {"action": "acknowledge"})
    assert chief.post(f"{url}act/", {"action": "nonsense"}).status_code == 404
    assert "few words" in text(chief.post(f"{url}act/", {"action": "close", "note": ""}, follow=True))
    chief.post(f"{url}act/", {"action": "close", "note": "a route was estimated"})
    assert "a route was estimated" in text(chief.get("/desk/cases/trends.csv?state=all"))
    assert "Nothing comes more often" in text(chief.get("/desk/cases/trends/"))
    assert chief.get("/desk/cases/trends/999/").status_code == 404


def test_a_month_is_published_by_a_supervisor_alone(chief):
    made.taken(at=AT)
    assert "Everybody will read these figures" in text(chief.get("/desk/cases/published/"))
    clerk = sign_in(Client(), Role.CLERK)
    assert clerk.post("/desk/cases/published/publish/", {"month": "2026-03"}).status_code == 403
    assert "Everybody will read" not in text(clerk.get("/desk/cases/published/"))
    answer = text(chief.post("/desk/cases/published/publish/", {"month": "2026-03"}, follow=True))
    assert "Published, version 1" in answer
    assert "is what would be published now" in answer
    assert "not over" in text(chief.post("/desk/cases/published/publish/", {"month": "2026-04"}, follow=True))
    for odd in ("0001-01", "1999-12", "9999-12"):
        assert chief.get(f"/desk/cases/published/?month={odd}").status_code == 200
        assert "not over" in text(chief.post("/desk/cases/published/publish/", {"month": odd}, follow=True))
