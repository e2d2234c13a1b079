"""The audit trail: who did or looked at what, when, in which request."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils import timezone
from structlog.contextvars import get_contextvars

from cis.kernel.actors import Actor
from cis.platform import db
from cis.platform.models import AuditEvent

NOTHING: Final[Mapping[str, Collection[int]]] = MappingProxyType({})
"""Nothing is kept from whoever looks."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One deed, as a timeline shows it."""

    at: datetime
    actor_kind: str
    actor_name: str
    action: str
    subject: str
    subject_id: int | None
    detail: dict[str, Any]


def request_id() -> str:
    """Return the id under which logs, audit events and problem replies of this request are found; "" outside one."""
    return str(get_contextvars().get("request_id", ""))[:64]


def record(actor: Actor, action: str, subject: str, subject_id: int | None, **detail: object) -> None:
    """
    Write one event; inside a use case it is kept or dropped with it.

    :param action: what was done, a verb as ``"start"``.
    :param subject: kind of row it was done to, as ``"agreement"``.
    :param detail: further facts; dates become ISO texts, sets sorted lists, what JSON does not know its text.
    """
    record_many(actor, action, subject, (subject_id,), **detail)


def record_many(actor: Actor, action: str, subject: str, subject_ids: Iterable[int | None], **detail: object) -> None:
    """Write the same event for many rows of one kind, in one statement; see ``record``."""
    db.execute(INSERT, parameters(actor, action, subject, subject_ids, **detail))


def has_done(actor: Actor, action: str, subject: str, subject_id: int) -> bool:
    """Return whether this very actor did something to a row; see ``record``."""
    done = AuditEvent.objects.filter(subject=subject, subject_id=subject_id, action=action)
    return done.filter(actor_kind=actor.kind.value, actor_id=actor.id).exists()


INSERT = """
    INSERT INTO platform_auditevent
        (at, actor_kind, actor_id, actor_name, action, subject, subject_id, detail, request_id)
    SELECT %s, %s, %s::bigint, %s, %s, %s, one.id, %s::jsonb, %s FROM unnest(%s::bigint[]) AS one (id)
"""
"""Writes events; a statement that also writes what they tell of puts its own parts before it (``WITH ...``)."""


def parameters(
    actor: Actor, action: str, subject: str, subject_ids: Iterable[int | None], **detail: object
) -> list[Any]:  # fmt: skip
    """Return the parameters of ``INSERT``; see ``record``."""
    facts = json.dumps({key: _plain(value) for key, value in detail.items()}, ensure_ascii=False)
    return [
        timezone.now(), str(actor.kind.value), actor.id, actor.name[:150], str(action), subject, facts, request_id(),
        list(subject_ids),
    ]  # fmt: skip


def without(rows: QuerySet[AuditEvent], hidden: Mapping[str, Collection[int]]) -> QuerySet[AuditEvent]:
    """Return events without those that led from what is kept from somebody (``cis.platform.concealed``)."""
    for kind, ids in hidden.items():
        led = Q(detail__about=kind, detail__about_id__in=list(ids))
        rows = rows.filter(Q(detail__about__isnull=True) | ~led)  # of most events nothing is said that led there
    return rows


def of_subjects(
    subjects: Sequence[tuple[str, Sequence[int]]], *, most: int = 50, hidden: Mapping[str, Collection[int]] = NOTHING
) -> tuple[Entry, ...]:
    """
    Return the last deeds on some things, newest first; at most one statement a kind of thing.

    :param hidden: what is kept from whoever looks, by kind.
    """
    found: list[AuditEvent] = []
    for subject, ids in subjects:
        rows = without(AuditEvent.objects.filter(subject=subject, subject_id__in=list(ids)), hidden)
        found.extend(rows.order_by("-at", "-id")[:most])
    found.sort(key=lambda event: (event.at, event.id), reverse=True)
    return tuple(
        Entry(
            at=event.at,
            actor_kind=event.actor_kind,
            actor_name=event.actor_name,
            action=event.action,
            subject=event.subject,
            subject_id=event.subject_id,
            detail=event.detail,
        )
        for event in found[:most]
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return _plain(value.value)
    if value is None or isinstance(value, int | str):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = [_plain(item) for item in value]
        return sorted(items, key=str) if isinstance(value, set | frozenset) else items
    return value.isoformat() if isinstance(value, date) else str(value)
