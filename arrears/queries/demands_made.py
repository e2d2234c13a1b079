"""On which days accounts were demanded to pay."""

from collections.abc import Collection
from datetime import date

from accounts.queries import supplier
from arrears.models.collection import CollectionMove
from cis.kernel.calendar import local_clock


def of_accounts(*, account_ids: Collection[int], since: date) -> dict[int, list[date]]:
    """Return the local dates on which demands were made of accounts since a day, by account; two statements."""
    clock = local_clock(supplier.current().time_zone)
    rows = CollectionMove.objects.filter(
        case__account_id__in=list(account_ids), made_at__gte=clock.day_start_utc(since), done_at__isnull=False
    ).values_list("case__account_id", "made_at")
    found: dict[int, list[date]] = {}
    for account_id, made_at in rows:
        found.setdefault(account_id, []).append(clock.local_date(made_at))
    return found
