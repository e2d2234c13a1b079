"""Feeds of Green Button, from the bytes to the tables."""

import io
from datetime import date, datetime

import pytest

from cis.kernel.actors import SYSTEM
from metering.models.read import IntervalDay, ReadFile, ReadRejection
from metering.operations import reads
from tests import factories
from tests.unit.metering.domain.formats.test_green_button import (
    START,
    block,
    feed,
    kind,
    meter_reading,
    reading,
    sample,
    usual,
)

pytestmark = pytest.mark.django_db
TODAY = date(2026, 7, 31)


def _import(data, name="file.xml"):
    return reads.import_file(source=io.BytesIO(data), name=name, actor=SYSTEM, today=TODAY)


def _hang(*, at, codes=("E1",), since=date(2009, 1, 1)):
    meter = factories.metering.meter(registers=codes, is_interval=True)
    point = factories.metering.service_point(external_id=at)
    factories.metering.installation(of=meter, at=point, start_date=since)
    return meter


def test_a_day_of_a_feed_is_a_day_of_the_register():
    factories.accounts.supplier()
    _hang(at="P1")
    done = _import(usual(*[reading(START + hour * 3600, value=1_000 + hour) for hour in range(24)]))
    assert (done.format, done.interval_days, done.interval_values, done.rejected) == ("green_button", 1, 24, 0)
    day = IntervalDay.objects.get()
    assert (day.day_date, day.interval_minutes, day.total_wh, day.quality) == (date(2026, 7, 1), 60, 24_276, "A")


def test_a_year_with_two_clock_changes_loses_nothing():
    factories.accounts.supplier(time_zone="America/Los_Angeles")
    _hang(at="9b6c7063/01", codes=("01",))
    done = _import(sample("Coastal_Multi_Family_Jan_1_2011_to_Jan_1_2012"))
    assert (done.rejected, done.interval_values) == (0, 8_759)
    days = list(IntervalDay.objects.order_by("day_date"))
    assert (len(days), sum(day.total_wh for day in days)) == (365, 4_425_305)
    # The first hour is that of 0:00 on New Year's Day in California.
    assert (days[0].day_date, days[0].start_at) == (date(2011, 1, 1), datetime.fromisoformat("2011-01-01T08:00:00Z"))
    assert [remark.code for remark in done.remarks] == ["intervals_shared"]


def test_unknown_places_and_other_commodities_are_told_and_the_rest_is_kept():
    factories.accounts.supplier()
    _hang(at="P1")
    stranger, water = "UsagePoint/P2/MeterReading/E1", "UsagePoint/P1/MeterReading/W1"
    done = _import(
        feed(
            kind(), kind(path="ReadingType/2", commodity=9, uom=128),
            meter_reading(), meter_reading(stranger), meter_reading(water, of="ReadingType/2"),
            block(reading()), block(reading(), stream=stranger), block(reading(), stream=water),
        )
    )  # fmt: skip
    assert (done.interval_values, done.rejected) == (1, 2)
    assert set(ReadRejection.objects.values_list("code", flat=True)) == {"unknown_service_point", "not_electricity"}


def test_a_broken_feed_leaves_nothing():
    factories.accounts.supplier()
    _hang(at="P1")
    with pytest.raises(reads.FileRefused):
        _import(usual(*[reading(START + hour * 3600) for hour in range(24)])[:-10])
    assert not ReadFile.objects.exists()
    assert not IntervalDay.objects.exists()
