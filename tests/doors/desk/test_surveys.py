"""The phone page of a survey: what is asked for, where it could hang, what is missing, and the report."""

from datetime import UTC, datetime

import pytest

from cis.kernel.enums import Role
from contracts.models.application import ServiceApplication
from contracts.models.survey import SurveyReport
from metering.models.work import WorkOrder
from metering.operations import work_orders
from tests.doors.desk.conftest import sign_in
from tests.factories import metering, work
from tests.factories.applications import walked

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)
ANSWERS = {
    "item_identity_seen": "yes", "item_use_as_applied": "as_applied", "item_load_found": "6.5",
    "item_distance_to_supply": "25", "item_meter_place": "stairwell", "item_earthing_present": "yes",
    "request_key": "k1", "voltage": "", "mode": "", "works": "", "note": "",
}  # fmt: skip


@pytest.fixture
def surveyor(supplier, client):
    crew = work.crew(members=0)
    sign_in(client, Role.FIELD)
    work.join(crew, username=client.get("/").wsgi_request.user.username)
    return crew


def _begun(crew, client):
    application_id = walked(to="surveying", at=AT)
    order = WorkOrder.objects.get(subject="application", subject_id=application_id)
    work_orders.assign.__wrapped__(work_order_ids=[order.id], crew_id=crew.id, planned_date=AT.date(), actor=work.DESK)
    assert client.post(f"/desk/field/{order.id}/start/", {"request_key": "s"})["Location"].endswith("/survey/")
    return application_id, f"/desk/field/{order.id}/survey/", order


def test_a_survey_is_reported_from_the_phone_though_it_sends_twice(surveyor, client):
    bank = metering.transformer(name="Bank 7")
    application_id, url, order = _begun(surveyor, client)
    page = client.get(url).content.decode()
    assert "Bank 7" in page
    assert "8 kVA" in page
    refused = client.post(url, ANSWERS).content.decode()
    assert "A photo is missing." in refused or "Say whether it can be supplied." in refused
    client.post(f"/desk/field/{order.id}/photos/photo_building/", {"photo_photo_building": work.photo()})
    good = {**ANSWERS, "verdict": "feasible", "assets": [f"transformer-{bank.id}"]}
    wrong = client.post(url, {**good, "verdict": "with_works", "item_load_found": "-1"}).content.decode()
    assert "Say why: choose a reason." in wrong
    assert "Say what must be built." in wrong
    for _ in range(2):
        assert client.post(url, good).status_code == 302
    assert SurveyReport.objects.count() == 1
    assert ServiceApplication.objects.get(id=application_id).state == "surveyed"
    shown = client.get(f"/desk/work/{order.id}/").content.decode()
    assert "Bank 7" in shown
    assert "single phase" in shown


def test_another_voltage_offers_other_supply_points_and_reports_nothing(surveyor, client):
    metering.feeder(name="East line", capacity_va=10_000_000)
    application_id, url, _order = _begun(surveyor, client)
    assert "No supply point at this voltage has room." in client.get(url).content.decode()
    page = client.post(url, {**ANSWERS, "voltage": "10kV", "propose": "1"}).content.decode()
    assert "East line" in page
    assert 'value="6.5"' in page, "what was typed stays"
    assert ServiceApplication.objects.get(id=application_id).state == "surveying"


def test_a_supply_point_that_was_not_offered_cannot_be_chosen(surveyor, client):
    metering.transformer()
    full = metering.transformer(capacity_va=1_000)
    _application, url, order = _begun(surveyor, client)
    client.post(f"/desk/field/{order.id}/photos/photo_building/", {"photo_photo_building": work.photo()})
    page = client.post(url, {**ANSWERS, "verdict": "feasible", "assets": [f"transformer-{full.id}"]})
    assert page.status_code == 200
    assert not SurveyReport.objects.exists()


def test_work_that_is_no_survey_has_no_such_page(surveyor, client):
    row = work.order(crew=surveyor, state="started")
    assert client.get(f"/desk/field/{row.id}/survey/").status_code == 404
