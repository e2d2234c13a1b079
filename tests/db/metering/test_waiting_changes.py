"""What waits for a second person is dropped where its exception closes in another way."""

from datetime import date

import pytest

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform.models import AuditEvent
from metering.domain.vee import Group
from metering.models.exception import UsageException
from metering.models.read_change import ReadChange
from metering.operations import exceptions, re_reads, read_changes, reads, usage, work_orders
from metering.queries import vee_facts
from tests import factories
from tests.factories import work

pytestmark = pytest.mark.django_db
MONTHS = [date(2025, month, 1) for month in (9, 10, 11, 12)] + [date(2026, month, 1) for month in (1, 2)]
FEB, TODAY = date(2026, 2, 1), date(2026, 2, 10)
CHIEF = Actor(ActorKind.STAFF, 1, "Wang", frozenset({Role.METERING}))
SECOND = Actor(ActorKind.STAFF, 2, "Li", frozenset({Role.METERING}))


@pytest.fixture(autouse=True)
def _supplier(monkeypatch):
    factories.accounts.supplier()
    monkeypatch.setattr(vee_facts, "groups", lambda **_: (Group(least_days=20, high_percent=300, low_percent=25),))


def accepted(register, found):
    exceptions.accept(exception_id=found.id, reason="Heating", actor=SECOND)
    return "accepted", SECOND.id


def gone(register, found):
    reads.enter(serial=register.meter.serial, read_date=FEB, reading_wh=500_000, actor=SECOND, today=TODAY)
    return "gone", None


def read_again(register, found):
    order = exceptions.visit(exception_id=found.id, today=TODAY, actor=SECOND)
    crew = work.crew()
    actor = work.actor_of(crew)
    work_orders.assign(work_order_ids=[order], crew_id=crew.id, planned_date=TODAY, actor=SECOND)
    work_orders.start(work_order_id=order, actor=actor)
    re_reads.finish(
        work_order_id=order, readings={register.id: 523_000}, answers={}, note="", today=TODAY, actor=actor
    )  # fmt: skip
    return "gone", actor.id


@pytest.mark.parametrize("way", [accepted, gone, read_again])
def test_a_value_that_waits_is_dropped_when_its_exception_closes(way):
    (register,) = factories.metering.metered()
    for day, kwh in zip(MONTHS, [0, 100, 200, 300, 400, 2_000], strict=True):
        factories.metering.read(of=register, on=day, kwh=kwh)
    usage.approve(start_date=MONTHS[0], end_date=FEB)
    found = UsageException.objects.get(code="usage_high")
    waits = read_changes.edit(exception_id=found.id, reading_wh=450_000, reason="Card", today=TODAY, actor=CHIEF)
    assert waits.is_waiting
    state, decider = way(register, found)
    found.refresh_from_db()
    change = ReadChange.objects.get(id=waits.change_id)
    assert (found.state, change.state, change.decider_id) == (state, "dropped", decider)
    event = AuditEvent.objects.get(subject="read_change", subject_id=change.id, action="drop")
    assert event.detail == {"why": "exception_closed"}
    assert not ReadChange.objects.filter(state="proposed").exists()
