"""OpenADR at its doors: the examples of the specification, who sees what, tokens, pages, and what is refused."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import quote_plus

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cis.kernel.actors import SYSTEM
from cis.platform import jobs, keys
from contracts.domain.openadr import META, ObjectKind
from contracts.models.openadr import OpenAdrObject
from contracts.operations import openadr_vens
from tests.factories import accounts
from tests.factories.openadr import ADMIN, BASE, VEN, Caller, business
from tests.unit.contracts.domain.test_openadr import POSTED, kind_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 7, 14, 2, tzinfo=UTC)
SUBSCRIPTION = {
    "clientName": "me",
    "objectOperations": [
        {"objects": ["EVENT"], "operations": ["CREATE", "DELETE"], "callbackUrl": "https://ven.example/calls"}
    ],
}
TOPICS = (
    "programs", "programs/1", "events", "programs/1/events", "reports", "subscriptions", "vens", "vens/1", "resources",
    "vens/1/events", "vens/1/programs", "vens/1/resources",
)  # fmt: skip


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    with time_machine.travel(NOW, tick=False) as travel:
        accounts.supplier()
        yield travel


@pytest.fixture
def bl():
    return business()


@pytest.fixture
def ven():
    return Caller()


def refused(reply, status, code):
    body = reply.json()
    assert (reply.status_code, body["code"]) == (status, code), body
    assert reply["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "instance"} <= body.keys()


def test_examples_come_back_as_they_were_posted(bl):
    """Ids that do not exist are replaced; what the VTN writes itself is its own."""
    program = bl.post("programs", {"programName": "any"})["id"]
    event = bl.post("events", {"programID": program})["id"]
    assert len(POSTED) == 22
    for one in POSTED:
        kind, sent = kind_of(one["example"]), dict(one["example"])
        for name, there in (("programID", program), ("eventID", event)):
            if name in sent:
                sent[name] = there
        made = bl.post(f"{kind}s", sent)
        assert made["objectType"] == kind.type_name, one["id"]
        read = bl.get(f"{kind}s/{made['id']}")
        assert read == made, one["id"]
        assert {name: read[name] for name in sent if name not in META} == {
            name: value for name, value in sent.items() if name not in META
        }, one["id"]


def test_a_number_keeps_its_digits(bl):
    raw = b'{"programName":"p","attributes":[{"type":"X","values":[30.0,0.1000000000000000055,1E3]}]}'
    assert bl.ask("POST", "programs", raw=raw).status_code == 201
    assert b"[30.0,0.1000000000000000055,1E3]" in bl.ask("GET", "programs").content


def test_objects_are_changed_and_deleted(bl, clock):
    program = bl.post("programs", {"programName": "a"})
    event = bl.post("events", {"programID": program["id"]})
    report = bl.post("reports", {"eventID": event["id"], "clientName": "c", "resources": []})
    clock.shift(timedelta(hours=1))
    changed = bl.ask("PUT", f"programs/{program['id']}", {"programName": "b", "extra": {"kept": [1]}}).json()
    assert (changed["programName"], changed["extra"], changed["id"]) == ("b", {"kept": [1]}, program["id"])
    assert changed["createdDateTime"] == program["createdDateTime"] < changed["modificationDateTime"]
    assert bl.ask("DELETE", f"programs/{program['id']}").json() == changed | {
        "modificationDateTime": changed["modificationDateTime"]
    }
    for path in (f"programs/{program['id']}", f"events/{event['id']}", f"reports/{report['id']}"):
        for method in ("GET", "PUT", "DELETE"):
            refused(bl.ask(method, path, {"programName": "b"}), 404, "unknown_object")
    assert bl.post("programs", {"programName": "b"})["id"] != program["id"]


def test_two_vens_never_see_each_others(bl):
    one, two = Caller(), Caller()
    mine, theirs = one.with_resource("r"), two.with_resource("r")
    program = bl.post("programs", {"programName": "p"})
    event = bl.post("events", {"programID": program["id"]})
    own = {
        "vens": mine["venID"], "resources": mine["id"],
        "reports": one.post("reports", {"eventID": event["id"], "clientName": "c", "resources": []})["id"],
        "subscriptions": one.post("subscriptions", SUBSCRIPTION)["id"],
    }  # fmt: skip
    for kind, object_id in own.items():
        assert [row["id"] for row in one.get(kind)] == [object_id]
        assert object_id not in [row["id"] for row in two.get(kind)]
        assert object_id in [row["id"] for row in bl.get(kind)]
        for method in ("GET", "PUT", "DELETE"):
            refused(two.ask(method, f"{kind}/{object_id}", {}), 404, "unknown_object")
            refused(two.ask(method, f"{kind}/{object_id[:-1]}", {}), 404, "unknown_object")
    under_theirs = {"objectType": "VEN_RESOURCE_REQUEST", "resourceName": "x", "venID": theirs["venID"]}
    refused(one.ask("POST", "resources", under_theirs), 409, "no_such_parent")


def test_a_ven_sees_programs_and_events_without_targets_or_with_one_that_it_was_granted(bl, ven):
    granted = {"objectType": "BL_VEN_REQUEST", "venName": "v", "clientID": ven.name, "targets": ["group1", "areaX"]}
    own = bl.post("vens", granted)
    assert ven.get(f"vens/{own['id']}")["targets"] == ["group1", "areaX"]
    for name, targets in (("open", []), ("mine", ["group1", "secret"]), ("other", ["secret"]), ("null", None)):
        program = bl.post("programs", {"programName": name, "targets": targets})
        bl.post("events", {"programID": program["id"], "eventName": name, "targets": targets})
    assert [one["programName"] for one in ven.get("programs")] == ["open", "mine", "null"]
    assert [one["eventName"] for one in ven.get("events")] == ["open", "mine", "null"]
    assert [one["targets"] for one in ven.get("programs")] == [[], ["group1"], None]
    assert [one["programName"] for one in ven.get("programs?targets=group1&targets=secret")] == ["mine"]
    assert ven.get("programs?targets=secret") == []
    assert len(bl.get("programs?targets=secret")) == 2
    # It grants itself nothing, and its own document does not take from it what was granted.
    wish = {"objectType": "VEN_VEN_REQUEST", "venName": "v2", "targets": ["secret"]}
    assert ven.ask("PUT", f"vens/{own['id']}", wish).json()["targets"] == ["group1", "areaX"]
    assert [one["programName"] for one in ven.get("programs")] == ["open", "mine", "null"]
    resource = {"objectType": "BL_RESOURCE_REQUEST", "resourceName": "r", "venID": own["id"], "clientID": "x",
                "targets": ["secret"]}  # fmt: skip
    assert bl.post("resources", resource)["clientID"] == ven.name
    assert len(ven.get("events")) == 4
    refused(bl.ask("POST", "vens", granted | {"venName": "w", "targets": ["enrolment-1"]}), 400, "bad_openadr_object")
    refused(bl.ask("POST", "programs", {"programName": "wattline:x"}), 400, "bad_openadr_object")


def test_lists_are_asked_by_their_parameters(bl, clock):
    programs = [bl.post("programs", {"programName": f"p{place}"})["id"] for place in range(3)]
    hour = {"start": "2026-07-14T02:00:00Z", "duration": "PT1H"}
    events = [bl.post("events", {"programID": one, "intervalPeriod": hour})["id"] for one in programs[:2]]
    for name in ("a", "b"):
        bl.post("reports", {"eventID": events[0], "clientName": name, "resources": []})
    bl.post("subscriptions", SUBSCRIPTION | {"programID": programs[0]})
    assert [one["programName"] for one in bl.get("programs?skip=1&limit=1")] == ["p1"]
    assert bl.get("programs?limit=0") == []
    assert [one["id"] for one in bl.get(f"events?programID={programs[1]}")] == [events[1]]
    assert len(bl.get(f"reports?programID={programs[0]}&eventID={events[0]}")) == 2
    assert [one["clientName"] for one in bl.get("reports?clientName=b")] == ["b"]
    assert len(bl.get("subscriptions?objects=EVENT")) == 1
    assert bl.get("subscriptions?objects=EVENT&objects=PROGRAM") == []
    assert bl.get(f"subscriptions?programID={programs[1]}") == []
    assert len(bl.get("events?active=true")) == 2
    clock.shift(timedelta(hours=1))
    assert (bl.get("events?active=true"), len(bl.get("events?active=false"))) == ([], 2)
    for wrong in ("programs?skip=-1", "programs?limit=51", "programs?limit=x", "programs?skip=9999999999",
                  "events?active=maybe", "subscriptions?objects=THING", "programs?targets=%00"):  # fmt: skip
        refused(bl.ask("GET", wrong), 400, "bad_query")


def test_a_list_asks_the_same_number_of_statements_for_few_and_many(bl):
    bl.post("programs", {"programName": "first"})
    with CaptureQueriesContext(connection) as few:
        bl.get("programs")
    for place in range(5):
        bl.post("programs", {"programName": f"p{place}"})
    with CaptureQueriesContext(connection) as many:
        assert len(bl.get("programs")) == 6
    assert len(few) == len(many) <= 3


def test_what_is_wrong_is_refused(bl, ven):
    refused(bl.ask("POST", "programs", raw=b"{"), 400, "bad_document")
    refused(bl.ask("POST", "programs", {}), 400, "bad_openadr_object")
    refused(bl.ask("POST", "events", {"programID": "none"}), 409, "no_such_parent")
    bl.post("programs", {"programName": "p"})
    refused(bl.ask("POST", "programs", {"programName": "p"}), 409, "name_taken")
    for url in ("http://ven.example/", "https://127.0.0.1/", "https://localhost:1@x/"):
        wish = SUBSCRIPTION["objectOperations"][0] | {"callbackUrl": url}
        refused(ven.ask("POST", "subscriptions", SUBSCRIPTION | {"objectOperations": [wish]}), 400, "bad_address")
    refused(ven.ask("POST", "programs", {"programName": "x"}), 403, "permission_denied")
    refused(ven.ask("PATCH", "programs"), 405, "method_not_allowed")
    refused(ven.ask("GET", "nowhere"), 404, "not_found")
    refused(ven.ask("GET", "programs/%00"), 404, "unknown_object")
    assert Client().get(f"{BASE}/programs").status_code == 401


def test_who_may_only_read_reads(bl):
    reader = Caller(("read_targets",))
    assert reader.get("programs") == []
    for path in ("vens", "resources", "reports", "subscriptions"):
        refused(reader.ask("GET", path), 403, "permission_denied")
    assert Caller(("read_all",)).get("vens") == []


def test_notifiers_are_webhooks_alone(ven):
    assert ven.get("notifiers") == {"WEBHOOK": True}
    for topic in TOPICS:
        refused(ven.ask("GET", f"notifiers/mqtt/topics/{topic}"), 404, "not_found")
        assert Client().get(f"{BASE}/notifiers/mqtt/topics/{topic}").status_code == 401


# ---- tokens ----------------------------------------------------------------------------------------------------------


def token(**values):
    reply = Client().post(f"{BASE}/auth/token", {"grant_type": "client_credentials", **values})
    return reply.status_code, reply.json()


def test_a_token_holds_for_an_hour_with_the_rights_that_were_asked_for(ven, clock):
    server = Client().get(f"{BASE}/auth/server").json()
    assert server == {"tokenURL": f"http://testserver{BASE}/auth/token"}
    status, given = token(client_id=ven.name, client_secret=ven.bearer, scope="read_targets read_all")
    assert (status, given["token_type"], given["expires_in"], given["scope"]) == (200, "Bearer", 3_600, "read_targets")
    caller = Caller((), bearer=given["access_token"])
    assert caller.get("programs") == []
    refused(caller.ask("GET", "vens"), 403, "permission_denied")
    clock.shift(timedelta(seconds=3_601))
    refused(caller.ask("GET", "programs"), 401, "authentication_failed")


def test_a_token_ends_with_its_key(ven):
    _status, given = token(client_id=ven.name, client_secret=ven.bearer)
    assert set(given["scope"].split()) == set(VEN)
    caller = Caller((), bearer=given["access_token"])
    assert caller.get("vens") == []
    keys.revoke(name=ven.name, actor=SYSTEM)
    refused(caller.ask("GET", "vens"), 401, "authentication_failed")
    refused(Caller((), bearer=given["access_token"] + "x").ask("GET", "vens"), 401, "authentication_failed")


def test_credentials_may_come_as_basic(ven):
    for name in (ven.name, quote_plus(ven.name)):
        text = base64.b64encode(f"{name}:{ven.bearer}".encode()).decode()
        reply = Client().post(
            f"{BASE}/auth/token", {"grant_type": "client_credentials"}, headers={"Authorization": f"Basic {text}"}
        )
        assert reply.status_code == 200
    refused(Caller((), bearer="wl_\x00_x").ask("GET", "vens"), 401, "authentication_failed")


def test_who_gives_no_token(ven):
    good = {"client_id": ven.name, "client_secret": ven.bearer}
    other = Caller()
    for values, expected in (
        ({"grant_type": "password", **good}, (400, "unsupported_grant_type")),
        ({"grant_type": "", **good}, (400, "invalid_request")),
        ({"client_id": ven.name}, (400, "invalid_request")),
        ({**good, "client_secret": "wl_\x00_x"}, (401, "invalid_client")),
        ({**good, "client_secret": ven.bearer + "x"}, (401, "invalid_client")),
        ({**good, "client_id": other.name}, (401, "invalid_client")),
        ({**good, "scope": "read_all"}, (400, "invalid_scope")),
    ):
        status, told = token(**values)
        assert (status, told["error"]) == expected


def test_a_blocked_client_is_refused_everywhere(ven, bl):
    resource = ven.with_resource()
    _status, given = token(client_id=ven.name, client_secret=ven.bearer)
    row = OpenAdrObject.objects.get(kind=ObjectKind.VEN.value, object_id=resource["venID"])
    openadr_vens.block(ven_id=row.id, is_blocked=True, at=NOW, actor=ADMIN)
    for caller in (ven, Caller((), bearer=given["access_token"])):
        for method, path in (("GET", "programs"), ("GET", "notifiers"), ("DELETE", f"vens/{resource['venID']}")):
            refused(caller.ask(method, path), 403, "ven_blocked")
    assert token(client_id=ven.name, client_secret=ven.bearer)[0] == 401
    openadr_vens.block(ven_id=row.id, is_blocked=False, at=NOW, actor=ADMIN)
    assert ven.get("programs") == []
