"""Outages for other programs."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from metering.models.outage import FaultReport
from metering.operations import outages
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import accounts, metering
from tests.factories.outages import CLERK, new, street

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def supplier(db):
    return accounts.supplier()


def test_a_fault_is_reported_once_and_read():
    point = street(transformers=1, lived_in=False).all_points[0]
    caller = Caller("faults:write", "outages:read")
    given = {"service_point": point.external_id, "kind": "no_power"}
    first, second = (caller.post("fault-reports", given, idempotency_key="k1") for _ in range(2))
    assert (first.status_code, first.json()["answer"], second.json()) == (201, "new", first.json())
    assert FaultReport.objects.get().channel == "api"
    shown = caller.get(f"outages/{first.json()['outage']}").json()
    assert (shown["state"], shown["scope"], shown["supplies"], shown["is_planned"]) == ("supposed", "single", 1, False)
    assert_problem(caller.post("fault-reports", {"kind": "no_power"}, idempotency_key="k2"), 422, "bad_fault_report")
    unknown = {"service_point": "none", "kind": "no_power"}
    assert_problem(caller.post("fault-reports", unknown, idempotency_key="k3"), 404, "unknown_service_point")
    assert_problem(caller.get("outages/999999"), 404, "unknown_outage")
    assert_problem(Caller("work:read").get("outages"), 403, "permission_denied")


def test_outages_are_listed_in_a_constant_number_of_statements():
    caller, counts = Caller("outages:read"), []
    for _ in range(3):
        outages.report(new=new(street(transformers=1, lived_in=False, supplies=1).all_points[0]), actor=CLERK)
        with CaptureQueriesContext(connection) as taken:
            page = caller.get("outages?state=supposed&district=黄浦区").json()["results"]
        counts.append(len(taken))
    assert (counts[1], len(page)) == (counts[2], 3)


def test_alarms_of_meters_are_sent_as_they_come():
    made = street(transformers=1, lived_in=False)
    serials = [metering.installation(at=point).meter.serial for point in made.all_points]
    caller = Caller("alarms:write", "outages:read")
    now = timezone.now().isoformat()
    body = {"alarms": [{"serial": serial, "kind": "power_off", "occurred_at": now} for serial in [*serials, "77"]]}
    first, second = (caller.post("meter-alarms", body) for _ in range(2))
    told = first.json()
    assert (first.status_code, told["kept"], told["unknown"], len(told["outages"])) == (200, 3, ["77"], 1)
    assert (second.json()["kept"], second.json()["outages"]) == (0, [])
    shown = caller.get(f"outages/{told['outages'][0]}").json()
    assert (shown["scope"], shown["meters"], shown["reports"]) == ("transformer", 3, 0)
    late = {"alarms": [{"serial": serials[0], "kind": "power_on", "occurred_at": "2099-01-01T00:00:00Z"}]}
    assert_problem(caller.post("meter-alarms", late), 422, "bad_alarms")
    assert_problem(caller.post("meter-alarms", {"alarms": []}), 422, "invalid_request")
    assert_problem(Caller("faults:write").post("meter-alarms", body), 403, "permission_denied")
