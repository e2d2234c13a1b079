"""Budget plans: bills are levelled as they are issued, come back whole, and every fen is squared in the end."""

from datetime import date

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.models.notice import Notice
from billing.domain.budgets import BudgetUnknown
from billing.models.budget import BudgetBill, BudgetLevel, BudgetPlan, BudgetSettlement
from billing.operations import bills, budget_nights, budget_settlements, budgets, issuing, proof, runs
from billing.operations.budgets import Acceptance, LevelMoved
from billing.queries import balances
from billing.queries import budgets as queries
from billing.queries.budgets import BudgetNotOffered
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.periods import Period, add_months, month_of
from cis.kernel.workflow import NotAllowed
from cis.platform import packs
from tests.db.billing.night import bill, prove, rate
from tests.factories import accounts, billing, contracts, mass
from tests.factories.budgets import KWH, accept, month, pay, year
from tests.factories.refunds import paid_in

pytestmark = pytest.mark.django_db
CLERK = Actor(ActorKind.STAFF, 801, "clerk", frozenset({Role.CLERK}))
BILLER = Actor(ActorKind.STAFF, 802, "biller", frozenset({Role.BILLING}))
FIRST = date(2025, 1, 1)
NEW_YEAR = date(2026, 1, 5)


@pytest.fixture
def place():
    return accounts.supplier()


@pytest.fixture
def world(place):
    return contracts.world()


def owed(world, on=date(2026, 6, 1)):
    return balances.of_account(account_id=world.account.id, today=on).balance_minor


def balance(world):
    return queries.balances_minor(account_ids=[world.account.id]).get(world.account.id, 0)


def night(on):
    budget_nights.night(mass.noon(on))


def test_the_level_amount_is_the_mean_of_the_year_rounded_up_and_owed_in_the_place_of_the_bill(world):
    year(world, FIRST)
    accept(world, NEW_YEAR, actor=CLERK)
    paid = sum((kwh * 61_700_000 + 500_000) // 1_000_000 for kwh in KWH)
    level = BudgetLevel.objects.get()
    assert (level.expected_minor, level.known_months) == (paid, 12)
    assert level.amount_minor == -(-paid // 12_000) * 1_000 == 8_000
    made = month(world, date(2026, 1, 1), 200)
    assert owed(world) == 8_000
    assert balance(world) == 12_340 - 8_000 == BudgetBill.objects.get().balance_minor
    assert sum(made.allocations.values_list("amount_minor", flat=True)) == made.amount_minor
    row = BudgetBill.objects.get()
    assert (row.level_note.amount_minor, row.level_note.due_date) == (8_000, made.due_date)
    assert proof.verify() == ()
    summer = month(world, date(2026, 2, 1), 50)
    assert owed(world) == 16_000
    assert (summer.amount_minor, balance(world)) == (3_085, 12_340 + 3_085 - 16_000)
    assert proof.verify() == ()


def test_credit_that_lies_pays_the_level_amount_and_no_more(world):
    year(world, FIRST)
    accept(world, NEW_YEAR, actor=CLERK)
    paid_in(world.account.id, 9_000, on=date(2026, 1, 6))
    month(world, date(2026, 1, 1), 200)
    assert owed(world) == -1_000
    assert BudgetBill.objects.get().level_note.allocations.get().amount_minor == 8_000
    assert proof.verify() == ()


def test_an_older_debt_is_not_paid_by_what_is_taken_onto_the_plan(world):
    year(world, FIRST)
    accept(world, NEW_YEAR, actor=CLERK)
    old = month(world, date(2024, 12, 1), 30)
    made = month(world, date(2026, 1, 1), 200)
    assert not old.allocations.exists()
    assert owed(world) == old.amount_minor + 8_000
    assert balances.of_account(account_id=world.account.id, today=made.due_date).overdue_minor == old.amount_minor


@pytest.mark.parametrize("kwh", [0, -40])
def test_a_bill_of_nothing_or_of_credit_asks_for_the_level_amount_all_the_same(world, kwh):
    year(world, FIRST)
    accept(world, NEW_YEAR, actor=CLERK)
    month(world, date(2026, 1, 1), kwh)
    assert owed(world) == 8_000
    assert balance(world) == kwh * 6_170 // 100 - 8_000
    assert proof.verify() == ()


def test_a_cancelled_bill_takes_its_notes_along_and_the_next_one_is_levelled_anew(world):
    year(world, FIRST)
    accept(world, NEW_YEAR, actor=CLERK)
    wrong = month(world, date(2026, 1, 1), 900)
    paid_in(world.account.id, 8_000, on=date(2026, 2, 10))
    bills.cancel(bill_id=wrong.id, reason="wrong meter", as_of_date=date(2026, 2, 11), actor=SYSTEM)
    assert (owed(world), balance(world)) == (-8_000, 0)
    month(world, date(2026, 1, 1), 200)
    assert (owed(world), balance(world)) == (0, 12_340 - 8_000)
    assert proof.verify() == ()


def test_days_that_were_asked_for_are_not_asked_for_again(world):
    year(world, FIRST)
    accept(world, NEW_YEAR, actor=CLERK)
    period = month_of(date(2026, 1, 1))
    for start, end in ((period.start, date(2026, 1, 11)), (date(2026, 1, 11), period.end), (period.start, period.end)):
        made = billing.draft(world=world, kwh=100, start_date=start, end_date=end)
        with transaction.atomic():
            issuing.issue(bill_ids=[made.id], account_ids=[world.account.id], issue_date=end, actor=SYSTEM)
    # 10 of 31 days: 2,580.6 -> 2,581; 21 of 31: 5,419.4 -> 5,419; none.
    assert list(BudgetBill.objects.order_by("id").values_list("level_minor", flat=True)) == [2_581, 5_419, 0]
    assert owed(world) == 8_000


def test_a_bill_of_days_before_the_plan_is_owed_as_it_is(world):
    year(world, FIRST)
    accept(world, NEW_YEAR, actor=CLERK)
    made = month(world, date(2025, 12, 1), 10)
    assert owed(world) == made.amount_minor
    assert not BudgetBill.objects.exists()


def test_the_year_is_settled_once_by_the_night_and_the_next_one_has_its_amount(world):
    year(world, FIRST)
    plan_id = accept(world, NEW_YEAR, actor=CLERK)
    for place in range(12):
        bill = month(world, add_months(date(2026, 1, 1), place), 200)
        pay(world, bill.issue_date)
        night(bill.issue_date)
    made = BudgetSettlement.objects.get()
    notes = [row.note for row in made.notes.order_by("note__due_date")]
    asked = sum(BudgetBill.objects.values_list("level_minor", flat=True))
    assert made.balance_minor == 12 * 12_340 - asked > 0
    assert balance(world) == 0
    # Reviews have raised the amount, so that no more is left than the place has owed at once.
    assert 0 < made.balance_minor <= 20_000
    assert len(notes) == 1
    assert sum(note.amount_minor for note in notes) == made.balance_minor
    plan = BudgetPlan.objects.get(id=plan_id)
    assert plan.year_date == date(2027, 1, 1)
    # What was used at last is asked for in the new year.
    assert plan.levels.order_by("-id").first().amount_minor == 13_000
    night(date(2027, 1, 2))
    assert BudgetSettlement.objects.count() == 1
    assert proof.verify() == ()


def test_a_review_changes_the_amount_only_beyond_the_bound_and_tells_before(world):
    year(world, FIRST)
    plan_id = accept(world, NEW_YEAR, actor=CLERK)
    for place in range(3):
        month(world, add_months(date(2026, 1, 1), place), 400)
    night(date(2026, 4, 1))
    level = BudgetLevel.objects.get(reason="review")
    assert (level.before_minor, level.from_date, level.due_date) == (8_000, date(2026, 5, 1), date(2026, 4, 1))
    assert level.amount_minor > 8_800
    # The balance, the nine months to come as last year, less April at the old amount, over eight months.
    coming = sum((kwh * 61_700_000 + 500_000) // 1_000_000 for kwh in KWH[3:])
    spent = 3 * (24_680 - 8_000)
    assert level.amount_minor == -(-(spent + coming - 8_000) // 8_000) * 1_000
    told = notice_texts("budget_changed")
    assert len(told) > 0
    night(date(2026, 4, 2))
    assert BudgetLevel.objects.filter(reason="review").count() == 1
    month(world, date(2026, 4, 1), 100)
    assert BudgetBill.objects.order_by("-id").first().level_minor == 8_000
    month(world, date(2026, 5, 1), 100)
    assert BudgetBill.objects.order_by("-id").first().level_minor == level.amount_minor
    assert BudgetPlan.objects.get(id=plan_id).levels.count() == 2


def notice_texts(event):
    return list(Notice.objects.filter(event=event).values_list("body", flat=True))


def test_a_plan_ends_with_its_balance_squared_and_may_go_on_when_that_is_taken_back(world):
    year(world, FIRST)
    plan_id = accept(world, NEW_YEAR, actor=CLERK)
    month(world, date(2026, 1, 1), 200)
    budgets.end(plan_id=plan_id, today=date(2026, 2, 5), actor=CLERK)
    assert (owed(world), balance(world)) == (12_340, 0)
    assert notice_texts("budget_owed")
    settlement = BudgetSettlement.objects.get()
    given = {"settlement_id": settlement.id, "today": date(2026, 2, 6)}
    with pytest.raises(NotAllowed):
        budget_settlements.reverse(**given, reason="by mistake", actor=CLERK)
    budget_settlements.reverse(**given, reason="by mistake", actor=BILLER)
    with pytest.raises(budget_settlements.SettlementNotReversible):
        budget_settlements.reverse(**given, reason="by mistake", actor=BILLER)
    assert (owed(world), balance(world)) == (8_000, 4_340)
    assert BudgetPlan.objects.get().state == "active"
    assert proof.verify() == ()


def test_a_bill_of_an_ended_plan_that_is_cancelled_leaves_nothing_on_the_balance(world):
    year(world, FIRST)
    plan_id = accept(world, NEW_YEAR, actor=CLERK)
    made = month(world, date(2026, 1, 1), 200)
    budgets.end(plan_id=plan_id, today=date(2026, 2, 5), actor=CLERK)
    bills.cancel(bill_id=made.id, reason="wrong meter", as_of_date=date(2026, 2, 11), actor=SYSTEM)
    assert (owed(world), balance(world)) == (0, 0)
    assert BudgetSettlement.objects.filter(kind="after").count() == 1
    month(world, date(2026, 1, 1), 100)
    assert owed(world) == 6_170
    assert proof.verify() == ()


def test_a_bill_of_an_earlier_plan_that_is_cancelled_leaves_the_present_one_alone(world):
    year(world, FIRST)
    plan_id = accept(world, NEW_YEAR, actor=CLERK)
    old = month(world, date(2026, 1, 1), 200)
    budgets.end(plan_id=plan_id, today=date(2026, 2, 5), actor=CLERK)
    accept(world, date(2026, 2, 6), key="second", actor=CLERK)
    month(world, date(2026, 2, 1), 10)
    before = balance(world)
    bills.cancel(bill_id=old.id, reason="wrong meter", as_of_date=date(2026, 3, 11), actor=SYSTEM)
    assert balance(world) == before < 0
    assert proof.verify() == ()


@pytest.mark.parametrize(
    ("law", "damage"),
    [
        ("levelled_bill_has_its_notes", "UPDATE billing_budgetbill SET taken_minor = taken_minor + 1"),
        ("budget_balance_is_used_less_paid", "UPDATE billing_budgetbill SET level_minor = level_minor + 1"),
        ("ended_budget_is_settled", "UPDATE billing_budgetplan SET account_id = %s"),
        ("budget_settlement_has_its_notes", "UPDATE billing_budgetsettlement SET balance_minor = balance_minor + 1"),
    ],
)
def test_each_damage_of_a_plan_is_found_by_its_law(world, law, damage):
    other = contracts.world()
    for one in (world, other):
        year(one, FIRST, KWH[:6])
        plan_id = accept(one, date(2025, 7, 5), actor=CLERK)
        month(one, date(2025, 7, 1), 200)
    budgets.end(plan_id=plan_id, today=date(2025, 8, 5), actor=CLERK)
    assert proof.verify() == ()
    with connection.cursor() as cursor:
        if "account_id" in damage:
            cursor.execute(f"{damage} WHERE state = 'active'", [other.account.id])
        else:
            cursor.execute(damage)
    assert law in {breach.law.name for breach in proof.verify()}


def test_amounts_that_are_not_paid_end_the_plan(world):
    year(world, FIRST)
    accept(world, NEW_YEAR, actor=CLERK)
    made = month(world, date(2026, 1, 1), 200)
    night(date.fromordinal(made.due_date.toordinal() + 45))
    assert BudgetPlan.objects.get().state == "active"
    night(date.fromordinal(made.due_date.toordinal() + 46))
    assert BudgetPlan.objects.get().end_reason == "late"
    assert (owed(world), balance(world)) == (12_340, 0)
    assert proof.verify() == ()


def test_what_hinders_a_plan_is_said_by_name(world, settings):
    with pytest.raises(BudgetUnknown):
        accept(world, NEW_YEAR, actor=CLERK)
    year(world, FIRST, KWH[:5])
    with pytest.raises(BudgetUnknown):
        accept(world, date(2025, 6, 5), actor=CLERK)
    old = month(world, date(2025, 6, 1), 60)
    with pytest.raises(BudgetNotOffered):
        accept(world, date(2025, 9, 1), actor=CLERK)
    paid_in(world.account.id, old.amount_minor, on=date(2025, 9, 1))
    with pytest.raises(NotAllowed):
        accept(world, date(2025, 9, 1), actor=Actor(ActorKind.STAFF, 9, "x", frozenset({Role.AUDITOR})))
    new = Acceptance(account_id=world.account.id, level_minor=1, door="desk", key="k")
    with pytest.raises(LevelMoved):
        budgets.accept(new=new, today=date(2025, 9, 1), actor=CLERK)
    plan_id = accept(world, date(2025, 9, 1), actor=CLERK)
    assert (
        budgets.accept(
            new=Acceptance(account_id=world.account.id, level_minor=1, door="desk", key=f"k{world.account.id}"),
            today=date(2025, 9, 1),
            actor=CLERK,
        )
        == plan_id
    )
    with pytest.raises(BudgetNotOffered):
        accept(world, date(2025, 9, 1), key="k2", actor=CLERK)
    settings.PACK = "cn-guangdong"
    with pytest.raises(packs.MissingRule):
        queries.offer(account_id=world.account.id, today=date(2025, 9, 1))
    night(date(2025, 9, 2))


def test_a_chunk_levels_its_plans_among_others_in_a_constant_number_of_statements():
    months = [Period(add_months(FIRST, n), add_months(FIRST, n + 1)) for n in range(8)]
    ids = mass.supply(count=8, months=months)
    for one in months[:6]:
        bill(one)
    on = date(2025, 7, 2)
    for account_id in ids:
        paid_in(account_id, balances.of_account(account_id=account_id, today=on).balance_minor, on=on)

    def plan(account_id):
        offer = queries.offer(account_id=account_id, today=on)
        given = Acceptance(
            account_id=account_id, level_minor=offer.working.level_minor, door="api", key=f"m{account_id}"
        )
        budgets.accept(new=given, today=on, actor=SYSTEM)

    plan(ids[0])
    counts = []
    for place, one in enumerate(months[6:]):
        run_id = rate(one)
        runs.approve(run_id=run_id, actor=SYSTEM)
        with CaptureQueriesContext(connection) as asked:
            assert runs.issue_chunk(run_id=run_id)
        counts.append(len(asked))
        while runs.issue_chunk(run_id=run_id):
            pass
        assert BudgetBill.objects.count() == (1, 7)[place]
        for account_id in ids[1:6] if not place else ():
            due = balances.of_account(account_id=account_id, today=on).balance_minor
            paid_in(account_id, due, on=one.end, reference=f"p{account_id}")
            plan_later(account_id, one.end)
    assert counts[0] == counts[1]
    prove()


def plan_later(account_id, on):
    offer = queries.offer(account_id=account_id, today=on)
    given = Acceptance(account_id=account_id, level_minor=offer.working.level_minor, door="api", key=f"l{account_id}")
    budgets.accept(new=given, today=on, actor=SYSTEM)


@pytest.mark.usefixtures("place")
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(
    used=st.lists(st.integers(-30, 400), min_size=3, max_size=5),
    wrong=st.sets(st.integers(0, 4), max_size=2),
    ends=st.booleans(),
)
def test_level_amounts_and_settlement_come_to_the_bills_whatever_is_used(used, wrong, ends):
    """What the ledger asked of the customer is what his months cost at their price; plain integers tell it."""
    world = contracts.world()
    year(world, FIRST)
    plan_id, paid = accept(world, NEW_YEAR, actor=CLERK), 0
    for place, kwh in enumerate(used):
        start = add_months(date(2026, 1, 1), place)
        made = month(world, start, kwh)
        if place in wrong:
            bills.cancel(bill_id=made.id, reason="wrong", as_of_date=made.issue_date, actor=SYSTEM)
            month(world, start, kwh + 7)
        paid += pay(world, made.issue_date)
        night(made.issue_date)
    standing = BudgetBill.objects.filter(bill__state="issued", plan_id=plan_id)
    bound = sum(
        ((kwh + (7 if place in wrong else 0)) * 61_700_000 + 500_000) // 1_000_000 for place, kwh in enumerate(used)
    )
    asked = sum(standing.values_list("level_minor", flat=True))
    assert owed(world) + paid == asked
    assert owed(world) + paid + balance(world) == bound
    if ends:
        budgets.end(plan_id=plan_id, today=date(2026, 12, 1), actor=CLERK)
        assert asked + BudgetSettlement.objects.get(plan_id=plan_id).balance_minor == bound == owed(world) + paid
        assert balance(world) == 0
    assert proof.verify() == ()
