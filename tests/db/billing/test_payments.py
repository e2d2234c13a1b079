"""Money received: counts once, pays the oldest bill, can be freed again."""

from datetime import date
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection, transaction

from billing.domain.channels import PaymentChannel
from billing.models.payment import Allocation, Payment
from billing.operations import allocation, payments, proof
from billing.operations.payments import BadPayment, NewPayment, ReferenceReused
from billing.queries import balances, bills
from cis.kernel.actors import SYSTEM
from tests.factories import billing, contracts

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2026, 3, 10)
FEBRUARY = {"start_date": date(2026, 2, 1), "end_date": date(2026, 3, 1)}


@pytest.fixture
def world():
    return contracts.world()


def _pay(world, amount_minor, reference="r1", **changes):
    given = {
        "account_id": world.account.id,
        "amount_minor": amount_minor,
        "channel": PaymentChannel.BANK,
        "reference": reference,
        "received_date": TODAY,
        "today": TODAY,
        "actor": SYSTEM,
        **changes,
    }
    return payments.receive(**given)


def _open(world):
    return {card.start_date.month: card.open_minor for card in bills.of_account(account_id=world.account.id)}


def test_a_payment_pays_the_oldest_bill_first(world):
    billing.issued(world=world)
    billing.issued(world=world, **FEBRUARY)
    _pay(world, 7_000)
    assert _open(world) == {1: 0, 2: 5_340}
    balance = balances.of_account(account_id=world.account.id, today=TODAY)
    assert (balance.balance_minor, balance.overdue_minor, balance.next_due_date) == (5_340, 0, date(2026, 3, 21))
    assert proof.verify() == ()


def test_what_is_overdue_is_told_apart_from_what_is_due(world):
    billing.issued(world=world)
    billing.issued(world=world, **FEBRUARY)
    balance = balances.of_account(account_id=world.account.id, today=TODAY)
    assert (balance.balance_minor, balance.overdue_minor) == (12_340, 6_170)


def test_too_much_money_stays_as_credit_and_pays_the_next_bill(world):
    _pay(world, 10_000)
    assert balances.of_account(account_id=world.account.id, today=TODAY).balance_minor == -10_000
    billing.issued(world=world)
    with transaction.atomic():
        allocation.allocate(account_ids=[world.account.id], today=TODAY)
    assert _open(world) == {1: 0}
    assert proof.verify() == ()


def test_the_same_message_twice_counts_once(world):
    billing.issued(world=world)
    first, again = _pay(world, 1_000), _pay(world, 1_000)
    assert (first.payment_id, first.is_new, again.is_new) == (again.payment_id, True, False)
    assert balances.of_account(account_id=world.account.id, today=TODAY).balance_minor == 5_170


def test_a_reference_of_another_payment_is_refused(world):
    _pay(world, 1_000)
    with pytest.raises(ReferenceReused):
        _pay(world, 1_001)
    with pytest.raises(ReferenceReused):
        _pay(contracts.world(), 1_000)
    assert Payment.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [{"amount_minor": 0}, {"amount_minor": -5}, {"amount_minor": 10**14}, {"reference": " "}, {"reference": "x" * 101},
     {"received_date": date(2026, 3, 11)}],
)  # fmt: skip
def test_an_impossible_payment_is_refused_and_leaves_nothing(world, wrong):
    with pytest.raises(BadPayment):
        _pay(world, **{"amount_minor": 100, **wrong})
    assert not Payment.objects.exists()


def test_ten_messages_at_once_book_one_payment(world):
    billing.issued(world=world)
    barrier, answers = Barrier(10), []

    def send():
        barrier.wait()
        answers.append(_pay(world, 500).payment_id)
        connection.close()

    threads = [Thread(target=send) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 10
    assert len(set(answers)) == 1
    assert Payment.objects.count() == 1
    assert proof.verify() == ()


def test_the_proof_finds_a_payment_that_pays_too_much(world):
    billing.issued(world=world)
    _pay(world, 1_000)
    Allocation.objects.update(amount_minor=1_001)
    assert {breach.law.name for breach in proof.verify()} == {"allocations_fit"}


def test_the_proof_finds_a_payment_that_was_not_posted(world):
    Payment.objects.create(account=world.account, channel="cash", reference="x", amount_minor=5, received_date=TODAY)
    assert "payment_is_posted_once" in {breach.law.name for breach in proof.verify()}


def test_many_payments_are_booked_at_once_or_not_at_all(world, django_assert_max_num_queries):
    other = contracts.world()
    billing.issued(world=world)
    billing.issued(world=other)
    new = [NewPayment(w.account.id, 6_170, f"s{w.account.id}", TODAY) for w in (world, other)]
    with django_assert_max_num_queries(17):
        payments.book_new(payments=new, channel=PaymentChannel.BANK, today=TODAY, actor=SYSTEM)
    assert balances.total_owed_minor() == 0
    assert _open(world) == {1: 0}
    assert proof.verify() == ()
    with pytest.raises(IntegrityError):
        payments.book_new(
            payments=[NewPayment(world.account.id, 5, "fresh", TODAY), new[0]],
            channel=PaymentChannel.BANK, today=TODAY, actor=SYSTEM,
        )  # fmt: skip
    assert Payment.objects.count() == 2
