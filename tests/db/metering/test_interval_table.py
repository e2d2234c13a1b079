"""The partitioned table of interval days, its view and its partitions."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from cis.platform import db
from metering.models.read import IntervalDay
from metering.operations import partitions
from tests import factories

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 5)


def test_partitions_are_made_once_for_each_month():
    first = partitions.ensure(months=[date(2031, 1, 31), date(2031, 1, 1), date(2031, 2, 1)])
    assert (first, partitions.ensure(months=[date(2031, 2, 28)])) == (2, 0)


def test_a_day_without_its_partition_is_refused():
    (register,) = factories.metering.metered(is_interval=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        IntervalDay.objects.create(
            register=register, day_date=date(1931, 1, 1), start_at=datetime(1931, 1, 1, tzinfo=UTC),
            interval_minutes=30, values=bytes(192), total_wh=0,
        )  # fmt: skip


@pytest.mark.parametrize("broken", [{"values_wh": [1] * 47}, {"interval_minutes": 7}, {"quality": "AB"}])
def test_a_day_must_be_whole(broken):
    (register,) = factories.metering.metered(is_interval=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.metering.interval_day(of=register, on=DAY, **broken)


def test_the_view_gives_each_value_of_the_version_that_holds():
    (register,) = factories.metering.metered(is_interval=True)
    factories.metering.interval_day(of=register, on=DAY)
    values = [-1, 2**31 - 1, -(2**31), *range(21)]
    quality = "A" * 23 + "N"
    factories.metering.interval_day(of=register, on=DAY, version=2, values_wh=values, exponent=-3, quality=quality)
    rows = db.fetch(
        "SELECT slot, start_at, value_wh, quality FROM metering_interval_value WHERE register_id = %s ORDER BY slot",
        [register.id],
    )
    assert [row[2] for row in rows] == [Decimal(value).scaleb(-3) for value in values]
    assert rows[0][1] == datetime(2026, 3, 4, 14, tzinfo=UTC)
    assert rows[23] == (23, datetime(2026, 3, 5, 13, tzinfo=UTC), Decimal("0.020"), "N")


def test_a_register_stays_while_days_of_it_are_kept():
    (register,) = factories.metering.metered(is_interval=True)
    factories.metering.interval_day(of=register, on=DAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        db.fetch("DELETE FROM metering_register WHERE id = %s RETURNING id", [register.id])
