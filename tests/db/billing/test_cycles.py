"""Cycles: the day and attendance of one."""

import pytest

from billing.models.run import BillCycle
from billing.operations import cycles
from cis.kernel.actors import SYSTEM
from cis.platform.models import AuditEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def cycle():
    return BillCycle.objects.create(code="01", name_zh="一段", name_en="One")


@pytest.mark.parametrize("day", [1, 28])
def test_a_cycle_is_billed_on_a_day_that_every_month_has(cycle, day):
    cycles.change(cycle_id=cycle.id, run_day=day, is_unattended=False, actor=SYSTEM)
    cycle.refresh_from_db()
    assert (cycle.run_day, cycle.is_unattended) == (day, False)
    assert AuditEvent.objects.get().detail["before"] == {"run_day": 1, "is_unattended": True}


@pytest.mark.parametrize("day", [-1, 0, 29, 31])
def test_another_day_is_refused(cycle, day):
    with pytest.raises(cycles.BadRunDay):
        cycles.change(cycle_id=cycle.id, run_day=day, is_unattended=True, actor=SYSTEM)
    assert not AuditEvent.objects.exists()


def test_a_cycle_that_is_not_there_is_refused():
    with pytest.raises(cycles.UnknownCycle):
        cycles.change(cycle_id=1, run_day=1, is_unattended=True, actor=SYSTEM)
