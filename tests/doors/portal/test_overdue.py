"""What a customer sees of what is overdue: the sum of today, what follows and when, what is announced."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from arrears.domain.cut_facts import HoldKind
from arrears.models.collection import CollectionMove, DisconnectionOrder
from arrears.operations import dunning, holds
from billing.operations import write_offs
from billing.operations.write_offs import NewWriteOff
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from tests.factories import accounts, billing, contracts

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 4, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def day():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def world():
    accounts.supplier(bank_account="6200 1")
    return contracts.world()


@pytest.fixture
def page(world, client):
    client.force_login(accounts.portal_user(of=world.customer))
    client.cookies["django_language"] = "en"

    def read():
        return " ".join(client.get(reverse("portal:overdue")).content.decode().split())

    return read


def test_the_page_says_what_is_to_be_paid_today_what_follows_and_what_is_announced(world, page):
    assert "Nothing is overdue" in page()
    billing.issued(world=world)  # 61.70, due on 21 February: 17 days at 1 per mille are 1.05
    dunning.night(NOW)
    words = page()
    assert "62.75" in words
    assert "You get the next demand in writing." not in words
    assert "We call you in the next days." in words
    CollectionMove.objects.update(proven_at=NOW, proof="R")
    dunning.night(NOW + DAY)
    hold_id = holds.place(
        account_id=world.account.id, kind=HoldKind.DISPUTE, evidence="c 1", at=NOW, actor=SYSTEM
    )  # fmt: skip
    assert "We do not pursue this at present." in page()
    holds.lift(hold_id=hold_id, reason="settled", at=NOW + DAY, actor=SYSTEM)
    assert "From 17 Mar 2026 on we call you." in page()
    DisconnectionOrder.objects.create(
        account=world.account, service_point=world.service_point, way="remote", reason="unpaid", state="approved",
        proposed_at=NOW, expires_at=NOW + 9 * DAY, slot_start_at=NOW + 5 * DAY, slot_end_at=NOW + 6 * DAY,
    )  # fmt: skip
    assert "Your supply is to be interrupted on" in page()


def test_somebody_elses_debt_is_not_shown(world, page):
    other = contracts.world()
    billing.issued(world=other)
    assert "Nothing is overdue" in page()


def test_what_was_given_up_is_said_plainly(world, page):
    billing.issued(world=world, start_date=date(2022, 1, 1), end_date=date(2022, 2, 1))
    clerk, boss = (
        Actor(ActorKind.STAFF, number, "x", frozenset({role}))
        for number, role in ((901, Role.CLERK), (902, Role.SUPERVISOR))
    )
    new = NewWriteOff(account_id=world.account.id, reason="too_old", evidence="letters", key="k")
    made = write_offs.propose(new=new, today=NOW.date(), actor=clerk)
    assert "not demanded any more" not in page()
    write_offs.decide(write_off_id=made, is_agreed=True, today=NOW.date(), actor=boss)
    assert "61.70 of older bills are not demanded any more" in page()
    assert "Nothing is overdue" in page()
