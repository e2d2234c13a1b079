"""Cancelling a bill: a credit note with the same lines, negated; nothing is deleted."""

from datetime import date

import pytest

from billing.domain.channels import PaymentChannel
from billing.models.bill import Bill, BillLine, BillSegment
from billing.models.ledger import Transfer
from billing.operations import bills, payments, proof
from billing.operations.bills import BillNotCancellable
from billing.queries import balances
from billing.queries import bills as bill_queries
from cis.kernel.actors import SYSTEM
from cis.platform.models import AuditEvent
from tests.factories import billing, contracts

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2026, 3, 10)


def _cancel(bill, reason="meter read twice"):
    return bills.cancel(bill_id=bill.id, reason=reason, as_of_date=TODAY, actor=SYSTEM)


@pytest.fixture
def world():
    return contracts.world()


def test_the_credit_note_mirrors_the_bill_and_the_ledger_is_back_where_it_was(world):
    bill = billing.issued(world=world)
    note = Bill.objects.get(id=_cancel(bill))
    assert (note.kind, note.state, note.number) == ("credit", "issued", "0000000002")
    assert (note.amount_minor, note.tax_minor, note.energy_wh) == (-6170, -710, -100_000)
    assert note.cancels_id == bill.id
    assert Bill.objects.get(id=bill.id).state == "cancelled"
    taken_back = BillSegment.objects.get(bill=note)
    assert taken_back.cancels == BillSegment.objects.get(bill=bill)
    [line] = BillLine.objects.filter(bill=note)
    assert (line.quantity, line.amount_minor, line.segment_id) == (-100_000, -6170, taken_back.id)
    assert balances.of_account(account_id=world.account.id, today=TODAY).balance_minor == 0
    assert Transfer.objects.filter(reverses__isnull=False).count() == 2
    assert proof.verify() == ()


def test_money_that_paid_the_bill_is_free_again_and_pays_another(world):
    bill = billing.issued(world=world)
    later = billing.issued(world=world, start_date=date(2026, 2, 1), end_date=date(2026, 3, 1))
    payments.receive(
        account_id=world.account.id, amount_minor=6_170, channel=PaymentChannel.CASH, reference="t1",
        received_date=TODAY, today=TODAY, actor=SYSTEM,
    )  # fmt: skip
    _cancel(bill)
    cards = {card.id: card for card in bill_queries.of_account(account_id=world.account.id)}
    assert cards[bill.id].paid_minor == 0
    assert cards[later.id].open_minor == 0
    assert proof.verify() == ()


@pytest.mark.parametrize("how", ["draft", "twice", "note", "absent", "no reason"])
def test_what_cannot_be_cancelled_says_why_and_stays(world, how):
    bill = billing.draft(world=world) if how == "draft" else billing.issued(world=world)
    if how == "twice":
        _cancel(bill)
    if how == "note":
        bill = Bill.objects.get(id=_cancel(bill))
    if how == "absent":
        bill.id += 99
    before = Bill.objects.count()
    with pytest.raises(BillNotCancellable) as caught:
        _cancel(bill, reason=" " if how == "no reason" else "wrong")
    assert caught.value.message
    assert Bill.objects.count() == before
    assert how == "draft" or proof.verify() == ()


def test_a_bill_that_a_later_one_corrected_is_not_taken_back_whole(world):
    bill = billing.issued(world=world)
    later = billing.issued(world=world, start_date=date(2026, 2, 1), end_date=date(2026, 3, 1))
    BillSegment.objects.filter(bill=later).update(cancels=BillSegment.objects.get(bill=bill))
    for wrong in (bill, later):
        with pytest.raises(BillNotCancellable, match="correct"):
            _cancel(wrong)


def test_the_deed_is_in_the_audit_trail(world):
    bill = billing.issued(world=world)
    _cancel(bill)
    event = AuditEvent.objects.get(subject="bill", subject_id=bill.id)
    assert (event.action, event.detail["reason"]) == ("cancel", "meter read twice")
