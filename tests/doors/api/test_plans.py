"""Plans of instalments by the API: previewed, made once, read, cancelled; a part paid at an agent by its card."""

from datetime import date

import pytest
import time_machine
from django.utils import timezone

from arrears.operations import plan_looks
from billing.models.payment import Allocation
from cashiering.operations import agents
from cis.kernel.actors import SYSTEM
from cis.platform.models import ApiKey
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import billing
from tests.factories.refunds import paid_in

pytestmark = pytest.mark.django_db
WISH = {"count": 3, "day": 5, "is_first_now": True}


@time_machine.travel("2026-03-10T02:00:00Z", tick=False)
def test_a_plan_is_previewed_made_once_and_cancelled(world):
    billing.issued(world=world)
    caller, number = Caller("plans:read", "plans:write"), world.account.number
    seen = caller.post(f"accounts/{number}/instalment-plans/preview", WISH).json()
    assert (seen["total"]["text"], seen["late_fee"]["text"], seen["needs_a_person"]) == ("62.75", "1.05", [])
    assert [part["amount"]["text"] for part in seen["parts"]] == ["22.75", "20.00", "20.00"]
    given = {**WISH, "account": number, "reference": "app-1", "total_minor": 6_275}
    assert_problem(
        caller.post("instalment-plans", {**given, "total_minor": 1}, idempotency_key="a"), 422, "plan_changed"
    )
    assert_problem(caller.post("instalment-plans", {**given, "day": 6}, idempotency_key="b"), 422, "bad_plan")
    made = caller.post("instalment-plans", given, idempotency_key="c")
    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["state"], body["open"]["text"], len(body["parts"])) == ("kept", "62.75", 3)
    again = caller.post("instalment-plans", given, idempotency_key="d")
    assert (again.status_code, again.json()["id"]) == (200, body["id"])
    assert_problem(
        caller.post("instalment-plans", {**given, "reference": "app-2"}, idempotency_key="e"), 422, "plan_stands"
    )
    assert caller.get(f"instalment-plans/{body['id']}").json() == body
    assert caller.get(f"accounts/{number}/instalment-plans").json()["plans"] == [body]
    assert_problem(
        caller.post(f"instalment-plans/{body['id']}/cancel", {}, idempotency_key="f"), 422, "invalid_request"
    )
    ended = caller.post(f"instalment-plans/{body['id']}/cancel", {"reason": "asked for"}, idempotency_key="g").json()
    assert (ended["state"], ended["end_reason"]) == ("cancelled", "asked for")
    assert_problem(caller.get("instalment-plans/999999"), 404, "unknown_plan")


@time_machine.travel("2026-03-10T02:00:00Z", tick=False)
def test_an_agent_takes_a_part_by_the_number_on_its_card(world):
    late = billing.issued(world=world)
    billing.issued(world=world, start_date=date(2026, 2, 1), end_date=date(2026, 3, 1))
    plans = Caller("plans:write")
    given = {**WISH, "account": world.account.number, "reference": "app-1", "total_minor": 6_275}
    parts = plans.post("instalment-plans", given, idempotency_key="a").json()["parts"]
    kiosk = Caller(agents.SCOPE)
    agents.register(code="K7", name="Kiosk", client=ApiKey.objects.latest("id").name, limit_minor=100_000, actor=SYSTEM)
    code = parts[1]["code"]
    asked = kiosk.get(f"agent/accounts/{code}").json()
    assert (asked["account"], asked["owed"]["text"]) == (world.account.number, "22.75")
    # The card of the second part stands for the one that is due first, and what is paid pays that.
    paid = kiosk.post(
        "agent/payments", {"account": code, "amount_minor": 2_000, "currency": "CNY", "reference": "1"},
        idempotency_key="b",
    )  # fmt: skip
    assert (paid.status_code, paid.json()["account"]) == (201, world.account.number)
    assert list(Allocation.objects.values_list("bill_id", "amount_minor")) == [(late.id, 2_000)]
    assert [kiosk.get(f"agent/accounts/{one['code']}").json()["owed"]["text"] for one in parts] == [
        "2.75", "2.75", "2.75",
    ]  # fmt: skip


def test_a_plan_that_the_night_broke_says_so_and_what_a_program_may_do_then(world):
    """Its state, the day, why, and what is owed now; it is neither cancelled nor followed by another, but paid."""
    billing.issued(world=world)
    caller, number = Caller("plans:read", "plans:write"), world.account.number
    with time_machine.travel("2026-03-10T02:00:00Z", tick=False) as clock:
        given = {**WISH, "account": number, "reference": "app-1", "total_minor": 6_275}
        made = caller.post("instalment-plans", given, idempotency_key="a").json()
        assert (made["state"], made["ended_date"], made["end_reason"]) == ("kept", None, "")
        clock.move_to("2026-03-17T00:00:00Z")
        for _ in range(2):
            plan_looks.night(timezone.now())
        found = caller.get(f"instalment-plans/{made['id']}").json()
        assert found == {**made, "state": "broken", "ended_date": "2026-03-17", "end_reason": "late"}
        assert (found["open"]["text"], found["parts"][0]["paid"]["text"]) == ("62.75", "0.00")
        assert caller.get(f"accounts/{number}/instalment-plans").json()["plans"] == [found]
        ended = caller.post(f"instalment-plans/{made['id']}/cancel", {"reason": "x"}, idempotency_key="b")
        assert_problem(ended, 409, "illegal_move")
        seen = caller.post(f"accounts/{number}/instalment-plans/preview", WISH).json()
        assert "broken" in seen["needs_a_person"]
        again = {**given, "reference": "app-2", "total_minor": seen["total"]["amount_minor"]}
        assert_problem(caller.post("instalment-plans", again, idempotency_key="c"), 422, "plan_beyond_limit")
        paid_in(world.account.id, 2_275, on=date(2026, 3, 17))
        left = caller.get(f"instalment-plans/{made['id']}").json()
        assert (left["state"], left["open"]["text"], left["parts"][0]["paid"]["text"]) == ("broken", "40.00", "22.75")
