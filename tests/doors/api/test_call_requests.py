"""Calls back for telephone systems: asked for once, followed by who brought them."""

import pytest

from complaints.models.call import CallRequest
from tests.doors.api.calls import Caller, assert_problem

pytestmark = pytest.mark.django_db
BODY = {"phone": "138 1234 5678", "about": "queue: bills", "reference": "c-1"}


def test_who_hung_up_is_called_once(world):
    caller = Caller("calls:write")
    told = caller.post("call-requests", {**BODY, "account": world.account.number}, idempotency_key="a").json()
    assert (told["phone"], told["state"], told["is_new"], told["times"]) == ("+8613812345678", "waiting", True, 1)
    again = caller.post("call-requests", {**BODY, "reference": "c-2"}, idempotency_key="b").json()
    assert (again["id"], again["is_new"], again["times"], again["reference"]) == (told["id"], False, 2, "c-2")
    assert caller.get(f"call-requests/{told['id']}").json()["reference"] == "c-1"
    assert CallRequest.objects.get().account_id == world.account.id
    assert_problem(Caller("calls:write", "cases:read").get(f"call-requests/{told['id']}"), 404, "unknown_call")


def test_what_is_wrong_is_refused(world):
    caller = Caller("calls:write")
    for wrong, status, code in (
        ({**BODY, "phone": "12"}, 422, "bad_call_request"),
        ({**BODY, "account": "1"}, 404, "unknown_account"),
        ({**BODY, "whim": "x"}, 422, "invalid_request"),
    ):
        assert_problem(caller.post("call-requests", wrong, idempotency_key=code), status, code)
    assert_problem(Caller("cases:write").post("call-requests", BODY, idempotency_key="d"), 403, "permission_denied")
