"""Demand response: a programme, homes that joined it with interval meters, and events by the real operations."""

from datetime import UTC, date, datetime, timedelta
from itertools import count

from accounts.models.customer import Customer
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from contracts.domain.demand_response import NewEvent
from contracts.domain.programs import ProgramKind, Terms
from contracts.models.demand_response import EventPart
from contracts.operations import demand_events
from contracts.queries.programs import ProgramCard
from metering.models.device import Register
from metering.models.outage import Outage
from tests.factories import accounts, contracts, metering
from tests.factories.contracts import World
from tests.factories.programs import joined, published

TERMS = Terms(
    kind=ProgramKind.DEMAND_RESPONSE, months=12, limit_w=2_000, credit_e6=300 * 10**6, notice_minutes=240,
    opt_out_minutes=60, events_most=10,
)  # fmt: skip
PLANNER = Actor(ActorKind.STAFF, 71, "Wu", frozenset({Role.METERING}))
SECOND = Actor(ActorKind.STAFF, 72, "Zhao", frozenset({Role.SUPERVISOR}))
BILLER = Actor(ActorKind.STAFF, 73, "Sun", frozenset({Role.BILLING}))
OTHER_BILLER = Actor(ActorKind.STAFF, 74, "Zhou", frozenset({Role.BILLING}))
JOINED = date(2026, 6, 1)
DAY = date(2026, 7, 15)
"""A Wednesday; the five business days before it are 14, 13, 10, 9 and 8 July."""
START = datetime(2026, 7, 15, 9, tzinfo=UTC)
"""17:00 in Shanghai."""
NOW = datetime(2026, 7, 14, 2, tzinfo=UTC)
BEFORE = (DAY - timedelta(days=7), DAY - timedelta(days=6), DAY - timedelta(days=5), DAY - timedelta(days=2),
          DAY - timedelta(days=1))  # fmt: skip
_serial = count(1)


def program(**values) -> ProgramCard:
    """A programme of demand response: 3.00 yuan for each kWh."""
    return published(TERMS, device_zh="", device_en="", **values)


def home(program: ProgramCard | None = None, **values) -> tuple[World, Register]:
    """A home with an interval meter, in the programme if one is given."""
    world = contracts.world(**values)
    [register] = metering.metered(is_interval=True, at=world.service_point)
    if program is not None:
        joined(program, account_id=world.account.id, agreement_id=world.agreement.id, start=JOINED)
    return world, register


def planned(program: ProgramCard, *, hours: int = 2, start_at: datetime = START, at: datetime = NOW, **values) -> int:
    """An event that waits for a second person."""
    new = NewEvent(
        program_id=program.id, start_at=start_at, end_at=start_at + timedelta(hours=hours), target_w=50_000, **values
    )
    return demand_events.plan(new=new, key=f"event-{next(_serial)}", at=at, actor=PLANNER)


def announced(program: ProgramCard, **values) -> int:
    """An event that a second person let go."""
    event_id = planned(program, **values)
    demand_events.announce(event_id=event_id, at=values.get("at", NOW), actor=SECOND)
    return event_id


def parts(event_id: int) -> list[EventPart]:
    """Who was called, in the order of their accounts."""
    return list(EventPart.objects.filter(event_id=event_id).order_by("account_id"))


def use(register: Register, *, event_w: int, usual_w: int = 4_000, before_w: int = 1_000, today_w: int = 1_000) -> None:
    """
    Measure quarters of an hour on the day of the event and the five business days before it, and on what lies between.

    From 17 to 19 o'clock it is ``usual_w`` on days before and ``event_w`` on the day; from 15 to 17 ``before_w`` and
    ``today_w``; else 500 W.
    """

    def value(at: datetime) -> int:
        local = at.astimezone(UTC) + timedelta(hours=8)
        is_today = local.date() == DAY
        if local.hour in {17, 18}:
            return (event_w if is_today else usual_w) // 4
        if local.hour in {15, 16}:
            return (today_w if is_today else before_w) // 4
        return 125

    metering.curve(of=register, start_date=BEFORE[0], end_date=DAY + timedelta(days=1), value_of=value)


def handed_over(world: World, *, on: date) -> Customer:
    """Hand the account of a home over to another customer, who is returned."""
    old, new = world.account.holders.get(), accounts.customer(name="李四")
    old.period = (old.period.lower, on)
    old.save()
    type(old).objects.create(account=world.account, customer=new, period=(on, None))
    return new


def dark(world: World, *, off_at: datetime, back_at: datetime | None = None) -> None:
    """An outage at a home; it goes on where no end is given."""
    outage = Outage.objects.create(
        scope="single", service_point=world.service_point, began_at=off_at, restored_at=back_at,
        state="restored" if back_at else "confirmed",
    )  # fmt: skip
    outage.supplies.create(service_point=world.service_point, off_at=off_at, back_at=back_at)
