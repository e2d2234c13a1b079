"""Events of demand response for pages and interfaces: who was called, what each delivered, and how it is worked out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import BigIntegerField, CharField, Count, F, Field, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, TruncDate

from accounts.queries import users
from cis.kernel.errors import Refused
from contracts.domain.demand_response import (
    EventSource,
    EventState,
    LimitState,
    PartState,
    hours_of,
    opt_out_until,
)
from contracts.models.demand_response import DemandEvent, EventPart
from contracts.queries.programs import ProgramCard, card_of

COMING = (EventState.PLANNED.value, EventState.ANNOUNCED.value, EventState.RUNNING.value, EventState.ENDED.value)


class UnknownEvent(Refused):
    """There is no such event."""

    code = "unknown_demand_event"


class UnknownPart(Refused):
    """Nobody takes part in an event by this number."""

    code = "unknown_event_part"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCard:
    """
    An event as a list shows it.

    feeder                     where; "": everywhere
    called, opted_out, settled, unmeasured
                               so many accounts were called, left, were settled, and could not be measured
    delivered_wh, delivered_w  of all that are settled [Wh], [W]
    credit_minor               of the same [minor unit]
    forecast_id                of the load that whoever planned it looked at; None: of none
    """

    id: int
    program: ProgramCard
    feeder: str
    state: EventState
    source: EventSource
    forecast_id: int | None
    start_at: datetime
    end_at: datetime
    target_w: int
    planned_at: datetime
    planner_id: int | None
    decider_id: int | None
    announced_at: datetime | None
    settled_at: datetime | None
    reason: str
    called: int
    opted_out: int
    settled: int
    unmeasured: int
    delivered_wh: int
    delivered_w: int
    credit_minor: int

    @property
    def hours(self) -> int:
        """Return how long it is. [h]"""
        return hours_of(start_at=self.start_at, end_at=self.end_at)

    @property
    def opt_out_until(self) -> datetime:
        """Return the first instant at which nobody opts out any more."""
        return opt_out_until(start_at=self.start_at, opt_out_minutes=self.program.terms.opt_out_minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartCard:
    """
    Somebody who was called; what is not measured yet is None. [Wh], [W], [minor unit]

    customer   who holds the account on the day of the event; where nobody does, who joined the programme
    acknowledged_at  when its device said that it heard of it; None: it has none, or said nothing
    gap        why it could not be measured yet; "": nothing is known to be missing
    factor_e6  adjustment by the hours before the event [10^-6]
    turn       how often it was settled
    """

    id: int
    event_id: int
    account_id: int
    account_number: str
    customer_id: int
    customer_name: str
    address: str
    service_point_id: int
    state: PartState
    limit_state: str
    opted_out_at: datetime | None
    acknowledged_at: datetime | None
    gap: str
    factor_e6: int | None
    before_wh: int | None
    baseline_wh: int | None
    actual_wh: int | None
    delivered_wh: int | None
    delivered_w: int | None
    credit_minor: int | None
    note_id: int | None
    turn: int
    settled_at: datetime | None
    taken_back_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow:
    """A similar day of a part. [Wh]"""

    day: date
    event_wh: int
    before_wh: int
    is_highest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HourRow:
    """An hour of a part. [Wh]"""

    start_at: datetime
    baseline_wh: int
    actual_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartDetail:
    """
    A part with its event and how it was worked out; ``days`` and ``hours`` are empty until it is settled.

    mean_wh       mean of the highest days, rounded for reading; the baseline is of the exact one [Wh]
    mean_before_wh  of the hours before, on the same days [Wh]
    """

    card: PartCard
    event: EventCard
    days: tuple[DayRow, ...]
    hours: tuple[HourRow, ...]

    @property
    def highest(self) -> tuple[DayRow, ...]:
        """Return the days whose mean the baseline is."""
        return tuple(one for one in self.days if one.is_highest)

    @property
    def mean_wh(self) -> int:
        """Return the mean of the highest days, rounded. [Wh]"""
        return _mean([one.event_wh for one in self.highest])

    @property
    def mean_before_wh(self) -> int:
        """Return the mean of the hours before on the highest days, rounded. [Wh]"""
        return _mean([one.before_wh for one in self.highest])


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which events are listed; "" and None = all. ``state``: one, or ``coming`` for those that are not over."""

    state: str = ""
    program_id: int | None = None


def listed(*, wanted: Wanted, offset: int = 0, most: int = 50) -> tuple[EventCard, ...]:
    """Return some events, latest first; two statements."""
    return _cards(_filtered(wanted).order_by("-start_at", "-id")[offset : offset + most])


def count(*, wanted: Wanted) -> int:
    """Return how many there are; one statement."""
    return _filtered(wanted).count()


def one(*, event_id: int) -> EventCard:
    """
    Return an event; two statements.

    :raises UnknownEvent: there is none.
    """
    found = _cards(DemandEvent.objects.filter(id=event_id))
    if not found:
        raise UnknownEvent(f"There is no event {event_id}.", event_id=event_id)
    return found[0]


def cards(*, event_ids: Iterable[int]) -> dict[int, EventCard]:
    """Return some events, those that exist, by id; two statements."""
    return {card.id: card for card in _cards(DemandEvent.objects.filter(id__in=list(event_ids)))}


def parts(*, event_id: int, state: str = "", offset: int = 0, most: int = 50) -> tuple[PartCard, ...]:
    """Return some who were called for an event, by account; one statement. ``state``: "" = all."""
    rows = EventPart.objects.filter(event_id=event_id, **({"state": state} if state else {}))
    return _parts(rows.order_by("account__number")[offset : offset + most])


def part_cards(*, part_ids: Iterable[int]) -> dict[int, PartCard]:
    """Return some parts, those that exist, by id; one statement."""
    return {card.id: card for card in _parts(EventPart.objects.filter(id__in=list(part_ids)))}


def part(*, part_id: int) -> PartDetail:
    """
    Return a part with what it rests on; five statements.

    :raises UnknownPart: there is none.
    """
    found = _parts(EventPart.objects.filter(id=part_id))
    if not found:
        raise UnknownPart(f"Nobody takes part in an event by {part_id}.", part_id=part_id)
    [card] = found
    event = one(event_id=card.event_id)
    row = EventPart(id=part_id)
    step = (event.end_at - event.start_at) // event.hours
    return PartDetail(
        card=card, event=event,
        days=tuple(
            DayRow(day=day.day, event_wh=day.event_wh, before_wh=day.before_wh, is_highest=day.is_highest)
            for day in row.days.order_by("-day")
        ),
        hours=tuple(
            HourRow(
                start_at=event.start_at + hour.hour * step, baseline_wh=hour.baseline_wh, actual_wh=hour.actual_wh
            )
            for hour in row.hours.order_by("hour")
        ),
    )  # fmt: skip


def of_customer(
    *, account_id: int, customer_id: int, most: int = 20
) -> tuple[tuple[PartCard, EventCard], ...]:  # fmt: skip
    """Return the events for which a customer was called by an account, latest first; three statements."""
    rows = _held(EventPart.objects.filter(account_id=account_id)).filter(holder_id=customer_id)
    found = _parts(rows.order_by("-event__start_at", "-id")[:most])
    events = cards(event_ids=[card.event_id for card in found])
    return tuple((card, events[card.event_id]) for card in found)


def holders(*, part_ids: Iterable[int]) -> dict[int, tuple[int, str]]:
    """Return id and language of who holds the account of each part on the day of its event; one statement."""
    rows = _held(EventPart.objects.filter(id__in=list(part_ids)))
    return {row_id: (holder, language) for row_id, holder, language in rows.values_list(*_HOLDER)}


def ended() -> tuple[int, ...]:
    """Return the events whose parts wait to be measured, oldest first; one statement."""
    rows = DemandEvent.objects.filter(state=EventState.ENDED.value)
    return tuple(rows.order_by("end_at", "id").values_list("id", flat=True))


def accounts_in(*, event_id: int) -> list[int]:
    """Return the accounts that take part in an event; one statement."""
    rows = EventPart.objects.filter(event_id=event_id, state=PartState.TAKING_PART.value)
    return list(rows.order_by("account_id").values_list("account_id", flat=True))


def account_of(*, part_id: int) -> int:
    """
    Return the account of a part; one statement.

    :raises UnknownPart: there is none.
    """
    found = EventPart.objects.filter(id=part_id).values_list("account_id", flat=True).first()
    if found is None:
        raise UnknownPart(f"Nobody takes part in an event by {part_id}.", part_id=part_id)
    return int(found)


def names(card: EventCard) -> tuple[str, str]:
    """Return who planned an event and who let it go; one statement."""
    ids = {one for one in (card.planner_id, card.decider_id) if one is not None and one > 0}
    found = users.names(ids) if ids else {}
    return found.get(card.planner_id or 0, ""), found.get(card.decider_id or 0, "")


def _mean(values: Sequence[int]) -> int:
    return (2 * sum(values) + len(values)) // (2 * len(values)) if values else 0


def _filtered(wanted: Wanted) -> QuerySet[DemandEvent]:
    rows = DemandEvent.objects.all()
    if wanted.state == "coming":
        rows = rows.filter(state__in=COMING)
    elif wanted.state:
        rows = rows.filter(state=wanted.state)
    return rows.filter(program_id=wanted.program_id) if wanted.program_id else rows


def _cards(rows: QuerySet[DemandEvent]) -> tuple[EventCard, ...]:
    found = list(rows.select_related("program", "feeder"))
    settled = Q(state=PartState.SETTLED.value)
    sums: dict[int, Mapping[str, Any]] = {
        row["event_id"]: row
        for row in EventPart.objects.filter(event_id__in=[row.id for row in found])
        .values("event_id")
        .annotate(
            n_called=Count("id"),
            n_opted_out=Count("id", filter=Q(state=PartState.OPTED_OUT.value)),
            n_settled=Count("id", filter=settled),
            n_unmeasured=Count("id", filter=Q(state=PartState.UNMEASURED.value)),
            wh=Coalesce(Sum("delivered_wh", filter=settled), 0),
            w=Coalesce(Sum("delivered_w", filter=settled), 0),
            minor=Coalesce(Sum("credit_minor", filter=settled), 0),
        )
        .order_by()
    }
    return tuple(_card(row, sums.get(row.id, {})) for row in found)


def _card(row: DemandEvent, sums: Mapping[str, Any]) -> EventCard:
    return EventCard(
        id=row.id, program=card_of(row.program), feeder=row.feeder.name if row.feeder else "",
        state=EventState(row.state), source=EventSource(row.source), forecast_id=row.forecast_id,
        start_at=row.start_at, end_at=row.end_at, target_w=row.target_w, planned_at=row.planned_at,
        planner_id=row.planner_id, decider_id=row.decider_id,
        announced_at=row.announced_at, settled_at=row.settled_at, reason=row.reason, called=sums.get("n_called", 0),
        opted_out=sums.get("n_opted_out", 0), settled=sums.get("n_settled", 0),
        unmeasured=sums.get("n_unmeasured", 0), delivered_wh=int(sums.get("wh", 0)),
        delivered_w=int(sums.get("w", 0)), credit_minor=int(sums.get("minor", 0)),
    )  # fmt: skip


_HOLDER = ("id", "holder_id", "holder_language")


def _held(rows: QuerySet[EventPart]) -> QuerySet[Any]:
    """Add who holds the account on the day of the event; where nobody does, who joined the programme."""
    held = EventPart.objects.filter(id=OuterRef("id"), account__holders__period__contains=TruncDate("event__start_at"))

    def of(name: str, kind: "Field[Any, Any]") -> Coalesce:
        joined = F(f"enrollment__customer__{name}")
        return Coalesce(Subquery(held.values(f"account__holders__customer__{name}")), joined, output_field=kind)

    return rows.annotate(
        holder_id=of("id", BigIntegerField()), holder_name=of("name", CharField()),
        holder_language=of("language", CharField()),
    )  # fmt: skip


def _parts(rows: QuerySet[EventPart]) -> tuple[PartCard, ...]:
    found = _held(rows).select_related("account", "service_point__premises")
    return tuple(
        PartCard(
            id=row.id, event_id=row.event_id, account_id=row.account_id, account_number=row.account.number,
            customer_id=row.holder_id, customer_name=row.holder_name,
            address=row.service_point.premises.address, service_point_id=row.service_point_id,
            state=PartState(row.state), limit_state=LimitState(row.limit_state).value if row.limit_state else "",
            opted_out_at=row.opted_out_at, acknowledged_at=row.acknowledged_at, gap=row.gap,
            factor_e6=row.factor_e6, before_wh=row.before_wh,
            baseline_wh=row.baseline_wh, actual_wh=row.actual_wh, delivered_wh=row.delivered_wh,
            delivered_w=row.delivered_w, credit_minor=row.credit_minor, note_id=row.note_id, turn=row.turn,
            settled_at=row.settled_at, taken_back_at=row.taken_back_at, reason=row.reason,
        )
        for row in found
    )  # fmt: skip
