"""The audit trail: who did or looked at what, when, in which request."""

from datetime import date
from enum import Enum
from typing import Any

from structlog.contextvars import get_contextvars

from cis.kernel.actors import Actor
from cis.platform.models import AuditEvent


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
    AuditEvent.objects.create(
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name[:150],
        action=action,
        subject=subject,
        subject_id=subject_id,
        detail={key: _plain(value) for key, value in detail.items()},
        request_id=request_id(),
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
