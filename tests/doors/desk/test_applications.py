"""Applications on the desk: typed in, followed from paper to current, refused where they must be, listed, counted."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cis.kernel.enums import Role
from cis.platform.models import AuditEvent
from contracts.models.application import ServiceApplication
from metering.models.place import ServicePoint
from metering.models.work import WorkOrder
from tests.doors.desk.conftest import sign_in
from tests.factories import applications as factory

TYPED = {
    "kind": "new_point", "applicant_kind": "resident", "name": "王芳", "id_number": "11010519491231002X",
    "phone": "13812345678", "language": "zh-hans", "address": "上海市静安区愚园路1号", "use_class": "residential",
    "voltage": "220V", "capacity": "8", "agent_scope": "file",
}  # fmt: skip
PDF = b"%PDF-1.7\nx\n%%EOF"


def text(answer):
    return answer.content.decode()


def only():
    return ServiceApplication.objects.get()


def test_an_application_is_typed_in_and_walks_to_its_meter(desk):
    answer = desk.post("/desk/applications/new/", TYPED, follow=True)
    assert "is filed" in text(answer)
    assert "Lacking yet" in text(answer)
    page = f"/desk/applications/{only().id}/"
    for kind in ("identity", "premises_right"):
        desk.post(f"{page}papers/", {"kind": kind, "file": SimpleUploadedFile("a.pdf", PDF + kind.encode() + b"%%EOF")})
    for action in ("confirm_documents", "assign_survey"):
        answer = desk.post(f"{page}decide/", {"action": action}, follow=True)
        assert answer.status_code == 200
    # Whoever surveys says it on the phone, with the facts; the desk has no button for it.
    survey = WorkOrder.objects.get(kind="survey")
    assert f'href="/desk/work/{survey.id}/"' in text(answer)
    assert 'value="report_survey"' not in text(answer)
    assert "own page" in text(desk.post(f"{page}decide/", {"action": "report_survey"}, follow=True))
    assert (only().state, ServicePoint.objects.count()) == ("surveying", 0)
    factory.step(only().id, "surveyed")
    assert f"{page}offer/" in text(desk.get(page))
    factory.step(only().id, "offered")
    factory.step(only().id, "contracted")
    assert "1 meter is ordered" in text(desk.post(f"{page}meters/", follow=True))
    assert "0 meters are ordered" in text(desk.post(f"{page}meters/", follow=True))
    order = WorkOrder.objects.get(kind="meter_install")
    assert (order.service_point, order.subject_id) == (only().items.get().service_point, only().id)
    shown = text(desk.get(page))
    assert f"/desk/work/{order.id}/" in shown
    assert "0000002X"[-4:] in shown
    assert "11010519491231002X" not in shown


def test_a_capacity_is_suggested_from_the_load_list(desk):
    desk.post("/desk/applications/new/", {**TYPED, "capacity": "", "loads": "空调, 3, 3\n灯;0.04;20\n\n"})
    item = only().items.get()
    assert item.capacity_w == 8_000  # 9.8 kW x 60 %, next size
    assert list(only().loads.values_list("name", "power_w", "count")) == [("空调", 3_000, 3), ("灯", 40, 20)]


def test_many_flats_come_from_lines_or_a_file(desk):
    desk.post("/desk/applications/new/", {**TYPED, "units": "1-101\n1-102, 12\n1-103\t4"})
    assert list(only().items.order_by("seq").values_list("unit", "capacity_w")) == [
        ("1-101", 8_000), ("1-102", 12_000), ("1-103", 4_000),
    ]  # fmt: skip
    lines = "\n".join(f"2-{number},8" for number in range(400))
    file = SimpleUploadedFile("flats.csv", lines.encode())
    desk.post("/desk/applications/new/", {**TYPED, "address": "愚园路2号", "units_file": file})
    assert ServiceApplication.objects.latest("id").items.count() == 400


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"id_number": "110105194912310021"}, "does not fit"),
        ({"loads": "空调, drei, 1"}, "Line 1 needs its kW"),
        ({"units": "1-101\n1-101"}, "same as"),
        ({"capacity": ""}, "above 0"),
        ({"name": ""}, "required"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(desk, given, said):
    shown = text(desk.post("/desk/applications/new/", {**TYPED, **given}))
    assert said in shown
    assert "愚园路1号" in shown
    assert not ServiceApplication.objects.exists()


def test_the_same_supply_twice_is_refused_with_the_number_of_the_first(desk):
    desk.post("/desk/applications/new/", TYPED)
    assert only().number in text(desk.post("/desk/applications/new/", TYPED))


def test_an_illegal_move_is_told_and_audited(desk):
    made = factory.filed()
    shown = text(desk.post(f"/desk/applications/{made.id}/decide/", {"action": "assign_survey"}, follow=True))
    assert "does not allow" in shown
    assert AuditEvent.objects.get(action="refuse").detail["move"] == "assign_survey"
    assert "own page" in text(desk.post(f"/desk/applications/{made.id}/decide/", {"action": "energize"}, follow=True))
    assert "no such action" in text(desk.post(f"/desk/applications/{made.id}/decide/", {"action": "x"}, follow=True))


def test_buttons_are_those_of_the_actor(supplier, client):
    made = factory.walked(to="contracted")
    clerk = sign_in(client, Role.CLERK)
    assert f"/applications/{made}/meters/" in text(clerk.get(f"/desk/applications/{made}/"))
    crew = sign_in(client, Role.FIELD, username="crew2")
    assert f"/applications/{made}/meters/" not in text(crew.get(f"/desk/applications/{made}/"))
    assert crew.post(f"/desk/applications/{made}/meters/").status_code == 403


def test_the_list_filters_and_gives_a_file(desk):
    factory.filed()
    late = factory.walked(to="documented", at=factory.AT.replace(month=1))
    number = ServiceApplication.objects.get(id=late).number
    assert text(desk.get("/desk/applications/")).count("/desk/applications/A") == 0
    shown = text(desk.get("/desk/applications/?late=on"))
    assert number in shown
    assert "2 applications" in shown
    assert "No application fits" in text(desk.get("/desk/applications/?queue=customer"))
    rows = b"".join(desk.get("/desk/applications.csv?queue=desk").streaming_content).decode()
    assert rows.count("\n") == 3


def test_foreign_papers_are_not_there(desk):
    first, second = factory.filed(), factory.filed()
    paper = ServiceApplication.objects.get(id=first.id).papers.first()
    assert desk.get(f"/desk/applications/{first.id}/papers/{paper.id}/").status_code == 200
    assert desk.get(f"/desk/applications/{second.id}/papers/{paper.id}/").status_code == 404
    assert desk.get("/desk/applications/999999/").status_code == 404
    assert AuditEvent.objects.filter(action="look", detail__paper=paper.id).count() == 1


def test_the_page_takes_the_same_statements_however_many_flats(desk, django_assert_max_num_queries):
    made = factory.filed(units=[str(unit) for unit in range(60)])
    desk.get(f"/desk/applications/{made.id}/")
    with django_assert_max_num_queries(24):
        desk.get(f"/desk/applications/{made.id}/")


def test_a_signed_contract_that_is_wrong_is_sent_back_until_a_meter_hangs(desk):
    application_id = factory.walked(to="contracted")
    page = f"/desk/applications/{application_id}/"
    assert 'value="send_back"' in text(desk.get(page))
    answer = desk.post(f"{page}decide/", {"action": "send_back", "reason": "the voltage is wrong"}, follow=True)
    assert only().state == "surveyed"
    assert "the voltage is wrong" in text(answer)
    for state in ("offered", "contracted"):
        factory.step(application_id, state)
    only().items.update(metered_at=factory.AT)
    desk.post(f"{page}decide/", {"action": "send_back", "reason": "again"}, follow=True)
    assert only().state == "contracted"
