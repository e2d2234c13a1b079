"""The books by API: ages of debts, trial balance, transfers in pages, the journal."""

from datetime import date

import pytest
import time_machine

from billing.operations import charts
from billing.queries import reports
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import billing, contracts

pytestmark = pytest.mark.django_db
ANNA = Actor(ActorKind.STAFF, 1, "Anna", frozenset({Role.BILLING}))


@pytest.fixture
def caller(bills):
    with time_machine.travel("2026-04-10T02:00:00Z", tick=False):
        yield Caller("books:read")


def test_ages_come_to_the_ledger_and_lead_to_accounts_in_pages(caller, world, bills):
    billing.issued(world=contracts.world())
    found = caller.get("ageing?day=2026-03-31").json()
    (customers,) = (one for one in reports.trial_balance(month=date(2026, 3, 1)) if one.code == "customer")
    assert found["balance"]["amount_minor"] == customers.closing_minor
    assert sum(one["balance"]["amount_minor"] for one in found["classes"]) == customers.closing_minor
    first = caller.get("ageing/accounts?day=2026-03-31&page_size=1").json()
    second = caller.get(first["next"].partition("/api/v1/")[2]).json()
    assert second["next"] is None
    rows = [*first["results"], *second["results"]]
    assert sum(row["balance"]["amount_minor"] for row in rows) == customers.closing_minor
    assert {row["account"] for row in rows} >= {world.account.number}
    assert caller.get("ageing/accounts?band=credit").json()["results"] == []


def test_a_month_is_told_as_balance_transfers_and_journal(caller, bills):
    lines = caller.get("trial-balances/2026-02").json()["lines"]
    debit = {line["code"]: line["debit"]["amount_minor"] for line in lines}
    moved = caller.get("transfers?month=2026-02&code=customer").json()["results"]
    assert sum(one["amount"]["amount_minor"] for one in moved if one["debit"] == "customer") == debit["customer"] > 0
    first = caller.get("transfers?page_size=1").json()
    assert caller.get(first["next"].partition("/api/v1/")[2]).json()["results"][0]["id"] < first["results"][0]["id"]
    refused = assert_problem(caller.get("journals/2026-02"), 422, "unmapped_accounts")
    assert "revenue.energy" in str(refused)
    for number, line in enumerate(lines):
        charts.enter(code=line["code"], since_month=date(2020, 1, 1), number=str(number), name="x", actor=ANNA)
    journal = caller.get("journals/2026-02").json()
    assert sum(one["amount"]["amount_minor"] for one in journal["lines"]) == sum(debit.values())
    assert journal["text"].startswith("; journal 2026-02, not closed")


@pytest.mark.parametrize("path", ["trial-balances/2026-13", "trial-balances/1999-01", "journals/0000-01", "journals/x"])
def test_months_that_the_books_do_not_have_are_not_there(caller, path):
    assert_problem(caller.get(path), 404, "unknown_period")


def test_the_books_need_their_scope(bills):
    for path in ("ageing", "ageing/accounts", "trial-balances/2026-02", "transfers", "journals/2026-02"):
        assert Caller("bills:read").get(path).status_code == 403
