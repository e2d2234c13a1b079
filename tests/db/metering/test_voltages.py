"""Voltages from the head-end: kept, forecast, and never energy, usage or a bill."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.apps import apps

from cis.kernel.actors import SYSTEM
from metering.models.load import AssetForecast, LoadDay
from metering.models.network import PastHanging
from metering.models.voltage import VoltageDay, VoltageForecast
from metering.operations import head_end_messages, voltages
from metering.queries import voltages as queries
from metering.queries.voltages import Wanted
from tests.factories import accounts as people
from tests.factories import metering

pytestmark = pytest.mark.django_db
LAST = date(2026, 3, 9)
NOW = datetime(2026, 3, 10, 4, tzinfo=UTC)
MINE = {"metering_voltageday", "metering_voltageforecast", "metering_readrejection", "metering_readfile"}


@pytest.fixture(autouse=True)
def _supplier():
    people.supplier()


def _say(*messages):
    return head_end_messages.take(messages=messages, actor=SYSTEM, at=NOW)


def _message(serial, values, *, start="2026-03-09T00:00:00+08:00", minutes="15"):
    return {"id": "7", "meter": serial, "voltage": values, "start_at": start, "minutes": minutes}


def _counts():
    tables = (model for model in apps.get_models() if model._meta.db_table not in MINE)
    return {model._meta.db_table: model._base_manager.count() for model in tables if model._meta.managed}


def test_voltages_are_kept_by_quarter_of_an_hour_in_any_order_and_twice():
    (register,) = metering.metered(is_interval=True)
    serial = register.meter.serial
    late = _message(serial, ["221", None, "223"], start="2026-03-09T23:30:00+08:00")
    for message in (late, _message(serial, ["230.5"], minutes="60"), late, _message(serial, ["229"])):
        (result,) = _say(message).results
        assert result.outcome == "taken"
    days = {one.day_date: one.slots_mv for one in VoltageDay.objects.all()}
    assert days[date(2026, 3, 9)] == [229_000, *[230_500] * 3, *[-1] * 90, 221_000, -1]
    assert days[date(2026, 3, 10)] == [223_000, *[-1] * 95]
    assert queries.hours_of(meter_id=register.meter_id, day=LAST)[0] == (229_000 + 3 * 230_500) // 4
    (result,) = _say(_message("nobody", ["230"])).results
    assert (result.outcome, result.code) == ("refused", "unknown_meter")


def test_voltage_is_never_energy_usage_or_a_bill():
    """Whatever a meter says of voltage, no row of any other table comes of it, and nothing can be approved by it."""
    (register,) = metering.metered(is_interval=True)
    before = _counts()
    whole = [f"{200 + n % 40}.5" for n in range(96)]
    _say(*(_message(register.meter.serial, whole, start=f"2026-03-0{n}T00:00:00+08:00") for n in range(1, 10)))
    voltages.forecast_all(last=LAST)
    assert (VoltageDay.objects.count(), VoltageForecast.objects.count()) == (9, 2)
    assert _counts() == before
    fields = {field.name for model in (VoltageDay, VoltageForecast) for field in model._meta.get_fields()}
    assert "register" not in fields, "usage and bills are made of registers"


@pytest.fixture
def street():
    """A home at the end of a line that goes low as its transformer fills, one near by, and one on three phases."""
    transformer = metering.transformer()
    far, near, three = (
        metering.metered(is_interval=True, at=metering.service_point(transformer=transformer, voltage=voltage))[0]
        for voltage in ("220V", "220V", "380V")
    )
    for n in range(28):
        day = LAST - timedelta(days=n)
        load = [(20 + hour + n % 5) * 1_000 for hour in range(24)]
        LoadDay.objects.create(transformer=transformer, day_date=day, hours_wh=load, is_measured=True)
        for register, falls in ((far, 500), (near, 100), (three, 500)):
            slots = [228_000 - falls * wh // 1_000 for wh in load for _ in range(4)]
            VoltageDay.objects.create(meter=register.meter, day_date=day, slots_mv=slots)
    for n in (1, 2):
        AssetForecast.objects.create(
            transformer=transformer, day_date=LAST + timedelta(days=n), known_date=LAST, hours_wh=[58_000] * 24,
            peak_va=60_000, usable_va=320_000,
        )  # fmt: skip
    return far, near, three


def test_places_that_will_leave_the_band_are_told(street, django_assert_num_queries):
    far, near, three = street
    assert voltages.forecast_all(last=LAST) == 6
    day = LAST + timedelta(days=2)
    every = {one.meter_id: one for one in queries.forecasts(wanted=Wanted(only_out=False), day=day)}
    assert every[far.meter_id].low_mv == pytest.approx(228_000 - 500 * 58, abs=20)
    assert every[far.meter_id].slope_uv == pytest.approx(-500_000, rel=0.01)
    assert (every[far.meter_id].least_mv, every[far.meter_id].most_mv) == (198_000, 235_400)
    assert (every[three.meter_id].least_mv, every[three.meter_id].is_low) == (204_600, True)
    assert not every[far.meter_id].is_low
    out = queries.forecasts(wanted=Wanted(), day=day)
    assert [one.meter_id for one in out] == [three.meter_id]
    assert queries.count(wanted=Wanted(), day=day) == 1
    with django_assert_num_queries(3 + 2 * 3 + 2):  # its transaction is a savepoint here
        voltages.forecast(
            meter_ids=[far.meter_id, near.meter_id, three.meter_id], last=LAST, bands=queries.bands(at=LAST)
        )
    assert VoltageForecast.objects.count() == 6


def test_what_can_be_told_no_more_goes(street):
    voltages.forecast_all(last=LAST)
    VoltageDay.objects.all().delete()
    assert voltages.forecast_all(last=LAST) == 0
    assert not VoltageForecast.objects.exists()


def test_a_meter_tells_a_place_only_what_it_said_there():
    (register,) = metering.metered(is_interval=True, start_date=LAST - timedelta(days=2))
    for n in range(10):
        mv = 228_000 if n < 3 else 180_000
        VoltageDay.objects.create(
            meter=register.meter, day_date=LAST - timedelta(days=n), slots_mv=[mv] * 96
        )  # fmt: skip
    assert voltages.forecast_all(last=LAST) == 2
    assert {one.low_mv for one in VoltageForecast.objects.all()} == {228_000}


def test_a_place_that_was_moved_begins_anew_behind_its_transformer(street):
    far, near, _ = street
    point = far.meter.installations.get().service_point
    PastHanging.objects.create(
        service_point=point, transformer=metering.transformer(), until_date=LAST - timedelta(days=2)
    )  # fmt: skip
    voltages.forecast_all(last=LAST)
    assert set(VoltageForecast.objects.values_list("meter_id", flat=True)) == {near.meter_id, street[2].meter_id}


def test_one_part_that_stops_keeps_no_other_from_being_forecast(street, monkeypatch):
    ids, whole = sorted(one.meter_id for one in street), voltages.forecast

    def broken(*, meter_ids, **given):
        if meter_ids == ids[:1]:
            raise ZeroDivisionError
        return whole(meter_ids=meter_ids, **given)

    monkeypatch.setattr(voltages, "forecast", broken)
    with pytest.raises(ZeroDivisionError):
        voltages.forecast_all(last=LAST, chunk=1)
    assert sorted(set(VoltageForecast.objects.values_list("meter_id", flat=True))) == ids[1:]
