"""
A debit that comes back, twice: the bill is paid, open again, and the customer knows at each step where he stands.

A household lets its bills be debited. The bank pays, takes the money back for want of cover and keeps a fee; the fee is
charged on, a second try is announced, and when that comes back too nobody tries a third time: the bill is open, it is
not dunned before, and the customer pays by transfer. Then the account is closed at the bank, and the mandate stops.
"""

from dataclasses import replace
from datetime import date, timedelta

import pytest
import time_machine

from accounts.models.notice import Notice
from billing.models.bill import Bill
from billing.operations import proof
from billing.queries import balances, bills
from cashiering.models.debit import Debit, Mandate
from cashiering.queries import debit_rules
from cashiering.queries import debits as queries
from tests.factories import accounts, billing, contracts
from tests.factories.debits import at, listen, night, signed

pytestmark = pytest.mark.django_db(transaction=True)
ISSUED, SENT, COLLECTED = date(2026, 2, 2), date(2026, 2, 14), date(2026, 2, 24)
BOUNCES_KWH, CLOSED_KWH = 60, 342  # bills of 37.02 and 211.01: the made-up bank tells by the cents what becomes of them


@pytest.fixture
def home(monkeypatch):
    accounts.supplier()
    real = debit_rules.rule
    monkeypatch.setattr(debit_rules, "rule", lambda *, at: replace(real(at=at), fee="bank"))
    world = contracts.world()
    accounts.contact_point(of=world.customer)
    return world


def _told(event):
    return list(Notice.objects.filter(event=event, channel="inbox").order_by("id").values_list("body", flat=True))


def _open(world):
    return {card.number: card.open_minor for card in bills.of_account(account_id=world.account.id)}


def test_a_debit_comes_back_twice_and_the_account_is_closed_at_last(home):
    with time_machine.travel(at(ISSUED, 1), tick=False):
        bill = billing.issued(world=home, kwh=BOUNCES_KWH)
    mandate_id = signed(home, on=ISSUED)

    # The night tells the customer of the debit, days before it, and the bill is not dunned from then on.
    night(ISSUED)
    (told,) = _told("debit_announced")
    assert "37.02" in told
    assert bill.id in queries.under_way(account_ids=[home.account.id])

    # It goes to the bank in time for the first bank working day after the due date, and becomes money by the statement.
    night(SENT)
    listen(COLLECTED + timedelta(days=1))
    assert _open(home)[bill.number] == 0
    assert queries.under_way(account_ids=[home.account.id]) == {}

    # The bank takes it back for want of cover: the bill is open again, the fee is a note, a second try is announced.
    listen(COLLECTED + timedelta(days=3))
    note = Bill.objects.get(kind="note")
    assert (_open(home)[bill.number], note.amount_minor) == (3_702, 300)
    assert balances.of_account(account_id=home.account.id, today=COLLECTED).balance_minor == 4_002
    assert any("2026年3月4日" in one or "2026-03-04" in one for one in _told("debit_returned"))
    again = Debit.objects.get(attempt=2)
    assert queries.under_way(account_ids=[home.account.id])[bill.id].collection_date == again.collection_date

    # It comes back again, and nobody tries a third time: the bill is the customer's to pay, and may be dunned.
    for days in range(2, 9):
        night(again.collection_date + timedelta(days=days - 3))
    assert [row.state for row in Debit.objects.filter(bill=bill).order_by("id")] == ["returned", "returned"]
    assert bill.id not in queries.under_way(account_ids=[home.account.id])
    assert Mandate.objects.get(id=mandate_id).state == "active"
    assert len(_told("debit_returned")) == 2

    # The next bill is rejected at once, since the account is closed: the mandate is suspended, nothing more is tried.
    with time_machine.travel(at(date(2026, 3, 12), 1), tick=False):
        billing.issued(world=home, kwh=CLOSED_KWH, start_date=date(2026, 2, 1), end_date=date(2026, 3, 1))
    for day in range(13, 28):
        night(date(2026, 3, day))
    closed = Debit.objects.latest("id")
    assert (closed.state, closed.return_code) == ("rejected", "AC04")
    assert Mandate.objects.get(id=mandate_id).state == "suspended"
    assert len(_told("debit_returned")) == 3
    assert proof.verify() == ()
