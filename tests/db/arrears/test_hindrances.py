"""What other rooms know, as they are bound: money that is held or debited, supplies in the dark; and too many cuts."""

from datetime import date
from io import BytesIO

import pytest
import time_machine

from arrears.models.collection import CollectionCase, DisconnectionOrder
from arrears.operations import dunning
from arrears.operations.disconnections import NotToBeCut, TooManyCuts
from arrears.queries import rules
from cashiering.models.checkout import Checkout
from cashiering.models.debit import Debit
from cashiering.operations import debits, posting, statements
from cis.kernel.actors import SYSTEM
from metering.models.command import DeviceCommand
from metering.models.outage import Outage, OutageSupply
from tests.db.arrears import test_disconnections as cuts
from tests.db.arrears.racing import Racers
from tests.db.arrears.test_disconnections import (  # noqa: F401 (fixtures)
    BOTH,
    CHIEF,
    CUT_AT,
    DAY,
    OrderState,
    _quiet,
    deliver,
    dispatch,
    ready,
    reasons,
    state,
    world,
)
from tests.factories import bank_files, billing, contracts
from tests.factories.bank_files import Movement
from tests.factories.debits import CLERK, at, listen, night, signed

pytestmark = pytest.mark.django_db(transaction=True)
BOUNCING = 60
"""kWh of a bill whose debits the sandbox sends back."""


def held_by(world, when=CUT_AT):  # noqa: F811
    """What the ladder of an account waits for, after its night."""
    with time_machine.travel(when, tick=False):
        dunning.night(when)
    return CollectionCase.objects.get(account=world.account, closed_date=None).held_by


def refused(order_id):
    with pytest.raises(NotToBeCut) as refusal:
        dispatch(order_id)
    return [one["code"] for one in refusal.value.detail["blockers"]]


def test_money_that_a_provider_holds_stops_ladder_and_cut_until_a_person_has_decided(world):  # noqa: F811
    """It is of another amount than was asked for, and lies with us: who paid it is not cut off meanwhile."""
    order_id = ready(world)
    row = Checkout.objects.create(
        account=world.account, provider="sandbox", reference="C1", amount_minor=6_170, currency="CNY", origin="portal",
        created_at=CUT_AT - 30 * DAY, expires_at=CUT_AT - 29 * DAY, state="held", said_minor=6_169,
    )  # fmt: skip
    assert refused(order_id) == ["pending_payment"]
    assert held_by(world) == "pending_payment"
    Checkout.objects.filter(id=row.id).update(state="reversed")
    assert held_by(world, CUT_AT + DAY) == ""
    dispatch(order_id)


def test_an_outage_of_the_supplier_stops_ladder_and_cut_while_it_lasts(world):  # noqa: F811
    order_id = ready(world)
    outage = Outage.objects.create(scope="single", service_point=world.service_point, began_at=CUT_AT - DAY)
    dark = OutageSupply.objects.create(outage=outage, service_point=world.service_point, off_at=CUT_AT - DAY)
    assert reasons(order_id) == []  # nobody has confirmed what was reported
    Outage.objects.update(state="confirmed")
    assert refused(order_id) == ["outage"]
    assert held_by(world) == "outage"
    OutageSupply.objects.filter(id=dark.id).update(back_at=CUT_AT - DAY / 2)
    assert reasons(order_id) == []  # it has current again, while the rest of the outage goes on
    Outage.objects.update(state="restored", restored_at=CUT_AT)
    assert held_by(world, CUT_AT + DAY) == ""
    dispatch(order_id)


def test_a_debit_under_way_stops_ladder_and_cut_and_one_that_came_back_does_not():
    world = contracts.world()  # noqa: F811
    cuts.metering.installation(of=cuts.metering.meter(switch="on"), at=world.service_point)
    billing.issued(world=world, kwh=BOUNCING)
    signed(world, on=date(2026, 2, 2))
    for day in (date(2026, 2, 3), date(2026, 2, 14)):
        night(day)
    assert held_by(world, at(date(2026, 2, 22), 9)) == "pending_payment"
    order = DisconnectionOrder.objects.create(
        account=world.account, service_point=world.service_point, customer_class="residential", way="remote",
        reason="unpaid", proposed_at=CUT_AT, expires_at=CUT_AT + DAY,
    )  # fmt: skip
    assert "below_least" in reasons(order.id)  # the bill that is debited does not count
    listen(date(2026, 2, 25))
    for day in (date(2026, 2, 28), date(2026, 3, 3), date(2026, 3, 5), date(2026, 3, 9)):
        night(day)
    assert set(Debit.objects.values_list("state", flat=True)) == {"returned"}
    assert held_by(world, at(date(2026, 3, 10), 9)) == ""
    assert "below_least" not in reasons(order.id)


def test_a_held_debit_that_nobody_looks_at_stops_the_ladder_for_some_days_and_the_cut_for_good():
    world = contracts.world()  # noqa: F811
    cuts.metering.installation(of=cuts.metering.meter(switch="on"), at=world.service_point)
    billing.issued(world=world, kwh=BOUNCING)
    signed(world, on=date(2026, 2, 2), limit_minor=1)
    night(date(2026, 2, 21))  # a Saturday in the holidays: persons have from Tuesday to Thursday
    assert Debit.objects.get().state == "held"
    assert held_by(world, at(date(2026, 2, 26), 9)) == "pending_payment"
    assert held_by(world, at(date(2026, 2, 27), 9)) == ""
    order = DisconnectionOrder.objects.create(
        account=world.account, service_point=world.service_point, customer_class="residential", way="remote",
        reason="unpaid", proposed_at=CUT_AT, expires_at=CUT_AT + DAY,
    )  # fmt: skip
    assert "below_least" in reasons(order.id)
    debits.drop(debit_id=Debit.objects.get().id, actor=CLERK)
    assert "below_least" not in reasons(order.id)


def test_a_line_of_the_bank_brings_current_back(world):  # noqa: F811
    order_id = ready(world)
    dispatch(order_id)
    deliver()
    assert state(order_id) == OrderState.CUT
    line = Movement(amount_minor=6_170, reference="R1", text=world.account.number, name=world.customer.name)
    today = date(2026, 3, 6)
    statements.take(source=BytesIO(bank_files.camt([line])), name="bank.xml", today=today, actor=SYSTEM)
    while posting.post_chunk(today=today):
        pass
    assert state(order_id) == OrderState.RESTORING


def test_from_the_bound_on_a_supervisor_who_did_not_propose_it_lets_each_cut_of_a_day_go(world, monkeypatch):  # noqa: F811
    monkeypatch.setattr(rules, "cut_bound", lambda **_: 3)
    first, second, third = ready(world), ready(cuts.supplied()), ready(cuts.supplied(), actor=BOTH)
    dispatch(first)
    dispatch(second)
    for actor in (cuts.CLERK, BOTH):
        with pytest.raises(TooManyCuts):
            cuts.disconnections.dispatch(order_id=third, at=CUT_AT, actor=actor)
    assert (state(third), DeviceCommand.objects.count()) == (OrderState.REMINDED, 2)
    cuts.disconnections.dispatch(order_id=third, at=CUT_AT, actor=CHIEF)
    assert state(third) == OrderState.DISPATCHED


def test_two_cuts_at_once_do_not_both_pass_the_bound(world, monkeypatch):  # noqa: F811
    monkeypatch.setattr(rules, "cut_bound", lambda **_: 2)
    orders = [ready(world), ready(cuts.supplied())]
    too_many = []

    def send(order_id):
        try:
            dispatch(order_id)
        except TooManyCuts:
            too_many.append(order_id)

    with Racers(2) as racers:
        racers.race(*(lambda order_id=order_id: send(order_id) for order_id in orders))
    assert (len(too_many), DeviceCommand.objects.count()) == (1, 1)
