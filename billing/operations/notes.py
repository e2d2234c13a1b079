"""Notes: charges and credits of one account that are billed at once, beside the runs."""

from collections.abc import Collection
from datetime import date, timedelta

from django.utils import timezone

from billing.models.bill import Bill, BillKind, BillState
from billing.models.charge import BillCharge
from billing.operations import bills, charging, issuing, ledger
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform.db import joins_transaction
from contracts.operations import charges

LATE_FEE, NOTE = BillKind.LATE_FEE, BillKind.NOTE
"""For rooms above, to which the tables of billing are closed."""


class NotBillable(Refused):
    """A charge is not the account's, not agreed, or on a bill already."""

    code = "charges_not_billable"


@joins_transaction
def bill_now_step(
    *,
    account_id: int,
    charge_ids: Collection[int],
    kind: BillKind,
    issue_date: date,
    due_date: date | None,
    actor: Actor,
) -> int:
    """
    Bill agreed charges of an account at once, by a note with a number, a due date and a PDF of its own.

    A run that has drafted one of them as well is refused when it issues: no charge is billed twice.

    :param kind: NOTE or LATE_FEE.
    :param due_date: None: as long after the issue as any bill.
    :returns: id of the note.
    :raises NotBillable: one of the charges cannot be billed now; nothing is written.
    """
    ledger.lock_customers(account_ids=[account_id])
    due = [row for row in charging.due(account_ids=[account_id]) if row.charge_id in charge_ids]
    if not due or {row.charge_id for row in due} != set(charge_ids):
        raise NotBillable("These charges are not there to be billed.", advice="Look at the charges of the account.")
    note = Bill.objects.create(
        account_id=account_id,
        kind=kind.value,
        state=BillState.DRAFT.value,
        start_date=issue_date,
        end_date=issue_date + timedelta(days=1),
        amount_minor=sum(row.amount_minor for row in due),
        tax_minor=sum(row.tax_minor for row in due),
        created_at=timezone.now(),
    )
    BillCharge.objects.bulk_create(
        BillCharge(
            bill_id=note.id,
            charge_id=row.charge_id,
            amount_minor=row.amount_minor,
            tax_minor=row.tax_minor,
            ledger_class=row.ledger_class,
            cancels_id=row.cancels_id,
        )
        for row in due
    )
    issuing.issue(bill_ids=[note.id], account_ids=[account_id], issue_date=issue_date, actor=actor, due_date=due_date)
    return note.id


@joins_transaction
def take_back_step(*, note_id: int, reason: str, as_of_date: date, actor: Actor) -> int:
    """
    Take a note back: its charges are owed no more, and a credit note says so.

    :returns: id of the credit note.
    :raises BillNotCancellable: it is no note, was taken back, or a later bill corrects it.
    """
    for charge_id in BillCharge.objects.filter(bill_id=note_id).values_list("charge_id", flat=True):
        charges.reverse_step(charge_id=charge_id, reason=reason, actor=actor)
    return bills.cancel_step(
        bill_id=note_id, kinds=(BillKind.NOTE, BillKind.LATE_FEE), reason=reason, as_of_date=as_of_date, actor=actor
    )
