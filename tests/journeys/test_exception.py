"""
A file brings a spike: the queue has it, one clerk estimates, another agrees, the month is billed on what is likely; then
the crew reads the meter, the estimate gives way, and nothing is left in the queue.
"""

import io
from datetime import date

import pytest

from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from metering.models.exception import UsageException
from metering.models.read import RegisterRead
from metering.models.usage import Usage
from metering.models.work import WorkOrder
from metering.operations import arrivals, exceptions, re_reads, read_changes, reads, usage, work_orders
from metering.queries import exceptions as queue
from metering.queries.exceptions import Wanted
from tests.factories import accounts, metering, work

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)
MONTHS = [date(2025, month, 1) for month in (9, 10, 11, 12)] + [date(2026, month, 1) for month in (1, 2, 3)]
TRUE_KWH = (1_000, 1_100, 1_207, 1_300, 1_404, 1_520, 1_626)
SPIKE_KWH = 4_520
WANG = Actor(ActorKind.STAFF, 1, "Wang", frozenset({Role.METERING}))
LI = Actor(ActorKind.STAFF, 2, "Li", frozenset({Role.METERING}))


def _bring(register, rows):
    """A file of counter values, imported and approved."""
    lines = [f"{register.meter.serial},total,{day},{kwh},kWh,actual" for day, kwh in rows]
    text = "meter,register,read_at,reading,unit,kind\n" + "\n".join(lines) + "\n"
    done = reads.import_file(source=io.BytesIO(text.encode()), name="reads.csv", actor=SYSTEM, today=TODAY)
    arrivals.approve_file(read_file_id=done.read_file_id, today=TODAY)
    return done


def _months(register):
    rows = Usage.objects.filter(register=register, is_current=True, start_date__gte=MONTHS[4]).order_by("start_date")
    return [(row.energy_wh // 1_000, row.method) for row in rows]


def _queued():
    return {card.code: card.id for card in queue.listed(wanted=Wanted(state="open"))}


def test_a_spike_is_estimated_by_two_and_gives_way_to_what_the_crew_reads(time_machine):
    time_machine.move_to("2026-03-10T02:00:00Z", tick=False)
    accounts.supplier()
    (register,) = metering.metered()
    known = list(zip(MONTHS[:5], TRUE_KWH, strict=False))
    assert _bring(register, [*known, (MONTHS[5], SPIKE_KWH)]).rejected == 0

    # The queue has it, and its energy is approved, since nothing stops by the rules of the pack.
    found = _queued()
    assert "usage_high" in found
    assert _months(register) == [(SPIKE_KWH - 1_404, "")]

    # Wang estimates. That moves three megawatt hours, so it waits, and he may not agree to it himself.
    waits = read_changes.estimate(exception_id=found["usage_high"], reason="Misread digit", today=TODAY, actor=WANG)
    assert waits.is_waiting
    assert [card.id for card in queue.listed(wanted=Wanted(state="waiting"))] == [found["usage_high"]]
    with pytest.raises(read_changes.OwnProposal):
        read_changes.decide(change_id=waits.change_id, is_agreed=True, today=TODAY, actor=WANG)
    read_changes.decide(change_id=waits.change_id, is_agreed=True, today=TODAY, actor=LI)
    ((january, method),) = _months(register)
    assert (method, 100 < january < 160) == ("average", True)
    assert "usage_high" not in _queued()

    # On the first of March nobody was at home: a crew is sent, which reads the meter on the tenth.
    usage.approve(start_date=MONTHS[5], end_date=MONTHS[6])
    missing = _queued()["read_missing"]
    order = exceptions.visit(exception_id=missing, today=TODAY, actor=WANG)
    crew = work.crew()
    work_orders.assign(work_order_ids=[order], crew_id=crew.id, planned_date=TODAY, actor=WANG)
    work_orders.start(work_order_id=order, actor=work.actor_of(crew))
    re_reads.finish(
        work_order_id=order, readings={register.id: 1_660_000}, answers={}, note="", request_key="phone", today=TODAY,
        actor=work.actor_of(crew),
    )  # fmt: skip
    assert WorkOrder.objects.get().state == "done"
    assert _queued() == {}
    counted = sum(energy for energy, _ in _months(register))
    assert counted in (1_660 - 1_404 - 1, 1_660 - 1_404, 1_660 - 1_404 - 2), (
        "all that the crew read, dealt over the months"
    )

    # The file comes again with the true values: they take the place of the estimates, month by month.
    _bring(register, [(MONTHS[5], TRUE_KWH[5]), (MONTHS[6], TRUE_KWH[6])])
    assert _months(register) == [(116, ""), (106, ""), (34, "")]
    held = RegisterRead.objects.filter(register=register, read_date=MONTHS[5]).order_by("version")
    assert (held[0].kind, held[0].method) == ("actual", "")
    assert {row.kind for row in held[1:]} == {"estimated", "actual"}
    assert set(UsageException.objects.values_list("state", flat=True)) == {"gone"}
