"""Changes of use: one with its history, a list with filters, what is due."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, QuerySet

from cis.kernel.errors import Refused
from contracts.domain.changes import (
    OPEN_STATES,
    ChangeKind,
    ChangeState,
    FinalRead,
    PaperKind,
    Part,
    Wanted,
)
from contracts.models.change import ChangeEffect, ChangeSet


class UnknownChange(Refused):
    """There is no such change."""

    code = "unknown_change"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCard:
    """
    A change as a list shows it.

    customer_name  who holds the account, or who comes
    stuck          why it could not take hold on its date; "": it could
    """

    id: int
    kind: ChangeKind
    state: ChangeState
    account_id: int | None
    account_number: str
    service_point: str
    address: str
    customer_name: str
    asked_date: date
    effective_date: date
    until_date: date | None
    created_at: datetime
    stuck: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRow:
    """One step of a change."""

    at: datetime
    action: str
    state: str
    actor_name: str
    actor_kind: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRow:
    """A paper that was handed in."""

    id: int
    kind: PaperKind
    document_id: int
    file_name: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectRow:
    """What a change did, as it was done."""

    code: str
    on_date: date
    until_date: date | None
    agreement_id: int | None
    account_id: int | None
    account_number: str
    text: str
    old_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDetail:
    """A change with all that is known of it."""

    card: ChangeCard
    wanted: Wanted
    tariff_code: str
    tariff_name_zh: str
    tariff_name_en: str
    new_account_id: int | None
    new_account_number: str
    new_agreement_id: int | None
    moves: tuple[MoveRow, ...]
    papers: tuple[PaperRow, ...]
    effects: tuple[EffectRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFilter:
    """Which changes a list shows; None and "": all."""

    kind: str = ""
    state: str = ""
    text: str = ""
    account_id: int | None = None
    stuck: bool = False


def one(*, change_id: int) -> ChangeDetail:
    """
    Return one change; a constant number of statements.

    :raises UnknownChange: there is none.
    """
    row = _rows().select_related("tariff", "new_account").filter(id=change_id).first()
    if row is None:
        raise UnknownChange(f"There is no change {change_id}.", change_id=change_id)
    tariff = row.tariff
    return ChangeDetail(
        card=_card(row),
        wanted=wanted_of(row),
        tariff_code=tariff.code if tariff else "",
        tariff_name_zh=tariff.name_zh if tariff else "",
        tariff_name_en=tariff.name_en if tariff else "",
        new_account_id=row.new_account_id,
        new_account_number=row.new_account.number if row.new_account else "",
        new_agreement_id=row.new_agreement_id,
        moves=tuple(
            MoveRow(
                at=move.at, action=move.action, state=move.state, actor_name=move.actor_name,
                actor_kind=move.actor_kind, reason=move.reason,
            )
            for move in row.moves.order_by("id")
        ),
        papers=tuple(
            PaperRow(
                id=paper.id, kind=PaperKind(paper.kind), document_id=paper.document_id, file_name=paper.file_name,
                created_at=paper.created_at,
            )
            for paper in row.papers.order_by("id")
        ),
        effects=tuple(_effect(effect) for effect in row.effects.select_related("account").order_by("seq")),
    )  # fmt: skip


def page(*, wanted: ChangeFilter, offset: int = 0, most: int = 50) -> tuple[ChangeCard, ...]:
    """Return some changes, newest first; one statement."""
    return tuple(_card(row) for row in _filtered(wanted).order_by("-created_at", "-id")[offset : offset + most])


def count(*, wanted: ChangeFilter) -> int:
    """Return how many changes a filter finds; one statement."""
    return _filtered(wanted).count()


def of_account(*, account_id: int, most: int = 20) -> tuple[ChangeCard, ...]:
    """Return the changes of an account, those of which something is to come first, then the newest; one statement."""
    rows = _rows().filter(Q(account_id=account_id) | Q(new_account_id=account_id)).order_by("-created_at", "-id")
    cards = [_card(row) for row in rows[:most]]
    return tuple(sorted(cards, key=lambda card: card.state not in OPEN_STATES))


def due(*, today: date) -> tuple[int, ...]:
    """Return the changes that were agreed to and whose date has come, the earliest first; one statement."""
    rows = ChangeSet.objects.filter(state=ChangeState.CONFIRMED.value, effective_date__lte=today)
    return tuple(rows.order_by("effective_date", "id").values_list("id", flat=True))


def ended(*, today: date) -> tuple[int, ...]:
    """Return the changes in force that end by themselves and whose end has come; one statement."""
    rows = ChangeSet.objects.filter(state=ChangeState.EFFECTIVE.value, until_date__lte=today)
    return tuple(rows.order_by("until_date", "id").values_list("id", flat=True))


def ending(*, kinds: Collection[ChangeKind], since: date, until: date) -> tuple[ChangeCard, ...]:
    """Return the changes in force that end by themselves in [since, until), by end; one statement."""
    rows = _rows().filter(
        kind__in=[kind.value for kind in kinds],
        state=ChangeState.EFFECTIVE.value,
        until_date__gte=since,
        until_date__lt=until,
    )
    return tuple(_card(row) for row in rows.order_by("until_date", "id"))


def wanted_of(row: ChangeSet) -> Wanted:
    """Return a change as it was asked for; two statements."""
    return Wanted(
        kind=ChangeKind(row.kind),
        effective_date=row.effective_date,
        account_id=row.account_id,
        agreement_id=row.agreement_id,
        until_date=row.until_date,
        customer_id=row.customer_id,
        name=row.name,
        service_point_id=row.service_point_id,
        tariff_id=row.tariff_id,
        household=row.household,
        capacity_va=row.capacity_va,
        suspended_va=row.suspended_va,
        contract_w=row.contract_w,
        position=row.position,
        parts=tuple(
            Part(
                agreement_id=part.agreement_id,
                service_point_id=part.service_point_id,
                customer_id=part.customer_id,
                tariff_id=part.tariff_id,
                household=part.household,
                capacity_va=part.capacity_va,
            )
            for part in row.parts.order_by("seq")
        ),
        reads=tuple(
            FinalRead(serial=read.serial, register=read.register, reading_wh=read.reading_wh)
            for read in row.reads.order_by("id")
        ),
        reason=row.reason,
    )


def _rows() -> QuerySet[ChangeSet]:
    return ChangeSet.objects.select_related(
        "account", "customer", "agreement__service_point__premises", "service_point__premises"
    )


def _filtered(wanted: ChangeFilter) -> QuerySet[ChangeSet]:
    rows = _rows()
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.state:
        rows = rows.filter(state=wanted.state)
    if wanted.account_id is not None:
        rows = rows.filter(account_id=wanted.account_id)
    if wanted.stuck:
        rows = rows.exclude(stuck_code="")
    if wanted.text:
        rows = rows.filter(Q(account__number__startswith=wanted.text) | Q(customer__name__icontains=wanted.text))
    return rows


def _card(row: ChangeSet) -> ChangeCard:
    point = row.agreement.service_point if row.agreement else row.service_point
    return ChangeCard(
        id=row.id,
        kind=ChangeKind(row.kind),
        state=ChangeState(row.state),
        account_id=row.account_id,
        account_number=row.account.number if row.account else "",
        service_point=point.external_id if point else "",
        address=point.premises.address if point else "",
        customer_name=row.customer.name if row.customer else "",
        asked_date=row.asked_date,
        effective_date=row.effective_date,
        until_date=row.until_date,
        created_at=row.created_at,
        stuck=row.stuck_message,
    )


def _effect(row: ChangeEffect) -> EffectRow:
    return EffectRow(
        code=row.code,
        on_date=row.on_date,
        until_date=row.until_date,
        agreement_id=row.agreement_id,
        account_id=row.account_id,
        account_number=row.account.number if row.account else "",
        text=row.text,
        old_name=row.old_name,
    )
