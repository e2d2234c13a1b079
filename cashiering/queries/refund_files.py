"""Files by which a bank is asked to pay credit out."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Q

from billing.domain.refunds import RefundState
from cashiering.models.refund_file import RefundFile, RefundFileItem
from cis.kernel.errors import Refused


class UnknownRefundFile(Refused):
    """There is no such file."""

    code = "unknown_refund_file"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFileCard:
    """A file; ``waiting`` refunds of it are neither confirmed nor returned, ``returned`` came back. [minor unit]"""

    id: int
    message_id: str
    execution_date: date
    count: int
    amount_minor: int
    document_id: int
    created_at: datetime
    actor_id: int | None
    waiting: int
    returned: int


def listed(*, offset: int = 0, most: int = 50) -> tuple[RefundFileCard, ...]:
    """Return the files, the latest first; one statement."""
    rows = RefundFile.objects.annotate(
        waiting=Count("items", filter=Q(items__refund__state=RefundState.SENT.value)),
        returned=Count("items", filter=Q(items__refund__state=RefundState.RETURNED.value)),
    ).order_by("-id")[offset : offset + most]
    names = RefundFileCard.__dataclass_fields__
    return tuple(RefundFileCard(**{name: getattr(row, name) for name in names}) for row in rows)


def document(*, refund_file_id: int) -> tuple[str, int]:
    """
    Return name and document of a file.

    :raises UnknownRefundFile: there is none.
    """
    found = RefundFile.objects.filter(id=refund_file_id).values_list("message_id", "document_id").first()
    if found is None:
        raise UnknownRefundFile(f"There is no file {refund_file_id}.", refund_file_id=refund_file_id)
    return found


def file_of(*, refund_id: int) -> tuple[int, str] | None:
    """Return id and name of the file that a refund is in; None: it is in none; one statement."""
    rows = RefundFileItem.objects.filter(refund_id=refund_id).values_list("refund_file_id", "refund_file__message_id")
    return rows.first()
