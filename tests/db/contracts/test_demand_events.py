"""Events of demand response: two persons, those who are called, opting out, limits, and what is measured."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.domain.protections import ProtectionKind
from accounts.models.notice import Notice
from accounts.operations import protections
from accounts.operations.protections import NewProtection
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform import jobs
from contracts.domain.demand_response import NewEvent, ShortNotice, TooLate
from contracts.domain.programs import EnrollmentState
from contracts.models.demand_response import DemandEvent, EventPart
from contracts.models.program import Enrollment
from contracts.operations import demand_dispatch, demand_events, programs
from contracts.operations.demand_events import BadEvent, NobodyCalled, OwnEvent
from contracts.operations.enrollment_offers import NotOpenToAccount
from contracts.queries import demand_events as queries
from contracts.queries import programs as program_queries
from metering.domain.announcements import DeviceCommandDone
from metering.domain.device_commands import Command, CommandState
from metering.domain.outages import Answer
from metering.gateways import head_end
from metering.gateways.sandbox import Sandbox
from metering.models.command import DeviceCommand
from metering.operations import device_commands
from tests.factories import accounts, contracts, demand, metering
from tests.factories.demand import DAY, NOW, PLANNER, SECOND, START
from tests.factories.programs import CLERK, LEASE, joined, published

pytestmark = pytest.mark.django_db
LAST = START - timedelta(minutes=60, seconds=1)
END = START + timedelta(hours=2)


@pytest.fixture(autouse=True)
def _place(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    accounts.supplier()
    monkeypatch.setattr(head_end, "_bound", [])


@pytest.fixture
def program():
    return demand.program()


def state(event_id):
    return DemandEvent.objects.get(id=event_id).state


def states(event_id):
    return [(part.state, part.limit_state) for part in demand.parts(event_id)]


def customer(world):
    return Actor(ActorKind.CUSTOMER, 9, "customer", frozenset())


def leave(part, *, at=LAST, actor=CLERK, customer_id=None):
    demand_events.opt_out(part_id=part.id, customer_id=customer_id, at=at, actor=actor)


# ---- the programme ---------------------------------------------------------------------------------------------------


def test_only_supplies_whose_meters_measure_intervals_join(program):
    world, _register = demand.home()
    counter = contracts.world()
    metering.metered(at=counter.service_point)
    open_to = [program_queries.open_to(account_id=one.account.id, day=demand.JOINED) for one in (world, counter)]
    assert [len(found) for found in open_to] == [1, 0]
    with pytest.raises(NotOpenToAccount):
        joined(program, account_id=counter.account.id, start=demand.JOINED)


def test_it_is_ended_as_a_package_and_costs_nothing(program):
    world, _register = demand.home(program)
    row = Enrollment.objects.get(account=world.account)
    assert (row.state, row.rows.count()) == (EnrollmentState.RUNNING, 0)
    with pytest.raises(programs.WrongProgramKind):
        programs.settle_early(enrollment_id=row.id, on_date=DAY, today=DAY, actor=CLERK)
    programs.end(enrollment_id=row.id, on_date=DAY, today=DAY, actor=CLERK)
    row.refresh_from_db()
    assert row.state == EnrollmentState.ENDED


# ---- planning --------------------------------------------------------------------------------------------------------


def test_one_plans_and_another_lets_go(program):
    world, _register = demand.home(program)
    event_id = demand.planned(program)
    with pytest.raises(OwnEvent):
        demand_events.announce(event_id=event_id, at=NOW, actor=PLANNER)
    assert (state(event_id), Notice.objects.filter(event__startswith="demand").count()) == ("planned", 0)
    assert demand_events.announce(event_id=event_id, at=NOW, actor=SECOND) == 1
    [told] = Notice.objects.filter(event="demand_event_announced", channel="inbox")
    assert told.customer_id == world.customer.id
    assert "2026-07-15 17:00" in told.body
    assert "2026-07-15 16:00" in told.body  # until when one may opt out
    with pytest.raises(IllegalMove):
        demand_events.announce(event_id=event_id, at=NOW, actor=SECOND)


def test_the_same_key_is_the_same_event(program):
    new = NewEvent(program_id=program.id, start_at=START, end_at=END, target_w=1)
    made = [demand_events.plan(new=new, key="k", at=NOW, actor=PLANNER) for _ in range(2)]
    assert made[0] == made[1]


def test_what_cannot_be_planned(program):
    new = NewEvent(program_id=program.id, start_at=START, end_at=END, target_w=1)
    with pytest.raises(NotAllowed):
        demand_events.plan(new=new, key="a", at=NOW, actor=CLERK)
    with pytest.raises(BadEvent):
        demand_events.plan(new=replace(new, end_at=START), key="a", at=NOW, actor=PLANNER)
    with pytest.raises(BadEvent):
        demand_events.plan(new=replace(new, program_id=published(LEASE).id), key="a", at=NOW, actor=PLANNER)
    with pytest.raises(ShortNotice):
        demand_events.plan(new=new, key="a", at=START - timedelta(hours=3), actor=PLANNER)
    assert not DemandEvent.objects.exists()


def test_who_hears_of_it_too_late_is_not_called(program):
    demand.home(program)
    event_id = demand.planned(program)
    with pytest.raises(ShortNotice):
        demand_events.announce(event_id=event_id, at=START - timedelta(minutes=239), actor=SECOND)
    demand_dispatch.work(START)
    assert state(event_id) == "called_off"


def test_a_programme_has_at_most_its_events_and_those_called_off_do_not_count():
    program = demand.program(changed={"events_most": 1})
    first = demand.planned(program)
    with pytest.raises(BadEvent):
        demand.planned(program, start_at=START + timedelta(days=1))
    demand_events.call_off(event_id=first, reason="rain", at=NOW, actor=PLANNER)
    demand.planned(program, start_at=START + timedelta(days=1))


def test_the_feeder_says_who_is_called_and_nobody_is_called_twice(program):
    feeder = metering.feeder()
    under = metering.transformer(at=feeder)
    near, _register = demand.home(program)
    far, _register = demand.home(program)
    near.service_point.transformer = under
    near.service_point.save()
    event_id = demand.announced(program, feeder_id=feeder.id)
    assert [part.account_id for part in demand.parts(event_id)] == [near.account.id]
    everywhere = demand.planned(program, start_at=START + timedelta(hours=1))
    assert demand_events.announce(event_id=everywhere, at=NOW, actor=SECOND) == 1
    assert [part.account_id for part in demand.parts(everywhere)] == [far.account.id]
    again = demand.planned(program)
    with pytest.raises(NobodyCalled):
        demand_events.announce(event_id=again, at=NOW, actor=SECOND)


def test_who_is_cut_off_is_not_called(program, monkeypatch):
    dark, _register = demand.home(program)
    lit, _register = demand.home(program)
    monkeypatch.setattr(
        demand_events.outage_places, "cut_off", lambda *, service_point_ids, at: {dark.service_point.id: Answer.CUT}
    )
    assert [part.account_id for part in demand.parts(demand.announced(program))] == [lit.account.id]


def test_events_are_let_go_one_after_the_other(program):
    """Two at once would each see nobody called by the other: while one is let go, the next waits."""
    demand.home(program)
    event_id = demand.planned(program)
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('demand_event'))")
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '50ms'")
        with pytest.raises(OperationalError):
            demand_events.announce(event_id=event_id, at=NOW, actor=SECOND)
        other.rollback()
    finally:
        other.close()
    assert demand_events.announce(event_id=event_id, at=NOW, actor=SECOND) == 1


def test_called_off_it_is_told_and_over(program):
    demand.home(program)
    event_id = demand.announced(program)
    with pytest.raises(demand_events.ReasonMissing):
        demand_events.call_off(event_id=event_id, reason=" ", at=NOW, actor=PLANNER)
    demand_events.call_off(event_id=event_id, reason="storm", at=NOW, actor=PLANNER)
    assert (state(event_id), states(event_id)) == ("called_off", [("called_off", "")])
    assert "storm" in Notice.objects.get(event="demand_event_called_off", channel="inbox").body
    demand_dispatch.work(END)
    assert state(event_id) == "called_off"


def test_the_database_knows_that_two_decide(program):
    event_id = demand.planned(program)
    with pytest.raises(IntegrityError), transaction.atomic():
        DemandEvent.objects.filter(id=event_id).update(announced_at=NOW, decider_id=PLANNER.id)


# ---- opting out ------------------------------------------------------------------------------------------------------


def test_one_opts_out_until_a_second_before_it_is_too_late(program, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: START)
    demand.home(program)
    demand.home(program)
    event_id = demand.announced(program)
    first, second = demand.parts(event_id)
    leave(first)
    leave(first)
    with pytest.raises(TooLate):
        leave(second, at=LAST + timedelta(seconds=1))
    demand_dispatch.work(START)
    assert states(event_id) == [("opted_out", ""), ("taking_part", "none")]
    with pytest.raises(IllegalMove):
        leave(second)


def test_a_customer_leaves_their_own_part_alone(program):
    mine, _register = demand.home(program)
    other, _register = demand.home(program)
    part = demand.parts(demand.announced(program))[0]
    with pytest.raises(queries.UnknownPart):
        leave(part, actor=customer(other), customer_id=other.customer.id)
    leave(part, actor=customer(mine), customer_id=mine.customer.id)
    part.refresh_from_db()
    assert (part.state, part.opted_out_at) == ("opted_out", LAST)


def test_an_event_is_of_who_holds_the_account_on_its_day(program):
    head_end.use(Sandbox())
    world, _register = demand.home(program)
    new = demand.handed_over(world, on=DAY - timedelta(days=1))
    spared = NewProtection(
        account_id=world.account.id, kind=ProtectionKind.LIFE_SUPPORT, told="by telephone", person=""
    )
    protections.register(new=spared, at=NOW, actor=CLERK)
    event_id = demand.announced(program)
    [part] = demand.parts(event_id)
    assert Notice.objects.get(event="demand_event_announced", channel="inbox").customer_id == new.id
    shown = {
        who.id: len(queries.of_customer(account_id=world.account.id, customer_id=who.id))
        for who in (world.customer, new)
    }
    assert shown == {world.customer.id: 0, new.id: 1}
    card = queries.part(part_id=part.id).card
    assert (card.customer_id, card.customer_name) == (new.id, new.name)
    with pytest.raises(queries.UnknownPart):
        leave(part, actor=customer(world), customer_id=world.customer.id)
    demand_dispatch.work(START)
    assert states(event_id) == [("taking_part", "none")]


# ---- by the clock ----------------------------------------------------------------------------------------------------


def test_it_begins_tells_the_meters_and_ends(program, monkeypatch):
    head_end.use(Sandbox())
    _world, register = demand.home(program)
    event_id = demand.announced(program)
    demand_dispatch.work(START - timedelta(seconds=1))
    assert (state(event_id), states(event_id)) == ("announced", [("called", "")])
    monkeypatch.setattr("django.utils.timezone.now", lambda: START)
    demand_dispatch.work(START)
    demand_dispatch.work(START)
    assert (state(event_id), states(event_id)) == ("running", [("taking_part", "ordered")])
    [command] = DeviceCommand.objects.all()
    assert (command.meter_id, command.command) == (register.meter_id, Command.DEMAND_LIMIT)
    assert (command.value_w, command.value_until, command.until) == (2_000, END, END)
    [part] = demand.parts(event_id)
    for outcome, expected in ((CommandState.TIMED_OUT, "failed"), (CommandState.SUCCEEDED, "set")):
        with transaction.atomic():
            demand_dispatch.note_command(
                DeviceCommandDone(
                    command_id=command.id, meter_id=register.meter_id, command=Command.DEMAND_LIMIT,
                    subject=command.subject, subject_id=part.id, outcome=outcome, at=START,
                )
            )  # fmt: skip
        assert states(event_id) == [("taking_part", expected)]
    demand_dispatch.work(END)
    assert state(event_id) == "ended"


def test_who_limits_nothing_is_told_nothing():
    head_end.use(Sandbox())
    program = demand.program(changed={"limit_w": 0})
    demand.home(program)
    event_id = demand.announced(program)
    demand_dispatch.work(START)
    assert (states(event_id), DeviceCommand.objects.count()) == ([("taking_part", "none")], 0)


def test_a_limit_that_holds_already_stays(program, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: START)
    head_end.use(Sandbox())
    _world, told = demand.home(program)
    _world, telling = demand.home(program)
    _world, over = demand.home(program)
    type(told.meter).objects.filter(id=told.meter_id).update(demand_limit_w=1_000)
    type(told.meter).objects.filter(id=over.meter_id).update(demand_limit_w=1_000, demand_limit_until=START)
    device_commands.order(meter_id=telling.meter_id, command=Command.DEMAND_LIMIT, actor=PLANNER, value_w=5_000)
    event_id = demand.announced(program)
    demand_dispatch.work(START)
    assert [limit for _state, limit in states(event_id)] == ["kept", "kept", "ordered"]
    assert DeviceCommand.objects.filter(subject="demand_event_part").count() == 1


def test_who_lives_by_electricity_is_never_limited(program):
    head_end.use(Sandbox())
    world, _register = demand.home(program)
    new = NewProtection(account_id=world.account.id, kind=ProtectionKind.LIFE_SUPPORT, told="by telephone", person="")
    protections.register(new=new, at=NOW, actor=CLERK)
    event_id = demand.announced(program)
    demand_dispatch.work(START)
    assert (states(event_id), DeviceCommand.objects.count()) == ([("taking_part", "none")], 0)


def test_whose_enrolment_ended_before_it_does_not_take_part(program):
    world, _register = demand.home(program)
    demand.home(program)
    event_id = demand.announced(program)
    row = Enrollment.objects.get(account=world.account)
    programs.end(enrollment_id=row.id, on_date=DAY, today=DAY - timedelta(days=1), actor=CLERK)
    demand_dispatch.work(START)
    assert [state for state, _limit in states(event_id)] == ["called_off", "taking_part"]


def test_a_worker_that_comes_late_begins_and_ends_it_at_once(program):
    head_end.use(Sandbox())
    demand.home(program)
    event_id = demand.announced(program)
    demand_dispatch.work(END + timedelta(hours=5))
    assert (state(event_id), states(event_id)) == ("ended", [("taking_part", "none")])
    assert not DeviceCommand.objects.exists()


def test_pages_ask_as_often_for_many_as_for_one(program):
    for _ in range(2):
        demand.home(program)
    event_id = demand.announced(program)
    demand.planned(program, start_at=START + timedelta(days=1))
    with CaptureQueriesContext(connection) as asked:
        cards = queries.listed(wanted=queries.Wanted(state="coming"))
    assert ([card.called for card in cards], len(asked)) == ([0, 2], 2)
    with CaptureQueriesContext(connection) as asked:
        assert len(queries.parts(event_id=event_id)) == 2
    assert len(asked) == 1
    assert EventPart.objects.count() == 2
    assert SYSTEM.person_id is None
