"""Care for other programs: protections, points, visits, plans, segments; each by its scope, and once for each key."""

from datetime import date

import pytest
from django.utils import timezone

from accounts.models.care import CarePlan, CustomerSegment, FollowUpVisit, PointsEntry, PointsRedemption, Protection
from accounts.operations import merges
from accounts.operations.merges import NewMerge
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform.models import AuditEvent
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import accounts

pytestmark = pytest.mark.django_db
CLERK = Actor(ActorKind.STAFF, 11, "Li", frozenset({Role.CLERK}))
ALL = ("care:read", "protections:write", "points:write", "visits:write", "care-plans:write")


@pytest.fixture
def caller(world):
    return Caller(*ALL)


def test_a_customer_who_was_merged_is_answered_by_who_stands_and_says_so(world, caller):
    other = accounts.customer(name="王芳")
    new = NewMerge(survivor_id=world.customer.id, merged_id=other.id, reason="one", choices={})
    merges.merge(new=new, at=timezone.now(), actor=CLERK)
    told = caller.get(f"customers/{other.external_id}").json()
    assert (told["customer"], told["asked"], told["is_merged"]) == (
        world.customer.external_id, other.external_id, True,
    )  # fmt: skip
    assert told["accounts"] == [world.account.number]
    own = caller.get(f"customers/{world.customer.external_id}").json()
    assert own == {**told, "asked": world.customer.external_id, "is_merged": False}
    assert_problem(caller.get("customers/nobody"), 404, "unknown_customer")


def test_protections_are_registered_once_and_a_program_ends_none_that_keeps_supply_on(world, caller):
    url = f"accounts/{world.account.number}/protections"
    body = {"kind": "life_support", "told": "oxygen, says the hospital"}
    made = caller.post(url, body, idempotency_key="a")
    assert made.status_code == 201, made.content
    told = made.json()
    assert (told["kind"], told["state"], told["is_held"]) == ("life_support", "unproven", True)
    assert caller.post(url, body, idempotency_key="a").json() == told
    assert_problem(caller.post(url, body, idempotency_key="b"), 422, "protection_exists")
    assert caller.get(url).json() == {"protections": [told]}
    assert_problem(
        caller.post(f"protections/{told['id']}/end", {"reason": "x"}, idempotency_key="c"), 403, "not_allowed"
    )
    free = Protection.objects.create(customer=world.customer, kind="key_account", told="x", since_date=date(2026, 1, 1))
    ended = caller.post(f"protections/{free.id}/end", {"reason": "sold"}, idempotency_key="d")
    assert ended.json() == {"protection": free.id, "is_ended": True}
    assert len(caller.get(f"{url}?state=all").json()["protections"]) == 2
    assert_problem(
        caller.post("protections/999999/end", {"reason": "x"}, idempotency_key="e"), 404, "unknown_protection"
    )
    assert_problem(caller.post(url, {"kind": "whim", "told": "x"}, idempotency_key="f"), 422, "invalid_request")


def test_points_are_told_and_redeemed_once(world, bills, caller):
    PointsEntry.objects.create(
        customer=world.customer, account=world.account, kind="earn", source="on_time", source_id=1, points=500,
        day=date(2026, 1, 1), expires_date=date(2099, 1, 1), key="k",
    )  # fmt: skip
    url = f"accounts/{world.account.number}/points"
    assert caller.get(url).json()["balance"] == 500
    body = {"points": 100, "reference": "R-1"}
    made = caller.post(f"{url}/redemptions", body, idempotency_key="a")
    assert made.status_code == 201, made.content
    assert made.json()["balance"] == 400
    assert caller.post(f"{url}/redemptions", body, idempotency_key="b").json()["balance"] == 400
    assert PointsRedemption.objects.count() == 1
    first = caller.get(f"{url}/entries?page_size=1").json()
    assert [one["kind"] for one in first["results"]] == ["redeem"]
    assert first["next"]
    refused = caller.post(f"{url}/redemptions", {"points": 10**6, "reference": "R-2"}, idempotency_key="c")
    assert refused.json()["code"] == "too_few_points"


def test_each_look_at_the_care_of_one_customer_is_kept(world, caller):
    for path in ("protections", "points", "points/entries", "care-plans", "segment"):
        before = AuditEvent.objects.filter(action="look", subject_id=world.customer.id).count()
        assert caller.get(f"accounts/{world.account.number}/{path}").status_code == 200, path
        rows = AuditEvent.objects.filter(action="look", subject_id=world.customer.id)
        assert rows.count() == before + 1, path
        assert rows.latest("id").detail["purpose"] == "care"
    caller.get(f"visits?account={world.account.number}")
    assert AuditEvent.objects.filter(action="look", subject_id=world.customer.id).count() == before + 2, "visits"


def test_visits_are_listed_and_their_result_entered_once(world, caller):
    visit = FollowUpVisit.objects.create(
        customer=world.customer, account=world.account, plan="by_hand", key="k", way="phone",
        start_date=date(2026, 1, 1), due_date=date(2026, 2, 1),
    )  # fmt: skip
    listed = caller.get(f"visits?account={world.account.number}&state=open").json()["results"]
    assert [one["id"] for one in listed] == [visit.id]
    url, body = f"visits/{visit.id}/result", {"outcome": "content"}
    told = caller.post(url, body, idempotency_key="a")
    assert (told.status_code, told.json()["state"], told.json()["outcome"]) == (200, "done", "content")
    assert caller.post(url, body, idempotency_key="a").json() == told.json()
    assert caller.post(url, body, idempotency_key="b").json()["code"] == "visit_over"
    assert FollowUpVisit.objects.get().assignee_id is None
    assert caller.get("visits?state=open").json()["results"] == []
    assert_problem(caller.get("visits?state=whim"), 422, "invalid_request")


def test_plans_and_segments_are_read_and_plans_reviewed(world, caller):
    plan = CarePlan.objects.create(
        customer=world.customer, title="Less", goal="10 % less", responsible_id=1, responsible_name="Li",
        start_date=date(2026, 1, 1), review_date=date(2026, 2, 1),
    )  # fmt: skip
    CustomerSegment.objects.create(customer=world.customer, segment="household", since_date=date(2026, 1, 1))
    listed = caller.get(f"accounts/{world.account.number}/care-plans").json()["plans"]
    assert [one["title"] for one in listed] == ["Less"]
    url = f"care-plans/{plan.id}/review"
    told = caller.post(url, {"note": "good", "next_date": "2099-01-01"}, idempotency_key="a")
    assert (told.status_code, told.json()["review"]) == (200, "2099-01-01")
    late = caller.post(url, {"note": "good", "next_date": "2001-01-01"}, idempotency_key="b")
    assert late.json()["code"] == "bad_care_plan"
    assert caller.get(f"accounts/{world.account.number}/segment").json()["segment"] == "household"
    assert all(one["name"] for one in caller.get("segments").json()["segments"])


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("get", "customers/x", "care:read"),
        ("get", "segments", "care:read"),
        ("get", "accounts/1/segment", "care:read"),
        ("get", "accounts/1/protections", "care:read"),
        ("post", "accounts/1/protections", "protections:write"),
        ("post", "protections/1/end", "protections:write"),
        ("get", "accounts/1/points", "care:read"),
        ("get", "accounts/1/points/entries", "care:read"),
        ("post", "accounts/1/points/redemptions", "points:write"),
        ("get", "visits", "care:read"),
        ("post", "visits/1/result", "visits:write"),
        ("get", "accounts/1/care-plans", "care:read"),
        ("post", "care-plans/1/review", "care-plans:write"),
    ],
)
def test_each_address_asks_for_its_scope(world, method, path, scope):
    without = Caller(*({*ALL, "bills:read"} - {scope}))
    call = without.get if method == "get" else lambda at: without.post(at, {}, idempotency_key="k")
    assert_problem(call(path), 403, "permission_denied")
