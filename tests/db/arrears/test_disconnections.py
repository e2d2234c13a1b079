"""Orders of disconnection: from proposal to current that flows again, and what races with them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.utils import timezone

from arrears.domain.cut_facts import HoldKind
from arrears.domain.disconnection import OrderState
from arrears.models.collection import CollectionCase, CollectionMove, DisconnectionOrder
from arrears.operations import cutting, disconnections, holds
from arrears.operations.disconnections import NotToBeCut, OrderStands, SamePerson
from arrears.operations.holds import BadHold, NeedsAnother
from arrears.queries import cuts
from billing.domain.channels import PaymentChannel
from billing.operations import payments
from billing.operations.unpaid_deposits import DepositUnpaid
from cashiering.models.checkout import Checkout
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform import jobs, outbox
from cis.platform.models import Deadline, OutboxMessage
from metering.domain.announcements import WorkOrderDone
from metering.domain.work_orders import Outcome, WorkKind
from metering.models.command import DeviceCommand, SandboxMeter
from metering.models.work import WorkOrder
from tests.db.arrears.racing import Racers
from tests.factories import accounts, billing, contracts, deposits, metering, work

pytestmark = pytest.mark.django_db(transaction=True)
ZONE = ZoneInfo("Asia/Shanghai")
CUT_AT = datetime(2026, 4, 15, 10, 0, tzinfo=ZONE)
"""A Wednesday; the bill was due on 21 February."""
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
CLERK = Actor(ActorKind.STAFF, 11, "Li", frozenset({Role.BILLING}))
CHIEF = Actor(ActorKind.STAFF, 12, "Wang", frozenset({Role.SUPERVISOR}))
BOTH = Actor(ActorKind.STAFF, 13, "Zhao", frozenset({Role.BILLING, Role.SUPERVISOR}))


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    accounts.supplier()


@pytest.fixture
def world():
    return supplied()


def supplied():
    """An account whose bill is overdue, with all demands that the ladder asks for, and a meter that can be told."""
    made = contracts.world()
    meter = metering.meter(switch="on")
    metering.installation(of=meter, at=made.service_point)
    billing.issued(world=made)
    case = CollectionCase.objects.create(account=made.account, opened_date=CUT_AT.date(), customer_class="residential")
    for step in ("text", "letter"):
        at = CUT_AT - 20 * DAY
        CollectionMove.objects.create(case=case, step=step, channel=step, done_at=at, proven_at=at, proof="R1")
    return made


def propose(world, actor=CLERK, **values):
    given = {"account_id": world.account.id, "service_point_id": world.service_point.id, "reason": "unpaid"}
    return disconnections.propose(**given | {"at": CUT_AT - 6 * DAY, "actor": actor} | values)


def ready(world, **values):
    """An order that may be dispatched at CUT_AT."""
    order_id = propose(world, **values)
    assert disconnections.approve(order_id=order_id, at=CUT_AT - 6 * DAY, actor=CHIEF)
    disconnections.notice(
        order_id=order_id, proven_at=CUT_AT - 5 * DAY, proof="R2", slot_start_at=CUT_AT - 60 * MINUTE,
        slot_end_at=CUT_AT + 60 * MINUTE, at=CUT_AT - 4 * DAY, actor=CLERK,
    )  # fmt: skip
    disconnections.remind(order_id=order_id, proof="call 7", at=CUT_AT - 31 * MINUTE, actor=CLERK)
    return order_id


def dispatch(order_id, at=CUT_AT):
    disconnections.dispatch(order_id=order_id, at=at, actor=CLERK)


def pay(world, amount_minor=6_170, reference="r1"):
    day = timezone.localdate()
    payments.receive(
        account_id=world.account.id, amount_minor=amount_minor, channel=PaymentChannel.BANK, reference=reference,
        received_date=day, today=day, actor=SYSTEM,
    )  # fmt: skip


def deliver():
    OutboxMessage.objects.filter(state="waiting").exclude(kind__contains="notice").update(
        due_at=timezone.now() - timedelta(seconds=1)
    )
    outbox.deliver_due()


def state(order_id):
    return OrderState(DisconnectionOrder.objects.get(id=order_id).state)


def reasons(order_id, at=CUT_AT):
    return [one.code for one in cuts.one(order_id=order_id, at=at).blockers]


def test_a_supply_is_cut_off_and_comes_back_when_its_debts_are_paid(world):
    order_id = ready(world)
    assert reasons(order_id) == []
    dispatch(order_id)
    deliver()
    assert state(order_id) == OrderState.CUT
    pay(world, 6_169)
    assert state(order_id) == OrderState.CUT
    pay(world, 1, "r2")
    assert state(order_id) == OrderState.RESTORING
    clock = Deadline.objects.get(subject="disconnection", subject_id=order_id)
    assert clock.due_at - clock.started_at == timedelta(hours=24)
    deliver()
    assert state(order_id) == OrderState.RESTORED
    assert Deadline.objects.get(id=clock.id).in_time
    commands = DeviceCommand.objects.order_by("id").values_list("command", "state")
    assert list(commands) == [("switch_off", "succeeded"), ("switch_on", "succeeded")]


def test_current_comes_back_only_once_a_deposit_that_was_demanded_is_paid_too(world):
    order_id = ready(world)
    dispatch(order_id)
    deliver()
    day = timezone.localdate()
    deposit_id = deposits.demanded(world.account.id, on=day, cause="temporary_supply", amount_minor=20_000)
    pay(world)
    assert state(order_id) == OrderState.CUT
    with pytest.raises(DepositUnpaid):
        disconnections.restore(order_id=order_id, reason="he promised", at=timezone.now(), actor=CHIEF)
    pay(world, 19_999, "r2")
    cutting.sweep(timezone.now())
    assert state(order_id) == OrderState.CUT
    pay(world, 1, "r3")
    assert state(order_id) == OrderState.RESTORING
    assert deposits.shown(deposit_id, on=day).card.standing == "held"


def test_who_lets_supply_begin_before_its_deposit_is_paid_restores_it_and_a_life_waits_for_none(world):
    order_id = ready(world)
    dispatch(order_id)
    deliver()
    day = timezone.localdate()
    deposit_id = deposits.demanded(world.account.id, on=day, cause="temporary_supply", amount_minor=20_000)
    pay(world)
    with transaction.atomic():
        holds.place_step(
            account_id=world.account.id, kind=HoldKind.LIFE_SUPPORT, evidence="c 5", at=CUT_AT, actor=CLERK
        )
        assert state(order_id) == OrderState.RESTORING
        transaction.set_rollback(True)
    deposits.asked(deposit_id, "supply", on=day, actor=deposits.BILLER)
    assert state(order_id) == OrderState.RESTORING


def test_an_online_payment_under_way_keeps_the_supply_on_for_some_days(world):
    order_id = ready(world)
    row = Checkout.objects.create(
        account=world.account, provider="sandbox", reference="C1", amount_minor=6_170, currency="CNY", origin="portal",
        created_at=CUT_AT - 71 * timedelta(hours=1), expires_at=CUT_AT, state="created",
    )  # fmt: skip
    assert reasons(order_id) == []  # who only looked at a page has paid nothing
    Checkout.objects.filter(id=row.id).update(state="pending")
    with pytest.raises(NotToBeCut) as refused:
        dispatch(order_id)
    assert [one["code"] for one in refused.value.detail["blockers"]] == ["pending_payment"]
    Checkout.objects.filter(id=row.id).update(created_at=CUT_AT - 73 * timedelta(hours=1))
    assert reasons(order_id) == []


def test_nothing_is_dispatched_while_something_stands_against_it(world):
    order_id = ready(world)
    for at, code in [(CUT_AT - 2 * MINUTE, "reminder_fresh"), (CUT_AT + 61 * MINUTE, "outside_slot")]:
        with pytest.raises(NotToBeCut) as refused:
            dispatch(order_id, at)
        assert code in [one["code"] for one in refused.value.detail["blockers"]]
    hold_id = holds.place(
        account_id=world.account.id,
        kind=HoldKind.LIFE_SUPPORT,
        evidence="certificate 5",
        at=CUT_AT - MINUTE,
        actor=CLERK,
    )
    assert reasons(order_id) == ["life_support"]
    with pytest.raises(NotToBeCut):
        dispatch(order_id)
    assert not DeviceCommand.objects.exists()
    assert not holds.lift(hold_id=hold_id, reason="device returned", at=CUT_AT, actor=CLERK)
    with pytest.raises(NeedsAnother):
        holds.lift(hold_id=hold_id, reason="device returned", at=CUT_AT, actor=CLERK)
    with pytest.raises(NotToBeCut):
        dispatch(order_id)
    assert holds.lift(hold_id=hold_id, reason="device returned", at=CUT_AT, actor=CHIEF)
    dispatch(order_id)
    assert DeviceCommand.objects.get().command == "switch_off"


def test_a_second_person_agrees_and_a_place_has_one_order(world):
    order_id = propose(world, actor=BOTH)
    with pytest.raises(SamePerson):
        disconnections.approve(order_id=order_id, at=CUT_AT - 6 * DAY, actor=BOTH)
    with pytest.raises(NotAllowed):
        disconnections.approve(order_id=order_id, at=CUT_AT - 6 * DAY, actor=CLERK)
    with pytest.raises(OrderStands):
        propose(world)
    with pytest.raises(IllegalMove):
        dispatch(order_id)


def test_who_owes_nothing_old_is_not_even_proposed(world):
    with pytest.raises(NotToBeCut) as refused:
        propose(world, at=datetime(2026, 3, 23, 10, tzinfo=ZONE))
    assert [one["code"] for one in refused.value.detail["blockers"]][:1] == ["too_young"]
    pay(world)
    with pytest.raises(NotToBeCut):
        propose(world)
    assert not DisconnectionOrder.objects.exists()


def test_a_payment_cancels_an_order_that_was_not_dispatched(world):
    order_id = ready(world)
    pay(world)
    assert state(order_id) == OrderState.CANCELLED


def test_a_payment_after_the_dispatch_takes_the_command_back(world):
    order_id = ready(world)
    dispatch(order_id)
    pay(world)
    assert state(order_id) == OrderState.RECALLED
    OutboxMessage.objects.filter(kind="device_command").update(due_at=timezone.now() + DAY)
    outbox.deliver_due()
    assert state(order_id) == OrderState.CANCELLED
    assert DeviceCommand.objects.get().state == "cancelled"


def test_a_meter_that_did_it_before_it_could_be_taken_back_is_switched_on_at_once(world):
    order_id = ready(world)
    dispatch(order_id)
    command_id = DeviceCommand.objects.get().id
    DeviceCommand.objects.filter(id=command_id).update(state="sent", sent_at=timezone.now())
    assert disconnections.cancel(order_id=order_id, reason="mistake", at=CUT_AT, actor=CHIEF) == OrderState.RECALLED
    deliver()
    assert DeviceCommand.objects.filter(command="switch_on").exists()
    deliver()
    assert state(order_id) == OrderState.RESTORED


def test_a_crew_restores_where_the_meter_refuses_to(world):
    serial = world.service_point.installations.get().meter.serial
    order_id = ready(world)
    dispatch(order_id)
    deliver()
    SandboxMeter.objects.update_or_create(serial=serial, defaults={"behaviour": "refuses"})
    pay(world)
    deliver()
    assert state(order_id) == OrderState.RESTORING
    assert WorkOrder.objects.get().kind == "reconnect"


def test_who_is_found_to_live_by_a_device_has_current_again_at_once(world):
    order_id = ready(world)
    dispatch(order_id)
    deliver()
    given = {"account_id": world.account.id, "evidence": "c 5", "at": CUT_AT, "actor": CLERK}
    holds.place(**given, kind=HoldKind.COMPLAINT)
    assert state(order_id) == OrderState.CUT
    holds.place(**given, kind=HoldKind.LIFE_SUPPORT)
    assert state(order_id) == OrderState.RESTORING
    deliver()
    assert state(order_id) == OrderState.RESTORED


def test_a_hold_of_a_place_protects_it_whoever_owes_there(world):
    """Life support was known by the account of another supply; the place is named, and its current comes back."""
    order_id = ready(world)
    dispatch(order_id)
    deliver()
    other = contracts.world()
    holds.place(
        account_id=other.account.id, kind=HoldKind.LIFE_SUPPORT, evidence="c 6", at=CUT_AT, actor=CLERK,
        service_point_id=world.service_point.id,
    )  # fmt: skip
    assert state(order_id) == OrderState.RESTORING
    assert "life_support" in reasons(order_id)
    with pytest.raises(BadHold):
        holds.place(
            account_id=other.account.id, kind=HoldKind.DISPUTE, evidence="c 6", at=CUT_AT, actor=CLERK,
            service_point_id=world.service_point.id,
        )  # fmt: skip


def test_a_crew_cuts_off_where_no_meter_can_be_told(world):
    order_id = ready(world, way=disconnections.Way.CREW)
    dispatch(order_id)
    assert (WorkOrder.objects.get().kind, DeviceCommand.objects.count()) == ("cut", 0)
    pay(world)
    deliver()
    assert (state(order_id), WorkOrder.objects.get().state) == (OrderState.CANCELLED, "cancelled")


def begin(order):
    WorkOrder.objects.filter(id=order.id).update(state="started", crew=work.crew(), planned_date=CUT_AT.date())


def test_a_crew_that_has_begun_says_itself_whether_it_has_cut(world):
    order_id = ready(world, way=disconnections.Way.CREW)
    dispatch(order_id)
    order = WorkOrder.objects.get()
    begin(order)
    pay(world)
    deliver()
    assert (state(order_id), WorkOrder.objects.get().state) == (OrderState.RECALLED, "started")
    done = WorkOrderDone(
        work_order_id=order.id, kind=WorkKind.CUT, subject="disconnection", subject_id=order_id, outcome=Outcome.DONE,
        premises_id=None, service_point_id=None, done_date=CUT_AT.date(), actor=CLERK,
    )  # fmt: skip
    with transaction.atomic():
        cutting.note_work(done)
    assert state(order_id) == OrderState.RESTORING


def test_a_crew_that_had_begun_and_did_nothing_confirms_it_and_its_work_is_dropped(world):
    order_id = ready(world, way=disconnections.Way.CREW)
    dispatch(order_id)
    begin(WorkOrder.objects.get())
    disconnections.cancel(order_id=order_id, reason="mistake", at=CUT_AT, actor=CHIEF)
    deliver()
    disconnections.acknowledge(order_id=order_id, note="phoned", at=CUT_AT, actor=CHIEF)
    deliver()
    assert (state(order_id), WorkOrder.objects.get().state) == (OrderState.CANCELLED, "cancelled")


def test_an_order_that_nobody_dispatched_expires(world):
    order_id = ready(world)
    disconnections.work(CUT_AT + 59 * MINUTE)
    assert state(order_id) == OrderState.REMINDED
    disconnections.work(CUT_AT + 60 * MINUTE)
    assert state(order_id) == OrderState.EXPIRED


def test_a_hold_needs_evidence_and_an_open_bill(world):
    given = {"account_id": world.account.id, "kind": HoldKind.DISPUTE, "at": CUT_AT, "actor": CLERK}
    with pytest.raises(BadHold):
        holds.place(**given, evidence=" ")
    with pytest.raises(BadHold):
        holds.place(**given, evidence="c 1", bill_id=10**9)


def test_answers_and_payments_do_not_wait_for_each_other_in_a_circle(world):
    order_id = ready(world)
    dispatch(order_id)
    with Racers(3) as racers:
        racers.race(deliver, lambda: pay(world), deliver)
    deliver()
    deliver()
    assert state(order_id) in {OrderState.CANCELLED, OrderState.RESTORED}
    assert (cutting.SUBJECT, DisconnectionOrder.objects.count()) == ("disconnection", 1)
