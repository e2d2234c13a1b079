"""Corrections of usage, for pages: lists, one with its parts, those of a place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from django.db.models import Q, QuerySet, Sum

from accounts.queries import users
from cis.kernel.errors import Refused
from cis.kernel.periods import Period
from metering.domain.correction_workflow import CorrectionState
from metering.domain.corrections import Cause
from metering.domain.places import UNITS, Quantity
from metering.models.correction import CorrectionPart, UsageCorrection


class UnknownCorrection(Refused):
    """There is no such correction."""

    code = "unknown_correction"


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionCard:
    """
    A correction in a list.

    change_wh  active energy drawn that it adds; below 0: takes off. [Wh]
    proposer, decider, undo_proposer, undoer  names; "" where nobody did
    needs_two  a second person decides on it
    """

    id: int
    service_point_id: int
    address: str
    serial: str
    cause: Cause
    state: CorrectionState
    since_date: date
    start_date: date
    end_date: date
    change_wh: int
    proposed_at: datetime
    proposer_id: int | None
    proposer: str
    decided_at: datetime | None
    decider: str
    undo_proposer_id: int | None
    undo_proposer: str
    undone_at: datetime | None
    undoer: str
    undo_reason: str
    needs_two: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PartCard:
    """What became of one register over [start_date, end_date). [Wh or varh]"""

    register: str
    quantity: str
    direction: str
    period_of_use: str
    start_date: date
    end_date: date
    before_wh: int
    after_wh: int

    @property
    def change_wh(self) -> int:
        """Return what is added; below 0: taken off. [Wh or varh]"""
        return self.after_wh - self.before_wh

    @property
    def unit(self) -> str:
        """Return the unit in which it is shown."""
        return UNITS[Quantity(self.quantity)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionDetail:
    """
    One correction as a whole.

    factor             None: a normal time, or added energy
    reactive_factor    None: reactive energy goes by the factor, or is not corrected, as the cause says
    normal             the normal time, None: none
    given              what was typed in, by name
    """

    card: CorrectionCard
    factor: Fraction | None
    reactive_factor: Fraction | None
    normal: tuple[date, date] | None
    added_wh: int | None
    first_share: Fraction
    given: Mapping[str, str]
    evidence: str
    is_customer_fault: bool
    parts: tuple[PartCard, ...]


WAITING = "waiting"
"""In place of a state: what a second person decides on; the energy of a theft is decided on with its case."""


def listed(
    *, state: str = "", cause: str = "", text: str = "", offset: int = 0, most: int = 50
) -> tuple[CorrectionCard, ...]:
    """
    Return some corrections, latest first; two statements.

    state  one of them, or ``WAITING``; "" = all
    text   beginning of a meter number, or an address
    """
    return _cards(_filtered(state, cause, text).order_by("-id")[offset : offset + most])


def count(*, state: str = "", cause: str = "", text: str = "") -> int:
    """Return how many there are; one statement."""
    return _filtered(state, cause, text).count()


def of_places(*, service_point_ids: Sequence[int]) -> tuple[CorrectionCard, ...]:
    """Return the corrections at some service points, latest first; two statements."""
    return _cards(UsageCorrection.objects.filter(service_point_id__in=list(service_point_ids)).order_by("-id"))


def one(*, correction_id: int) -> CorrectionDetail:
    """
    Return a correction with its parts; three statements.

    :raises UnknownCorrection: there is none.
    """
    rows = UsageCorrection.objects.filter(id=correction_id)
    cards = _cards(rows)
    if not cards:
        raise UnknownCorrection(f"There is no correction {correction_id}.")
    row = rows.get()
    parts = CorrectionPart.objects.filter(correction_id=correction_id).select_related("register")
    normal = (row.normal_start_date, row.normal_end_date) if row.normal_start_date and row.normal_end_date else None
    return CorrectionDetail(
        card=cards[0],
        factor=Fraction(row.factor) if row.factor else None,
        reactive_factor=Fraction(row.reactive_factor) if row.reactive_factor else None,
        normal=normal,
        added_wh=row.added_wh,
        first_share=Fraction(row.first_share),
        given=row.given,
        evidence=row.evidence,
        is_customer_fault=row.is_customer_fault,
        parts=tuple(
            PartCard(
                register=part.register.code,
                quantity=part.register.quantity,
                direction=part.register.direction,
                period_of_use=part.register.period_of_use,
                start_date=part.start_date,
                end_date=part.end_date,
                before_wh=part.before_wh,
                after_wh=part.after_wh,
            )
            for part in parts.order_by("start_date", "register__code", "id")
        ),
    )


def moved_beside(*, correction_id: int, service_point_id: int, meter_id: int, months: Period, since_date: date) -> int:
    """
    Return how much energy other corrections of a meter or a service point moved; one statement. [Wh or varh]

    Those that concern some of the months, and those proposed since a date; undone ones too, but not dropped ones.
    """
    near = Q(start_date__lt=months.end, end_date__gt=months.start) | Q(proposed_at__date__gte=since_date)
    others = UsageCorrection.objects.filter(Q(service_point_id=service_point_id) | Q(meter_id=meter_id), near)
    counted = others.exclude(id=correction_id).exclude(state=CorrectionState.DROPPED.value)
    found: int | None = counted.aggregate(moved=Sum("moved_wh"))["moved"]
    return found or 0


def _filtered(state: str, cause: str, text: str) -> QuerySet[UsageCorrection]:
    rows = UsageCorrection.objects.all()
    if state == WAITING:
        open_states = [CorrectionState.PROPOSED.value, CorrectionState.UNDOING.value]
        rows = rows.filter(state__in=open_states).exclude(cause=Cause.THEFT.value)
    elif state:
        rows = rows.filter(state=state)
    if cause:
        rows = rows.filter(cause=cause)
    if text:
        rows = rows.filter(Q(meter__serial__startswith=text) | Q(service_point__premises__address__contains=text))
    return rows


def _persons(row: UsageCorrection) -> tuple[int | None, ...]:
    return row.proposer_id, row.decider_id, row.undo_proposer_id, row.undoer_id


def _cards(rows: QuerySet[UsageCorrection]) -> tuple[CorrectionCard, ...]:
    found = list(rows.select_related("meter", "service_point__premises"))
    ids = {person for row in found for person in _persons(row) if person}
    names = users.names(ids) if ids else {}

    def name(person: int | None) -> str:
        return names.get(person, "") if person is not None else ""

    return tuple(
        CorrectionCard(
            id=row.id,
            service_point_id=row.service_point_id,
            address=row.service_point.premises.address,
            serial=row.meter.serial,
            cause=Cause(row.cause),
            state=CorrectionState(row.state),
            since_date=row.since_date,
            start_date=row.start_date,
            end_date=row.end_date,
            change_wh=row.change_wh,
            proposed_at=row.proposed_at,
            proposer_id=row.proposer_id,
            proposer=name(row.proposer_id),
            decided_at=row.decided_at,
            decider=name(row.decider_id),
            undo_proposer_id=row.undo_proposer_id,
            undo_proposer=name(row.undo_proposer_id),
            undone_at=row.undone_at,
            undoer=name(row.undoer_id),
            undo_reason=row.undo_reason,
            needs_two=row.needs_two,
        )
        for row in found
    )
