"""What the customer of a prepaid account sees: the balance, how long it lasts, what a day costs, how to top up."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.urls import reverse

from billing.models.prepay import PrepaidDay, Prepayment
from tests.factories import accounts, contracts
from tests.factories.refunds import paid_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    with time_machine.travel(datetime(2026, 3, 10, 4, tzinfo=UTC), tick=False):
        accounts.supplier()
        yield contracts.world()


@pytest.fixture
def page(world, client):
    client.force_login(accounts.portal_user(of=world.customer))
    client.cookies["django_language"] = "en"
    return lambda: client.get(reverse("portal:prepaid"))


def test_who_is_not_prepaid_has_bills(page):
    assert page()["Location"] == reverse("portal:bills")


def test_the_balance_is_large_and_tells_how_long_it_lasts(world, page, django_assert_max_num_queries):
    paid_in(world.account.id, 10_000, on=date(2026, 3, 7))
    row = Prepayment.objects.create(
        account=world.account, customer=world.customer, agreement_reference="YF-7", since_date=date(2026, 3, 7)
    )
    assert "not known yet" in page().content.decode()
    for day, cost in [(8, 0), (9, 800), (10, 2_000)]:
        on = date(2026, 3, day)
        PrepaidDay.objects.create(
            prepayment=row, day=on, billed_until=date(2026, 3, 7), rated_until=on, unbilled_minor=cost, cost_minor=cost
        )
    with django_assert_max_num_queries(16):
        words = " ".join(page().content.decode().split())
    # 80.00 are left; 10.00 a day were used.
    for text in ("¥80.00", "Lasts about 8 days", "8.00", "12.00", "Used up to 10 Mar 2026"):
        assert text in words, text
    Prepayment.objects.update(level="pending", cut_date=date(2026, 3, 12))
    assert "your supply may end from 12 Mar 2026" in page().content.decode()
