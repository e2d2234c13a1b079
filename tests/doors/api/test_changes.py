"""Changes of use by API: asked for once, held or left to somebody, refused with all reasons."""

import pytest
import time_machine

from contracts.models.change import ChangeSet
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import accounts

WRITE, READ = "changes:write", "changes:read"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _day():
    with time_machine.travel("2026-03-10T02:00:00Z", tick=False):
        yield


def body(world, **values):
    return {
        "kind": "move_out", "account": world.account.number, "supply": world.service_point.external_id,
        "effective_date": "2026-04-01", **values,
    }  # fmt: skip


def test_moving_out_is_agreed_to_at_once_and_the_same_key_asks_once(world):
    caller = Caller(WRITE, READ)
    reply = caller.post("changes", body(world), idempotency_key="a")
    assert reply.status_code == 201
    told = reply.json()
    assert (told["state"], told["supply"], told["missing_papers"]) == (
        "confirmed", world.service_point.external_id, [],
    )  # fmt: skip
    assert [move["action"] for move in told["moves"]] == ["confirm"]
    assert reply["Location"] == f"/api/v1/changes/{told['id']}"
    assert caller.get(f"changes/{told['id']}").json() == told
    again = caller.post("changes", body(world), idempotency_key="a")
    assert again.json() == told
    assert ChangeSet.objects.count() == 1


def test_what_somebody_must_look_at_waits_and_names_its_papers(world):
    new = accounts.customer(name="李四")
    reply = Caller(WRITE).post("changes", body(world, kind="transfer", customer=new.external_id), idempotency_key="a")
    assert (reply.json()["state"], reply.json()["missing_papers"]) == ("waiting", ["identity", "right_to_premises"])


def test_what_cannot_be_is_refused_with_all_reasons(world):
    caller = Caller(WRITE)
    reply = caller.post("changes", body(world, kind="household", household=3), idempotency_key="a")
    problem = assert_problem(reply, 422, "change_refused")
    assert "There is an allowance for 5 persons or more" in problem["detail"]
    reply = caller.post("changes", body(world, kind="rename", supply="nobody knows it"), idempotency_key="b")
    assert reply.status_code == 404
    assert not ChangeSet.objects.exists()


def test_scopes_are_asked_for(world):
    assert Caller(READ).post("changes", body(world), idempotency_key="a").status_code == 403
    assert Caller(WRITE).get("changes/1").status_code == 403
    assert_problem(Caller(READ).get("changes/1"), 404, "unknown_change")
