"""My credit: asked for by the customer, masked, taken back, never that of another account."""

from datetime import date

import pytest
import time_machine
from django.urls import reverse

from billing.models.settlement import Refund
from tests.doors.portal.test_pages import _words
from tests.factories import accounts, contracts
from tests.factories.refunds import asked, paid_in

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)
TYPED = {
    "amount": "40",
    "payee": "张三",
    "bank_account": "GB82 WEST 1234 5698 7654 32",
    "bank_code": "",
    "request_key": "k",
}


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


def test_a_customer_asks_for_the_credit_and_takes_it_back(visitor, world):
    page = reverse("portal:refunds")
    assert "You have no credit" in _words(visitor.get(page))
    assert visitor.post(page, TYPED).status_code == 404
    paid_in(world.account.id, 10_000, on=TODAY)
    assert "You have a credit of <strong>¥100.00</strong>" in _words(visitor.get(page))
    assert "check digits" in _words(visitor.post(page, {**TYPED, "bank_account": "GB82 WEST 1234 5698 7654 33"}))
    words = _words(visitor.post(page, TYPED, follow=True))
    assert "we look at it" in words
    assert "GB82WEST12345698765432" not in words
    visitor.post(page, TYPED)
    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.bank_account, refund.asker_id is None) == (
        4_000,
        "GB82WEST12345698765432",
        False,
    )
    visitor.post(reverse("portal:withdraw_refund", args=[refund.id]))
    refund.refresh_from_db()
    assert refund.state == "dropped"


def test_what_is_anothers_is_not_found(visitor, world):
    other = contracts.world()
    paid_in(other.account.id, 10_000, on=TODAY)
    refund_id = asked(other.account.id, 1_000, today=TODAY)
    assert visitor.post(reverse("portal:withdraw_refund", args=[refund_id])).status_code == 404
    assert "¥10.00" not in _words(visitor.get(reverse("portal:refunds")))


def test_money_that_just_came_by_the_bank_waits(visitor, world):
    paid_in(world.account.id, 10_000, on=TODAY, channel="bank")
    assert "came in only now" in _words(visitor.get(reverse("portal:refunds")))
    assert visitor.post(reverse("portal:refunds"), TYPED).status_code == 404
