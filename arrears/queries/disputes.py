"""What is disputed."""

from collections.abc import Collection

from django.db.models import Q
from django.utils import timezone

from arrears.domain.cut_facts import HoldKind
from arrears.models.collection import Hold


def is_disputed(*, account_id: int, but_hold_ids: Collection[int] = ()) -> bool:
    """Return whether something of an account is disputed now, some holds left out; one statement."""
    now = timezone.now()
    rows = Hold.objects.filter(account_id=account_id, kind=HoldKind.DISPUTE.value, since_at__lte=now)
    rows = rows.exclude(id__in=list(but_hold_ids))
    return rows.filter(Q(until_at=None) | Q(until_at__gt=now)).exists()
