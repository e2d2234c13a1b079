"""My readings: days of mine as a file, and nothing of who was there before or comes after."""

from datetime import date

import pytest
import time_machine
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse
from lxml import etree

from accounts.models.account import AccountHolder
from tests.factories import accounts, contracts, metering

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    with time_machine.travel("2026-03-10T12:00:00+08:00", tick=False):
        accounts.supplier()
        made = contracts.world()
        (register,) = metering.metered(at=made.service_point, registers=("E1",), is_interval=True)
        metering.curve(of=register, start_date=date(2026, 2, 1), end_date=date(2026, 2, 5), value_of=lambda _: 250)
        yield made


@pytest.fixture
def visitor(world, client):
    client.force_login(accounts.portal_user(of=world.customer))
    client.cookies["django_language"] = "en"
    return client


def ask(visitor, **given):
    return visitor.get(reverse("portal:readings"), {"since": "2026-02-01", "until": "2026-02-04", **given})


@pytest.mark.parametrize("form", ["green_button", "csv", "xlsx"])
def test_my_days_are_given_in_each_form(visitor, world, form):
    answer = ask(visitor, form=form)
    data = b"".join(answer.streaming_content)
    assert answer.status_code == 200
    assert world.account.number in answer["Content-Disposition"]
    if form == "green_button":
        assert len(etree.fromstring(data).findall(".//{*}IntervalReading")) == 4 * 96
        assert world.customer.name.encode() not in data


def test_the_page_asks_for_days_and_says_what_is_wrong(visitor, world):
    page = visitor.get(reverse("portal:readings")).content.decode()
    assert "Take them with you" in page
    assert "NEM12" not in page
    assert reverse("portal:readings") in visitor.get(reverse("portal:changes")).content.decode()
    assert (
        "No interval values are held"
        in ask(visitor, form="csv", since="2025-02-01", until="2025-02-02").content.decode()
    )
    assert "is no span of" in ask(visitor, form="csv", since="2024-02-01").content.decode()
    assert ask(visitor, form="nem12").status_code == 200


def test_who_takes_the_account_over_sees_only_what_was_measured_since(world, client):
    other = accounts.customer()
    AccountHolder.objects.filter(account=world.account).update(period=DateRange(date(2024, 1, 1), date(2026, 2, 3)))
    AccountHolder.objects.create(account=world.account, customer=other, period=DateRange(date(2026, 2, 3), None))
    days = {}
    for who in (world.customer, other):
        client.force_login(accounts.portal_user(of=who))
        lines = b"".join(ask(client, form="csv").streaming_content).decode().splitlines()[1:]
        days[who.id] = sorted({line.split(",")[3][:10] for line in lines})
    assert days == {world.customer.id: ["2026-02-01", "2026-02-02"], other.id: ["2026-02-03", "2026-02-04"]}


def test_a_foreign_account_is_not_there(visitor):
    foreign = contracts.world()
    assert ask(visitor, form="csv", account=foreign.account.number).status_code == 404
