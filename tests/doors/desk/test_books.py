"""The books on the desk: months, propose and close by two persons, trial balance, files."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.models.ledger import Transfer
from billing.models.period import AccountingPeriod
from billing.queries import reports
from cis.kernel.enums import Role
from tests.doors.desk.conftest import sign_in

pytestmark = pytest.mark.django_db


def url(month, rest=""):
    return f"/desk/books/{month:%Y-%m}/{rest}"


@pytest.fixture
def month(billed):
    first = Transfer.objects.order_by("period").first().period
    assert first < timezone.localdate().replace(day=1)
    return first


def test_two_persons_close_a_month_on_its_page(desk, month):
    page = desk.get(url(month)).content.decode()
    assert "Propose the close" in page
    assert "customer" in page
    desk.post(url(month, "act/"), {"action": "propose"})
    assert 'value="close"' not in desk.get(url(month)).content.decode()
    refused = desk.post(url(month, "act/"), {"action": "close"}, follow=True).content.decode()
    assert "does not close it" in refused
    second = sign_in(Client(), Role.SUPERVISOR)
    assert 'value="close"' in second.get(url(month)).content.decode()
    second.post(url(month, "act/"), {"action": "close"})
    row = AccountingPeriod.objects.get()
    assert (row.state, row.month) == ("closed", month)
    page = second.get(url(month)).content.decode()
    assert row.hash in page
    assert '<form class="actions"' not in page
    assert row.hash in b"".join(second.get("/desk/books.csv").streaming_content).decode()


def test_the_page_says_what_stands_against_a_close(desk, month):
    this = timezone.localdate().replace(day=1)
    page = desk.get(url(this)).content.decode()
    for text in ("The month is not over.", "A month before it is open.", "disabled"):
        assert text in page


def test_the_trial_balance_is_the_same_before_and_after_the_close_and_comes_to_nothing(desk, month):
    before = reports.trial_balance(month=month)
    assert sum(line.closing_minor for line in before) == 0
    assert sum(line.debit_minor for line in before) == sum(line.credit_minor for line in before) > 0
    following = reports.trial_balance(month=timezone.localdate().replace(day=1))
    desk.post(url(month, "act/"), {"action": "propose"})
    sign_in(Client(), Role.SUPERVISOR).post(url(month, "act/"), {"action": "close"})
    assert AccountingPeriod.objects.get().state == "closed"
    assert reports.trial_balance(month=month) == before
    assert reports.trial_balance(month=timezone.localdate().replace(day=1)) == following
    told = b"".join(desk.get(url(month, "trial-balance.csv")).streaming_content).decode()
    assert all(line.code in told for line in before)


@pytest.mark.parametrize("address", ["/desk/books/2026-13/", "/desk/books/1999-01/", "/desk/books/0-1/"])
def test_months_that_do_not_exist_are_not_found(desk, month, address):
    assert desk.get(address).status_code == 404


def test_only_billing_closes(month):
    clerk = sign_in(Client(), Role.CLERK)
    assert clerk.get(url(month)).status_code == 200
    assert clerk.post(url(month, "act/"), {"action": "propose"}).status_code in {403, 404}
    assert not AccountingPeriod.objects.exists()


def test_pages_cost_a_fixed_number_of_statements(desk, month):
    with CaptureQueriesContext(connection) as found:
        desk.get("/desk/books/")
        desk.get(url(month))
    assert len(found) <= 20
