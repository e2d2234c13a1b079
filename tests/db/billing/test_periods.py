"""Accounting months: who closes them, what stands against it, and that what is closed stays as it is."""

import hashlib
import json
import threading
import time
from datetime import UTC, date

import pytest
from django.db import DatabaseError, connection, transaction

from billing.domain.channels import PaymentChannel
from billing.domain.entries import CUSTOMER, Entry, TransferKind
from billing.models.bill import Bill
from billing.models.ledger import LedgerAccount, Transfer
from billing.models.period import AccountingPeriod
from billing.models.run import BillRun
from billing.operations import bills, ledger, payments, periods, proof
from billing.operations.periods import OwnPeriod, PeriodNotClosable
from billing.queries import periods as queries
from billing.queries.periods import UnknownPeriod
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove, NotAllowed
from tests.db.billing.test_races import Somebody
from tests.factories import billing, contracts

pytestmark = pytest.mark.django_db(transaction=True)
ANNA = Actor(ActorKind.STAFF, 1, "Anna", frozenset({Role.BILLING}))
BERT = Actor(ActorKind.STAFF, 2, "Bert", frozenset({Role.SUPERVISOR}))
JANUARY, FEBRUARY, MARCH = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
TODAY = date(2026, 4, 10)


@pytest.fixture
def world():
    """A bill of 61.70, posted in February (it is issued on the 1st)."""
    made = contracts.world()
    billing.issued(world=made)
    return made


def close(month, today=TODAY):
    periods.propose(month=month, today=today, actor=ANNA)
    periods.close(month=month, today=today, actor=BERT)


def pay(world, on, reference="r1", amount=1_000):
    return payments.receive(
        account_id=world.account.id, amount_minor=amount, channel=PaymentChannel.BANK, reference=reference,
        received_date=on, today=TODAY, actor=SYSTEM,
    ).payment_id  # fmt: skip


def codes(caught):
    return {finding.code for finding in caught.value.detail["findings"]}


def test_two_persons_close_a_month_and_its_sums_are_kept(world):
    pay(world, date(2026, 2, 27))
    close(FEBRUARY)
    card = queries.one(month=FEBRUARY, today=TODAY)
    assert (card.state, card.transfers, card.amount_minor) == ("closed", 3, 6170 + 1_000)
    assert (card.proposer_id, card.closer_id, len(card.hash), card.previous_hash) == (1, 2, 64, "")
    kept = AccountingPeriod.objects.get().balances.values_list("code", "debit_minor", "credit_minor")
    assert set(kept) == {
        ("customer", 6170, 1_000), ("cash.bank", 1_000, 0), ("revenue.energy", 0, 5460), ("liability.vat", 0, 710),
    }  # fmt: skip
    assert proof.verify() == ()
    assert periods.verify() == ()


def test_who_proposed_does_not_close_and_others_may_not_at_all(world):
    clerk = Actor(ActorKind.STAFF, 3, "Cleo", frozenset({Role.CLERK}))
    for nobody in (clerk, SYSTEM):
        with pytest.raises(NotAllowed):
            periods.propose(month=FEBRUARY, today=TODAY, actor=nobody)
    with pytest.raises(IllegalMove):
        periods.close(month=FEBRUARY, today=TODAY, actor=BERT)
    periods.propose(month=FEBRUARY, today=TODAY, actor=ANNA)
    with pytest.raises(OwnPeriod):
        periods.close(month=FEBRUARY, today=TODAY, actor=ANNA)
    periods.take_back(month=FEBRUARY, today=TODAY, actor=BERT)
    assert queries.one(month=FEBRUARY, today=TODAY).state == "open"


def test_all_that_stands_against_a_close_is_named(world):
    pay(world, date(2026, 4, 2))
    BillRun.objects.create(state="issuing", start_date=MARCH, end_date=date(2026, 4, 1), as_of_date=date(2026, 4, 1))
    LedgerAccount.objects.filter(account=world.account).update(balance_minor=1)
    with pytest.raises(PeriodNotClosable) as caught:
        periods.propose(month=date(2026, 4, 1), today=TODAY, actor=ANNA)
    assert codes(caught) == {"month_not_over", "month_before_is_open", "run_is_issuing", "law_is_broken"}
    assert not AccountingPeriod.objects.exists()


def test_a_law_broken_after_the_proposal_stops_the_close(world):
    periods.propose(month=FEBRUARY, today=TODAY, actor=ANNA)
    LedgerAccount.objects.filter(account=world.account).update(balance_minor=1)
    with pytest.raises(PeriodNotClosable) as caught:
        periods.close(month=FEBRUARY, today=TODAY, actor=BERT)
    assert codes(caught) == {"law_is_broken"}
    assert AccountingPeriod.objects.get().state == "proposed"


@pytest.mark.parametrize("month", [JANUARY, date(2026, 2, 2), date(2026, 5, 1)])
def test_months_that_the_books_do_not_have_are_unknown(world, month):
    with pytest.raises(UnknownPeriod):
        periods.propose(month=month, today=TODAY, actor=ANNA)


def test_books_without_a_posting_have_no_month():
    assert queries.listed(today=TODAY) == ()
    with pytest.raises(UnknownPeriod):
        periods.propose(month=FEBRUARY, today=TODAY, actor=ANNA)


def test_what_belongs_to_a_closed_month_is_posted_in_the_first_open_one(world):
    """Each way of posting; the day on which it occurred stays true, and months without any movement close too."""
    paid = pay(world, date(2026, 2, 27))
    close(FEBRUARY)
    close(MARCH)
    last = Transfer.objects.order_by("-id").first().id
    pay(world, date(2026, 1, 15), "late")
    payments_back = {"payment_id": paid, "returned_date": date(2026, 3, 3)}
    with transaction.atomic():
        ledger.reverse(
            kind=TransferKind.PAYMENT, source_id=payments_back["payment_id"], account_id=world.account.id,
            occurred_date=payments_back["returned_date"], actor=SYSTEM, reason="bounced",
        )  # fmt: skip
        ledger.post(
            kind=TransferKind.TILL,
            entries=[
                Entry(source_id=1, part="a", debit="cash.till", credit="cash.bank", account_id=None, amount_minor=5,
                      occurred_date=date(2026, 2, 3)),
                Entry(source_id=1, part="b", debit=CUSTOMER, credit="cash.bank", account_id=world.account.id,
                      amount_minor=5, occurred_date=date(2026, 5, 3)),
            ],
            actor=SYSTEM,
        )  # fmt: skip
    late = billing.draft(world=world)
    with transaction.atomic():
        ledger.post_bills(
            bill_ids=[late.id], account_ids=[world.account.id], occurred_date=date(2026, 3, 31), actor=SYSTEM
        )
    april, may = date(2026, 4, 1), date(2026, 5, 1)
    rows = Transfer.objects.filter(id__gt=last).values_list("kind", "part", "occurred_date", "period")
    assert set(rows) == {
        ("payment", "bank", date(2026, 1, 15), april),
        ("payment", "returned_bank", date(2026, 3, 3), april),
        ("till", "a", date(2026, 2, 3), april),
        ("till", "b", date(2026, 5, 3), may),
        ("bill", "energy", date(2026, 3, 31), april),
        ("bill", "vat", date(2026, 3, 31), april),
    }
    assert periods.verify() == ()


def test_a_bill_of_a_closed_month_is_cancelled_in_the_open_one(world):
    close(FEBRUARY)
    bills.cancel(bill_id=Bill.objects.get().id, reason="wrong meter", as_of_date=TODAY, actor=ANNA)
    assert set(Transfer.objects.filter(reverses__isnull=False).values_list("period", flat=True)) == {date(2026, 4, 1)}
    assert proof.verify() == ()


DAMAGE = [
    "UPDATE billing_transfer SET amount_minor = amount_minor + 1 WHERE period = '2026-02-01'",
    "UPDATE billing_transfer SET reason = 'other' WHERE period = '2026-02-01'",
    "UPDATE billing_transfer SET period = '2026-03-01'",
    "DELETE FROM billing_transfer WHERE period = '2026-02-01'",
    (
        "INSERT INTO billing_transfer (debit_id, credit_id, amount_minor, kind, source_id, part, occurred_date, period,"
        " posted_at, reason) SELECT debit_id, credit_id, 1, 'till', 9, 'x', occurred_date, '2026-02-01', now(), ''"
        " FROM billing_transfer LIMIT 1"
    ),
    "UPDATE billing_accountingperiod SET hash = repeat('0', 64) WHERE month = '2026-02-01'",
    "UPDATE billing_accountingperiod SET state = 'open', closed_at = NULL, hash = ''",
    "DELETE FROM billing_accountingperiod WHERE month = '2026-02-01'",
    "UPDATE billing_periodbalance SET debit_minor = debit_minor + 1",
    "DELETE FROM billing_periodbalance",
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_the_database_refuses_to_change_a_closed_month(world, damage):
    close(FEBRUARY)
    close(MARCH)
    with pytest.raises(DatabaseError), transaction.atomic():
        connection.cursor().execute(damage)
    assert proof.verify() == ()


@pytest.mark.parametrize("damage", [one for one in DAMAGE if "state = 'open'" not in one])
def test_the_laws_find_a_change_that_went_around_the_database(world, damage):
    close(FEBRUARY)
    close(MARCH)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no trigger fires
        cursor.execute(damage)
    broken = {breach.law.name for breach in proof.verify()}
    assert broken & {"closed_period_is_unchanged", "closed_sums_are_sums_of_transfers"}
    assert bool(periods.verify()) is ("closed_period_is_unchanged" in broken)


def test_another_program_makes_the_same_hash(world):
    """An independent computation from the rows, as an auditor would do it."""
    with transaction.atomic():
        ledger.post(
            kind=TransferKind.TILL,
            entries=[Entry(source_id=7, part="x", debit="cash.till", credit="cash.bank", account_id=None,
                           amount_minor=3, occurred_date=date(2026, 2, 9), reason='差额 "a"\nb')],
            actor=ANNA,
        )  # fmt: skip
    close(FEBRUARY)
    close(MARCH)
    before = ""
    for month in (FEBRUARY, MARCH):
        blocks = {}
        for t in Transfer.objects.filter(period=month).order_by("id").select_related("debit", "credit"):
            row = [
                t.id, t.debit.code, t.credit.code, t.account_id, t.amount_minor, t.kind, t.source_id, t.part,
                t.occurred_date.isoformat(), t.posted_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                t.reverses_id, t.actor_id, t.reason,
            ]  # fmt: skip
            blocks.setdefault(t.id // 65536, []).append(json.dumps(row, ensure_ascii=False))
        digests = [hashlib.sha256("\n".join(blocks[one]).encode()).hexdigest() for one in sorted(blocks)]
        before = hashlib.sha256("\n".join([before, month.isoformat(), *digests]).encode()).hexdigest()
        assert queries.one(month=month, today=TODAY).hash == before


def test_a_close_waits_for_a_posting_that_is_under_way(world):
    """Without the lock the transfer would be posted in February, after February was closed."""
    periods.propose(month=FEBRUARY, today=TODAY, actor=ANNA)
    locked, go = threading.Event(), threading.Event()

    def post():
        with transaction.atomic():
            ledger.lock_customers(account_ids=[])
            locked.set()
            assert go.wait(20)
            entry = Entry(source_id=1, part="x", debit="cash.till", credit="cash.bank", account_id=None,
                          amount_minor=5, occurred_date=date(2026, 2, 3))  # fmt: skip
            ledger.post(kind=TransferKind.TILL, entries=[entry], actor=SYSTEM)

    poster = Somebody(post)
    assert locked.wait(20)
    closer = Somebody(periods.close, month=FEBRUARY, today=TODAY, actor=BERT)
    time.sleep(0.4)
    assert closer.is_alive()
    go.set()
    poster.wait()
    assert closer.wait() is None
    card = queries.one(month=FEBRUARY, today=TODAY)
    assert (card.state, card.transfers) == ("closed", 3)
    assert Transfer.objects.get(kind="till").period == FEBRUARY
    assert proof.verify() == ()


def test_a_posting_waits_for_a_close_that_is_under_way(world, monkeypatch):
    """It then sees the closed month, though it began before the close was committed."""
    periods.propose(month=FEBRUARY, today=TODAY, actor=ANNA)
    reached, go = threading.Event(), threading.Event()
    real = periods.period_digests.of_month

    def waits(**given):
        found = real(**given)
        reached.set()
        assert go.wait(20)
        return found

    monkeypatch.setattr(periods.period_digests, "of_month", waits)
    closer = Somebody(periods.close, month=FEBRUARY, today=TODAY, actor=BERT)
    assert reached.wait(20)
    payer = Somebody(pay, world=world, on=date(2026, 2, 20))
    time.sleep(0.4)
    assert payer.is_alive()
    go.set()
    assert closer.wait() is None
    assert payer.wait() is None
    assert Transfer.objects.get(kind="payment").period == MARCH
    assert proof.verify() == ()


def test_postings_do_not_wait_for_each_other(world):
    with transaction.atomic():
        ledger.lock_customers(account_ids=[])
        assert Somebody(pay, world=world, on=date(2026, 2, 20)).wait() is None
