"""Supplies of an application apart from it: which of them may be switched on, and the work that was ordered for it."""

from collections.abc import Collection
from datetime import datetime

from contracts.domain.application_workflow import SUBJECT, WITH_METERS
from contracts.domain.applications import ApplicationKind
from contracts.models.application import ApplicationItem, ServiceApplication
from contracts.queries import inspections
from metering.queries import work_orders
from metering.queries.work_orders import WorkCard


def ready_to_energize(*, application_id: int) -> frozenset[int] | None:
    """
    Return the service points of an application whose meter hangs and where no current flows yet; two statements.

    :returns: None: the application is not signed, is suspended, or is over.
    """
    row = ServiceApplication.objects.filter(id=application_id, state__in=WITH_METERS, suspended_at=None).first()
    if row is None:
        return None
    items = row.items.filter(metered_at__isnull=False, energized_at=None, service_point__isnull=False)
    return frozenset(point for point in items.values_list("service_point_id", flat=True) if point is not None)


def has_current(*, application_id: int) -> bool:
    """Return whether current flows at some supply of an application; one statement."""
    return ApplicationItem.objects.filter(application_id=application_id, energized_at__isnull=False).exists()


def temporary_since(*, application_id: int) -> datetime | None:
    """Return when a temporary supply was applied for; None: the application is for no such; one statement."""
    wanted = ServiceApplication.objects.filter(id=application_id, kind=ApplicationKind.TEMPORARY.value)
    return wanted.values_list("applied_at", flat=True).first()


def work_of(*, application_id: int) -> tuple[WorkCard, ...]:
    """Return the work orders of an application and of its inspections, latest first; five statements."""
    own = work_orders.of_case(subject=SUBJECT, subject_id=application_id)
    asked = [card.work_order_id for card in inspections.of_application(application_id=application_id)]
    found = work_orders.by_ids(work_order_ids=[one for one in asked if one is not None])
    return tuple(sorted({card.id: card for card in (*own, *found.values())}.values(), key=lambda card: -card.id))


def orders_in_short(*, application_id: int) -> tuple[tuple[int, str, str], ...]:
    """Return id, kind and state of the work orders of an application and of its inspections, latest first."""
    asked = inspections.work_order_ids(application_id=application_id)
    return work_orders.in_short(subject=SUBJECT, subject_id=application_id, but_also=asked)


def numbers(*, application_ids: Collection[int]) -> dict[int, str]:
    """Return the numbers of some applications by id; one statement."""
    return dict(ServiceApplication.objects.filter(id__in=list(application_ids)).values_list("id", "number"))
