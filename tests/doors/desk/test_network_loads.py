"""Loads of the network on the desk: what was carried, what tomorrow brings, and the master meter of a feeder."""

from datetime import date, timedelta

import pytest

from metering.domain.network import Asset
from metering.models.anomaly import MasterMeter
from metering.models.load import AssetForecast, LoadDay
from metering.models.network import Transformer
from metering.models.voltage import VoltageDay, VoltageForecast
from tests.factories import metering

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)
HOURS = [40_000] * 19 + [90_000] + [40_000] * 4


@pytest.fixture
def grid(supplier):
    """A transformer of 100 kVA that carried 90 kW and is thought to carry 95 kVA tomorrow, 60 today; its feeder too."""
    feeder = metering.feeder(name="West 5")
    small = metering.transformer(at=feeder, name="Riverside 3", district="West", capacity_va=100_000)
    metering.transformer(at=feeder, name="Unknown 1")
    for owner in ({"transformer": small}, {"feeder": feeder}):
        for n in range(1, 11):
            LoadDay.objects.create(
                day_date=TODAY - timedelta(days=n), hours_wh=HOURS, is_measured="feeder" in owner, **owner
            )
        for n, peak in ((0, 60_000), (1, 94_737)):
            AssetForecast.objects.create(
                day_date=TODAY + timedelta(days=n), known_date=TODAY - timedelta(days=1), hours_wh=HOURS, peak_va=peak,
                usable_va=80_000, error_e4=712, **owner,
            )  # fmt: skip
    return small, feeder


def _page(desk, path):
    return desk.get(f"/desk/network/{path}").content.decode()


def _file(desk, path):
    return b"".join(desk.get(f"/desk/network/{path}").streaming_content).decode("utf-8-sig")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["Riverside 3"]), ("?kind=feeder", ["West 5"]), ("?only=over", ["Riverside 3"]),
        ("?kind=feeder&only=over", []), ("?feeder=0", ["Riverside 3"]),
    ],
)  # fmt: skip
def test_loads_of_four_weeks_are_listed_with_their_highest_hour(desk, grid, query, names):
    rows = _file(desk, f"loads.csv{query}").splitlines()[1:]
    assert [row.split(",")[1] for row in rows] == names
    page = _page(desk, f"loads/{query}")
    assert all(f">{name}</a>" in page for name in names)
    assert "Unknown 1" not in page
    if names == ["Riverside 3"]:
        assert "9 Mar 2026 19:00" in page
        assert "118 %" in page, "90 kW are 94.737 kVA of 80"


@pytest.mark.parametrize(
    ("query", "count"), [("", 1), ("?when=today", 0), ("?when=today&only=all", 1), ("?kind=feeder", 1)]
)
def test_what_will_be_overloaded_is_listed_with_its_error(desk, grid, query, count):
    page = _page(desk, f"overloads/{query}")
    rows = _file(desk, f"overloads.csv{query}").splitlines()[1:]
    assert len(rows) == count
    if count and "today" not in query:
        assert "94.737" in page
        assert "7.12 %" in page
        assert 'data-chart="past"' in page
        assert rows[0].endswith(",94.737,80.000,118,19:00,7.12,2026-03-09")
    if not count:
        assert "Nothing is thought to be overloaded" in page


def test_one_is_shown_by_hour_and_by_day(desk, grid):
    small, feeder = grid
    page = _page(desk, f"transformer/{small.id}/load/")
    for said in ('data-chart="pair"', 'data-chart="past"', "94.737", "sum of its places", "7.12 %"):
        assert said in page
    assert "Master meter" not in page, "that of a transformer is with its losses"
    assert f"/desk/network/transformer/{small.id}/load/" in _page(desk, f"transformer/{small.id}/")
    assert len(_file(desk, f"transformer/{small.id}/load.csv").splitlines()) == 11
    page = _page(desk, f"feeder/{feeder.id}/load/")
    assert "Master meter" in page
    assert desk.get("/desk/network/feeder/999999/load/").status_code == 404
    assert desk.get(f"/desk/network/street/{feeder.id}/load/").status_code == 404
    bare = metering.transformer()
    assert "No load is known" in _page(desk, f"transformer/{bare.id}/load/")


def test_the_master_meter_of_a_feeder_is_set_and_ended(desk, grid):
    _, feeder = grid
    (register,) = metering.metered(is_interval=True)
    where, given = f"/desk/network/feeder/{feeder.id}/master/", {"start_date": "2026-03-01"}
    assert "There is no meter 1." in desk.post(where, {**given, "serial": "1"}).content.decode()
    page = desk.post(where, {**given, "serial": register.meter.serial}, follow=True).content.decode()
    assert register.meter.serial in page
    assert MasterMeter.objects.get().feeder_id == feeder.id
    page = desk.post(f"{where}end/", {"end_date": "2026-02-01"}).content.decode()
    assert "It began later." in page
    desk.post(f"{where}end/", {"end_date": "2026-03-01"})
    assert not MasterMeter.objects.exists()


def test_what_a_name_plate_says_of_losses_is_kept(desk, grid):
    small, _ = grid
    where, given = f"/desk/network/transformer/{small.id}/", {"name": "Riverside 3", "capacity_kva": "100"}
    desk.post(where, {**given, "is_active": "on", "iron_w": "150", "copper_w": ""})
    small = Transformer.objects.get(id=small.id)
    assert (small.iron_w, small.copper_w) == (150, None)
    assert 'value="150"' in desk.get(where).content.decode()
    assert "iron_w" not in desk.get(f"/desk/network/{Asset.FEEDER}/{small.feeder_id}/").content.decode()


def test_places_whose_voltage_will_leave_the_band_are_listed_and_shown(desk, supplier):
    transformer = metering.transformer(name="Riverside 3")
    (register,) = metering.metered(is_interval=True, at=metering.service_point(transformer=transformer))
    point = register.meter.installations.get().service_point
    assert "No voltage is thought to leave the band" in _page(desk, "voltages/")
    for n, low in ((0, 199_000), (1, 196_500)):
        VoltageForecast.objects.create(
            service_point=point, meter=register.meter, day_date=TODAY + timedelta(days=n),
            known_date=TODAY - timedelta(days=1), hours_mv=[230_000] * 23 + [low], low_mv=low, high_mv=230_000,
            least_mv=198_000, most_mv=235_400, slope_uv=-180_500, error_mv=750,
        )  # fmt: skip
    VoltageDay.objects.create(
        meter=register.meter, day_date=TODAY - timedelta(days=1), slots_mv=[-1] * 92 + [201_000] * 4
    )
    page = _page(desk, "voltages/")
    assert point.external_id in page
    assert "196.5" in page
    assert point.external_id not in _page(desk, "voltages/?when=today")
    assert point.external_id in _page(desk, "voltages/?when=today&only=all")
    rows = _file(desk, "voltages.csv").splitlines()[1:]
    assert [row.split(",", 5)[5] for row in rows] == ["196.500,230.000,198.000,235.400,0.750,2026-03-09"]
    page = _page(desk, f"voltages/places/{point.id}/")
    assert '"least": 190000' in page
    assert "-180.5" in page.replace("−", "-")
    assert desk.get("/desk/network/voltages/places/999999/").status_code == 404
