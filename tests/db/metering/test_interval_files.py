"""Interval values as files: what comes out goes in again, value for value."""

import io
from datetime import UTC, date, datetime

import openpyxl
import pytest

from cis.kernel.actors import SYSTEM
from cis.kernel.calendar import LocalClock
from metering.models.read import IntervalDay
from metering.operations import reads
from metering.queries import interval_files
from metering.queries.interval_files import Form, PlaceSpan
from tests import factories
from tests.unit.metering.domain.formats.test_green_button import sample

pytestmark = pytest.mark.django_db
TODAY = date(2026, 7, 31)
AT = datetime(2026, 7, 31, 4, tzinfo=UTC)
EASTERN = LocalClock("America/New_York")


def _import(data, name="file"):
    return reads.import_file(source=io.BytesIO(data), name=name, actor=SYSTEM, today=TODAY)


def _hang(at, *, serial, code="01", since=date(2009, 1, 1), until=None):
    meter = factories.metering.meter(registers=(code,), is_interval=True, serial=serial)
    return factories.metering.installation(of=meter, at=at, start_date=since, end_date=until)


def _file(form, point, *, since=date(2012, 1, 1), until=date(2013, 1, 1), clock=EASTERN, span=None):
    spans = span or [PlaceSpan(service_point_id=point.id, start_date=since, end_date=until)]
    made = interval_files.as_file(form=form, spans=spans, name="P", sender="WATTLINE", clock=clock, created_at=AT)
    return made, b"".join(made.pieces)


@pytest.fixture
def feed_in():
    """A real feed of 15 days in the tables, with a second register."""
    factories.accounts.supplier(time_zone="America/New_York")
    point = factories.metering.service_point(external_id="9B6C7066/5446AF3F")
    _hang(point, serial="SN1")
    done = _import(sample("test_usage_data"))
    assert (done.rejected, done.interval_values) == (0, 1340)
    return point


@pytest.mark.parametrize("form", list(Form))
def test_what_goes_out_comes_in_again_value_for_value(feed_in, form):
    made, data = _file(form, feed_in)
    days = list(
        IntervalDay.objects.order_by("day_date").values_list("day_date", "values", "exponent", "total_wh", "quality")
    )
    assert sum(day[3] for day in days) == 1_391_666
    meter = IntervalDay.objects.first().register.meter
    # The same meter in an empty table: the file alone says what it measured.
    IntervalDay.objects.all().delete()
    meter.registers.update(utc_offset_minutes=None)
    again = _import(data, made.name)
    assert (again.rejected, again.interval_values) == (0, 1340 if form is not Form.NEM12 else again.interval_values)
    found = list(
        IntervalDay.objects.order_by("day_date").values_list("day_date", "values", "exponent", "total_wh", "quality")
    )
    assert sum(day[3] for day in found) == 1_391_666
    if form is not Form.NEM12:  # its days are of another clock
        assert found == days


def test_a_meter_shows_only_while_it_hung_there(feed_in):
    point = feed_in
    other = factories.metering.service_point(external_id="OTHER")
    with pytest.raises(interval_files.NoIntervalValues):
        _file(Form.CSV, other)
    _, data = _file(Form.CSV, point, since=date(2012, 3, 2), until=date(2012, 3, 3))
    lines = data.decode().splitlines()
    assert len(lines) == 97
    assert lines[1].startswith("9B6C7066/5446AF3F,SN1,01,2012-03-02T00:00:00-05:00,15,kWh,0.")
    assert lines[-1].split(",")[3] == "2012-03-02T23:45:00-05:00"


def test_two_times_of_one_place_are_one_stream_and_two_statements(feed_in, django_assert_num_queries):
    first, second = date(2012, 3, 1), date(2012, 3, 10)
    spans = [
        PlaceSpan(service_point_id=feed_in.id, start_date=day, end_date=date(2012, 3, day.day + 1))
        for day in (first, second)
    ]
    with django_assert_num_queries(2):
        found = interval_files.series(spans=spans, clock=EASTERN)
    assert [len(one) for one in found] == [192]
    assert {one.names.code for one in found} == {"01"}


def test_workbooks_hold_numbers(feed_in):
    _, data = _file(Form.XLSX, feed_in, since=date(2012, 3, 2), until=date(2012, 3, 3))
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    assert [cell.data_type for cell in sheet[2]] == ["s", "s", "s", "s", "n", "s", "n", "s"]
    assert sheet.max_row == 97


@pytest.mark.parametrize(
    ("start", "end"),
    [(date(2026, 1, 1), date(2026, 1, 1)), (date(2026, 1, 2), date(2026, 1, 1)), (date(2025, 1, 1), date(2026, 1, 3))],
)
def test_a_span_is_of_one_day_to_a_year(start, end):
    interval_files.check_span(start_date=date(2024, 1, 1), end_date=date(2025, 1, 1))
    with pytest.raises(interval_files.SpanTooLong):
        interval_files.check_span(start_date=start, end_date=end)
