"""Credit that is paid out: three hands, free money only, never twice; what comes back is credit again."""

from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models.account import AccountHolder
from arrears.domain.cut_facts import HoldKind
from arrears.operations import holds
from billing.domain.refunds import BadBankAccount, RefundState
from billing.models.ledger import Transfer
from billing.models.settlement import Refund
from billing.operations import proof, refunds
from billing.operations.refunds import BadRefund, DebtsFirst, Disputed, NotFree, OwnRefund, RefundPaid
from billing.queries import balances
from billing.queries import refunds as queries
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove, NotAllowed
from tests.factories import accounts, billing, contracts
from tests.factories.changes import CLERK
from tests.factories.refunds import APPROVER, ASKER, TO, approved, asked, paid_in

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2026, 3, 10)


@pytest.fixture
def world():
    accounts.supplier()
    return contracts.world()


def _sent(refund_id, reference="B-1", actor=ASKER):
    refunds.pay_back(refund_id=refund_id, reference=reference, paid_date=TODAY, today=TODAY, actor=actor)


def _owed(world):
    return balances.of_account(account_id=world.account.id, today=TODAY).balance_minor


def _free(world, today=TODAY):
    return queries.offer(account_id=world.account.id, today=today).free_minor


def test_an_overpayment_is_paid_out_and_comes_back(world):
    billing.issued(world=world)
    paid_in(world.account.id, 10_000, on=TODAY)
    refund_id = approved(world.account.id, 3_830, today=TODAY)
    assert _free(world) == 0
    _sent(refund_id)
    assert _owed(world) == 0
    assert [(t.debit.account_id, t.credit.code, t.amount_minor) for t in Transfer.objects.filter(kind="refund")] == [
        (world.account.id, "cash.bank", 3_830)
    ]
    refunds.confirm(refund_id=refund_id, confirmed_date=TODAY, actor=ASKER)
    assert proof.verify() == ()
    back = {"refund_id": refund_id, "returned_date": TODAY, "today": TODAY, "actor": ASKER}
    with pytest.raises(BadRefund):
        refunds.take_back(**back, reason=" ")
    refunds.take_back(**back, reason="AC04 closed account")
    refunds.take_back(**back, reason="AC04 closed account")
    assert (_owed(world), _free(world)) == (-3_830, 3_830)
    assert proof.verify() == ()
    # What came back pays what is open now, and the rest is asked for anew.
    billing.issued(world=world, kwh=10, start_date=date(2026, 2, 1), end_date=date(2026, 3, 1))
    assert _free(world) == 3_830 - 617
    _sent(approved(world.account.id, 3_213, today=TODAY, key="k2"), "B-2")
    assert _owed(world) == 0
    assert proof.verify() == ()


def test_nobody_has_two_hands_that_must_differ(world):
    paid_in(world.account.id, 10_000, on=TODAY)
    both = Actor(ActorKind.STAFF, 903, "both", frozenset({Role.SUPERVISOR}))
    refund_id = asked(world.account.id, 5_000, today=TODAY, actor=both)
    with pytest.raises(OwnRefund):
        refunds.approve(refund_id=refund_id, today=TODAY, actor=both)
    with pytest.raises(IllegalMove):
        _sent(refund_id)
    refunds.approve(refund_id=refund_id, today=TODAY, actor=APPROVER)
    with pytest.raises(OwnRefund):
        _sent(refund_id, actor=APPROVER)
    with pytest.raises(IntegrityError), transaction.atomic():
        Refund.objects.update(approver_id=both.id)
    # Who changes where it goes undoes the approval.
    refunds.name_payee(refund_id=refund_id, today=TODAY, actor=ASKER, **{**TO, "payee": "李四"})
    assert queries.one(refund_id=refund_id).state is RefundState.ASKED
    assert Refund.objects.get().asker_id == ASKER.id


def test_only_free_money_is_paid_out(world):
    paid_in(world.account.id, 1_000, on=TODAY)
    paid_in(world.account.id, 5_000, on=TODAY, channel="bank")
    paid_in(world.account.id, 700, on=TODAY - timedelta(days=7), channel="online")
    assert _free(world) == 1_700
    assert _free(world, TODAY + timedelta(days=2)) == 1_700
    assert _free(world, TODAY + timedelta(days=3)) == 6_700
    for amount in (1_701, 99, 0, -5):
        with pytest.raises(NotFree):
            asked(world.account.id, amount, today=TODAY, key=f"n{amount}")
    refund_id = asked(world.account.id, 1_500, today=TODAY)
    assert asked(world.account.id, 1_500, today=TODAY) == refund_id
    with pytest.raises(NotFree):
        asked(world.account.id, 300, today=TODAY, key="k2")
    refunds.drop(refund_id=refund_id, reason="wants it to stay", actor=ASKER)
    assert _free(world) == 1_700


def test_a_dispute_and_debts_of_the_same_customer_stand_against_it(world):
    paid_in(world.account.id, 5_000, on=TODAY)
    other = contracts.world()
    AccountHolder.objects.filter(account=other.account).update(customer=world.customer)
    billing.issued(world=other, kwh=10)
    with pytest.raises(DebtsFirst, match="another account"):
        asked(world.account.id, 1_000, today=TODAY)
    assert queries.offer(account_id=world.account.id, today=TODAY).owing == (other.account.number,)
    paid_in(other.account.id, 617, on=TODAY)
    refund_id = asked(world.account.id, 1_000, today=TODAY)
    holds.place(
        account_id=world.account.id, kind=HoldKind.DISPUTE, evidence="c 1", at=datetime(2026, 3, 1, tzinfo=UTC),
        actor=CLERK,
    )  # fmt: skip
    with pytest.raises(Disputed):
        refunds.approve(refund_id=refund_id, today=TODAY, actor=APPROVER)


def test_what_a_new_bill_took_is_not_paid_out(world):
    paid_in(world.account.id, 10_000, on=TODAY)
    refund_id = approved(world.account.id, 10_000, today=TODAY)
    billing.issued(world=world)
    with pytest.raises(BadRefund, match="not there any more"):
        _sent(refund_id)
    assert _owed(world) == -3_830


@pytest.mark.parametrize(
    ("reference", "paid_date", "wrong"),
    [(" ", TODAY, "number"), ("x" * 101, TODAY, "number"), ("B-1", TODAY + timedelta(days=1), "to come")],
)
def test_a_payment_has_its_number_and_its_day(world, reference, paid_date, wrong):
    paid_in(world.account.id, 10_000, on=TODAY)
    refund_id = approved(world.account.id, 10_000, today=TODAY)
    with pytest.raises(BadRefund, match=wrong):
        refunds.pay_back(refund_id=refund_id, reference=reference, paid_date=paid_date, today=TODAY, actor=ASKER)


def test_customers_ask_and_take_back_what_nobody_approved(world):
    paid_in(world.account.id, 10_000, on=TODAY)
    customer = Actor(ActorKind.CUSTOMER, 7, "客户")
    refund_id = asked(world.account.id, 5_000, today=TODAY, actor=customer)
    with pytest.raises(NotAllowed):
        refunds.approve(refund_id=refund_id, today=TODAY, actor=customer)
    refunds.approve(refund_id=refund_id, today=TODAY, actor=APPROVER)
    with pytest.raises(NotAllowed):
        refunds.drop(refund_id=refund_id, reason="by customer", actor=customer)
    with pytest.raises(BadBankAccount):
        asked(world.account.id, 1_000, today=TODAY, key="k2", actor=customer, bank_account="DE89370400440532013001")


def test_two_who_pay_at_once_pay_once(world):
    paid_in(world.account.id, 10_000, on=TODAY)
    refund_id = approved(world.account.id, 4_000, today=TODAY)
    together, refused = Barrier(4), []

    def send(number):
        try:
            together.wait()
            _sent(refund_id, f"B-{number}")
        except (RefundPaid, IllegalMove) as refusal:
            refused.append(refusal.code)
        finally:
            connection.close()

    threads = [Thread(target=send, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["refund_paid"] * 3
    assert Transfer.objects.filter(kind="refund").count() == 1
    assert _owed(world) == -6_000
    assert proof.verify() == ()
