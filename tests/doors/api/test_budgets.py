"""Budget plans by API: what one would be, begun once, looked at, ended."""

from datetime import date

import pytest
import time_machine

from billing.models.budget import BudgetPlan
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import accounts, contracts
from tests.factories.budgets import month, year

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db):
    with time_machine.travel("2026-03-10T12:00:00+08:00", tick=False):
        accounts.supplier()
        yield contracts.world()


def test_a_program_begins_and_ends_a_plan(world):
    caller = Caller("budgets:read", "budgets:write")
    path = f"accounts/{world.account.number}/budget"
    assert caller.get(path).json() == {"plan": None, "offer": None, "why_not": "budget_unknown"}
    year(world, date(2025, 2, 1))
    offer = caller.get(path).json()["offer"]
    assert (offer["level"]["amount_minor"], offer["known_months"], len(offer["expected"])) == (8_000, 12, 12)
    assert_problem(caller.post(path, {"level_minor": 7_000}, idempotency_key="a"), 422, "budget_level_moved")
    made = [caller.post(path, {"level_minor": 8_000}, idempotency_key="b") for _ in range(2)]
    assert [one.status_code for one in made] == [201, 201]
    assert made[0].json() == made[1].json()
    assert BudgetPlan.objects.get().door == "api"
    month(world, date(2026, 2, 1), 200)
    shown = caller.get(path).json()
    assert shown["why_not"] == "budget_not_offered"
    assert shown["plan"]["balance"]["amount_minor"] == 4_340
    assert [one["used"]["amount_minor"] for one in shown["plan"]["months"]] == [12_340]
    ended = caller.post(f"{path}/end", {}, idempotency_key="c")
    assert (ended.status_code, ended.json()["state"]) == (200, "ended")
    assert_problem(caller.post(f"{path}/end", {}, idempotency_key="d"), 404, "unknown_budget_plan")
    assert_problem(caller.get("accounts/999/budget"), 404, "unknown_account")
    assert Caller("bills:read").get(path).status_code == 403
