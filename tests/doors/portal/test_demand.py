"""Events of demand response in the portal: mine alone, left in time, and what I saved with its arithmetic."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from billing.operations import demand_credits
from cis.platform import jobs
from contracts.models.demand_response import EventPart
from contracts.operations import demand_dispatch
from metering.gateways import head_end
from tests.factories import accounts, demand
from tests.factories.demand import BILLER, START

pytestmark = pytest.mark.django_db
END = START + timedelta(hours=2)


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    monkeypatch.setattr(head_end, "_bound", [])
    with time_machine.travel(datetime(2026, 7, 14, 2, tzinfo=UTC), tick=False) as travel:
        accounts.supplier()
        yield travel


@pytest.fixture
def home():
    return demand.home(demand.program())


def visitor(client, world):
    client.force_login(accounts.portal_user(of=world.customer))
    client.cookies["django_language"] = "en"
    return client


def page(client, name, *args):
    answer = client.get(reverse(f"portal:{name}", args=args))
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_a_programme_of_events_is_offered_with_its_terms(client):
    world, _register = demand.home()
    program = demand.program()
    visitor(client, world)
    assert "Sample programme" in page(client, "programmes")
    offer = page(client, "programme_offer", program.id)
    assert "No fee. Each kWh that you save in an event is credited with ¥3.00." in offer
    assert "your meter lets no more than 2 kW through" in offer
    assert "opt out until 60 minutes before it" in offer


def test_i_see_what_comes_leave_it_in_time_and_not_later(client, clock):
    program = demand.program()
    mine, _register = demand.home(program)
    other, _register = demand.home(program)
    demand.announced(program)
    visitor(client, mine)
    assert "Called" in page(client, "demand")
    part, foreign = (EventPart.objects.get(account=one.account) for one in (mine, other))
    for name in ("demand_event", "opt_out_of_demand"):
        ask = client.get if name == "demand_event" else client.post
        assert ask(reverse(f"portal:{name}", args=[foreign.id])).status_code == 404
    assert "Until 15 Jul 2026 16:00 you may opt out" in page(client, "demand_event", part.id)
    clock.move_to(START - timedelta(minutes=60))
    assert "It is too late to opt out" in page(client, "demand_event", part.id)
    client.post(reverse("portal:opt_out_of_demand", args=[part.id]))
    part.refresh_from_db()
    assert part.state == "called"
    clock.move_to(START - timedelta(minutes=60, seconds=1))
    client.post(reverse("portal:opt_out_of_demand", args=[part.id]))
    assert "You do not take part" in page(client, "demand_event", part.id)


def test_i_see_how_what_i_saved_is_worked_out(client, clock):
    program = demand.program()
    world, register = demand.home(program)
    event_id = demand.announced(program)
    demand.use(register, event_w=1_000)
    clock.move_to(END)
    demand_dispatch.work(END)
    part = EventPart.objects.get()
    visitor(client, world)
    assert "It is worked out when the values of your meter are there." in page(client, "demand_event", part.id)
    demand_credits.settle(event_id=event_id, at=END, actor=BILLER)
    seen = page(client, "demand_event", part.id)
    assert "¥18.00 credited to you" in seen
    assert "6 kWh at ¥3.00 a kWh: ¥18.00." in seen
    assert "¥18.00" in page(client, "demand")


def test_only_who_is_limited_is_told_so(client):
    program = demand.program()
    world, _register = demand.home(program)
    demand.announced(program)
    visitor(client, world)
    part, limits = EventPart.objects.get(), "lets no more than 2 kW through meanwhile"
    seen = {}
    for limit in ("", "ordered", "set", "none", "failed", "kept"):
        EventPart.objects.update(state="taking_part", limit_state=limit)
        seen[limit] = page(client, "demand_event", part.id)
    assert [limit for limit, text in seen.items() if f"If your meter takes commands, it {limits}" in text] == [
        "", "ordered",
    ]  # fmt: skip
    assert [limit for limit, text in seen.items() if f"Your meter {limits}" in text] == ["set"]
