"""Supplies that are switched on, for pages and for the cases that want them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet

from billing.domain.energizing import OPEN, EnergizingState
from billing.models.energizing import Energizing
from cis.kernel.errors import Refused
from contracts.domain.application_workflow import SUBJECT as APPLICATION
from contracts.queries import inspections
from metering.domain.work_orders import Outcome, WorkKind, WorkState
from metering.queries import work_orders

WAITING = "open"
"""In place of a state: all of which something is still to be done."""


class UnknownEnergizing(Refused):
    """There is no such energizing."""

    code = "unknown_energizing"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergizingCard:
    """
    An energizing as a list shows it.

    code, message, advice  why it is failed or held; "" else
    on_date                local date on which current began to flow; None: it does not
    """

    id: int
    subject: str
    subject_id: int
    service_point_id: int
    place: str
    address: str
    meter_id: int
    serial: str
    account_id: int
    account: str
    state: EnergizingState
    command_id: int | None
    on_date: date | None
    agreement_id: int | None
    cycle_code: str
    code: str
    message: str
    advice: str
    note: str
    ordered_at: datetime
    actor_name: str


def is_inspected(*, subject: str, subject_id: int) -> bool:
    """
    Return whether the inspection of a case passed: of an application the acceptance inspection of its installation, of
    another case the last work order for an inspection; up to five statements.
    """
    if subject == APPLICATION and inspections.has_passed(application_id=subject_id):
        return True
    since = inspections.void_until(application_id=subject_id) if subject == APPLICATION else None
    found = [
        card
        for card in work_orders.of_case(subject=subject, subject_id=subject_id)
        if card.kind == WorkKind.INSPECTION
        and card.state == WorkState.DONE
        and (since is None or (card.done_at is not None and card.done_at > since))
    ]
    return bool(found) and max(found, key=lambda card: card.id).outcome == Outcome.PASSED


def listed(*, state: str = "", text: str = "", offset: int = 0, most: int = 50) -> tuple[EnergizingCard, ...]:
    """
    Return some energizings, latest first; one statement.

    state  one of them, or ``WAITING``; "" = all
    text   the first characters of the account's or the meter's number
    """
    return _cards(_filtered(state, text).order_by("-id")[offset : offset + most])


def count(*, state: str = "", text: str = "") -> int:
    """Return how many there are; one statement."""
    return _filtered(state, text).count()


def of_case(*, subject: str, subject_id: int) -> tuple[EnergizingCard, ...]:
    """Return the energizings that a case wants, latest first; one statement."""
    return _cards(Energizing.objects.filter(subject=subject, subject_id=subject_id).order_by("-id"))


def one(*, energizing_id: int) -> EnergizingCard:
    """
    Return one energizing; one statement.

    :raises UnknownEnergizing: there is none.
    """
    found = _cards(Energizing.objects.filter(id=energizing_id))
    if not found:
        raise UnknownEnergizing(f"There is no energizing {energizing_id}.", energizing_id=energizing_id)
    return found[0]


def by_ids(*, energizing_ids: Iterable[int]) -> dict[int, EnergizingCard]:
    """Return some energizings by id; one statement."""
    return {card.id: card for card in _cards(Energizing.objects.filter(id__in=list(energizing_ids)))}


def _filtered(state: str, text: str) -> QuerySet[Energizing]:
    rows = Energizing.objects.all()
    if state:
        rows = rows.filter(state__in=OPEN) if state == WAITING else rows.filter(state=state)
    if text.strip():
        word = text.strip()
        rows = rows.filter(account__number__startswith=word) | rows.filter(meter__serial__startswith=word)
    return rows


def _cards(rows: QuerySet[Energizing]) -> tuple[EnergizingCard, ...]:
    return tuple(
        EnergizingCard(
            id=row.id, subject=row.subject, subject_id=row.subject_id, service_point_id=row.service_point_id,
            place=row.service_point.external_id, address=row.service_point.premises.address, meter_id=row.meter_id,
            serial=row.meter.serial, account_id=row.account_id, account=row.account.number,
            state=EnergizingState(row.state), command_id=row.command_id, on_date=row.on_date,
            agreement_id=row.agreement_id, cycle_code=row.cycle_code, code=row.code, message=row.message,
            advice=row.advice, note=row.note, ordered_at=row.ordered_at, actor_name=row.actor_name,
        )
        for row in rows.select_related("service_point__premises", "meter", "account")
    )  # fmt: skip
