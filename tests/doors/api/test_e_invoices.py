"""E-invoices by API: tax data, asked for once, read, taken back."""

import pytest
import time_machine
from django.utils import timezone

from billing.operations import e_invoice_sending
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import accounts, billing, contracts, tariffs

pytestmark = pytest.mark.django_db


@pytest.fixture
def bill(db):
    with time_machine.travel("2026-03-10T02:00:00Z", tick=False):
        accounts.supplier()
        yield billing.issued(world=contracts.world(source=tariffs.TAXED))


def test_a_program_asks_once_reads_and_takes_back(bill):
    caller = Caller("e-invoices:read", "e-invoices:write")
    asked = caller.post(f"bills/{bill.number}/e-invoices", {}, idempotency_key="a")
    assert asked.status_code == 201, asked.content
    (told,) = asked.json()["invoices"]
    assert (told["state"], told["number"], told["tax"]["amount_minor"]) == ("due", "", 710)
    again = caller.post(f"bills/{bill.number}/e-invoices", {}, idempotency_key="b").json()
    assert [one["id"] for one in again["invoices"]] == [told["id"]]
    e_invoice_sending.work(timezone.now())
    one = caller.get(f"e-invoices/{told['id']}").json()
    assert (one["state"], len(one["number"]), one["is_specimen"]) == ("issued", 20, True)
    assert (one["total_in_capitals"], one["lines"][0]["rate"]) == ("陆拾壹元柒角整", "0.13")
    assert caller.get(f"bills/{bill.number}/e-invoices").json()["invoices"][0]["number"] == one["number"]
    assert_problem(caller.get("bills/999/e-invoices"), 404, "unknown_bill")
    red = {"reason": "allowance", "amount_minor": 1_130, "text": "outage"}
    reply = caller.post(f"e-invoices/{told['id']}/red", red, idempotency_key="c")
    assert (reply.status_code, reply.json()["net"]["amount_minor"]) == (201, -1_000)
    too_much = {**red, "amount_minor": 6_000}
    assert_problem(
        caller.post(f"e-invoices/{told['id']}/red", too_much, idempotency_key="d"), 422, "e_invoice_red_too_much"
    )
    page = caller.get("e-invoices?page_size=1").json()
    assert [row["reverses"] for row in page["results"]] == [told["id"]]
    rest = caller.get("e-invoices?" + page["next"].split("?")[1]).json()
    assert ([row["id"] for row in rest["results"]], rest["next"]) == ([told["id"]], None)
    assert_problem(caller.get("e-invoices/999999"), 404, "unknown_e_invoice")
    assert_problem(Caller("bills:read").get("e-invoices"), 403, "permission_denied")


def test_tax_data_are_checked_and_kept(bill):
    caller = Caller("e-invoices:read", "e-invoices:write")
    path = f"accounts/{bill.account.number}/tax-profile"
    assert caller.get(path).json()["is_entered"] is False
    client, headers = caller._client, caller.headers

    def put(body):
        return client.put(f"/api/v1/{path}", body, content_type="application/json", headers=headers)

    assert_problem(put({"name": "王<小明"}), 422, "bad_tax_profile")
    kept = put({"name": "王小明", "phone": "021-5555"}).json()
    assert (kept["is_entered"], kept["name"], kept["phone"]) == (True, "王小明", "021-5555")
    assert caller.get(path).json() == kept
    assert_problem(put({"name": "王小明", "wants_special": True}), 422, "bad_tax_profile")
