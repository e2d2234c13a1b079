"""The search box: whatever a customer says on the telephone finds the account."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.doors.desk.conftest import make_billed
from tests.factories import accounts

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("what", ["number", "name", "phone", "address", "meter", "bill"])
def test_an_account_is_found_by_all_that_a_customer_may_say(desk, billed, what):
    text = {
        "number": billed.account.number,
        "name": "三丰",
        "phone": billed.customer.contact_points.get(kind="mobile").value.removeprefix("+86"),
        "address": "东路88",
        "meter": billed.register.meter.serial,
        "bill": billed.bills[0].number,
    }[what]
    page = desk.get("/desk/search/", {"q": text})
    where = f"/desk/bills/{billed.bills[0].id}/" if what == "bill" else f"/desk/customers/{billed.account.id}/"
    assert f'href="{where}"' in page.content.decode()


def test_while_typing_only_the_answers_are_sent_as_options(desk, billed):
    headers = {"HX-Request": "true", "HX-Target": "search-answers"}
    page = desk.get("/desk/search/", {"q": billed.account.number}, headers=headers).content.decode()
    assert page.count('role="option"') == 1
    assert 'data-whole="yes"' in page
    assert "<html" not in page


def test_what_is_typed_comes_back_escaped(desk):
    page = desk.get("/desk/search/", {"q": "<script>alert(1)</script>"}).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_nothing_found_is_said(desk):
    assert "Nothing was found" in desk.get("/desk/search/", {"q": "zzzzzz"}).content.decode()


def _statements(desk, text):
    with CaptureQueriesContext(connection) as taken:
        desk.get("/desk/search/", {"q": text})
    return len(taken)


def test_the_number_of_statements_does_not_grow_with_the_answers(desk, supplier):
    make_billed(name="赵一山")
    _statements(desk, "一山")  # reads the supplier once per process
    first = _statements(desk, "一山")
    for _ in range(12):
        make_billed(name="赵一山")
    assert _statements(desk, "一山") == first
    assert first <= 10


def test_a_portal_user_may_not_search(client, supplier):
    client.force_login(accounts.portal_user(), backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/desk/search/", {"q": "a"}).status_code == 403
