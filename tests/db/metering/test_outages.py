"""Outages: grouped from reports, worked on by one crew, told once, restored, split and joined."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from accounts.models.notice import Notice
from arrears.models.collection import DisconnectionOrder
from cis.kernel.workflow import IllegalMove
from cis.platform import deadlines, outbox
from cis.platform.models import OutboxMessage
from contracts.models.agreement import ServiceAgreement
from metering.domain.outages import Answer, Cause, FaultKind, Scope
from metering.models.outage import FaultReport, Outage, OutageMove, OutageSupply
from metering.models.place import ServicePoint
from metering.models.work import WorkOrder
from metering.operations import outage_decisions, outage_telling, outages, work_orders
from metering.queries import outage_places
from metering.queries import outages as queries
from tests.factories import accounts, work
from tests.factories.outages import CLERK, new, street

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def supplier(db):
    return accounts.supplier()


@pytest.fixture
def time_machine_at_night():
    """Eleven in the evening in Shanghai."""
    with time_machine.travel("2026-07-06T15:00:00Z", tick=True):
        yield


def report(point, **values):
    return outages.report(new=new(point, **values), actor=CLERK)


def deliver():
    while outbox.deliver_due():
        pass


def told(event):
    return Notice.objects.filter(event=event, channel="sms").count()


def soon(hours=2):
    return timezone.now().replace(microsecond=0) + timedelta(hours=hours)


def test_neighbours_make_the_transformer_dark_and_another_transformer_the_feeder():
    made = street()
    first = report(made.points[0][0])
    card = queries.one(outage_id=first.outage_id)
    assert (first.answer, card.scope, card.supplies, card.state) == (Answer.NEW, Scope.SINGLE, 1, "supposed")
    second = report(made.points[0][1])
    card = queries.one(outage_id=first.outage_id)
    assert (second.outage_id, second.answer) == (first.outage_id, Answer.KNOWN)
    assert (card.scope, card.name, card.supplies) == (Scope.TRANSFORMER, made.transformers[0].name, 3)
    third = report(made.points[1][2])
    card = queries.one(outage_id=third.outage_id)
    assert (third.outage_id, card.scope, card.supplies) == (first.outage_id, Scope.FEEDER, 6)
    assert WorkOrder.objects.filter(kind="repair").count() == 1
    assert [row.supplies for row in queries.branches(outage_id=first.outage_id)] == [3, 3]


def test_reports_of_two_single_faults_are_joined_by_the_one_between_them_in_time():
    made = street(transformers=1)
    one, two = report(made.points[0][0]), report(made.points[0][1])
    assert one.outage_id == two.outage_id
    FaultReport.objects.update(reported_at=timezone.now() - timedelta(minutes=61))
    Outage.objects.update(scope="single", transformer=None, service_point=made.points[0][0])
    OutageSupply.objects.exclude(service_point=made.points[0][0]).delete()
    late = report(made.points[0][2])
    assert late.outage_id != one.outage_id, "an hour later it is something else"


def test_a_repair_goes_to_the_crew_with_least_to_do_there_and_its_clocks_run():
    made = street(district="崇明区")
    idle, busy = work.crew(areas=["崇明区"]), work.crew()
    work.crew(areas=["徐汇区"])
    work.order(crew=busy)
    outage_id = report(made.points[0][0]).outage_id
    card = queries.one(outage_id=outage_id)
    order = WorkOrder.objects.get(id=card.order_id)
    assert (order.crew, order.state, order.priority, card.area) == (idle, "assigned", "urgent", "rural")
    assert card.arrive_by - card.found_at == timedelta(minutes=90)
    assert card.restore_by - card.found_at == timedelta(hours=4)
    work_orders.start(work_order_id=order.id, actor=work.actor_of(idle))
    assert queries.one(outage_id=outage_id).arrive_by is None
    work_orders.finish(work_order_id=order.id, outcome="done", answers={}, note="fuse", actor=work.actor_of(idle))
    card = queries.one(outage_id=outage_id)
    assert (card.state, card.dark, card.note, card.restore_by) == ("restored", 0, "fuse", None)
    clocks = deadlines.of_subject(subject="outage", subject_ids=[outage_id])
    assert {(one.standard, one.in_time) for one in clocks} == {
        ("outage_arrival_rural", True),
        ("outage_restoration_rural", True),
    }


def test_a_repair_that_the_desk_drops_is_ordered_anew_while_it_is_dark():
    made, crew = street(transformers=1), work.crew()
    outage_id = report(made.points[0][0], note="a bang").outage_id
    first = queries.one(outage_id=outage_id)
    work_orders.cancel(work_order_id=first.order_id, reason="twice", actor=CLERK)
    again = queries.one(outage_id=outage_id)
    order = WorkOrder.objects.get(id=again.order_id)
    assert (order.state, order.crew, order.facts["reason"]) == ("assigned", crew, "a bang")
    assert (again.order_id != first.order_id, again.arrive_by, again.restore_by) == (
        True, first.arrive_by, first.restore_by,
    )  # fmt: skip
    WorkOrder.objects.update(state="cancelled")
    report(made.points[0][0], kind=FaultKind.DANGER)
    assert WorkOrder.objects.get(state="assigned").priority == "danger"


def test_everybody_is_told_once_a_time_and_that_it_is_back_a_part_at_a_time():
    made = street()
    outage_id = report(made.points[0][0]).outage_id
    report(made.points[1][0])
    deliver()
    assert told("outage_expected") == 0, "nothing was said yet"
    at = soon()
    outage_decisions.confirm(outage_id=outage_id, cause=Cause.CABLE, expected_back_at=at, note="", actor=CLERK)
    outage_decisions.expect(outage_id=outage_id, expected_back_at=at, note="", actor=CLERK)
    deliver()
    assert told("outage_expected") == 6
    outage_decisions.expect(outage_id=outage_id, expected_back_at=soon(3), note="", actor=CLERK)
    deliver()
    assert told("outage_expected") == 12
    back = outage_decisions.restore_part(outage_id=outage_id, transformer_id=made.transformers[0].id, actor=CLERK)
    deliver()
    assert (back, told("outage_restored"), queries.one(outage_id=outage_id).dark) == (3, 3, 3)
    outage_decisions.restore(outage_id=outage_id, cause=Cause.CABLE, note="", at=None, actor=CLERK)
    deliver()
    assert (told("outage_restored"), queries.one(outage_id=outage_id).state) == (6, "restored")
    with pytest.raises(IllegalMove):
        outage_decisions.restore(outage_id=outage_id, cause=Cause.CABLE, note="", at=None, actor=CLERK)
    assert report(made.points[0][0]).answer is Answer.NEW, "dark again is a new outage"


def test_a_fault_that_leaves_current_on_is_in_no_index_until_it_is_dark_too():
    made = street(transformers=1)
    point = made.points[0][0]
    outage_id = report(point, kind=FaultKind.VOLTAGE).outage_id
    Outage.objects.update(began_at=timezone.now() - timedelta(hours=1))
    again = report(point, kind=FaultKind.DANGER)
    assert (again.outage_id, again.answer, queries.one(outage_id=outage_id).supplies) == (outage_id, Answer.KNOWN, 0)
    assert report(point).outage_id == outage_id
    assert timezone.now() - OutageSupply.objects.get().off_at < timedelta(minutes=1)
    outage_decisions.restore(outage_id=outage_id, cause=Cause.CABLE, note="", at=None, actor=CLERK)
    other_id = report(made.points[0][1], kind=FaultKind.VOLTAGE).outage_id
    outage_decisions.restore(outage_id=other_id, cause=Cause.CABLE, note="", at=None, actor=CLERK)
    deliver()
    assert told("outage_restored") == 1, "where it was never dark nobody hears that it is back"
    ServicePoint.objects.filter(id=made.points[0][2].id).update(state="removed")
    single = report(made.points[0][2])
    assert queries.one(outage_id=single.outage_id).supplies == 0
    assert report(made.points[0][2]).outage_id == single.outage_id


def test_who_has_several_supplies_hears_of_each_that_is_back():
    made = street(supplies=1)
    first, second = made.points[0][0].agreements.get(), made.points[1][0].agreements.get()
    ServiceAgreement.objects.filter(id=second.id).update(account=first.account)
    outage_id = report(made.points[0][0]).outage_id
    report(made.points[1][0])
    outage_decisions.restore_part(outage_id=outage_id, transformer_id=made.transformers[0].id, actor=CLERK)
    outage_decisions.restore(outage_id=outage_id, cause=Cause.CABLE, note="", at=None, actor=CLERK)
    deliver()
    assert told("outage_restored") == 2


def test_danger_comes_first_and_is_told_at_once():
    made, crew = street(transformers=1), work.crew()
    outage_id = report(made.points[0][0]).outage_id
    other = report(made.points[0][1], kind=FaultKind.LINE_DOWN, note="sparks")
    assert other.outage_id == outage_id
    order = WorkOrder.objects.get(subject="outage", subject_id=outage_id)
    assert (order.priority, order.crew) == ("danger", crew)
    outage_decisions.confirm(outage_id=outage_id, cause=Cause.LINE, expected_back_at=soon(), note="", actor=CLERK)
    deliver()
    assert (told("outage_danger"), told("outage_expected")) == (3, 0)


def test_who_was_cut_off_is_told_so_and_nobody_is_sent_unless_there_is_danger():
    made = street(transformers=1)
    point = made.points[0][0]
    now = timezone.now()
    account_id = point.agreements.get().account_id
    common = {
        "account_id": account_id, "service_point": point, "customer_class": "residential", "way": "crew",
        "state": "cut", "expires_at": now, "proposed_at": now,
    }  # fmt: skip
    DisconnectionOrder.objects.create(reason="debt", **common)
    said = report(point)
    assert (said.answer, said.outage_id) == (Answer.CUT, None)
    DisconnectionOrder.objects.update(prepayment_id=1)
    assert report(point).answer is Answer.PREPAID
    assert not WorkOrder.objects.exists()
    assert report(point, kind=FaultKind.DANGER).outage_id is not None


def test_a_place_that_is_no_supply_is_looked_at():
    said = outages.report(new=new(None, kind=FaultKind.LINE_DOWN, address="人民路口", district="黄浦区"), actor=CLERK)
    card = queries.one(outage_id=said.outage_id)
    assert (card.scope, card.name, card.is_dangerous, card.supplies) == (Scope.PLACE, "人民路口", True, 0)
    with pytest.raises(outages.BadReport):
        outages.report(new=new(None), actor=CLERK)


def test_the_same_request_twice_is_one_report():
    made = street(transformers=1)
    first, second = (report(made.points[0][0], request_key="call-1") for _ in range(2))
    assert first == second
    assert FaultReport.objects.count() == 1


def between(monkeypatch, module, name, deed):
    """Let another person do something just after a query of a report was answered, once."""
    query = getattr(module, name)

    def answered(**given):
        found = query(**given)
        monkeypatch.setattr(module, name, query)
        other = Thread(target=lambda: (deed(), connection.close()))
        other.start()
        other.join()
        return found

    monkeypatch.setattr(module, name, answered)


@pytest.mark.parametrize(("module", "name", "place"), [(outage_places, "known", 0), (queries, "signals", 1)])
def test_a_report_does_not_land_in_an_outage_that_is_over_meanwhile(monkeypatch, module, name, place):
    made = street(transformers=1)
    outage_id = report(made.points[0][0]).outage_id

    def restore():
        outage_decisions.restore(outage_id=outage_id, cause=Cause.CABLE, note="", at=None, actor=CLERK)

    between(monkeypatch, module, name, restore)
    said = report(made.points[0][place], kind=FaultKind.LINE_DOWN)
    assert (said.answer, queries.one(outage_id=said.outage_id).state) == (Answer.NEW, "supposed")
    assert queries.one(outage_id=outage_id).state == "restored"
    assert queries.one(outage_id=said.outage_id).order_id is not None


def test_the_same_request_at_the_same_time_is_one_report():
    barrier, said = Barrier(2), []

    def send():
        barrier.wait()
        given = new(None, kind=FaultKind.LINE_DOWN, address="人民路口", request_key="call-2")
        said.append(outages.report(new=given, actor=CLERK).report_id)
        connection.close()

    threads = [Thread(target=send) for _ in range(2)]
    [one.start() for one in threads]
    [one.join() for one in threads]
    assert (len(said), len(set(said)), FaultReport.objects.count()) == (2, 1, 1)


def test_a_feeder_is_split_and_joined_again_and_reports_leave_it_as_it_is():
    made = street()
    outage_id = report(made.points[0][0]).outage_id
    report(made.points[1][0])
    part = outage_decisions.split(outage_id=outage_id, transformer_id=made.transformers[1].id, actor=CLERK)
    assert [queries.one(outage_id=one).supplies for one in (outage_id, part)] == [3, 3]
    assert report(made.points[1][1]).outage_id == part
    assert WorkOrder.objects.filter(state="open").count() == 2
    with pytest.raises(outage_decisions.NotTogether):
        outage_decisions.join(outage_id=outage_id, other_id=outage_id, actor=CLERK)
    outage_decisions.join(outage_id=outage_id, other_id=part, actor=CLERK)
    card = queries.one(outage_id=outage_id)
    assert (card.supplies, card.reports, card.scope) == (6, 3, Scope.FEEDER)
    gone = queries.one(outage_id=part)
    assert (gone.state, gone.joined_to, gone.supplies, gone.order_state) == ("cancelled", outage_id, 0, "cancelled")
    with pytest.raises(outage_decisions.NothingThere):
        outage_decisions.split(outage_id=outage_id, transformer_id=0, actor=CLERK)


def test_a_part_that_is_split_off_stays_dark_since_when_it_was():
    made = street()
    outage_id = report(made.points[0][0]).outage_id
    report(made.points[1][0])
    before = timezone.now() - timedelta(hours=1)
    Outage.objects.update(found_at=before, began_at=before)
    moved, back = made.points[1][0].id, made.points[1][1].id
    outage_decisions.restore_part(outage_id=outage_id, service_point_ids=[back], actor=CLERK)
    dark = OutageSupply.objects.filter(service_point_id=moved).values_list("id", "off_at").get()
    part = outage_decisions.split(outage_id=outage_id, transformer_id=made.transformers[1].id, actor=CLERK)
    assert OutageSupply.objects.filter(outage_id=part).values_list("id", "off_at").earliest("id") == dark
    card = queries.one(outage_id=part)
    assert (card.supplies, card.found_at) == (2, before)
    assert card.arrive_by < timezone.now(), "the clock runs since the supplier heard of it"


def test_outages_between_which_a_supply_was_back_stay_two():
    made = street(transformers=3)
    point = made.points[0][0]
    outage_id = report(point).outage_id
    report(made.points[0][1])
    outage_decisions.confirm(outage_id=outage_id, cause=Cause.CABLE, expected_back_at=None, note="", actor=CLERK)
    outage_decisions.restore_part(outage_id=outage_id, service_point_ids=[point.id], actor=CLERK)
    report(made.points[1][0])
    again = report(made.points[2][0]).outage_id  # the feeder is dark, and the supply on it, too
    with pytest.raises(outage_decisions.CameBack):
        outage_decisions.join(outage_id=outage_id, other_id=again, actor=CLERK)
    assert OutageSupply.objects.filter(service_point=point, back_at=None).get().outage_id == again


def test_a_false_alarm_leaves_nobody_in_the_dark():
    made = street(transformers=1)
    outage_id = report(made.points[0][0]).outage_id
    with pytest.raises(outage_decisions.ReasonMissing):
        outage_decisions.cancel(outage_id=outage_id, note=" ", actor=CLERK)
    outage_decisions.cancel(outage_id=outage_id, note="the main switch was off", actor=CLERK)
    card = queries.one(outage_id=outage_id)
    assert (card.state, card.supplies, card.order_state) == ("cancelled", 0, "cancelled")
    assert report(made.points[0][0]).answer is Answer.NEW


def test_what_the_night_held_up_is_not_sent_when_something_newer_is_true(time_machine_at_night):
    made = street(transformers=1, supplies=2)
    outage_id = report(made.points[0][0]).outage_id
    report(made.points[0][1])
    outage_decisions.expect(outage_id=outage_id, expected_back_at=soon(), note="", actor=CLERK)
    deliver()
    for message in list(OutboxMessage.objects.filter(kind="outage.tell")):
        outage_telling.tell(outbox.Message(message.id, message.kind, message.key, message.payload, 2))
    assert set(Notice.objects.filter(channel="sms").values_list("state", flat=True)) == {"queued"}
    outage_decisions.restore(outage_id=outage_id, cause=Cause.CABLE, note="", at=None, actor=CLERK)
    deliver()
    states = Notice.objects.filter(channel="sms").order_by("id").values_list("event", "state", "reason")
    assert list(states) == [
        *[("outage_expected", "suppressed", "outdated")] * 2,
        *[("outage_restored", "queued", "")] * 2,
    ]


def test_what_a_report_says_is_taken_away_wherever_it_was_handed_on():
    made = street(transformers=1)
    said = {"kind": FaultKind.DANGER, "note": "你们的小李把箱子打开就走了", "request_key": "case:7"}
    report(made.points[0][0], **said)
    work_orders.cancel(work_order_id=WorkOrder.objects.get().id, reason="double", actor=CLERK)  # ordered anew at once
    report(made.points[0][1], **{**said, "kind": FaultKind.VOLTAGE, "note": "灯忽明忽暗", "request_key": "case:8"})
    with transaction.atomic():
        outages.withhold_step(request_key="case:7")
        outages.withhold_step(request_key="case:9")
    assert set(FaultReport.objects.values_list("note", flat=True)) == {"", "灯忽明忽暗"}
    assert not OutageMove.objects.filter(note=said["note"]).exists()
    assert list(WorkOrder.objects.order_by("id").values_list("facts__reason", flat=True)) == [None, None, "灯忽明忽暗"]
