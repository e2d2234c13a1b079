"""Supplies of an application apart from it: which of them may be switched on."""

from contracts.domain.application_workflow import WITH_METERS
from contracts.models.application import ServiceApplication


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
