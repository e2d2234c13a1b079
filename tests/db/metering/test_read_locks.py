"""Values are set while others bring some: whoever decides sees what came, and nobody waits crosswise."""

from datetime import date

import pytest
from django.db import transaction

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform import db
from metering.domain.exception_acts import Act
from metering.domain.vee import Group
from metering.domain.work_orders import WorkKind
from metering.models.exception import UsageException
from metering.models.place import ServicePoint
from metering.models.read import RegisterRead
from metering.models.read_change import ReadChange
from metering.operations import exception_bulk, re_reads, read_changes, reads, resolver, self_reads, usage, work_orders
from metering.queries import vee_facts
from tests import factories
from tests.factories import work
from tests.killed import while_waiting

pytestmark = pytest.mark.django_db(transaction=True)
MONTHS = [date(2025, month, 1) for month in (9, 10, 11, 12)] + [date(2026, month, 1) for month in (1, 2)]
FEB, TODAY = date(2026, 2, 1), date(2026, 2, 10)
CHIEF = Actor(ActorKind.STAFF, 1, "Wang", frozenset({Role.METERING}))
SECOND = Actor(ActorKind.STAFF, 2, "Li", frozenset({Role.METERING}))


@pytest.fixture(autouse=True)
def _supplier(db, monkeypatch):
    factories.accounts.supplier()
    monkeypatch.setattr(vee_facts, "groups", lambda **_: (Group(least_days=20, high_percent=300, low_percent=25),))


def counted(*kwh):
    (register,) = factories.metering.metered()
    for day, value in zip(MONTHS, kwh, strict=True):
        if value is not None:
            factories.metering.read(of=register, on=day, kwh=value)
    return register


def counter(*kwh):
    register = counted(*kwh)
    usage.approve(start_date=MONTHS[0], end_date=FEB)
    return register


def held(register):
    row = RegisterRead.objects.filter(register=register, read_date=FEB).latest("version")
    return row.reading_wh // 1_000, row.method


def is_free(table, row_id):
    """Lock a row at once, or fail."""
    return lambda: db.fetch(f"SELECT id FROM {table} WHERE id = %s FOR UPDATE NOWAIT", [row_id])


def test_an_estimate_waits_for_an_import_and_sees_the_value_that_came():
    register = counter(0, 100, 200, 300, 400, None)
    found = UsageException.objects.get(code="read_missing").id
    with transaction.atomic():
        resolver.lock([register.id])
        desk = while_waiting(
            lambda: read_changes.estimate(exception_id=found, reason="Nobody there", today=TODAY, actor=CHIEF)
        )
        factories.metering.read(of=register, on=FEB, kwh=2_000)
    desk.end()
    assert held(register) == (2_000, "")
    assert ReadChange.objects.get().needs_two


def test_who_agrees_waits_for_an_import_and_is_told_that_the_value_moved():
    register = counter(0, 100, 200, 300, 400, 2_000)
    found = UsageException.objects.get(code="usage_high").id
    change = read_changes.edit(exception_id=found, reading_wh=450_000, reason="Card", today=TODAY, actor=CHIEF)
    with transaction.atomic():
        resolver.lock([register.id])
        desk = while_waiting(
            lambda: read_changes.decide(change_id=change.change_id, is_agreed=True, today=TODAY, actor=SECOND)
        )
        factories.metering.read(of=register, on=FEB, kwh=1_950, version=2)
    with pytest.raises(read_changes.ValueMoved):
        desk.end()
    assert held(register) == (1_950, "")


@pytest.mark.parametrize("act", [Act.ACCEPT, Act.ESTIMATE])
def test_who_looks_at_many_locks_their_places_in_one_order(act):
    points = [counted(0, 100, 200, 300, 400, 2_000).meter.installations.get().service_point_id for _ in range(2)]
    for point in reversed(points):
        usage.approve(start_date=MONTHS[0], end_date=FEB, service_point_ids=[point])
    assert list(UsageException.objects.order_by("id").values_list("service_point_id", flat=True)) == points[::-1]
    with transaction.atomic():
        db.fetch("SELECT id FROM metering_servicepoint WHERE id = %s FOR NO KEY UPDATE", [points[0]])
        desk = while_waiting(
            lambda: exception_bulk.preview(
                exception_ids=list(UsageException.objects.values_list("id", flat=True)), act=act, reason="Heating",
                today=TODAY, actor=CHIEF,
            ),
            is_free("metering_servicepoint", points[1]),
        )  # fmt: skip
    desk.end()


def typed_in(register):
    reads.enter(serial=register.meter.serial, read_date=TODAY, reading_wh=480_000, actor=CHIEF, today=TODAY)


def by_customer(register):
    self_reads.enter(serial=register.meter.serial, readings={"total": 480_000}, actor=CHIEF, today=TODAY)


def by_crew(register):
    point = ServicePoint.objects.get().id
    order = work_orders.create(
        kind=WorkKind.RE_READ, service_point_id=point, facts={}, due_date=TODAY, actor=CHIEF
    )  # fmt: skip
    crew = work.crew()
    work_orders.assign(work_order_ids=[order], crew_id=crew.id, planned_date=TODAY, actor=CHIEF)
    work_orders.start(work_order_id=order, actor=work.actor_of(crew))
    return lambda: re_reads.finish(
        work_order_id=order,
        readings={register.id: 480_000},
        answers={},
        note="",
        today=TODAY,
        actor=work.actor_of(crew),
    )


@pytest.mark.parametrize("way", [typed_in, by_customer, by_crew])
def test_who_brings_a_value_waits_for_the_place_and_holds_no_register(way):
    register = counter(0, 100, 200, 300, 400, 450)
    deed = way(register) if way is by_crew else lambda: way(register)
    with transaction.atomic():
        db.fetch("SELECT id FROM metering_servicepoint FOR NO KEY UPDATE")
        worker = while_waiting(deed, is_free("metering_register", register.id))
    worker.end()
    assert RegisterRead.objects.filter(register=register, read_date=TODAY).exists()
