"""The same matter again: what the same customer, place or number has brought before."""

from datetime import datetime

from django.db.models import Q, QuerySet

from cis.kernel.actors import Actor
from complaints.domain.case_workflow import CaseState
from complaints.models.case import Case
from complaints.queries.sight import visible_to


def earlier_of(row: Case, *, since_at: datetime) -> Case | None:
    """
    Return the latest case of the same matter that a new one repeats; None: there is none.

    The same matter is the same class, or the same kind where no class is known, of the same customer, place or number.
    """
    found = _same(row, Case.objects.all(), since_at)
    return found.exclude(state=CaseState.WITHDRAWN.value).order_by("-taken_at", "-id").first()


def seen_by(row: Case, *, since_at: datetime, actor: Actor, most: int = 10) -> tuple[Case, ...]:
    """Return cases of the same matter that an actor may know of, the latest first."""
    found = _same(row, visible_to(actor), since_at).exclude(id=row.id)
    return tuple(found.order_by("-taken_at", "-id")[:most])


def _same(row: Case, among: QuerySet[Case], since_at: datetime) -> QuerySet[Case]:
    who = Q(pk__in=[])
    if row.customer_id is not None:
        who |= Q(customer_id=row.customer_id)
    if row.service_point_id is not None:
        who |= Q(service_point_id=row.service_point_id)
    if row.caller_phone:
        who |= Q(caller_phone=row.caller_phone)
    what = Q(class_code=row.class_code) if row.class_code else Q(kind=row.kind)
    found = among.filter(who, what, taken_at__gte=since_at)
    return found if row.pk is None else found.filter(taken_at__lt=row.taken_at)
