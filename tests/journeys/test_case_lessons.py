"""
What cases teach: a complaint that an authority referred is looked at again by somebody else, has a score and a lesson;
the same matter comes more often in a district, and that is told of; the month is published for everybody.
"""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from cis.kernel.enums import Role
from cis.platform import jobs
from complaints.domain.kinds import CaseChannel, Satisfaction
from complaints.models.evaluation import CaseTrend, Lesson
from complaints.operations import evaluations, replies, trends
from tests.doors.desk.conftest import sign_in
from tests.factories import accounts
from tests.factories import cases as made

pytestmark = pytest.mark.django_db
AT, DAY = made.AT, timedelta(days=1)
MARKS = {"mark_intake": "yes", "mark_clock": "yes", "mark_cause": "partly", "mark_answer": "yes", "mark_deed": "no",
         "mark_call_back": "not_applicable"}  # fmt: skip
PUDONG = "浦东"


@pytest.fixture
def clock(monkeypatch, settings, tmp_path):
    settings.DOCUMENTS_DIR, settings.LANGUAGE_CODE = tmp_path, "en"
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    with time_machine.travel(AT, tick=False) as traveller:
        accounts.supplier()
        yield traveller


def page(client, url, **data):
    answer = client.post(url, data, follow=True) if data else client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_case_that_went_wrong_teaches_something(clock):
    worker, chief, reader = (
        made.person(name="Wang"),
        sign_in(Client(), Role.SUPERVISOR),
        sign_in(Client(), Role.METERING),
    )
    team = made.team(worker)

    # In March an authority refers a complaint; Wang answers it, and the caller is content.
    row = made.in_hand(worker, team_id=team, channel=CaseChannel.REGULATOR, authority="12398", district=PUDONG)
    made.answered(row, worker)
    replies.call_back(case_id=row.id, result=Satisfaction.SATISFIED, at=AT, actor=worker)

    # The night chooses it, since all that authorities refer are looked at again; it is a task of the supervisor.
    clock.move_to(AT + DAY)
    evaluations.night(AT + DAY)
    url = f"/desk/cases/{row.id}/evaluation/"
    assert url in page(chief, "/desk/deadlines/?queue=quality")
    assert "Judged: 72 of 100" in page(chief, f"{url}act/", action="evaluate", note="read was guessed", **MARKS)

    # The lesson is given to somebody of metering, who sees to it and says what has changed.
    owner = int(reader.session["_auth_user_id"])
    lesson = {
        "action": "lesson", "lesson-text": "Read before billing", "lesson-owner": str(owner),
        "lesson-due_date": "2026-03-31", "lesson-request_key": "k",
    }  # fmt: skip
    assert "Read before billing" in page(chief, f"{url}act/", **lesson)
    assert "Read before billing" in page(reader, "/desk/cases/lessons/?owner=me")
    page(reader, f"/desk/cases/lessons/{Lesson.objects.get().id}/done/", note="the route is read by hand")
    assert "the route is read by hand" in page(reader, "/desk/cases/lessons/?state=done")

    # The same matter comes again and again in that district: the night tells of it once.
    clock.move_to(AT + 6 * DAY)
    for number in range(6):
        made.taken(at=AT + 5 * DAY, district=PUDONG, caller_phone=f"1380000000{number}")
    for _ in range(2):
        trends.night(AT + 6 * DAY)
    trend = CaseTrend.objects.get()
    assert (trend.class_code, trend.area, trend.count) == (made.ESTIMATED, PUDONG, 7)
    shown = page(chief, f"/desk/cases/trends/{trend.id}/")
    figures = re.search(r'href="(/desk/cases/figures/[^"]+)"', shown).group(1).replace("&amp;", "&")

    # From there to the figures of the class in that district, and from a figure to the cases behind it.
    found = page(chief, figures)
    listed = next(one for one in re.findall(r'href="(/desk/cases/\?[^"]+)"', found) if "cause" in one)
    assert row.number in page(chief, listed.replace("&amp;", "&"))
    page(chief, f"/desk/cases/trends/{trend.id}/act/", action="close", note="one route was estimated")
    assert "one route was estimated" in page(chief, f"/desk/cases/trends/{trend.id}/")

    # In April the month is published: seven complaints, which everybody may read.
    clock.move_to(AT + 31 * DAY)
    chief = sign_in(Client(), Role.SUPERVISOR)
    assert "Published, version 1" in page(chief, "/desk/cases/published/publish/", month="2026-03")
    everybody = Client().get("/statistics/2026-03.json")
    assert everybody.json()["kinds"][0]["taken"] == 7
