"""The phone page of a round: what it shows, what it answers, for whom."""

import json
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models.user import User
from cis.kernel.enums import Role
from metering.models.read import RegisterRead
from metering.models.route import PhoneRead, ReadingRoute
from metering.operations import read_rounds
from tests.doors.desk.conftest import sign_in
from tests.factories import accounts, metering, work
from tests.factories.routes import PLANNED, WALKER, route
from tests.factories.work import photo

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)


@pytest.fixture
def walked(supplier):
    made = route()
    for month in (10, 11, 12):
        end = date(2026, 1, 1) if month == 12 else date(2025, month + 1, 1)
        metering.usage(of=made.registers[0], start_date=date(2025, month, 1), end_date=end, kwh=100, at=made.places[0])
    return made, read_rounds.open_round(route_id=made.id, planned_date=PLANNED, actor=WALKER, today=TODAY)


@pytest.fixture
def reader(supplier, client):
    return sign_in(client, Role.FIELD)


def send(reader, walked, *entries, user=None, **files):
    data = {"user": user or User.objects.get().id, "entries": json.dumps(entries), **files}
    return reader.post(f"/desk/field/rounds/{walked[1]}/sync/", data)


def value(walked, place, reading, **values):
    register = walked[0].registers[place].id
    return {
        "key": f"entry-of-the-phone-{place}",
        "register": register,
        "date": "2026-03-10",
        "reading": reading,
        **values,
    }


def test_the_page_shows_what_is_to_be_read_and_leads_there_from_my_day(reader, walked):
    assert f"/desk/field/rounds/{walked[1]}/" in reader.get("/desk/field/").content.decode()
    page = reader.get(f"/desk/field/rounds/{walked[1]}/").content.decode()
    for register in walked[0].registers:
        assert f'data-register="{register.id}"' in page
    assert 'data-low="' in page, "the first place says what it should show"
    assert "Not visited" not in page
    read_rounds.close(round_id=walked[1], leave_rest=True, actor=WALKER, today=TODAY)
    assert "This round is closed" in reader.get(f"/desk/field/rounds/{walked[1]}/").content.decode()


def test_entries_are_answered_one_by_one_with_the_photo_of_each(reader, walked):
    unlikely = value(walked, 0, "50000")
    sent = (unlikely, value(walked, 1, "1050.5"), value(walked, 2, None, reason="dog"))
    answer = send(reader, walked, *sent, **{"photo-entry-of-the-phone-1": photo()}).json()
    assert [one["said"] for one in answer["answers"]] == ["asked", "kept", "missed"]
    assert "Used since the last read: 49,000 kWh." in answer["answers"][0]["text"]
    assert answer["round"] == {"read": 1, "missed": 1, "all": 3}
    send(reader, walked, {**unlikely, "sure": True}, *sent[1:])
    assert (RegisterRead.objects.filter(read_date=TODAY).count(), PhoneRead.objects.count()) == (2, 3)
    shown = reader.get(f"/desk/routes/rounds/{walked[1]}/").content.decode()
    assert "Sent by phones" in shown
    assert "/photos/" in shown


def test_a_value_that_came_meanwhile_is_told(reader, walked):
    read_rounds.enter(
        round_id=walked[1], register_id=walked[0].registers[1].id, read_date=TODAY, reading_wh=1_040_000, actor=WALKER,
        today=TODAY,
    )  # fmt: skip
    told = send(reader, walked, value(walked, 1, "1050")).json()["answers"][0]
    assert (told["said"], told["code"], told["held"]) == ("asked", "read_meanwhile", "1040.000")
    assert "There it shows 1,040." in told["text"]
    assert send(reader, walked, value(walked, 1, "1050", seen=told["held"])).json()["answers"][0]["said"] == "kept"


def test_what_is_no_entry_or_of_somebody_else_is_not_taken(reader, walked):
    assert send(reader, walked, value(walked, 0, "1100"), user=999).status_code == 409
    assert send(reader, walked, {"key": "x"}).status_code == 400
    assert reader.post("/desk/field/rounds/999/sync/", {"user": "1", "entries": "[]"}).status_code == 404
    assert reader.get("/desk/field/rounds/999/").status_code == 404
    assert Client().post(f"/desk/field/rounds/{walked[1]}/sync/").status_code == 302, "it asks to sign in"
    assert not PhoneRead.objects.exists()


def test_to_a_crew_the_rounds_of_another_one_do_not_exist(supplier, walked):
    theirs = work.crew()
    ReadingRoute.objects.filter(id=walked[0].id).update(crew=theirs)
    member, other, metering_desk = work.actor_of(theirs), accounts.staff(Role.FIELD), accounts.staff(Role.METERING)
    for user_id, status in ((member.id, 200), (other.id, 404), (metering_desk.id, 200)):
        client = Client()
        client.force_login(User.objects.get(id=user_id), backend="django.contrib.auth.backends.ModelBackend")
        answer = client.get(f"/desk/field/rounds/{walked[1]}/")
        assert answer.status_code == status
        assert answer.headers.get("Field-User") == (str(user_id) if status == 200 else None)
        assert send(client, walked, value(walked, 0, "1100"), user=user_id).status_code == status
        for door in (f"rows/{walked[0].registers[1].id}/", "upload/"):
            assert client.post(f"/desk/routes/rounds/{walked[1]}/{door}", {"reading": ""}).status_code == status
    assert PhoneRead.objects.get().actor_id == member.id


def test_the_worker_is_a_script_of_its_own_folder_and_knows_its_release(reader, walked, monkeypatch):
    answer = reader.get("/desk/field/rounds/worker.js")
    assert answer["Content-Type"].startswith("text/javascript")
    assert answer["Cache-Control"] == "no-cache"
    assert reader.get("/desk/field/rounds/worker.js").content == answer.content
    monkeypatch.setattr("cis.desk.field_reads.static", lambda name: f"/static/{name}.0123456789ab")
    assert reader.get("/desk/field/rounds/worker.js").content != answer.content


def test_a_long_round_costs_as_many_statements_as_a_short_one(reader, walked):
    many = route(count=40, code="R2")
    longer = read_rounds.open_round(route_id=many.id, planned_date=PLANNED, actor=WALKER, today=TODAY)
    counts = []
    reader.get(f"/desk/field/rounds/{longer}/")
    for round_id in (walked[1], longer):
        with CaptureQueriesContext(connection) as seen:
            reader.get(f"/desk/field/rounds/{round_id}/")
        counts.append(len(seen))
    assert counts[0] == counts[1] < 20


def test_the_page_is_had_in_chinese(reader, walked):
    reader.cookies["django_language"] = "zh-hans"
    page = reader.get(f"/desk/field/rounds/{walked[1]}/").content.decode()
    for word in ("抄见日期", "无法抄读", "下一处", "全部抄表点"):
        assert word in page
