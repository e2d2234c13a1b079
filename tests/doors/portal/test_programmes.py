"""Programmes in the portal: what I may join, signed by its text, mine alone, taken back and settled."""

import re

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from contracts.models.charge import OneOffCharge
from contracts.models.program import Enrollment
from contracts.operations import program_nights, programs
from tests.factories import accounts, contracts
from tests.factories.programs import CLERK, GREEN, GREEN_TARIFF, LEASE, SALE, joined, published

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def day():
    with time_machine.travel("2026-03-10T12:00:00+08:00", tick=False) as travel:
        yield travel


@pytest.fixture
def world():
    accounts.supplier()
    return contracts.world(source=GREEN_TARIFF)


@pytest.fixture
def visitor(world, client):
    client.force_login(accounts.portal_user(of=world.customer))
    client.cookies["django_language"] = "en"
    return client


def _words(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def page(visitor, name, *args, **query):
    return _words(visitor.get(reverse(f"portal:{name}", args=args), query))


def sign(visitor, card, **values):
    given = {
        "sha256": card.sha256, "accepted": "on", "signed_name": "张三", "start_date": "2026-03-10", "request_key": "k",
    }  # fmt: skip
    return _words(visitor.post(reverse("portal:sign_programme", args=[card.id]), given | values, follow=True))


def today():
    return timezone.localdate()


def test_what_i_may_join_is_told_with_its_cost_and_joined_once(visitor):
    card = published(LEASE, name_en="Heat pump lease")
    published(LEASE, name_en="For works", customer_classes=("industrial",))
    words = page(visitor, "programmes")
    assert "Heat pump lease" in words
    assert "¥199.00 a month" in words
    assert "For works" not in words
    words = page(visitor, "programme_offer", card.id)
    assert "You rent: Heat pump, for 12 months." in words
    assert "The parties agree as follows." in words
    for _ in range(2):
        words = sign(visitor, card)
    assert "In force" in words
    row = Enrollment.objects.get()
    assert (row.signed_by, row.signed_sha256, row.signed_name) == ("portal", card.sha256, "张三")
    assert "Heat pump lease" in page(visitor, "programmes")
    assert visitor.get(reverse("portal:programme_offer", args=[card.id])).status_code == 404


@pytest.mark.parametrize("wrong", [{"accepted": ""}, {"sha256": "0" * 64}, {"signed_name": ""}])
def test_nothing_is_signed_that_was_not_accepted(visitor, wrong):
    card = published(LEASE)
    sign(visitor, card, **wrong)
    assert not Enrollment.objects.exists()


def test_a_programme_of_somebody_else_is_not_found(visitor):
    other = contracts.world()
    made = joined(published(LEASE), account_id=other.account.id, start=today())
    for name in ("programme", "leave_programme", "accept_programme"):
        call = visitor.get if name == "programme" else visitor.post
        assert call(reverse(f"portal:{name}", args=[made])).status_code == 404
    assert Enrollment.objects.get().state == "running"


def test_what_staff_offered_is_accepted_here(visitor, world):
    card = published(SALE)
    made = programs.offer(
        program_id=card.id, account_id=world.account.id, start_date=today(), request_key="k", today=today(), actor=CLERK
    )
    assert "You have not signed it" in page(visitor, "programme", made)
    given = {"sha256": card.sha256, "accepted": "on", "signed_name": "张三"}
    visitor.post(reverse("portal:accept_programme", args=[made]), given)
    assert Enrollment.objects.get().state == "running"


def test_settling_early_shows_what_it_costs_and_does_it(visitor, world):
    made = joined(published(SALE), account_id=world.account.id, start=today())
    program_nights.day(today=today())
    words = page(visitor, "programme", made, on="2026-03-25")
    assert "Rest of the price ¥2,000.00" in words
    assert "It is settled on the day itself" in words
    visitor.post(reverse("portal:leave_programme", args=[made]), {"action": "end"})
    assert Enrollment.objects.get().state == "settled"
    assert OneOffCharge.objects.get(kind="early_settlement").amount_minor == 200_000


def test_a_package_ends_on_the_day_that_i_choose(visitor, world):
    made = joined(published(GREEN), account_id=world.account.id, start=today())
    visitor.post(reverse("portal:leave_programme", args=[made]), {"action": "end", "on": "2026-04-01"})
    row = Enrollment.objects.get()
    assert (row.state, row.period.upper.isoformat()) == ("running", "2026-04-01")


def test_it_is_taken_back_in_time_and_not_later(visitor, world, day):
    made = joined(published(GREEN), account_id=world.account.id, start=today())
    assert "you may take it back, without a reason" in page(visitor, "programme", made)
    day.move_to("2026-03-20T12:00:00+08:00")
    visitor.post(reverse("portal:leave_programme", args=[made]), {"action": "cancel"})
    assert Enrollment.objects.get().state == "running"
    day.move_to("2026-03-17T12:00:00+08:00")
    visitor.post(reverse("portal:leave_programme", args=[made]), {"action": "cancel"})
    assert Enrollment.objects.get().state == "cancelled"
