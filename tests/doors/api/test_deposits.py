"""Deposits for other programs: demanded once a key, listed page by page, asked back for a second person."""

import pytest
from django.utils import timezone

from billing.models.deposit import Deposit
from billing.operations import deposit_requests
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import contracts
from tests.factories.deposits import BILLER, demanded

pytestmark = pytest.mark.django_db


def test_it_is_demanded_once_and_asked_back(world):
    caller = Caller("deposits:write", "deposits:read")
    body = {"account": world.account.number, "cause": "temporary_supply", "expected_minor": 30_000}
    made = caller.post("deposits", body, idempotency_key="a")
    assert (made.status_code, caller.post("deposits", body, idempotency_key="a").json()) == (201, made.json())
    shown = made.json()
    assert (shown["standing"], shown["demanded"]["amount_minor"], shown["open"]["amount_minor"]) == (
        "demanded", 60_000, 60_000,
    )  # fmt: skip
    assert [one["kind"] for one in shown["moves"]] == ["demand"]
    assert caller.get(f"deposits/{shown['deposit']}").json() == shown
    assert_problem(caller.post("deposits", body, idempotency_key="b"), 422, "deposit_open")
    back = f"deposits/{shown['deposit']}/return"
    assert_problem(caller.post(back, {"reason": "moves"}, idempotency_key="c"), 422, "bad_deposit")
    waived = caller.post(back, {"kind": "waive", "amount_minor": 10_000, "reason": "moves"}, idempotency_key="d")
    # A program has no limit of its own: a person decides.
    assert (waived.status_code, waived.json()["is_waiting"], waived.json()["standing"]) == (200, True, "demanded")
    request = Deposit.objects.get().requests.get()
    assert request.proposer_id is None
    deposit_requests.decide(request_id=request.id, is_agreed=True, today=timezone.localdate(), actor=BILLER)
    assert caller.get(f"deposits/{shown['deposit']}").json()["open"]["amount_minor"] == 50_000
    assert_problem(caller.get("deposits/999999"), 404, "unknown_deposit")


def test_the_list_goes_on_where_the_page_ends(world):
    ids = [
        demanded(contracts.world().account.id, on=world.agreement.period.lower, cause="temporary_supply") for _ in "ab"
    ]
    caller = Caller("deposits:read")
    first = caller.get("deposits?standing=demanded&page_size=1").json()
    assert [row["deposit"] for row in first["results"]] == ids[1:]
    following = caller.get(first["next"].partition("/api/v1/")[2]).json()
    assert ([row["deposit"] for row in following["results"]], following["next"]) == (ids[:1], None)
    assert caller.get(f"deposits?account={world.account.number}").json()["results"] == []
    assert_problem(caller.get("deposits?standing=nonsense"), 422, "invalid_request")
