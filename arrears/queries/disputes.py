"""What is disputed."""

from django.db.models import Q
from django.utils import timezone

from arrears.domain.cut_facts import HoldKind
from arrears.models.collection import Hold


def is_disputed(*, account_id: int) -> bool:
    """Return whether something of an account is disputed now; one statement."""
    now = timezone.now()
    rows = Hold.objects.filter(account_id=account_id, kind=HoldKind.DISPUTE.value, since_at__lte=now)
    return rows.filter(Q(until_at=None) | Q(until_at__gt=now)).exists()
