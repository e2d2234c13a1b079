"""Pages of usage inspections and of alarms: suspected, ordered, what the crew saw, found, disputed, and what came."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from cis.kernel.actors import SYSTEM
from cis.kernel.enums import Role
from complaints.models.case import Case
from contracts.models.charge import BreachCase
from contracts.models.usage_inspection import UsageInspection, UsageSuspicion
from metering.domain.meter_alarms import AlarmKind, NewAlarm
from metering.models.correction import UsageCorrection
from metering.operations import meter_alarms
from tests.doors.desk.conftest import sign_in
from tests.factories import usage_inspections as made

pytestmark = pytest.mark.django_db


def text(answer):
    assert answer.status_code == 200, answer
    return b"".join(answer.streaming_content).decode() if answer.streaming else answer.content.decode()


def test_a_suspicion_is_written_down_from_the_account_and_a_visit_ordered(desk, billed):
    point = billed.agreement.service_point_id
    place = f"/desk/places/{point}/suspect/"
    assert place in text(desk.get(f"/desk/customers/{billed.account.id}/"))
    assert "Open the inspection" in text(desk.get(place))
    assert "Say it in a few words" in text(desk.post(place, {"source": "crew", "words": ""}))
    desk.post(place, {"source": "crew", "words": "seal is broken"})
    row = UsageInspection.objects.get()
    page = f"/desk/usage-inspections/{row.id}/"
    assert page in text(desk.get("/desk/usage-inspections/"))
    assert "seal is broken" in text(desk.get(page))
    assert "Suspected" in text(desk.get("/desk/usage-inspections.csv"))
    assert "No inspection fits" in text(desk.get("/desk/usage-inspections/?state=closed"))
    desk.post(f"{page}act/", {"action": "order"})
    row.refresh_from_db()
    assert row.state == "ordered"
    assert "seal is broken" in text(desk.get(f"/desk/work/{row.work_order_id}/"))
    assert desk.get("/desk/usage-inspections/999999/").status_code == 404
    assert 'value="order"' not in text(sign_in(Client(), Role.AUDITOR).get(page))


def test_who_told_stays_with_the_case(desk, billed):
    place = f"/desk/places/{billed.agreement.service_point_id}/suspect/"
    case = Case.objects.create(
        kind="report", channel="phone", title="tip", text="my neighbour steals", caller_name="Li Lei", number="K20260000009",
        taken_at=timezone.now(), state_since=timezone.now(), severity="general",
    )  # fmt: skip
    assert "stays with the case" in text(
        desk.post(place, {"source": "tip", "words": "Li Lei says", "case_number": case.number})
    )
    assert "There is no" in text(desk.post(place, {"source": "tip", "words": "", "case_number": "K9"}))
    desk.post(place, {"source": "tip", "words": "", "case_number": case.number.lower()})
    assert UsageSuspicion.objects.get().reference == f"case:{case.id}:{billed.agreement.service_point_id}"
    shown = text(desk.get(f"/desk/usage-inspections/{UsageInspection.objects.get().id}/"))
    assert f"/desk/cases/{case.id}/" in shown
    assert "Li Lei" not in shown
    assert "neighbour" not in shown


def test_what_the_crew_saw_fills_in_the_form_of_a_breach(desk, billed):
    inspection_id = made.visited(billed.agreement.service_point)
    page = f"/desk/usage-inspections/{inspection_id}/"
    shown = text(desk.get(page))
    form = f"/desk/customers/{billed.account.id}/supply/{billed.agreement.id}/breach/theft/?usage_inspection={inspection_id}"
    assert form in shown
    assert "A100, A101" in shown
    assert "/photos/" in shown
    filled = text(desk.get(form))
    for value in ("A100, A101", 'value="1.000"', f"breach/tampering/?usage_inspection={inspection_id}"):
        assert value in filled
    form = form.replace("/theft/", "/tampering/")
    typed = {"found_date": "2026-03-10", "evidence": "photos", "is_home": "on", "count": "1", "request_key": "k"}
    desk.post(form, {**typed, "propose": ""})
    assert UsageInspection.objects.get().breach_id == BreachCase.objects.get().id
    assert f"/desk/breaches/{BreachCase.objects.get().id}/" in text(desk.get(page))
    desk.post(f"{page}act/", {"action": "dispute", "reason": "was the landlord"})
    assert "was the landlord" in text(desk.get(page))
    desk.post(f"{page}act/", {"action": "uphold", "reason": "photos"})
    assert UsageInspection.objects.get().state == "found"


def test_a_wrong_connection_is_corrected_from_the_page(desk, billed):
    inspection_id = made.visited(billed.agreement.service_point, usage_found="wiring")
    form = f"/desk/customers/{billed.account.id}/supply/{billed.agreement.id}/correct/powers/"
    typed = {
        "meter": billed.register.meter_id, "since_date": "2026-01-01", "until_date": "2026-03-01", "right_w": "110",
        "measured_w": "100", "evidence": "measured", "request_key": "k", "propose": "",
    }  # fmt: skip
    desk.post(f"{form}?usage_inspection={inspection_id}", typed)
    row = UsageInspection.objects.get()
    assert (row.finding, row.correction_id) == ("wiring", UsageCorrection.objects.get().id)
    assert f"/desk/corrections/{row.correction_id}/" in text(desk.get(f"/desk/usage-inspections/{inspection_id}/"))


def test_alarms_show_what_came_of_them(desk, billed):
    serial, now = billed.register.meter.serial, timezone.now()
    kinds = (AlarmKind.COVER_OPEN, AlarmKind.PHASE_LOST, AlarmKind.UNDER_VOLTAGE)
    alarms = [
        NewAlarm(serial=serial, kind=kind, occurred_at=now - timedelta(minutes=n)) for kind in kinds for n in range(2)
    ]
    meter_alarms.take(alarms=alarms, actor=SYSTEM)
    shown = text(desk.get("/desk/outages/alarms/"))
    assert shown.count(f"/desk/usage-inspections/{UsageInspection.objects.get().id}/") == 2
    assert shown.count(f"/desk/cases/{Case.objects.get().id}/") == 2
    assert shown.count("/desk/work/") >= 2
    assert shown.count("Belongs to an earlier one") >= 3
    assert "Usage inspection" in text(desk.get("/desk/outages/alarms.csv?answer=suspicion"))
