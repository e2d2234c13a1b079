"""Tests of meters, due meters and transformers on the desk: typed in, listed, ordered, in both languages."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cis.kernel.enums import Role
from contracts.models.charge import OneOffCharge
from metering.models.correction import UsageCorrection
from metering.models.device import TransformerPlace
from metering.models.device_test import DeviceTest
from metering.models.work import WorkOrder
from tests.doors.desk.conftest import sign_in
from tests.factories import metering

pytestmark = pytest.mark.django_db
REPORT = {
    "action": "report", "tested_date": "2026-03-10", "laboratory": "上海市计量院", "accuracy": "2", "certificate": "R1",
    "certified_until": "", "error_peak": "4", "error_normal": "+4.0", "error_low": "4",
}  # fmt: skip


def asked(desk, meter_id, **values):
    data = {"asked_by": "customer", "lot": "", "reason": "too much", "request_key": "k", **values}
    return desk.post(f"/desk/meters/{meter_id}/tests/ask/", data, follow=True).content.decode()


def test_a_customers_test_is_asked_for_reported_and_its_correction_offered(desk, billed):
    meter_id = billed.register.meter_id
    assert "This meter was not tested here yet" in desk.get(f"/desk/meters/{meter_id}/tests/").content.decode()
    page = asked(desk, meter_id)
    assert "The test is asked for." in page
    assert "30.00" in page
    test_id = DeviceTest.objects.get().id
    url = f"/desk/meters/tests/{test_id}/"
    wrong = desk.post(f"{url}act/", {**REPORT, "error_low": "x", "laboratory": ""}).content.decode()
    assert "is not a number" in wrong
    page = desk.post(f"{url}act/", REPORT, follow=True).content.decode()
    assert "its fee is given back" in page
    assert "The meter hangs still." in page
    assert "Propose the correction" in page
    assert OneOffCharge.objects.get().state == "cancelled"
    row = desk.get(f"/desk/meters/{meter_id}/tests/").content.decode()
    assert "Failed the test" in row
    assert not UsageCorrection.objects.exists()
    assert url in desk.get(f"/desk/charges/{OneOffCharge.objects.get().id}/").content.decode()


def test_a_clerk_asks_and_reports_nothing(billed, client):
    clerk = sign_in(client, Role.CLERK)
    page = asked(clerk, billed.register.meter_id)
    assert "Enter the report" not in page
    test_id = DeviceTest.objects.get().id
    assert "may not" in clerk.post(f"/desk/meters/tests/{test_id}/act/", REPORT).content.decode()
    assert DeviceTest.objects.get().state == "asked"
    page = clerk.post(
        f"/desk/meters/tests/{test_id}/act/", {"action": "drop", "reason": "withdrawn"}, follow=True
    ).content.decode()
    assert "The test is dropped." in page


def due(count):
    for _ in range(count):
        point = metering.service_point(at=metering.premises(district="黄浦区"))
        metering.installation(of=metering.meter(certified_until=date(2026, 6, 1)), at=point)


def test_due_meters_are_listed_and_their_exchange_ordered_after_a_look(desk, supplier):
    due(2)
    page = desk.get("/desk/meters/due/").content.decode()
    assert "2 meters hang whose certificates end by" in page
    assert "黄浦区 (2)" in page
    assert "No certificate ends by then" in desk.get("/desk/meters/due/?until=2026-05-01").content.decode()
    ids = list(metering.Meter.objects.values_list("id", flat=True))
    data = {"meter": ids, "until": "2026-09-06", "due_date": "2026-04-01"}
    page = desk.post("/desk/meters/due/order/", data).content.decode()
    assert "2 places would get an order" in page
    assert not WorkOrder.objects.exists()
    page = desk.post("/desk/meters/due/order/", {**data, "sure": "1"}, follow=True).content.decode()
    assert "2 exchanges are ordered." in page
    assert "Exchange ordered" in page
    assert WorkOrder.objects.filter(kind="meter_exchange").count() == 2
    assert "Choose meters and a day." in desk.post("/desk/meters/due/order/", {}, follow=True).content.decode()
    lines = b"".join(desk.get("/desk/meters/due.csv").streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 3


def test_a_long_list_costs_as_many_statements_as_a_short_one(desk, supplier):
    counts = []
    desk.get("/desk/meters/due/")
    for more in (2, 20):
        due(more)
        with CaptureQueriesContext(connection) as seen:
            desk.get("/desk/meters/due/")
        counts.append(len(seen))
    assert counts[0] == counts[1] < 20


def test_transformers_are_entered_and_refused_where_the_meter_has_another_multiplier(desk, supplier):
    hung = metering.installation(multiplier=40)
    url = f"/desk/places/{hung.service_point_id}/transformers/"
    assert "No transformers are known here" in desk.get(url).content.decode()
    data = {"from_date": "2026-03-10", "transformers": "CT A1 300/5"}
    assert "The meter there has the multiplier 40" in desk.post(f"{url}put/", data).content.decode()
    page = desk.post(f"{url}put/", {**data, "transformers": "CT A1 200/5"}, follow=True).content.decode()
    assert "they make the multiplier 40" in page
    assert TransformerPlace.objects.count() == 1
    assert desk.get("/desk/places/999999/transformers/").status_code == 404


def test_the_pages_are_had_in_chinese(desk, billed):
    asked(desk, billed.register.meter_id)
    desk.cookies["django_language"] = "zh-hans"
    for url, word in (
        (f"/desk/meters/{billed.register.meter_id}/tests/", "检定记录"),
        (f"/desk/meters/tests/{DeviceTest.objects.get().id}/", "检定机构"),
        ("/desk/meters/due/", "到期轮换"),
        (f"/desk/places/{billed.agreement.service_point_id}/transformers/", "互感器"),
    ):
        assert word in desk.get(url).content.decode()
