"""Programmes by the API: listed, joined once under a key, read with their schedule."""

from datetime import date

import pytest
import time_machine

from contracts.models.program import Enrollment
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import accounts
from tests.factories.programs import LEASE, SALE, joined, published

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def day():
    with time_machine.travel("2026-03-10T12:00:00+08:00", tick=False):
        yield


def wanted(world, card, **values):
    given = {
        "program": card.code, "account": world.account.number, "start_date": "2026-03-10",
        "accepted_sha256": card.sha256, "signed_name": "张三",
    }  # fmt: skip
    return given | values


def test_programmes_are_listed_with_their_terms(world):
    lease = published(LEASE)
    published(SALE, valid_until=date(2026, 1, 1))
    caller = Caller("programs:read")
    body = caller.get("programs").json()
    assert [one["kind"] for one in body["results"]] == ["instalment_sale", "lease"]
    [one] = caller.get("programs?open_on=2026-03-10").json()["results"]
    assert (one["code"], one["monthly"]["amount_minor"], one["sha256"]) == (lease.code, 19_900, lease.sha256)
    assert_problem(caller.get("programs?open=2026-03-10"), 422, "invalid_request")


def test_a_customer_is_enrolled_once_under_a_key(world):
    card = published(SALE)
    caller = Caller("programs:write", "programs:read")
    first = caller.post("enrolments", wanted(world, card), idempotency_key="one")
    again = caller.post("enrolments", wanted(world, card), idempotency_key="one")
    assert (first.status_code, again.json()) == (201, first.json())
    assert Enrollment.objects.get().signed_by == "api"
    body = caller.get(f"enrolments/{first.json()['id']}").json()
    assert (body["state"], len(body["schedule"])) == ("running", 13)
    assert sum(row["amount"]["amount_minor"] - row["interest"]["amount_minor"] for row in body["schedule"]) == 240_000


def test_what_cannot_be_joined_is_refused_by_its_code(world):
    card = published(SALE)
    caller = Caller("programs:write")
    for values, status, code in (
        ({"accepted_sha256": "0" * 64}, 422, "text_not_accepted"),
        ({"start_date": "2026-03-09"}, 422, "bad_start"),
        ({"program": "none"}, 404, "unknown_program"),
        ({"account": "1"}, 404, "unknown_account"),
        ({"supply": "none"}, 404, "unknown_agreement"),
    ):
        answer = caller.post("enrolments", wanted(world, card, **values), idempotency_key=code)
        assert_problem(answer, status, code)
    assert not Enrollment.objects.exists()


def test_scopes_are_asked_for(world):
    card = published(LEASE)
    made = joined(card, account_id=accounts.account().id, start=date(2026, 3, 10))
    assert Caller("bills:read").get("programs").status_code == 403
    assert Caller("programs:write").get(f"enrolments/{made}").status_code == 403
    assert Caller("programs:read").post("enrolments", wanted(world, card), idempotency_key="x").status_code == 403
    assert Caller("programs:read").get("enrolments/999").status_code == 404
