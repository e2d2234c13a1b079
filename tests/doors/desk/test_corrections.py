"""Pages of corrections: work out, propose, decide, undo, list."""

from datetime import date

import pytest

from cis.kernel.enums import Role
from metering.models.correction import UsageCorrection
from metering.models.usage import Usage
from tests.doors.desk.conftest import sign_in
from tests.factories import metering

pytestmark = pytest.mark.django_db

METHODS = {
    "error": {"error": "4", "limit": "2"},
    "drop": {"actual": "2", "allowed": "0.5"},
    "wiring": {"fault": "3p4w_one_voltage_missing"},
    "powers": {"right_w": "900", "measured_w": "300"},
    "multiplier": {"right": "40", "wrong": "30"},
    "fuse": {"working": "2", "elements": "3"},
    "normal": {"normal_start": "2024-01-01", "normal_end": "2024-02-01"},
}


@pytest.fixture
def supply(billed):
    """January and February 2026 are billed and used."""
    if not Usage.objects.exists():
        for month in (1, 2):
            metering.usage(
                of=billed.register, start_date=date(2026, month, 1), end_date=date(2026, month + 1, 1), kwh=100
            )
    return billed


def address(supply, method):
    return f"/desk/customers/{supply.account.id}/supply/{supply.agreement.id}/correct/{method}/"


def fields(supply, method="error", **more):
    return {
        "meter": str(supply.register.meter_id), "since_date": "2026-01-01", "until_date": "2026-03-01",
        "evidence": "report 17", "request_key": "k1", **METHODS[method], **more,
    }  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
def test_each_way_has_its_form(desk, supply, method):
    page = desk.get(address(supply, method)).content.decode()
    assert "Show what would change" in page
    for name in METHODS[method]:
        assert f'name="{name}"' in page
    answer = desk.post(address(supply, method), {**fields(supply, method), "preview": ""})
    assert answer.status_code == 200
    assert not UsageCorrection.objects.exists()


def test_what_would_change_is_shown_then_proposed_then_undone(desk, supply):
    page = desk.post(address(supply, "error"), {**fields(supply), "preview": ""}).content.decode()
    assert "25/26" in page
    assert 'name="propose"' in page
    page = desk.post(address(supply, "error"), {**fields(supply), "propose": ""}, follow=True).content.decode()
    found = UsageCorrection.objects.get()
    assert found.state == "applied"
    assert "report 17" in page
    desk.post(address(supply, "error"), {**fields(supply), "propose": ""})
    assert UsageCorrection.objects.count() == 1
    assert "Meter error" in desk.get("/desk/corrections/").content.decode()
    assert b"meter_error" in b"".join(desk.get("/desk/corrections.csv").streaming_content)
    desk.post(f"/desk/corrections/{found.id}/decide/", {"action": "undo", "reason": "other meter"})
    found.refresh_from_db()
    assert (found.state, found.undo_reason) == ("undone", "other meter")


def test_refusals_are_shown_and_strangers_are_not_found(desk, supply):
    page = desk.post(address(supply, "error"), fields(supply, error="1")).content.decode()
    assert "within the limit" in page
    assert desk.get(address(supply, "no-such-way")).status_code == 404
    assert desk.get("/desk/corrections/99/").status_code == 404


def test_an_account_is_billed_anew_by_a_run(desk, supply):
    desk.post(address(supply, "error"), {**fields(supply), "propose": ""})
    answer = desk.post(f"/desk/customers/{supply.account.id}/rebill/")
    assert "/desk/runs/" in answer["Location"]


def test_who_may_not_correct_may_look(supply, client):
    clerk = sign_in(client, Role.CLERK)
    assert clerk.get("/desk/corrections/").status_code == 200
    assert clerk.get(address(supply, "error")).status_code == 403
