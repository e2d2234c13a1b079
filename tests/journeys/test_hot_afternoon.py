"""
A hot afternoon: three homes have joined a programme, the network is near its limit, one person plans an event and
another lets it go. One home opts out, one meter limits itself, one refuses; all that was saved is measured against the
days before, credited with its arithmetic, earns points, and what was credited wrongly is taken back.
"""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from accounts.models.notice import Notice
from accounts.operations import points
from accounts.queries import points as point_queries
from billing.operations import demand_credits, proof
from billing.queries import balances
from cis.kernel.enums import Role
from cis.platform import outbox
from contracts.models.demand_response import DemandEvent, EventPart
from contracts.operations import demand_dispatch
from metering.gateways import head_end
from metering.gateways.sandbox import Sandbox
from metering.models.command import SandboxMeter
from tests.doors.desk.conftest import sign_in
from tests.factories import accounts, demand
from tests.factories.demand import DAY, START

pytestmark = pytest.mark.django_db
MORNING_BEFORE = datetime(2026, 7, 14, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
END = START + timedelta(hours=2)
NIGHT = datetime(2026, 7, 16, 21, 0, tzinfo=UTC)


@pytest.fixture
def clock(settings, monkeypatch):
    settings.LANGUAGE_CODE = "en"
    monkeypatch.setattr(head_end, "_bound", [Sandbox()])
    with time_machine.travel(MORNING_BEFORE, tick=False) as traveller:
        accounts.supplier()
        yield traveller


def deliver():
    while outbox.deliver_due():
        pass


def text(answer):
    return " ".join(answer.content.decode().split())


def plan_and_announce(program, planner, boss):
    # Tuesday morning: tomorrow will be hot. The metering team plans two hours; nobody hears of it yet.
    planned = planner.post("/desk/demand-events/new/", {
        "program": program.id, "feeder": "", "day": "2026-07-15", "time": "17:00", "hours": "2", "target": "9",
        "request_key": "hot",
    }, follow=True)  # fmt: skip
    assert "Nobody is told before a second person lets it go." in text(planned)
    event = DemandEvent.objects.get()
    own = planner.post(f"/desk/demand-events/{event.id}/act/", {"action": "announce"}, follow=True)
    assert "does not let it go" in text(own)
    assert not Notice.objects.filter(event__startswith="demand").exists()

    # A supervisor lets it go: all three are told by SMS.
    answer = boss.post(f"/desk/demand-events/{event.id}/act/", {"action": "announce"}, follow=True)
    assert "Announced: 3 accounts are told." in text(answer)
    deliver()
    assert Notice.objects.filter(event="demand_event_announced", channel="sms").count() == 3
    return event


def look_back(clock, today, worlds, billing, home):
    calm, _busy, stubborn = worlds
    # The next night those who saved have their points, the others none.
    clock.move_to(NIGHT + timedelta(days=1))
    points.night(NIGHT + timedelta(days=1))
    later = today + timedelta(days=1)
    assert [point_queries.standing(customer_id=world.customer.id, today=later).balance for world in worlds] == [
        30,
        0,
        30,
    ]

    # The customer looks how it was worked out.
    home.force_login(
        accounts.portal_user(of=calm.customer), backend="django.contrib.auth.backends.ModelBackend"
    )  # fmt: skip
    part = EventPart.objects.get(account=calm.account)
    page = text(home.get(f"/portal/demand/{part.id}"))
    assert "Mean of the 4 days with most energy: 8 kWh." in page
    assert "6 kWh at ¥3.00 a kWh: ¥18.00." in page

    # A crew finds that the other meter was wired wrongly: its settlement is taken back, with its points.
    wrong = EventPart.objects.get(account=stubborn.account)
    answer = billing.post(
        f"/desk/demand-events/parts/{wrong.id}/act/", {"action": "take_back", "reason": "wired wrongly"}, follow=True
    )
    assert "Taken back, with the points that it earned." in text(answer)
    assert balances.of_account(account_id=stubborn.account.id, today=later).balance_minor == 0
    assert point_queries.standing(customer_id=stubborn.customer.id, today=later).balance == 0
    assert proof.verify() == ()
    assert EventPart.objects.filter(event__start_at__date=DAY).count() == 3


def test_a_hot_afternoon(clock):
    # Three homes have joined; the meter of the third one does what it likes.
    program = demand.program()
    (calm, calm_meter), (busy, busy_meter), (stubborn, stubborn_meter) = (demand.home(program) for _ in range(3))
    for world in (calm, busy, stubborn):
        accounts.contact_point(of=world.customer, is_proven=True)
    SandboxMeter.objects.create(serial=stubborn_meter.meter.serial, behaviour="refuses")

    boss, billing = sign_in(Client(), Role.SUPERVISOR), sign_in(Client(), Role.BILLING)
    event = plan_and_announce(program, sign_in(Client(), Role.METERING), boss)

    # One home has guests: on the phone its customer opts out in time. It costs nothing.
    home = Client()
    home.force_login(
        accounts.portal_user(of=busy.customer), backend="django.contrib.auth.backends.ModelBackend"
    )  # fmt: skip
    home.cookies["django_language"] = "en"
    mine = EventPart.objects.get(account=busy.account)
    assert "you may opt out; that costs nothing" in text(home.get(f"/portal/demand/{mine.id}"))
    home.post(f"/portal/demand/{mine.id}/opt-out")
    assert "You do not take part" in text(home.get(f"/portal/demand/{mine.id}"))

    # Wednesday, 17:00: the event begins by itself, and the meters of the other two are told.
    clock.move_to(START)
    demand_dispatch.work(START)
    deliver()
    assert "On now" in text(boss.get(f"/desk/demand-events/{event.id}/"))
    assert [part.limit_state for part in demand.parts(event.id)] == ["set", "", "failed"]
    limited = SandboxMeter.objects.get(serial=calm_meter.meter.serial)
    assert (limited.limit_w, limited.limit_until) == (2_000, END)
    assert not SandboxMeter.objects.filter(serial=busy_meter.meter.serial).exists()

    # 19:00: it is over. The night finds no values of the day, and credits nobody.
    clock.move_to(END)
    demand_dispatch.work(END)
    demand_credits.night(END)
    assert "Waits for values" in text(boss.get(f"/desk/demand-events/{event.id}/"))
    assert not Notice.objects.filter(event="demand_event_settled").exists()

    # The values come. 2 x 4 kWh were expected; the limited home used 2, the other one saved by hand and used 3.
    demand.use(calm_meter, event_w=1_000)
    demand.use(busy_meter, event_w=6_000)
    demand.use(stubborn_meter, event_w=1_500)
    clock.move_to(NIGHT)
    demand_credits.night(NIGHT)
    deliver()
    page = text(boss.get(f"/desk/demand-events/{event.id}/"))
    assert "5.5 kW" in page
    assert "¥33.00" in page
    told = Notice.objects.filter(event="demand_event_settled", channel="inbox").order_by("id")
    assert ["18.00" in told[0].body, "15.00" in told[1].body, len(told)] == [True, True, 2]
    today = (NIGHT + timedelta(hours=8)).date()
    owed = {
        world.account.id: balances.of_account(account_id=world.account.id, today=today).balance_minor
        for world in (calm, busy, stubborn)
    }
    assert list(owed.values()) == [-1_800, 0, -1_500]
    look_back(clock, today, (calm, busy, stubborn), billing, home)
