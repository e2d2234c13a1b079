"""Parts of an application as pages and the API show them: supplies, papers, moves, messages."""

from dataclasses import dataclass
from datetime import datetime

from contracts.domain.applications import PaperKind
from contracts.models.application import ApplicationItem, ApplicationMove, ApplicationPaper


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One supply of an application."""

    id: int
    seq: int
    unit: str
    use_class: str
    voltage: str
    capacity_w: int
    service_point_id: int | None
    service_point: str
    agreement_id: int | None
    metered_at: datetime | None
    energized_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A paper of an application."""

    id: int
    kind: PaperKind
    document_id: int
    name: str
    media_type: str
    came_at: datetime
    actor_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One move of the history."""

    at: datetime
    action: str
    before: str
    after: str
    reason: str
    actor_kind: str
    actor_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one side wrote."""

    at: datetime
    is_from_applicant: bool
    text: str
    actor_name: str


def item_of(item: ApplicationItem) -> Item:
    """Return a supply with its service point, loaded before."""
    return Item(
        id=item.id, seq=item.seq, unit=item.unit, use_class=item.use_class, voltage=item.voltage,
        capacity_w=item.capacity_w, service_point_id=item.service_point_id,
        service_point=item.service_point.external_id if item.service_point else "", agreement_id=item.agreement_id,
        metered_at=item.metered_at, energized_at=item.energized_at,
    )  # fmt: skip


def paper_of(row: ApplicationPaper) -> Paper:
    """Return a paper with its document, loaded before."""
    return Paper(
        id=row.id, kind=PaperKind(row.kind), document_id=row.document_id, name=row.name or row.document.name,
        media_type=row.document.media_type, came_at=row.came_at, actor_name=row.actor_name,
    )  # fmt: skip


def step_of(move: ApplicationMove) -> Step:
    """Return a move, loaded before."""
    return Step(
        at=move.at, action=move.action, before=move.before, after=move.after, reason=move.reason,
        actor_kind=move.actor_kind, actor_name=move.actor_name,
    )  # fmt: skip
