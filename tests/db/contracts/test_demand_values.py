"""What those who take part in an event used, on its day and on similar days, and why it cannot be measured."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cis.kernel.calendar import local_clock
from cis.platform import jobs
from contracts.domain.demand_days import Gap
from contracts.queries import demand_rules, demand_values
from contracts.queries.demand_values import Point
from metering.models.command import DeviceCommand
from tests.factories import accounts, contracts, demand, metering
from tests.factories.demand import DAY, START
from tests.factories.programs import joined

pytestmark = pytest.mark.django_db
END = START + timedelta(hours=2)


@pytest.fixture(autouse=True)
def _place(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    accounts.supplier()


@pytest.fixture
def program():
    return demand.program()


def measured(*parts, excluded=frozenset()):
    rule = demand_rules.rule(at=DAY).baseline
    points = [
        Point(
            part_id=part.id, account_id=part.account_id, service_point_id=part.service_point_id,
            excluded=frozenset(excluded),
        )
        for part in parts
    ]  # fmt: skip
    return demand_values.of_parts(
        start_at=START, end_at=END, points=points, rule=rule, clock=local_clock("Asia/Shanghai"),
        calendar=demand_rules.calendar(at=DAY),
    )  # fmt: skip


def test_the_hours_of_the_day_and_of_its_similar_days(program):
    _world, register = demand.home(program)
    demand.use(register, event_w=1_000)
    [part] = demand.parts(demand.announced(program))
    found = measured(part)[part.id]
    assert found.days.tolist() == [DAY.toordinal(), *sorted((day.toordinal() for day in demand.BEFORE), reverse=True)]
    assert found.event_wh.tolist() == [[1_000, 1_000], *[[4_000, 4_000]] * 5]
    assert found.before_wh.tolist() == [[1_000, 1_000]] * 6


def test_interval_values_are_primary_and_not_multiplied(program):
    world = contracts.world()
    [register] = metering.metered(is_interval=True, at=world.service_point, multiplier=40)
    joined(program, account_id=world.account.id, agreement_id=world.agreement.id, start=demand.JOINED)
    demand.use(register, event_w=1_000)
    [part] = demand.parts(demand.announced(program))
    assert measured(part)[part.id].event_wh[0].tolist() == [1_000, 1_000]


def test_days_of_who_lived_there_before_do_not_count(program):
    world, register = demand.home(program)
    demand.use(register, event_w=1_000)
    [part] = demand.parts(demand.announced(program))
    period = world.agreement.period
    type(world.agreement).objects.filter(id=world.agreement.id).update(period=(demand.BEFORE[0], None))
    assert len(measured(part)[part.id].days) == 6
    type(world.agreement).objects.filter(id=world.agreement.id).update(period=(demand.BEFORE[1], None))
    assert measured(part)[part.id] is Gap.TOO_FEW
    type(world.agreement).objects.filter(id=world.agreement.id).update(period=period)
    demand.handed_over(world, on=demand.BEFORE[1])
    assert measured(part)[part.id] is Gap.TOO_FEW


def switched(register, command, at):
    DeviceCommand.objects.create(
        meter_id=register.meter_id, command=command, state="succeeded", subject="test", subject_id=1, until=at,
        ended_at=at,
    )  # fmt: skip


def test_who_was_cut_off_saved_nothing(program):
    _world, register = demand.home(program)
    demand.use(register, event_w=0)
    [part] = demand.parts(demand.announced(program))
    switched(register, "switch_off", START - timedelta(days=1))
    assert measured(part)[part.id] is Gap.CUT
    switched(register, "switch_on", START)
    assert len(measured(part)[part.id].days) == 6
    switched(register, "switch_off", END - timedelta(minutes=1))
    assert measured(part)[part.id] is Gap.CUT


def test_who_was_dark_saved_nothing(program):
    world, register = demand.home(program)
    demand.use(register, event_w=0)
    [part] = demand.parts(demand.announced(program))
    demand.dark(world, off_at=START - timedelta(hours=3), back_at=START)
    assert len(measured(part)[part.id].days) == 6
    demand.dark(world, off_at=END - timedelta(minutes=1))
    assert measured(part)[part.id] is Gap.DARK


def test_nothing_is_guessed(program):
    _world, register = demand.home(program)
    [part] = demand.parts(demand.announced(program))
    assert measured(part)[part.id] is Gap.MISSING
    demand.use(register, event_w=1_000)
    assert measured(part, excluded={demand.BEFORE[2]})[part.id] is Gap.MISSING  # a day further back is asked for
    metering.interval_day(of=register, on=demand.BEFORE[1], values_wh=[100] * 96, quality="E", version=2)
    assert measured(part)[part.id] is Gap.ESTIMATED
    register.meter.installations.all().delete()
    assert measured(part)[part.id] is Gap.NO_METER


def test_a_thousand_parts_need_as_many_statements_as_one(program):
    for _ in range(3):
        _world, register = demand.home(program)
        demand.use(register, event_w=1_000)
    parts = demand.parts(demand.announced(program))
    counts = []
    for few in (parts[:1], parts):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            measured(*few)
        counts.append(len(asked))
    assert counts == [4, 4]
