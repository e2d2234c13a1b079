"""Anomalies, loads and losses of the network, and reading routes for other programs."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from metering.models.anomaly import Anomaly, TransformerDay
from metering.models.load import AssetForecast, LoadDay
from metering.models.voltage import VoltageForecast
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import accounts, metering
from tests.factories import routes as walks

pytestmark = pytest.mark.django_db
HOURS = [40_000] * 23 + [90_000]


@pytest.fixture(autouse=True)
def supplier(db):
    return accounts.supplier()


def _anomaly(**values):
    today = timezone.localdate()
    (register,) = metering.metered(is_interval=True)
    return Anomaly.objects.create(
        **{
            "service_point": register.meter.installations.get().service_point, "kind": "step_down", "score_e4": 9_312,
            "since_date": today, "seen_date": today, "reasons": [{"code": "level_fell", "numbers": [51]}], **values,
        }
    )  # fmt: skip


def test_anomalies_are_listed_in_a_constant_number_of_statements():
    caller, counts = Caller("anomalies:read"), []
    for _ in range(3):
        row = _anomaly()
        with CaptureQueriesContext(connection) as taken:
            page = caller.get("anomalies?state=open&kind=step_down").json()["results"]
        counts.append(len(taken))
        assert page[0]["anomaly"] == row.id
    assert counts[1] == counts[2]
    assert caller.get("anomalies?kind=swapped").json()["results"] == []
    one = caller.get(f"anomalies/{row.id}").json()
    assert (one["service_point"], one["transformer"], one["reasons"]) == (
        row.service_point.external_id, None, [{"code": "level_fell", "numbers": [51]}],
    )  # fmt: skip
    assert_problem(caller.get("anomalies/999999"), 404, "unknown_anomaly")
    assert_problem(caller.get("anomalies?kind=nothing"), 422, "invalid_request")


def test_loads_and_losses_of_days_are_read_and_what_tomorrow_brings():
    caller, today = Caller("network:read"), timezone.localdate()
    bank = metering.transformer(capacity_va=100_000)
    for owner in ({"transformer": bank}, {"feeder": bank.feeder}):
        for n in (1, 2, 40):
            LoadDay.objects.create(day_date=today - timedelta(days=n), hours_wh=HOURS, is_measured=n == 1, **owner)
        AssetForecast.objects.create(
            day_date=today + timedelta(days=1), known_date=today, hours_wh=HOURS, peak_va=94_737,
            usable_va=80_000 if "transformer" in owner else 8_000_000, error_e4=None, **owner,
        )  # fmt: skip
    TransformerDay.objects.create(
        transformer=bank, day_date=today - timedelta(days=1), given_wh=1_000, taken_wh=930, technical_wh=25, places=3
    )
    for path in (f"transformers/{bank.external_id}", f"feeders/{bank.feeder.external_id}"):
        days = caller.get(f"{path}/loads").json()["days"]
        assert [(one["hours_wh"][23], one["is_measured"]) for one in days] == [(90_000, False), (90_000, True)]
    span = f"from_date={today - timedelta(days=40)}&until_date={today - timedelta(days=1)}"
    assert len(caller.get(f"transformers/{bank.external_id}/loads?{span}").json()["days"]) == 2
    (lost,) = caller.get(f"transformers/{bank.external_id}/losses").json()["days"]
    assert (lost["lost_wh"], lost["technical_wh"], lost["commercial_wh"], lost["places"]) == (70, 25, 45, 3)
    listed = caller.get("asset-forecasts").json()["results"]
    assert [(one["kind"], one["is_over"]) for one in listed] == [("feeder", False), ("transformer", True)]
    (over,) = caller.get("asset-forecasts?only_over=true").json()["results"]
    assert (over["asset"], over["peak_va"], over["error_e4"]) == (bank.external_id, 94_737, None)
    assert len(caller.get("asset-forecasts?kind=feeder").json()["results"]) == 1
    assert caller.get(f"asset-forecasts?date={today}").json()["results"] == []
    backwards = f"from_date={today}&until_date={today}"
    assert_problem(caller.get(f"transformers/{bank.external_id}/loads?{backwards}"), 422, "invalid_request")
    for wrong in ("until_date=0001-01-01", "from_date=9999-12-31", "from_date=0001-01-01&until_date=9999-12-31"):
        assert_problem(caller.get(f"transformers/{bank.external_id}/losses?{wrong}"), 422, "invalid_request")
    for path in ("transformers/none/losses", "feeders/none/loads", "transformers/%00/loads", "feeders/%00/loads"):
        assert caller.get(path).status_code == 404


def test_voltages_of_tomorrow_are_read_with_their_band():
    caller, today = Caller("network:read"), timezone.localdate()
    for low in (205_000, 196_500):
        (register,) = metering.metered(is_interval=True)
        point = register.meter.installations.get().service_point
        VoltageForecast.objects.create(
            service_point=point, meter=register.meter, day_date=today + timedelta(days=1), known_date=today,
            hours_mv=[230_000] * 23 + [low], low_mv=low, high_mv=230_000, least_mv=198_000, most_mv=235_400, slope_uv=0,
            error_mv=750,
        )  # fmt: skip
    assert [one["low_mv"] for one in caller.get("voltage-forecasts").json()["results"]] == [196_500, 205_000]
    (out,) = caller.get("voltage-forecasts?only_out=true").json()["results"]
    assert (out["service_point"], out["least_mv"], out["hours_mv"][23]) == (point.external_id, 198_000, 196_500)
    assert caller.get(f"voltage-forecasts?date={today}").json()["results"] == []


def test_reading_routes_are_read_with_their_places():
    made = walks.route(count=2)
    caller = Caller("routes:read")
    (row,) = caller.get("reading-routes?is_active=true").json()["results"]
    assert (row["route"], row["stops"]) == ("R1", 2)
    whole = caller.get("reading-routes/R1").json()
    assert [one["service_point"] for one in whole["places"]] == [one.external_id for one in made.places]
    assert whole["places"][0]["serials"] == [made.registers[0].meter.serial]
    assert "key_note" not in str(whole), "which key opens a door is for who walks there"
    assert caller.get("reading-routes/none").status_code == 404
    assert caller.get("reading-routes/%00").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "anomalies", "anomalies/1", "transformers/T1/loads", "transformers/T1/losses", "feeders/F1/loads",
        "asset-forecasts", "voltage-forecasts", "reading-routes", "reading-routes/R1",
    ],
)  # fmt: skip
def test_each_needs_its_scope(path):
    assert_problem(Caller("bills:read").get(path), 403, "permission_denied")
