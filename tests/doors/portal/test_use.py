"""When I use electricity: my hours, others like me where they are many, and sums that one can follow."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
import time_machine
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models.account import AccountHolder
from cis.kernel.periods import Period
from metering.models.behaviour import BehaviourMonth, BehaviourPeers
from metering.operations import behaviours
from tests.doors.portal.test_pages import _words
from tests.factories import accounts, billing, contracts, metering

pytestmark = pytest.mark.django_db
MONTH = Period(date(2026, 2, 1), date(2026, 3, 1))
HOURS = np.array([85] * 7 + [300] * 11 + [900] * 4 + [200] * 2)


@pytest.fixture
def world():
    with time_machine.travel("2026-03-10T12:00:00+08:00", tick=False):
        accounts.supplier()
        yield contracts.world()


@pytest.fixture
def visitor(world, client):
    client.force_login(accounts.portal_user(of=world.customer))
    client.cookies["django_language"] = "en"
    return client


def _measure(world):
    (register,) = metering.metered(
        at=world.service_point, registers=("E1",), is_interval=True, start_date=date(2026, 1, 1)
    )
    for n in range(28):
        day = MONTH.start + timedelta(days=n)
        start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=8)
        metering.interval_day(of=register, on=day, values_wh=HOURS, start_at=start)
    behaviours.look(month=MONTH, zone_name="Asia/Shanghai")


def test_my_hours_and_what_always_runs_in_money(visitor, world):
    """85 W x 8,760 h = 744.6 kWh x 0.617 yuan = 459.42 yuan; a quarter of it 186.15 kWh and 114.85 yuan."""
    _measure(world)
    billing.issued(world=world, start_date=MONTH.start, end_date=MONTH.end)
    page = visitor.get(reverse("portal:use"))
    words = _words(page)
    assert "An evening home" in words
    assert "Told from 28 days that were measured whole." in words
    assert "85 W run all the year: × 8,760 hours that is 745 kWh and ¥459.42." in words
    assert "744.6 kWh × ¥0.617 = ¥459.42" in words
    assert "A quarter of it switched off is 186 kWh and ¥114.85 less in a year." in words
    assert "using it at other hours saves nothing" in words
    assert "Each kWh less saves ¥0.617." in words
    assert "fewer than 20 others" in words
    assert reverse("portal:use") in visitor.get(reverse("portal:bills")).content.decode()
    assert reverse("portal:use") in visitor.get(reverse("portal:readings")).content.decode()


def test_counters_tell_days_and_the_comparison(visitor, world):
    row = {"service_point": world.service_point, "known_days": 0, "peers": "residential/p3-4"}
    for month, day_wh in ((1, 8_000), (2, 9_000)):
        start = date(2026, month, 1)
        BehaviourMonth.objects.create(month_date=start, day_wh=day_wh, computed_at=datetime.now(tz=UTC), **row)
    BehaviourPeers.objects.create(
        month_date=MONTH.start, peers="residential/p3-4", places=44, day_wh=10_000, quiet_wh=6_000
    )
    words = _words(visitor.get(reverse("portal:use")))
    assert "This meter is read as a whole: it does not tell hours." in words
    assert "With 43 other homes of 3 to 4 persons." in words
    assert "A mean day took 10 % less than in the middle of them." in words
    assert "A mean day, month by month" in words


def test_who_came_later_sees_no_month_of_who_was_there_before(visitor, world):
    _measure(world)
    for start, shows in ((date(2026, 2, 1), True), (date(2026, 2, 2), False)):
        AccountHolder.objects.filter(account=world.account).update(period=DateRange(start, None))
        assert ("An evening home" in _words(visitor.get(reverse("portal:use")))) is shows
    other = contracts.world()
    assert visitor.get(f"{reverse('portal:use')}?account={other.account.number}").status_code == 404


def test_without_anything_known_the_page_says_so(visitor):
    assert "Nothing is known yet" in _words(visitor.get(reverse("portal:use")))


def test_two_supplies_are_as_many_statements_as_one(visitor, world):
    def statements():
        with CaptureQueriesContext(connection) as asked:
            assert visitor.get(reverse("portal:use")).status_code == 200
        return len(asked)

    billing.issued(world=world, start_date=MONTH.start, end_date=MONTH.end)
    statements()
    one = statements()
    second = contracts.agreement(account=world.account, tariff=world.tariff)
    BehaviourMonth.objects.create(
        service_point=second.service_point,
        month_date=MONTH.start,
        known_days=0,
        day_wh=1,
        computed_at=datetime.now(tz=UTC),
    )
    assert statements() == one
