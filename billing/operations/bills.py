"""One bill: cancelling it by a credit note. Issuing whole runs is in ``runs``."""

from collections.abc import Collection
from datetime import date

from django.db import IntegrityError

from billing.domain import numbers
from billing.domain.announcements import BillCancelled, BillReleased
from billing.models.bill import Bill, BillKind, BillSegment, BillState
from billing.models.charge import BillCharge
from billing.operations import allocation, ledger, telling
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit, events, sequences
from cis.platform.db import execute, joins_transaction, opens_transaction

_COPY_SEGMENTS = """
    INSERT INTO billing_billsegment
        (bill_id, agreement_id, tariff_version_id, period_start_date, period_end_date, start_date, end_date, used_wh,
         before_wh, household, is_estimated, amount_minor, redelivered, cancels_id)
    SELECT %(new)s, agreement_id, tariff_version_id, period_start_date, period_end_date, start_date, end_date,
           -used_wh, before_wh, household, is_estimated, -amount_minor, redelivered, id
    FROM billing_billsegment WHERE bill_id = %(old)s ORDER BY id
"""
_COPY_LINES = """
    INSERT INTO billing_billline
        (bill_id, seq, segment_id, code, step, period_of_use, unit, quantity, price_e6, amount_minor, tax_minor,
         ledger_class)
    SELECT %(new)s, l.seq, s.id, l.code, l.step, l.period_of_use, l.unit, -l.quantity, l.price_e6, -l.amount_minor,
           -l.tax_minor, l.ledger_class
    FROM billing_billline l JOIN billing_billsegment s ON s.cancels_id = l.segment_id AND s.bill_id = %(new)s
    WHERE l.bill_id = %(old)s
"""
_COPY_CHARGES = """
    INSERT INTO billing_billcharge (bill_id, charge_id, amount_minor, tax_minor, ledger_class, cancels_id)
    SELECT %(new)s, charge_id, -amount_minor, -tax_minor, ledger_class, id
    FROM billing_billcharge WHERE bill_id = %(old)s ORDER BY id
"""


class BillNotCancellable(Refused):
    """Only an issued regular bill, untouched by a later correction, can be cancelled."""

    code = "bill_not_cancellable"


@opens_transaction
def cancel(*, bill_id: int, reason: str, as_of_date: date, actor: Actor) -> int:
    """
    Cancel an issued bill by a credit note with the same lines, negated; the next run bills the period anew.

    :param reason: why, for the history; must not be empty.
    :returns: id of the credit note.
    :raises BillNotCancellable: it is a draft, cancelled, a correction, a note, or corrected by a later bill.
    """
    return cancel_step(bill_id=bill_id, kinds=(BillKind.REGULAR,), reason=reason, as_of_date=as_of_date, actor=actor)


@joins_transaction
def cancel_step(
    *,
    bill_id: int,
    kinds: Collection[BillKind],
    reason: str,
    as_of_date: date,
    actor: Actor,
    is_told: bool = True,
) -> int:
    """
    Cancel a bill of one of these kinds; see ``cancel``. A note is cancelled through ``notes``, with its charges.

    Announces BillCancelled of a regular one, when all is done.

    :param is_told: False: the caller tells the customer.
    :raises BillNotCancellable: as there, or it is of another kind.
    """
    bill = Bill.objects.select_for_update().filter(id=bill_id).first()
    _check(bill, bill_id=bill_id, kinds=kinds, reason=reason)
    assert bill is not None
    ledger.lock_customers(account_ids=[bill.account_id])
    try:
        note = _write_note(bill, as_of_date=as_of_date)
    except IntegrityError as clash:
        # A run that is just drafting takes back the same segments: none is taken back twice.
        raise _corrected(bill) from clash
    bill.state = BillState.CANCELLED.value
    bill.save(update_fields=["state"])
    ledger.reverse_bill(
        bill_id=bill.id,
        credit_note_id=note.id,
        account_id=bill.account_id,
        occurred_date=as_of_date,
        actor=actor,
        reason=reason,
    )
    allocation.release_bill(bill_id=bill.id)
    events.announce(BillReleased(account_id=bill.account_id, day=as_of_date, actor=actor))
    allocation.allocate(account_ids=[bill.account_id], today=as_of_date)
    if is_told:
        telling.queue_cancelled_step(bill_ids=[bill.id])
    audit.record(actor, "cancel", "bill", bill.id, reason=reason, credit_note=note.id)
    # Last, so that the sequence's row is locked for the shortest time and no number is lost.
    note.number = numbers.bill_number(sequences.take(numbers.SEQUENCE, 1))
    note.state = BillState.ISSUED.value
    note.save(update_fields=["number", "state"])
    if bill.kind == BillKind.REGULAR.value:
        events.announce(
            BillCancelled(
                bill_id=bill.id, account_id=bill.account_id, as_of_date=as_of_date, reason=reason, actor=actor
            )
        )
    return note.id


def _write_note(bill: Bill, *, as_of_date: date) -> Bill:
    note = Bill.objects.create(
        account_id=bill.account_id,
        kind=BillKind.CREDIT.value,
        state=BillState.DRAFT.value,
        start_date=bill.start_date,
        end_date=bill.end_date,
        issue_date=as_of_date,
        due_date=as_of_date,
        energy_wh=-bill.energy_wh,
        amount_minor=-bill.amount_minor,
        tax_minor=-bill.tax_minor,
        cancels=bill,
    )
    values = {"old": bill.id, "new": note.id}
    execute(_COPY_SEGMENTS, values)
    execute(_COPY_LINES, values)
    execute(_COPY_CHARGES, values)
    return note


def _check(bill: Bill | None, *, bill_id: int, kinds: Collection[BillKind], reason: str) -> None:
    if bill is None:
        raise BillNotCancellable(f"There is no bill {bill_id}.")
    if not reason.strip():
        raise BillNotCancellable("A reason is needed.", advice="Say in a few words why the bill is wrong.")
    if bill.state != BillState.ISSUED.value or bill.kind not in kinds:
        raise BillNotCancellable(
            f"Bill {bill.number or bill.id} is a {bill.state} one of kind {bill.kind} and cannot be cancelled here.",
            advice="Only an issued bill is cancelled; a note is taken back with its charges.",
        )
    segments, charges = BillSegment.objects.filter(bill_id=bill.id), BillCharge.objects.filter(bill_id=bill.id)
    if any(rows.filter(cancels__isnull=False).exists() for rows in (segments, charges)):
        raise BillNotCancellable(
            f"Bill {bill.number} corrects earlier months and cannot be taken back as a whole.",
            advice="Correct the reads or the agreement and bill the account again: the difference is billed.",
        )
    if any(rows.filter(cancelled_by__isnull=False).exists() for rows in (segments, charges)):
        raise _corrected(bill)


def _corrected(bill: Bill) -> BillNotCancellable:
    return BillNotCancellable(
        f"Bill {bill.number} was corrected by a later bill.",
        advice="Correct the reads or the agreement and bill the account again: the difference is billed.",
    )
