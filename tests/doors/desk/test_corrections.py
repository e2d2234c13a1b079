"""Pages of corrections: work out, propose, decide, undo, list."""

from datetime import date

import pytest

from cis.kernel.enums import Role
from metering.models.correction import UsageCorrection
from metering.models.usage import Usage
from tests.doors.desk.conftest import sign_in
from tests.factories import corrections as factories
from tests.factories import metering

pytestmark = pytest.mark.django_db

METHODS = {
    "error": {"error": "4", "limit": "2"},
    "lamp": {"constant": "3600", "load_w": "60", "turns": "6", "seconds": "60", "limit": "2"},
    "dial": {"counted_kwh": "1.05", "real_kwh": "1", "limit": "2"},
    "ratios": {"used": "200/5", "ratio_a": "300/5", "ratio_b": "40", "ratio_c": "200/5"},
    "transformers": {"error_a": "0", "error_b": "-40", "error_c": "10", "limit": "0.5"},
    "drop": {"actual": "2", "allowed": "0.5"},
    "wiring": {"fault": "3p4w_one_voltage_missing"},
    "powers": {"right_w": "900", "measured_w": "300"},
    "multiplier": {"right": "40", "wrong": "30"},
    "fuse": {"working": "2"},
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


FACTORS = {
    "error": "25/26", "lamp": "3/5", "dial": "20/21", "ratios": "9/8", "transformers": "10/9", "drop": "199/196",
    "wiring": "3/2", "powers": "3", "multiplier": "4/3", "fuse": "3/2",
}  # fmt: skip


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
    assert FACTORS.get(method, "") in answer.content.decode()
    assert not UsageCorrection.objects.exists()


def test_a_power_factor_is_asked_for_where_the_factor_depends_on_it(desk, supply):
    fault = fields(supply, "wiring", fault="3p3w_current_a_missing")
    assert 'id="id_power_factor_error"' in desk.post(address(supply, "wiring"), fault).content.decode()
    assert 'id="id_power_factor_error"' not in (
        desk.post(address(supply, "wiring"), fields(supply, "wiring")).content.decode()
    )


@pytest.fixture
def with_reactive(supply):
    register = metering.register(of=supply.register.meter, code="Q1", quantity="reactive")
    for month in (1, 2):
        metering.usage(of=register, start_date=date(2026, month, 1), end_date=date(2026, month + 1, 1), kwh=50)
    return register


def test_reactive_energy_is_corrected_with_its_own_factor_or_refused_by_name(desk, supply, with_reactive):
    fault = {"fault": "3p3w_current_a_missing", "reactive": "on"}
    asked = desk.get(address(supply, "wiring")).content.decode()
    assert 'name="reactive"' in asked
    assert 'id="id_reactive" checked' in asked
    page = desk.post(address(supply, "wiring"), fields(supply, "wiring", **fault, power_factor="0.9")).content.decode()
    assert "ran the other way" in page
    alone = fields(supply, "wiring", fault=fault["fault"], power_factor="0.6")
    assert "stay: Q1 (kvarh)" in desk.post(address(supply, "wiring"), alone).content.decode()
    page = desk.post(address(supply, "wiring"), fields(supply, "wiring", **fault, power_factor="0.6")).content.decode()
    assert "Reactive factor" in page
    assert "stay:" not in page
    assert "kvarh" in page
    # A leading load turns the phasors the other way.
    leading = fields(supply, "wiring", **fault, power_factor="0.9", is_leading="on")
    assert "0.9124" in desk.post(address(supply, "wiring"), leading).content.decode()
    one = fields(supply, "powers", right_var="4", measured_var="")
    assert "Give both of them" in desk.post(address(supply, "powers"), one).content.decode()
    both = fields(supply, "powers", right_var="4", measured_var="2")
    desk.post(address(supply, "powers"), {**both, "propose": ""})
    found = UsageCorrection.objects.get()
    assert (found.factor, found.reactive_factor) == ("3", "2")
    page = desk.get(f"/desk/corrections/{found.id}/").content.decode()
    for words in ("Measured powers", "Reactive power that the meter measured", "Reactive factor"):
        assert words in page


@pytest.mark.parametrize("ratio", ["0/5", "-3", "x", "200/0"])
def test_ratios_that_cannot_be_are_errors_of_their_field(desk, supply, ratio):
    page = desk.post(address(supply, "ratios"), fields(supply, "ratios", ratio_b=ratio)).content.decode()
    assert 'id="id_ratio_b_error"' in page


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


def test_large_corrections_are_undone_by_two(desk, supply, django_user_model):
    Usage.objects.update(energy_wh=900_000)
    desk.post(address(supply, "powers"), {**fields(supply, "powers"), "propose": ""})
    found = UsageCorrection.objects.get()
    decide = f"/desk/corrections/{found.id}/decide/"
    assert 'value="apply"' not in desk.get(f"/desk/corrections/{found.id}/").content.decode()
    page = desk.post(decide, {"action": "apply"}, follow=True).content.decode()
    assert "Ask a second person" in page
    UsageCorrection.objects.update(proposer_id=found.proposer_id + 1_000)
    assert 'value="apply"' in desk.get(f"/desk/corrections/{found.id}/").content.decode()
    desk.post(decide, {"action": "apply"})
    desk.post(decide, {"action": "undo", "reason": "other meter"})
    found.refresh_from_db()
    assert found.state == "undoing"
    page = desk.get(f"/desk/corrections/{found.id}/").content.decode()
    assert 'value="confirm_undo"' not in page
    assert 'value="keep"' in page
    desk.post(decide, {"action": "confirm_undo"})
    found.refresh_from_db()
    assert found.state == "undoing"
    desk.post(decide, {"action": "keep"})
    desk.post(decide, {"action": "undo", "reason": "other meter"})
    UsageCorrection.objects.update(undo_proposer_id=found.proposer_id)
    assert 'value="confirm_undo"' in desk.get(f"/desk/corrections/{found.id}/").content.decode()
    desk.post(decide, {"action": "confirm_undo"})
    found.refresh_from_db()
    assert found.state == "undone"


def test_the_list_is_filtered_paged_and_a_file(desk, supply):
    for day in range(1, 53):
        factories.correction(
            meter_id=supply.register.meter_id, service_point_id=supply.agreement.service_point_id, start_date=date(2026, 1, 1),
            end_date=date(2026, 1, 1 + day % 30 + 1), cause="fuse" if day % 2 else "wiring", change_wh=1_500,
        )  # fmt: skip
    page = desk.get("/desk/corrections/").content.decode()
    assert page.count('class="tabular shrink"') == 50
    assert "page=2" in page
    assert desk.get("/desk/corrections/?page=2").content.decode().count('class="tabular shrink"') == 2
    assert desk.get("/desk/corrections/?cause=fuse").content.decode().count('class="tabular shrink"') == 26
    UsageCorrection.objects.filter(cause="wiring").update(state="proposed", needs_two=True)
    assert desk.get("/desk/corrections/?state=waiting").content.decode().count('class="tabular shrink"') == 26
    assert '?state=waiting"><div class="tile-label">Corrections</div><div class="tile-value text-warn">26<' in (
        desk.get("/").content.decode()
    )
    assert "No correction fits" in desk.get("/desk/corrections/?state=dropped").content.decode()
    rows = b"".join(desk.get("/desk/corrections.csv?cause=fuse").streaming_content).decode().splitlines()
    assert len(rows) == 27
    assert ",1.500," in rows[1]
    assert desk.get("/desk/corrections/?cause=nonsense").status_code == 200


def test_an_account_is_billed_anew_by_a_run(desk, supply):
    desk.post(address(supply, "error"), {**fields(supply), "propose": ""})
    answer = desk.post(f"/desk/customers/{supply.account.id}/rebill/")
    assert "/desk/runs/" in answer["Location"]


def test_who_may_not_correct_may_look(supply, client):
    clerk = sign_in(client, Role.CLERK)
    assert clerk.get("/desk/corrections/").status_code == 200
    assert "?state=waiting" not in clerk.get("/").content.decode()
    assert clerk.get(address(supply, "error")).status_code == 403


def test_in_chinese_the_facts_of_a_refusal_stand_beside_its_sentence(desk, supply):
    desk.cookies["django_language"] = "zh-hans"
    page = desk.post(address(supply, "powers"), fields(supply, "powers", right_w="7", measured_w="7")).content.decode()
    assert "请核对数字" in page
    assert "Both powers are the same" in page
