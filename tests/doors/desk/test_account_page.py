"""The account page: all of a customer on one screen, in a constant number of statements."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cis.platform.models import AuditEvent
from tests.doors.desk.conftest import hang, make_billed
from tests.factories import contracts

pytestmark = pytest.mark.django_db
STATEMENTS_MOST = 58


def test_it_shows_who_what_and_how_much(desk, billed):
    page = desk.get(f"/desk/customers/{billed.account.id}/").content.decode()
    for text in (
        "张三丰",
        billed.account.number,
        billed.register.meter.serial,
        "1,200",  # last reading
        billed.bills[0].number,
        "¥123.40",  # balance
        "overdue",
        "上海市黄浦区南京东路88号",
    ):
        assert text in page, text


def test_looking_at_a_customer_is_recorded(desk, billed):
    desk.get(f"/desk/customers/{billed.account.id}/")
    (event,) = AuditEvent.objects.filter(action="look")
    assert (event.subject, event.subject_id, event.actor_name) == ("customer", billed.customer.id, "王敏")


def test_the_id_number_shows_its_end_only(desk, billed):
    billed.customer.id_number = "310101199001011231"
    billed.customer.save()
    page = desk.get(f"/desk/customers/{billed.account.id}/").content.decode()
    assert "310101199001011231" not in page
    assert "1231" in page


def _statements(desk, account):
    with CaptureQueriesContext(connection) as taken:
        desk.get(f"/desk/customers/{account.id}/")
    return [query["sql"] for query in taken]


def test_the_number_of_statements_does_not_grow_with_the_history(desk, supplier):
    small, large = make_billed(months=1), make_billed(months=2)
    for _ in range(3):
        more = contracts.agreement(account=large.account)
        hang(more.service_point)
    _statements(desk, small.account)  # compiles plans once
    assert len(_statements(desk, small.account)) == len(_statements(desk, large.account)) <= STATEMENTS_MOST


def test_the_ledger_comes_as_a_file(desk, billed):
    answer = desk.get(f"/desk/customers/{billed.account.id}/ledger.csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert text.count("\r\n") == 1 + 4  # head line; energy and VAT of two bills
    assert "54.60" in text


def test_a_name_that_is_a_formula_does_not_run_in_a_spreadsheet(desk, billed):
    billed.customer.name = "=1+1|cmd"
    billed.customer.save()
    text = b"".join(desk.get("/desk/customers.csv").streaming_content).decode("utf-8-sig")
    assert ",'=1+1|cmd," in text
    assert ",+86138" in text
