"""My deposit: in plain words, never that of another account."""

from datetime import date

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from arrears.models.collection import DisconnectionOrder
from billing.models.deposit import Deposit
from tests.doors.portal.test_pages import _words
from tests.factories import accounts, contracts
from tests.factories.deposits import demanded
from tests.factories.refunds import paid_in

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)


@pytest.fixture
def world(settings):
    settings.PACK = "us-example"
    with time_machine.travel("2026-03-10T02:00:00Z", tick=False):
        accounts.supplier()
        yield contracts.world()


@pytest.fixture
def visitor(world, client):
    client.force_login(accounts.portal_user(of=world.customer))
    client.cookies["django_language"] = "en"
    return client


def test_what_it_is_what_it_earned_and_when_it_comes_back(visitor, world):
    page = reverse("portal:deposit")
    assert "You have no deposit" in _words(visitor.get(page))
    deposit_id = demanded(world.account.id, on=date(2026, 1, 5))
    assert "It is no price for electricity" in _words(visitor.get(page))
    assert "Current is switched on once it is paid." in _words(visitor.get(page))
    order = DisconnectionOrder.objects.create(
        account=world.account, service_point=world.service_point, reason="unpaid", way="crew", state="cut",
        proposed_at=timezone.now(), expires_at=timezone.now(),
    )  # fmt: skip
    owed = _words(visitor.get(reverse("portal:overdue")))
    assert "The deposit has to be paid too: ¥150.00 of it is open." in owed
    order.delete()
    paid_in(world.account.id, 15_000, on=date(2026, 1, 10))
    words = _words(visitor.get(page))
    assert "Current is switched on once" not in words
    assert "We keep <strong>¥150.00</strong> for you. It is complete since 10 Jan 2026." in words
    assert "¥0.91 more are earned and come on 5 Jan 2027" in words  # 59 days at 3.75 %
    assert "for 10 more months" in words
    visitor.post(reverse("portal:wish_deposit", args=[deposit_id]), {"wish": "paid_out"})
    assert Deposit.objects.get().is_paid_out
    assert "You want it paid out" in _words(visitor.get(page))


def test_what_is_anothers_is_not_found(visitor, world):
    other = demanded(contracts.world().account.id, on=TODAY)
    assert visitor.get(reverse("portal:deposit_receipt", args=[other])).status_code == 404
    assert visitor.post(reverse("portal:wish_deposit", args=[other]), {"wish": "paid_out"}).status_code == 404
    assert "You have no deposit" in _words(visitor.get(reverse("portal:deposit")))
