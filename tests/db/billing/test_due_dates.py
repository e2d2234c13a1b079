"""Bills are due by the contract in force, else by the class of the account, each by the rule of the day of issue."""

from datetime import date

import pytest
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.models.account import AccountHolder
from billing.models.bill import Bill
from billing.operations import bills, issuing
from billing.queries import due_dates
from cis.kernel.actors import SYSTEM
from contracts.models.supply_contract import SupplyContract
from contracts.queries import due_days
from tests.factories import accounts, billing, contracts, papers_signed
from tests.factories.papers_signed import TODAY

pytestmark = pytest.mark.django_db
JULY, AUGUST = (date(2026, 7, 1), date(2026, 8, 1)), (date(2026, 8, 1), date(2026, 9, 1))


@pytest.fixture(autouse=True)
def _place(settings, tmp_path, monkeypatch):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    accounts.supplier()
    later = {"other": 10, "residential": 30}
    monkeypatch.setattr(due_days, "by_class", lambda *, at: {"other": 15} if at < date(2026, 8, 15) else later)


def of_company():
    made = contracts.world()
    made.customer.kind = "company"
    made.customer.save()
    return made


def issued(*worlds, month):
    """Issue the bills of a month of some accounts at once, as a run does; return when each is due."""
    drafts = [billing.draft(world=one, start_date=month[0], end_date=month[1]) for one in worlds]
    with transaction.atomic():
        issuing.issue(
            bill_ids=[one.id for one in drafts], account_ids=[one.account_id for one in drafts], issue_date=month[1],
            actor=SYSTEM,
        )  # fmt: skip
    return [Bill.objects.get(id=one.id).due_date for one in drafts]


def test_a_home_and_a_company_in_one_run_are_given_their_own_days_each_in_force_by_date():
    home, company = contracts.world(), of_company()
    assert issued(home, company, month=JULY) == [date(2026, 8, 16)] * 2
    assert issued(home, company, month=AUGUST) == [date(2026, 10, 1), date(2026, 9, 11)]


def test_a_bill_is_due_as_its_contract_says_which_was_written_by_the_class(monkeypatch):
    home, company, other = contracts.world(), of_company(), of_company()
    for world in (home, company):
        accounts.contact_point(of=world.customer, is_proven=True)
    with monkeypatch.context() as then:
        then.setattr(due_days, "by_class", lambda **_: {"other": 7, "residential": 9})
        rows = [papers_signed.signed(world, start_date=TODAY) for world in (home, company)]
    assert [row.payment_days for row in rows] == [9, 7]
    assert issued(home, company, other, month=JULY) == [date(2026, 8, 10), date(2026, 8, 8), date(2026, 8, 16)]


def test_a_final_bill_is_due_as_the_contract_that_ended_with_the_supply_says(monkeypatch):
    """Who is still supplied after a contract has no contract any more: the class says it."""
    left, stayed = contracts.world(), contracts.world()
    for world in (left, stayed):
        accounts.contact_point(of=world.customer, is_proven=True)
    with monkeypatch.context() as then:
        then.setattr(due_days, "by_class", lambda **_: {"other": 7, "residential": 9})
        for world in (left, stayed):
            papers_signed.signed(world, start_date=TODAY)
    ended = date(2026, 7, 20)
    SupplyContract.objects.update(ended_date=ended)
    left.agreement.period = DateRange(left.agreement.period.lower, ended)
    left.agreement.save()
    assert issued(left, stayed, month=(JULY[0], ended)) == [date(2026, 7, 29), date(2026, 8, 4)]
    # What is corrected later is due by the same.
    assert issued(left, stayed, month=AUGUST) == [date(2026, 9, 10), date(2026, 10, 1)]


ENDED = date(2026, 7, 20)


def agreed(world, monkeypatch, *, days, **values):
    """A contract that gives so many days."""
    if not world.customer.contact_points.exists():
        accounts.contact_point(of=world.customer, is_proven=True)
    with monkeypatch.context() as then:
        then.setattr(due_days, "by_class", lambda **_: {"other": days})
        return papers_signed.signed(world, **{"start_date": TODAY} | values)


def ends(world, *contracts_of_it):
    """Contracts end, and the supply with them."""
    SupplyContract.objects.filter(id__in=[one.id for one in contracts_of_it]).update(ended_date=ENDED)
    world.agreement.period = DateRange(world.agreement.period.lower, ENDED)
    world.agreement.save()


def test_a_contract_in_force_comes_before_one_that_began_later_and_ended(monkeypatch):
    world = contracts.world()
    agreed(world, monkeypatch, days=9)
    ends(world, agreed(world, monkeypatch, days=7, start_date=date(2026, 7, 12)))
    assert issued(world, month=(JULY[0], ENDED)) == [date(2026, 7, 29)]


@pytest.mark.parametrize("ended", [False, True])
def test_the_contract_of_who_held_the_account_before_says_nothing(monkeypatch, ended):
    world = contracts.world()
    first = agreed(world, monkeypatch, days=9)
    if ended:
        ends(world, first)
    AccountHolder.objects.filter(account=world.account).update(period=DateRange(accounts.OPENED, date(2026, 7, 15)))
    AccountHolder.objects.create(
        account=world.account, customer=accounts.customer(), period=DateRange(date(2026, 7, 15), None)
    )
    assert issued(world, month=(JULY[0], ENDED)) == [date(2026, 8, 4)]


def test_a_version_that_was_replaced_says_nothing_once_the_next_one_began(monkeypatch):
    """Neither when that one has ended and the supply goes on, nor when both are over."""
    left, stayed = contracts.world(), contracts.world()
    for world in (left, stayed):
        first = agreed(world, monkeypatch, days=9)
        second = agreed(world, monkeypatch, days=7, start_date=date(2026, 7, 12), amends=first)
        assert (second.number, second.version) == (first.number, 2)
        if world is left:
            ends(world, second)
        SupplyContract.objects.filter(id=second.id).update(ended_date=ENDED)
    assert issued(left, stayed, month=(JULY[0], ENDED)) == [date(2026, 7, 27), date(2026, 8, 4)]


def test_a_bill_that_is_made_anew_is_due_by_its_own_issue_not_by_that_of_the_first():
    world = contracts.world()
    first = issued(world, month=JULY)
    bill = Bill.objects.get()
    bills.cancel(bill_id=bill.id, reason="wrong read", as_of_date=AUGUST[1], actor=SYSTEM)
    again = billing.draft(world=world, kwh=90, start_date=JULY[0], end_date=JULY[1])
    with transaction.atomic():
        issuing.issue(bill_ids=[again.id], account_ids=[world.account.id], issue_date=AUGUST[1], actor=SYSTEM)
    again.refresh_from_db()
    assert (first, again.due_date) == ([date(2026, 8, 16)], date(2026, 10, 1))


def test_the_days_of_any_number_of_accounts_cost_one_statement(django_assert_num_queries):
    ids = [contracts.world().account.id, of_company().account.id]
    with django_assert_num_queries(1):
        assert len(due_dates.of_accounts(account_ids=ids, issue_date=AUGUST[1])) == 2
