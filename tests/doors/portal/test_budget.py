"""My budget plan: what it would be, begun with its terms, on the bill, ended; never that of another account."""

from datetime import date

import pytest
import time_machine
from django.urls import reverse

from accounts.models.notice import Notice
from billing.models.budget import BudgetPlan
from billing.operations import documents, telling
from billing.queries import balances, pay_links
from billing.queries import documents as document_queries
from tests.doors.portal.test_pages import _words
from tests.factories import accounts, contracts
from tests.factories.budgets import accept, month, year

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)
FIRST = date(2025, 2, 1)
TYPED = {"request_key": "k", "level_minor": "8000", "is_agreed": "on"}


@pytest.fixture
def world():
    with time_machine.travel("2026-03-10T12:00:00+08:00", tick=False):
        accounts.supplier()
        yield contracts.world()


@pytest.fixture
def visitor(world, client):
    client.force_login(accounts.portal_user(of=world.customer))
    client.cookies["django_language"] = "en"
    return client


def test_a_customer_begins_and_ends_a_plan(visitor, world, settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path
    page = reverse("portal:budget")
    assert "Nothing was billed of this account yet" in _words(visitor.get(page))
    assert visitor.post(page, TYPED).status_code == 404
    assert visitor.post(reverse("portal:leave_budget")).status_code == 404
    year(world, FIRST)
    words = _words(visitor.get(page))
    assert "You would pay each month" in words
    assert "¥80.00" in words
    assert "Begin my budget plan" in words
    visitor.post(page, {**TYPED, "is_agreed": ""})
    assert not BudgetPlan.objects.exists()
    assert "Your budget plan begins" in _words(visitor.post(page, TYPED, follow=True))
    plan = BudgetPlan.objects.get()
    assert "80.00 CNY" in plan.terms
    made = month(world, date(2026, 2, 1), 200)
    assert "You have used ¥43.40 more" in _words(visitor.get(page))
    assert "You pay the level amount of ¥80.00" in _words(visitor.get(reverse("portal:bill", args=[made.number])))
    assert documents.pdf(bill_id=made.id).startswith(b"%PDF")
    level = plan.bills.get().level_note
    paper = document_queries.of_bill(bill_id=made.id)
    assert paper.qr_payload == pay_links.address(level.number)
    assert (paper.owed_minor, paper.budget.balance_minor) == (8_000, 4_340)
    telling.tell_bills(bill_ids=[made.id])
    (told,) = Notice.objects.filter(event="budget_bill", channel="inbox")
    assert "80.00" in told.body
    assert "43.40" in told.body
    assert "has ended and is settled" in _words(visitor.post(reverse("portal:leave_budget"), follow=True))
    assert balances.of_account(account_id=world.account.id, today=TODAY).balance_minor == 12_340


def test_what_is_anothers_is_not_shown(visitor, world):
    other = contracts.world()
    year(other, FIRST)
    accept(other, TODAY)
    assert "¥80.00" not in _words(visitor.get(reverse("portal:budget")))
    assert visitor.post(reverse("portal:leave_budget")).status_code == 404
    assert BudgetPlan.objects.get().state == "active"


def test_where_the_place_has_none_it_is_said(visitor, world, settings):
    year(world, FIRST)
    settings.PACK = "cn-guangdong"
    assert "No budget plan is offered here" in _words(visitor.get(reverse("portal:budget")))
    assert visitor.post(reverse("portal:budget"), TYPED).status_code == 404
