"""One door to the ledger: what it posts, and that the books can be proved."""

from datetime import date

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from billing.models.bill import Bill, BillLine
from billing.models.ledger import LedgerAccount, Transfer
from billing.operations import ledger, proof
from billing.queries import balances
from cis.kernel.actors import SYSTEM
from cis.platform.db import NoTransaction
from tests.factories import billing, contracts

pytestmark = pytest.mark.django_db
TODAY = date(2026, 2, 10)


@pytest.fixture
def world():
    return contracts.world()


def _moves(bill):
    return {
        (t.part, t.debit.code, t.credit.code): t.amount_minor
        for t in Transfer.objects.filter(source_id=bill.id, kind="bill")
    }


def test_a_bill_posts_its_revenue_and_its_vat_apart(world):
    bill = billing.issued(world=world)
    customer = f"customer.{world.account.id}"
    assert _moves(bill) == {
        ("energy", customer, "revenue.energy"): 6170 - 710,
        ("vat", customer, "liability.vat"): 710,
    }
    assert balances.of_account(account_id=world.account.id, today=TODAY).balance_minor == 6170


def test_a_credit_swaps_debit_and_credit(world):
    bill = billing.draft(world=world)
    BillLine.objects.filter(bill=bill).update(amount_minor=-6170, tax_minor=-710)
    with transaction.atomic():
        ledger.post_bills(bill_ids=[bill.id], account_ids=[world.account.id], occurred_date=TODAY, actor=SYSTEM)
    customer = f"customer.{world.account.id}"
    assert _moves(bill) == {
        ("energy", "revenue.energy", customer): 5460,
        ("vat", "liability.vat", customer): 710,
    }
    assert LedgerAccount.objects.get(account=world.account).balance_minor == -6170


def test_a_zero_amount_makes_no_transfer(world):
    bill = billing.draft(world=world, kwh=0)
    with transaction.atomic():
        ledger.post_bills(bill_ids=[bill.id], account_ids=[world.account.id], occurred_date=TODAY, actor=SYSTEM)
    assert not Transfer.objects.exists()


def test_posting_a_bill_twice_is_refused_by_the_database(world):
    bill = billing.issued(world=world)
    with pytest.raises(IntegrityError), transaction.atomic():
        ledger.post_bills(bill_ids=[bill.id], account_ids=[world.account.id], occurred_date=TODAY, actor=SYSTEM)
    assert balances.of_account(account_id=world.account.id, today=TODAY).balance_minor == 6170


@pytest.mark.django_db(transaction=True)
def test_a_posting_outside_a_use_case_is_refused():
    with pytest.raises(NoTransaction):
        ledger.lock_customers(account_ids=[1])


@pytest.mark.parametrize("change", ["UPDATE billing_transfer SET amount_minor = 1", "DELETE FROM billing_transfer"])
def test_the_ledger_refuses_changes(world, change):
    billing.issued(world=world)
    with pytest.raises(DatabaseError, match="ledger_is_append_only"), transaction.atomic():
        connection.cursor().execute(change)


def test_posting_costs_as_many_statements_for_many_bills_as_for_one(django_assert_num_queries):
    one = [billing.draft(world=contracts.world())]
    many = [billing.draft(world=contracts.world()) for _ in range(7)]
    for drafts in (one, many):
        with transaction.atomic(), django_assert_num_queries(5):
            ledger.post_bills(
                bill_ids=[bill.id for bill in drafts],
                account_ids=[bill.account_id for bill in drafts],
                occurred_date=TODAY,
                actor=SYSTEM,
            )


def test_untouched_books_are_proved(world):
    billing.issued(world=world)
    assert proof.verify() == ()


@pytest.mark.parametrize(
    ("law", "damage"),
    [
        (
            "balance_is_sum_of_transfers",
            "UPDATE billing_ledgeraccount SET balance_minor = 1 WHERE account_id IS NOT NULL",
        ),
        (
            "balance_is_open_debt_less_free_money",
            "UPDATE billing_ledgeraccount SET balance_minor = 1 WHERE account_id IS NOT NULL",
        ),
        ("issued_bill_is_posted", "UPDATE billing_bill SET state = 'draft', number = NULL"),
        ("bill_is_sum_of_lines", "UPDATE billing_billline SET amount_minor = amount_minor + 1"),
        ("bill_is_sum_of_lines", "UPDATE billing_billline SET tax_minor = tax_minor + 1"),
        ("bill_is_sum_of_segments", "UPDATE billing_billsegment SET amount_minor = amount_minor + 1"),
        ("no_orphans", "UPDATE billing_billline SET segment_id = segment_id + 1000"),
        ("no_orphans", "UPDATE billing_billsegment SET bill_id = bill_id + 1000"),
        ("bill_numbers_have_no_gaps", "UPDATE billing_bill SET number = '0000000002'"),
        ("bill_numbers_have_no_gaps", "UPDATE platform_sequence SET last = last + 1"),
    ],
)
def test_each_damage_is_found_by_its_law(world, law, damage):
    billing.issued(world=world)
    with transaction.atomic():
        connection.cursor().execute(damage)
    assert law in {breach.law.name for breach in proof.verify()}


def test_a_day_billed_twice_is_found(world):
    billing.issued(world=world)
    billing.issued(world=world, start_date=date(2026, 1, 31), end_date=date(2026, 2, 28))
    assert {breach.law.name for breach in proof.verify()} == {"segments_in_force_do_not_overlap"}


def test_every_law_can_be_broken_or_is_guarded_by_the_database():
    """The laws that no test above breaks are those that a constraint or another test file breaks."""
    assert {law.name for law in proof.LAWS} == {
        "balance_is_sum_of_transfers", "issued_bill_is_posted", "bill_is_sum_of_lines", "bill_is_sum_of_segments",
        "no_orphans", "segments_in_force_do_not_overlap", "bill_numbers_have_no_gaps", "payment_is_posted_once",
        "allocations_fit", "reversal_mirrors", "charge_is_billed_once", "refund_is_posted_once",
        "financing_is_posted_once", "balance_is_open_debt_less_free_money", "free_money_is_credit",
        "closed_period_is_unchanged", "closed_sums_are_sums_of_transfers", "levelled_bill_has_its_notes",
        "budget_balance_is_used_less_paid", "ended_budget_is_settled", "budget_settlement_has_its_notes",
        "write_off_pays_debts", "deposits_are_what_is_held_and_demanded", "deposits_go_back_once",
    }  # fmt: skip


def test_a_draft_owes_nothing(world):
    billing.draft(world=world)
    assert balances.of_account(account_id=world.account.id, today=TODAY).balance_minor == 0
    assert Bill.objects.get().number is None
