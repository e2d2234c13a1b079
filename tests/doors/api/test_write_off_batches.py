"""Debts given up together, and taken back, by the API: what the night found, proposed by one, let go by another."""

from datetime import date

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.operations import write_off_batches
from billing.queries import balances
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import billing, contracts
from tests.factories.refunds import paid_in

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)
SCOPES = tuple(f"write-off{kind}:{verb}" for kind in ("s", "-batches") for verb in ("read", "write", "decide"))
AGREE, DROP = {"decision": "agree"}, {"decision": "drop"}


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel("2026-03-10T02:00:00Z", tick=False):
        yield


@pytest.fixture
def two_callers():
    return Caller(*SCOPES), Caller(*SCOPES)


def _debtor(world):
    billing.issued(world=world, start_date=date(2022, 1, 1), end_date=date(2022, 2, 1))
    return world


def _owed(world):
    return balances.of_account(account_id=world.account.id, today=TODAY).balance_minor


def test_a_batch_is_proposed_let_go_watched_and_taken_as_a_file(world, two_callers):
    """Three debtors; one pays before its turn comes, and one is taken back later."""
    first, second = two_callers
    worlds = [_debtor(world), _debtor(contracts.world()), _debtor(contracts.world())]
    write_off_batches.find(today=TODAY)
    found = first.get("write-off-candidates?reason=too_old").json()["results"]
    assert {(one["account"], one["amount"]["text"], one["bills"]) for one in found} == {
        (one.account.number, "61.70", 1) for one in worlds
    }
    assert first.get("write-off-candidates?reason=too_small").json()["results"] == []
    reply = first.post("write-off-batches", {"reason": "too_old"}, idempotency_key="b")
    assert reply.status_code == 201, reply.content
    made = reply.json()
    assert reply["Location"] == f"/api/v1/write-off-batches/{made['batch']}"
    assert (made["state"], made["count"], made["amount"]["text"], made["made"]) == ("proposed", 3, "185.10", 0)
    assert first.post("write-off-batches", {"reason": "too_old"}, idempotency_key="b").json() == made
    where = f"write-off-batches/{made['batch']}"
    assert_problem(first.post(f"{where}/decide", AGREE, idempotency_key="o"), 422, "own_write_off")
    decided = second.post(f"{where}/decide", AGREE, idempotency_key="d").json()
    assert (decided["state"], decided["decided_by"][:7]) == ("decided", "client ")
    paid_in(worlds[2].account.id, 6_170, on=TODAY)
    write_off_batches.work(timezone.now())
    done = first.get(where).json()
    assert (done["state"], done["made"], done["dropped"]) == ("done", 2, 1)
    assert [_owed(one) for one in worlds] == [0, 0, 0]
    rows = first.get(f"write-offs?batch={made['batch']}&state=made").json()["results"]
    assert {one["account"] for one in rows} == {one.account.number for one in worlds[:2]}
    assert {one["batch"] for one in rows} == {made["batch"]}
    file = first.get(f"{where}/file", accept="text/csv")
    lines = b"".join(file.streaming_content).decode("utf-8-sig").splitlines()
    assert file["Content-Type"].startswith("text/csv")
    assert lines[0].startswith("write_off,account,reason,state,amount")
    assert sorted(line.split(",")[3] for line in lines[1:]) == ["dropped", "made", "made"]
    assert_problem(second.post(f"{where}/decide", DROP, idempotency_key="e"), 404, "unknown_write_off_batch")

    mistaken = next(one["id"] for one in rows if one["account"] == worlds[0].account.number)
    body = {"reason": "the debtor was found"}
    assert_problem(first.post(f"write-offs/{mistaken}/reverse", body, idempotency_key="r"), 422, "own_write_off")
    assert_problem(second.post(f"write-offs/{mistaken}/reverse", {}, idempotency_key="r"), 422, "invalid_request")
    back = second.post(f"write-offs/{mistaken}/reverse", body, idempotency_key="r").json()
    assert (back["state"], back["reverse_reason"], back["reversed_by"]) == (
        "reversed", body["reason"], done["decided_by"],
    )  # fmt: skip
    assert _owed(worlds[0]) == 6_170
    assert_problem(second.post(f"write-offs/{mistaken}/reverse", body, idempotency_key="s"), 404, "unknown_write_off")


def test_a_batch_that_is_dropped_leaves_all_as_it_was(world, two_callers):
    first, second = two_callers
    _debtor(world)
    assert_problem(first.post("write-off-batches", {}, idempotency_key="b"), 422, "bad_write_off")
    write_off_batches.find(today=TODAY)
    batch = first.post("write-off-batches", {}, idempotency_key="b").json()
    assert batch["reason"] is None
    dropped = second.post(f"write-off-batches/{batch['batch']}/decide", DROP, idempotency_key="d").json()
    assert (dropped["state"], dropped["dropped"], _owed(world)) == ("dropped", 1, 6_170)
    assert first.get("write-off-batches?state=dropped").json()["results"] == [dropped]
    assert_problem(first.get("write-off-batches/999/file"), 404, "unknown_write_off_batch")
    assert_problem(Caller("write-offs:write").post("write-off-batches", {}), 403, "permission_denied")


def _statements(caller, path, rows):
    with CaptureQueriesContext(connection) as asked:
        assert len(caller.get(path).json()["results"]) == rows
    return len(asked)


def test_the_lists_take_as_many_statements_for_many_as_for_one(world, two_callers):
    first, counts = two_callers[0], []
    for number in range(3):
        _debtor(contracts.world())
        write_off_batches.find(today=TODAY)
        counts.append([_statements(first, "write-off-candidates", 1)])
        first.post("write-off-batches", {}, idempotency_key=f"k{number}")
        counts[-1].append(_statements(first, "write-off-batches", number + 1))
    assert counts[1] == counts[2] <= counts[0]


def test_adjustments_and_moves_are_taken_back_by_somebody_else_too(world):
    scopes = [f"{kind}:{verb}" for kind in ("adjustments", "money-moves") for verb in ("read", "write", "decide")]
    first, second = Caller(*scopes), Caller(*scopes)
    body = {"account": world.account.number, "amount_minor": -500, "reason": "goodwill", "text": "outage"}
    made = first.post("adjustments", body, idempotency_key="k").json()
    where = f"adjustments/{made['id']}"
    assert_problem(second.post(f"{where}/reverse", {"reason": "x"}, idempotency_key="a"), 404, "unknown_adjustment")
    second.post(f"{where}/decide", AGREE, idempotency_key="d")
    back = second.post(f"{where}/reverse", {"reason": "no outage"}, idempotency_key="r").json()
    assert (back["state"], _owed(world)) == ("reversed", 0)
    paid_in(world.account.id, 900, on=TODAY)
    other = contracts.world()
    body = {
        "from_account": world.account.number,
        "to_account": other.account.number,
        "amount_minor": 900,
        "reason": "x",
    }
    move = first.post("money-moves", body, idempotency_key="m").json()
    second.post(f"money-moves/{move['id']}/decide", AGREE, idempotency_key="n")
    assert (_owed(world), _owed(other)) == (0, -900)
    back = second.post(f"money-moves/{move['id']}/reverse", {"reason": "y"}, idempotency_key="o").json()
    assert (back["state"], _owed(world), _owed(other)) == ("reversed", -900, 0)
