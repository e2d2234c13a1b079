"""Debts that are given up: by two persons, as far as they are open, and what comes back of them."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from accounts.models.account import Account, AccountHolder
from arrears.models.collection import CollectionCase
from arrears.operations import cases
from arrears.operations import late_fees as fees
from arrears.queries import enquiries, late_fees
from billing.domain.channels import PaymentChannel, ReturnKind
from billing.models.bill import Bill
from billing.models.ledger import Transfer
from billing.models.write_off import WriteOff, WriteOffCandidate
from billing.operations import bills, payments, proof, write_off_batches, write_offs
from billing.operations.write_offs import BadWriteOff, NewWriteOff, OwnWriteOff
from billing.queries import balances, refunds
from billing.queries import bills as listing
from billing.queries import write_offs as queries
from billing.queries.write_offs import UnknownWriteOff, Wanted
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import NotAllowed
from cis.platform.packs import MissingRule
from cis.templatetags.desk import code_of
from contracts.queries import applications
from tests.db.billing.test_adjustments import BILLER, BOSS, CLERK
from tests.factories import accounts, billing, contracts
from tests.factories.refunds import paid_in

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)
OLD = date(2022, 1, 1)
BOSS_TOO = Actor(ActorKind.STAFF, 804, "other boss", frozenset({Role.SUPERVISOR}))


@pytest.fixture
def world(db):
    with time_machine.travel("2026-03-10T02:00:00Z", tick=False):
        accounts.supplier()
        yield contracts.world()


def old_bill(world, *, kwh=100, months=0):
    start = OLD + timedelta(days=31 * months)
    return billing.issued(world=world, kwh=kwh, start_date=start, end_date=start + timedelta(days=31))


def proposed(world, *, reason="too_old", key="w1", actor=CLERK, **changes):
    new = NewWriteOff(account_id=world.account.id, reason=reason, evidence="letters came back", key=key, **changes)
    return write_offs.propose(new=new, today=TODAY, actor=actor)


def written_off(world, **changes):
    made = proposed(world, **changes)
    write_offs.decide(write_off_id=made, is_agreed=True, today=TODAY, actor=BOSS)
    return made


def owed(world):
    return balances.of_account(account_id=world.account.id, today=TODAY)


def booked(code):
    """What stands on a ledger account. [minor unit]"""
    rows = Transfer.objects.select_related("debit", "credit")
    return sum(
        (one.debit.code == code) * one.amount_minor - (one.credit.code == code) * one.amount_minor for one in rows
    )


def paid_of(bill):
    return sum(bill.allocations.values_list("amount_minor", flat=True))


def test_a_debt_is_given_up_by_two_and_nothing_is_overdue_any_more(world):
    bills_ = [old_bill(world), old_bill(world, months=1)]
    made = proposed(world)
    assert proposed(world) == made
    assert (owed(world).overdue_minor, queries.left_minor(account_ids=[world.account.id])) == (2 * 6_170, 0)
    for actor in (CLERK, Actor(ActorKind.STAFF, 9, "x", frozenset({Role.CASHIER}))):
        with pytest.raises(NotAllowed):
            write_offs.decide(write_off_id=made, is_agreed=True, today=TODAY, actor=actor)
    write_offs.decide(write_off_id=made, is_agreed=True, today=TODAY, actor=BILLER)
    card = queries.one(write_off_id=made)
    assert (card.state, card.amount_minor, card.left_minor) == ("made", 12_340, 12_340)
    assert (owed(world).balance_minor, owed(world).overdue_minor) == (0, 0)
    assert [paid_of(one) for one in bills_] == [6_170, 6_170]
    assert (booked("expense.bad_debt"), booked("liability.vat")) == (12_340, -2 * 710)
    assert late_fees.accrued_minor(account_id=world.account.id, today=TODAY + timedelta(days=40)) == 0
    assert applications.owed_minor(customer_ids=[world.customer.id], today=TODAY) == 12_340
    assert proof.verify() == ()
    # Nobody says that they were paid.
    paid = billing.issued(world=world, start_date=date(2026, 2, 1), end_date=date(2026, 3, 1))
    payments.receive(
        account_id=world.account.id, amount_minor=6_170, channel=PaymentChannel.CASH, reference="P", actor=SYSTEM,
        received_date=TODAY, today=TODAY, for_bills={paid.id: 6_170},
    )  # fmt: skip
    cards = listing.listed(bill_ids=[one.id for one in (*bills_, paid)])
    assert [(one.given_up_minor, code_of(one, TODAY)) for one in cards] == [
        (6_170, "written_off"), (6_170, "written_off"), (0, "paid"),
    ]  # fmt: skip
    # By telephone they are not said to be paid either, and the note that gave them up is no credit of the customer.
    AccountHolder.objects.update(period=DateRange(OLD, None))
    told = enquiries.bills_told(account_id=world.account.id, number="1", today=TODAY)
    assert [(one.amount_minor, one.is_given_up) for one in told.bills] == [(6_170, False), *[(6_170, True)] * 2]
    assert enquiries.told(account_id=world.account.id, number="1", today=TODAY).bill_minor == 6_170


def test_its_case_closes_and_no_late_fee_is_charged_any_more_but_opens_and_goes_on_when_it_was_a_mistake(world):
    """Charged to the end of February while it was open; nothing for the days in March, before or after."""
    bill = old_bill(world)
    ids = [world.account.id]
    with transaction.atomic():
        cases.look_step(account_ids=ids, at=timezone.now(), opens=True)
    assert CollectionCase.objects.get().closed_date is None
    assert fees.charge(account_ids=ids, today=TODAY, actor=SYSTEM).charged
    made = written_off(world)
    assert CollectionCase.objects.get().closed_date == TODAY
    assert queries.one(write_off_id=made).amount_minor > bill.amount_minor
    later = TODAY + timedelta(days=60)
    assert fees.charge(account_ids=ids, today=later, actor=SYSTEM) == fees.Done(0, 0)
    write_offs.reverse(write_off_id=made, reason="he was found", today=TODAY, actor=BILLER)
    assert fees.charge(account_ids=ids, today=later, actor=SYSTEM).charged
    with transaction.atomic():
        cases.look_step(account_ids=ids, at=timezone.now(), opens=True)
    assert CollectionCase.objects.filter(closed_date=None).exists()
    assert proof.verify() == ()


def test_above_the_limit_of_a_role_and_of_ones_own_nobody_decides(world):
    old_bill(world, kwh=1_000)
    made = proposed(world, actor=BOSS)
    with pytest.raises(NotAllowed, match="so much"):
        write_offs.decide(write_off_id=made, is_agreed=True, today=TODAY, actor=BILLER)
    with pytest.raises(OwnWriteOff):
        write_offs.decide(write_off_id=made, is_agreed=True, today=TODAY, actor=BOSS)
    with pytest.raises(BadWriteOff, match="waits"):
        proposed(world, key="w2")
    write_offs.decide(write_off_id=made, is_agreed=False, today=TODAY, actor=BOSS)
    assert WriteOff.objects.get(id=made).state == "dropped"
    with pytest.raises(IntegrityError), transaction.atomic():
        WriteOff.objects.filter(id=made).update(state="made", decider_id=BOSS.id)


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": "nonsense"},
        {"reason": "too_small"},
        {"reason": "bankrupt"},
        {"bill_ids": [1]},
        {"evidence": "  "},
    ],
)
def test_what_does_not_fit_the_reason_is_refused(world, changes):
    """6170 is too much to be too small; a bankruptcy is shown by a paper."""
    old_bill(world)
    given = {"account_id": world.account.id, "reason": "too_old", "evidence": "x", "key": "k", **changes}
    with pytest.raises(BadWriteOff):
        write_offs.propose(new=NewWriteOff(**given), today=TODAY, actor=CLERK)


def test_a_young_debt_is_not_too_old_and_where_no_rule_is_nothing_is_given_up(world, settings):
    billing.issued(world=world)
    with pytest.raises(BadWriteOff, match="young"):
        proposed(world)
    settings.PACK = "gb-example"
    with pytest.raises(MissingRule):
        proposed(world)
    write_off_batches.night(datetime(2026, 3, 10, 3, tzinfo=ZoneInfo("Asia/Shanghai")))


def test_what_was_paid_meanwhile_is_left_out(world):
    bill = old_bill(world)
    made = proposed(world)
    paid_in(world.account.id, 6_000, on=TODAY)
    write_offs.decide(write_off_id=made, is_agreed=True, today=TODAY, actor=BILLER)
    assert (queries.one(write_off_id=made).amount_minor, paid_of(bill), owed(world).balance_minor) == (170, 6_170, 0)
    again = old_bill(world, months=2)
    late = proposed(world, key="w2")
    paid_in(world.account.id, again.amount_minor, on=TODAY)
    with pytest.raises(BadWriteOff, match="open any more"):
        write_offs.decide(write_off_id=late, is_agreed=True, today=TODAY, actor=BILLER)
    assert proof.verify() == ()


def test_money_that_comes_later_takes_the_write_off_back_by_as_much(world):
    old_bill(world)
    made = written_off(world)
    paid_in(world.account.id, 2_000, on=TODAY)
    card = queries.one(write_off_id=made)
    assert (card.back_minor, card.left_minor, owed(world).balance_minor) == (2_000, 4_170, 0)
    assert booked("expense.bad_debt") == 4_170
    assert [(one.why, one.amount_minor) for one in queries.returns_of(write_off_id=made)] == [("recovered", 2_000)]
    assert proof.verify() == ()
    young = billing.issued(world=world, kwh=10)
    paid_in(world.account.id, 617 + 5_000, on=TODAY)
    assert (paid_of(young), owed(world).balance_minor) == (617, -830)
    assert queries.one(write_off_id=made).left_minor == 0
    assert booked("expense.bad_debt") == 0
    with pytest.raises(IntegrityError), transaction.atomic():
        WriteOff.objects.filter(id=made).update(back_minor=6_171)
    assert proof.verify() == ()


def test_money_that_goes_back_leaves_the_debt_open_again(world):
    old_bill(world)
    made = written_off(world)
    payment_id = paid_in(world.account.id, 6_170, on=TODAY)
    with transaction.atomic():
        payments.take_back_step(
            payment_id=payment_id, kind=ReturnKind.BOUNCED, returned_date=TODAY, reason="no money", actor=SYSTEM
        )
    assert (owed(world).balance_minor, queries.one(write_off_id=made).left_minor) == (6_170, 0)
    assert booked("expense.bad_debt") == 0
    assert proof.verify() == ()


def test_a_mistaken_one_is_taken_back_with_what_came_in_for_it(world):
    bill = old_bill(world)
    made = written_off(world)
    paid_in(world.account.id, 2_000, on=TODAY)
    given = {"write_off_id": made, "today": TODAY}
    with pytest.raises(OwnWriteOff):
        write_offs.reverse(**given, reason="x", actor=Actor(ActorKind.STAFF, CLERK.id, "c", frozenset({Role.BILLING})))
    with pytest.raises(BadWriteOff):
        write_offs.reverse(**given, reason=" ", actor=BILLER)
    write_offs.reverse(**given, reason="he was found", actor=BILLER)
    with pytest.raises(UnknownWriteOff):
        write_offs.reverse(**given, reason="he was found", actor=BILLER)
    assert (owed(world).balance_minor, paid_of(bill), booked("expense.bad_debt")) == (4_170, 2_000, 0)
    assert queries.left_minor(account_ids=[world.account.id]) == 0
    assert proof.verify() == ()


def test_a_bill_that_is_cancelled_takes_its_part_out_and_leaves_no_credit(world):
    """What was never owed is neither an expense nor money of the customer; the other bill stays given up."""
    first, second = old_bill(world), old_bill(world, months=1)
    made = written_off(world)
    bills.cancel(bill_id=first.id, reason="wrong reads", as_of_date=TODAY, actor=BILLER)
    card = queries.one(write_off_id=made)
    assert (card.back_minor, card.left_minor, owed(world).balance_minor) == (6_170, 6_170, 0)
    assert refunds.offer(account_id=world.account.id, today=TODAY).free_minor == 0
    assert (booked("expense.bad_debt"), paid_of(second)) == (6_170, 6_170)
    assert proof.verify() == ()
    write_offs.reverse(write_off_id=made, reason="mistake", today=TODAY, actor=BILLER)
    assert (owed(world).balance_minor, paid_of(second), booked("expense.bad_debt")) == (6_170, 0, 0)
    assert proof.verify() == ()


def test_what_two_write_offs_paid_of_a_bill_that_is_cancelled_pays_no_other_bill(world):
    """The second was of what a bounced payment had paid; the first one's note is posted while the second is still free."""
    bill = old_bill(world)
    payment_id = paid_in(world.account.id, 2_000, on=TODAY)
    made = [written_off(world)]
    with transaction.atomic():
        payments.take_back_step(
            payment_id=payment_id, kind=ReturnKind.BOUNCED, returned_date=TODAY, reason="no money", actor=SYSTEM
        )
    made.append(written_off(world, key="w2"))
    young = billing.issued(world=world, kwh=10)
    bills.cancel(bill_id=bill.id, reason="wrong reads", as_of_date=TODAY, actor=BILLER)
    assert [queries.one(write_off_id=one).left_minor for one in made] == [0, 0]
    assert (paid_of(young), owed(world).balance_minor, booked("expense.bad_debt")) == (0, 617, 0)
    assert proof.verify() == ()


def test_a_part_paid_by_the_customer_comes_back_when_its_bill_is_cancelled(world):
    """The customer has 1000 again; of what was given up of the other bill it pays as much in the night."""
    first = old_bill(world)
    paid_in(world.account.id, 1_000, on=TODAY)
    made = written_off(world)
    bills.cancel(bill_id=first.id, reason="wrong reads", as_of_date=TODAY, actor=BILLER)
    assert (queries.one(write_off_id=made).left_minor, owed(world).balance_minor) == (0, -1_000)
    second = old_bill(world, months=3, kwh=200)
    other = written_off(world, key="w2")
    assert (paid_of(second), queries.one(write_off_id=other).amount_minor) == (12_340, 11_340)
    Bill.objects.filter(id=second.id).update(due_date=TODAY)
    old_bill(world, months=4, kwh=-10)
    assert owed(world).balance_minor == -617
    write_off_batches.night(datetime(2026, 3, 11, 3, tzinfo=ZoneInfo("Asia/Shanghai")))
    assert (owed(world).balance_minor, queries.one(write_off_id=other).left_minor) == (0, 11_340 - 617)
    assert proof.verify() == ()


def test_the_night_lists_what_might_be_given_up_and_two_persons_let_it_go(world):
    """A closed one with a young bill too, one that is small, one that is old; not one that is neither."""
    closed, small, old, young = world, contracts.world(), contracts.world(), contracts.world()
    year_ago = {"start_date": date(2024, 6, 1), "end_date": date(2024, 7, 1)}
    billing.issued(world=closed, **year_ago)
    billing.issued(world=closed)
    Account.objects.filter(id=closed.account.id).update(state="closed")
    billing.issued(world=small, kwh=10, **year_ago)
    old_bill(old)
    billing.issued(world=old)
    billing.issued(world=young, **year_ago)
    write_off_batches.find(today=TODAY)
    found = {one.account_id: (one.reason, one.amount_minor, one.bills) for one in queries.candidates(wanted=Wanted())}
    assert found == {
        closed.account.id: ("closed_account", 12_340, 2),
        small.account.id: ("too_small", 617, 1),
        old.account.id: ("too_old", 6_170, 1),
    }
    assert queries.candidate_sum(wanted=Wanted()).amount_minor == 19_127
    batch_id = write_off_batches.propose(reason="", key="b1", today=TODAY, actor=BOSS)
    assert (queries.batch(batch_id=batch_id).count, WriteOffCandidate.objects.count()) == (3, 0)
    for actor in (BILLER, BOSS):
        with pytest.raises((NotAllowed, OwnWriteOff)):
            write_off_batches.decide(batch_id=batch_id, is_agreed=True, today=TODAY, actor=actor)
    paid_in(small.account.id, 617, on=TODAY)
    write_off_batches.decide(batch_id=batch_id, is_agreed=True, today=TODAY, actor=BOSS_TOO)
    for _ in range(2):
        write_off_batches.work(datetime(2026, 3, 10, 12, tzinfo=ZoneInfo("Asia/Shanghai")))
    card = queries.batch(batch_id=batch_id)
    assert (card.state, card.made, card.dropped) == ("done", 2, 1)
    assert (owed(closed).balance_minor, owed(small).balance_minor, owed(old).balance_minor) == (0, 0, 6_170)
    assert [(one.reason, one.written_minor) for one in queries.months()] == [
        ("closed_account", 12_340), ("too_old", 6_170),
    ]  # fmt: skip
    assert proof.verify() == ()


def test_the_report_says_by_month_what_was_given_up_and_what_came_back(world):
    first = old_bill(world)
    made = written_off(world)
    paid_in(world.account.id, 1_000, on=TODAY)
    bills.cancel(bill_id=first.id, reason="wrong", as_of_date=TODAY, actor=BILLER)
    (row,) = queries.months(reason="too_old")
    assert (row.written_minor, row.recovered_minor, row.cancelled_minor, row.reversed_minor) == (6_170, 0, 6_170, 0)
    assert owed(world).balance_minor == -1_000
    assert (row.month, row.net_minor, booked("expense.bad_debt")) == (date(2026, 3, 1), 0, 0)
    assert queries.one(write_off_id=made).left_minor == 0
    assert queries.months(reason="too_small") == ()
    assert proof.verify() == ()


def test_the_proof_finds_a_write_off_of_which_more_came_back_than_its_notes_say(world):
    old_bill(world)
    made = written_off(world)
    WriteOff.objects.filter(id=made).update(back_minor=1)
    assert "write_off_pays_debts" in {breach.law.name for breach in proof.verify()}
