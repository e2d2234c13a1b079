"""What clients of OpenADR never learn of each other, and what nobody does to others by being called back."""

import pytest
import time_machine

from cis.platform import jobs, outbox, outward
from cis.platform.models import OutboxMessage
from contracts.operations import openadr, openadr_callbacks
from metering.gateways import head_end
from tests.factories import accounts
from tests.factories.demand import NOW
from tests.factories.openadr import Caller, business

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def heard(monkeypatch):
    """Bodies that receivers get."""
    found = []
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    monkeypatch.setattr(head_end, "_bound", [])
    monkeypatch.setattr(outward, "post", lambda _url, *, body, headers: found.append(body.decode()))
    monkeypatch.setitem(outbox.SENDERS, openadr_callbacks.SEND, openadr_callbacks.send)
    with time_machine.travel(NOW, tick=False):
        accounts.supplier()
        yield found


def deliver():
    OutboxMessage.objects.update(due_at="2020-01-01T00:00Z")
    outbox.deliver_due()


def subscription(*objects):
    wish = {
        "objects": list(objects), "operations": ["CREATE", "UPDATE", "DELETE"],
        "callbackUrl": "https://ven.example/calls", "bearerToken": "s3cret",
    }  # fmt: skip
    return {"clientName": "me", "objectOperations": [wish]}


def test_who_lost_sight_of_an_object_is_not_told_what_became_of_it(heard):
    bl, caller = business(), Caller()
    caller.post("subscriptions", subscription("PROGRAM", "EVENT"))
    program = bl.post("programs", {"programName": "open"})
    event = bl.post("events", {"programID": program["id"], "eventName": "open"})
    deliver()
    del heard[:]
    for name in ("hidden", "hidden too"):  # deleted in the end, it is hidden still
        bl.ask("PUT", f"programs/{program['id']}", {"programName": name, "targets": ["others"]})
        bl.ask("PUT", f"events/{event['id']}",
               {"programID": program["id"], "eventName": name, "targets": ["others"]})  # fmt: skip
    bl.ask("DELETE", f"events/{event['id']}")
    deliver()
    assert len(heard) == 2
    assert all('"operation":"DELETE"' in body and "hidden" not in body for body in heard)
    assert program["id"] in heard[0]


def test_who_may_not_read_is_not_told_by_callbacks(heard):
    bl, writer, shared = business(), Caller(("write_subscriptions",)), Caller(("read_targets", "write_subscriptions"))
    for caller in (writer, shared):
        caller.post("subscriptions", subscription("PROGRAM", "SUBSCRIPTION"))
    bl.post("programs", {"programName": "open"})
    deliver()
    assert len(heard) == 1


def test_the_token_of_a_callback_is_its_clients_alone(heard):
    bl, caller = business(), Caller()
    bl.post("subscriptions", subscription("SUBSCRIPTION") | {"clientName": "bl"})
    made = caller.post("subscriptions", subscription("PROGRAM", "SUBSCRIPTION"))
    deliver()
    assert heard
    assert not any("s3cret" in body for body in heard)
    path = f"subscriptions/{made['id']}"
    assert caller.get(path)["objectOperations"][0]["bearerToken"] == "s3cret"
    read = bl.get(path)
    assert "bearerToken" not in read["objectOperations"][0]
    assert "s3cret" not in str([one for one in bl.get("subscriptions") if one["id"] == made["id"]])
    assert bl.ask("PUT", path, read | {"extra": 1}).status_code == 200
    assert caller.get(path)["objectOperations"][0]["bearerToken"] == "s3cret"


def test_a_client_is_called_back_for_a_change_so_often_and_no_more(monkeypatch):
    monkeypatch.setattr(openadr, "SUBSCRIPTIONS_MOST", 2)
    caller = Caller()
    many = subscription("PROGRAM")
    reply = caller.ask("POST", "subscriptions", many | {"objectOperations": many["objectOperations"] * 11})
    assert reply.json()["code"] == "bad_openadr_object"
    for _ in range(2):
        made = caller.post("subscriptions", many)
    reply = caller.ask("POST", "subscriptions", many)
    assert (reply.status_code, reply.json()["code"]) == (409, "too_many_subscriptions")
    assert caller.ask("PUT", f"subscriptions/{made['id']}", many).status_code == 200
