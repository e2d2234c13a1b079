"""Budget plans at the desk: offered with their reasons, accepted, looked at, ended, taken back, listed."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models.budget import BudgetPlan
from billing.queries import balances
from tests.doors.desk.conftest import TODAY
from tests.factories import contracts
from tests.factories.budgets import accept, month, year

pytestmark = pytest.mark.django_db
FIRST = date(2025, 2, 1)


def text(answer):
    return answer.content.decode()


@pytest.fixture
def world(supplier):
    made = contracts.world()
    year(made, FIRST)
    return made


def test_a_plan_is_offered_accepted_ended_and_taken_up_again(desk, world):
    account = f"/desk/customers/{world.account.id}/"
    assert f"{account}budget/" in text(desk.get(account))
    page = text(desk.get(f"{account}budget/"))
    assert "¥80.00" in page
    assert "12 / 12" in page
    typed = {"request_key": "k", "level_minor": "8000"}
    assert "is-invalid" in text(desk.post(f"{account}budget/", typed))
    assert "Another amount" in text(desk.post(f"{account}budget/", {**typed, "level_minor": "1", "is_agreed": "on"}))
    desk.post(f"{account}budget/", {**typed, "is_agreed": "on"})
    plan = BudgetPlan.objects.get()
    assert plan.door == "desk"
    month(world, date(2026, 2, 1), 200)
    page = text(desk.get(f"/desk/budgets/{plan.id}/"))
    assert "¥43.40" in page
    assert "used and not paid yet" in page
    bill = plan.bills.get()
    assert "Budget plan: ¥80.00" in text(desk.get(f"/desk/bills/{bill.bill_id}/"))
    assert "to pay yet" in text(desk.get(account))
    csv = b"".join(desk.get(f"/desk/budgets/{plan.id}/months.csv").streaming_content).decode()
    assert csv.count("\n") == 2
    act = f"/desk/budgets/{plan.id}/act/"
    assert "has ended and is settled" in text(desk.post(act, {"action": "end"}, follow=True))
    assert balances.of_account(account_id=world.account.id, today=TODAY).balance_minor == 12_340
    assert "Only the last settlement" in text(desk.post(act, {"action": "reverse", "reason": ""}, follow=True))
    desk.post(act, {"action": "reverse", "reason": "by mistake"})
    plan.refresh_from_db()
    assert plan.state == "active"
    assert "by mistake" in text(desk.get(f"/desk/budgets/{plan.id}/"))
    assert desk.post(act, {"action": "nonsense"}).status_code == 404
    assert desk.get("/desk/budgets/999999/").status_code == 404


def test_where_nothing_is_known_it_is_said_why(desk, billed):
    page = text(desk.get(f"/desk/customers/{billed.account.id}/budget/", follow=True))
    assert "Too few whole months" in page or "overdue" in page


def test_the_list_takes_as_many_statements_for_many_as_for_one(desk, world):
    accept(world, TODAY)
    counts = []
    for _ in range(3):
        other = contracts.world()
        year(other, FIRST, (100,) * 6)
        accept(other, TODAY)
        with CaptureQueriesContext(connection) as asked:
            assert desk.get("/desk/budgets/?state=active").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[2] <= 8
    csv = b"".join(desk.get("/desk/budgets.csv?side=owes").streaming_content).decode()
    assert csv.count("\n") == 1
    assert "No budget plan fits" in text(desk.get("/desk/budgets/?text=nobody"))


def test_where_the_place_has_no_rule_none_is_offered(desk, world, settings):
    settings.PACK = "cn-guangdong"
    assert f"/desk/customers/{world.account.id}/budget/" not in text(desk.get(f"/desk/customers/{world.account.id}/"))
    assert "No budget plans are offered here" in text(desk.get("/desk/budgets/"))
