"""
A missed payment, all the way: reminded before the due date and after it, called, written to, announced, cut off by the
meter, paid, and current again; and the same where somebody at the place lives by a device.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from accounts.domain.receipts import Outcome, Receipt
from accounts.models.notice import Notice
from accounts.operations import letters, notice_receipts
from arrears.domain.cut_facts import HoldKind
from arrears.models.collection import CollectionCase, CollectionMove, DisconnectionOrder
from arrears.operations import demands, disconnections, dunning, holds
from arrears.operations.demands import CallResult
from arrears.operations.disconnections import NotToBeCut
from arrears.queries import dunning as queries
from billing.domain.channels import PaymentChannel
from billing.operations import payments, telling
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform import outbox
from cis.platform.models import Deadline, OutboxMessage
from metering.models.command import DeviceCommand
from tests.factories import accounts, billing, contracts, metering

pytestmark = pytest.mark.django_db(transaction=True)
ZONE = ZoneInfo("Asia/Shanghai")
CLERK = Actor(ActorKind.STAFF, 11, "Li", frozenset({Role.BILLING}))
CHIEF = Actor(ActorKind.STAFF, 12, "Wang", frozenset({Role.SUPERVISOR}))


def local(month, day, hour=8, minute=30):
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE)


def deliver():
    OutboxMessage.objects.filter(state="waiting").update(due_at=timezone.now().astimezone(UTC) - timedelta(minutes=1))
    outbox.deliver_due()


def morning(month, day):
    """The beat of a morning: the ladder, and what goes out by it."""
    with time_machine.travel(local(month, day), tick=False):
        dunning.night(local(month, day))
        deliver()


def told(channel="sms"):
    return list(Notice.objects.filter(channel=channel).order_by("id").values_list("event", flat=True))


@pytest.fixture
def home(settings, tmp_path):
    """One home with a meter that can be told; its bill of January, 61.70, is due on 21 February."""
    settings.VAR_DIR, settings.DOCUMENTS_DIR, settings.SMS_GATEWAY = tmp_path, tmp_path / "documents", "sandbox"
    accounts.supplier()
    made = contracts.world()
    for kind in ("mobile", "post"):
        accounts.contact_point(of=made.customer, kind=kind)
    metering.installation(of=metering.meter(switch="on"), at=made.service_point)
    billing.issued(world=made)
    return made


def climb(home):
    """From the reminder before the due date to the hour at which it may be cut; return the order."""
    with time_machine.travel(local(2, 18, 9, 0), tick=False):
        telling.remind(local(2, 18, 9, 0))
    morning(2, 21)
    assert (told(), CollectionCase.objects.count()) == (["payment_due_soon"], 0)
    # The day after the due date a text goes out, and the gateway says that it has arrived.
    morning(2, 22)
    assert told() == ["payment_due_soon", "debt_reminder"]
    with time_machine.travel(local(2, 22, 10), tick=False):
        sms = Notice.objects.get(event="debt_reminder", channel="sms")
        notice_receipts.take(found=[Receipt(Outcome.DELIVERED, notice_id=sms.id, proof="s1")])
    # A week later somebody calls, and a week after that a letter is posted.
    morning(3, 1)
    (call,) = queries.to_make()
    demands.call(move_id=call.id, result=CallResult.ANSWERED, note="will pay", at=local(3, 1, 14), actor=CLERK)
    morning(3, 7)
    assert told("post") == []
    morning(3, 8)
    with time_machine.travel(local(3, 8, 15), tick=False):
        batch_id = letters.make_batch(actor=CHIEF)
        deliver()
        letters.hand_over(batch_id=batch_id, actor=CHIEF)
        demands.prove(local(3, 8, 15))
    proven = CollectionMove.objects.exclude(proven_at=None).order_by("id")
    assert list(proven.values_list("step", flat=True)) == ["text", "call", "letter"]
    # Thirty days after the due date nobody may be cut off yet; then two persons and a notice are needed.
    given = {"account_id": home.account.id, "service_point_id": home.service_point.id, "reason": "unpaid"}
    with pytest.raises(NotToBeCut):
        disconnections.propose(**given, at=local(3, 23, 10), actor=CLERK)
    order_id = disconnections.propose(**given, at=local(3, 24, 10), actor=CLERK)
    disconnections.approve(order_id=order_id, at=local(3, 24, 11), actor=CHIEF)
    slot = {"slot_start_at": local(3, 30, 9), "slot_end_at": local(3, 30, 11)}
    disconnections.announce(order_id=order_id, **slot, at=local(3, 24, 12), actor=CLERK)
    assert told("post") == ["debt_demand", "cut_notice"]
    disconnections.notice(
        order_id=order_id, proof="EMS 1", proven_at=local(3, 25, 16), **slot, at=local(3, 26, 9), actor=CLERK
    )
    disconnections.remind(order_id=order_id, proof="call 7", at=local(3, 30, 9, 5), actor=CLERK)
    assert told()[-1] == "cut_reminder"
    return order_id


def state(order_id):
    return DisconnectionOrder.objects.get(id=order_id).state


def test_a_missed_payment_leads_to_the_meter_and_money_brings_current_back(home):
    order_id = climb(home)
    with time_machine.travel(local(3, 30, 9, 40), tick=False):
        disconnections.dispatch(order_id=order_id, at=local(3, 30, 9, 40), actor=CLERK)
        deliver()
    assert state(order_id) == "cut"
    with time_machine.travel(local(3, 30, 13), tick=False), transaction.atomic():
        payments.book(
            account_id=home.account.id, amount_minor=6_170, channel=PaymentChannel.BANK, reference="R1",
            received_date=date(2026, 3, 30), today=date(2026, 3, 30), actor=SYSTEM,
        )  # fmt: skip
        # In the very transaction of the payment current is ordered back, and the case is over.
        assert state(order_id) == "restoring"
        assert CollectionCase.objects.get().closed_date == date(2026, 3, 30)
    with time_machine.travel(local(3, 30, 13, 2), tick=False):
        deliver()
    clock = Deadline.objects.get(subject="disconnection", subject_id=order_id)
    assert (state(order_id), clock.in_time, clock.due_at) == ("restored", True, local(3, 31, 13))
    assert list(DeviceCommand.objects.order_by("id").values_list("command", "state")) == [
        ("switch_off", "succeeded"), ("switch_on", "succeeded"),
    ]  # fmt: skip
    assert "supply_restored" in told()
    morning(3, 31)
    assert CollectionMove.objects.count() == 3


def test_where_somebody_lives_by_a_device_nothing_is_cut_until_two_persons_know_better(home):
    order_id = climb(home)
    at = local(3, 30, 9, 40)
    hold_id = holds.place(
        account_id=home.account.id, kind=HoldKind.LIFE_SUPPORT, evidence="certificate 5", at=local(3, 30, 9, 30),
        actor=CLERK, service_point_id=home.service_point.id,
    )  # fmt: skip
    with time_machine.travel(at, tick=False), pytest.raises(NotToBeCut) as refused:
        disconnections.dispatch(order_id=order_id, at=at, actor=CLERK)
    assert [one["code"] for one in refused.value.detail["blockers"]] == ["life_support"]
    assert not holds.lift(hold_id=hold_id, reason="device returned", at=at, actor=CLERK)
    with pytest.raises(NotToBeCut):
        disconnections.dispatch(order_id=order_id, at=at, actor=CLERK)
    assert not DeviceCommand.objects.exists()
    # Neither does the ladder go on.
    morning(3, 31)
    assert (CollectionCase.objects.get().held_by, CollectionMove.objects.count()) == ("life_support", 3)
