"""The acceptance inspection of an application comes by itself with its last meter, once, or before it by hand."""

from datetime import date, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from billing.queries import energizing
from contracts.models.application import ApplicationItem
from contracts.models.inspection import SafetyInspection
from contracts.operations import application_events, application_inspections, application_meters, inspections
from contracts.operations.inspections import InspectionExists
from contracts.queries import inspections as queries
from contracts.queries.inspection_rules import NoPlan
from metering.domain.announcements import WorkOrderDone
from metering.domain.work_orders import Outcome, WorkKind
from metering.models.place import ServicePoint
from metering.models.work import WorkOrder
from metering.operations.work_orders import WorkExists
from tests.factories import accounts, metering
from tests.factories.applications import AT, STAFF, moved, walked

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2026, 3, 2)


@pytest.fixture(autouse=True)
def supplier():
    return accounts.supplier()


def ordered(*, units=("",), **values):
    """A signed application whose meters are ordered; its id."""
    application_id = walked(to="contracted", units=units, **values)
    application_meters.order(application_id=application_id, today=TODAY, actor=STAFF)
    return application_id


def points(application_id):
    items = ApplicationItem.objects.filter(application_id=application_id).order_by("seq")
    return list(items.values_list("service_point_id", flat=True))


@transaction.atomic
def hang(application_id, point_id, kind=WorkKind.METER_INSTALL):
    application_events.work_done(
        WorkOrderDone(
            work_order_id=0, kind=kind, subject="application", subject_id=application_id,
            outcome=Outcome.DONE, premises_id=None, service_point_id=point_id, done_date=TODAY, actor=STAFF,
        )
    )  # fmt: skip


@transaction.atomic
def by_hand(application_id):
    application_inspections.order_step(application_id=application_id, today=TODAY, actor=STAFF)


def test_it_comes_with_the_last_meter_and_not_before():
    application_id = ordered(units=("1-1", "1-2"))
    first, second = points(application_id)
    hang(application_id, first)
    assert not SafetyInspection.objects.exists()
    hang(application_id, second)
    made = SafetyInspection.objects.get()
    assert (made.kind, made.state, made.application_id, made.plan) == ("acceptance", "ordered", application_id, "home")
    assert (made.service_point_id, made.customer_name) == (None, "王芳")
    assert made.work_order.address == made.address != ""
    assert (made.work_order.kind, made.work_order.due_date) == ("inspection", made.due_date)


def test_of_one_supply_it_is_at_its_place_and_by_the_clock_of_energizing():
    application_id = ordered()
    (point,) = points(application_id)
    hang(application_id, point)
    made = SafetyInspection.objects.get()
    assert made.service_point_id == made.work_order.service_point_id == point
    clock = application_inspections.moves.due_date(made_row(application_id), "connection_energize")
    assert made.due_date == clock


def made_row(application_id):
    return ApplicationItem.objects.filter(application_id=application_id).first().application


def test_a_meter_that_hangs_anew_orders_no_second_one():
    application_id = ordered()
    (point,) = points(application_id)
    hang(application_id, point)
    moved(application_id, "send_back", reason="wrong meter")
    hang(application_id, point)
    assert SafetyInspection.objects.count() == 1


def test_one_that_was_ordered_before_the_last_meter_is_the_one():
    application_id = ordered(units=("1-1", "1-2"))
    first, second = points(application_id)
    hang(application_id, first)
    by_hand(application_id)
    with pytest.raises(InspectionExists):
        by_hand(application_id)
    hang(application_id, second)
    assert SafetyInspection.objects.count() == 1


@pytest.mark.parametrize("again", ["by the desk", "by the next meter"])
def test_one_that_was_dropped_is_ordered_anew(again):
    application_id = ordered(units=("1-1", "1-2"))
    first, second = points(application_id)
    by_hand(application_id)
    inspections.drop(inspection_id=SafetyInspection.objects.get().id, reason="not yet built", actor=STAFF)
    if again == "by the desk":
        by_hand(application_id)
    else:
        hang(application_id, first)
        hang(application_id, second)
    assert list(SafetyInspection.objects.order_by("id").values_list("state", flat=True)) == ["dropped", "ordered"]


def test_the_largest_supply_says_which_plan():
    application_id = walked(to="contracted")
    ApplicationItem.objects.filter(application_id=application_id).update(voltage="10kV", use_class="commercial")
    by_hand(application_id)
    assert SafetyInspection.objects.get().plan == "high_10kv"


def test_where_no_plan_takes_the_place_the_crews_own_word_decides(monkeypatch):
    def none(**_given):
        raise NoPlan("No plan.")

    monkeypatch.setattr(inspections.inspection_rules, "plan_of_place", none)
    application_id = ordered()
    (point,) = points(application_id)
    hang(application_id, point)
    order = WorkOrder.objects.get(kind="inspection")
    assert (order.subject, order.subject_id, order.service_point_id) == ("application", application_id, point)
    assert not SafetyInspection.objects.exists()
    with pytest.raises(WorkExists):
        by_hand(application_id)
    moved(application_id, "send_back", reason="wrong meter")
    hang(application_id, point)
    assert WorkOrder.objects.filter(kind="inspection").count() == 1


def test_days_are_given_where_no_clock_says_them():
    application_id = walked(to="contracted", at=AT)
    by_hand(application_id)
    assert SafetyInspection.objects.get().due_date == TODAY + timedelta(days=3)


def inspected(inspection):
    """The crew found the installation good."""
    WorkOrder.objects.filter(id=inspection.work_order_id).update(state="done", outcome="passed", done_at=timezone.now())
    SafetyInspection.objects.filter(id=inspection.id).update(state="passed", done_date=timezone.localdate())


def test_a_meter_that_is_hung_anew_is_inspected_anew():
    application_id = ordered()
    (point,) = points(application_id)
    hang(application_id, point)
    first = SafetyInspection.objects.get()
    inspected(first)
    assert queries.has_passed(application_id=application_id)
    moved(application_id, "send_back", reason="wrong meter", at=timezone.now())
    assert not queries.has_passed(application_id=application_id)
    hang(application_id, point)
    second = SafetyInspection.objects.exclude(id=first.id).get()
    assert not energizing.is_inspected(subject="application", subject_id=application_id)
    inspected(second)
    assert energizing.is_inspected(subject="application", subject_id=application_id)


def test_a_plain_inspection_before_the_meter_was_hung_anew_counts_no_more(monkeypatch):
    def none(**_given):
        raise NoPlan("No plan.")

    monkeypatch.setattr(inspections.inspection_rules, "plan_of_place", none)
    application_id = ordered()
    (point,) = points(application_id)
    hang(application_id, point)
    orders = WorkOrder.objects.filter(kind="inspection")
    orders.update(state="done", outcome="passed", done_at=timezone.now())
    assert energizing.is_inspected(subject="application", subject_id=application_id)
    moved(application_id, "send_back", reason="wrong meter", at=timezone.now())
    hang(application_id, point)
    assert not energizing.is_inspected(subject="application", subject_id=application_id)
    assert sorted(orders.values_list("state", flat=True)) == ["done", "open"]


def test_where_a_meter_hangs_it_is_exchanged_and_that_counts():
    application_id = ordered()
    (point,) = points(application_id)
    WorkOrder.objects.filter(kind="meter_install").update(state="done", outcome="done", done_at=timezone.now())
    metering.installation(at=ServicePoint.objects.get(id=point), start_date=TODAY)
    hang(application_id, point)
    moved(application_id, "send_back", reason="wrong meter")
    assert application_meters.order(application_id=application_id, today=TODAY, actor=STAFF) == 1
    assert WorkOrder.objects.get(kind="meter_exchange").service_point_id == point
    hang(application_id, point, kind=WorkKind.METER_EXCHANGE)
    assert made_row(application_id).state == "metered"


def test_what_a_crew_hung_while_an_application_was_suspended_is_kept_and_it_follows_when_resumed():
    application_id = ordered(units=("1-1", "1-2"))
    first, second = points(application_id)
    moved(application_id, "suspend", reason="the house is not built")
    hang(application_id, first)
    assert made_row(application_id).state == "contracted"
    moved(application_id, "resume")
    assert made_row(application_id).state == "contracted"
    moved(application_id, "suspend", reason="not yet")
    hang(application_id, second)
    assert not SafetyInspection.objects.exists()
    moved(application_id, "resume")
    assert made_row(application_id).state == "metered"
    assert SafetyInspection.objects.get().state == "ordered"
