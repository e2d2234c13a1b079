"""Events of demand response by the API: listed with what was saved, each part with its days, left in time."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from billing.operations import demand_credits
from cis.platform import jobs
from contracts.operations import demand_dispatch
from metering.gateways import head_end
from tests.doors.api.calls import Caller, assert_problem
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


def test_an_event_with_its_parts(clock):
    program = demand.program()
    world, register = demand.home(program)
    demand.home(program)
    demand.use(register, event_w=1_000)
    event_id = demand.announced(program)
    mine, left = demand.parts(event_id)
    caller, writer = Caller("programs:read"), Caller("programs:write")
    assert caller.post(f"demand-event-parts/{left.id}/opt-out", {}).status_code == 403
    for _ in range(2):
        assert writer.post(f"demand-event-parts/{left.id}/opt-out", {}).json()["state"] == "opted_out"
    clock.move_to(START)
    assert_problem(writer.post(f"demand-event-parts/{mine.id}/opt-out", {}), 422, "too_late_to_opt_out")
    demand_dispatch.work(END)
    demand_credits.settle(event_id=event_id, at=END, actor=BILLER)
    [terms] = [row["events"] for row in caller.get("programs").json()["results"]]
    assert (terms["credit_a_kwh"]["amount_minor"], terms["limit_w"], terms["opt_out_minutes"]) == (300, 2_000, 60)
    [one] = caller.get("demand-events?state=settled").json()["results"]
    assert (one["program"], one["called"], one["opted_out"], one["settled"]) == (program.code, 2, 1, 1)
    assert (one["delivered_wh"], one["credit"]["amount_minor"]) == (6_000, 1_800)
    assert caller.get(f"demand-events/{event_id}").json() == one
    parts = caller.get(f"demand-events/{event_id}/parts").json()["results"]
    assert [(part["account"], part["state"]) for part in parts][-1] == (world.account.number, "settled")
    detail = caller.get(f"demand-event-parts/{mine.id}").json()
    assert (detail["baseline_wh"], detail["actual_wh"], detail["factor_e6"]) == (8_000, 2_000, 1_000_000)
    assert [day["event_wh"] for day in detail["days"]] == [8_000] * 5
    for path in ("demand-events/999999", "demand-events/999999/parts", "demand-event-parts/999999"):
        assert caller.get(path).status_code == 404
    assert Caller("bills:read").get("demand-events").status_code == 403
