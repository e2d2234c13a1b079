"""
A prepaid month, all the way: a home agrees to pay before it uses; each night takes off what was used, a text warns of
little that is left, another says from when it may be dark; a week later the meter cuts off, money at the till brings
current back within the payment, and the bill of the month, with its blocks, takes the place of the days. Then the home
goes back to paying afterwards, on the same account. And the same where somebody there lives by a device.
"""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db.models import Sum
from django.utils import timezone

from accounts.domain.receipts import Outcome, Receipt
from accounts.models.notice import Notice
from accounts.operations import notice_receipts
from arrears.domain.cut_facts import HoldKind
from arrears.models.collection import CollectionCase, DisconnectionOrder
from arrears.models.late_fee import LateFee
from arrears.operations import dunning, holds, late_fees, prepaid_cuts
from arrears.queries import prepaid_cuts as cut_queries
from billing.domain.channels import PaymentChannel
from billing.models.bill import Bill
from billing.operations import payments, prepaid, prepaid_nights
from billing.queries import prepaid as queries
from cis.kernel.actors import SYSTEM
from cis.kernel.periods import Period
from cis.platform import outbox
from cis.platform.models import Deadline, OutboxMessage
from metering.models.command import DeviceCommand
from metering.operations import usage
from tests.db.billing.night import bill, prove
from tests.factories import accounts
from tests.factories.prepaid import CLERK, DAY, home, read_daily, switched_on

pytestmark = pytest.mark.django_db(transaction=True)
ZONE = ZoneInfo("Asia/Shanghai")
MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))
KWH = [3_080 + 15 * place for place in range(40)]
"""Counter values from 1 March on: 15 kWh a day, the first block of 3,120 is full on the third day."""


def cost_of(kwh):
    """By the published table of Shanghai, in fen."""
    first, second = min(kwh, 3_120), max(kwh - 3_120, 0)
    return int(first * Fraction(617, 10) + second * Fraction(667, 10) + Fraction(1, 2))


def local(month, day, hour=2, minute=40):
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE)


def at_local(month, day, hour=2, minute=40):
    return time_machine.travel(local(month, day, hour, minute), tick=False)


def deliver():
    OutboxMessage.objects.filter(state="waiting").update(due_at=timezone.now().astimezone(UTC) - timedelta(minutes=1))
    outbox.deliver_due()


def pay(world, fen, on, reference, channel=PaymentChannel.CASH):
    payments.receive(
        account_id=world.account.id, amount_minor=fen, channel=channel, reference=reference, received_date=on,
        today=on, actor=SYSTEM,
    )  # fmt: skip


def a_day(register, day):
    """What a day brings: the read of its midnight, the night, the morning with its texts that arrive."""
    with at_local(day.month, day.day):
        read_daily(register, since=day, values_kwh=[KWH[(day - MARCH.start).days]])
        prepaid_nights.night(timezone.now())
        late_fees.night(timezone.now())
    with at_local(day.month, day.day, 9, 0):
        dunning.night(timezone.now())
        deliver()
        notice_receipts.take(
            found=[
                Receipt(Outcome.DELIVERED, notice_id=one.id, proof=f"s{one.id}")
                for one in Notice.objects.filter(channel="sms", state="sent")
            ]
        )
        prepaid_cuts.work(timezone.now())
        deliver()


def told():
    return list(Notice.objects.filter(channel="sms").order_by("id").values_list("event", flat=True))


@pytest.fixture
def flat(settings, tmp_path):
    """A home that was billed to March, 3,080 kWh this year, and has paid all of it."""
    settings.VAR_DIR, settings.DOCUMENTS_DIR, settings.SMS_GATEWAY = tmp_path, tmp_path / "documents", "sandbox"
    accounts.supplier()
    world, register = home()
    accounts.contact_point(of=world.customer, kind="mobile")
    read_daily(register, since=date(2026, 1, 1), values_kwh=[0])
    read_daily(register, since=date(2026, 2, 1), values_kwh=[1_500])
    with at_local(3, 1, 1):
        read_daily(register, since=MARCH.start, values_kwh=[KWH[0]])
        usage.approve(start_date=date(2026, 1, 1), end_date=MARCH.start)
        bill(Period(date(2026, 1, 1), date(2026, 2, 1)))
        pay(world, cost_of(1_500), date(2026, 2, 2), "jan")
        bill(Period(date(2026, 2, 1), MARCH.start))
        register.reads.filter(read_date=MARCH.start).delete()
        pay(world, cost_of(3_080) - cost_of(1_500), MARCH.start, "feb")
        switched_on(world, since=MARCH.start)
        pay(world, 8_000, MARCH.start, "top-up 1", PaymentChannel.ONLINE)
    OutboxMessage.objects.filter(state="waiting").delete()
    Notice.objects.all().delete()
    return world, register


def balance(world, day):
    return queries.of_account(account_id=world.account.id, today=day).balance_minor


def state():
    return list(DisconnectionOrder.objects.values_list("state", flat=True))


def test_a_prepaid_month(flat):
    world, register = flat
    paid = cost_of(3_080) + 8_000
    for day in MARCH.each_day():
        if day == date(2026, 3, 19):
            break
        a_day(register, day)
        assert balance(world, day) == paid - cost_of(KWH[(day - MARCH.start).days])
        if day < date(2026, 3, 5):
            assert told() == []
    # 80 yuan, 9.255 to 10.005 a day: below 50 on the 5th, below 0 on the 10th, and a week later it is dark.
    assert told() == ["prepaid_low", "prepaid_pending"]
    assert "2026" in Notice.objects.get(event="prepaid_pending", channel="sms").body
    assert state() == ["cut"]
    order = DisconnectionOrder.objects.get()
    assert (order.proposed_at.astimezone(ZONE).date(), order.proposer_id) == (date(2026, 3, 17), None)
    # Some money, but not enough: still dark.
    with at_local(3, 18, 10):
        pay(world, 1_000, date(2026, 3, 18), "top-up 2")
        assert state() == ["cut"]
    # In the very payment that brings it above 0 current is ordered back.
    with at_local(3, 18, 11):
        pay(world, 30_000, date(2026, 3, 18), "top-up 3", PaymentChannel.API)
        assert state() == ["restoring"]
        deliver()
    assert state() == ["restored"]
    assert Deadline.objects.get(subject="disconnection").in_time
    assert list(DeviceCommand.objects.order_by("id").values_list("command", flat=True)) == ["switch_off", "switch_on"]
    assert told()[2:] == ["payment_received", "payment_received", "supply_restored"]
    paid += 31_000
    # The month ends: its bill is the sum of its days, and is paid from the credit on the day it is issued.
    for day in (date(2026, 3, 19) + place * DAY for place in range(14)):
        a_day(register, day)
    days_sum = cost_of(KWH[31]) - cost_of(KWH[0])
    with at_local(4, 1, 9, 30):
        usage.approve(start_date=MARCH.start, end_date=MARCH.end)
        bill(MARCH)
    made = Bill.objects.latest("id")
    paid_of_it = made.allocations.aggregate(sum=Sum("amount_minor"))["sum"]
    assert (made.amount_minor, paid_of_it, made.balance_before_minor) == (days_sum, days_sum, cost_of(KWH[0]) - paid)
    assert balance(world, date(2026, 4, 1)) == paid - cost_of(KWH[31])
    a_day(register, date(2026, 4, 2))
    # Each bill is rounded once, and so is what is on none.
    assert balance(world, date(2026, 4, 2)) == paid - cost_of(KWH[31]) - 1_001
    # Neither the ladder nor a late fee has ever touched it.
    assert (CollectionCase.objects.count(), LateFee.objects.count()) == (0, 0)
    # Back to paying afterwards: the same account, the credit stays on it.
    prepaid.switch_off(
        account_id=world.account.id, until_date=date(2026, 4, 3), reason="asked for it", today=date(2026, 4, 2),
        actor=CLERK,
    )  # fmt: skip
    world.account.refresh_from_db()
    assert (world.account.state, queries.of_accounts(account_ids=[world.account.id], today=date(2026, 4, 3))) == (
        "open", {},
    )  # fmt: skip
    prove()


def test_where_somebody_lives_by_a_device_an_empty_balance_cuts_nobody_off(flat):
    world, register = flat
    holds.place(
        account_id=world.account.id, kind=HoldKind.LIFE_SUPPORT, evidence="certificate 5", at=local(3, 2, 9),
        actor=CLERK, service_point_id=world.service_point.id,
    )  # fmt: skip
    for day in MARCH.each_day():
        if day == date(2026, 3, 19):
            break
        a_day(register, day)
    assert (state(), DeviceCommand.objects.count()) == ([], 0)
    one = queries.of_account(account_id=world.account.id, today=date(2026, 3, 18))
    given = {"prepayment_id": one.id, "account_id": world.account.id, "service_point_id": world.service_point.id}
    with at_local(3, 18, 10):
        assert [b.code for b in cut_queries.against(**given, at=local(3, 18, 10))] == ["life_support"]
