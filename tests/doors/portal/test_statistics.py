"""Figures of months for everybody, without a login: as page, JSON and CSV; frozen, kept for a while, small ones out."""

import json
from datetime import UTC, date, datetime

import pytest
import time_machine

from complaints.domain.publishing import Answered, Month, figures
from complaints.models.evaluation import PublishedMonth
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import accounts
from tests.factories import cases as made

pytestmark = pytest.mark.django_db


@pytest.fixture
def _published(db):
    accounts.supplier()
    month = Month(
        kinds={"complaint": 42, "fault": 3, "question": 17}, classes={made.ESTIMATED: 30},
        answers={"complaint": Answered(answered=40, in_time=39)}, called=20, content=18, nps=(25, 40, (12, 68)),
        saidi="1.50", saifi="0.0200",
    )  # fmt: skip
    for version, reason in ((1, ""), (2, "three came by letter")):
        PublishedMonth.objects.create(
            month=date(2026, 2, 1), version=version, reason=reason, figures=figures(month=month, least=5),
            at=datetime(2026, 3, 5, 2, tzinfo=UTC), actor_name="Hidden Name",
        )  # fmt: skip
    with time_machine.travel(datetime(2026, 3, 6, tzinfo=UTC), tick=False):
        yield


def test_before_anything_is_published_the_page_says_so(client):
    accounts.supplier()
    client.cookies["django_language"] = "en"
    assert "Nothing was published yet" in client.get("/statistics/").content.decode()
    for path in ("/statistics/2026-02/", "/statistics/2026-02.json", "/statistics/x.csv", "/statistics/2026-02.csv"):
        assert client.get(path).status_code == 404


@pytest.mark.usefixtures("_published")
def test_everybody_reads_what_was_published_last(client):
    client.cookies["django_language"] = "en"
    page = client.get("/statistics/").content.decode()
    for shown in ("42", "98 %", "90 %", "1.50", "12 to 68", "three came by letter", "Bill on an estimated read"):
        assert shown in page
    assert "Hidden Name" not in page
    assert client.get("/statistics/2026-02/").status_code == 200
    told = PublishedMonth.objects.get(version=2)
    PublishedMonth.objects.create(month=date(2026, 1, 1), version=1, figures=told.figures, at=told.at, actor_name="x")
    answer = client.get("/statistics/")
    assert [one["values"] for one in answer.context["chart"]["series"]] == [[4200] * 2, [None] * 2, [None] * 2]
    assert answer.context["lines"][0] == (date(2026, 2, 1), [42, None, None]), "the table says the same as the chart"
    assert answer.content.decode().count('<span class="muted">not published</span>') == 6
    client.cookies["django_language"] = "zh-hans"
    assert "估抄电费有误" in client.get("/statistics/").content.decode()


@pytest.mark.usefixtures("_published")
def test_programs_take_the_figures_and_ask_again_by_their_mark(client):
    answer = client.get("/statistics/2026-02.json")
    told = json.loads(answer.content)
    assert (told["month"], told["version"], told["reason"]) == ("2026-02", 2, "three came by letter")
    assert told["kinds"][1] == {"kind": "fault", "taken": None, "in_time_percent": None}
    assert "public" in answer["Cache-Control"]
    assert "max-age=600" in answer["Cache-Control"]
    again = client.get("/statistics/2026-02.json", headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert not answer.cookies
    lines = client.get("/statistics/2026-02.csv").content.decode("utf-8-sig").splitlines()
    assert "kind,complaint,taken,42" in lines
    assert "kind,fault,taken," in lines
    names = "Bills and payments › Amount of a bill › Bill on an estimated read,电费 › 电费金额 › 估抄电费有误"
    assert f"class,{made.ESTIMATED},taken,30,{names}" in lines


@pytest.mark.usefixtures("_published")
def test_the_api_gives_the_same_to_those_who_may_read_cases():
    caller = Caller("cases:read")
    [month] = caller.get("statistics").json()["months"]
    assert (month["month"], month["version"], month["kinds"][0]["taken"]) == ("2026-02", 2, 42)
    assert caller.get("statistics?since=2026-03").json() == {"months": []}
    for wrong in ("soon", "0000-01", "9999-12"):
        assert_problem(caller.get(f"statistics?since={wrong}"), 422, "invalid_request")
    assert_problem(Caller("bills:read").get("statistics"), 403, "permission_denied")
