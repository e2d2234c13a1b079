"""The demo's master meters: named by the real doors, heard for eight weeks, one of them overloaded tomorrow."""

from datetime import date, timedelta

import pytest

from cis.demo import carrying
from metering.queries import network_loads
from metering.queries.network_loads import Wanted
from tests.factories import accounts, metering

pytestmark = pytest.mark.django_db


def test_one_of_three_transformers_will_be_overloaded_tomorrow():
    accounts.supplier()
    today = date(2026, 3, 10)
    for _ in range(4):
        metering.service_point(transformer=metering.transformer())
    assert carrying.build(today=today) == 2 * (3 + 3), "two days of three transformers, and of the feeder of each"
    tomorrow = {"day": today + timedelta(days=1)}
    assert network_loads.count_forecasts(wanted=Wanted(), **tomorrow) == 3
    (over,) = network_loads.forecasts(wanted=Wanted(only_over=True), **tomorrow)
    assert over.percent > 100
    assert 0 < over.error_e4 < 1_500
