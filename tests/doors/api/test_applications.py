"""Applications by API: filed once, looked at, papers added, moved as far as a program may."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cis.platform.models import AuditEvent
from contracts.models.application import ApplicationItem, ServiceApplication
from metering.models.network import CapacityReservation
from metering.models.work import WorkOrder
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import accounts, metering
from tests.factories import applications as factory

WRITE, READ = "applications:write", "applications:read"
pytestmark = pytest.mark.django_db(transaction=True)
PDF = b"%%PDF-1.7\n%d\n%%%%EOF"


@pytest.fixture(autouse=True)
def supplier():
    return accounts.supplier()


@pytest.fixture
def caller():
    return Caller(WRITE, READ)


def body(**values):
    return {
        "applicant": {
            "kind": "resident", "name": "王芳", "id_number": "11010119900307803X", "phone": "13800138000",
        },
        "address": "幸福路 18 号",
        "items": [{"unit": "1201", "capacity_w": 8000}],
        **values,
    }  # fmt: skip


def filed(caller, key="a", **values):
    reply = caller.post("applications", body(**values), idempotency_key=key)
    assert reply.status_code == 201, reply.json()
    return reply.json()


def paper(caller, number, kind, content):
    return Client(raise_request_exception=False).post(
        f"/api/v1/applications/{number}/papers",
        {"kind": kind, "file": SimpleUploadedFile("scan.pdf", content)},
        headers=caller.headers,
    )


def move(caller, number, action, key, **values):
    return caller.post(f"applications/{number}/moves", {"action": action, **values}, idempotency_key=key)


def test_an_application_is_filed_once_and_names_what_is_lacking(caller):
    told = filed(caller)
    assert (told["state"], told["waits_for"], told["standard_class"]) == ("applied", "customer", "home")
    assert told["missing_papers"] == ["identity", "premises_right"]
    assert [item["unit"] for item in told["items"]] == ["1201"]
    assert filed(caller) == told
    assert caller.get(f"applications/{told['number']}").json() == told
    assert ServiceApplication.objects.get().channel == "api"
    again = caller.post("applications", body(), idempotency_key="b")
    assert_problem(again, 409, "application_taken")


def test_four_hundred_flats_are_one_application(caller):
    items = [{"unit": f"{n}", "capacity_w": 8000} for n in range(400)]
    told = filed(caller, items=items)
    assert (told["supplies"], told["capacity_w"]) == (400, 3_200_000)


def test_faults_are_all_told_with_their_places(caller):
    faulty = body(applicant={"kind": "resident", "name": "", "id_number": "11010119900307803X"})
    problem = assert_problem(caller.post("applications", faulty, idempotency_key="a"), 422, "invalid_request")
    assert [error["where"] for error in problem["errors"]] == ["applicant.name"]
    faulty = body(applicant={"kind": "company", "name": "x", "id_number": "1"}, address="")
    problem = assert_problem(caller.post("applications", faulty, idempotency_key="a"), 422, "invalid_application")
    found = {error["where"] for error in problem["errors"]}
    assert {"applicant.id_number", "applicant.phone", "address"} <= found
    assert not ServiceApplication.objects.exists()
    unknown = assert_problem(
        caller.post("applications", body(colour="red"), idempotency_key="a"), 422, "invalid_request"
    )
    assert unknown["errors"][0]["code"] == "unknown_field"


def test_papers_come_in_whatever_order_and_the_same_file_counts_once(caller):
    number = filed(caller)["number"]
    assert paper(caller, number, "identity", b"<html>").status_code == 422
    first = paper(caller, number, "identity", PDF % 1)
    assert first.json()["missing_papers"] == ["premises_right"], first.json()
    assert paper(caller, number, "identity", PDF % 1).status_code == 200
    assert paper(caller, number, "premises_right", PDF % 2).json() == {"missing_papers": []}
    told = caller.get(f"applications/{number}").json()
    assert (told["missing_papers"], told["waits_for"]) == ([], "desk")
    assert [clock["standard"] for clock in told["clocks"]] == ["connection_documents_home"]
    assert ServiceApplication.objects.get().papers.count() == 2


def test_a_program_moves_an_application_to_its_survey(caller):
    number = filed(caller)["number"]
    for at, kind in enumerate(("identity", "premises_right")):
        paper(caller, number, kind, PDF % at)
    told = move(caller, number, "confirm_documents", "1").json()
    assert told["state"] == "documented", told
    assert caller.get(f"applications/{number}").json()["account"]
    assert move(caller, number, "assign_survey", "2").json()["state"] == "surveying"
    assert move(caller, number, "assign_survey", "2").json()["state"] == "surveying"
    assert WorkOrder.objects.get().subject_id == ServiceApplication.objects.get().id
    assert_problem(move(caller, number, "report_survey", "3"), 422, "point_missing")
    nowhere = metering.service_point(state="planned")
    points = [{"seq": 0, "service_point": nowhere.external_id}]
    assert_problem(move(caller, number, "report_survey", "4", points=points), 422, "point_missing")
    bank = metering.transformer()
    points = [{"seq": 0, "service_point": metering.service_point(state="planned", transformer=bank).external_id}]
    told = move(caller, number, "report_survey", "5", points=points).json()
    assert told["state"] == "surveyed"
    told = caller.get(f"applications/{number}").json()
    assert told["items"][0]["service_point"] == points[0]["service_point"]
    held = CapacityReservation.objects.get()
    assert (held.transformer_id, held.capacity_w, held.state) == (bank.id, 8_000, "held")
    assert WorkOrder.objects.get().state == "cancelled"
    assert [step["action"] for step in told["moves"]] == [
        "apply", "confirm_documents", "assign_survey", "report_survey",
    ]  # fmt: skip


def test_a_move_that_cannot_be_is_refused_and_noted(caller):
    number = filed(caller)["number"]
    assert_problem(move(caller, number, "report_survey", "1"), 409, "illegal_move")
    noted = AuditEvent.objects.get(action="refuse")
    assert (noted.subject, noted.detail["move"]) == ("application", "report_survey")
    assert_problem(move(caller, number, "reject", "2"), 422, "move_reason_missing")
    assert_problem(move(caller, number, "energize", "3"), 422, "invalid_request")
    assert move(caller, number, "withdraw", "4", reason="The flat was sold.").json()["state"] == "withdrawn"


def test_a_signed_contract_is_sent_back_with_a_reason_and_only_before_a_meter_hangs(caller):
    application_id = factory.walked(to="contracted")
    number = ServiceApplication.objects.get(id=application_id).number
    assert_problem(move(caller, number, "send_back", "1"), 422, "move_reason_missing")
    told = move(caller, number, "send_back", "2", reason="The voltage is wrong.").json()
    assert (told["state"], told["waits_for"]) == ("surveyed", "desk")
    # The same request again is the same move.
    assert move(caller, number, "send_back", "2", reason="The voltage is wrong.").json()["state"] == "surveyed"
    last = caller.get(f"applications/{number}").json()["moves"][-1]
    assert (last["action"], last["reason"]) == ("send_back", "The voltage is wrong.")
    metered = factory.walked(to="contracted", units=("2",))
    ApplicationItem.objects.filter(application_id=metered).update(metered_at=factory.AT)
    number = ServiceApplication.objects.get(id=metered).number
    assert_problem(move(caller, number, "send_back", "3", reason="The voltage is wrong."), 409, "illegal_move")


def test_the_list_is_filtered_and_goes_on(caller):
    numbers = [filed(caller, key=f"{n}", address=f"梅园路 {n} 号")["number"] for n in range(3)]
    move(caller, numbers[0], "withdraw", "w", reason="Not wanted.")
    found = caller.get("applications?state=applied&page_size=1").json()
    assert [row["number"] for row in found["results"]] == [numbers[2]]
    cursor = found["next"].split("/api/v1/")[1]
    assert [row["number"] for row in caller.get(cursor).json()["results"]] == [numbers[1]]
    found = caller.get("applications?text=梅园路&state=withdrawn").json()
    assert [row["number"] for row in found["results"]] == [numbers[0]]
    assert_problem(caller.get("applications?state=lost"), 422, "invalid_request")


def test_scopes_and_numbers_are_asked_for(caller):
    number = filed(caller)["number"]
    assert Caller(READ).post("applications", body(), idempotency_key="a").status_code == 403
    assert Caller(WRITE).get(f"applications/{number}").status_code == 403
    assert Client().get(f"/api/v1/applications/{number}").status_code == 401
    assert_problem(caller.get("applications/A260000999"), 404, "unknown_application")
    assert_problem(move(caller, "A26", "withdraw", "1", reason="x"), 404, "unknown_application")
    assert_problem(caller.post("applications", body()), 422, "idempotency_key_missing")


def test_each_request_takes_so_many_statements(caller, django_assert_num_queries):
    with django_assert_num_queries(16):
        number = filed(caller)["number"]
    for kind, statements in (("identity", 8), ("premises_right", 10)):
        with django_assert_num_queries(statements):
            assert paper(caller, number, kind, PDF % statements).status_code == 200
    place = metering.service_point(state="planned", transformer=metering.transformer())
    points = {"points": [{"seq": 0, "service_point": place.external_id}]}
    for action, statements, more in (
        ("confirm_documents", 22, {}),
        ("assign_survey", 14, {}),
        ("report_survey", 29, points),
    ):
        with django_assert_num_queries(statements):
            assert move(caller, number, action, action, **more).status_code == 200
