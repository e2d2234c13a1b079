"""What clears a debt or protects somebody, at the very moment when the supply is being cut off."""

from collections import Counter

import pytest

from arrears.domain.cut_facts import HoldKind
from arrears.domain.disconnection import OrderState
from arrears.models.collection import Hold
from arrears.operations import holds, prepaid_cuts
from metering.models.command import DeviceCommand
from tests.db.arrears import test_disconnections as postpaid
from tests.db.arrears import test_prepaid_cuts as prepaid
from tests.db.arrears.racing import TURNS, Racers, kept
from tests.db.arrears.test_disconnections import CLERK, CUT_AT, MINUTE, dispatch, ready, reasons, state

pytestmark = pytest.mark.django_db(transaction=True)
world, _quiet = postpaid.world, postpaid._quiet


def turns(broom, *deeds, count=TURNS):
    """Let the deeds race from the same start; yield after each race."""
    with Racers(len(deeds)) as racers, kept(broom) as bring_back:
        for turn in range(count):
            if turn:
                bring_back()
            racers.race(*deeds)
            yield


def test_a_payment_that_races_the_dispatch_is_never_lost(world, broom):
    order_id, ends = ready(world), Counter()
    for _ in turns(broom, lambda: dispatch(order_id), lambda: postpaid.pay(world)):
        end = state(order_id)
        assert end in {OrderState.CANCELLED, OrderState.RECALLED}
        assert DeviceCommand.objects.exists() == (end == OrderState.RECALLED)
        ends[end] += 1
    assert len(ends) == 2, "one of them was always first: that is no race"


def test_a_life_support_flag_that_races_the_dispatch_comes_first_or_takes_it_back(world, broom):
    order_id, ends = ready(world), Counter()

    def flag():
        holds.place(
            account_id=world.account.id, kind=HoldKind.LIFE_SUPPORT, evidence="c 5", at=CUT_AT - MINUTE, actor=CLERK
        )

    for _ in turns(broom, lambda: dispatch(order_id), flag):
        is_out = state(order_id) == OrderState.RECALLED
        assert DeviceCommand.objects.exists() == is_out
        assert Hold.objects.filter(kind="life_support", until_at=None).count() == 1
        # To ask for all that stands against it takes as long as a race: it is asked where the flag came first at first.
        assert is_out or ends[False] or reasons(order_id) == ["life_support"]
        ends[is_out] += 1
    assert len(ends) == 2, "one of them was always first: that is no race"


def test_money_that_races_the_night_of_prepaid_cuts_is_never_lost(broom, settings):
    settings.SMS_GATEWAY = "sandbox"
    with prepaid.time_machine.travel(prepaid.AT, tick=True):
        dark = prepaid.darkened()
        for _ in turns(broom, lambda: prepaid_cuts.work(prepaid.AT), lambda: prepaid.pay(dark), count=TURNS // 160):
            states = prepaid.states()
            assert states in ([], ["cancelled"], ["recalled"])
            assert DeviceCommand.objects.exists() == (states == ["recalled"])
