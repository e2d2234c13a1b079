"""By when which stretch of a bill is to be paid, where it was agreed otherwise than the bill says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from billing.models.agreed_part import AgreedPart
from cis.platform.db import joins_transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPart:
    """
    A stretch of a bill of an account, from ``low_minor`` up to ``high_minor``. [minor unit]

    first_date  from this day on it is paid before all else; None: never
    code        on the slip that it is paid by; "" for none
    """

    account_id: int
    bill_id: int
    code: str
    due_date: date
    first_date: date | None
    low_minor: int
    high_minor: int


@joins_transaction
def agree_step(*, parts: Sequence[NewPart], at: datetime) -> None:
    """
    Say by when stretches of bills are to be paid, in the place of what was said of these bills; two statements.

    The caller holds the locks of the ledgers, and covers each bill from its first unit to its last.

    :raises django.db.IntegrityError: a stretch is empty, or two of a bill begin at one place.
    """
    end_step(bill_ids=[part.bill_id for part in parts], at=at)
    AgreedPart.objects.bulk_create(
        AgreedPart(
            account_id=part.account_id, bill_id=part.bill_id, code=part.code, due_date=part.due_date,
            first_date=part.first_date, low_minor=part.low_minor, high_minor=part.high_minor,
        )
        for part in parts
    )  # fmt: skip


@joins_transaction
def end_step(*, bill_ids: Sequence[int], at: datetime) -> None:
    """Let bills be paid by their own due dates again; one statement. Codes still name their accounts."""
    AgreedPart.objects.filter(bill_id__in=list(bill_ids), ended_at=None).update(ended_at=at)
