"""Deposits at the desk: the computed size, one with its history, asked and decided, listed, its receipt."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.models.deposit import Deposit
from billing.queries import balances
from cis.kernel.enums import Role
from tests.doors.desk.conftest import TODAY, make_billed, sign_in
from tests.factories.deposits import demanded
from tests.factories.refunds import paid_in

pytestmark = pytest.mark.django_db
LIST = "/desk/refunds/deposits/"


def text(answer):
    return answer.content.decode()


@pytest.fixture
def clerk(supplier):
    return sign_in(Client(), Role.CLERK)


def _owed(billed):
    return balances.of_account(account_id=billed.account.id, today=TODAY).balance_minor


def _demand(client, billed, **changes):
    typed = {"cause": "temporary_supply", "expected": "", "amount": "", "reason": "", "request_key": "k1", **changes}
    return client.post(f"/desk/customers/{billed.account.id}/deposit/", typed, follow=True)


def test_it_is_demanded_as_computed_and_given_back_by_two(clerk, desk, billed):
    """Two bills of 61.70 in 59 days: two average months are 127.22, below the least of 200.00."""
    page = text(clerk.get(f"/desk/customers/{billed.account.id}/deposit/"))
    assert "2 × ¥63.61 = ¥127.22" in page
    assert "more than" in text(_demand(clerk, billed, amount="200.01")) or not Deposit.objects.exists()
    assert "by a note of its own" in text(_demand(clerk, billed))
    made = Deposit.objects.get()
    assert (made.amount_minor, _owed(billed)) == (20_000, 2 * 6_170 + 20_000)
    assert f"{LIST}{made.id}/" in text(clerk.get(f"/desk/customers/{billed.account.id}/"))
    paid_in(billed.account.id, 2 * 6_170 + 20_000, on=TODAY)
    page = text(clerk.get(f"{LIST}{made.id}/"))
    assert "Here a deposit does not go back for good payment" in page
    assert "Money came in" in page
    asked = {"kind": "return", "amount": "", "reason": "moves away", "request_key": "r1"}
    assert text(clerk.post(f"{LIST}{made.id}/ask/", {**asked, "reason": ""})).count("is-invalid")
    assert "second person decides" in text(clerk.post(f"{LIST}{made.id}/ask/", asked, follow=True))
    decide = f"{LIST}{made.id}/decide/{made.requests.get().id}/"
    assert clerk.post(decide, {"action": "agree"}).status_code == 403
    desk.post(decide, {"action": "agree"})
    made.refresh_from_db()
    assert (made.state, made.returned_minor, _owed(billed)) == ("returned", 20_000, -20_000)
    csv = b"".join(desk.get("/desk/refunds/deposits.csv?standing=returned").streaming_content).decode()
    assert csv.count("\n") == 2
    receipt = desk.get(f"{LIST}{made.id}/receipt.pdf")
    assert (receipt["Content-Type"], receipt.content[:4]) == ("application/pdf", b"%PDF")


def test_more_less_and_how_it_comes_back(clerk, billed):
    _demand(clerk, billed, amount="100", reason="small")
    made = Deposit.objects.get()
    page = f"{LIST}{made.id}/"
    assert text(clerk.post(f"{page}increase/", {"more-amount": "100.01", "more-reason": "late"})).count("is-invalid")
    clerk.post(f"{page}increase/", {"more-amount": "100", "more-reason": "late"})
    clerk.post(f"{page}wish/", {"wish": "paid_out"})
    made.refresh_from_db()
    assert (made.amount_minor, made.is_paid_out) == (20_000, True)
    assert clerk.get(f"{LIST}999999/").status_code == 404


def test_where_no_rule_is_there_none_is_offered(clerk, billed, settings):
    settings.PACK = "gb-example"
    assert "have no deposits" in text(clerk.get(LIST))
    assert "new_deposit" not in text(clerk.get(f"/desk/customers/{billed.account.id}/"))
    assert not Deposit.objects.exists()
    assert _demand(clerk, billed).status_code == 200
    assert not Deposit.objects.exists()


def test_the_list_takes_as_many_statements_for_many_as_for_one(clerk, billed):
    counts = []
    for number in range(3):
        other = make_billed(name=f"李四{number}")
        demanded(other.account.id, on=TODAY, cause="temporary_supply")
        paid_in(other.account.id, 50_000, on=TODAY, reference=f"p{number}")
        with CaptureQueriesContext(connection) as caught:
            assert "李四" in text(clerk.get(f"{LIST}?standing=held"))
        counts.append(len(caught))
    assert counts[1] == counts[2]
    assert "No deposit fits" in text(clerk.get(f"{LIST}?standing=due"))
