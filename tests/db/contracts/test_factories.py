"""The factories keep their promise: everyone's tests stand on them."""

import pytest

from tests import factories


@pytest.mark.django_db
def test_a_world_hangs_together():
    world = factories.contracts.world(household=5)

    term = world.agreement.terms.get()
    assert world.agreement.account == world.account
    assert world.account.holders.get().customer == world.customer
    assert (term.tariff, term.household) == (world.version.tariff, 5)
    assert term.period == world.agreement.period


@pytest.mark.django_db
def test_two_worlds_live_side_by_side():
    assert factories.contracts.world().account.number != factories.contracts.world().account.number
