"""Places and meters: one by one, and many at once."""

from dataclasses import replace
from datetime import date

import pytest
from django.db import transaction

from cis.kernel.actors import SYSTEM
from metering.domain.places import NewMeter, NewPlace, NewRegister
from metering.models.device import Installation, Meter, Register
from metering.models.place import Premises, ServicePoint
from metering.operations import meter_loads, meters, places
from metering.queries import search
from tests import factories

pytestmark = pytest.mark.django_db
JAN, FEB, MAR = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
PLACE = NewPlace(service_point="S1", premises="P1", address="上海市徐汇区霞飞路12弄3号", where="premises.csv:2")
TOTAL = NewRegister(code="total")


def _codes(refusal):
    return [finding.code for finding in refusal.value.detail["findings"]]


def test_a_place_is_created_once_and_found_by_its_address():
    made = places.create(place=PLACE, actor=SYSTEM)
    second = places.create(place=replace(PLACE, service_point="S2"), actor=SYSTEM)
    assert made.premises_id == second.premises_id
    assert {hit.service_point_id for hit in search.find(text="霞飞", at_date=JAN)} == {
        made.service_point_id,
        second.service_point_id,
    }
    with pytest.raises(places.InvalidPlace) as refusal:
        places.create(place=PLACE, actor=SYSTEM)
    assert _codes(refusal) == ["external_id_taken"]


def test_a_place_says_all_that_is_wrong_with_it():
    with pytest.raises(places.InvalidPlace) as refusal:
        places.create(place=replace(PLACE, address=" ", voltage="7V", capacity_w=0), actor=SYSTEM)
    assert _codes(refusal) == ["bad_address", "unknown_voltage", "bad_capacity"]
    assert not ServicePoint.objects.exists()


def test_a_meter_has_registers_of_its_own():
    meter_id = meters.create(serial="1", registers=[TOTAL, NewRegister(code="E1", is_interval=True)], actor=SYSTEM)
    assert set(Register.objects.filter(meter_id=meter_id).values_list("code", "is_interval")) == {
        ("total", False),
        ("E1", True),
    }
    for serial, registers, code in (
        ("1", [TOTAL], "serial_taken"),
        ("2", [], "bad_registers"),
        ("2", [TOTAL] * 2, "bad_registers"),
    ):
        with pytest.raises(meters.InvalidMeter) as refusal:
            meters.create(serial=serial, registers=registers, actor=SYSTEM)
        assert _codes(refusal) == [code]


def _hung(meter):
    rows = Installation.objects.filter(meter=meter).order_by("period")
    return [(row.period.lower, row.period.upper, row.multiplier) for row in rows]


def test_a_meter_is_in_one_place_at_a_time():
    meter, first, second = (
        factories.metering.meter(),
        factories.metering.service_point(),
        factories.metering.service_point(),
    )
    meters.install(meter_id=meter.id, service_point_id=first.id, from_date=FEB, multiplier=20, actor=SYSTEM)
    for day in (JAN, FEB, MAR):
        with pytest.raises(meters.MeterTaken) as refusal:
            meters.install(meter_id=meter.id, service_point_id=second.id, from_date=day, actor=SYSTEM)
        assert first.external_id in refusal.value.message
        assert refusal.value.advice
    meters.remove(meter_id=meter.id, on_date=MAR, actor=SYSTEM)
    meters.install(meter_id=meter.id, service_point_id=second.id, from_date=MAR, actor=SYSTEM)
    assert _hung(meter) == [(FEB, MAR, 20), (MAR, None, 1)]


def test_an_exchange_hands_over_on_its_date_with_the_multiplier_as_before():
    old = factories.metering.installation(start_date=JAN, multiplier=20)
    new = factories.metering.meter()
    meters.exchange(old_meter_id=old.meter_id, new_meter_id=new.id, on_date=FEB, actor=SYSTEM)
    assert (_hung(old.meter), _hung(new)) == ([(JAN, FEB, 20)], [(FEB, None, 20)])
    with pytest.raises(meters.NotInstalled):
        meters.exchange(old_meter_id=old.meter_id, new_meter_id=new.id, on_date=MAR, actor=SYSTEM)
    with pytest.raises(meters.NotInstalled):
        meters.remove(meter_id=new.id, on_date=FEB, actor=SYSTEM)


def test_what_does_not_exist_cannot_be_installed():
    meter, point = factories.metering.meter(), factories.metering.service_point()
    with pytest.raises(meters.UnknownMeter):
        meters.install(meter_id=0, service_point_id=point.id, from_date=JAN, actor=SYSTEM)
    with pytest.raises(meters.UnknownServicePoint):
        meters.install(meter_id=meter.id, service_point_id=0, from_date=JAN, actor=SYSTEM)
    with pytest.raises(meters.BadMultiplier):
        meters.install(meter_id=meter.id, service_point_id=point.id, from_date=JAN, multiplier=0, actor=SYSTEM)


def _meter(number=1, **values):
    given = {
        "external_id": f"M{number}", "serial": f"33{number}", "service_point": "S1", "installed_date": JAN,
        "register": TOTAL, "where": f"meters.csv:{number + 1}",
    }  # fmt: skip
    return NewMeter(**{**given, **values})


def _load(new_places, new_meters):
    sites = places.prepare(places=new_places)
    devices = meter_loads.prepare(meters=new_meters, service_points={place.service_point for place in new_places})
    with transaction.atomic():
        ids = places.load(prepared=sites, actor=SYSTEM)
        return ids, meter_loads.load(prepared=devices, service_point_ids=ids, actor=SYSTEM)


def test_a_delivery_is_loaded_with_meters_that_moved_and_have_several_registers(django_assert_max_num_queries):
    new_places = [PLACE, replace(PLACE, service_point="S2"), replace(PLACE, service_point="S3", premises="P3")]
    peak, valley = NewRegister(code="peak", period_of_use="peak"), NewRegister(code="valley", period_of_use="valley")
    rows = [
        *(_meter(1, register=register, removed_date=FEB, multiplier=20) for register in (peak, valley)),
        *(_meter(1, register=register, installed_date=FEB, service_point="S2") for register in (peak, valley)),
        _meter(2, service_point="S3"),
    ]
    with django_assert_max_num_queries(16):
        point_ids, meter_ids = _load(new_places, rows)
    assert set(point_ids) == {"S1", "S2", "S3"}
    assert set(meter_ids) == {"M1", "M2"}
    assert (Premises.objects.count(), Register.objects.count()) == (2, 3)
    assert _hung(Meter.objects.get(serial="331")) == [(JAN, FEB, 20), (FEB, None, 1)]
    assert search.find(text="33", at_date=JAN)[0].matched == "meter"


@pytest.mark.parametrize(
    ("rows", "code", "where"),
    [
        ([_meter(1), _meter(1)], "register_twice", "meters.csv:2"),
        ([_meter(1), _meter(1, serial="x", register=NewRegister(code="peak"), where="b")], "meter_contradicts", "b"),
        ([_meter(1), _meter(2, serial="331", where="b")], "serial_twice", "b"),
        ([_meter(1), _meter(1, installed_date=FEB, service_point="S1", where="b")], "meter_taken", "b"),
        ([_meter(1, service_point="S9")], "unknown_service_point", "meters.csv:2"),
        ([_meter(1, removed_date=JAN)], "empty_period", "meters.csv:2"),
        ([_meter(1, multiplier=0)], "bad_multiplier", "meters.csv:2"),
        ([_meter(1, register=replace(TOTAL, digits=2))], "bad_digits", "meters.csv:2"),
        ([_meter(1, register=replace(TOTAL, quantity="x"))], "unknown_quantity", "meters.csv:2"),
        ([_meter(1, external_id="KEPT")], "external_id_taken", "meters.csv:2"),
        ([_meter(1, serial="KEPT")], "serial_taken", "meters.csv:2"),
    ],
)
def test_a_wrong_line_of_a_delivery_is_named_and_nothing_is_loaded(rows, code, where):
    factories.metering.meter(external_id="KEPT", serial="KEPT")
    prepared = meter_loads.prepare(meters=rows, service_points={"S1"})
    assert [finding.code for finding in prepared.findings] == [code]
    assert [finding.where.startswith(where) for finding in prepared.findings] == [True]
    with pytest.raises(places.InvalidLoad), transaction.atomic():
        meter_loads.load(prepared=prepared, service_point_ids={"S1": 1}, actor=SYSTEM)


def test_places_that_stand_twice_or_contradict_each_other_are_named():
    factories.metering.service_point(external_id="KEPT")
    prepared = places.prepare(
        places=[PLACE, PLACE, replace(PLACE, service_point="S2", address="别处"), replace(PLACE, service_point="KEPT")]
    )
    assert [finding.code for finding in prepared.findings] == [
        "external_id_twice",
        "premises_contradict",
        "external_id_taken",
    ]
