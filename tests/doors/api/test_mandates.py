"""Mandates by the API: entered once, shown by the end of their number, taken back."""

import pytest
import time_machine

from tests.doors.api.calls import Caller
from tests.factories import debits as made

pytestmark = pytest.mark.django_db


def _given(world, **values):
    return {
        "reference": "web-1", "account": world.account.number, "holder_name": "张三", "bank_account": made.ACCOUNT,
        "bank_code": made.BANK, "limit_minor": 50_000, "signed_date": "2026-03-09", "evidence": "e-sign 7", **values,
    }  # fmt: skip


@time_machine.travel("2026-03-10T02:00:00Z", tick=False)
def test_a_mandate_is_entered_once_and_taken_back(world):
    caller = Caller("mandates:write", "mandates:read")
    reply = caller.post("mandates", _given(world), idempotency_key="first")
    assert reply.status_code == 201, reply.content
    body = reply.json()
    assert (body["state"], body["bank_account"], body["limit"]["text"]) == ("active", "…0123", "500.00")
    again = caller.post("mandates", _given(world), idempotency_key="other")
    assert (again.status_code, again.json()["id"]) == (200, body["id"])
    taken = caller.post("mandates", _given(world, limit_minor=1), idempotency_key="third")
    assert (taken.status_code, taken.json()["code"]) == (409, "mandate_key_taken")
    wrong = caller.post("mandates", _given(world, reference="web-2", bank_code="1"), idempotency_key="fourth")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "bad_bank_account")
    assert caller.get(f"mandates/{body['id']}").json()["holder_name"] == "张三"
    assert [one["id"] for one in caller.get(f"accounts/{world.account.number}/mandates").json()["mandates"]] == [
        body["id"]
    ]
    assert caller.post(f"mandates/{body['id']}/revoke", {}, idempotency_key="sixth").json()["end_reason"] == "revoked"
    assert caller.post("mandates/999999/revoke", {}, idempotency_key="fifth").status_code == 404
