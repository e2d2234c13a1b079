"""Pages of work orders, crews and the network: what the desk plans, and who sees what."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cis.kernel.enums import Role
from cis.platform.models import AuditEvent
from metering.models.network import Feeder, Transformer
from metering.models.work import AppointmentSlot, Crew, WorkOrder
from metering.queries import work_orders as queries
from tests.doors.desk.conftest import sign_in
from tests.factories import metering, work

pytestmark = pytest.mark.django_db


def _rows(page):
    return page.content.decode().count('name="order"')


def test_work_is_ordered_assigned_together_booked_and_dropped(desk):
    point = metering.service_point(external_id="S-1")
    crew = work.crew()
    given = {"service_point": "S-1", "kind": "repair", "priority": "urgent", "due_date": "2026-03-12", "reason": "dark"}
    missing = desk.post("/desk/work/new/", {**given, "service_point": "S-2"}).content.decode()
    assert "There is no service point S-2." in missing
    answer = desk.post("/desk/work/new/", given)
    order = WorkOrder.objects.get(service_point=point)
    assert answer["Location"] == f"/desk/work/{order.id}/"
    assert "Repair" in desk.post("/desk/work/new/", given).content.decode(), (
        "the same order again is refused on the form"
    )
    other = work.order()
    assert _rows(desk.get("/desk/work/")) == 2
    chosen = {"order": [order.id, other.id], "crew": crew.id, "planned_date": "2026-03-11"}
    desk.post("/desk/work/assign/", chosen)
    assert set(WorkOrder.objects.values_list("crew", "state")) == {(crew.id, "assigned")}
    slot = work.slot(of=crew, days=2)
    assert "09:00–12:00" in desk.get(f"/desk/work/{other.id}/book/").content.decode()
    desk.post(f"/desk/work/{other.id}/book/", {"slot": slot.id})
    desk.post(f"/desk/work/{other.id}/book/", {"confirm": "1"})
    page = desk.get(f"/desk/work/{other.id}/").content.decode()
    assert "Confirmed" in page
    desk.post(f"/desk/work/{order.id}/act/", {"action": "cancel", "reason": ""})
    assert queries.one(work_order_id=order.id).state == "assigned"
    desk.post(f"/desk/work/{order.id}/act/", {"action": "cancel", "reason": "twice"})
    assert queries.one(work_order_id=order.id).state == "cancelled"
    assert "twice" in desk.get(f"/desk/work/{order.id}/").content.decode()


def test_lists_filter_by_kind_crew_area_day_and_text_also_as_a_file(desk):
    crew = work.crew()
    here = work.order(kind="repair", crew=crew, at=metering.premises(district="徐汇区", address="霞飞路1号"))
    late = work.order(due_date=timezone.localdate() - timedelta(days=1))
    for query, found in {
        "": [here, late], "kind=repair": [here], f"crew={crew.id}": [here], "crew=0": [late], "area=徐汇区": [here],
        "due=late": [late], "due=week": [here], "text=霞飞": [here], f"text={late.id}": [late], "state=done": [],
        "state=nonsense": [here, late],
    }.items():  # fmt: skip
        page = desk.get(f"/desk/work/?{query}").content.decode()
        assert {row.id for row in (here, late) if f'href="/desk/work/{row.id}/"' in page} == {row.id for row in found}
        lines = b"".join(desk.get(f"/desk/work.csv?{query}").streaming_content).decode("utf-8-sig").splitlines()
        assert len(lines) == 1 + len(found), query
    assert "Not assigned" in desk.get("/desk/work/board/").content.decode()


def test_the_day_of_a_crew_is_in_the_order_of_its_route_and_is_printed(desk):
    crew = work.crew()
    today = timezone.localdate()
    far = work.order(crew=crew, at=metering.premises(district="B", address="B 9"))
    near = work.order(crew=crew, at=metering.premises(district="A", address="A 1"))
    urgent = work.order(crew=crew, priority="urgent", at=metering.premises(district="C", address="C 1"))
    assert [card.id for card in queries.of_day(crew_id=crew.id, on=today)] == [urgent.id, near.id, far.id]
    page = desk.get(f"/desk/work/day/?crew={crew.id}&on={today}").content.decode()
    assert page.index("C 1") < page.index("A 1") < page.index("B 9")
    assert desk.get(f"/desk/work/day.pdf?crew={crew.id}&on={today}").content.startswith(b"%PDF")
    assert desk.get(f"/desk/work/day.pdf?crew={crew.id}&on=2026-01-01").status_code == 404
    assert desk.get(f"/desk/work/{near.id}/sheet.pdf").content.startswith(b"%PDF")


def test_crews_are_formed_changed_and_their_slots_opened_on_working_days(desk):
    member = work.crew().members.get().user
    desk.post("/desk/work/crews/new/", {"name": "Night crew", "areas": "徐汇区\n黄浦区", "members": [member.id]})
    crew = Crew.objects.get(name="Night crew")
    assert (crew.areas, [one.user_id for one in crew.members.all()]) == (["徐汇区", "黄浦区"], [member.id])
    opened = {"since": "2026-03-11", "until": "2026-03-16", "hours": "09:00-12:00, 13:00-17:00", "capacity": "3"}
    desk.post(f"/desk/work/crews/{crew.id}/", opened)
    days = set(AppointmentSlot.objects.filter(crew=crew).values_list("date", flat=True))
    assert {day.isoformat() for day in days} == {"2026-03-11", "2026-03-12", "2026-03-13", "2026-03-16"}
    wrong = desk.post(f"/desk/work/crews/{crew.id}/", {**opened, "hours": "12:00-09:00"}).content.decode()
    assert "Each slot begins before it ends." in wrong
    desk.post(f"/desk/work/crews/{crew.id}/", {"name": "Night crew", "kinds": ["repair"]})
    crew.refresh_from_db()
    assert (crew.is_active, crew.kinds, crew.members.count()) == (False, ["repair"], 0)


def test_the_network_is_entered_shown_with_its_load_and_changed(desk):
    feeder = {"code": "F1", "name": "East line", "voltage": "10kV", "capacity_kva": "8000", "substation": "East"}
    desk.post("/desk/network/new/feeder/", feeder)
    transformer = {
        "code": "T1", "name": "Bank 1", "voltage": "380V", "capacity_kva": "400", "feeder": "F1", "district": "徐汇区",
    }  # fmt: skip
    desk.post("/desk/network/new/transformer/", transformer)
    made = Transformer.objects.get(feeder=Feeder.objects.get())
    metering.service_point(transformer=made, capacity_w=50_000, external_id="S-9")
    assert "F1 exists already." in desk.post("/desk/network/new/feeder/", feeder).content.decode()
    listed = desk.get("/desk/network/").content.decode()
    assert "Bank 1" in listed
    assert "5 % connected, 0 % reserved" in listed
    assert "Bank 1" not in desk.get("/desk/network/?room_kva=400").content.decode()
    page = desk.get(f"/desk/network/transformer/{made.id}/").content.decode()
    assert "S-9" in page
    change = {"name": "Bank one", "capacity_kva": "630", "is_active": "on"}
    desk.post(f"/desk/network/transformer/{made.id}/", change)
    made.refresh_from_db()
    assert (made.name, made.capacity_va) == ("Bank one", 630_000)
    desk.post(f"/desk/network/transformer/{made.id}/", {**change, "is_active": ""})
    made.refresh_from_db()
    assert made.is_active, "it is in use"
    for name in ("network", "network/feeders"):
        lines = b"".join(desk.get(f"/desk/{name}.csv").streaming_content).decode("utf-8-sig").splitlines()
        assert len(lines) == 2
    assert desk.get(f"/desk/network/feeder/{made.feeder_id}/").status_code == 200
    assert desk.get("/desk/network/bridge/1/").status_code == 404


def test_a_crew_sees_its_own_orders_alone_and_works_through_one_though_the_phone_sends_twice(client, supplier):
    crew, other = work.crew(members=0), work.crew()
    sign_in(client, Role.FIELD)
    assert "You are in no crew yet" in client.get("/desk/field/").content.decode()
    member = work.join(crew, username=client.get("/").wsgi_request.user.username)
    mine = work.order(kind="cut", checklist="cut", crew=crew)
    theirs = work.order(crew=other)
    page = client.get("/desk/field/").content.decode()
    assert f"/desk/field/{mine.id}/" in page
    assert f"/desk/field/{theirs.id}/" not in page
    for name in ("", "start/", "not-possible/", "photos/photo_meter/"):
        assert client.post(f"/desk/field/{theirs.id}/{name}").status_code == 404
    for _ in range(2):
        client.post(f"/desk/field/{mine.id}/start/", {"request_key": "k1"})
    answers = {"item_right_place": "yes", "item_life_support_asked": "yes", "request_key": "k2", "note": "all well"}
    refused = client.post(f"/desk/field/{mine.id}/", answers).content.decode()
    assert "A photo is missing." in refused
    photo = client.post(
        f"/desk/field/{mine.id}/photos/photo_meter/", {"photo_photo_meter": _upload()},
        headers={"HX-Request": "true", "HX-Target": "photos-photo_meter"},
    )  # fmt: skip
    assert "<img" in photo.content.decode()
    wrong = client.post(
        f"/desk/field/{mine.id}/photos/photo_meter/", {"photo_photo_meter": _upload(b"no picture")},
        headers={"HX-Request": "true", "HX-Target": "photos-photo_meter"},
    )  # fmt: skip
    assert "The file is no photo" in wrong.content.decode() or "not_a_photo" in wrong.content.decode()
    for _ in range(2):
        assert client.post(f"/desk/field/{mine.id}/", answers).status_code == 302
    card = queries.one(work_order_id=mine.id)
    assert (card.state, card.outcome, card.note) == ("done", "done", "all well")
    done = [move for move in queries.moves(work_order_id=mine.id) if move.action == "finish"]
    assert [move.actor for move in done] == [member.get_full_name()]


def _upload(data=None):
    stream = work.photo()
    if data is not None:
        stream.seek(0)
        stream.truncate()
        stream.write(data)
        stream.seek(0)
    stream.name = "photo.jpg"
    return stream


def test_work_that_is_not_possible_is_noted_from_the_phone(client, supplier):
    crew = work.crew(members=0)
    sign_in(client, Role.FIELD)
    work.join(crew, username=client.get("/").wsgi_request.user.username)
    row = work.order(crew=crew)
    url = f"/desk/field/{row.id}/not-possible/"
    past = {"hindrance": "no_access", "note": "gate", "next_date": "2026-03-01", "request_key": "k"}
    assert "Choose today or a later day." in client.post(url, past).content.decode()
    client.post(url, {**past, "next_date": "2026-03-11"})
    card = queries.one(work_order_id=row.id)
    assert (card.state, str(card.planned_date), card.attempts) == ("assigned", "2026-03-11", 1)


def test_photos_are_private_and_looking_is_recorded(client, supplier):
    row = work.order(kind="cut", checklist="cut", crew=work.crew(), state="started")
    sign_in(client, Role.METERING)
    client.post(f"/desk/field/{row.id}/photos/photo_meter/", {"photo_photo_meter": _upload()})
    photo = queries.photos(work_order_id=row.id)[0]
    url = f"/desk/work/{row.id}/photos/{photo.id}/"
    assert b"".join(client.get(url).streaming_content).startswith(b"\xff\xd8")
    assert AuditEvent.objects.filter(subject="work_photo", action="look", subject_id=photo.id).count() == 1
    assert client.get(f"/desk/work/{work.order().id}/photos/{photo.id}/").status_code == 404
    client.logout()
    assert client.get(url).status_code == 302
