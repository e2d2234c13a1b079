"""Bills and balances for other programs."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cis.platform.models import AuditEvent
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import accounts, billing, contracts

pytestmark = pytest.mark.django_db
READ = "bills:read"


def test_the_latest_bill_comes_first_with_money_as_integers_and_text(world, bills):
    body = Caller(READ).get("bills").json()
    assert [row["number"] for row in body["results"]] == ["0000000002", "0000000001"]
    assert body["results"][1]["amount"] == {"amount_minor": 6170, "currency": "CNY", "text": "61.70"}
    assert body["next"] is None


def test_bills_are_filtered_by_account_date_and_state(world, bills):
    billing.issued(world=contracts.world(), start_date=date(2026, 4, 1), end_date=date(2026, 5, 1))
    caller = Caller(READ)
    numbers = lambda query: [row["number"] for row in caller.get(f"bills?{query}").json()["results"]]  # noqa: E731
    assert numbers(f"account={world.account.number}") == ["0000000002", "0000000001"]
    assert numbers(f"account={world.account.number}&issued_since=2026-03-01") == ["0000000002"]
    assert numbers("state=cancelled") == []
    assert numbers("issued_since=2026-05-01") == ["0000000003"]


def test_pages_follow_each_other_by_cursor_and_lose_nothing(world):
    for month in range(1, 8):
        billing.issued(world=world, start_date=date(2026, month, 1), end_date=date(2026, month + 1, 1))
    caller, seen, path = Caller(READ), [], "bills?page_size=3"
    while path:
        page = caller.get(path).json()
        seen += [row["number"] for row in page["results"]]
        path = page["next"].split("/api/v1/")[1] if page["next"] else None
    assert seen == [f"{n:010d}" for n in range(7, 0, -1)]


def test_a_page_takes_the_same_number_of_statements_whatever_its_size(world, django_assert_num_queries):
    caller = Caller(READ)
    caller.get("bills")  # the supplier is read once per process
    counts = []
    for month in range(1, 4):
        billing.issued(world=world, start_date=date(2026, month, 1), end_date=date(2026, month + 1, 1))
        with django_assert_num_queries(4):
            counts.append(len(caller.get("bills").json()["results"]))
    assert counts == [1, 2, 3]


def test_one_bill_takes_the_same_number_of_statements_whatever_its_lines(world, bills, django_assert_num_queries):
    caller = Caller(READ)
    caller.get("bills/0000000001")  # the supplier is read and its tariff compiled once per process
    with CaptureQueriesContext(connection) as taken:
        caller.get("bills/0000000001")
    line = bills[0].lines.get()
    for seq in range(2, 12):
        line.seq = seq
        line.save(force_insert=True)
    with django_assert_num_queries(len(taken)):
        assert len(caller.get("bills/0000000001").json()["segments"][0]["lines"]) == 11
    assert len(taken) <= 10


def test_drafts_are_not_shown(world):
    billing.draft(world=world)
    assert Caller(READ).get("bills").json()["results"] == []


def test_one_bill_has_segments_and_lines_that_sum_to_it(world, bills):
    body = Caller(READ).get("bills/0000000001").json()
    [segment] = body["segments"]
    [line] = segment["lines"]
    assert (line["quantity"], line["price"], line["unit"]) == ("100.000", "0.617", "kWh")
    assert line["amount"]["amount_minor"] == segment["amount"]["amount_minor"] == body["amount"]["amount_minor"]
    assert line["labels"] == {"zh": "电度电费", "en": "Energy"}


def test_a_bill_comes_as_pdf(world, bills):
    for accept in ("application/pdf", "*/*"):
        reply = Caller(READ).get("bills/0000000001/pdf", Accept=accept)
        assert reply["Content-Type"] == "application/pdf"
        assert reply.content.startswith(b"%PDF")


@pytest.mark.parametrize("number", ["0000000099", "x", "%00", "9" * 40, "１", "-1", "1%20"])
@pytest.mark.parametrize("rest", ["", "/pdf"])
def test_a_bill_that_is_not_there_is_404(world, bills, number, rest):
    assert_problem(Caller(READ).get(f"bills/{number}{rest}"), 404, "unknown_bill")


def test_a_pdf_that_is_not_there_is_told_as_a_problem_also_to_who_wants_pdf(world):
    assert_problem(Caller(READ).get("bills/7/pdf", Accept="application/pdf"), 404, "unknown_bill")


def test_the_balance_is_what_is_owed(world, bills):
    body = Caller("balances:read").get(f"accounts/{world.account.number}/balance").json()
    assert body["balance"] == {"amount_minor": 18510, "currency": "CNY", "text": "185.10"}
    assert body["overdue"]["amount_minor"] == 18510
    assert body["late_fee"]["amount_minor"] > 0


@pytest.mark.parametrize("number", ["1", "%00", "abc", "9" * 30])
def test_the_balance_of_no_account_is_404(world, number):
    assert_problem(Caller("balances:read").get(f"accounts/{number}/balance"), 404, "unknown_account")


@pytest.mark.parametrize("path", ["bills", "bills/1", "bills/1/pdf", "accounts/1/balance", "payments/1"])
def test_without_a_key_nothing_is_told(world, path):
    reply = Caller().get(path)
    assert_problem(reply, 401, "not_authenticated")
    assert reply["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("bearer", ["wl_0000000000_x", "x", "wl_", "wl_é_x"])
def test_a_wrong_key_is_refused(world, bearer):
    caller = Caller()
    caller.headers = {"Authorization": f"Bearer {bearer}"}
    assert_problem(caller.get("bills"), 401, "authentication_failed")


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("bills", "payments:write"), ("bills/1", "balances:read"), ("bills/1/pdf", "reads:write"),
        ("accounts/1/balance", READ), ("payments/1", "payments:write"),
    ],
)  # fmt: skip
def test_a_key_without_the_scope_is_refused(world, path, scope):
    assert_problem(Caller(scope).get(path), 403, "permission_denied")


@pytest.mark.parametrize(
    "query",
    [
        "acount=1",
        "account=x",
        "issued_since=yesterday",
        "state=draft",
        "page_size=0",
        "page_size=1001",
        "page_size=x",
        "account=",
        "state=",
        "account=1&account=2",
    ],
)
def test_a_filter_that_is_wrong_is_refused_and_not_ignored(world, query):
    body = assert_problem(Caller(READ).get(f"bills?{query}"), 422, "invalid_request")
    assert body["errors"][0]["where"] == query.split("=")[0]


def test_an_account_that_is_not_there_is_404_in_the_filter(world):
    assert_problem(Caller(READ).get("bills?account=1"), 404, "unknown_account")


def test_a_cursor_that_is_none_is_refused(world):
    assert_problem(Caller(READ).get("bills?cursor=x"), 404, "not_found")


def test_an_address_that_is_not_there_is_a_problem_too(world):
    assert_problem(Caller(READ).get("nothing/here"), 404, "not_found")


def test_customers_of_the_portal_get_nothing_from_the_api(world, bills, client):
    client.force_login(accounts.portal_user(of=world.customer))
    assert client.get("/api/v1/bills").status_code == 401


def test_staff_on_the_pages_may_what_their_role_may(world, bills, client):
    client.force_login(accounts.staff())
    assert client.get("/api/v1/bills").status_code == 200
    assert client.get("/api/v1/payments/1").status_code == 403


def test_the_proof_of_a_bill_is_given_and_the_look_is_kept(world, bills):
    proof = Caller(READ).get("bills/0000000001/proof").json()
    assert proof["format"] == "wattline-bill-proof-2"
    assert (proof["bill"]["number"], proof["bill"]["amount_minor"]) == ("0000000001", 6170)
    assert [line["line"] for line in proof["segments"][0]["lines"]] == ["energy"]
    assert world.customer.name not in str(proof)
    assert AuditEvent.objects.filter(action="look", subject="bill_proof", subject_id=bills[0].id).count() == 1
    assert_problem(Caller(READ).get("bills/999/proof"), 404, "unknown_bill")
    assert_problem(Caller("balances:read").get("bills/0000000001/proof"), 403, "permission_denied")


def test_no_proof_is_given_of_a_draft(world):
    draft = billing.draft(world=world)
    assert_problem(Caller(READ).get(f"bills/{draft.id}/proof"), 404, "unknown_bill")
