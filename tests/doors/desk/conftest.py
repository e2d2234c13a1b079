"""A supplier on the 10th of March 2026 with one customer whose meter was read and billed for two months."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date

import pytest
import time_machine

from accounts.models.account import Account
from accounts.models.customer import Customer
from billing.models.bill import Bill
from cis.kernel.enums import Role
from cis.kernel.text import bigrams
from contracts.models.agreement import ServiceAgreement
from metering.models.device import Register
from tariffs.models.tariff import Tariff
from tests.factories import accounts, billing, contracts, metering

TODAY = date(2026, 3, 10)
ALL = (Role.CLERK, Role.CASHIER, Role.BILLING, Role.METERING, Role.SUPERVISOR)


@dataclass(frozen=True)
class Billed:
    customer: Customer
    account: Account
    agreement: ServiceAgreement
    tariff: Tariff
    register: Register
    bills: list[Bill]


@pytest.fixture
def supplier(db, settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    settings.LANGUAGE_CODE = "en"
    with time_machine.travel("2026-03-10T02:00:00Z", tick=False):
        yield accounts.supplier()


@pytest.fixture
def billed(supplier):
    return make_billed()


@pytest.fixture
def desk(supplier, client):
    """A browser of somebody who may do everything, in English."""
    return sign_in(client, *ALL)


def make_billed(*, name: str = "张三丰", months: int = 2, address: str = "上海市黄浦区南京东路88号") -> Billed:
    world = contracts.world()
    customer = world.customer
    customer.name = name
    customer.search_grams = bigrams(name)
    customer.save()
    accounts.contact_point(of=customer)
    premises = world.service_point.premises
    premises.address = address
    premises.search_grams = bigrams(address)
    premises.save()
    (register,) = hang(world.service_point)
    for month in range(months):
        start, end = date(2026, 1 + month, 1), date(2026, 2 + month, 1)
        metering.read(of=register, on=start, kwh=1_000 + month * 100)
        metering.usage(of=register, start_date=start, end_date=end, kwh=100, at=world.service_point)
    metering.read(of=register, on=date(2026, 1 + months, 1), kwh=1_000 + months * 100)
    bills = [
        billing.issued(world=world, start_date=date(2026, 1 + m, 1), end_date=date(2026, 2 + m, 1))
        for m in range(months)
    ]
    return Billed(customer, world.account, world.agreement, world.tariff, register, bills)


def hang(place):
    meter = metering.meter()
    metering.installation(of=meter, at=place)
    return tuple(meter.registers.all())


def sign_in(client, *roles, **values):
    client.force_login(
        accounts.staff(*roles, first_name="王敏", language="en", **values),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    client.cookies["django_language"] = "en"
    return client


def twice(page):
    """Return the ids that a page gives to more than one element."""
    counted = Counter(re.findall(r'\sid="([^"]*)"', page))
    return sorted(name for name, count in counted.items() if count > 1)
