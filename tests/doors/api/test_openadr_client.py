"""A real VEN: the client ``openadr3`` (MIT) takes a token, finds its program, polls, subscribes, is called, reports."""

import json
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import openadr3.api
import pytest
import time_machine
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from openadr3.entities import coerce_notification

from cis.platform import jobs, outbox
from cis.platform.models import OutboxMessage
from cis.wsgi import application
from contracts.models.demand_response import EventPart
from contracts.operations import openadr_callbacks
from metering.gateways import head_end
from tests.factories import accounts, demand
from tests.factories.demand import NOW
from tests.factories.openadr import BASE, Caller, enrolment_of, linked, state_report

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver(settings):
    """Somebody who waits for calls on this machine."""
    heard = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((self.headers["Authorization"], json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    settings.CALLBACK_HOSTS = [f"127.0.0.1:{server.server_port}"]
    server.heard = heard
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _doors(monkeypatch):
    """The client speaks to the application itself, in the connection of the test."""
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    monkeypatch.setattr(head_end, "_bound", [])
    monkeypatch.setitem(outbox.SENDERS, openadr_callbacks.SEND, openadr_callbacks.send)
    accounts.supplier()
    client = partial(httpx.Client, transport=httpx.WSGITransport(app=application))
    monkeypatch.setattr(openadr3.api.httpx, "Client", client)
    monkeypatch.setattr(openadr3.api.httpx, "post", lambda url, **values: client().post(url, **values))
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@time_machine.travel(NOW, tick=False)
def test_a_real_ven(receiver):
    program = demand.program()
    world, _register = demand.home(program)
    key = Caller(name="charger 1")
    ven = openadr3.api.OpenADRClient(f"http://testserver{BASE}", client_type="ven")
    ven.fetch_token("charger 1", key.bearer)
    made = ven.create_ven({"objectType": "VEN_VEN_REQUEST", "venName": "charger 1"}).json()
    resource = {"objectType": "VEN_RESOURCE_REQUEST", "resourceName": "wallbox", "venID": made["id"]}
    linked(ven.create_resource(resource).json()["id"], enrollment_id=enrolment_of(world))
    [own] = ven.resources(venID=made["id"])
    assert own.resource_name == "wallbox"
    shown = ven.find_program_by_name(f"wattline:{program.code}")
    assert ven.events(programID=shown.id) == []
    wish = {
        "objects": ["EVENT"], "operations": ["CREATE", "UPDATE", "DELETE"], "bearerToken": "for me",
        "callbackUrl": f"http://127.0.0.1:{receiver.server_port}/calls",
    }  # fmt: skip
    subscription = {"clientName": "charger 1", "programID": shown.id, "objectOperations": [wish]}
    assert ven.create_subscription(subscription).status_code == 201
    event_id = demand.announced(program)
    [event] = ven.events(programID=shown.id, active="true")
    assert [(one.type, one.values) for one in event.intervals[0].payloads] == [
        ("SIMPLE", [1]), ("IMPORT_CAPACITY_LIMIT", [2.0]),
    ]  # fmt: skip
    assert event.interval_period.period[0] == demand.START
    deliver()
    [(token, told)] = receiver.heard
    assert (token, coerce_notification(told).object.id) == ("Bearer for me", event.id)
    assert ven.create_report(state_report(event.id, "wallbox", "NORMAL")).status_code == 201
    part = EventPart.objects.get(event_id=event_id, account=world.account)
    assert (part.state, part.acknowledged_at) == ("called", NOW)
    assert ven.create_report(state_report(event.id, "wallbox", "IDLE_OPTED_OUT")).status_code == 201
    part.refresh_from_db()
    assert (part.state, ven.events()) == ("opted_out", [])
    deliver()
    assert [told["operation"] for _token, told in receiver.heard] == ["CREATE", "DELETE"]
    assert len(ven.reports()) == 2


def deliver():
    OutboxMessage.objects.exclude(kind=openadr_callbacks.SEND).delete()
    OutboxMessage.objects.update(due_at="2020-01-01T00:00Z")
    outbox.deliver_due()
