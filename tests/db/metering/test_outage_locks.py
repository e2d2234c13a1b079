"""Crews, desk and meters decide on the same outages at once: all lock in one order, so nobody waits crosswise."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.operations import mailings
from cis.kernel.workflow import IllegalMove
from cis.platform import db
from metering.domain.planned_outages import NewPlan, Notice
from metering.models.outage import Outage, PlannedOutage
from metering.models.place import ServicePoint
from metering.models.work import WorkOrder
from metering.operations import outage_decisions, outage_rows, outages, planned_outages, work_orders
from metering.queries import outage_places
from tests.factories import accounts, work
from tests.factories.outages import CLERK, PLANNER, new, street
from tests.killed import while_waiting

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def supplier(db):
    return accounts.supplier()


def is_free(table, row_id):
    """Lock a row at once, or fail."""
    return lambda: db.fetch(f"SELECT id FROM {table} WHERE id = %s FOR UPDATE NOWAIT", [row_id])


def test_a_crew_that_begins_waits_for_who_ends_the_outage_and_holds_no_order():
    """Who ends an outage, a person or the last meter, locks it first and then drops its orders."""
    made = street(transformers=1)
    work.crew()
    outage_id = outages.report(new=new(made.points[0][0]), actor=CLERK).outage_id
    order_id = WorkOrder.objects.get().id
    with transaction.atomic():
        outage_rows.lock(outage_id)
        crew = while_waiting(
            lambda: work_orders.start(work_order_id=order_id, actor=PLANNER), is_free("metering_workorder", order_id)
        )
    crew.end()
    assert WorkOrder.objects.get().state == "started"


def test_calling_a_plan_off_waits_for_who_lets_its_notice_go_and_holds_no_plan():
    made = street(transformers=1)
    start = timezone.now() + 8 * DAY
    plan = NewPlan(
        asset="transformer", asset_id=made.transformers[0].id, start_at=start, end_at=start + DAY / 4,
        notice=Notice.PLANNED, work="换电缆", reason="",
    )  # fmt: skip
    plan_id = planned_outages.propose(new=plan, actor=PLANNER)
    mailing_id = PlannedOutage.objects.get().mailing_id
    with transaction.atomic():
        mailings.lock_step(mailing_id=mailing_id)
        caller = while_waiting(
            lambda: planned_outages.cancel(plan_id=plan_id, reason="no crew", actor=PLANNER),
            is_free("metering_plannedoutage", plan_id),
        )
    caller.end()
    with pytest.raises(IllegalMove):
        mailings.approve(mailing_id=mailing_id, actor=CLERK)


def test_who_joins_outages_waits_for_what_is_decided_on_their_feeder_and_holds_none():
    made = street(transformers=2)
    ids = []
    for points in made.points:
        ids.append(outages.report(new=new(points[0]), actor=CLERK).outage_id)
        Outage.objects.update(is_kept=True)
    with transaction.atomic():
        outage_rows.lock_network([outage_places.position(service_point_id=made.points[0][0].id)])
        desk = while_waiting(
            lambda: outage_decisions.join(outage_id=ids[1], other_id=ids[0], actor=CLERK),
            is_free("metering_outage", ids[0]),
        )
    desk.end()
    assert Outage.objects.get(id=ids[0]).joined_to_id == ids[1]


@pytest.mark.parametrize("is_on_feeder", [True, False])
def test_who_assigns_many_repairs_waits_for_what_is_decided_where_they_are_and_holds_none(is_on_feeder):
    made = street(transformers=2, lived_in=False)
    if not is_on_feeder:
        ServicePoint.objects.update(transformer=None, feeder=None)
    for points in made.points:
        outages.report(new=new(points[0]), actor=CLERK)
        Outage.objects.update(is_kept=True)
    orders, crew = sorted(WorkOrder.objects.values_list("id", flat=True)), work.crew()
    with transaction.atomic():
        outage_rows.lock_network([outage_places.position(service_point_id=made.points[1][0].id)])
        desk = while_waiting(
            lambda: work_orders.assign(
                work_order_ids=orders[::-1], crew_id=crew.id, planned_date=timezone.localdate(), actor=PLANNER
            ),
            lambda: [is_free(*row)() for row in (*(("metering_workorder", one) for one in orders), *outages_there())],
        )
    desk.end()
    assert list(WorkOrder.objects.values_list("crew_id", flat=True)) == [crew.id] * 2


def outages_there():
    return [("metering_outage", one) for one in Outage.objects.values_list("id", flat=True)]
