"""Our own events as events of OpenADR: seen by who is called, told by callbacks, and answered by reports; each once."""

from datetime import timedelta

import pytest
import time_machine
from django.db import transaction

from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform import jobs, outbox, outward
from cis.platform.models import AuditEvent, OutboxMessage
from contracts.models.demand_response import EventPart
from contracts.models.openadr import OpenAdrObject
from contracts.operations import demand_dispatch, demand_events, openadr_bridge, openadr_callbacks, openadr_vens
from contracts.operations.openadr_vens import EnrolmentLinked, NotForEvents
from contracts.queries import openadr_vens as ven_queries
from contracts.queries.enrollments import UnknownEnrollment
from contracts.queries.openadr import UnknownObject
from metering.gateways import head_end
from tests.factories import accounts, contracts, demand
from tests.factories.demand import NOW, PLANNER, START
from tests.factories.openadr import ADMIN, Caller, business, enrolment_of, linked, state_report
from tests.factories.programs import CLERK, LEASE, joined, published

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _place(monkeypatch, clock):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    monkeypatch.setattr(head_end, "_bound", [])
    accounts.supplier()


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as travel:
        yield travel


@pytest.fixture
def program():
    return demand.program()


@pytest.fixture
def calls(monkeypatch):
    """What receivers get: (address, body, headers)."""
    heard = []

    def post(url, *, body, headers):
        heard.append((url, body.decode(), headers))

    monkeypatch.setattr(outward, "post", post)
    monkeypatch.setitem(outbox.SENDERS, openadr_callbacks.SEND, openadr_callbacks.send)
    return heard


def deliver(most=outbox.BATCH):
    OutboxMessage.objects.exclude(kind=openadr_callbacks.SEND).delete()
    OutboxMessage.objects.update(due_at=NOW - timedelta(days=1))
    outbox.deliver_due(most=most)


def subscribe(caller, *objects, token="t", **values):
    wish = {
        "objects": list(objects), "operations": ["CREATE", "UPDATE", "DELETE"],
        "callbackUrl": f"https://{caller.name.replace(' ', '-')}.example/calls", "bearerToken": token,
    }  # fmt: skip
    return caller.post("subscriptions", {"clientName": "me", "objectOperations": [wish], **values})


def operations(calls, caller):
    host = caller.name.replace(" ", "-")
    return [body.split('"operation":"')[1].split('"')[0] for url, body, _headers in calls if f"//{host}.example" in url]


def home_with_ven(program, **values):
    world, _register = demand.home(program, **values)
    caller = Caller()
    resource = caller.with_resource(enrollment_id=enrolment_of(world))
    return world, caller, resource


def part_of(event_id, world):
    return EventPart.objects.get(event_id=event_id, account=world.account)


# ---- shown -----------------------------------------------------------------------------------------------------------


def test_an_announced_event_is_seen_by_the_vens_of_who_is_called_and_by_no_others(program):
    world, caller, resource = home_with_ven(program)
    _other, second, _resource = home_with_ven(program)
    stranger = Caller()
    stranger.with_resource()
    demand.home(program)
    event_id = demand.planned(program)
    assert caller.get("events") == []
    demand_events.announce(event_id=event_id, at=NOW, actor=demand.SECOND)
    [shown] = caller.get("programs")
    assert (shown["programName"], shown["targets"]) == (f"wattline:{program.code}", [f"programme-{program.id}"])
    [event] = caller.get("events?active=true")
    assert event["programID"] == shown["id"]
    assert event["targets"] == [f"enrolment-{enrolment_of(world)}"]
    assert set(event["targets"]) < set(resource["targets"])
    assert event["intervalPeriod"] == {"start": "2026-07-15T09:00:00.000Z", "duration": "PT2H"}
    assert event["intervals"][0]["payloads"][1] == {"type": "IMPORT_CAPACITY_LIMIT", "values": [2.0]}
    assert [one["id"] for one in second.get("events")] == [event["id"]]
    assert second.get("events")[0]["targets"] != event["targets"]
    assert (stranger.get("events"), stranger.get("programs")) == ([], [])
    assert len(business().get("events")[0]["targets"]) == 2


def test_what_is_shown_is_changed_on_the_desk_alone(program):
    home_with_ven(program)
    demand.announced(program)
    bl = business()
    [event], [shown] = bl.get("events"), bl.get("programs")
    for method, path in (("PUT", f"events/{event['id']}"), ("DELETE", f"events/{event['id']}"),
                         ("DELETE", f"programs/{shown['id']}"), ("PUT", f"programs/{shown['id']}")):  # fmt: skip
        assert bl.ask(method, path, event).json()["code"] == "kept_by_the_house"
    assert bl.ask("POST", "events", {"programID": shown["id"]}).json()["code"] == "kept_by_the_house"


def test_shown_again_it_stays_as_it_is(program):
    home_with_ven(program)
    event_id = demand.announced(program)
    before = list(OpenAdrObject.objects.values_list("id", "version").order_by("id"))
    told = AuditEvent.objects.count()
    with transaction.atomic():
        openadr_bridge.show_events_step(event_ids=[event_id], at=NOW)
    assert list(OpenAdrObject.objects.values_list("id", "version").order_by("id")) == before
    assert AuditEvent.objects.count() == told


def test_an_event_goes_when_it_is_called_off_or_the_customer_opts_out(program):
    world, caller, _resource = home_with_ven(program)
    _other, second, _resource = home_with_ven(program)
    event_id = demand.announced(program)
    demand_events.opt_out(part_id=part_of(event_id, world).id, at=NOW, actor=CLERK)
    assert (caller.get("events"), len(second.get("events"))) == ([], 1)
    demand_events.call_off(event_id=event_id, reason="cool", at=NOW, actor=PLANNER)
    assert second.get("events") == []


def test_a_resource_that_is_linked_later_or_no_more(program):
    world, _register = demand.home(program)
    event_id = demand.announced(program)
    assert not OpenAdrObject.objects.filter(demand_event_id=event_id).exists()
    caller = Caller()
    resource = caller.with_resource(enrollment_id=enrolment_of(world))
    [event] = caller.get("events")
    row = OpenAdrObject.objects.get(object_id=resource["id"])
    openadr_vens.unlink(resource_id=row.id, at=NOW, actor=ADMIN)
    assert (caller.get("events"), caller.get("programs")) == ([], [])
    assert "targets" not in caller.get(f"resources/{resource['id']}")
    linked(resource["id"], enrollment_id=enrolment_of(world))
    assert [one["id"] for one in caller.get("events")] == [event["id"]]
    openadr_vens.block(ven_id=row.ven_id, is_blocked=True, at=NOW, actor=ADMIN)
    assert OpenAdrObject.objects.get(demand_event_id=event_id).deleted_at is not None
    openadr_vens.block(ven_id=row.ven_id, is_blocked=False, at=NOW, actor=ADMIN)
    assert caller.ask("DELETE", f"vens/{resource['venID']}").status_code == 200
    assert (caller.get("events"), caller.get("resources")) == ([], [])


def test_who_may_link_what(program):
    world, caller, resource = home_with_ven(program)
    other = contracts.world()
    joined(published(LEASE), account_id=other.account.id, start=demand.JOINED)
    row = OpenAdrObject.objects.get(object_id=resource["id"])
    second = OpenAdrObject.objects.get(object_id=Caller().with_resource()["id"])
    given = {"at": NOW, "actor": ADMIN}
    with pytest.raises(NotAllowed):
        openadr_vens.link(resource_id=row.id, enrollment_id=1, at=NOW, actor=CLERK)
    with pytest.raises(UnknownEnrollment):
        openadr_vens.link(resource_id=row.id, enrollment_id=999_999, **given)
    with pytest.raises(NotForEvents):
        openadr_vens.link(resource_id=row.id, enrollment_id=enrolment_of(other), **given)
    with pytest.raises(EnrolmentLinked):
        openadr_vens.link(resource_id=second.id, enrollment_id=enrolment_of(world), **given)
    with pytest.raises(UnknownObject):
        openadr_vens.link(resource_id=row.ven_id, enrollment_id=enrolment_of(world), **given)
    version = row.version
    openadr_vens.link(resource_id=row.id, enrollment_id=enrolment_of(world), **given)
    row.refresh_from_db()
    assert row.version == version
    detail = ven_queries.one(ven_id=row.ven_id)
    assert (detail.card.state, detail.card.linked, detail.resources[0].account_number) == (
        "open", 1, world.account.number,
    )  # fmt: skip
    # Business logic gives back what it read, with the targets that are ours, and grants one of its own.
    bl = business()
    read = bl.get(f"resources/{resource['id']}")
    sent = read | {"objectType": "BL_RESOURCE_REQUEST", "targets": [*read["targets"], "areaX"]}
    assert set(bl.ask("PUT", f"resources/{resource['id']}", sent).json()["targets"]) == {*read["targets"], "areaX"}
    assert OpenAdrObject.objects.get(id=row.id).targets == ["areaX"]
    assert caller.get("resources")[0]["targets"] == bl.get(f"resources/{resource['id']}")["targets"]


# ---- answered --------------------------------------------------------------------------------------------------------


def test_a_report_opts_out_once(program):
    world, caller, _resource = home_with_ven(program)
    event_id = demand.announced(program)
    [event] = caller.get("events")
    report = state_report(event["id"], "charger", "IDLE_OPTED_OUT")
    made = caller.post("reports", report)
    part = part_of(event_id, world)
    assert (part.state, part.opted_out_at) == ("opted_out", NOW)
    assert caller.get("events") == []
    # Sent again, since its answer was lost: it stays so, though its client does not see the event any more.
    caller.post("reports", report)
    part.refresh_from_db()
    assert part.state == "opted_out"
    assert AuditEvent.objects.filter(action="opt_out", subject_id=part.id).count() == 1
    assert len(caller.get("reports")) == 2
    assert OpenAdrObject.objects.get(object_id=made["id"]).enrollment_id == enrolment_of(world)
    [told] = AuditEvent.objects.filter(action="opt_out")
    assert (told.actor_kind, told.actor_name) == ("client", caller.name)


def test_a_report_says_that_it_heard(program):
    world, caller, _resource = home_with_ven(program)
    event_id = demand.announced(program)
    [event] = caller.get("events")
    caller.post("reports", state_report(event["id"], "charger", "ERROR"))
    assert part_of(event_id, world).acknowledged_at is None
    made = caller.post("reports", state_report(event["id"], "charger", "NORMAL"))
    assert part_of(event_id, world).acknowledged_at == NOW
    caller.ask("PUT", f"reports/{made['id']}", state_report(event["id"], "charger", "RUNNING_CURTAILED"))
    assert AuditEvent.objects.filter(action="acknowledge").count() == 1


def test_nobody_answers_for_others(program):
    world, caller, _resource = home_with_ven(program)
    _other, second, _resource = home_with_ven(program)
    event_id = demand.announced(program)
    [event] = caller.get("events")
    # Resources of both have the same name; an unknown one is kept and changes nothing.
    second.post("reports", state_report(event["id"], "charger", "IDLE_OPTED_OUT"))
    caller.post("reports", state_report(event["id"], "another", "IDLE_OPTED_OUT"))
    assert part_of(event_id, world).state == "called"
    stranger = Caller()
    stranger.with_resource("charger")
    reply = stranger.ask("POST", "reports", state_report(event["id"], "charger", "IDLE_OPTED_OUT"))
    assert (reply.status_code, reply.json()["code"]) == (409, "no_such_parent")


def test_too_late_the_report_is_refused(program, clock):
    world, caller, _resource = home_with_ven(program)
    event_id = demand.announced(program)
    [event] = caller.get("events")
    clock.move_to(START - timedelta(minutes=60))
    report = state_report(event["id"], "charger", "RUNNING_OPTED_OUT")
    assert caller.ask("POST", "reports", report).json()["code"] == "too_late_to_opt_out"
    demand_dispatch.begin(event_id=event_id)
    reply = caller.ask("POST", "reports", report)
    assert (reply.status_code, reply.json()["code"]) == (409, IllegalMove.code)
    assert (part_of(event_id, world).state, caller.get("reports")) == ("taking_part", [])
    assert len(caller.get("events")) == 1


# ---- told ------------------------------------------------------------------------------------------------------------


def test_who_subscribed_is_called_back_and_nobody_else(program, calls):
    world, caller, _resource = home_with_ven(program)
    _other, second, _resource = home_with_ven(program)
    stranger = Caller()
    for one in (caller, second, stranger):
        subscribe(one, "EVENT")
    event_id = demand.announced(program)
    deliver()
    assert [operations(calls, one) for one in (caller, second, stranger)] == [["CREATE"], ["CREATE"], []]
    url, body, headers = next(call for call in calls if f"//{caller.name.replace(' ', '-')}.example" in call[0])
    assert headers["Authorization"] == "Bearer t"
    assert f'"targets":["enrolment-{enrolment_of(world)}"]' in body
    demand_events.opt_out(part_id=part_of(event_id, world).id, at=NOW, actor=CLERK)
    deliver()
    assert operations(calls, caller) == ["CREATE", "DELETE"]
    demand_events.call_off(event_id=event_id, reason="cool", at=NOW, actor=PLANNER)
    deliver()
    assert operations(calls, caller) == ["CREATE", "DELETE"]
    assert operations(calls, second)[-1] == "DELETE"
    assert url.startswith("https://")


def test_what_is_told_is_true_when_it_is_sent(calls):
    bl, caller = business(), Caller()
    subscribe(caller, "PROGRAM", "VEN")
    program = bl.post("programs", {"programName": "a"})
    for name in ("b", "c"):
        bl.ask("PUT", f"programs/{program['id']}", {"programName": name})
    deliver()
    # The first update was overtaken by the second.
    assert operations(calls, caller) == ["CREATE", "UPDATE"]
    assert all('"programName":"c"' in body for _url, body, _headers in calls)
    bl.ask("PUT", f"programs/{program['id']}", {"programName": "d"})
    bl.ask("PUT", f"programs/{program['id']}", {"programName": "d", "targets": ["secret"]})
    deliver()
    assert operations(calls, caller) == ["CREATE", "UPDATE", "DELETE"]
    Caller().with_resource()
    deliver()
    assert len(calls) == 3


def test_subscriptions_choose_program_operation_and_targets(calls):
    bl = business()
    first, second = (bl.post("programs", {"programName": name})["id"] for name in ("a", "b"))
    of_first, of_target, gone = Caller(), Caller(), Caller()
    for caller in (of_first, of_target, gone):
        bl.post("vens", {"objectType": "BL_VEN_REQUEST", "venName": caller.name, "clientID": caller.name,
                         "targets": ["x", "y"]})  # fmt: skip
    subscribe(of_first, "EVENT", programID=first)
    subscribe(of_target, "EVENT", targets=["x"])
    subscription = subscribe(gone, "EVENT")
    for program, targets in ((first, ["y"]), (second, ["x"]), (second, [])):
        bl.post("events", {"programID": program, "targets": targets})
    gone.ask("DELETE", f"subscriptions/{subscription['id']}")
    deliver()
    assert [len(operations(calls, one)) for one in (of_first, of_target, gone)] == [1, 1, 0]


def test_who_does_not_answer_is_tried_again_and_seen_on_the_desk(monkeypatch, calls):
    bl, caller = business(), Caller()
    ven = caller.post("vens", {"objectType": "VEN_VEN_REQUEST", "venName": "v"})
    subscribe(caller, "PROGRAM")

    def refuse(*_args, **_values):
        raise outward.NotTaken("it answered 500")

    with monkeypatch.context() as patch:
        patch.setattr(outward, "post", refuse)
        bl.post("programs", {"programName": "a"})
        deliver(most=1)
    row = OpenAdrObject.objects.get(object_id=ven["id"])
    detail = ven_queries.one(ven_id=row.id)
    assert (detail.card.state, detail.subscriptions[0].error) == ("failing", "it answered 500")
    assert OutboxMessage.objects.get().state == "waiting"
    deliver()
    detail = ven_queries.one(ven_id=row.id)
    assert (detail.card.state, detail.subscriptions[0].state, operations(calls, caller)) == (
        "open",
        "taken",
        ["CREATE"],
    )
    assert ven_queries.listed()[0] == detail.card
