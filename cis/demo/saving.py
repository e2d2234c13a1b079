"""Demand response of the made-up supplier: a programme, homes that joined, an event settled, two that come."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.utils import timezone

from accounts.queries import accounts, users
from billing.operations import demand_credits
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.calendar import local_clock
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.periods import Period, add_months
from contracts.domain import demand_days
from contracts.domain.demand_days import Hours
from contracts.domain.demand_response import NewEvent
from contracts.domain.programs import NewProgram, ProgramKind, Terms
from contracts.operations import demand_dispatch, demand_events, programs
from contracts.queries import agreements, demand_rules, demand_values
from contracts.queries import demand_events as queries
from contracts.queries import programs as program_queries
from contracts.queries.demand_values import Point
from metering.queries import interval_points

CODE = "evening-saver"
HOMES = 8
DAY = timedelta(days=1)
EVENING, HOURS = time(18), 2
TRIED_DAYS = 10
"""The event was on the evening, of so many before the last ones that were measured, on which the homes used least."""


def build(*, month: Period, today: date, at: datetime) -> int:
    """
    Publish the programme, let homes with interval meters join, and hold an event; return how many homes joined.

    :param month: the last month whose meter files are there.
    """
    program_id = programs.publish(program=_program(), actor=SYSTEM)
    joined = _join(add_months(month.start, -1), today)
    if not joined:
        return 0
    metering, chief, clerk = (_actor(role) for role in (Role.METERING, Role.SUPERVISOR, Role.CLERK))
    day = _day(joined, month)
    if day is not None:
        start_at = _evening(day)
        event_id = _announced(program_id, start_at, start_at - DAY, metering, chief)
        first = queries.parts(event_id=event_id)[0]
        demand_events.opt_out(part_id=first.id, at=start_at - timedelta(hours=3), actor=clerk)
        demand_dispatch.begin(event_id=event_id)
        demand_dispatch.end(event_id=event_id, at=start_at + timedelta(hours=HOURS))
        demand_credits.settle(event_id=event_id, at=at, actor=SYSTEM)
    _announced(program_id, _evening(today + DAY), at, metering, chief)
    _plan(program_id, _evening(today + 2 * DAY), at, metering)
    return len(joined)


def begin_now(*, at: datetime) -> int | None:
    """
    Begin an event with this hour, announced half a day before; meters are told as soon as the head end is asked.

    :returns: its id; None: nobody joined, or the rules have no event now.
    """
    start_at = timezone.localtime(at).replace(minute=0, second=0, microsecond=0)
    try:
        program_id, planner, second = program_queries.of_code(CODE).id, _actor(Role.METERING), _actor(Role.SUPERVISOR)
        hours = min(HOURS, 24 - start_at.hour)
        event_id = _announced(program_id, start_at, start_at - DAY / 2, planner, second, hours)
    except Refused:
        return None
    demand_dispatch.work(at)
    return event_id


def _join(start: date, today: date) -> dict[int, int]:
    """Let homes join whose meters measure intervals, the last ones first; return their service points by account."""
    ids = agreements.account_ids_in_force(start_date=start, end_date=today + DAY)
    rows = agreements.in_force(account_ids=ids, start_date=today, end_date=today + DAY)
    points = dict(zip(rows.account_id.tolist(), rows.service_point_id.tolist(), strict=True))
    found = interval_points.registers(
        service_point_ids=list(points.values()), start_date=start, end_date=today + DAY
    )  # fmt: skip
    measured = {one.service_point_id for one in found}
    card, joined = program_queries.of_code(CODE), dict[int, int]()
    for account_id, point_id in reversed(points.items()):
        if point_id not in measured or len(joined) == HOMES:
            continue
        try:
            programs.join(
                program_id=card.id, account_id=account_id, start_date=start, request_key=f"demo-{CODE}-{account_id}",
                accepted_sha256=card.sha256,
                signed_name=accounts.overview(account_id=account_id, at_date=today).holder.name, signed_by="desk",
                today=start, actor=SYSTEM,
            )  # fmt: skip
        except Refused:
            continue
        joined[account_id] = point_id
    return joined


def _day(points: Mapping[int, int], month: Period) -> date | None:
    """Return the evening on which the homes saved most, of those on which all were measured; None: there is none."""
    best: tuple[int, date] | None = None
    clock, last = local_clock(settings.TIME_ZONE), month.end - 3 * DAY
    rule, calendar = demand_rules.rule(at=last).baseline, demand_rules.calendar(at=last)
    asked = [
        Point(part_id=account_id, account_id=account_id, service_point_id=point_id, excluded=frozenset())
        for account_id, point_id in points.items()
    ]
    for day in (last - back * DAY for back in range(TRIED_DAYS)):
        found = demand_values.of_parts(
            start_at=_evening(day), end_at=_evening(day) + timedelta(hours=HOURS), points=asked, rule=rule,
            clock=clock, calendar=calendar,
        )  # fmt: skip
        measured = [one for one in found.values() if isinstance(one, Hours)]
        saved = sum(demand_days.outcome(one, rule=rule).delivered.energy_wh for one in measured)
        if len(measured) == len(points) and (best is None or saved > best[0]):
            best = saved, day
    return best[1] if best else None


def _announced(
    program_id: int, start_at: datetime, at: datetime, planner: Actor, second: Actor, hours: int = HOURS
) -> int:
    event_id = _plan(program_id, start_at, at, planner, hours)
    demand_events.announce(event_id=event_id, at=at, actor=second)
    return event_id


def _plan(program_id: int, start_at: datetime, at: datetime, planner: Actor, hours: int = HOURS) -> int:
    new = NewEvent(
        program_id=program_id, start_at=start_at, end_at=start_at + timedelta(hours=hours), target_w=20_000
    )  # fmt: skip
    return demand_events.plan(new=new, key=f"demo-{start_at.isoformat()}", at=at, actor=planner)


def _evening(day: date) -> datetime:
    return datetime.combine(day, EVENING, tzinfo=timezone.get_current_timezone())


def _actor(role: Role) -> Actor:
    card = users.with_role(role=role)[-1]
    return Actor(ActorKind.STAFF, card.id, card.username, frozenset({role}))


def _program() -> NewProgram:
    return NewProgram(
        code=CODE,
        name_zh="晚高峰节电响应",
        name_en="Saving in the evening",
        text_zh="双方约定：供电企业可在约定时段发起需求响应，提前四小时通知；用户可在开始前一小时退出。"
        "同意按约定方法计量节约电量，并由电表在响应时段内限制功率。节约电量按每千瓦时补偿，计入账户。可随时终止。",
        text_en="The supplier may call an event, told four hours before; the customer may opt out until an hour before "
        "it. The customer agrees to be measured as agreed, and that the meter limits the power in an event. What is "
        "saved is credited by the kWh. It may be ended on any day.",
        terms=Terms(
            kind=ProgramKind.DEMAND_RESPONSE, months=12, limit_w=3_000, credit_e6=350 * 10**6, notice_minutes=240,
            opt_out_minutes=60, events_most=20,
        ),
        valid_from=date(2026, 1, 1),
        customer_classes=("residential",),
        legal_source="电力需求侧管理办法（2023年版）",
    )  # fmt: skip
