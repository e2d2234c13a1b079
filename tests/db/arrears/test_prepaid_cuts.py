"""Prepaid supplies: cut off only by numbers that are certain and told, once a crossing, and never against money."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models.notice import Notice
from arrears.domain.disconnection import Way
from arrears.models.collection import DisconnectionOrder, PrepaidCutBatch
from arrears.operations import disconnections, late_fees, prepaid_cuts
from arrears.operations.prepaid_cuts import UnknownCutBatch
from arrears.queries import cuts, orders, pursuits, rules
from arrears.queries import late_fees as fee_queries
from arrears.queries import prepaid_cuts as queries
from arrears.queries.orders import WantedOrders
from billing.domain.channels import PaymentChannel
from billing.models.bill import Bill
from billing.models.prepay import PrepaidDay, Prepayment
from billing.operations import payments, prepaid_levels
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import NotAllowed
from cis.platform import jobs
from metering.models.command import DeviceCommand
from tests.db.arrears.test_disconnections import deliver
from tests.factories import accounts, billing, contracts, metering

pytestmark = pytest.mark.django_db(transaction=True)
ZONE = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 4, 15, 10, 0, tzinfo=ZONE)
"""A Wednesday."""
DAY = timedelta(days=1)
CHIEF = Actor(ActorKind.STAFF, 12, "Wang", frozenset({Role.SUPERVISOR}))


@pytest.fixture(autouse=True)
def _quiet(monkeypatch, settings):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    settings.SMS_GATEWAY = "sandbox"
    with time_machine.travel(AT, tick=True):
        accounts.supplier()
        yield


@pytest.fixture
def dark():
    """A home that has used 50.00 more than it paid; eight days ago a text said so, and it arrived."""
    return darkened()


def darkened():
    world = contracts.world()
    accounts.contact_point(of=world.customer, kind="mobile")
    metering.installation(of=metering.meter(switch="on"), at=world.service_point)
    row = Prepayment.objects.create(
        account=world.account, customer=world.customer, agreement_reference="YF-1", since_date=date(2026, 4, 1)
    )
    night(row, AT.date() - 8 * DAY, 5_000)
    with time_machine.travel(AT - 8 * DAY, tick=False), transaction.atomic():
        prepaid_levels.look_step(account_ids=[world.account.id], at=AT - 8 * DAY)
    night(row, AT.date(), 5_000)
    Notice.objects.filter(event="prepaid_pending", channel="sms").update(
        state="delivered", sent_at=AT - 8 * DAY, settled_at=AT - 8 * DAY
    )
    return world


def night(row, day, cost):
    PrepaidDay.objects.create(
        prepayment=row, day=day, billed_until=date(2026, 4, 1), rated_until=day, unbilled_minor=cost, cost_minor=cost
    )


def states():
    return list(DisconnectionOrder.objects.order_by("id").values_list("state", flat=True))


def pay(world, minor=5_001, reference="r1"):
    payments.receive(
        account_id=world.account.id, amount_minor=minor, channel=PaymentChannel.BANK, reference=reference,
        received_date=AT.date(), today=AT.date(), actor=SYSTEM,
    )  # fmt: skip


def test_a_supply_is_cut_off_by_its_meter_in_the_hours_of_the_rule(dark):
    prepaid_cuts.work(AT.replace(hour=17))
    assert states() == []
    prepaid_cuts.work(AT)
    deliver()
    assert states() == ["cut"]
    # Exactly 0 is not above it; one fen is.
    pay(dark, 5_000)
    assert states() == ["cut"]
    pay(dark, 1, "r2")
    assert states() == ["restoring"]
    deliver()
    assert states() == ["restored"]


def test_too_many_of_a_day_wait_for_a_person_who_lets_them_go_or_calls_them_off(dark, monkeypatch):
    monkeypatch.setattr(rules, "prepaid_bound", lambda *, at: 1)
    prepaid_cuts.work(AT)
    assert states() == ["proposed"]
    assert not DeviceCommand.objects.exists()
    prepaid_cuts.work(AT + timedelta(minutes=10))
    batch = PrepaidCutBatch.objects.get()
    assert (batch.count, batch.state) == (1, "waiting")
    given = {"batch_id": batch.id, "at": AT, "is_approved": True, "reason": ""}
    with pytest.raises(NotAllowed):
        prepaid_cuts.decide(**given, actor=Actor(ActorKind.STAFF, 11, "Li", frozenset({Role.BILLING})))
    with pytest.raises(UnknownCutBatch):
        prepaid_cuts.decide(**given | {"at": AT + DAY}, actor=CHIEF)
    prepaid_cuts.decide(**given, actor=CHIEF)
    prepaid_cuts.work(AT)
    assert states() == ["dispatched"]
    with pytest.raises(UnknownCutBatch):
        prepaid_cuts.decide(**given, actor=CHIEF)


def test_a_supervisor_lets_go_the_orders_that_he_saw_and_no_others_of_the_same_number(dark, monkeypatch):
    monkeypatch.setattr(rules, "prepaid_bound", lambda *, at: 1)
    prepaid_cuts.work(AT)
    seen = DisconnectionOrder.objects.get()
    batch = PrepaidCutBatch.objects.get()
    assert batch.order_ids == [seen.id]
    assert [one.id for one in orders.listed(wanted=WantedOrders(batch=batch.id))] == [seen.id]
    # He saw one; before it goes it is paid, and another is dark: again one, but not the one that he saw.
    prepaid_cuts.decide(batch_id=batch.id, is_approved=True, reason="", at=AT, actor=CHIEF)
    pay(dark)
    other = darkened()
    prepaid_cuts.work(AT)
    assert states() == ["cancelled", "proposed"]
    waiting = PrepaidCutBatch.objects.get(state="waiting")
    assert (waiting.order_ids, waiting.count) == ([DisconnectionOrder.objects.latest("id").id], 1)
    assert orders.listed(wanted=WantedOrders(batch=waiting.id))[0].account_id == other.account.id


def test_those_let_go_do_not_wait_for_later_ones(dark, monkeypatch):
    monkeypatch.setattr(rules, "prepaid_bound", lambda *, at: 1)
    prepaid_cuts.work(AT)
    prepaid_cuts.decide(batch_id=PrepaidCutBatch.objects.get().id, is_approved=True, reason="", at=AT, actor=CHIEF)
    darkened()
    prepaid_cuts.work(AT)
    assert states() == ["dispatched", "proposed"]
    assert PrepaidCutBatch.objects.get(state="waiting").count == 2


def test_what_stands_against_orders_takes_the_same_statements_for_any_number(dark):
    orders_of = DisconnectionOrder.objects.order_by("id")
    darkened()
    for row in queries.ripe(today=AT.date()):
        disconnections.propose(
            account_id=row.account_id, service_point_id=row.service_point_id, reason="x", at=AT, actor=SYSTEM,
            prepayment_id=row.prepayment_id,
        )  # fmt: skip
    with CaptureQueriesContext(connection) as two:
        assert len(prepaid_cuts._ready(AT)) == 2
    orders_of.last().moves.all().delete()
    orders_of.last().delete()
    with CaptureQueriesContext(connection) as one:
        assert len(prepaid_cuts._ready(AT)) == 1
    assert len(one) == len(two)


def test_those_that_are_called_off_together_are_not_ordered_again(dark, monkeypatch):
    monkeypatch.setattr(rules, "prepaid_bound", lambda *, at: 1)
    prepaid_cuts.work(AT)
    batch = PrepaidCutBatch.objects.get()
    prepaid_cuts.decide(batch_id=batch.id, is_approved=False, reason="wrong price", at=AT, actor=CHIEF)
    prepaid_cuts.work(AT + timedelta(minutes=10))
    assert states() == ["cancelled"]
    assert PrepaidCutBatch.objects.get().state == "dropped"


def test_they_are_called_off_at_any_hour_and_whatever_else_stands_against_them(dark, monkeypatch):
    monkeypatch.setattr(rules, "prepaid_bound", lambda *, at: 1)
    prepaid_cuts.work(AT)
    at = AT.replace(hour=20)
    batch = PrepaidCutBatch.objects.get()
    prepaid_cuts.decide(batch_id=batch.id, is_approved=False, reason="wrong price", at=at, actor=CHIEF)
    assert states() == ["cancelled"]


def test_a_batch_of_another_number_than_the_page_showed_is_not_let_go(dark, monkeypatch):
    monkeypatch.setattr(rules, "prepaid_bound", lambda *, at: 1)
    prepaid_cuts.work(AT)
    given = {"is_approved": True, "reason": "", "at": AT, "actor": CHIEF}
    shown = PrepaidCutBatch.objects.get().id
    with monkeypatch.context() as more:
        more.setattr(queries, "gone", lambda *, at: 3)
        prepaid_cuts.work(AT)
    with pytest.raises(UnknownCutBatch):
        prepaid_cuts.decide(batch_id=shown, **given)
    assert list(PrepaidCutBatch.objects.order_by("id").values_list("count", "state")) == [(1, "lapsed"), (4, "waiting")]
    # Now they are too few to be looked at: they go, and later ones are not let go by what was seen before.
    monkeypatch.setattr(rules, "prepaid_bound", lambda *, at: 9)
    prepaid_cuts.work(AT)
    assert states() == ["dispatched"]
    with pytest.raises(UnknownCutBatch):
        prepaid_cuts.decide(batch_id=PrepaidCutBatch.objects.latest("id").id, **given)


@pytest.mark.parametrize("spoilt", ["untold", "jump", "stale", "held_day", "fresh"], ids=lambda name: name)
def test_nobody_is_cut_off_by_what_is_not_certain_or_not_told(dark, spoilt):
    at = AT
    if spoilt == "untold":
        Notice.objects.filter(channel="sms").update(state="bounced")
    elif spoilt == "jump":
        PrepaidDay.objects.filter(day=AT.date()).update(review="jump")
        PrepaidDay.objects.filter(day=AT.date() - 8 * DAY).update(rated_until=AT.date())
    elif spoilt == "stale":
        PrepaidDay.objects.update(rated_until=AT.date() - 4 * DAY)
    elif spoilt == "held_day":
        at = AT + 3 * DAY  # a Saturday
        PrepaidDay.objects.update(rated_until=at.date())
    else:
        Notice.objects.filter(channel="sms").update(settled_at=AT - 6 * DAY)
    prepaid_cuts.work(at)
    assert states() == []
    assert not DeviceCommand.objects.exists()


def test_what_a_person_restored_is_dark_again_only_after_a_new_crossing(dark):
    prepaid_cuts.work(AT)
    deliver()
    disconnections.restore(
        order_id=DisconnectionOrder.objects.get().id, reason="goodwill", at=AT + timedelta(hours=1), actor=CHIEF
    )
    deliver()
    prepaid_cuts.work(AT + timedelta(hours=2))
    assert states() == ["restored"]


def test_an_order_for_debts_waits_where_the_account_is_prepaid_by_now(dark):
    order = DisconnectionOrder.objects.create(
        account=dark.account, service_point=dark.service_point, way=Way.REMOTE.value, reason="unpaid",
        customer_class="residential", state="reminded", proposed_at=AT, expires_at=AT + DAY,
    )  # fmt: skip
    assert "prepaid" in [one.code for one in cuts.blockers(order=order, at=AT)]


def test_debts_of_a_prepaid_account_are_not_pursued_and_bear_no_fee_but_older_ones_do(dark):
    owing = contracts.world()
    for world in (dark, owing):
        billing.issued(world=world, start_date=date(2026, 2, 1), end_date=date(2026, 3, 1))  # due on 21 March
        billing.issued(world=world, start_date=date(2026, 3, 1), end_date=date(2026, 3, 20))  # due on 9 April
    both = [dark.account.id, owing.account.id]
    assert pursuits.account_ids(today=AT.date()) == (owing.account.id,)
    late_fees.charge(account_ids=both, today=AT.date(), actor=SYSTEM)
    bearing = [
        (bill.account_id, bill.debt.due_date)
        for bill in fee_queries.of_accounts(account_ids=both, today=AT.date())
        if bill.terms is not None and Bill.objects.get(id=bill.bill_id).kind == "regular"
    ]
    assert bearing == [
        (dark.account.id, date(2026, 3, 21)), (owing.account.id, date(2026, 3, 21)), (owing.account.id, date(2026, 4, 9)),
    ]  # fmt: skip


def test_looking_at_balances_takes_the_same_statements_for_any_number(dark, django_assert_num_queries):
    with transaction.atomic(), django_assert_num_queries(1):
        assert prepaid_levels.look_step(account_ids=[dark.account.id], at=AT) == 0
