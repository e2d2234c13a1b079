"""Slots that can be booked, and appointments of work orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from django.db.models import F, Q

from cis.kernel.errors import Refused
from metering.domain.appointments import STANDING
from metering.models.work import Appointment, AppointmentSlot


class UnknownSlot(Refused):
    """There is no such slot."""

    code = "unknown_slot"


class UnknownAppointment(Refused):
    """There is no such appointment."""

    code = "unknown_appointment"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotCard:
    """Hours of a crew on a day, with how many appointments they take and have."""

    id: int
    crew_id: int
    crew: str
    date: date
    start_time: time
    end_time: time
    capacity: int
    taken: int

    @property
    def free(self) -> int:
        """Return how many appointments it still takes."""
        return self.capacity - self.taken


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentCard:
    """An appointment of a work order."""

    id: int
    work_order_id: int
    state: str
    reason: str
    crew: str
    date: date
    start_time: time
    end_time: time
    changed_at: datetime

    @property
    def stands(self) -> bool:
        """Return whether it is still to come."""
        return self.state in STANDING


def free_slots(*, district: str, kind: str, after: datetime, most: int = 60) -> tuple[SlotCard, ...]:
    """
    Return slots with room of crews that work there and do this, soonest first; one statement.

    :param after: local time; slots that have begun by then are left out.
    """
    rows = AppointmentSlot.objects.filter(
        Q(date__gt=after.date()) | Q(date=after.date(), start_time__gt=after.time()),
        Q(crew__areas=[]) | Q(crew__areas__contains=[district]),
        Q(crew__kinds=[]) | Q(crew__kinds__contains=[kind]),
        crew__is_active=True,
        taken__lt=F("capacity"),
    )
    return _slots(rows.select_related("crew").order_by("date", "start_time", "crew__name")[:most])


def slots(*, crew_id: int, start_date: date, end_date: date) -> tuple[SlotCard, ...]:
    """Return all slots of a crew over [start_date, end_date), by time; one statement."""
    rows = AppointmentSlot.objects.filter(crew_id=crew_id, date__gte=start_date, date__lt=end_date)
    return _slots(rows.select_related("crew").order_by("date", "start_time"))


def of_orders(*, work_order_ids: Sequence[int]) -> dict[int, tuple[AppointmentCard, ...]]:
    """Return the appointments of work orders, latest first; one statement."""
    rows = Appointment.objects.filter(work_order_id__in=list(work_order_ids)).select_related("slot__crew")
    found: dict[int, list[AppointmentCard]] = {}
    for row in rows.order_by("-id"):
        card = AppointmentCard(
            id=row.id, work_order_id=row.work_order_id, state=row.state, reason=row.reason, crew=row.slot.crew.name,
            date=row.slot.date, start_time=row.slot.start_time, end_time=row.slot.end_time, changed_at=row.changed_at,
        )  # fmt: skip
        found.setdefault(row.work_order_id, []).append(card)
    return {key: tuple(cards) for key, cards in found.items()}


def _slots(rows: object) -> tuple[SlotCard, ...]:
    return tuple(
        SlotCard(
            id=row.id, crew_id=row.crew_id, crew=row.crew.name, date=row.date, start_time=row.start_time,
            end_time=row.end_time, capacity=row.capacity, taken=row.taken,
        )
        for row in rows  # type: ignore[attr-defined]
    )  # fmt: skip
