"""Usage inspections: from the suspicion to what a crew found, its case of breach, and a dispute that holds the debt."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from accounts.models.notice import Notice
from arrears.models.collection import Hold
from arrears.operations import usage_disputes
from billing.domain.announcements import BillCancelled
from billing.operations import breach_cases
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform import events
from cis.platform.models import AuditEvent, Deadline
from contracts.domain.breach_claims import Claim, Tampering
from contracts.domain.breaches import BreachKind
from contracts.domain.usage_inspection import BadUsageInspection, Source
from contracts.models.charge import BreachCase
from contracts.models.usage_inspection import UsageInspection
from contracts.operations import usage_inspection_steps as steps
from contracts.operations import usage_inspections
from contracts.queries import usage_inspections as queries
from contracts.queries.usage_inspections import Wanted
from metering.domain.announcements import AlarmsDecided, RaisedAlarm
from metering.domain.meter_alarms import AlarmAnswer, AlarmKind
from metering.models.alarm import MeterAlarm
from metering.models.work import WorkOrder
from metering.operations import corrections, work_orders
from tests import factories
from tests.factories import usage_inspections as made

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2026, 3, 10)
BOSS = Actor(ActorKind.STAFF, 901, "Boss", frozenset({Role.SUPERVISOR}))
METERING = Actor(ActorKind.STAFF, 902, "Metering", frozenset({Role.METERING}))
BILLING = Actor(ActorKind.STAFF, 903, "Billing", frozenset({Role.BILLING}))
DESK = factories.work.DESK


@pytest.fixture(autouse=True)
def world(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    factories.accounts.supplier()
    with time_machine.travel("2026-03-10T02:00:00Z", tick=False):
        yield factories.contracts.world()


def one(inspection_id):
    return queries.one(inspection_id=inspection_id)


def clocks(inspection_id):
    rows = Deadline.objects.filter(subject="usage_inspection", subject_id=inspection_id).order_by("id")
    return [(row.standard, row.state) for row in rows]


def proposed(world, inspection_id, *, key="key"):
    claim = Claim(
        agreement_id=world.agreement.id, kind=BreachKind.TAMPERING, found_date=TODAY, fact=Tampering(is_home=True),
        evidence="photos",
    )  # fmt: skip
    return breach_cases.propose(
        claim=claim, order=None, request_key=key, today=TODAY, actor=METERING, usage_inspection_id=inspection_id
    )


def test_a_suspicion_is_looked_at_once_and_joined_by_further_ones(world):
    first = made.suspected(world.service_point)
    assert made.suspected(world.service_point, source=Source.AUDIT, words="chosen") == first
    anomaly = {"source": Source.ANOMALY, "words": "", "reference": "anomaly:17"}
    assert made.suspected(world.service_point, **anomaly) == made.suspected(world.service_point, **anomaly) == first
    rows = queries.suspicions(inspection_id=first, actor=DESK)
    assert [(row.source, row.words) for row in rows] == [("crew", "seal broken"), ("audit", "chosen"), ("anomaly", "")]
    card = one(first)
    assert (card.state, card.agreement_id, card.account_number) == (
        "suspected", world.agreement.id, world.account.number,
    )  # fmt: skip
    assert clocks(first) == [("usage_inspection", "running")]
    assert queries.count(wanted=Wanted(state="open", source="anomaly", text=world.account.number)) == 1
    assert queries.listed(wanted=Wanted(state="closed")) == ()
    usage_inspections.close(inspection_id=first, reason="known meter", actor=DESK)
    assert (one(first).state, clocks(first)) == ("closed", [("usage_inspection", "met")])
    assert made.suspected(world.service_point) != first


def test_an_alarm_that_comes_late_is_of_who_was_supplied_then(world):
    agreement = world.agreement
    gone = date(2026, 2, 1)
    type(agreement).objects.filter(id=agreement.id).update(period=(agreement.period.lower, gone))
    places = ((world.service_point, datetime(2026, 1, 20, tzinfo=UTC)), (factories.metering.service_point(), None))
    alarms = tuple(
        RaisedAlarm(
            alarm_id=MeterAlarm.objects.create(
                meter=factories.metering.meter(serial=f"L{point.id}"), service_point=point, kind="reverse_flow",
                occurred_at=at or timezone.now(), answer="suspicion",
            ).id,
            kind=AlarmKind.REVERSE_FLOW, answer=AlarmAnswer.SUSPICION, case_class="", service_point_id=point.id,
            serial="L", address="", district="", transformer_id=None, transformer="", occurred_at=at or timezone.now(),
        )
        for point, at in places
    )  # fmt: skip
    with transaction.atomic():
        usage_inspections.note_alarms(AlarmsDecided(alarms=alarms, at=timezone.now()))
    rows = UsageInspection.objects.order_by("id").values_list("service_point_id", "agreement_id")
    assert list(rows) == [(places[0][0].id, agreement.id), (places[1][0].id, None)]


def test_a_reference_is_of_one_place(world):
    anomaly = {"source": Source.ANOMALY, "words": "", "reference": "anomaly:17"}
    made.suspected(world.service_point, **anomaly)
    with pytest.raises(BadUsageInspection, match="another place"):
        made.suspected(factories.metering.service_point(), **anomaly)


def test_a_tip_may_be_about_two_places(world):
    tip = {"source": Source.TIP, "words": "", "reference": "case:5"}
    first = made.suspected(world.service_point, **tip)
    second = made.suspected(factories.metering.service_point(), **tip)
    assert first != second
    assert made.suspected(world.service_point, **tip) == first
    for inspection_id in (first, second):
        (row,) = queries.suspicions(inspection_id=inspection_id, actor=DESK)
        assert row.case_id == 5


def test_what_is_ended_while_a_reason_comes_takes_none_and_another_one_is_opened(world, monkeypatch):
    first = made.suspected(world.service_point)
    asked = usage_inspections.fetch

    def ended_meanwhile(sql, given):
        found = asked(sql, given)
        if sql is usage_inspections._OPEN:
            UsageInspection.objects.filter(id=first).update(state="closed", ended_at=timezone.now())
        return found

    monkeypatch.setattr(usage_inspections, "fetch", ended_meanwhile)
    second = made.suspected(world.service_point, words="once more")
    assert second != first
    assert [row.words for row in queries.suspicions(inspection_id=second, actor=DESK)] == ["once more"]


def test_the_crew_reads_nothing_of_who_told(world):
    inspection_id = made.suspected(world.service_point, source=Source.TIP, words="", reference="case:5")
    made.suspected(world.service_point, words="meter is warm")
    order_id = usage_inspections.order(inspection_id=inspection_id, due_date=TODAY, actor=DESK)
    order = WorkOrder.objects.get(id=order_id)
    assert (order.kind, order.checklist, order.facts) == (
        "inspection", "usage-inspection", {"look_at": "meter is warm"},
    )  # fmt: skip
    assert "case:5" not in str(AuditEvent.objects.filter(subject="work_order").values_list("detail", flat=True))
    work_orders.cancel(work_order_id=order_id, reason="crew ill", actor=DESK)
    assert (one(inspection_id).state, one(inspection_id).work_order_id) == ("suspected", None)


def test_where_nothing_was_wrong_the_customer_is_told_once(world):
    inspection_id = made.visited(world.service_point, outcome="passed", usage_found="nothing")
    assert (one(inspection_id).state, one(inspection_id).visited_date) == ("visited", TODAY)
    assert not Notice.objects.exists()
    usage_inspections.clear(inspection_id=inspection_id, actor=DESK)
    assert (one(inspection_id).state, one(inspection_id).finding) == ("nothing", "nothing")
    assert set(Notice.objects.values_list("event", flat=True)) == {"usage_inspected"}
    with pytest.raises(IllegalMove):
        usage_inspections.clear(inspection_id=inspection_id, actor=DESK)


def test_a_breach_is_found_disputed_upheld_and_settled(world):
    inspection_id = made.visited(world.service_point)
    case_id = proposed(world, inspection_id)
    assert proposed(world, inspection_id) == case_id
    assert (one(inspection_id).state, one(inspection_id).breach_id) == ("found", case_id)
    assert queries.of_breach(case_id=case_id) == inspection_id
    with pytest.raises(BadUsageInspection):
        usage_inspections.close(inspection_id=inspection_id, reason="paid", actor=BOSS)
    breach_cases.agree(case_id=case_id, today=TODAY, actor=BOSS)

    with pytest.raises(BadUsageInspection):
        usage_inspections.dispute(inspection_id=inspection_id, words=" ", actor=DESK)
    usage_inspections.dispute(inspection_id=inspection_id, words="it was the neighbour", actor=DESK)
    hold = Hold.objects.get()
    assert (hold.kind, hold.account_id, hold.bill_id, hold.until_at) == ("dispute", world.account.id, None, None)
    assert clocks(inspection_id) == [
        ("usage_inspection", "met"), ("usage_settlement", "stopped"), ("usage_dispute", "running"),
    ]  # fmt: skip
    with pytest.raises(BadUsageInspection):
        usage_inspections.close(inspection_id=inspection_id, reason="given in", actor=BOSS)
    with pytest.raises(NotAllowed):
        usage_inspections.uphold(inspection_id=inspection_id, reason="photos", actor=DESK)
    usage_inspections.uphold(inspection_id=inspection_id, reason="the photos show it", actor=BOSS)
    hold.refresh_from_db()
    assert hold.until_at is not None
    assert clocks(inspection_id)[1:] == [("usage_settlement", "running"), ("usage_dispute", "met")]
    usage_inspections.close(inspection_id=inspection_id, reason="paid", actor=BOSS)
    assert (one(inspection_id).state, clocks(inspection_id)[1]) == ("closed", ("usage_settlement", "met"))


def test_a_dispute_that_is_given_in_to_ends_with_its_case(world):
    inspection_id = made.visited(world.service_point)
    case_id = proposed(world, inspection_id)
    breach_cases.agree(case_id=case_id, today=TODAY, actor=BOSS)
    usage_inspections.dispute(inspection_id=inspection_id, words="no", actor=DESK)
    breach_cases.ask_cancel(case_id=case_id, reason="the neighbour's lead", actor=BILLING)
    breach_cases.cancel(case_id=case_id, actor=BOSS)
    card = one(inspection_id)
    assert (card.state, card.reason) == ("closed", "the neighbour's lead")
    assert Hold.objects.get().until_at is not None
    assert {state for _standard, state in clocks(inspection_id)} == {"met"}


def test_a_case_that_a_second_person_drops_leaves_the_visit_to_be_judged_anew(world):
    inspection_id = made.visited(world.service_point)
    breach_cases.drop(case_id=proposed(world, inspection_id), actor=BOSS)
    assert (one(inspection_id).state, one(inspection_id).breach_id) == ("visited", None)
    assert clocks(inspection_id)[-1] == ("usage_inspection", "running")
    second = proposed(world, inspection_id, key="second")
    assert one(inspection_id).breach_id == second


def wired(world, *, state):
    """An inspection that a correction makes good, and the correction."""
    inspection_id = made.visited(world.service_point, usage_found="wiring")
    correction = factories.corrections.correction(
        meter_id=factories.metering.meter().id, service_point_id=world.service_point.id, start_date=date(2026, 1, 1),
        end_date=TODAY, state=state, cause="wiring",
    )  # fmt: skip
    with transaction.atomic():
        steps.find_wiring_step(
            inspection_id=inspection_id, correction_id=correction.id, service_point_id=world.service_point.id,
            at=timezone.now(), actor=METERING,
        )  # fmt: skip
    return inspection_id, correction.id


def test_a_correction_that_is_dropped_leaves_the_visit_to_be_judged_anew_and_holds_nothing(world):
    inspection_id, correction_id = wired(world, state="proposed")
    usage_inspections.dispute(inspection_id=inspection_id, words="no", actor=DESK)
    assert Hold.objects.get().until_at is None
    corrections.drop(correction_id=correction_id, actor=BILLING)
    card = one(inspection_id)
    assert (card.state, card.correction_id, card.finding, card.dispute) == ("visited", None, None, "")
    assert Hold.objects.get().until_at is not None
    assert clocks(inspection_id)[-1] == ("usage_inspection", "running")


def test_a_correction_that_is_undone_is_judged_anew_and_closes_what_is_disputed(world):
    inspection_id, correction_id = wired(world, state="applied")
    corrections.undo(correction_id=correction_id, reason="wrong factor", today=TODAY, actor=BILLING)
    assert (one(inspection_id).state, one(inspection_id).correction_id) == ("visited", None)
    with transaction.atomic():
        again = factories.corrections.correction(
            meter_id=factories.metering.meter().id, service_point_id=world.service_point.id,
            start_date=date(2026, 1, 1), end_date=TODAY, state="applied", cause="wiring",
        )  # fmt: skip
        steps.find_wiring_step(
            inspection_id=inspection_id, correction_id=again.id, service_point_id=world.service_point.id,
            at=timezone.now(), actor=METERING,
        )  # fmt: skip
    usage_inspections.dispute(inspection_id=inspection_id, words="no", actor=DESK)
    corrections.undo(correction_id=again.id, reason="the customer is right", today=TODAY, actor=BILLING)
    assert (one(inspection_id).state, one(inspection_id).reason) == ("closed", "the customer is right")
    assert Hold.objects.get().until_at is not None


def test_where_the_bill_that_a_dispute_holds_is_cancelled_the_account_is_held(world):
    inspection_id = made.visited(world.service_point)
    breach_cases.agree(case_id=proposed(world, inspection_id), today=TODAY, actor=BOSS)
    usage_inspections.dispute(inspection_id=inspection_id, words="no", actor=DESK)
    Hold.objects.update(bill_id=7)
    told = BillCancelled(bill_id=7, account_id=world.account.id, as_of_date=TODAY, reason="wrong", actor=BILLING)
    for _again in range(2):
        with transaction.atomic():
            usage_disputes.move_step(told)
    assert [(one.bill_id, one.until_at is None) for one in Hold.objects.order_by("id")] == [(7, False), (None, True)]
    assert usage_disputes.move_step in events.LISTENERS[BillCancelled]
    usage_inspections.uphold(inspection_id=inspection_id, reason="photos", actor=BOSS)
    assert not Hold.objects.filter(until_at=None).exists()


def test_a_breach_of_another_place_is_not_of_this_visit(world):
    inspection_id = made.visited(factories.contracts.world().service_point)
    with pytest.raises(BadUsageInspection):
        proposed(world, inspection_id)
    assert not BreachCase.objects.exists(), "and is not proposed either"


def test_where_nobody_is_supplied_somebody_may_use_energy_all_the_same():
    point = factories.metering.service_point()
    inspection_id = made.visited(point)
    assert one(inspection_id).account_id is None
    usage_inspections.clear(inspection_id=inspection_id, actor=DESK)
    assert not Notice.objects.exists()
    assert UsageInspection.objects.get().finding == "nothing"


def test_a_visit_where_nobody_is_supplied_is_closed_with_what_was_done(world):
    inspection_id = made.visited(factories.metering.service_point())
    usage_inspections.close(inspection_id=inspection_id, reason="told the police, taken off", actor=DESK)
    assert (one(inspection_id).state, clocks(inspection_id)) == ("closed", [("usage_inspection", "met")])
    of_customer = made.visited(world.service_point)
    with pytest.raises(BadUsageInspection, match="what the visit found"):
        usage_inspections.close(inspection_id=of_customer, reason="no time", actor=DESK)
