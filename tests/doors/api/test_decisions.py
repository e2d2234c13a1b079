"""Money that two decide about, by the API: a key proposes, somebody else decides, nobody both."""

from datetime import date
from itertools import count

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.operations import adjustments
from billing.queries import balances
from billing.queries import write_offs as written_off
from tests.db.billing.test_adjustments import BILLER
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import billing, contracts
from tests.factories.refunds import paid_in

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)
_keys = count()
KINDS = ("adjustments", "money-moves", "write-offs", "refunds")


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel("2026-03-10T02:00:00Z", tick=False):
        yield


def _caller():
    return Caller(*(f"{kind}:{verb}" for kind in KINDS for verb in ("read", "write", "decide")))


def _owed(world):
    return balances.of_account(account_id=world.account.id, today=TODAY).balance_minor


def _decide(caller, kind, row_id, decision="agree", **more):
    key = f"d{next(_keys)}"
    return caller.post(f"{kind}/{row_id}/decide", {"decision": decision, **more}, idempotency_key=key)


def test_what_a_key_proposes_waits_for_another_one(world):
    """Also 0.01 that a clerk would credit alone; the same request again is the same adjustment."""
    billing.issued(world=world)
    first, second = _caller(), _caller()
    body = {"account": world.account.number, "amount_minor": -1, "reason": "goodwill", "text": "outage"}
    reply = first.post("adjustments", body, idempotency_key="k")
    assert reply.status_code == 201, reply.content
    made = reply.json()
    assert (made["state"], made["amount"]["amount_minor"], made["note"], _owed(world)) == ("proposed", -1, None, 6_170)
    assert first.post("adjustments", body, idempotency_key="k").json() == made
    assert made["proposed_by"].startswith("client ")
    own = assert_problem(_decide(first, "adjustments", made["id"]), 422, "own_adjustment")
    assert own["advice"]
    done = _decide(second, "adjustments", made["id"]).json()
    assert (done["state"], done["made_date"], _owed(world)) == ("made", "2026-03-10", 6_169)
    assert done["decided_by"] != done["proposed_by"]
    listed = first.get(f"adjustments?account={world.account.number}&state=made").json()["results"]
    assert [one["id"] for one in listed] == [made["id"]]
    assert first.get("adjustments?state=dropped").json()["results"] == []
    assert_problem(_decide(second, "adjustments", made["id"]), 404, "unknown_adjustment")
    assert_problem(first.post("adjustments", {**body, "reason": "x"}, idempotency_key="f"), 422, "bad_adjustment")
    assert_problem(Caller("adjustments:write").post(f"adjustments/{made['id']}/decide", {}), 403, "permission_denied")


def test_a_person_decides_what_a_key_proposed_though_both_have_one_number(world):
    """The id of a key may be that of a user: they are two all the same."""
    caller = _caller()
    body = {"account": world.account.number, "amount_minor": -500, "reason": "goodwill", "text": "outage"}
    row_id = caller.post("adjustments", body, idempotency_key="k").json()["id"]
    key_id = -adjustments.Adjustment.objects.get(id=row_id).proposer_id
    assert key_id > 0
    twin = type(BILLER)(BILLER.kind, key_id, BILLER.name, BILLER.roles)
    adjustments.decide(adjustment_id=row_id, is_agreed=True, today=TODAY, actor=twin)
    assert _owed(world) == -500


def test_money_is_moved_and_paid_out_by_two(world):
    other, first, second = contracts.world(), _caller(), _caller()
    payment_id = paid_in(world.account.id, 5_000, on=date(2026, 2, 1))
    body = {"payment": payment_id, "to_account": other.account.number, "reason": "wrong number"}
    moved = first.post("money-moves", body, idempotency_key="k").json()
    assert (moved["thing"], moved["from_account"], moved["state"]) == ("payment", world.account.number, "proposed")
    assert_problem(_decide(first, "money-moves", moved["id"]), 422, "own_money_move")
    assert _decide(second, "money-moves", moved["id"]).json()["state"] == "made"
    assert (_owed(world), _owed(other)) == (0, -5_000)
    assert len(first.get(f"money-moves?account={other.account.number}").json()["results"]) == 1
    credit = {
        "from_account": world.account.number,
        "amount_minor": 1,
        "to_account": other.account.number,
        "reason": "x",
    }
    assert_problem(first.post("money-moves", credit, idempotency_key="l"), 422, "bad_money_move")
    wanted = {
        "account": other.account.number, "amount_minor": 2_000, "payee": "张三", "bank_account": "6222021234567890123",
    }  # fmt: skip
    asked = first.post("refunds", wanted, idempotency_key="r").json()
    assert (asked["state"], asked["bank_account"][-4:]) == ("asked", "0123")
    assert "6222021234567890123" not in str(asked)
    assert_problem(_decide(first, "refunds", asked["id"]), 422, "own_refund")
    assert _decide(second, "refunds", asked["id"]).json()["state"] == "approved"
    assert_problem(_decide(second, "refunds", asked["id"], "drop"), 422, "bad_refund")
    dropped = _decide(second, "refunds", asked["id"], "drop", reason="paid in cash").json()
    assert (dropped["state"], dropped["reason"]) == ("dropped", "paid in cash")
    assert_problem(
        first.post("refunds", {**wanted, "amount_minor": 5_001}, idempotency_key="s"), 422, "refund_not_free"
    )


def test_a_debt_is_given_up_by_two_and_its_money_is_told(world):
    old = billing.issued(world=world, start_date=date(2022, 1, 1), end_date=date(2022, 2, 1))
    young = billing.issued(world=world)
    first, second = _caller(), _caller()
    body = {"account": world.account.number, "reason": "too_old", "evidence": "letters", "bills": [old.number]}
    made = first.post("write-offs", body, idempotency_key="k").json()
    assert (made["state"], made["amount"]["text"]) == ("proposed", "61.70")
    assert_problem(_decide(first, "write-offs", made["id"]), 422, "own_write_off")
    assert _decide(second, "write-offs", made["id"]).json()["state"] == "made"
    assert _owed(world) == young.amount_minor
    paid_in(world.account.id, young.amount_minor + 170, on=TODAY)
    assert first.get(f"write-offs/{made['id']}").json()["came_back"]["text"] == "1.70"
    assert written_off.left_minor(account_ids=[world.account.id]) == 6_000
    assert_problem(first.post("write-offs", {**body, "reason": "nonsense"}, idempotency_key="l"), 422, "bad_write_off")
    assert_problem(first.get("write-offs/999999"), 404, "unknown_write_off")


def test_a_list_takes_as_many_statements_for_many_as_for_one(world):
    caller, counts = _caller(), []
    body = {"account": world.account.number, "amount_minor": -1, "reason": "goodwill", "text": "outage"}
    for number in range(3):
        caller.post("adjustments", body, idempotency_key=f"k{number}")
        with CaptureQueriesContext(connection) as asked:
            assert len(caller.get("adjustments").json()["results"]) == number + 1
        counts.append(len(asked))
    assert counts[0] == counts[2] <= 8
