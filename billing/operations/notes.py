"""Notes: charges and credits of one account that are billed at once, beside the runs."""

from collections.abc import Collection, Mapping
from datetime import date, timedelta

from django.utils import timezone

from billing.domain.charges import DueCharge
from billing.models.bill import Bill, BillKind, BillState
from billing.models.charge import BillCharge
from billing.operations import allocation, bills, charging, issuing, ledger
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
    pays: Mapping[int, int] | None = None,
    paid_from: int | None = None,
    is_told: bool = True,
) -> int:
    """
    Bill agreed charges of an account at once, by a note with a number, a due date and a PDF of its own.

    A run that has drafted one of them as well is refused when it issues: no charge is billed twice.

    :param kind: NOTE or LATE_FEE.
    :param due_date: None: as long after the issue as any bill.
    :param pays: of a note below 0, the only debts that it pays; see ``allocation.direct_credit``.
    :param paid_from: the bill below 0 that pays the whole note; nothing else of the account is allocated then.
    :param is_told: False: the caller tells the customer, and prints.
    :returns: id of the note.
    :raises NotBillable: one of the charges cannot be billed now; nothing is written.
    """
    [note] = _drafted({account_id: charge_ids}, kind, issue_date)
    if pays:
        allocation.direct_credit(credit_id=note.id, parts=pays)
    if paid_from is not None:
        allocation.direct_credit(credit_id=paid_from, parts={note.id: note.amount_minor})
    issuing.issue(
        bill_ids=[note.id], account_ids=[account_id], issue_date=issue_date, actor=actor, due_date=due_date,
        kind=kind, is_told=is_told, is_paid=paid_from is None,
    )  # fmt: skip
    return note.id


@joins_transaction
def bill_many_step(
    *,
    charge_ids: Mapping[int, Collection[int]],
    kind: BillKind,
    issue_date: date,
    due_date: date | None,
    actor: Actor,
    is_told: bool = True,
    is_paid: bool = True,
) -> dict[int, int]:
    """
    Bill agreed charges of many accounts, one note for each account; see ``bill_now_step``. A constant number of
    statements.

    :param charge_ids: by id of the account.
    :param is_paid: False: the caller lets money pay them.
    :returns: ids of the notes, by id of the account.
    """
    made = _drafted(charge_ids, kind, issue_date)
    issuing.issue(
        bill_ids=[note.id for note in made],
        account_ids=[note.account_id for note in made],
        issue_date=issue_date,
        actor=actor,
        due_date=due_date,
        kind=kind,
        is_told=is_told,
        is_paid=is_paid,
    )
    return {note.account_id: note.id for note in made}


@joins_transaction
def _drafted(charge_ids: Mapping[int, Collection[int]], kind: BillKind, issue_date: date) -> list[Bill]:
    ledger.lock_customers(account_ids=list(charge_ids))
    due: dict[int, list[DueCharge]] = {account_id: [] for account_id in charge_ids}
    for row in charging.due(account_ids=sorted(charge_ids)):
        if row.charge_id in charge_ids[row.account_id]:
            due[row.account_id].append(row)
    if any(not rows or {row.charge_id for row in rows} != set(charge_ids[one]) for one, rows in due.items()):
        raise NotBillable("These charges are not there to be billed.", advice="Look at the charges of the account.")
    made = Bill.objects.bulk_create(
        Bill(
            account_id=account_id,
            kind=kind.value,
            state=BillState.DRAFT.value,
            start_date=issue_date,
            end_date=issue_date + timedelta(days=1),
            amount_minor=sum(row.amount_minor for row in rows),
            tax_minor=sum(row.tax_minor for row in rows),
            created_at=timezone.now(),
        )
        for account_id, rows in due.items()
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
        for note in made
        for row in due[note.account_id]
    )
    return made


@joins_transaction
def take_back_step(*, note_id: int, reason: str, as_of_date: date, actor: Actor, is_told: bool = True) -> int:
    """
    Take a note back: its charges are owed no more, and a credit note says so.

    :param is_told: False: the caller tells the customer.
    :returns: id of the credit note.
    :raises BillNotCancellable: it is no note, was taken back, or a later bill corrects it.
    """
    for charge_id in BillCharge.objects.filter(bill_id=note_id).values_list("charge_id", flat=True):
        charges.reverse_step(charge_id=charge_id, reason=reason, actor=actor)
    return bills.cancel_step(
        bill_id=note_id,
        kinds=(BillKind.NOTE, BillKind.LATE_FEE),
        reason=reason,
        as_of_date=as_of_date,
        actor=actor,
        is_told=is_told,
    )
