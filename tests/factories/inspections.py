"""Safety inspections on their way: supplies, crews, answers."""

from datetime import timedelta

from django.utils import timezone

from contracts.domain.important import Backup, Entry
from contracts.domain.inspection import Grade
from contracts.models.inspection import SafetyInspection
from contracts.operations import inspections
from metering.operations import work_answers, work_orders
from metering.queries import checklists
from metering.queries import work_orders as orders
from tests.factories import contracts, work

NOT_DEFECT = {"transformer_oil": "fine", "backup_interlock": "none", "transformer_temperature": "40"}


def supply(*, voltage: str = "10kV"):
    """A world whose service point has a voltage; its tariff is one of homes, unless its voltage says otherwise."""
    world = contracts.world()
    world.service_point.voltage = voltage
    world.service_point.save()
    return world


def planned(*, of=None, **more) -> int:
    """An inspection of a supply that the desk planned."""
    world = of or supply()
    today = timezone.localdate()
    given = {"due_date": today + timedelta(days=5), "reason": "asked for", "today": today, "actor": work.DESK, **more}
    return inspections.plan(agreement_id=world.agreement.id, **given)


def answers(checklist: str, **bad: str) -> dict[str, str]:
    """Answers in order to all that the list asks, but for those given."""
    fine = {}
    for item in checklists.one(code=checklist).items:
        if item.kind == "yes_no":
            fine[item.code] = "yes"
        elif item.code in NOT_DEFECT:
            fine[item.code] = NOT_DEFECT[item.code]
        elif item.kind == "number":
            fine[item.code] = "1.00"
    return {**fine, **bad}


def carry_out(work_order_id: int, *, outcome: str = "passed", note: str = "", **bad: str) -> None:
    """Let a crew do the work of an inspection: photo, answers, end."""
    crew = work.crew()
    worker = work.actor_of(crew)
    work_orders.assign(
        work_order_ids=[work_order_id], crew_id=crew.id, planned_date=timezone.localdate(), actor=work.DESK
    )
    work_orders.start(work_order_id=work_order_id, actor=worker)
    card = orders.one(work_order_id=work_order_id)
    work_answers.add_photo(work_order_id=work_order_id, item="photo_room", source=work.photo(), actor=worker)
    work_orders.finish(
        work_order_id=work_order_id, outcome=outcome, answers=answers(card.checklist, **bad), note=note, actor=worker
    )


def made(*, of=None, **bad: str) -> int:
    """An inspection that was ordered and carried out; return its id."""
    inspection_id = planned(of=of)
    inspections.order(inspection_ids=[inspection_id], actor=work.DESK)
    row = SafetyInspection.objects.get(id=inspection_id)
    carry_out(row.work_order_id, outcome="defects" if bad else "passed", **bad)
    return inspection_id


def entry(world, **more) -> Entry:
    """An entry of the register of important customers for a supply."""
    given = {
        "service_point_id": world.service_point.id, "grade": Grade.FIRST, "reason": "hospital: operating theatres",
        "backup": Backup.GENERATOR, "backup_va": 500_000, "security_va": 400_000,
        "start_date": timezone.localdate(), "end_date": None,
    }  # fmt: skip
    return Entry(**{**given, **more})
