"""Customers are told of bills and payments, each once, and reminded before a bill is due."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.db import transaction

from accounts.models.notice import Notice
from accounts.operations import holders
from billing.domain.channels import PaymentChannel
from billing.operations import allocation, bills, payments, telling
from cis.kernel.actors import SYSTEM
from cis.platform import outbox
from cis.platform.models import OutboxMessage
from tests.factories import accounts, billing, contracts

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2026, 2, 3)
NOON = datetime(2026, 2, 3, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _here(monkeypatch):
    accounts.supplier()
    monkeypatch.setitem(outbox.SENDERS, "notice.send", lambda message: None)
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def world():
    world = contracts.world()
    accounts.contact_point(of=_holder(world))
    return world


def _holder(world):
    return world.account.holders.get().customer


def pay(world, amount, *, day=TODAY, reference="r1"):
    return payments.receive(
        account_id=world.account.id, amount_minor=amount, channel=PaymentChannel.BANK, reference=reference,
        received_date=day, today=day, actor=SYSTEM,
    )  # fmt: skip


def told():
    return list(Notice.objects.order_by("id").values_list("event", "channel", "state"))


def test_a_new_bill_is_told_once_however_often_the_message_comes(world):
    bill = billing.issued(world=world)
    assert telling.tell_bills(bill_ids=[bill.id]) == 2
    assert telling.tell_bills(bill_ids=[bill.id]) == 0
    assert told() == [("bill_issued", "sms", "queued"), ("bill_issued", "inbox", "sent")]
    body = Notice.objects.get(channel="inbox").body
    assert f"账单 {bill.number}" in body
    assert "账期：2026年1月" in body
    assert "用电量：100 千瓦时" in body
    assert "应缴金额：¥61.70" in body
    assert f"/portal/bills/{bill.number}" in body
    assert Notice.objects.get(channel="inbox").occurred_date == date(2026, 2, 1)


def test_what_is_left_to_pay_is_said_and_a_bill_that_credit_pays_asks_for_nothing(world):
    pay(world, 10_000)
    OutboxMessage.objects.all().delete()
    bill = billing.issued(world=world)
    with transaction.atomic():
        allocation.allocate(account_ids=[world.account.id], today=TODAY)
    telling.tell_bills(bill_ids=[bill.id])
    assert {event for event, _, _ in told()} == {"bill_settled"}
    nothing = billing.issued(world=world, kwh=0, start_date=date(2026, 2, 1), end_date=date(2026, 3, 1))
    telling.tell_bills(bill_ids=[nothing.id])
    body = Notice.objects.get(channel="inbox", key=f"bill:{nothing.id}").body
    assert "无需付款" in body
    assert "付清" not in body


def test_a_bill_that_is_paid_before_its_message_comes_again_is_not_told_twice(world):
    bill = billing.issued(world=world)
    telling.tell_bills(bill_ids=[bill.id])
    pay(world, 6_170)
    assert telling.tell_bills(bill_ids=[bill.id]) == 0
    assert {event for event, _, _ in told()} == {"bill_issued"}


def test_bills_of_years_before_lie_in_the_inbox_and_ring_nowhere(world):
    bill = billing.issued(world=world, start_date=date(2025, 1, 1), end_date=date(2025, 2, 1))
    telling.tell_bills(bill_ids=[bill.id])
    assert told() == [("bill_issued", "inbox", "sent")]


def test_the_holder_of_that_time_is_told_not_the_one_who_came_after(world):
    old, new = _holder(world), accounts.customer()
    holders.change(account_id=world.account.id, customer_id=new.id, from_date=date(2026, 2, 1), actor=SYSTEM)
    bill = billing.issued(world=world)
    telling.tell_bills(bill_ids=[bill.id])
    assert set(Notice.objects.values_list("customer_id", flat=True)) == {old.id}


def test_a_draft_is_not_told(world):
    draft = billing.draft(world=world)
    assert telling.tell_bills(bill_ids=[draft.id]) == 0


def test_who_was_told_to_pay_is_told_that_the_bill_holds_no_more(world):
    bill = billing.issued(world=world)
    telling.tell_bills(bill_ids=[bill.id])
    note_id = bills.cancel(bill_id=bill.id, reason="wrong read", as_of_date=TODAY, actor=SYSTEM)
    outbox.deliver_due()
    assert told()[2:] == [("bill_cancelled", "sms", "queued"), ("bill_cancelled", "inbox", "sent")]
    assert f"账单 {bill.number} 已作废" in Notice.objects.filter(event="bill_cancelled").latest("id").subject
    assert telling.tell_bills(bill_ids=[note_id, bill.id]) == 0


def test_money_that_comes_in_leaves_a_message_and_its_notice_says_so(world):
    pay(world, 5_000)
    pay(world, 5_000)
    assert [one.payload for one in OutboxMessage.objects.filter(kind="billing.tell")] == [
        {"payment_ids": [world.account.payments.get().id]}
    ]
    outbox.deliver_due()
    assert told() == [("payment_received", "sms", "queued"), ("payment_received", "inbox", "sent")]
    assert "¥50.00" in Notice.objects.get(channel="inbox").body


def test_many_bills_are_told_in_as_many_statements_as_one(world, django_assert_max_num_queries):
    worlds = [world] + [contracts.world() for _ in range(5)]
    made = [billing.issued(world=one) for one in worlds]
    with django_assert_max_num_queries(11) as few:
        telling.tell_bills(bill_ids=[made[0].id])
    with django_assert_max_num_queries(len(few)):
        telling.tell_bills(bill_ids=[bill.id for bill in made[1:]])


class TestReminders:
    """The bill of January is due on 21 February; the pack reminds three days before."""

    def remind(self, day):
        at = datetime(2026, 2, day, 1, tzinfo=UTC)
        with time_machine.travel(at, tick=False):
            telling.remind(at)

    def reminded(self):
        return Notice.objects.filter(event="payment_due_soon", channel="inbox").count()

    def test_an_open_bill_is_reminded_of_once(self, world):
        billing.issued(world=world)
        self.remind(17)
        assert self.reminded() == 0
        for day in (18, 19, 20):
            self.remind(day)
            assert self.reminded() == 1

    def test_a_day_that_was_missed_is_made_up_for(self, world):
        billing.issued(world=world)
        self.remind(20)
        assert self.reminded() == 1

    def test_neither_a_paid_bill_nor_one_that_is_due_today_is_reminded_of(self, world):
        billing.issued(world=world)
        self.remind(21)
        pay(world, 6_170)
        self.remind(19)
        assert self.reminded() == 0

    def test_what_is_still_open_of_a_part_paid_bill_is_named(self, world):
        billing.issued(world=world)
        pay(world, 6_000)
        self.remind(19)
        assert "¥1.70" in Notice.objects.get(event="payment_due_soon", channel="inbox").subject

    def test_more_bills_than_a_chunk_are_all_reminded_of(self, world, monkeypatch):
        monkeypatch.setattr(telling, "CHUNK", 2)
        for one in [world] + [contracts.world() for _ in range(4)]:
            billing.issued(world=one)
        self.remind(19)
        assert self.reminded() == 5


def test_a_run_that_issues_leaves_one_message_for_a_chunk(world):
    with transaction.atomic():
        telling.queue_bills_step(bill_ids=list(range(1, 4_002)))
    rows = OutboxMessage.objects.filter(kind="billing.tell").order_by("id")
    assert [len(row.payload["bill_ids"]) for row in rows] == [2_000, 2_000, 1]
