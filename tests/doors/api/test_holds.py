"""Holds for other programs: placed once, listed by account, refused where they cannot be."""

import pytest

from arrears.models.collection import Hold
from tests.doors.api.calls import Caller, assert_problem

pytestmark = pytest.mark.django_db


def test_a_program_places_a_hold_once_and_reads_what_holds_an_account(world, bills):
    caller = Caller("holds:write", "holds:read")
    body = {"account": world.account.number, "kind": "dispute", "evidence": "complaint 7", "bill": bills[0].number}
    reply = caller.post("holds", body, idempotency_key="a")
    assert reply.status_code == 201, reply.content
    told = reply.json()
    assert (told["kind"], told["bill"], told["holds"], told["until"]) == ("dispute", bills[0].number, True, None)
    assert caller.post("holds", body, idempotency_key="a").json() == told
    assert Hold.objects.count() == 1
    assert caller.get(f"accounts/{world.account.number}/holds").json() == [told]
    for wrong, code in (
        ({**body, "evidence": ""}, "invalid_request"),
        ({**body, "kind": "whim"}, "invalid_request"),
        ({**body, "until": "2020-01-01T00:00:00Z"}, "bad_hold"),
    ):
        assert_problem(caller.post("holds", wrong, idempotency_key=code), 422, code)
    assert_problem(caller.get("accounts/0/holds"), 404, "unknown_account")
    assert_problem(Caller("bills:read").post("holds", body, idempotency_key="e"), 403, "permission_denied")
