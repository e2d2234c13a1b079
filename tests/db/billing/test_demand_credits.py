"""Credits of demand response: measured or not credited, one note an event and account, taken back with its points."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models.care import PointsEntry
from accounts.models.notice import Notice
from accounts.operations import points
from accounts.queries import points as point_queries
from billing.models.bill import Bill
from billing.models.ledger import Transfer
from billing.operations import demand_credits, proof
from billing.queries import balances
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform import jobs
from contracts.models.charge import OneOffCharge
from contracts.models.demand_response import EventPart
from contracts.operations import demand_dispatch
from contracts.operations.demand_settling import NoReasonToTakeBack, NotMeasured, OwnSettlement
from contracts.queries import demand_events as queries
from metering.gateways import head_end
from tests.factories import accounts, billing, demand, metering
from tests.factories.demand import BEFORE, BILLER, DAY, OTHER_BILLER, PLANNER, START

pytestmark = pytest.mark.django_db
END = START + timedelta(hours=2)
MORNING = START + timedelta(hours=12)
SETTLED = DAY + timedelta(days=1)


@pytest.fixture(autouse=True)
def _place(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    monkeypatch.setattr(head_end, "_bound", [])
    accounts.supplier()


@pytest.fixture
def program():
    return demand.program()


def over(program):
    """An event that has ended."""
    event_id = demand.announced(program)
    demand_dispatch.work(END)
    return event_id


def home(program, **values):
    world, register = demand.home(program)
    if values:
        demand.use(register, **values)
    return world, register


def part_of(world):
    return EventPart.objects.get(account=world.account)


def owed(world):
    return balances.of_account(account_id=world.account.id, today=SETTLED).balance_minor


def moves(note_id):
    return {
        (t.debit.code, t.credit.code, t.amount_minor) for t in Transfer.objects.filter(source_id=note_id, kind="bill")
    }


def earn(day=SETTLED):
    return points.earn(source="demand_event", day=day, rule=point_queries.rule(at=day))


def balance(world):
    return point_queries.standing(customer_id=world.customer.id, today=SETTLED).balance


def test_what_was_saved_is_credited_by_a_note_with_its_arithmetic(program):
    """4 kWh an hour before, 1 kWh on the day, and 10 % more in the hours before: 2 x (4.4 - 1) = 6.8 kWh, 20.40."""
    world, _register = home(program, event_w=1_000, today_w=1_100)
    event_id = over(program)
    assert demand_credits.settle(event_id=event_id, at=MORNING, actor=BILLER) == 0
    part = part_of(world)
    assert (part.state, part.baseline_wh, part.actual_wh) == ("settled", 8_800, 2_000)
    assert (part.delivered_wh, part.delivered_w, part.credit_minor) == (6_800, 3_400, 2_040)
    assert (part.factor_e6, part.before_wh, part.turn) == (1_100_000, 2_200, 1)
    assert moves(part.note_id) == {("expense.demand", f"customer.{world.account.id}", 2_040)}
    assert owed(world) == -2_040
    [charge] = OneOffCharge.objects.filter(account=world.account)
    assert (charge.kind, charge.amount_minor, charge.reason) == (
        "demand_response", -2_040, "示范项目 2026-07-15 6.800 kWh",
    )  # fmt: skip
    told = Notice.objects.get(event="demand_event_settled", channel="inbox")
    assert "6.800" in told.body
    assert "20.40" in told.body
    detail = queries.part(part_id=part.id)
    assert [(row.day, row.is_highest) for row in detail.days] == [
        (day, day != BEFORE[0]) for day in sorted(BEFORE, reverse=True)
    ]  # all alike: the earliest of five is not among the four
    assert [(row.baseline_wh, row.actual_wh) for row in detail.hours] == [(4_400, 1_000)] * 2
    assert (detail.mean_wh, detail.mean_before_wh) == (8_000, 2_000)
    assert queries.one(event_id=event_id).delivered_w == 3_400
    assert proof.verify() == ()


def test_it_pays_what_is_owed(program):
    world, _register = home(program, event_w=1_000)
    bill = billing.issued(world=world)
    event_id = over(program)
    demand_credits.settle(event_id=event_id, at=MORNING, actor=BILLER)
    assert owed(world) == bill.amount_minor - 1_800
    assert sum(bill.allocations.values_list("amount_minor", flat=True)) == 1_800


def test_who_used_more_delivered_nothing_and_gets_no_note(program):
    world, _register = home(program, event_w=9_000)
    demand_credits.settle(event_id=over(program), at=MORNING, actor=BILLER)
    part = part_of(world)
    assert (part.state, part.delivered_wh, part.credit_minor, part.note_id) == ("settled", 0, 0, None)
    assert (owed(world), Bill.objects.count(), earn()) == (0, 0, 0)


def test_settled_again_it_is_one_credit(program):
    home(program, event_w=1_000)
    event_id = over(program)
    demand_credits.night(MORNING)
    demand_credits.night(MORNING + timedelta(days=1))
    with pytest.raises(IllegalMove):
        demand_credits.settle(event_id=event_id, at=MORNING, actor=BILLER)
    assert (OneOffCharge.objects.count(), Bill.objects.count()) == (1, 1)
    charge = OneOffCharge.objects.get()
    charge.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        charge.save(force_insert=True)


def test_it_waits_for_all_days_and_credits_nobody_before(program):
    whole, _register = home(program, event_w=1_000)
    late, register = home(program)
    event_id = over(program)
    assert demand_credits.settle(event_id=event_id, at=MORNING, actor=BILLER) == 1
    assert (part_of(whole).state, part_of(late).gap) == ("taking_part", "values_missing")
    assert not Bill.objects.exists()
    demand.use(register, event_w=2_000)
    assert demand_credits.settle(event_id=event_id, at=MORNING, actor=BILLER) == 0
    assert (part_of(whole).credit_minor, part_of(late).credit_minor, part_of(late).gap) == (1_800, 1_200, "")


def test_who_was_dark_is_not_credited_and_nobody_waits_for_it(program):
    whole, _register = home(program, event_w=1_000)
    dark, _register = home(program, event_w=0)
    event_id = over(program)
    demand.dark(dark, off_at=START, back_at=END)
    assert demand_credits.settle(event_id=event_id, at=MORNING, actor=BILLER) == 0
    assert (part_of(whole).state, owed(whole)) == ("settled", -1_800)
    assert (part_of(dark).state, part_of(dark).gap, owed(dark)) == ("unmeasured", "supply_was_dark", 0)


def test_what_never_comes_is_left_out_and_told_and_settled_when_it_comes_after_all(program):
    whole, _register = home(program, event_w=1_000)
    dead, register = home(program)
    event_id = over(program)
    demand_credits.night(END + timedelta(days=30))
    assert queries.one(event_id=event_id).state == "ended"
    demand_credits.night(END + timedelta(days=31))
    assert (part_of(whole).state, part_of(dead).state) == ("settled", "unmeasured")
    assert Notice.objects.get(event="demand_event_unmeasured", channel="inbox").customer_id == dead.customer.id
    with pytest.raises(NotMeasured):
        demand_credits.settle_again(part_id=part_of(dead).id, at=MORNING, actor=BILLER)
    demand.use(register, event_w=1_000)
    demand_credits.settle_again(part_id=part_of(dead).id, at=MORNING, actor=BILLER)
    assert (part_of(dead).state, part_of(dead).credit_minor, owed(dead)) == ("settled", 1_800, -1_800)
    assert proof.verify() == ()


def test_it_is_taken_back_by_another_with_its_points_and_settled_anew(program):
    world, register = home(program, event_w=1_000)
    demand_credits.settle(event_id=over(program), at=MORNING, actor=BILLER)
    part = part_of(world)
    assert [earn(), earn()] == [1, 0]
    assert balance(world) == 30
    with pytest.raises(OwnSettlement):
        demand_credits.take_back(part_id=part.id, reason="wrong meter", at=MORNING, actor=BILLER)
    with pytest.raises(NotAllowed):
        demand_credits.take_back(part_id=part.id, reason="wrong meter", at=MORNING, actor=PLANNER)
    with pytest.raises(NoReasonToTakeBack):
        demand_credits.take_back(part_id=part.id, reason=" ", at=MORNING, actor=OTHER_BILLER)
    demand_credits.take_back(part_id=part.id, reason="wrong meter", at=MORNING, actor=OTHER_BILLER)
    with pytest.raises(IllegalMove):
        demand_credits.take_back(part_id=part.id, reason="wrong meter", at=MORNING, actor=OTHER_BILLER)
    assert (part_of(world).state, owed(world), balance(world)) == ("taken_back", 0, 0)
    assert PointsEntry.objects.filter(kind="reverse").count() == 1
    metering.interval_day(of=register, on=DAY, values_wh=[500] * 96, version=2)
    demand_credits.settle_again(part_id=part.id, at=MORNING, actor=OTHER_BILLER)
    again = part_of(world)
    assert (again.state, again.turn, again.delivered_wh, again.credit_minor) == ("settled", 2, 5_600, 1_680)
    assert (owed(world), Notice.objects.filter(event="demand_event_settled", channel="inbox").count()) == (-1_680, 2)
    assert [earn(), earn()] == [1, 0]
    assert balance(world) == 30
    assert proof.verify() == ()


def test_days_of_other_events_are_not_similar(program):
    """On the day of an event before, little was used: a day further back counts in its place."""
    world, register = home(program, event_w=1_000)
    before = demand.announced(program, start_at=START - timedelta(days=1), at=demand.NOW - timedelta(days=1))
    event_id = over(program)
    assert queries.one(event_id=before).state == "ended"
    metering.interval_day(of=register, on=DAY - timedelta(days=8), values_wh=[1_000] * 96)
    metering.interval_day(of=register, on=DAY - timedelta(days=9), values_wh=[1_000] * 96)
    demand_credits.settle(event_id=event_id, at=MORNING, actor=BILLER)
    days = [row.day for row in queries.part(part_id=EventPart.objects.get(event_id=event_id).id).days]
    assert DAY - timedelta(days=1) not in days
    assert len(days) == 5
    assert owed(world) == -1_800


def test_hours_in_which_another_event_was_on_adjust_nothing(program):
    """Who saved in the two hours before as well would be expected to use 20 % less after them."""
    world, _register = home(program, event_w=1_000, today_w=100)
    demand.announced(program, start_at=START - timedelta(hours=1), hours=1)
    event_id = over(program)
    demand_credits.settle(event_id=event_id, at=MORNING, actor=BILLER)
    part = EventPart.objects.get(event_id=event_id)
    assert (part.account_id, part.factor_e6, part.delivered_wh) == (world.account.id, 1_000_000, 6_000)


def test_a_settlement_needs_as_many_statements_for_many_as_for_few(program):
    counts = []
    for homes in (2, 5):
        own = demand.program(changed={"credit_e6": 10**8})
        for _ in range(homes):
            home(own, event_w=1_000)
        event_id = over(own)
        with CaptureQueriesContext(connection) as asked:
            demand_credits.settle(event_id=event_id, at=MORNING, actor=BILLER)
        counts.append(len(asked))
    assert counts[0] == counts[1]
