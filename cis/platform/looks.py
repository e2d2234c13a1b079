"""Who looked at whose personal data, when and why: read out of the audit trail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from cis.kernel.actors import Actor, ActorKind
from cis.platform import audit, concealed
from cis.platform.models import AuditEvent

SERVICE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    Which looks; what is empty does not narrow the list. Days are local and both included.

    customer_ids  a customer with all who were merged into them; None: all customers
    """

    customer_ids: Sequence[int] | None = None
    staff: str = ""
    purpose: str = ""
    from_date: date | None = None
    to_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a customer."""

    id: int
    at: datetime
    customer_id: int
    actor_kind: str
    actor_id: int | None
    actor_name: str
    roles: tuple[str, ...]
    purpose: str


def listed(*, wanted: Wanted, actor: Actor, offset: int = 0, most: int = 50) -> tuple[Look, ...]:
    """
    Return looks, the latest first; one statement.

    What led to a look may be kept from the actor: then the look is not in the list.
    """
    return tuple(
        _look(row) for row in rows_of(wanted=wanted, actor=actor).order_by("-at", "-id")[offset : offset + most]
    )


def rows_of(*, wanted: Wanted, actor: Actor) -> QuerySet[AuditEvent]:
    """Return the events behind ``listed``, in no order."""
    rows = audit.without(_narrowed(wanted), concealed.hidden_from(actor))
    if wanted.staff:
        rows = rows.filter(actor_name__icontains=wanted.staff)
    if wanted.purpose:
        named = Q(detail__purpose=wanted.purpose)
        if wanted.purpose == SERVICE:
            named |= Q(detail__purpose=None)
        rows = rows.filter(named)
    return rows


def of_customer(*, customer_ids: Sequence[int], most: int = 100) -> tuple[Look, ...]:
    """
    Return the looks of others at a customer, for that customer, the latest first; one statement.

    :param customer_ids: the customer with all who were merged into them.
    It has the looks that a case led to, for the case is the customer's own; own looks in the portal are left out.
    """
    rows = _narrowed(Wanted(customer_ids=customer_ids)).exclude(actor_kind=str(ActorKind.CUSTOMER))
    return tuple(_look(row) for row in rows.order_by("-at", "-id")[:most])


def is_recorded(*, customer_id: int, actor: Actor, on_date: date, purpose: str = SERVICE) -> bool:
    """Return whether a look of an actor at a customer for a purpose is recorded on a local date; one statement."""
    rows = _narrowed(Wanted(customer_ids=[customer_id], from_date=on_date, to_date=on_date))
    own = rows.filter(actor_kind=str(actor.kind.value), actor_id=actor.id, detail__purpose=purpose)
    return own.filter(detail__about__isnull=True).exists()


def shown(events: list[AuditEvent]) -> tuple[Look, ...]:
    """Return events as looks."""
    return tuple(_look(row) for row in events)


def _narrowed(wanted: Wanted) -> QuerySet[AuditEvent]:
    rows = AuditEvent.objects.filter(subject="customer", subject_id__isnull=False, action="look")
    if wanted.customer_ids is not None:
        rows = rows.filter(subject_id__in=list(wanted.customer_ids))
    if wanted.from_date is not None:
        rows = rows.filter(at__gte=_start(wanted.from_date))
    if wanted.to_date is not None:
        rows = rows.filter(at__lt=_start(wanted.to_date + timedelta(days=1)))
    return rows


def _start(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def _look(row: AuditEvent) -> Look:
    return Look(
        id=row.id,
        at=row.at,
        customer_id=row.subject_id or 0,
        actor_kind=row.actor_kind,
        actor_id=row.actor_id,
        actor_name=row.actor_name,
        roles=tuple(row.detail.get("roles", ())),
        purpose=str(row.detail.get("purpose", SERVICE)),
    )
