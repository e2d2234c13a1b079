"""Reports of clients of OpenADR answer for their own resources alone, and wait for nobody who waits for them."""

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from cis.platform import jobs, personal
from cis.platform.models import AuditEvent
from contracts.models.demand_response import EventPart
from contracts.models.openadr import OpenAdrObject
from contracts.operations import demand_events, openadr_vens
from contracts.queries.personal import OPENADR
from metering.gateways import head_end
from tests.factories import accounts, demand
from tests.factories.demand import NOW
from tests.factories.openadr import ADMIN, Caller, business, enrolment_of, linked, state_report

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _place(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    monkeypatch.setattr(head_end, "_bound", [])
    with time_machine.travel(NOW, tick=False):
        accounts.supplier()
        yield


def aggregator(*names):
    """A client with one VEN for each home, and the event that all are called for."""
    program, caller = demand.program(), Caller()
    homes = [demand.home(program)[0] for _ in names]
    for place, (name, home) in enumerate(zip(names, homes, strict=True)):
        ven = caller.post("vens", {"objectType": "VEN_VEN_REQUEST", "venName": f"{caller.name} {place}"})
        made = caller.post(
            "resources", {"objectType": "VEN_RESOURCE_REQUEST", "resourceName": name, "venID": ven["id"]}
        )
        linked(made["id"], enrollment_id=enrolment_of(home))
    demand.announced(program)
    [event] = caller.get("events")
    return caller, event, homes


def states():
    return sorted(EventPart.objects.values_list("state", flat=True))


def test_a_name_of_two_resources_opts_out_neither():
    caller, event, _homes = aggregator("charger", "charger")
    reply = caller.ask("POST", "reports", state_report(event["id"], "charger", "IDLE_OPTED_OUT"))
    assert (reply.status_code, reply.json()["code"]) == (409, "ambiguous_resource")
    assert states() == ["called", "called"]


def test_business_logic_does_not_answer_in_the_place_of_a_client():
    caller, event, _homes = aggregator("a", "b")
    made = caller.post("reports", state_report(event["id"], "a", "ERROR"))
    reply = business().ask("PUT", f"reports/{made['id']}", state_report(event["id"], "a", "IDLE_OPTED_OUT"))
    assert reply.status_code == 200
    assert states() == ["called", "called"]


def test_nobody_hears_of_an_event_that_is_called_off():
    caller, event, _homes = aggregator("a")
    report = state_report(event["id"], "a", "NORMAL")
    part = EventPart.objects.get()
    demand_events.call_off(event_id=part.event_id, reason="cool", at=NOW, actor=demand.PLANNER)
    caller.post("reports", report)
    part.refresh_from_db()
    assert (part.state, part.acknowledged_at) == ("called_off", None)


def test_parts_are_locked_before_events_are_shown_anew():
    """Who leaves by the portal locks a part and then waits to show the event: a report must not wait the other way."""
    caller, event, _homes = aggregator("a", "b")
    report = state_report(event["id"], "a", "IDLE_OPTED_OUT")
    report["resources"] += state_report(event["id"], "b", "IDLE_OPTED_OUT")["resources"]
    with CaptureQueriesContext(connection) as asked:
        caller.post("reports", report)
    assert states() == ["opted_out", "opted_out"]
    statements = [one["sql"] for one in asked]
    shown = next(place for place, sql in enumerate(statements) if "pg_advisory_xact_lock" in sql)
    locked = [place for place, sql in enumerate(statements) if "contracts_eventpart" in sql and "FOR UPDATE" in sql]
    assert "ORDER BY" in statements[locked[0]]
    assert locked[0] < shown


def test_resources_are_locked_before_events_are_shown_anew():
    """Who links a resource locks it and then waits to show the event: who deletes its VEN waits as well."""
    caller, _event, _homes = aggregator("a")
    [resource] = caller.get("resources")
    with CaptureQueriesContext(connection) as asked:
        caller.ask("DELETE", f"vens/{resource['venID']}")
    statements = [one["sql"] for one in asked]
    shown = next(place for place, sql in enumerate(statements) if "pg_advisory_xact_lock" in sql)
    assert [place for place, sql in enumerate(statements[:shown]) if "'resource'" in sql and "FOR UPDATE" in sql]
    assert caller.get("resources") == []


def test_a_linked_resource_stays_with_its_client():
    caller, event, _homes = aggregator("a")
    [resource] = caller.get("resources")
    other = Caller()
    ven = other.post("vens", {"objectType": "VEN_VEN_REQUEST", "venName": "other"})
    moved = {"objectType": "BL_RESOURCE_REQUEST", "resourceName": "a", "venID": ven["id"]}
    bl = business()
    reply = bl.ask("PUT", f"resources/{resource['id']}", moved)
    assert (reply.status_code, reply.json()["code"]) == (403, "kept_by_the_house")
    assert other.get("events") == []
    assert [one["id"] for one in caller.get("events")] == [event["id"]]
    row = OpenAdrObject.objects.get(object_id=resource["id"])
    openadr_vens.unlink(resource_id=row.id, at=NOW, actor=ADMIN)
    assert bl.ask("PUT", f"resources/{resource['id']}", moved).json()["clientID"] == other.name


def test_what_hangs_on_a_program_goes_once():
    bl = business()
    program = bl.post("programs", {"programName": "p"})
    event = bl.post("events", {"programID": program["id"]})
    bl.post("reports", {"eventID": event["id"], "clientName": "c", "resources": []})
    bl.ask("DELETE", f"programs/{program['id']}")
    deleted = AuditEvent.objects.filter(action="delete").values_list("subject", flat=True)
    assert sorted(deleted) == ["openadr_event", "openadr_program", "openadr_report"]


def test_resources_are_asked_for_by_targets_that_we_grant():
    caller, _event, homes = aggregator("a")
    [resource] = caller.get("resources")
    number = enrolment_of(homes[0])
    for target in resource["targets"]:
        assert len(caller.get(f"resources?targets={target}")) == 1
    for target in (f"{number}", f"enrolment-{'9' * 5_000}", "enrolment-x"):
        assert caller.get(f"resources?targets={target}") == []


def test_a_report_on_several_is_shown_none_of_them_and_goes_with_each():
    caller, event, homes = aggregator("a", "b")
    report = state_report(event["id"], "a", "NORMAL")
    report["resources"] += state_report(event["id"], "b", "NORMAL")["resources"]
    made = caller.post("reports", report)
    for home in homes:
        found = personal.rows_of(OPENADR, customer_id=home.customer.id, hidden={})
        assert [(one["document"], one["targets"]) for one in found if one["kind"] == "report"] == [("–", [])]
    alone = caller.post("reports", state_report(event["id"], "a", "NORMAL"))
    found = personal.rows_of(OPENADR, customer_id=homes[0].customer.id, hidden={})
    assert ["NORMAL" in one["document"] for one in found if one["kind"] == "report"] == [False, True]
    with transaction.atomic():
        personal.erase_rows_step(OPENADR, OPENADR.way.mine(), {"customer": homes[1].customer.id})
    assert [one["id"] for one in caller.get("reports")] == [alone["id"]]
    assert OpenAdrObject.objects.get(object_id=made["id"]).document == "{}"
    assert [one["resourceName"] for one in caller.get("resources")] == ["a"]
    assert [one["id"] for one in caller.get("events")] == [event["id"]]
