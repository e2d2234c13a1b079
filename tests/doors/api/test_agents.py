"""Kiosks and shops that collect for us."""

import json

import pytest

from billing.models.payment import Payment
from cashiering.operations import agents
from cis.kernel.actors import SYSTEM
from cis.platform.models import ApiKey
from tests.doors.api.calls import Caller, assert_problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def kiosk(world, bills):
    caller = Caller(agents.SCOPE)
    client = ApiKey.objects.latest("id").name
    agents.register(code="K7", name="Kiosk", client=client, limit_minor=10_000, actor=SYSTEM)
    return caller


def _body(world, **values):
    given = {"account": world.account.number, "amount_minor": 6_170, "currency": "CNY", "reference": "K7-1"}
    return {**given, **values}


def test_an_enquiry_shows_what_is_owed_and_hides_the_name(kiosk, world):
    body = kiosk.get(f"agent/accounts/{world.account.number}").json()
    assert body["owed"]["amount_minor"] > 0
    assert body["name"] == "*三"
    assert set(body) == {"account", "name", "owed"}
    assert_problem(kiosk.get("agent/accounts/12"), 404, "unknown_account")


def test_a_payment_counts_once_and_is_found_and_cancelled_by_its_reference(kiosk, world):
    first = kiosk.post("agent/payments", _body(world), idempotency_key="a")
    again = kiosk.post("agent/payments", _body(world), idempotency_key="a")
    other_key = kiosk.post("agent/payments", _body(world), idempotency_key="b")
    assert (first.status_code, again.status_code, other_key.status_code) == (201, 201, 200)
    assert first.json() == again.json() == other_key.json() == kiosk.get("agent/payments/K7-1").json()
    assert first["Location"] == "/api/v1/agent/payments/K7-1"
    assert Payment.objects.count() == 1
    assert kiosk.get("agent").json()["left"]["amount_minor"] == 3_830
    assert_problem(kiosk.post("agent/payments", _body(world, reference="2"), idempotency_key="c"), 422, "agent_limit")
    reply = kiosk.post("agent/payments/K7-1/cancel", {"reason": "typed wrong"}, idempotency_key="d")
    assert (reply.status_code, reply.json()["state"]) == (200, "cancelled")
    assert kiosk.get("agent").json()["held"]["amount_minor"] == 0


def test_a_list_is_compared_and_its_differences_can_be_asked_for(kiosk, world):
    day = kiosk.post("agent/payments", _body(world), idempotency_key="a").json()["date"]
    headers = {**kiosk.headers, "Idempotency-Key": "b"}
    content = f"reference,account,amount\nK7-2,{world.account.number},1.00\n"
    reply = kiosk._client.post(f"/api/v1/agent/days/{day}", content, content_type="text/csv", headers=headers)
    assert reply.status_code == 201, reply.content
    kinds = {one["reference"]: one["kind"] for one in json.loads(reply.content)["differences"]}
    assert kinds == {"K7-1": "missing_there", "K7-2": "missing_here"}
    assert kiosk.get(f"agent/days/{day}").json() == reply.json()
    assert_problem(kiosk.get("agent/days/2020-01-01"), 404, "unknown_agent_day")
    assert_problem(kiosk.get("agent/days/never"), 404, "unknown_agent_day")


def test_only_the_agents_own_program_collects(kiosk, world):
    assert Caller("bills:read").get("agent").status_code == 403
    assert_problem(Caller(agents.SCOPE).get("agent"), 404, "unknown_agent")
    assert_problem(Caller(agents.SCOPE).post("agent/payments", _body(world), idempotency_key="a"), 404, "unknown_agent")
    for wrong in ({"amount_minor": 0}, {"currency": "USD"}, {"reference": "a b"}, {"account": "x"}, {"more": 1}):
        reply = kiosk.post("agent/payments", _body(world, **wrong), idempotency_key="z")
        assert_problem(reply, 422, "invalid_request")
    assert Payment.objects.count() == 0
