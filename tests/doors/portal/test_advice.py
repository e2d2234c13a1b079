"""Would another tariff be cheaper? In plain words, for the customer's own use alone."""

from datetime import date
from itertools import pairwise

import pytest
import time_machine
from django.urls import reverse

from tests.doors.portal.test_pages import _words
from tests.factories import accounts, contracts, metering, tariffs

pytestmark = pytest.mark.django_db
CHOICE = '[choice]\nkinds = ["resident"]\n\n[labels.energy]'
MONTHS = [date(2025, month, 1) for month in range(1, 13)] + [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]


@pytest.fixture(autouse=True)
def day():
    with time_machine.travel("2026-03-10T12:00:00+08:00", tick=False):
        yield


@pytest.fixture
def world():
    accounts.supplier()
    made = contracts.world()
    (register,) = metering.metered(at=made.service_point)
    for start, end in pairwise(MONTHS):
        metering.usage(of=register, start_date=start, end_date=end, kwh=100, at=made.service_point)
    return made


@pytest.fixture
def visitor(world, client):
    client.force_login(accounts.portal_user(of=world.customer))
    client.cookies["django_language"] = "en"
    return client


def offer(price):
    source = tariffs.FLAT.replace('"flat"', '"other"').replace("0.617", price).replace("[labels.energy]", CHOICE, 1)
    tariffs.version(of=tariffs.tariff(code="other"), source=source.replace("One price", "Night owl"))


def page(visitor):
    return _words(visitor.get(reverse("portal:advice")))


def test_a_cheaper_tariff_is_named_with_what_it_saves(visitor):
    offer("0.5")
    words = page(visitor)
    assert "With “Night owl” you would have paid ¥140.40 less in a year." in words
    assert "¥140.40 less than my tariff" in words
    assert "1,200 kWh" in words
    assert "call 95598" in words
    assert reverse("portal:advice") in visitor.get(reverse("portal:bills")).content.decode()


def test_who_has_the_cheapest_tariff_is_told_so(visitor):
    offer("0.7")
    words = page(visitor)
    assert "You have the cheapest tariff already." in words
    assert "¥99.60 more than my tariff" in words


def test_too_short_a_history_is_told(visitor, world):
    world.service_point.usages.filter(start_date__lt=date(2025, 10, 1)).delete()
    assert "We know 5 months and need 12" in page(visitor)


def test_use_of_who_held_the_account_before_is_not_told(world, client):
    new = accounts.customer(name="李四")
    world.account.holders.update(period=type(world.version.period)(date(2023, 1, 1), date(2025, 12, 1)))
    world.account.holders.create(customer=new, period=type(world.version.period)(date(2025, 12, 1), None))
    client.force_login(accounts.portal_user(of=new))
    client.cookies["django_language"] = "en"
    assert "We know 3 months and need 12" in page(client)
    client.force_login(accounts.portal_user(of=world.customer))
    assert "You are not supplied on this account" in page(client)


def test_nobody_sees_the_account_of_another(visitor):
    other = contracts.world()
    assert visitor.get(f"{reverse('portal:advice')}?account={other.account.number}").status_code == 404
