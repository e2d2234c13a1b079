"""Telegrams of P1 ports and messages of markets, from the bytes to the tables."""

import io
from datetime import date
from pathlib import Path

import pytest

from cis.kernel.actors import SYSTEM
from metering.models.read import IntervalDay, ReadRejection, RegisterRead
from metering.operations import reads
from tests import factories
from tests.unit.metering.domain.formats.test_d0010 import GROUPS, flow
from tests.unit.metering.domain.formats.test_dsmr import telegram
from tests.unit.metering.domain.formats.test_mscons import message, value

pytestmark = pytest.mark.django_db
TODAY = date(2026, 7, 31)
DATA = Path(__file__).resolve().parents[2] / "data"
TELEGRAMS = DATA / "dsmr"


@pytest.fixture(autouse=True)
def _supplier():
    factories.accounts.supplier()


def _import(data, name="file", **kwargs):
    return reads.import_file(source=io.BytesIO(data), name=name, actor=SYSTEM, today=TODAY, **kwargs)


def _hang(*, serial, codes, at=None, since=date(2010, 1, 1), **kwargs):
    meter = factories.metering.meter(registers=codes, serial=serial, **kwargs)
    point = factories.metering.service_point(external_id=at) if at else None
    factories.metering.installation(of=meter, start_date=since, **({"at": point} if point else {}))
    return meter


def _kept():
    rows = RegisterRead.objects.order_by("register__meter__serial", "register__code", "read_date")
    return list(
        rows.values_list("register__meter__serial", "register__code", "read_date", "reading_wh", "kind", "version")
    )


def _rejected():
    return list(ReadRejection.objects.order_by("line_no").values_list("line_no", "code"))


def test_a_real_telegram_arrives_on_the_local_date_of_its_instant():
    _hang(serial="K8EG004046395507", codes=("1.8.1", "1.8.2", "2.8.1"))
    done = _import((TELEGRAMS / "v5.txt").read_bytes())
    assert (done.format, done.reads, done.rejected) == ("dsmr", 3, 1)
    assert _rejected() == [(9, "unknown_register")]
    # 19:20 of 2 January in the Netherlands is 02:20 of the 3rd where this supplier is.
    day = date(2017, 1, 3)
    assert _kept() == [
        ("K8EG004046395507", "1.8.1", day, 4_426, "actual", 1),
        ("K8EG004046395507", "1.8.2", day, 2_399, "actual", 1),
        ("K8EG004046395507", "2.8.1", day, 2_444, "actual", 1),
    ]


def test_a_telegram_in_summer_time_and_one_of_an_unknown_meter():
    _hang(serial="K8EG", codes=("1.8.0",))
    first = telegram("1-0:1.8.0(000001.000*kWh)", at="260701174400S")
    after = telegram("1-0:1.8.0(000002.000*kWh)", at="260702174600S")
    stranger = telegram("1-0:1.8.0(000002.000*kWh)", meter="4B384548")
    done = _import(first + after + stranger)
    # 17:44 in summer is 23:44 in Shanghai, 17:46 is 23:46: that is the value at the end of the day.
    assert [row[2:4] for row in _kept()] == [(date(2026, 7, 1), 1_000), (date(2026, 7, 3), 2_000)]
    assert (done.rejected, [code for _, code in _rejected()]) == (1, ["unknown_meter"])


def test_a_telegram_without_a_time_takes_the_date_that_is_said():
    _hang(serial="K8EG", codes=("1.8.0",))
    data = telegram("1-0:1.8.0(000001.000*kWh)", at="")
    assert (_import(data).reads, _rejected()) == (0, [(1, "no_time")])
    done = _import(data, taken_date=date(2026, 7, 2))
    assert (done.reads, done.rejected, done.is_known) == (1, 0, False)
    assert _kept() == [("K8EG", "1.8.0", date(2026, 7, 2), 1_000, "actual", 1)]
    assert _import(data, taken_date=date(2026, 7, 2)).is_known
    assert _import(data).is_known
    assert _import(data, again=True).unchanged == 1
    # An empty house: the same telegram on another day is another reading.
    assert _import(data, taken_date=date(2026, 7, 3)).reads == 2
    assert [row[2] for row in _kept()] == [date(2026, 7, 2), date(2026, 7, 3)]
    assert (_import(data, taken_date=date(2026, 8, 1)).rejected, _rejected()) == (1, [(1, "date_in_future")])


def test_readings_of_a_flow_go_to_the_meter_at_its_service_point():
    _hang(serial="F75A 00802", codes=("S",), at="1200000000017")
    _hang(serial="36933604", codes=("DY",), at="1200000000026")
    done = _import(flow(*GROUPS))
    assert (done.format, done.reads, done.rejected) == ("d0010", 2, 1)
    assert _rejected() == [(8, "unknown_register")]
    assert _kept() == [
        ("36933604", "DY", date(2026, 7, 1), 80_598_250, "customer", 1),
        ("F75A 00802", "S", date(2026, 7, 1), 56_311_000, "actual", 1),
    ]


def test_a_meter_that_never_hung_at_the_stated_place_is_not_believed():
    _hang(serial="F75A 00802", codes=("S",), at="1200000000099")
    _hang(serial="36933604", codes=("DY", "NT"), at="1200000000017")
    done = _import(flow(*GROUPS))
    assert (done.reads, done.rejected) == (0, 3)
    assert _rejected() == [(4, "unknown_meter"), (7, "unknown_service_point"), (8, "unknown_service_point")]
    assert ReadRejection.objects.get(line_no=4).message == "The meter F75A 00802 never hung at 1200000000017."


def test_many_readings_need_a_constant_number_of_statements(django_assert_max_num_queries):
    groups = []
    for number in range(40):
        _hang(serial=f"M{number:02d}", codes=("S",), at=f"12000000001{number:02d}")
        groups += [f"026|12000000001{number:02d}|V|", f"028|M{number:02d}|R|", "030|S|20260701000000|5.0|||T|N|"]
    with django_assert_max_num_queries(18):
        assert _import(flow(*groups)).reads == 40


def test_quarter_hours_of_a_market_message_are_days_of_the_register():
    factories.accounts.supplier(time_zone="Europe/Berlin")
    meter = factories.metering.meter(registers=("1.29.0",), is_interval=True, serial="M1")
    point = factories.metering.service_point(external_id="DE0001062600000001000000022345671")
    factories.metering.installation(of=meter, at=point, start_date=date(2015, 1, 1))
    segments = []
    for slot in range(96):
        hour, minute = divmod(slot * 15, 60)
        after_hour, after_minute = divmod(slot * 15 + 15, 60)
        end = f"20260101{after_hour:02d}{after_minute:02d}" if slot < 95 else "202601020000"
        segments += value("0,125", begin=f"20260101{hour:02d}{minute:02d}?+01", end=f"{end}?+01")
    done = _import(message(*segments))
    assert (done.format, done.interval_days, done.interval_values, done.rejected) == ("mscons", 1, 96, 0)
    day = IntervalDay.objects.get()
    assert (day.day_date, day.total_wh, day.interval_minutes, day.quality) == (date(2026, 1, 1), 12_000, 15, "A")


def test_a_real_month_of_quarter_hours_arrives_and_stray_lengths_take_nothing_away():
    factories.accounts.supplier(time_zone="Europe/Berlin")
    meter = factories.metering.meter(registers=("1.10.0",), is_interval=True, serial="M1")
    point = factories.metering.service_point(external_id="US0001062600000001000000022345671")
    factories.metering.installation(of=meter, at=point, start_date=date(2015, 1, 1))
    done = _import((DATA / "mscons" / "MSCONS_TL_SAMPLE01.txt.gz").read_bytes())
    codes = set(ReadRejection.objects.values_list("code", flat=True))
    assert codes == {"bad_interval_length", "dates_reversed", "other_interval_length"}
    days = IntervalDay.objects.all()
    assert {day.interval_minutes for day in days} == {15}
    assert (done.interval_days, len(days), {day.version for day in days}) == (31, 31, {1})
    # Of 680.282 kWh those of the values that say no quarter of an hour are missing.
    assert 670_000 < sum(day.total_wh for day in days) < 680_282
