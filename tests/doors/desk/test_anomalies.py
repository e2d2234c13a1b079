"""Anomalies and losses on the desk: listed with filters, shown with reasons, followed, dismissed; master meters."""

from datetime import date, timedelta

import pytest

from cis.kernel.enums import Role
from contracts.models.usage_inspection import UsageInspection
from metering.domain.anomalies import AnomalyKind, ReasonCode
from metering.models.anomaly import Anomaly, MasterMeter, TransformerDay
from metering.models.work import WorkOrder
from tests.doors.desk.conftest import sign_in
from tests.factories import metering

pytestmark = pytest.mark.django_db
SEEN = date(2026, 3, 8)
REASONS = [
    {"code": "level_fell", "numbers": [51]}, {"code": "all_hours", "numbers": [48, 54]},
    {"code": "before", "numbers": [9_876]},
]  # fmt: skip


@pytest.fixture
def found(supplier):
    """A home of which every hour halved."""
    (register,) = metering.metered(is_interval=True)
    for n in range(12):
        metering.interval_day(of=register, on=SEEN - timedelta(days=n), values_wh=[200 if n > 5 else 100] * 48)
    point = register.meter.installations.get().service_point
    return Anomaly.objects.create(
        service_point=point, kind="step_down", score_e4=9_312, since_date=SEEN - timedelta(days=5), seen_date=SEEN,
        reasons=REASONS,
    )  # fmt: skip


@pytest.fixture
def lossy(supplier):
    transformer = metering.transformer(name="Riverside 3", address="Riverside Road 3")
    for n in range(9):
        TransformerDay.objects.create(
            transformer=transformer, day_date=SEEN - timedelta(days=n), given_wh=200_000, taken_wh=191_000, places=12
        )
    return transformer


def test_what_is_unusual_is_listed_the_most_likely_first(desk, found, lossy):
    Anomaly.objects.create(
        transformer=lossy, kind="balance", score_e4=9_900, since_date=SEEN, seen_date=SEEN,
        reasons=[{"code": "loss", "numbers": [310, 450]}, {"code": "missing", "numbers": [2_800]}],
    )  # fmt: skip
    page = desk.get("/desk/anomalies/").content.decode()
    assert page.index("Losses of a transformer rose") < page.index(">Level fell at once<", page.index("<tbody>"))
    assert "93 %" in page
    assert "Riverside 3" in page


@pytest.mark.parametrize(
    ("query", "is_there"),
    [
        ("", True), ("?state=dismissed", False), ("?kind=step_down&score=90", True), ("?score=95", False),
        ("?kind=swapped", False), ("?since=2026-03-04", False), ("?until=2026-03-03", True), ("?text=nowhere", False),
        ("?text=%25", False), ("?since=nonsense", True),
    ],
)  # fmt: skip
def test_the_list_is_filtered(desk, found, query, is_there):
    assert (f"/desk/anomalies/{found.id}/" in desk.get(f"/desk/anomalies/{query}").content.decode()) is is_there
    file = b"".join(desk.get(f"/desk/anomalies.csv{query}").streaming_content).decode()
    assert (found.service_point.external_id in file) is is_there


def test_one_is_shown_with_its_reasons_its_days_and_its_hours(desk, found):
    page = desk.get(f"/desk/anomalies/{found.id}/").content.decode()
    for said in ("The level fell to 51 % of before.", "to 48 to 54 %.", "A day took 9.876 kWh before.", "93 %"):
        assert said in page
    assert 'data-chart="past"' in page
    assert page.count("50 %") >= 22, "each hour halved"


def test_each_kind_and_each_reason_has_its_words(desk, found):
    many = {"loss": [310, 450], "missing": [2_800]}
    found.reasons = [{"code": code.value, "numbers": many.get(code.value, [11, 22])} for code in ReasonCode]
    found.save()
    page = desk.get(f"/desk/anomalies/{found.id}/").content.decode()
    assert "Losses went from 3.10 % to 4.50 %." in page
    for kind in AnomalyKind:
        found.kind = kind
        found.save()
        assert f"<h1>{kind}" not in desk.get(f"/desk/anomalies/{found.id}/").content.decode()


def test_a_visit_is_ordered_from_it_once(desk, found):
    where = f"/desk/anomalies/{found.id}/follow/"
    assert "The day is over" in desk.post(where, {"due_date": "2026-03-09"}).content.decode()
    page = desk.post(where, {"due_date": "2026-03-12", "note": "Seals"}, follow=True).content.decode()
    assert "A visit is ordered." in page
    order = WorkOrder.objects.get()
    assert (order.due_date, order.facts) == (
        date(2026, 3, 12), {"reason": "Level fell at once since 3 Mar 2026. Seals"}
    )  # fmt: skip
    assert f"/desk/work/{order.id}/" in page
    assert f"Anomaly {found.id}" in desk.get(f"/desk/work/{order.id}/").content.decode()
    desk.post(where, {"due_date": "2026-03-12"})
    assert WorkOrder.objects.count() == 1


def test_a_usage_inspection_is_opened_from_it(desk, found):
    page = desk.post(f"/desk/anomalies/{found.id}/inspect/", {"note": "Seals"}, follow=True).content.decode()
    assert "Its usage is to be inspected." in page
    inspection = UsageInspection.objects.get()
    assert f"/desk/usage-inspections/{inspection.id}/" in page
    assert "Have its usage inspected" not in page
    assert (
        "Level fell at once since 3 Mar 2026. Seals"
        in desk.get(f"/desk/usage-inspections/{inspection.id}/").content.decode()
    )


def test_it_is_dismissed_with_a_reason(desk, found, client):
    where = f"/desk/anomalies/{found.id}/dismiss/"
    assert "This field is required" in desk.post(where, {"reason": " "}).content.decode()
    page = desk.post(where, {"reason": "Two of them moved out"}, follow=True).content.decode()
    assert "Right as it is" in page
    assert "Two of them moved out" in page
    assert "Order a visit" not in page
    sign_in(client, Role.AUDITOR)
    assert "Two of them moved out" in client.get(f"/desk/anomalies/{found.id}/").content.decode()
    assert desk.get("/desk/anomalies/999999/").status_code == 404


def test_losses_are_listed_by_month_and_shown_by_day(desk, lossy):
    page = desk.get("/desk/network/losses/").content.decode()
    assert "Riverside 3" in page
    assert '<td class="num">4.5</td>' in page
    assert "Riverside 3" not in desk.get("/desk/network/losses/?month=2026-01").content.decode()
    file = b"".join(desk.get("/desk/network/losses.csv").streaming_content).decode()
    assert "Riverside 3" in file
    assert ",12,1600.000,1528.000,72.000,4.50" in file, "eight days of March"
    page = desk.get(f"/desk/network/transformer/{lossy.id}/losses/").content.decode()
    assert page.count('<td class="num">4.5</td>') >= 10
    days = b"".join(desk.get(f"/desk/network/transformer/{lossy.id}/losses.csv").streaming_content).decode()
    assert len(days.splitlines()) == 10
    assert (
        f"/desk/network/transformer/{lossy.id}/losses/"
        in desk.get(f"/desk/network/transformer/{lossy.id}/").content.decode()
    )


def test_the_master_meter_of_a_transformer_is_set_and_ended(desk, lossy):
    (register,) = metering.metered(is_interval=True)
    where, given = f"/desk/network/transformer/{lossy.id}/master/", {"start_date": "2026-03-01"}
    assert "There is no meter 1." in desk.post(where, {**given, "serial": "1"}).content.decode()
    page = desk.post(where, {**given, "serial": register.meter.serial}, follow=True).content.decode()
    assert register.meter.serial in page
    assert MasterMeter.objects.count() == 1
    page = desk.post(f"{where}end/", {"end_date": "2026-02-01"}).content.decode()
    assert "It began later." in page
    desk.post(f"{where}end/", {"end_date": "2026-03-10"})
    assert MasterMeter.objects.get().period.upper == date(2026, 3, 10)
    assert (
        "No meter counts what it gives." in desk.get(f"/desk/network/transformer/{lossy.id}/losses/").content.decode()
    )
