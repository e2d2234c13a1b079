"""Bill cycles on the desk: which day, by night or by hand."""

import pytest

from billing.models.run import BillCycle
from cis.kernel.enums import Role
from cis.platform.models import AuditEvent
from tests.doors.desk.conftest import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def cycle(supplier):
    return BillCycle.objects.create(code="01", name_zh="一段", name_en="One")


def test_day_and_attendance_are_changed_and_recorded(desk, cycle):
    page = desk.post(f"/desk/runs/cycles/{cycle.id}/", {"run_day": "7"}, follow=True).content.decode()
    assert "by hand" in page
    kept = BillCycle.objects.get()
    assert (kept.run_day, kept.is_unattended) == (7, False)
    event = AuditEvent.objects.get(subject="bill_cycle")
    assert (event.action, event.subject_id, event.detail["run_day"]) == ("edit", cycle.id, 7)
    assert event.detail["before"] == {"run_day": 1, "is_unattended": True}
    desk.post(f"/desk/runs/cycles/{cycle.id}/", {"run_day": "7", "is_unattended": "on"})
    assert BillCycle.objects.get().is_unattended


@pytest.mark.parametrize("day", ["0", "29", "31", "x", ""])
def test_a_day_that_not_every_month_has_is_refused(desk, cycle, day):
    assert "error-summary" in desk.post(f"/desk/runs/cycles/{cycle.id}/", {"run_day": day}).content.decode()
    assert BillCycle.objects.get().run_day == 1


def test_a_cycle_that_is_not_there_is_not_found(desk, cycle):
    assert desk.post("/desk/runs/cycles/999999/", {"run_day": "7"}).status_code == 404


def test_who_may_only_look_sees_the_list_without_the_button(client, cycle):
    sign_in(client, Role.AUDITOR)
    page = client.get("/desk/runs/cycles/").content.decode()
    assert "One" in page
    assert f"/desk/runs/cycles/{cycle.id}/" not in page
    assert client.post(f"/desk/runs/cycles/{cycle.id}/", {"run_day": "7"}).status_code == 403


def test_the_list_is_reached_from_the_runs(desk, cycle):
    assert 'href="/desk/runs/cycles/"' in desk.get("/desk/runs/").content.decode()
