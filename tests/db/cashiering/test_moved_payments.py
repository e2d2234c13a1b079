"""Money that was booked on a wrong account, and moved to the right one, goes back from there, whichever way it came."""

from datetime import timedelta

import pytest

from billing.models.payment import PaymentReturn
from billing.operations import money_moves, proof
from billing.operations.money_moves import NewMove
from billing.queries import balances
from cashiering.models.debit import Debit
from cashiering.models.till import Receipt, ReceiptPart
from cashiering.operations import receipts
from tests.db.billing.test_adjustments import BILLER
from tests.db.cashiering import test_checkouts as shop
from tests.db.cashiering import test_debits as bank
from tests.db.cashiering import test_tills as counter
from tests.db.cashiering.test_checkouts import clock  # noqa: F401 (a fixture)
from tests.factories import accounts, billing, contracts
from tests.factories.debits import listen, night, signed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    accounts.supplier()
    return contracts.world()


def _moved(payment_id, today):
    """Move a payment to the account of somebody else, who owed nothing."""
    other = contracts.world().account
    new = NewMove(reason="wrong number typed", key="k1", payment_id=payment_id, to_account_id=other.id)
    money_moves.propose(new=new, today=today, actor=BILLER)
    assert _owed(other, today) < 0
    return other


def _owed(account, today):
    return balances.of_account(account_id=account.id, today=today).balance_minor


def test_a_receipt_of_a_till_is_cancelled(world):
    billing.issued(world=world)
    session_id = counter._open()
    receipt_id = counter._take(session_id, world.account.id).receipt_id
    other = _moved(ReceiptPart.objects.get().payment_id, counter.TODAY)
    receipts.ask_cancel(receipt_id=receipt_id, reason="given back", actor=counter.CASHIER)
    receipts.cancel(receipt_id=receipt_id, today=counter.TODAY, actor=counter.SECOND)
    assert Receipt.objects.get().state == "cancelled"
    assert (_owed(world.account, counter.TODAY), _owed(other, counter.TODAY)) == (6_170, 0)
    assert proof.verify() == ()


def test_a_debit_comes_back_and_is_known_as_returned(world, monkeypatch):
    bank._bound(monkeypatch, fee="bank")
    bank._bill(world, kwh=bank.BOUNCING)
    signed(world, on=bank.SIGNED)
    night(bank.NIGHT)
    night(bank.SENT)
    listen(bank.COLLECTED + timedelta(days=1))
    other = _moved(Debit.objects.get().payment_id, bank.COLLECTED + timedelta(days=1))
    listen(bank.COLLECTED + timedelta(days=3))
    assert bank._states()[0] == "returned"
    assert _owed(other, bank.COLLECTED + timedelta(days=3)) == 0
    assert proof.verify() == ()


def test_a_payment_online_is_charged_back(world, clock):  # noqa: F811
    billing.issued(world=world)
    row = shop.paid(world, 1_004)
    other = _moved(row.payment_id, shop.TODAY)
    shop.later(clock, 2)
    row.refresh_from_db()
    assert (row.state, _owed(other, shop.TODAY)) == ("reversed", 0)
    assert PaymentReturn.objects.latest("id").kind == "bounced"
    shop.sound()
