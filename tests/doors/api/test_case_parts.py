"""What belongs to cases and what they teach, for other programs: links, pictures, figures, lessons, answers."""

from datetime import date, timedelta
from io import BytesIO

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from accounts.models.survey import Survey
from cis.platform import jobs
from complaints.domain.kinds import Satisfaction
from complaints.models.evaluation import ChosenCase, Lesson
from complaints.operations import replies
from metering.models.alarm import MeterAlarm
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import cases as made
from tests.factories import metering, work

pytestmark = pytest.mark.django_db
AT, HOUR = made.AT, timedelta(hours=1)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    with time_machine.travel(AT + 5 * HOUR, tick=False):
        yield


@pytest.fixture
def caller(world):
    return Caller("cases:read", "cases:write", "care:read")


def hidden(**values):
    """A case that is kept from a program that did not bring it."""
    return made.taken(about_team_id=made.team(made.person()), **values)


def test_a_case_is_linked_once_to_each_thing(caller, bills):
    row, url = made.taken(), "cases/{}/links"
    bill = {"bill": bills[0].number}
    told = caller.post(url.format(row.number), bill, idempotency_key="a")
    assert told.status_code == 201, told.content
    [link] = told.json()["links"]
    assert (link["kind"], link["number"]) == ("bill", bills[0].number)
    caller.post(url.format(row.number), bill, idempotency_key="b")
    assert caller.get(url.format(row.number)).json()["links"] == [link]
    hung = metering.installation()
    alarm = MeterAlarm.objects.create(
        meter_id=hung.meter_id, service_point_id=hung.service_point_id, kind="power_off", answer="brief",
        occurred_at=made.AT,
    )  # fmt: skip
    told = caller.post(url.format(row.number), {"meter_alarm": alarm.id}, idempotency_key="alarm").json()["links"]
    assert [(one["kind"], one["number"]) for one in told[1:]] == [("meter_alarm", str(alarm.id))]
    for wrong, status, code in (
        ({}, 422, "bad_case_link"),
        ({**bill, "read": 1}, 422, "bad_case_link"),
        ({"read": 1}, 422, "bad_case_link"),
        ({"meter_alarm": alarm.id + 1}, 422, "bad_case_link"),
        ({"bill": "999"}, 404, "unknown_bill"),
        ({"whim": 1}, 422, "invalid_request"),
    ):
        assert_problem(
            caller.post(url.format(row.number), wrong, idempotency_key="-".join(["w", *wrong])), status, code
        )
    other = hidden()
    assert_problem(caller.get(url.format(other.number)), 404, "unknown_case")
    assert_problem(caller.post(url.format(other.number), bill, idempotency_key="c"), 404, "unknown_case")


def test_pictures_are_added_and_given_as_they_are_kept(caller, client):
    row = made.taken()
    path = f"/api/v1/cases/{row.number}/photos"

    def send(data, to=path):
        return client.post(to, {"file": SimpleUploadedFile("a.jpg", data)}, headers=caller.headers)

    picture = work.photo().getvalue()
    [kept] = send(picture).json()["photos"]
    assert send(picture).json()["photos"] == [kept]
    assert kept["is_customers"] is False
    assert caller.get(f"cases/{row.number}/photos").json() == {"photos": [kept]}
    given = caller.get(f"cases/{row.number}/photos/{kept['id']}", Accept="image/jpeg")
    assert given["Content-Type"] == "image/jpeg"
    assert Image.open(BytesIO(b"".join(given.streaming_content))).size == (64, 48)
    assert_problem(send(b"no picture"), 422, "not_a_photo")
    assert_problem(caller.get(f"cases/{row.number}/photos/0"), 404, "unknown_case_photo")
    other = hidden()
    assert_problem(send(picture, path.replace(row.number, other.number)), 404, "unknown_case")
    assert_problem(caller.get(f"cases/{other.number}/photos/{kept['id']}"), 404, "unknown_case")


def test_figures_and_lessons_are_of_the_cases_that_a_program_may_know_of(caller):
    clerk = made.person(name="Worker")
    team = made.team(clerk)
    row = made.answered(made.in_hand(clerk, team_id=team), clerk, at=AT + HOUR)
    replies.call_back(case_id=row.id, result=Satisfaction.SATISFIED, at=AT + 2 * HOUR, actor=clerk)
    secret = hidden(caller_phone="2")
    for number, case in enumerate((row, secret)):
        Lesson.objects.create(
            case=case, text=f"lesson {number}", owner_id=clerk.id, due_date=date(2026, 3, 9), key=str(number)
        )
    ChosenCase.objects.create(case=row, reason="sample", team_id=team, month=date(2026, 3, 1), score=81)
    told = caller.get("cases/figures?by=team&since=2026-03&until=2026-03").json()
    assert told["months"] == [{"month": "2026-03", "kind": "complaint", "cases": 1}]
    assert told["classes"] == [{"class": made.ESTIMATED, "cases": 1}]
    [cause] = told["causes"]
    assert (cause["cause"], cause["cases"], cause["of"]) == ("ours/read", 1, made.teams_code(team))
    assert told["at_once"] == {"part": 1, "whole": 1}
    assert caller.get(f"cases/figures?team={made.teams_code(team)}").json()["months"] == told["months"]
    assert caller.get("cases/figures?class=billing/amount/too_high").json()["months"] == []
    assert_problem(caller.get("cases/figures?team=nobody"), 404, "unknown_team")
    assert told["quality"] == [{"team": made.teams_code(team), "cases": 1, "mean": 81}]
    for wrong in ("since=9999-12", "since=2026-03&until=2026-02", "since=2019-01&until=2026-03"):
        assert_problem(caller.get(f"cases/figures?{wrong}"), 422, "invalid_request")
    [lesson] = caller.get("lessons").json()["results"]
    assert (lesson["text"], lesson["case"], lesson["done"]) == ("lesson 0", row.number, None)
    assert caller.get("lessons?state=done").json()["results"] == []


def test_answers_of_customers_are_given_without_those_after_hidden_cases(caller, world):
    cases = [made.taken(account_id=world.account.id), hidden(account_id=world.account.id)]
    for row, score in zip(cases, (10, 0), strict=True):
        Survey.objects.create(
            customer=world.customer, account=world.account, event="case_closed", source_id=row.id, key=row.number,
            state="answered", send_at=AT, asked_at=AT, scored_at=AT, score=score, text=f"says {score}",
        )  # fmt: skip
    [answer] = caller.get("survey-answers").json()["results"]
    assert (answer["score"], answer["text"], answer["account"]) == (10, "says 10", world.account.number)
    [score] = caller.get("survey-scores?from_date=2026-03-01&to_date=2026-03-31").json()["scores"]
    assert (score["month"], score["promoters"], score["score"], score["low"]) == ("2026-03", 1, 100, None)
    assert caller.get("survey-answers?event=first_bill").json()["results"] == []
    assert caller.get("survey-answers?to_date=2026-03-01").json()["results"] == []
    for wrong in ("from_date=2026-03-02&to_date=2026-03-01", "from_date=2001-01-01", "to_date=9999-12-31"):
        assert_problem(caller.get(f"survey-answers?{wrong}"), 422, "invalid_request")


@pytest.mark.parametrize(
    ("path", "scope"),
    [("cases/K20260000001/links", "cases:read"), ("cases/K20260000001/photos", "cases:read"),
     ("cases/K20260000001/photos/1", "cases:read"), ("cases/figures", "cases:read"), ("lessons", "cases:read"),
     ("survey-answers", "care:read"), ("survey-scores", "care:read")],
)  # fmt: skip
def test_each_address_asks_for_its_scope(world, path, scope):
    other = Caller(*({"cases:read", "care:read", "bills:read"} - {scope}))
    assert_problem(other.get(path), 403, "permission_denied")
