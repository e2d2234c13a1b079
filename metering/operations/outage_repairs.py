"""
The repair of an outage: its work order, the crew that is sent at once, and the clocks of arrival and restoration.

The crew is chosen among those that do repairs and work there: the one with the fewest orders of the day that are still
to be done. Where none works there, the order waits for the desk.
"""

from datetime import datetime

from django.utils import timezone

from cis.kernel.actors import SYSTEM, Actor
from cis.platform import deadline_turns, deadlines, events
from cis.platform.db import joins_transaction
from metering.domain.announcements import OutageEnded, WorkOrderCancelled, WorkOrderDone, WorkOrderStarted
from metering.domain.outages import (
    OPEN,
    SUBJECT,
    Area,
    NewReport,
    OutageAction,
    OutageState,
    Scope,
    arrival_standard,
    restoration_standard,
)
from metering.domain.work_orders import UNDER_WAY, Priority, WorkAction, WorkKind
from metering.models.network import Feeder, Transformer
from metering.models.outage import Outage
from metering.models.work import WorkOrder
from metering.operations import outage_rows, outage_telling, planned_outages, work_moves, work_orders
from metering.queries import crews, outages


@joins_transaction
def send_step(outage: Outage, *, new: NewReport) -> int:
    """Order the repair of a new outage, send the crew that is free, and start its clocks; return the order."""
    return take_step(
        outage, fault=new.kind.value, reason=new.note, reporter=new.name, phone=new.phone,
    )  # fmt: skip


@joins_transaction
def take_step(outage: Outage, **told: str) -> int:
    """Order a repair with what the crew should know, send the crew that is free, and start the clocks."""
    area = Area(outage.area)
    order_id = order_step(outage, **told)
    deadline_turns.turn(
        subject=SUBJECT, subject_id=outage.id, at=outage.found_at,
        start=(arrival_standard(area), restoration_standard(area)),
    )  # fmt: skip
    return order_id


@joins_transaction
def order_step(outage: Outage, **told: str) -> int:
    """Order a repair with what the crew should know, and send the crew that is free."""
    facts = {**told, "dark": outage.supplies.count()}
    order_id = work_orders.create_step(
        kind=WorkKind.REPAIR, subject=SUBJECT, subject_id=outage.id, service_point_id=outage.service_point_id,
        address=place_of(outage), district=outage.district, facts=facts,
        due_date=timezone.localdate(outage.found_at), priority=_priority(outage), actor=SYSTEM,
    )  # fmt: skip
    dispatch_step(order_id, district=outage.district)
    return order_id


@joins_transaction
def dispatch_step(work_order_id: int, *, district: str) -> int | None:
    """Give a repair to the crew that has the least to do there today; return it, None where none works there."""
    today = timezone.localdate()
    able = [one for one in crews.listed(only_active=True) if one.serves(district=district, kind=WorkKind.REPAIR)]
    if not able:
        return None
    loads = outages.loads(crew_ids=[one.id for one in able], on=today)
    # Of crews with as much to do, one that works there alone is nearer than one that works everywhere.
    crew = min(able, key=lambda one: (loads.get(one.id, 0), not one.areas, one.id))
    row = work_moves.lock(work_order_id)
    row.crew_id, row.planned_date, row.route_place = crew.id, today, 0
    work_moves.move(row, WorkAction.DISPATCH, actor=SYSTEM, crew_id=crew.id, planned_date=today)
    return crew.id


@joins_transaction
def hurry_step(outage: Outage) -> None:
    """Let the crew know that people are in danger: its order comes first; where there is no crew, one is sent."""
    rows = _orders(outage)
    if not rows:
        order_step(outage)
    for row in rows:
        row.priority = Priority.DANGER.value
        row.save(update_fields=["priority"])


@joins_transaction
def place_step(outage: Outage) -> None:
    """Say in the crew's order what is dark now."""
    for row in _orders(outage):
        row.address, row.priority = place_of(outage), _priority(outage).value
        row.facts = {**row.facts, "dark": str(outage.supplies.count())}
        row.save()


@joins_transaction
def end_step(outage: Outage, *, reason: str, at: datetime | None = None) -> None:
    """Drop what is still to be done for an outage that is none, or goes on in another; its clocks are forgotten."""
    work_orders.withdraw_step(subject=SUBJECT, subject_id=outage.id, reason=reason, actor=SYSTEM)
    deadlines.drop(subject=SUBJECT, subject_id=outage.id, at=at or timezone.now())


@joins_transaction
def restored_step(outage: Outage, *, at: datetime, actor: Actor, note: str = "") -> None:
    """Note that current flows again at all that was dark: the clock is met, and everybody is told."""
    points = outage_rows.back_step(outage, at=at)
    outage.restored_at = max(at, outage.began_at)
    if note:
        outage.note = note
    outage_rows.move(outage, OutageAction.RESTORE, actor=actor, note=note)
    planned_outages.note_restored(outage, actor=actor)
    # Meters may say so of a time before we heard of the outage, when no clock ran yet.
    met_at = max(at, outage.found_at)
    deadlines.meet(subject=SUBJECT, subject_id=outage.id, at=met_at, standard=restoration_standard(Area(outage.area)))
    # A crew that was never there will not come any more: nobody waits for it.
    deadlines.drop(subject=SUBJECT, subject_id=outage.id, at=met_at)
    work_orders.withdraw_step(
        subject=SUBJECT, subject_id=outage.id, reason="restored", actor=SYSTEM, spares_started=True
    )
    outage_telling.queue_back_step(outage_id=outage.id, service_point_ids=points, at=at)
    events.announce(OutageEnded(outage_id=outage.id, at=at, is_planned=outage.plan_id is not None))


@joins_transaction
def note_arrival(told: WorkOrderStarted) -> None:
    """Hear that a crew is there: the clock of its arrival is met."""
    outage = _of_case(told.subject, told.subject_id)
    if outage is None:
        return
    outage_rows.move(outage, OutageAction.ARRIVE, actor=told.actor)
    deadlines.meet(subject=SUBJECT, subject_id=outage.id, at=told.at, standard=arrival_standard(Area(outage.area)))


@joins_transaction
def note_done(told: WorkOrderDone) -> None:
    """Hear that the crew has repaired it: current flows again."""
    outage = _of_case(told.subject, told.subject_id)
    if outage is not None:
        note = WorkOrder.objects.values_list("note", flat=True).get(id=told.work_order_id)
        restored_step(outage, at=timezone.now(), actor=told.actor, note=note)


@joins_transaction
def note_dropped(dropped: WorkOrderCancelled) -> None:
    """Hear that the desk dropped the repair: while the outage is open it is ordered anew, on the same clocks."""
    outage = _of_case(dropped.subject, dropped.subject_id)
    if outage is not None and not _orders(outage):
        order_step(outage, **WorkOrder.objects.values_list("facts", flat=True).get(id=dropped.work_order_id))


def place_of(outage: Outage) -> str:
    """Return where a crew is sent, in words: the address, or the name of what is dark."""
    match Scope(outage.scope):
        case Scope.FEEDER:
            return Feeder.objects.values_list("name", flat=True).get(outages=outage)
        case Scope.TRANSFORMER:
            name, address = Transformer.objects.values_list("name", "address").get(outages=outage)
            return f"{name} {address}".strip()[:300]
        case _:
            return outage.address


def _priority(outage: Outage) -> Priority:
    return Priority.DANGER if outage.is_dangerous else Priority.URGENT


def _orders(outage: Outage) -> list[WorkOrder]:
    return list(
        WorkOrder.objects.select_for_update()
        .filter(subject=SUBJECT, subject_id=outage.id, kind=WorkKind.REPAIR, state__in=UNDER_WAY)
        .order_by("id")
    )


def _of_case(subject: str, subject_id: int) -> Outage | None:
    """Return the open outage of a case, locked; None: the case is another one, or it is over."""
    if subject != SUBJECT:
        return None
    outage = outage_rows.lock(subject_id)
    return outage if OutageState(outage.state) in OPEN else None
