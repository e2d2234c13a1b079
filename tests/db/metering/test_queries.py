"""What the room tells pages and bills."""

from datetime import date

import numpy as np
import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from metering.queries import intervals, places, reads, search, usage
from tests import factories

pytestmark = pytest.mark.django_db
JAN, FEB, MAR, APR = (date(2026, month, 1) for month in (1, 2, 3, 4))


def _points(*registers):
    return [register.meter.installations.get().service_point_id for register in registers]


def test_approved_usage_comes_as_columns_of_versions_that_hold(django_assert_num_queries):
    total, other = (factories.metering.metered()[0] for _ in range(2))
    peak, valley = factories.metering.metered(registers=("peak", "valley"))
    factories.metering.usage(of=total, start_date=JAN, end_date=FEB, kwh=1, is_current=False)
    factories.metering.usage(of=total, start_date=JAN, end_date=FEB, kwh=2, version=2, is_estimated=True)
    factories.metering.usage(of=total, start_date=FEB, end_date=MAR, kwh=3)
    factories.metering.usage(of=total, start_date=MAR, end_date=APR, kwh=4)
    factories.metering.usage(of=peak, start_date=JAN, end_date=MAR, kwh=5)
    factories.metering.usage(of=valley, start_date=JAN, end_date=MAR, kwh=6)
    factories.metering.usage(of=other, start_date=JAN, end_date=FEB, kwh=7)
    points = _points(total, peak)
    with django_assert_num_queries(1):
        found = usage.approved(service_point_ids=points, start_date=JAN, end_date=MAR)
    codes = [found.period_codes[place] for place in found.period_of_use]
    assert codes == ["", "", "peak", "valley"]
    assert found.energy_wh.tolist() == [2_000, 3_000, 5_000, 6_000]
    assert found.is_estimated.tolist() == [True, False, False, False]
    assert found.start_day.tolist() == [day.toordinal() for day in (JAN, FEB, JAN, JAN)]
    assert found.end_day.tolist() == [day.toordinal() for day in (FEB, MAR, MAR, MAR)]
    assert not found.is_interval.any()
    assert len(usage.approved(service_point_ids=[], start_date=JAN, end_date=MAR)) == 0


def test_usage_of_export_and_reactive_registers_is_not_what_a_customer_used():
    (total,) = factories.metering.metered()
    for code, changed in (("B1", {"direction": "export"}), ("Q1", {"quantity": "reactive"})):
        register = factories.metering.register(of=total.meter, code=code, **changed)
        factories.metering.usage(of=register, start_date=JAN, end_date=FEB, kwh=9)
    assert len(usage.approved(service_point_ids=_points(total), start_date=JAN, end_date=FEB)) == 0


def test_months_are_those_of_the_register_of_all_hours_where_there_is_one():
    total, peak = factories.metering.metered(registers=("total", "peak"))
    factories.metering.usage(of=total, start_date=JAN, end_date=date(2026, 1, 15), kwh=3)
    factories.metering.usage(of=total, start_date=date(2026, 1, 15), end_date=FEB, kwh=4, is_estimated=True)
    factories.metering.usage(of=peak, start_date=JAN, end_date=FEB, kwh=5)
    factories.metering.usage(of=peak, start_date=FEB, end_date=MAR, kwh=6)
    (point,) = set(_points(total, peak))
    january, february = usage.months(service_point_ids=[point], until=date(2026, 2, 20))[point]
    assert (january.month, january.energy_wh, january.by_period, january.is_estimated) == (
        JAN,
        7_000,
        {"peak": 5_000},
        True,
    )
    assert (february.energy_wh, february.is_estimated) == (6_000, False)
    assert usage.months(service_point_ids=[point], until=date(2026, 2, 20), count=1)[point] == (february,)


def test_interval_days_come_grouped_by_interval_length_in_one_statement(django_assert_num_queries):
    first, second = (factories.metering.metered(is_interval=True)[0] for _ in range(2))
    for register in (second, first):
        factories.metering.interval_day(of=register, on=FEB, values_wh=range(48))
        factories.metering.interval_day(of=register, on=JAN, values_wh=[register.id] * 48)
    factories.metering.interval_day(of=first, on=FEB, values_wh=[-5] * 48, version=2, exponent=-1)
    factories.metering.interval_day(of=second, on=date(2026, 1, 2), values_wh=[7] * 24, exponent=1)
    factories.metering.interval_day(of=second, on=date(2026, 1, 3), values_wh=[7] * 24, quality="A" * 23 + "N")
    factories.metering.interval_day(of=second, on=APR)
    with django_assert_num_queries(1):
        half, whole_varied, whole = intervals.days(register_ids=[second.id, first.id], start_date=JAN, end_date=MAR)
    assert [half.interval_minutes, whole_varied.interval_minutes, whole.interval_minutes] == [30, 60, 60]
    assert half.register_id.tolist() == [first.id, first.id, second.id, second.id]
    assert half.day.tolist() == [JAN.toordinal(), FEB.toordinal()] * 2
    assert {half.exponent, whole.exponent, whole_varied.exponent} == {-1}
    assert half.values[1].tolist() == [-5] * 48
    assert half.values[2].tolist() == [second.id * 10] * 48
    assert whole.values[0].tolist() == [700] * 24
    assert half.quality.shape == (4, 1)
    assert bytes(whole_varied.quality[0]) == b"A" * 23 + b"N"
    assert half.start_us[0] == (np.datetime64("2025-12-31T14:00", "us")).astype(np.int64)
    assert intervals.days(register_ids=[], start_date=JAN, end_date=MAR) == ()


def test_the_latest_read_is_the_newest_version_of_the_last_date(django_assert_num_queries):
    (register,) = factories.metering.metered()
    factories.metering.read(of=register, on=JAN, kwh=1)
    factories.metering.read(of=register, on=FEB, kwh=2)
    factories.metering.read(of=register, on=FEB, kwh=3, version=2)
    factories.metering.read(of=register, on=MAR, kwh=4)
    with django_assert_num_queries(1):
        found = reads.latest_of(register_ids=[register.id], until=FEB)
    assert (found[register.id].reading_wh, found[register.id].version) == (3_000, 2)
    assert [row.reading_wh for row in reads.of_meter(meter_id=register.meter_id)] == [4_000, 3_000, 2_000, 1_000]


def test_the_overview_shows_meters_latest_first_with_reads_and_usage(django_assert_num_queries):
    (old,) = factories.metering.metered()
    hung = old.meter.installations.get()
    hung.period = DateRange(JAN, FEB)
    hung.save()
    new = factories.metering.meter(registers=("peak", "valley"))
    factories.metering.installation(of=new, at=hung.service_point, start_date=FEB, multiplier=20)
    factories.metering.read(of=old, on=FEB, kwh=77)
    factories.metering.usage(of=old, start_date=JAN, end_date=FEB, kwh=7)
    with django_assert_num_queries(5):
        (found,) = places.overview(service_point_ids=[hung.service_point_id], at_date=MAR)
    assert [(meter.serial, meter.multiplier, meter.hangs(MAR)) for meter in found.meters] == [
        (new.serial, 20, True),
        (old.meter.serial, 1, False),
    ]
    assert [register.code for register in found.meters[0].registers] == ["peak", "valley"]
    assert found.meters[1].registers[0].latest.reading_wh == 77_000
    assert [month.energy_wh for month in found.months] == [7_000]
    card = places.cards(service_point_ids=[found.id], at_date=MAR)[found.id]
    assert (card.address, card.meter_serials) == (found.address, (new.serial,))


@pytest.mark.parametrize(
    ("text", "matched"),
    [
        ("31080012", "meter"), ("3108", "meter"), ("8001", "meter"), ("31080012 ", "meter"), ("NMI7001", "service_point"),
        ("霞飞", "address"), ("霞飞路 12", "address"), ("霞飞路12弄", "address"),
    ],
)  # fmt: skip
def test_search_finds_by_meter_service_point_and_address(text, matched, django_assert_num_queries):
    premises = factories.metering.premises(address="上海市徐汇区霞飞路12弄3号")
    point = factories.metering.service_point(at=premises, external_id="NMI7001")
    factories.metering.installation(of=factories.metering.meter(serial="31080012"), at=point)
    factories.metering.installation()
    with django_assert_num_queries(1):
        hits = search.find(text=text, at_date=JAN)
    assert [(hit.service_point_id, hit.matched) for hit in hits] == [(point.id, matched)]


@pytest.mark.parametrize("text", ["", " ", "%", "_1", "飞霞", "霞飞路13", "no such", "弄路"])
def test_search_finds_nothing_that_does_not_fit(text):
    premises = factories.metering.premises(address="上海市徐汇区霞飞路12弄3号")
    factories.metering.installation(at=factories.metering.service_point(at=premises))
    assert search.find(text=text, at_date=JAN) == ()


def test_search_says_where_a_removed_meter_hung():
    factories.metering.installation(of=factories.metering.meter(serial="55001"), end_date=JAN)
    (hit,) = search.find(text="55001", at_date=JAN)
    assert not hit.hangs
