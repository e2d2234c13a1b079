"""Planned outages: announced in time, to the affected alone, by two above the bound; moved and called off."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models.notice import Mailing, Notice
from accounts.operations import mailings
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform import outbox
from metering.domain.outages import Answer, Cause
from metering.domain.planned_outages import NewPlan, ShortNotice
from metering.domain.planned_outages import Notice as Length
from metering.models.outage import Outage, PlannedOutage
from metering.models.place import ServicePoint
from metering.operations import outage_decisions, outages, planned_outages
from metering.queries import outages as outage_queries
from metering.queries import planned_outages as queries
from metering.queries import reliability
from tests.factories import accounts
from tests.factories.outages import CLERK, PLANNER, new, street

pytestmark = pytest.mark.django_db(transaction=True)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def supplier(db):
    return accounts.supplier()


def plan(bank, *, after=8 * DAY, notice=Length.PLANNED, reason=""):
    start = timezone.now() + after
    return NewPlan(
        asset="transformer", asset_id=bank.id, start_at=start, end_at=start + 4 * HOUR, notice=notice, work="换电缆",
        reason=reason,
    )  # fmt: skip


def propose(bank, **values):
    return planned_outages.propose(new=plan(bank, **values), actor=PLANNER)


def let_go(plan_id):
    mailings.approve(mailing_id=queries.one(plan_id=plan_id).mailing_id, actor=CLERK)
    deliver()


def deliver():
    mailings.work(timezone.now())
    while outbox.deliver_due():
        pass


def test_a_planned_outage_is_told_to_its_supplies_alone_and_begins_and_ends_as_an_outage():
    made = street()
    plan_id = propose(made.transformers[0])
    assert (queries.one(plan_id=plan_id).state, Notice.objects.count()) == ("proposed", 0)
    let_go(plan_id)
    card = queries.one(plan_id=plan_id)
    told = Notice.objects.filter(event="outage_planned", channel="sms", mailing_id=card.mailing_id)
    assert (card.state, card.told, told.count()) == ("announced", 3, 3)
    assert "换电缆" in told.first().body
    assert [one.id for one in queries.coming_to(
        service_point_ids=[made.points[0][0].id], at=timezone.now()
    )] == [plan_id]  # fmt: skip
    planned_outages.work(timezone.now() + 7 * DAY)
    assert not Outage.objects.exists(), "its time has not come"
    PlannedOutage.objects.update(start_at=timezone.now() - HOUR)
    planned_outages.work(timezone.now())
    outage = outage_queries.listed(wanted=outage_queries.Wanted(kind="planned"))[0]
    assert (outage.supplies, outage.cause, outage.order_id) == (3, "works", None)
    said = outages.report(new=new(made.points[0][1]), actor=CLERK)
    assert (said.answer, said.plan_id, said.outage_id) == (Answer.PLANNED, plan_id, outage.id)
    assert outages.report(new=new(made.points[1][0]), actor=CLERK).answer is Answer.NEW
    outage_decisions.restore(outage_id=outage.id, cause=Cause.WORKS, note="", at=None, actor=PLANNER)
    assert queries.one(plan_id=plan_id).state == "done"


def begun(bank):
    plan_id = propose(bank, after=HOUR, notice=Length.EMERGENCY, reason="the pole leans")
    let_go(plan_id)
    return plan_id, planned_outages.begin(plan_id=plan_id, actor=PLANNER)


def test_a_planned_outage_is_neither_split_nor_joined_and_ends_where_it_was_none():
    made = street()
    plan_id, outage_id = begun(made.transformers[0])
    fault = outages.report(new=new(made.points[1][0]), actor=CLERK).outage_id
    for into, other in ((outage_id, fault), (fault, outage_id)):
        with pytest.raises(outage_decisions.StandsAlone):
            outage_decisions.join(outage_id=into, other_id=other, actor=CLERK)
    with pytest.raises(outage_decisions.StandsAlone):
        outage_decisions.split(outage_id=outage_id, service_point_id=made.points[0][0].id, actor=CLERK)
    assert outage_queries.open_beside(feeder_id=made.feeder.id, outage_id=fault) == ()
    outage_decisions.cancel(outage_id=outage_id, note="the switch is stuck", actor=CLERK)
    assert queries.one(plan_id=plan_id).state == "done"
    assert outages.report(new=new(made.points[0][0]), actor=CLERK).outage_id == fault, "they are of one feeder"


def test_one_that_cannot_begin_keeps_none_of_the_others():
    made = street()
    empty, later = (propose(bank) for bank in made.transformers)
    let_go(empty)
    let_go(later)
    ServicePoint.objects.filter(transformer=made.transformers[0]).update(transformer=made.transformers[1])
    PlannedOutage.objects.update(start_at=timezone.now() - HOUR)
    planned_outages.work(timezone.now())
    assert [queries.one(plan_id=one).state for one in (empty, later)] == ["cancelled", "on"]


def test_days_of_lists_are_days_of_the_place():
    made = street(transformers=1)
    plan_id, outage_id = begun(made.transformers[0])
    at = datetime(2026, 7, 5, 17, 0, tzinfo=UTC)  # one in the morning of the 6th in Shanghai
    Outage.objects.update(began_at=at)
    PlannedOutage.objects.update(start_at=at, end_at=at + HOUR)
    for day, outage_ids, plan_ids in ((5, [], []), (6, [outage_id], [plan_id])):
        one = {"since": date(2026, 7, day), "until": date(2026, 7, day)}
        assert [card.id for card in outage_queries.listed(wanted=outage_queries.Wanted(state="", **one))] == outage_ids
        assert [card.id for card in queries.listed(wanted=queries.Wanted(state="", **one))] == plan_ids


def test_notice_that_is_too_short_is_refused_unless_it_is_an_emergency_with_its_reason():
    made = street(transformers=1)
    bank = made.transformers[0]
    with pytest.raises(ShortNotice):
        propose(bank, after=6 * DAY)
    with pytest.raises(ShortNotice):
        propose(bank, after=23 * HOUR, notice=Length.TEMPORARY)
    with pytest.raises(planned_outages.BadPlan):
        propose(bank, after=HOUR, notice=Length.EMERGENCY)
    assert propose(bank, after=HOUR, notice=Length.EMERGENCY, reason="the pole leans")
    with pytest.raises(NotAllowed):
        planned_outages.propose(new=plan(bank), actor=CLERK)


def test_a_notice_that_is_let_go_too_late_leaves_its_outage_as_it_was():
    made = street(transformers=1)
    plan_id = propose(made.transformers[0])
    PlannedOutage.objects.update(start_at=timezone.now() + 2 * DAY, end_at=timezone.now() + 3 * DAY)
    with pytest.raises(ShortNotice):
        let_go(plan_id)
    assert Mailing.objects.get().state == "waiting"


def test_moved_and_called_off_is_told_to_the_same_people_at_once():
    made = street(transformers=1)
    plan_id = propose(made.transformers[0])
    let_go(plan_id)
    later = timezone.now() + 10 * DAY
    with pytest.raises(planned_outages.ReasonMissing):
        planned_outages.move(
            plan_id=plan_id, start_at=later, end_at=later + HOUR, reason="", is_emergency=False, actor=PLANNER
        )
    planned_outages.move(
        plan_id=plan_id, start_at=later, end_at=later + HOUR, reason="rain", is_emergency=False, actor=PLANNER
    )
    planned_outages.cancel(plan_id=plan_id, reason="not needed", actor=PLANNER)
    deliver()
    counts = {event: Notice.objects.filter(event=event, channel="sms").count() for event in (
        "outage_planned", "outage_moved", "outage_called_off"
    )}  # fmt: skip
    assert counts == {"outage_planned": 3, "outage_moved": 3, "outage_called_off": 3}
    assert [step.action for step in queries.steps(plan_id=plan_id)] == ["propose", "announce", "move", "cancel"]
    with pytest.raises(IllegalMove):
        planned_outages.cancel(plan_id=plan_id, reason="again", actor=PLANNER)


def test_dropping_the_notice_and_calling_off_the_plan_are_one():
    made = street()
    first, second = (propose(bank) for bank in made.transformers)
    mailings.drop(mailing_id=queries.one(plan_id=first).mailing_id, actor=CLERK)
    planned_outages.cancel(plan_id=second, reason="wrong day", actor=PLANNER)
    assert [queries.one(plan_id=one).state for one in (first, second)] == ["cancelled", "cancelled"]
    assert set(Mailing.objects.values_list("state", flat=True)) == {"dropped"}


def test_indices_count_each_supply_for_as_long_as_it_was_dark_and_not_the_customers_own_faults():
    made = street(lived_in=False)
    now = timezone.now()
    outage_id = outages.report(new=new(made.points[0][0]), actor=CLERK).outage_id
    outages.report(new=new(made.points[1][0]), actor=CLERK)
    row = Outage.objects.get(id=outage_id)
    row.supplies.update(off_at=now - 2 * HOUR)
    Outage.objects.update(began_at=now - 2 * HOUR)
    outage_decisions.restore_part(
        outage_id=outage_id, transformer_id=made.transformers[0].id, at=now - HOUR, actor=CLERK
    )
    outage_decisions.restore(outage_id=outage_id, cause=Cause.CABLE, note="", at=now, actor=CLERK)
    month = timezone.localdate(now - 2 * HOUR).replace(day=1)
    found = reliability.of_months(since=month, months=1, zone_name="Asia/Shanghai")
    assert (found.total.served, found.total.interruptions, found.total.seconds) == (6, 6, 3 * 3_600 + 3 * 7_200)
    assert (found.total.saidi, found.total.saifi, found.by_area["黄浦区"].caidi) == (90, 1, 90)
    assert reliability.of_months(since=month, months=1, zone_name="UTC", kind="planned").total.interruptions == 0
    Outage.objects.update(cause="customer")
    assert reliability.of_months(since=month, months=1, zone_name="Asia/Shanghai").total.interruptions == 0
