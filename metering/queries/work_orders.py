"""Work orders as pages, the API and the cases that asked for them read them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When

from cis.kernel.actors import Actor
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from metering.domain.work_orders import FIRST, UNDER_WAY, Priority
from metering.models.work import WorkAnswer, WorkOrder, WorkOrderMove, WorkPhoto
from metering.queries import appointments, crews
from metering.queries.appointments import AppointmentCard

_BY_PRIORITY = Case(
    *(When(priority=one.value, then=Value(place)) for place, one in enumerate(FIRST)), output_field=IntegerField()
)


class UnknownWorkOrder(Refused):
    """There is no such work order."""

    code = "unknown_work_order"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCard:
    """
    A work order in a list.

    appointment  the one that stands; None: none does
    """

    id: int
    kind: str
    state: str
    priority: str
    subject: str
    subject_id: int
    premises_id: int | None
    service_point_id: int | None
    address: str
    district: str
    facts: Mapping[str, str]
    checklist: str
    due_date: date
    crew_id: int | None
    crew: str
    planned_date: date | None
    route_place: int
    attempts: int
    outcome: str
    note: str
    created_at: datetime
    started_at: datetime | None
    done_at: datetime | None
    appointment: AppointmentCard | None

    @property
    def is_under_way(self) -> bool:
        """Return whether it is still to be done."""
        return self.state in UNDER_WAY

    def is_late(self, on: date) -> bool:
        """Return whether it should have been done before a date."""
        return self.is_under_way and self.due_date < on


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRow:
    """One step of an order's history."""

    at: datetime
    action: str
    to_state: str
    crew: str
    planned_date: date | None
    hindrance: str
    note: str
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRow:
    """An answer to an item, with the words that the item had when it was answered."""

    item: str
    kind: str
    label_en: str
    label_zh: str
    value: str
    value_en: str
    value_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoRow:
    """A photo of an item."""

    id: int
    item: str
    document_id: int
    taken_at: datetime | None
    kept_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    Which orders a list shows; an empty field does not filter.

    crew_id  0: those that no crew has
    due      "late" before ``today``, "today", "week" the next seven days with today
    """

    kind: str = ""
    state: str = ""
    crew_id: int | None = None
    area: str = ""
    due: str = ""
    text: str = ""
    subject: str = ""
    subject_id: int | None = None


def listed(*, wanted: Wanted, today: date, offset: int = 0, most: int = 50) -> tuple[WorkCard, ...]:
    """Return orders, urgent and soonest due first; two statements."""
    rows = _filtered(wanted, today).order_by(_BY_PRIORITY, "due_date", "id")
    return _cards(rows[offset : offset + most])


def count(*, wanted: Wanted, today: date) -> int:
    """Return how many orders a list has."""
    return _filtered(wanted, today).count()


def one(*, work_order_id: int) -> WorkCard:
    """
    Return a work order; two statements.

    :raises UnknownWorkOrder: there is none.
    """
    found = _cards(WorkOrder.objects.filter(id=work_order_id))
    if not found:
        raise UnknownWorkOrder(f"There is no work order {work_order_id}.", work_order_id=work_order_id)
    return found[0]


def by_ids(*, work_order_ids: Sequence[int]) -> dict[int, WorkCard]:
    """Return some work orders by their ids; two statements."""
    return {card.id: card for card in _cards(WorkOrder.objects.filter(id__in=list(work_order_ids)))}


def check_visible(*, card: WorkCard, actor: Actor) -> None:
    """
    Do nothing where somebody may work on an order: the desk on all, a crew on its own.

    :raises UnknownWorkOrder: to a crew, the orders of another one do not exist.
    """
    if actor.roles & {Role.METERING, Role.SUPERVISOR}:
        return
    if card.crew_id is None or crews.of_user(user_id=actor.id) != card.crew_id:
        raise UnknownWorkOrder(f"There is no work order {card.id} of your crew.", work_order_id=card.id)


def of_case(*, subject: str, subject_id: int) -> tuple[WorkCard, ...]:
    """Return the orders that a case asked for, latest first; two statements."""
    return _cards(WorkOrder.objects.filter(subject=subject, subject_id=subject_id).order_by("-id"))


def of_places(*, service_point_ids: Sequence[int], most: int) -> tuple[WorkCard, ...]:
    """Return the orders at some service points, latest first; two statements."""
    return _cards(WorkOrder.objects.filter(service_point_id__in=list(service_point_ids)).order_by("-id")[:most])


def in_short(*, subject: str, subject_id: int, but_also: Collection[int] = ()) -> tuple[tuple[int, str, str], ...]:
    """
    Return id, kind and state of the orders that a case asked for, latest first; one statement.

    :param but_also: ids of further orders.
    """
    rows = WorkOrder.objects.filter(Q(subject=subject, subject_id=subject_id) | Q(id__in=list(but_also)))
    return tuple(rows.order_by("-id").values_list("id", "kind", "state"))


def of_day(*, crew_id: int, on: date) -> tuple[WorkCard, ...]:
    """Return the orders of a crew on a day, in the order of the route; two statements."""
    rows = WorkOrder.objects.filter(crew_id=crew_id, planned_date=on).exclude(state="cancelled")
    return by_route(_cards(rows))


def loads(*, crew_id: int, start_date: date, end_date: date) -> dict[date, int]:
    """Return how many orders a crew has on each day of [start_date, end_date); one statement."""
    rows = WorkOrder.objects.filter(crew_id=crew_id, planned_date__gte=start_date, planned_date__lt=end_date)
    counted = rows.exclude(state="cancelled").values_list("planned_date").annotate(orders=Count("id"))
    return {day: orders for day, orders in counted if day is not None}


def by_route(cards: Iterable[WorkCard]) -> tuple[WorkCard, ...]:
    """Return orders as they are driven: appointments at their hours, within them by area and address."""
    return tuple(sorted(cards, key=_route_key))


def moves(*, work_order_id: int) -> tuple[MoveRow, ...]:
    """Return the history of an order, oldest first; one statement."""
    rows = WorkOrderMove.objects.filter(work_order_id=work_order_id).select_related("crew").order_by("at", "id")
    return tuple(
        MoveRow(
            at=row.at, action=row.action, to_state=row.to_state, crew=row.crew.name if row.crew else "",
            planned_date=row.planned_date, hindrance=row.hindrance, note=row.note, actor=row.actor_name,
        )
        for row in rows
    )  # fmt: skip


def answers(*, work_order_id: int) -> tuple[AnswerRow, ...]:
    """Return the answers to the checklist of an order, in its sequence; one statement."""
    rows = WorkAnswer.objects.filter(work_order_id=work_order_id).order_by("place")
    names = ("item", "kind", "label_en", "label_zh", "value", "value_en", "value_zh")
    return tuple(AnswerRow(**values) for values in rows.values(*names))


def photos(*, work_order_id: int) -> tuple[PhotoRow, ...]:
    """Return the photos of an order, oldest first; one statement."""
    rows = WorkPhoto.objects.filter(work_order_id=work_order_id).order_by("id")
    return tuple(PhotoRow(**values) for values in rows.values("id", "item", "document_id", "taken_at", "kept_at"))


def areas() -> tuple[str, ...]:
    """Return the areas in which there are work orders, by name; one statement."""
    rows = WorkOrder.objects.exclude(district="").values_list("district", flat=True).distinct().order_by("district")
    return tuple(rows)


def _route_key(card: WorkCard) -> tuple[object, ...]:
    promised = card.appointment
    start = promised.start_time.isoformat() if promised is not None else "~"
    # Where people are in danger a crew goes first, whatever its route was.
    place = FIRST.index(Priority(card.priority))
    return (place > 0, card.route_place or 10_000, place, start, card.district, card.address, card.id)


def _filtered(wanted: Wanted, today: date) -> QuerySet[WorkOrder]:
    rows = WorkOrder.objects.all()
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.state == "under_way":
        rows = rows.filter(state__in=UNDER_WAY)
    elif wanted.state:
        rows = rows.filter(state=wanted.state)
    if wanted.crew_id is not None:
        rows = rows.filter(crew_id=wanted.crew_id) if wanted.crew_id else rows.filter(crew=None)
    if wanted.area:
        rows = rows.filter(district=wanted.area)
    if wanted.subject:
        rows = rows.filter(subject=wanted.subject)
    if wanted.subject_id is not None:
        rows = rows.filter(subject_id=wanted.subject_id)
    if wanted.text:
        number = int(wanted.text) if wanted.text.isascii() and wanted.text.isdigit() and len(wanted.text) < 16 else 0  # noqa: PLR2004
        rows = rows.filter(Q(address__icontains=wanted.text) | Q(id=number))
    return _due(rows, wanted.due, today)


def _due(rows: QuerySet[WorkOrder], due: str, today: date) -> QuerySet[WorkOrder]:
    match due:
        case "late":
            return rows.filter(state__in=UNDER_WAY, due_date__lt=today)
        case "today":
            return rows.filter(due_date=today)
        case "week":
            return rows.filter(due_date__gte=today, due_date__lt=date.fromordinal(today.toordinal() + 7))
    return rows


def _cards(rows: QuerySet[WorkOrder]) -> tuple[WorkCard, ...]:
    found: Sequence[WorkOrder] = list(rows.select_related("crew"))
    promised = appointments.of_orders(work_order_ids=[row.id for row in found])
    return tuple(
        WorkCard(
            id=row.id, kind=row.kind, state=row.state, priority=row.priority, subject=row.subject,
            subject_id=row.subject_id, premises_id=row.premises_id, service_point_id=row.service_point_id,
            address=row.address, district=row.district, facts=row.facts, checklist=row.checklist,
            due_date=row.due_date, crew_id=row.crew_id, crew=row.crew.name if row.crew else "",
            planned_date=row.planned_date, route_place=row.route_place, attempts=row.attempts, outcome=row.outcome,
            note=row.note, created_at=row.created_at, started_at=row.started_at, done_at=row.done_at,
            appointment=next((card for card in promised.get(row.id, ()) if card.stands), None),
        )
        for row in found
    )  # fmt: skip
