"""My points, redeemed on my bill; who at my place needs electricity to live; never those of another customer."""

from datetime import date

import pytest
import time_machine
from django.db import transaction
from django.urls import reverse

from accounts.domain.loyalty import Earned
from accounts.models.care import PointsRedemption, Protection
from accounts.operations import points
from arrears.models.collection import Hold
from tests.doors.portal.test_pages import _words
from tests.factories import accounts, billing, contracts

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)


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


def earn(world, count):
    with transaction.atomic():
        points.earn_step(
            source="on_time", earned=[Earned(world.account.id, 1, TODAY, TODAY)], points=count,
            expires_date=date(2028, 3, 10),
        )  # fmt: skip


def test_a_customer_pays_a_bill_with_points_once(visitor, world):
    page = reverse("portal:points")
    assert "0 points" in _words(visitor.get(page))
    earn(world, 420)
    assert "You owe nothing now" in _words(visitor.get(page))
    billing.issued(world=world)
    words = _words(visitor.get(page))
    assert "¥4.00 with 400 points" in words
    for _ in range(2):
        visitor.post(page, {"points": "400", "key": "k"})
    row = PointsRedemption.objects.get()
    assert (row.points, row.amount_minor) == (400, 400)
    assert "20 points" in _words(visitor.get(page))
    visitor.post(page, {"points": "400", "key": "k2"})
    assert PointsRedemption.objects.count() == 1


def test_points_belong_to_who_earned_them(visitor, world):
    other = contracts.world()
    earn(other, 500)
    assert "0 points" in _words(visitor.get(reverse("portal:points")))
    visitor.post(reverse("portal:points"), {"points": "500", "key": "k"})
    assert not PointsRedemption.objects.exists()


def test_a_customer_tells_who_needs_electricity_to_live(visitor, world):
    page = reverse("portal:protections")
    assert "Tell us" in _words(visitor.get(page))
    visitor.post(page, {"person": "", "told": "oxygen"})
    assert not Protection.objects.exists()
    words = _words(visitor.post(page, {"person": "mother", "told": "oxygen at home"}, follow=True))
    assert "please bring or send us the paper" in words
    hold = Hold.objects.get()
    assert (hold.kind, hold.service_point_id) == ("life_support", world.service_point.id)
    other = contracts.world()
    assert visitor.get(page, {"account": other.account.number}).status_code == 404
