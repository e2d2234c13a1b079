"""Appointments: open slots, book, confirm and move them, and what became of them."""

from collections.abc import Sequence
from datetime import date

from django.db.models import F
from django.utils import timezone

from cis.kernel.actors import Actor
from cis.kernel.errors import Findings, Refused
from cis.platform import audit
from cis.platform.db import fetch, joins_transaction, opens_transaction
from metering.domain import appointments as rules
from metering.domain.appointments import (
    REASON_MOST,
    STANDING,
    WORKFLOW,
    AppointmentAction,
    AppointmentState,
    Hours,
)
from metering.domain.work_orders import WorkAction
from metering.models.work import Appointment, AppointmentSlot, Crew, WorkOrder
from metering.operations import work_moves
from metering.queries.appointments import UnknownAppointment, UnknownSlot
from metering.queries.crews import UnknownCrew

_FREES = frozenset({AppointmentAction.MOVE, AppointmentAction.DROP})


class InvalidSlots(Refused):
    """The slots cannot be opened; ``detail["findings"]`` says why."""

    code = "invalid_slots"


class SlotFull(Refused):
    """All appointments of the slot are taken."""

    code = "slot_full"


class SlotUnfit(Refused):
    """The crew of the slot does not work there, or does not do this."""

    code = "slot_unfit"


class AppointmentExists(Refused):
    """The work order has an appointment; move it."""

    code = "appointment_exists"


@opens_transaction
def open_slots(*, crew_id: int, dates: Sequence[date], hours: Sequence[Hours], capacity: int, actor: Actor) -> int:
    """
    Open slots of a crew on some days; those that are open already stay as they are.

    :returns: number of slots that are new.
    :raises UnknownCrew: there is none.
    :raises InvalidSlots: see ``domain.appointments.check_slots``.
    """
    findings = Findings()
    rules.check_slots(dates=dates, hours=hours, capacity=capacity, findings=findings)
    findings.raise_if_any(InvalidSlots)
    if not Crew.objects.filter(id=crew_id, is_active=True).exists():
        raise UnknownCrew(f"There is no crew {crew_id} at work.", crew_id=crew_id)
    before = AppointmentSlot.objects.filter(crew_id=crew_id).count()
    AppointmentSlot.objects.bulk_create(
        [
            AppointmentSlot(crew_id=crew_id, date=day, start_time=one.start, end_time=one.end, capacity=capacity)
            for day in dates
            for one in hours
        ],
        ignore_conflicts=True,
    )
    made = AppointmentSlot.objects.filter(crew_id=crew_id).count() - before
    audit.record(actor, "open_slots", "crew", crew_id, slots=made, first=min(dates), last=max(dates))
    return made


@opens_transaction
def book(*, work_order_id: int, slot_id: int, actor: Actor) -> int:
    """
    Promise the hours of a slot for a work order, and give the order to the slot's crew on that day.

    :returns: id of the appointment.
    :raises SlotFull: somebody else was faster.
    :raises AppointmentExists: one stands already.
    :raises SlotUnfit: the crew does not work there, or the slot has begun.
    """
    return book_step(work_order_id=work_order_id, slot_id=slot_id, actor=actor)


@joins_transaction
def book_step(*, work_order_id: int, slot_id: int, actor: Actor) -> int:
    """Promise the hours of a slot as a step of a larger use case; see ``book``."""
    row = work_moves.lock(work_order_id)
    if Appointment.objects.filter(work_order=row, state__in=STANDING).exists():
        raise AppointmentExists("The work order has an appointment.", advice="Move it instead.")
    return _take(row, slot_id, actor)


@opens_transaction
def move(*, appointment_id: int, slot_id: int, reason: str, actor: Actor) -> int:
    """Put another appointment in the place of one; both slots are counted right. See ``book``; returns the new id."""
    old, row = _locked(appointment_id)
    _end(old, AppointmentAction.MOVE, reason, actor)
    return _take(row, slot_id, actor)


@opens_transaction
def confirm(*, appointment_id: int, actor: Actor) -> None:
    """
    Note that the customer will be there.

    :raises IllegalMove: it does not stand any more.
    """
    row, _order = _locked(appointment_id)
    _end(row, AppointmentAction.CONFIRM, "", actor)


@joins_transaction
def settle_step(*, work_order_id: int, action: AppointmentAction, reason: str, actor: Actor) -> None:
    """End the standing appointment of a work order, if there is one, with what became of it."""
    standing = "SELECT id FROM metering_appointment WHERE work_order_id = %s AND state = ANY(%s) LIMIT 1 FOR UPDATE"
    found = fetch(standing, [work_order_id, [str(state) for state in STANDING]])
    if found:
        _end(Appointment.objects.get(id=found[0][0]), action, reason, actor)


def _locked(appointment_id: int) -> tuple[Appointment, WorkOrder]:
    known = Appointment.objects.filter(id=appointment_id).values_list("work_order_id", flat=True).first()
    if known is None:
        raise UnknownAppointment(f"There is no appointment {appointment_id}.", appointment_id=appointment_id)
    order = work_moves.lock(known)  # first the order, then what hangs on it: everywhere in this sequence
    return Appointment.objects.select_for_update().get(id=appointment_id), order


def _end(row: Appointment, action: AppointmentAction, reason: str, actor: Actor) -> None:
    row.state = WORKFLOW.step(AppointmentState(row.state), action, actor).to.value
    row.reason = reason.strip()[:REASON_MOST]
    row.changed_at = timezone.now()
    row.save()
    if action in _FREES:
        AppointmentSlot.objects.filter(id=row.slot_id).update(taken=F("taken") - 1)
    audit.record(actor, action, "appointment", row.id, work_order_id=row.work_order_id, reason=row.reason)


def _take(row: WorkOrder, slot_id: int, actor: Actor) -> int:
    slot = AppointmentSlot.objects.select_related("crew").filter(id=slot_id).first()
    if slot is None:
        raise UnknownSlot(f"There is no slot {slot_id}.", slot_id=slot_id)
    crew = slot.crew
    if (
        not crew.is_active
        or (crew.areas and row.district not in crew.areas)
        or (crew.kinds and row.kind not in crew.kinds)
    ):
        raise SlotUnfit(f"{crew.name} does not do this work there.", advice="Choose a slot of another crew.")
    if (slot.date, slot.start_time) <= (timezone.localdate(), timezone.localtime().time()):
        raise SlotUnfit("The slot has begun already.", advice="Choose a later one.")
    if not AppointmentSlot.objects.filter(id=slot_id, taken__lt=F("capacity")).update(taken=F("taken") + 1):
        raise SlotFull("All appointments of this slot are taken.", advice="Choose another slot.")
    made = Appointment.objects.create(work_order=row, slot_id=slot_id)
    row.crew_id, row.planned_date, row.route_place = crew.id, slot.date, 0
    work_moves.move(row, WorkAction.BOOK, actor=actor, crew_id=crew.id, planned_date=slot.date)
    audit.record(actor, "book", "appointment", made.id, work_order_id=row.id, slot_id=slot_id)
    return made.id
