"""Events of demand response on the desk: a programme, planned by one, let go by another, settled, taken back."""

import csv
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from cis.kernel.enums import Role
from cis.platform import jobs
from contracts.models.demand_response import DemandEvent, EventPart
from contracts.models.program import Program
from contracts.operations import demand_dispatch
from metering.gateways import head_end
from tests.doors.desk.conftest import sign_in
from tests.factories import accounts, demand
from tests.factories.demand import START

pytestmark = pytest.mark.django_db
FIELDS = {
    "kind": "demand_response", "code": "saver", "name_zh": "节电", "name_en": "Saver", "text_zh": "条款",
    "text_en": "Terms", "valid_from": "2026-01-01", "months": "12", "credit": "3", "limit": "2", "events_most": "10",
    "notice_minutes": "240", "opt_out_minutes": "60",
}  # fmt: skip


@pytest.fixture(autouse=True)
def clock(monkeypatch, settings):
    settings.LANGUAGE_CODE = "en"
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    monkeypatch.setattr(head_end, "_bound", [])
    with time_machine.travel(datetime(2026, 7, 14, 2, tzinfo=UTC), tick=False) as travel:
        accounts.supplier()
        yield travel


@pytest.fixture
def meterer(client):
    return sign_in(client, Role.METERING)


@pytest.fixture
def others(client_class):
    """Sign in somebody of a role."""
    return lambda *roles: sign_in(client_class(), *roles)


@pytest.fixture
def client_class(client):
    return type(client)


def text(desk, name, *args, **query):
    answer = desk.get(reverse(f"desk:{name}", args=args), query)
    return (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode("utf-8-sig")


def act(desk, name, row_id, **data):
    return desk.post(reverse(f"desk:{name}", args=[row_id]), data, follow=True).content.decode()


def plan(desk, program, **given):
    fields = {
        "program": program.id, "feeder": "", "day": "2026-07-15", "time": "17:00", "hours": "2", "target": "50",
        "request_key": "k1",
    }  # fmt: skip
    return desk.post(reverse("desk:new_demand_event"), fields | given, follow=True).content.decode()


def test_a_programme_of_demand_response_is_published(others):
    desk = others(Role.BILLING)
    page = desk.post(reverse("desk:new_programme"), FIELDS, follow=True).content.decode()
    card = Program.objects.get()
    assert (card.credit_e6, card.limit_w, card.events_most) == (300 * 10**6, 2_000, 10)
    assert "2 kW" in page
    assert "¥3.00" in page
    page = desk.post(reverse("desk:new_programme"), FIELDS | {"code": "b", "credit": ""}, follow=True).content.decode()
    assert "What is delivered is worth something." in page


def test_an_event_from_plan_to_settlement_and_back(meterer, others, clock):
    program = demand.program()
    world, register = demand.home(program)
    demand.home(program)
    assert "No event was planned yet" in text(meterer, "demand_events")
    assert "whole hour" in plan(meterer, program, time="17:30")
    page = plan(meterer, program)
    event = DemandEvent.objects.get()
    assert "Nobody is told before a second person lets it go." in page
    assert "You planned it: somebody else lets it go." in page
    boss, biller, other = others(Role.SUPERVISOR), others(Role.BILLING), others(Role.BILLING)
    assert "Announced: 2 accounts are told." in act(boss, "act_on_demand_event", event.id, action="announce")
    mine, left = EventPart.objects.order_by("account_id")
    assert "Opted out" in act(boss, "opt_out_of_demand", left.id)
    clock.move_to(START + timedelta(hours=2))
    demand_dispatch.work(START + timedelta(hours=2))
    assert "1 part waits for values yet." in act(biller, "act_on_demand_event", event.id, action="settle")
    assert "Values are missing" in text(biller, "demand_part", mine.id)
    demand.use(register, event_w=1_000)
    assert "what was saved is credited" in act(biller, "act_on_demand_event", event.id, action="settle")
    page = text(biller, "demand_event", event.id)
    assert "3 kW" in page
    assert "¥18.00" in page
    page = text(biller, "demand_part", mine.id)
    assert "Mean of the 4 days with most energy: 8 kWh." in page
    assert "Expected 8 kWh, used 2 kWh: saved 6 kWh, 3 kW on average." in page
    assert "6 kWh at ¥3.00 a kWh: ¥18.00." in page
    assert "does not take it back" in act(biller, "act_on_demand_part", mine.id, action="take_back", reason="wrong")
    assert "Taken back, with the points" in act(
        other, "act_on_demand_part", mine.id, action="take_back", reason="wrong"
    )
    assert "Settled anew." in act(other, "act_on_demand_part", mine.id, action="settle_again")
    rows = list(csv.reader(text(biller, "demand_event_file", event.id).splitlines()))
    assert [row[0] for row in rows[1:]] == [world.account.number, left.account.number]
    assert rows[1][7:10] == ["6.000", "3.000", "18.00"]
    assert "18.00" in text(biller, "demand_events_file")
    assert "1" in text(biller, "demand_events", state="settled")


def test_an_event_is_called_off_with_a_reason(meterer):
    program = demand.program()
    demand.home(program)
    event_id = demand.announced(program)
    assert "Say why it is called off." in act(meterer, "act_on_demand_event", event_id, action="call_off")
    page = act(meterer, "act_on_demand_event", event_id, action="call_off", reason="storm")
    assert "storm" in page
    assert DemandEvent.objects.get().state == "called_off"
    assert meterer.post(reverse("desk:act_on_demand_event", args=[event_id]), {"action": "no"}).status_code == 404


@pytest.mark.parametrize("name", ["demand_event", "demand_part"])
def test_what_is_not_there_is_not_found(meterer, name):
    assert meterer.get(reverse(f"desk:{name}", args=[987_654])).status_code == 404
