"""Who did or looked at what: an append-only table, written in the transaction of the deed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from cis.kernel.actors import Actor
from cis.platform.models import AuditEvent


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


def record(actor: Actor, action: str, subject: str, subject_id: int | None, **detail: object) -> None:
    """
    Note what the actor did; the request id of the log line is kept beside it.

    :param action: a verb, as ``create``, ``look``, ``cancel``.
    :param subject: what kind of thing, as ``customer``; ``subject_id`` its id.
    :param detail: facts that help to understand it; plain values only.
    """
    request_id = structlog.contextvars.get_contextvars().get("request_id", "")
    AuditEvent.objects.create(
        actor_kind=actor.kind.value,
        actor_id=actor.id,
        actor_name=actor.name,
        action=action,
        subject=subject,
        subject_id=subject_id,
        detail=detail,
        request_id=str(request_id),
    )


def of_subjects(subjects: Sequence[tuple[str, Sequence[int]]], *, most: int = 50) -> tuple[Entry, ...]:
    """Return the last deeds on some things, newest first; at most one statement a kind of thing."""
    found: list[AuditEvent] = []
    for subject, ids in subjects:
        rows = AuditEvent.objects.filter(subject=subject, subject_id__in=list(ids))
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
