"""Alarms of meters: they make, join and end outages like reports do, each counts once, and a storm is one outage."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F, Sum
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models.notice import Notice
from accounts.operations import mailings
from cis.kernel.actors import SYSTEM
from cis.kernel.workflow import NotAllowed
from cis.platform import outbox
from cis.platform.models import AuditEvent, Deadline
from metering.domain.meter_alarms import POWER, AlarmKind, NewAlarm
from metering.domain.outages import Answer, Cause, FaultKind, Scope
from metering.models.alarm import MeterAlarm
from metering.models.outage import Outage, OutageSupply, PlannedOutage
from metering.models.work import WorkOrder
from metering.operations import meter_alarms, outage_decisions, outages, planned_outages
from metering.queries import outages as queries
from metering.queries import reliability
from tests.factories import accounts, metering
from tests.factories.outages import CLERK, PLANNER, hung, new, send, street

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def supplier(db):
    return accounts.supplier()


def answers():
    return sorted(MeterAlarm.objects.values_list("answer", flat=True))


def card_of(outage_id):
    return queries.one(outage_id=outage_id)


def report(point, **values):
    return outages.report(new=new(point, **values), actor=CLERK)


def test_reports_and_alarms_beside_one_another_are_one_outage():
    made = street(lived_in=False)
    serials, (first, second, third) = hung(made), made.points[0]
    outage_id = report(first).outage_id
    taken = send((serials[second.id], "off", -1))
    assert (taken.kept, taken.outages) == (1, (outage_id,))
    card = card_of(outage_id)
    assert (card.scope, card.supplies, card.reports, card.meters) == (Scope.TRANSFORMER, 3, 1, 1)
    assert report(third).answer is Answer.KNOWN
    assert send((serials[made.points[1][0].id], "off", 0)).outages == (outage_id,)
    assert (card_of(outage_id).scope, card_of(outage_id).supplies) == (Scope.FEEDER, 6)
    assert WorkOrder.objects.filter(kind="repair").count() == 1
    alone = street(transformers=1, lived_in=False)
    single_id = send((hung(alone)[alone.points[0][0].id], "off", 0)).outages[0]
    assert report(alone.points[0][1]).outage_id == single_id, "an alarm alone is an outage that a report widens"


def test_what_says_nothing_of_current_makes_no_outage():
    made = street(transformers=1, lived_in=False)
    serial = hung(made)[made.points[0][0].id]
    now = timezone.now()
    others = [NewAlarm(serial=serial, kind=kind, occurred_at=now) for kind in AlarmKind if kind not in POWER]
    taken = meter_alarms.take(alarms=others, actor=SYSTEM)
    came = ["case", *["suspicion"] * 3, *["work"] * 4]
    assert (taken.kept, taken.outages, answers()) == (8, (), came)
    assert send((serial, "off", 1)).outages == (Outage.objects.get().id,)
    assert not OutageSupply.objects.get().back_at


def test_one_alarm_twice_counts_once_and_what_is_late_or_unknown_makes_nothing():
    made = street(transformers=1, lived_in=False)
    one, two, three = hung(made).values()
    now = timezone.now()
    alarm = NewAlarm(serial=one, kind=AlarmKind.POWER_OFF, occurred_at=now)
    first = meter_alarms.take(alarms=[alarm, alarm], actor=SYSTEM)
    again = meter_alarms.take(alarms=[alarm], actor=SYSTEM)
    assert (first.kept, again.kept, again.outages) == (1, 0, ())
    nobody = metering.meter().serial
    taken = send(("77", "off", 0), (nobody, "off", 0), (two, "off", -9), (two, "on", -8), (three, "on", -5))
    assert (taken.kept, taken.unknown, taken.outages) == (4, ("77",), ())
    assert (send((three, "off", -7)).outages, answers().count("brief")) == ((), 2)
    assert Outage.objects.get().supplies.count() == 1
    with pytest.raises(meter_alarms.BadAlarms):
        send((one, "off", 30))
    with pytest.raises(NotAllowed):
        send((one, "off", 0), actor=CLERK)


def test_meters_that_have_current_again_end_the_outage_but_not_where_people_are_in_danger():
    made = street()
    serials = list(hung(made).values())
    outage_id = send(*((serial, "off", -30) for serial in serials)).outages[0]
    send(*((serial, "on", -10) for serial in serials[:4]), (serials[5], "on", -40))
    card = card_of(outage_id)
    assert (card.state, card.supplies, card.dark) == ("supposed", 6, 2)
    assert [row.dark for row in queries.branches(outage_id=outage_id)] == [0, 2]
    taken = send((serials[4], "on", -5), (serials[5], "on", -4))
    card = card_of(outage_id)
    assert (taken.outages, card.state, card.dark, card.order_state) == ((outage_id,), "restored", 0, "cancelled")
    assert timezone.now() - card.restored_at > 3 * MINUTE, "since the meter says so, not since we heard it"
    while outbox.deliver_due():
        pass
    assert Notice.objects.filter(event="outage_restored", channel="sms").count() == 6
    other_id = send((serials[0], "off", -3)).outages[0]
    assert other_id != outage_id
    report(made.points[0][0], kind=FaultKind.LINE_DOWN)
    send((serials[0], "on", -1))
    assert (card_of(other_id).dark, card_of(other_id).state) == (0, "supposed"), "somebody must look at the wire"


def test_a_supply_that_was_back_and_is_dark_again_is_of_the_same_outage():
    made = street(transformers=1, lived_in=False)
    serials, (first, second, third) = hung(made), made.points[0]
    outage_id = send(*((serial, "off", -30) for serial in serials.values())).outages[0]
    send((serials[first.id], "on", -20), (serials[second.id], "on", -20))
    assert send((serials[first.id], "off", -10)).outages == (outage_id,)
    assert report(second).outage_id == outage_id
    card = card_of(outage_id)
    assert (card.supplies, card.dark, Outage.objects.count()) == (3, 3, 1)
    assert OutageSupply.objects.filter(outage=outage_id, service_point=first).count() == 2, "it counts twice in SAIFI"
    assert send((serials[second.id], "off", -25)).outages == (), "late: of the time before it was back"
    outage_decisions.restore(outage_id=outage_id, cause=Cause.CABLE, note="", at=None, actor=CLERK)
    assert report(third).outage_id != outage_id, "dark again after its end is a new one"


def test_an_outage_began_when_the_first_meter_says_so_and_its_clocks_run_since_it_was_reported():
    made = street(transformers=1, supplies=4, lived_in=False)
    serials, (first, second, third, fourth) = hung(made), made.points[0]
    outage_id = report(first).outage_id
    report(second)
    row, due = Outage.objects.get(), set(Deadline.objects.values_list("due_at", flat=True))
    send((serials[third.id], "off", -8), (serials[second.id], "off", -7))
    began_at = MeterAlarm.objects.get(service_point=third).occurred_at
    own = MeterAlarm.objects.get(service_point=second).occurred_at
    dark = OutageSupply.objects.order_by("service_point_id").values_list("off_at", flat=True)
    assert list(dark) == [began_at, own, began_at, began_at]
    send((serials[fourth.id], "off", -300))
    alone = OutageSupply.objects.get(service_point=fourth)
    assert alone.off_at == MeterAlarm.objects.get(service_point=fourth).occurred_at, "of its own cause before"
    told = AuditEvent.objects.filter(action="begin_sooner").order_by("id").values_list("detail", flat=True)
    assert [one["supplies"] for one in told] == [4, 1]
    outage_decisions.restore(outage_id=outage_id, cause=Cause.CABLE, note="", at=None, actor=CLERK)
    restored_at = Outage.objects.get().restored_at
    assert send((serials[first.id], "off", -12)).outages == (outage_id,)
    card = card_of(outage_id)
    assert (card.began_at, card.found_at, card.restored_at) == (
        MeterAlarm.objects.get(service_point=first).occurred_at, row.found_at, restored_at,
    )  # fmt: skip
    assert set(Deadline.objects.values_list("due_at", flat=True)) == due
    dark = OutageSupply.objects.aggregate(seconds=Sum(F("back_at") - F("off_at")))["seconds"]
    since = timezone.localdate(alone.off_at).replace(day=1)
    counted = reliability.of_months(since=since, months=2, zone_name=timezone.get_default_timezone_name())
    assert abs(counted.total.seconds - dark.total_seconds()) <= 4
    lone = street(transformers=1, lived_in=False)
    point = lone.points[0][0]
    single_id = report(point).outage_id
    outage_decisions.restore(outage_id=single_id, cause=Cause.CABLE, note="", at=None, actor=CLERK)
    assert send((hung(lone)[point.id], "off", -60)).outages == (), "current is back since: nobody is sent"


def test_a_wider_outage_leaves_out_whom_their_meter_says_that_they_have_current():
    made = street(lived_in=False)
    serials = hung(made)
    lit = made.points[0][2]
    report(made.points[0][0])
    send((serials[lit.id], "on", 1))
    outage_id = report(made.points[1][0]).outage_id
    dark = set(OutageSupply.objects.filter(outage=outage_id).values_list("service_point_id", flat=True))
    assert dark == {point.id for point in made.all_points} - {lit.id}


def test_where_a_planned_outage_is_on_alarms_make_none_and_dangers_make_one():
    made = street(transformers=1, lived_in=False)
    serials = hung(made)
    bank = made.transformers[0]
    start = timezone.now() + timedelta(days=9)
    plan = planned_outages.NewPlan(
        asset="transformer", asset_id=bank.id, notice=planned_outages.Notice.PLANNED, start_at=start,
        end_at=start + timedelta(hours=2), work="cable",
    )  # fmt: skip
    plan_id = planned_outages.propose(new=plan, actor=PLANNER)
    PlannedOutage.objects.update(start_at=timezone.now() - MINUTE)
    on_id = planned_outages.begin(plan_id=plan_id, actor=SYSTEM)
    send(*((serial, "off", 0) for serial in serials.values()))
    assert (answers(), Outage.objects.count()) == (["planned"] * 3, 1)
    point = made.points[0][0]
    for kind in (FaultKind.DANGER, FaultKind.LINE_DOWN, FaultKind.DANGER):
        danger = report(point, kind=kind)
    assert (Outage.objects.count(), danger.answer) == (2, Answer.KNOWN)
    assert danger.outage_id != on_id
    assert WorkOrder.objects.filter(kind="repair").count() == 1
    mailings.work(timezone.now())
    send(*((serial, "on", 1) for serial in serials.values()))
    assert (card_of(on_id).state, PlannedOutage.objects.get().state) == ("restored", "done")


def test_a_storm_is_taken_in_as_many_statements_as_a_breeze():
    counts = []
    for supplies in (6, 60):
        made = street(transformers=2, supplies=supplies, lived_in=False)
        serials = hung(made)
        with CaptureQueriesContext(connection) as asked:
            taken = send(*((serial, "off", -1) for serial in serials.values()))
        with CaptureQueriesContext(connection) as back:
            send(*((serial, "on", 0) for serial in serials.values()))
        card = card_of(taken.outages[0])
        assert (len(taken.outages), card.supplies, card.state, card.meters) == (
            1,
            2 * supplies,
            "restored",
            2 * supplies,
        )
        counts.append((len(asked), len(back)))
    assert counts[0] == counts[1]


def test_what_a_head_end_tells_of_last_week_sends_nobody_but_ends_what_is_dark():
    made = street(transformers=1)
    serial = hung(made)
    first, second = made.points[0][:2]
    day = 24 * 60
    assert send((serial[first.id], "off", -7 * day)).outages == ()
    assert (answers(), Outage.objects.count()) == (["nothing"], 0)
    outage_id = report(second).outage_id
    Outage.objects.update(began_at=timezone.now() - 3 * day * MINUTE)
    OutageSupply.objects.update(off_at=timezone.now() - 3 * day * MINUTE)
    assert send((serial[second.id], "on", -2 * day)).outages == (outage_id,)
    assert card_of(outage_id).state == "restored"
