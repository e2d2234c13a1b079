"""Loyalty points: earned once, spent on the bill, expired, taken back; the sum is the balance and never below 0."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.domain.loyalty import Earned, TooFewPoints
from accounts.models.care import PointsEntry, PointsRedemption
from accounts.operations import points
from accounts.operations.points import NewRedemption, NoPointsHere
from accounts.queries import points as queries
from billing.domain.channels import PaymentChannel, ReturnKind
from billing.models.ledger import Transfer
from billing.models.payment import Payment
from billing.operations import payments
from billing.operations.points_credits import PointsExceedDebt
from billing.queries import balances
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import NotAllowed
from tests.factories import accounts, billing, contracts, metering

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)
CLERK = Actor(ActorKind.STAFF, 11, "Li", frozenset({Role.CLERK}))


@pytest.fixture(autouse=True)
def _place():
    accounts.supplier()


@pytest.fixture
def world():
    return contracts.world()


def earn(account, count, *, source="self_read", day=TODAY, expires=date(2028, 3, 10), serial=1):
    with transaction.atomic():
        return points.earn_step(
            source=source, earned=[Earned(account.id, serial, day, day)], points=count, expires_date=expires
        )


def pay(world, amount_minor, received, reference="r1"):
    payments.receive(
        account_id=world.account.id, amount_minor=amount_minor, channel=PaymentChannel.BANK, reference=reference,
        received_date=received, today=received, actor=SYSTEM,
    )  # fmt: skip


def standing(world, day=TODAY):
    return queries.standing(customer_id=world.customer.id, today=day)


def redeem(world, count, key="k1", actor=CLERK, **values):
    new = {"customer_id": world.customer.id, "account_id": world.account.id, "points": count, "key": key}
    return points.redeem(new=NewRedemption(text="100 points", **new | values), today=TODAY, actor=actor)


def earned(source, day):
    return points.earn(source=source, day=day, rule=queries.rule(at=TODAY))


def test_a_bill_paid_in_time_earns_once_and_gives_back_when_its_payment_returns(world):
    bill = billing.issued(world=world)
    assert earned("on_time", bill.due_date) == 0
    pay(world, bill.amount_minor - 1, bill.due_date)
    pay(world, 1, bill.due_date + timedelta(days=1), "late")
    assert earned("on_time", bill.due_date) == 0
    late = Payment.objects.get(reference="late")
    pay(world, 1, bill.due_date, "again")
    with transaction.atomic():
        payments.take_back_step(
            payment_id=late.id, kind=ReturnKind.CORRECTED, returned_date=TODAY, reason="wrong", actor=SYSTEM,
        )  # fmt: skip
    assert [earned("on_time", bill.due_date), earned("on_time", bill.due_date)] == [1, 0]
    assert standing(world).balance == 10
    with transaction.atomic():
        payments.take_back_step(
            payment_id=Payment.objects.get(reference="r1").id, kind=ReturnKind.BOUNCED, returned_date=TODAY,
            reason="bounced", actor=SYSTEM,
        )  # fmt: skip
    assert (standing(world).balance, PointsEntry.objects.filter(kind="reverse").count()) == (0, 1)
    pay(world, bill.amount_minor, bill.due_date, "found again")
    assert [earned("on_time", bill.due_date), earned("on_time", bill.due_date)] == [1, 0]
    assert standing(world).balance == 10


def test_a_credit_that_came_after_the_due_day_pays_no_bill_in_time(world):
    bill = billing.issued(world=world)
    pay(world, bill.amount_minor - 100, bill.due_date)
    earn(world.account, 100)
    redeem(world, 100)
    assert balances.of_account(account_id=world.account.id, today=TODAY).balance_minor == 0
    assert bill.due_date < TODAY
    assert earned("on_time", bill.due_date) == 0


def test_an_e_bill_earns_and_a_paper_one_does_not(world):
    bill = billing.issued(world=world)
    world.account.paper_bill = True
    world.account.save()
    assert earned("e_bill", bill.due_date) == 0
    world.account.paper_bill = False
    world.account.save()
    assert [earned("e_bill", bill.due_date), earned("e_bill", bill.due_date)] == [1, 0]
    assert standing(world).balance == 5


def test_a_month_that_the_customer_read_earns_once_however_many_registers_and_corrections(world):
    registers = metering.metered(registers=("peak", "valley"), at=world.service_point)
    for serial, kind, at in (
        (1, "actual", datetime(2026, 3, 7, 2, tzinfo=UTC)), (2, "customer", datetime(2026, 3, 8, 15, 59, tzinfo=UTC)),
        (3, "customer", datetime(2026, 3, 8, 16, tzinfo=UTC)),
    ):  # fmt: skip
        for register in registers:
            metering.read(of=register, on=date(2026, 3, 8), kwh=100, kind=kind, version=serial, received_at=at)
    assert [earned("self_read", date(2026, 3, day)) for day in (7, 8, 8, 9)] == [0, 1, 0, 0], "one a month"
    assert standing(world).balance == 20


def test_points_pay_a_bill_through_the_ledger_exactly_and_once(world):
    bill = billing.issued(world=world)
    earn(world.account, 250)
    with pytest.raises(TooFewPoints):
        redeem(world, 300)
    with pytest.raises(TooFewPoints):
        redeem(world, 150)
    with pytest.raises(NotAllowed):
        redeem(world, 200, actor=Actor(ActorKind.STAFF, 12, "Wu", frozenset({Role.METERING})))
    with pytest.raises(NoPointsHere):
        redeem(world, 200, account_id=accounts.account().id)
    made = redeem(world, 200)
    assert redeem(world, 200) == made
    row = PointsRedemption.objects.get()
    transfer = Transfer.objects.get(debit__code="expense.loyalty")
    assert (transfer.amount_minor, transfer.source_id, row.amount_minor) == (200, row.note_id, 200)
    owed = balances.of_account(account_id=world.account.id, today=TODAY).balance_minor
    assert (owed, standing(world).balance) == (bill.amount_minor - 200, 50)
    earn(world.account, 100_000, serial=2)
    with pytest.raises(PointsExceedDebt):
        redeem(world, 100_000, key="k2")
    assert (standing(world).balance, PointsRedemption.objects.count()) == (100_050, 1)


def test_entries_are_only_added(world):
    earn(world.account, 100)
    with pytest.raises(DatabaseError), transaction.atomic():
        PointsEntry.objects.update(points=200)


def test_old_points_go_once_and_what_was_spent_of_them_does_not(world):
    billing.issued(world=world)
    earn(world.account, 250, expires=TODAY)
    earn(world.account, 30, serial=2)
    redeem(world, 200)
    assert standing(world, TODAY - timedelta(days=1)).expiring == 50
    assert [points.expire(today=TODAY), points.expire(today=TODAY)] == [1, 0]
    assert standing(world).balance == 30
    (month,) = queries.months(until=TODAY, most=12)
    assert (month.earned, month.redeemed, month.expired, month.closing, month.redeemed_minor) == (280, 200, 50, 30, 200)


deeds = st.lists(
    st.one_of(
        st.tuples(st.just("earn"), st.integers(1, 6)),
        st.tuples(st.just("back"), st.integers(1, 6)),
        st.tuples(st.just("redeem"), st.integers(1, 4)),
        st.tuples(st.just("offset"), st.just(0)),
        st.tuples(st.just("expire"), st.integers(0, 6)),
    ),
    max_size=14,
)


class Model:
    """The same by a list of lots: what is earned, left, and short."""

    def __init__(self):
        self.lots, self.done, self.short = {}, set(), 0

    def take(self, count, first=None):
        order = sorted(self.lots, key=lambda one: (one != first, one))
        for one in order:
            part = min(self.lots[one], count)
            self.lots[one] -= part
            count -= part
        return count

    @property
    def balance(self):
        return sum(self.lots.values())


@settings(max_examples=12)
@given(deeds)
def test_the_sum_is_the_balance_never_below_0_and_replays_count_once(wanted):
    world = contracts.world()
    billing.issued(world=world)
    model, standing_sources, turn = Model(), set(), Counter()
    points._bound.stands["self_read"] = lambda *, account_id, source_ids: standing_sources & set(source_ids)
    expired = {}
    try:
        for place, (deed, value) in enumerate(wanted):
            if deed == "earn":
                new = earn(world.account, 100, serial=value, expires=TODAY + timedelta(days=place + 1))
                assert new == (value not in standing_sources)
                if new:
                    turn[value] += 1
                    model.lots[place, value, turn[value]] = 100
                standing_sources.add(value)
            elif deed == "back" and value in standing_sources:
                standing_sources.discard(value)
                with transaction.atomic():
                    points.look_again_step(account_id=world.account.id, day=TODAY)
                lot = next(one for one in model.lots if one[1:] == (value, turn[value]))
                model.short += model.take(100 - expired.get(lot, 0), lot)
            elif deed == "redeem" and model.balance >= value * 100:
                redeem(world, value * 100, key=f"{world.account.id}:{place}")
                redeem(world, value * 100, key=f"{world.account.id}:{place}")
                model.take(value * 100)
            elif deed == "offset":
                points.offset(day=TODAY)
                model.short = model.take(model.short)
            elif deed == "expire":
                today = TODAY + timedelta(days=value)
                points.expire(today=today)
                for lot in model.lots:
                    if TODAY + timedelta(days=lot[0] + 1) <= today:
                        expired[lot] = expired.get(lot, 0) + model.lots[lot]
                        model.lots[lot] = 0
            found = standing(world)
            assert (found.balance, found.short) == (model.balance, model.short)
            assert found.balance >= 0
    finally:
        del points._bound.stands["self_read"]
