"""Defects as pages and the API show them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, QuerySet

from accounts.queries import users
from contracts.domain.inspection import Severity
from contracts.domain.inspection_workflow import STANDING, DefectState
from contracts.models.inspection import Defect, DefectPhoto
from contracts.queries.inspections import UnknownDefect

STANDING_FILTER = "standing"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoCard:
    """A photo of a defect: as it was found, or as it was rectified."""

    id: int
    document_id: int
    is_evidence: bool
    kept_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DefectCard:
    """
    A defect with its photos.

    due_date        last day on which it may be rectified
    asker, decider  names; "" where nobody did
    """

    id: int
    inspection_id: int
    account_id: int | None
    account_number: str
    customer_name: str
    address: str
    district: str
    code: str
    severity: Severity
    state: DefectState
    text_en: str
    text_zh: str
    remedy_en: str
    remedy_zh: str
    note: str
    found_at: datetime
    due_date: date
    claimed_at: datetime | None
    claim_note: str
    closed_date: date | None
    reason: str
    asker_id: int | None
    asker: str
    decider: str
    photos: tuple[PhotoCard, ...]

    @property
    def stands(self) -> bool:
        """Return whether it is neither rectified nor waived."""
        return self.state in STANDING

    def days_left(self, on: date) -> int:
        """Return how many days are left, negative when its time is over."""
        return (self.due_date - on).days


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which defects are listed; "" = all. ``state``: one of them, or ``standing``: those that are not closed."""

    state: str = ""
    severity: str = ""
    area: str = ""
    text: str = ""


def listed(*, wanted: Wanted, offset: int = 0, most: int = 50) -> tuple[DefectCard, ...]:
    """Return defects by their deadline, soonest first; three statements."""
    return _cards(_filtered(wanted).order_by("due_date", "id")[offset : offset + most])


def count(*, wanted: Wanted) -> int:
    """Return how many defects a list has."""
    return _filtered(wanted).count()


def one(*, defect_id: int) -> DefectCard:
    """
    Return a defect; three statements.

    :raises UnknownDefect: there is none.
    """
    found = _cards(Defect.objects.filter(id=defect_id))
    if not found:
        raise UnknownDefect(f"There is no defect {defect_id}.")
    return found[0]


def by_ids(*, defect_ids: Iterable[int]) -> dict[int, DefectCard]:
    """Return some defects by id; three statements."""
    return {card.id: card for card in _cards(Defect.objects.filter(id__in=list(defect_ids)))}


def of_inspections(*, inspection_ids: Iterable[int]) -> dict[int, tuple[DefectCard, ...]]:
    """Return the defects of inspections, by inspection, worst and soonest first; three statements."""
    found: dict[int, list[DefectCard]] = {}
    for card in _cards(Defect.objects.filter(inspection_id__in=list(inspection_ids)).order_by("due_date", "id")):
        found.setdefault(card.inspection_id, []).append(card)
    return {inspection_id: tuple(cards) for inspection_id, cards in found.items()}


def standing_of_account(*, account_id: int) -> tuple[DefectCard, ...]:
    """Return the defects of an account that are neither rectified nor waived, soonest first; three statements."""
    mine = Q(inspection__agreement__account=account_id) | Q(inspection__application__account=account_id)
    rows = Defect.objects.filter(mine, state__in=STANDING)
    return _cards(rows.order_by("due_date", "id"))


def photo(*, photo_id: int) -> PhotoCard:
    """
    Return a photo of a defect; one statement.

    :raises UnknownDefect: there is none.
    """
    row = DefectPhoto.objects.filter(id=photo_id).first()
    if row is None:
        raise UnknownDefect(f"There is no photo {photo_id}.")
    return PhotoCard(id=row.id, document_id=row.document_id, is_evidence=row.is_evidence, kept_at=row.kept_at)


def _filtered(wanted: Wanted) -> QuerySet[Defect]:
    rows = Defect.objects.all()
    if wanted.state == STANDING_FILTER:
        rows = rows.filter(state__in=STANDING)
    elif wanted.state:
        rows = rows.filter(state=wanted.state)
    if wanted.severity:
        rows = rows.filter(severity=wanted.severity)
    if wanted.area:
        rows = rows.filter(inspection__district=wanted.area)
    if wanted.text:
        rows = rows.filter(
            Q(inspection__address__icontains=wanted.text)
            | Q(inspection__customer_name__icontains=wanted.text)
            | Q(inspection__agreement__account__number__startswith=wanted.text)
        )
    return rows


def _cards(rows: QuerySet[Defect]) -> tuple[DefectCard, ...]:
    found: Sequence[Defect] = list(
        rows.select_related("inspection__agreement__account", "inspection__application__account")
    )
    pictures: dict[int, list[PhotoCard]] = {}
    for row in DefectPhoto.objects.filter(defect__in=found).order_by("id"):
        shown = PhotoCard(id=row.id, document_id=row.document_id, is_evidence=row.is_evidence, kept_at=row.kept_at)
        pictures.setdefault(row.defect_id, []).append(shown)
    people = {one for row in found for one in (row.asker_id, row.decider_id) if one is not None}
    names = users.names(people) if people else {}
    return tuple(_card(row, tuple(pictures.get(row.id, ())), names) for row in found)


def _card(row: Defect, photos: tuple[PhotoCard, ...], names: dict[int, str]) -> DefectCard:
    at = row.inspection
    of = at.agreement or at.application
    account = of.account if of else None
    return DefectCard(
        id=row.id, inspection_id=row.inspection_id, account_id=account.id if account else None,
        account_number=account.number if account else "", customer_name=at.customer_name,
        address=at.address, district=at.district, code=row.code, severity=Severity(row.severity),
        state=DefectState(row.state), text_en=row.text_en, text_zh=row.text_zh, remedy_en=row.remedy_en,
        remedy_zh=row.remedy_zh, note=row.note, found_at=row.found_at, due_date=row.due_date,
        claimed_at=row.claimed_at, claim_note=row.claim_note, closed_date=row.closed_date, reason=row.reason,
        asker_id=row.asker_id, asker=names.get(row.asker_id or 0, ""), decider=names.get(row.decider_id or 0, ""),
        photos=photos,
    )  # fmt: skip
