"""Rights over personal data by the API: an export for whoever asked, an erasure by two, each by its scope."""

import zipfile
from datetime import UTC, datetime
from io import BytesIO

import pytest
from django.utils import timezone

from accounts.models.customer import Customer
from accounts.models.privacy import Erasure
from accounts.operations import data_exports, erasures, merges
from accounts.operations.merges import NewMerge
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform.models import AuditEvent
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import accounts

pytestmark = pytest.mark.django_db
ALL = ("data-exports:read", "data-exports:write", "erasures:read", "erasures:write", "erasures:decide")


@pytest.fixture
def caller(world):
    return Caller(*ALL)


def looks(customer, purpose):
    rows = AuditEvent.objects.filter(action="look", subject="customer", subject_id=customer.id)
    return rows.filter(detail__purpose=purpose, actor_kind="client").count()


def test_a_program_follows_the_export_that_it_asked_for_and_no_other_one(
    world, caller, django_capture_on_commit_callbacks
):
    url = f"customers/{world.customer.external_id}/data-exports"
    made = caller.post(url, {}, idempotency_key="a")
    assert made.status_code == 201, made.content
    told, one = made.json(), f"{url}/{made.json()['id']}"
    assert (told["state"], caller.post(url, {}, idempotency_key="a").json()) == ("waiting", told)
    assert_problem(caller.get(f"{one}/file"), 422, "export_not_ready")
    with django_capture_on_commit_callbacks(execute=True):
        data_exports.work(timezone.now())
    assert caller.get(one).json()["state"] == "ready"
    file = caller.get(f"{one}/file")
    assert (file.status_code, file["Content-Type"]) == (200, "application/zip")
    with zipfile.ZipFile(BytesIO(file.getvalue())) as archive:
        assert {"data.json", "index.html"} <= set(archive.namelist())
    assert [(row["id"], row["fetched"]) for row in caller.get(url).json()["exports"]] == [(told["id"], 1)]
    assert looks(world.customer, "export") == 2
    other, beside = (
        Caller("data-exports:read"),
        f"customers/{accounts.customer().external_id}/data-exports/{told['id']}",
    )
    for foreign in (other.get(one), other.get(f"{one}/file"), caller.get(beside), caller.get(f"{beside}/file")):
        assert_problem(foreign, 404, "unknown_export")
    assert other.get(url).json() == {"exports": []}
    assert_problem(caller.get("customers/nobody/data-exports"), 404, "unknown_customer")
    assert [caller.post(url, {}, idempotency_key=key).status_code for key in "bc"] == [201, 201]
    assert caller.post(url, {}, idempotency_key="d").json()["code"] == "too_many_requests"
    assert_problem(caller.post(url, {"all": True}, idempotency_key="e"), 422, "invalid_request")


def test_an_erasure_is_asked_for_by_one_and_decided_by_another(world, caller):
    who = accounts.customer()
    Customer.objects.filter(id=who.id).update(created_at=datetime(2010, 1, 1, tzinfo=UTC))
    url = f"customers/{who.external_id}/erasure"
    assert caller.get(url).json() == {"customer": who.external_id, "erasure": None, "obstacles": []}
    made = caller.post(url, {}, idempotency_key="a")
    assert made.status_code == 201, made.content
    told, decide = made.json(), f"erasures/{made.json()['id']}/decide"
    assert (told["state"], caller.post(url, {}, idempotency_key="a").json()) == ("due", told)
    assert caller.post(url, {}, idempotency_key="b").json()["code"] == "erasure_exists"
    assert_problem(caller.post(decide, {"decision": "release"}, idempotency_key="c"), 403, "not_allowed")
    second = Caller(*ALL)
    done = second.post(decide, {"decision": "release"}, idempotency_key="a").json()
    assert (done["state"], done["asked_by"], done["decided_by"]) == ("released", "client", "client")
    assert second.post(decide, {"decision": "drop"}, idempotency_key="b").json()["code"] == "erasure_decided"
    assert caller.get("erasures?state=released").json()["results"] == [done] == [caller.get(decide[:-7]).json()]
    assert caller.get("erasures?state=due").json()["results"] == []
    assert looks(who, "erasure") == 2
    Erasure.objects.update(asker_kind="customer", asker_name=who.name, decider_name="Chief Li")
    for shown in (caller.get("erasures"), caller.get(decide[:-7]), caller.get(url)):
        assert not [name for name in (who.name, "Chief Li") if name in shown.content.decode()], "nobody is named"
    refused = caller.post(f"customers/{world.customer.external_id}/erasure", {}, idempotency_key="d").json()
    assert (refused["code"], bool(refused["advice"])) == ("erasure_refused", True)
    against = caller.get(f"customers/{world.customer.external_id}/erasure").json()["obstacles"]
    assert {"code": "account_open", "until": None} in against
    for path, code in (("erasures/999999", "unknown_erasure"), ("customers/nobody/erasure", "unknown_customer")):
        assert_problem(caller.get(path), 404, code)
    unknown = second.post("erasures/999999/decide", {"decision": "drop"}, idempotency_key="c")
    assert_problem(unknown, 404, "unknown_erasure")


def test_the_number_of_who_was_merged_leads_to_who_stands(world, caller):
    one, other = accounts.customer(name="王芳"), accounts.customer(name="王方")
    Customer.objects.filter(id__in=[one.id, other.id]).update(created_at=datetime(2010, 1, 1, tzinfo=UTC))
    url = f"customers/{other.external_id}"
    export = caller.post(f"{url}/data-exports", {}, idempotency_key="a").json()
    erasures.night(timezone.now())
    listed = caller.get("erasures").json()["results"]
    assert {row["customer"] for row in listed} == {one.external_id, other.external_id}
    new = NewMerge(survivor_id=one.id, merged_id=other.id, reason="same card", choices={})
    merges.merge(new=new, at=timezone.now(), actor=Actor(ActorKind.STAFF, 11, "Li", frozenset({Role.CLERK})))
    for at in (url, f"customers/{one.external_id}"):
        assert [row["id"] for row in caller.get(f"{at}/data-exports").json()["exports"]] == [export["id"]]
        assert caller.get(f"{at}/data-exports/{export['id']}").json()["customer"] == one.external_id
        told = caller.get(f"{at}/erasure").json()
        assert (told["customer"], told["erasure"]["customer"]) == (one.external_id, one.external_id)
    rows = caller.get("erasures").json()["results"]
    assert {(row["customer"], row["state"]) for row in rows} == {(one.external_id, "due"), (one.external_id, "dropped")}
    made = caller.post(f"{url}/data-exports", {}, idempotency_key="b").json()
    assert made["customer"] == one.external_id
    assert_problem(caller.get(f"customers/{'x' * 65}/erasure"), 404, "unknown_customer")


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("get", "customers/x/data-exports", "data-exports:read"),
        ("post", "customers/x/data-exports", "data-exports:write"),
        ("get", "customers/x/data-exports/1", "data-exports:read"),
        ("get", "customers/x/data-exports/1/file", "data-exports:read"),
        ("get", "customers/x/erasure", "erasures:read"),
        ("post", "customers/x/erasure", "erasures:write"),
        ("get", "erasures", "erasures:read"),
        ("get", "erasures/1", "erasures:read"),
        ("post", "erasures/1/decide", "erasures:decide"),
    ],
)
def test_each_address_asks_for_its_scope(world, method, path, scope):
    without = Caller(*({*ALL, "bills:read"} - {scope}))
    call = without.get if method == "get" else lambda at: without.post(at, {}, idempotency_key="k")
    assert_problem(call(path), 403, "permission_denied")
