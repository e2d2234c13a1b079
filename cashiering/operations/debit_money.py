"""
Lines of a bank's statement that are about debits: what was collected becomes payments, what came back is taken back.

A line names its debit (EndToEndId), or is the sum of a part of a batch (PmtInfId). Where the amount is not what was
asked for, nothing is booked by itself.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db import transaction
from django.db.models import Q

from billing.domain.channels import PaymentChannel, ReturnKind
from billing.domain.entries import Entry, TransferKind
from billing.operations import ledger, payments
from billing.operations.payments import BadReturn, NewPayment
from billing.queries import moved_payments
from cashiering.domain import bank_lines, debit_returns
from cashiering.domain.bank_lines import payment_name
from cashiering.domain.debits import DebitState, ids_in
from cashiering.domain.formats.pain008 import block_name
from cashiering.models.bank import LinePart, StatementLine
from cashiering.models.debit import Debit, DebitBatch
from cashiering.operations import debit_follow_ups, mandates
from cis.kernel.actors import SYSTEM
from cis.platform import audit, jobs
from cis.platform.db import joins_transaction

SUBJECT = "debit"
BLOCK = re.compile(r"(WLDD\d{8})-(FRST|RCUR|OOFF)-(\d{8})")
_ASKED = (DebitState.SENT.value, DebitState.REJECTED.value)


@dataclass(slots=True)
class Collected:
    """
    What became of lines that are about debits, by their ids.

    booked  they are payments now
    odd     they name debits, and do not say what was asked for: a person looks
    """

    booked: set[int] = field(default_factory=set)
    odd: set[int] = field(default_factory=set)


@joins_transaction
def collect_step(*, lines: Sequence[StatementLine], today: date) -> Collected:
    """
    Book what was collected: a payment for each debit, which pays its bill first; a constant number of statements.

    :param lines: credits that take nothing back.
    """
    found = Collected()
    wanted = _debits_of(lines)
    pairs: list[tuple[StatementLine, Debit]] = []
    used: set[int] = set()
    for line in lines:
        debits = wanted.get(line.id)
        if debits is None:
            continue
        fresh = [one for one in debits if one.state in _ASKED and one.id not in used]
        if fresh and sum(one.amount_minor for one in fresh) == line.amount_minor:
            pairs += [(line, one) for one in fresh]
            used |= {one.id for one in fresh}
            found.booked.add(line.id)
        else:
            found.odd.add(line.id)
    _book(pairs, today)
    return found


def _debits_of(lines: Sequence[StatementLine]) -> dict[int, list[Debit]]:
    """Return the debits that lines name, by line: by their own names, else by the part of a batch; none: no debit."""
    ids = {line.id: ids_in(f"{line.end_to_end_id} {line.remittance}") for line in lines}
    blocks = {
        line.id: found
        for line in lines
        if not ids[line.id] and (found := BLOCK.search(f"{line.original} {line.end_to_end_id} {line.remittance}"))
    }
    wanted = Q(id__in={one for found in ids.values() for one in found})
    if blocks:
        batches = DebitBatch.objects.filter(reference__in={found.group(1) for found in blocks.values()})
        wanted |= Q(batch_id__in=list(batches.values_list("id", flat=True)))
    # All at once, in the order of their ids: reports of the bank lock those of a batch so, too.
    locked = Debit.objects.select_for_update(of=("self",)).select_related("batch").filter(wanted).order_by("id")
    rows = {row.id: row for row in locked}
    of_batch: dict[str, list[Debit]] = {}
    for row in rows.values() if blocks else ():
        if row.batch is None:
            continue
        name = block_name(row.batch.reference, sequence=row.sequence, collection_date=row.collection_date)
        of_batch.setdefault(name, []).append(row)
    named = {line_id: [rows[one] for one in found if one in rows] for line_id, found in ids.items() if found}
    # Of a part of a batch the bank books what it did not reject.
    parts = {
        line_id: [row for row in of_batch.get(found.group(), ()) if row.state == DebitState.SENT.value]
        for line_id, found in blocks.items()
    }
    return {line_id: found for line_id, found in {**named, **parts}.items() if found or line_id in blocks}


def _book(pairs: Sequence[tuple[StatementLine, Debit]], today: date) -> None:
    if not pairs:
        return
    numbers: dict[int, int] = {}
    new = []
    for line, debit in pairs:
        part = numbers.get(line.id, 0)
        numbers[line.id] = part + 1
        new.append(
            NewPayment(
                account_id=debit.account_id,
                amount_minor=debit.amount_minor,
                reference=payment_name(statement_id=line.statement_id, line_no=line.line_no, part=part),
                received_date=line.booking_date,
                bill_id=debit.bill_id,
            )
        )
    payment_ids = payments.book_new_step(payments=new, channel=PaymentChannel.BANK, today=today, actor=SYSTEM)
    LinePart.objects.bulk_create(
        LinePart(line=line, payment_id=payment_id, amount_minor=debit.amount_minor)
        for (line, debit), payment_id in zip(pairs, payment_ids, strict=True)
    )
    for (line, debit), payment_id in zip(pairs, payment_ids, strict=True):
        debit.state = DebitState.COLLECTED.value
        debit.payment_id, debit.collected_date = payment_id, line.booking_date
    debits = [debit for _line, debit in pairs]
    Debit.objects.bulk_update(debits, ["state", "payment_id", "collected_date"], batch_size=2_000)
    audit.record_many(SYSTEM, "collect", SUBJECT, [debit.id for debit in debits])
    mandates.end_used_step(mandate_ids=[debit.mandate_id for debit in debits], today=today)


@joins_transaction
def take_back_step(*, lines: Sequence[StatementLine]) -> dict[int, int]:
    """
    Take back the payments of debits that came back, with the fee that the bank keeps; what follows is done afterwards.

    :param lines: those that take an earlier movement back.
    :returns: the line that had brought the money, by line; lines that are about no debit for sure are left out.
    """
    texts = {line.id: f"{line.end_to_end_id} {line.original} {line.remittance}" for line in lines}
    ids = {line_id: found[0] for line_id, text in texts.items() if len(found := ids_in(text)) == 1}
    locked = Debit.objects.select_for_update(of=("self",)).filter(id__in=set(ids.values())).order_by("id")
    rows: Mapping[int, Debit] = {row.id: row for row in locked}
    done: dict[int, int] = {}
    for line in lines:
        debit = rows.get(ids.get(line.id, 0))
        if debit is not None and not line.is_credit and _take_back(line, debit):
            done[line.id] = LinePart.objects.values_list("line_id", flat=True).get(payment=debit.payment)
    if done:
        jobs.wake(debit_follow_ups.WORK)
    return done


def _take_back(line: StatementLine, debit: Debit) -> bool:
    """Take the payment of one debit back; False: it is not there to be, or the amounts do not fit."""
    if debit.state != DebitState.COLLECTED.value or debit.payment_id is None:
        return False
    if line.amount_minor != debit.amount_minor + line.charges_minor:
        return False
    reason = line.return_reason or line.remittance or "returned by the bank"
    try:
        with transaction.atomic():
            payments.take_back_step(
                payment_id=moved_payments.standing(payment_id=debit.payment_id),
                kind=ReturnKind.BOUNCED,
                returned_date=line.booking_date,
                reason=reason,
                actor=SYSTEM,
            )
    except BadReturn:
        return False
    if line.charges_minor:
        _post_fee(line)
    debit.state = DebitState.RETURNED.value
    debit.returned_date, debit.bank_fee_minor = line.booking_date, line.charges_minor
    debit.return_code, debit.return_reason = debit_returns.code_in(reason), reason[:200]
    debit.save()
    audit.record(SYSTEM, "return", SUBJECT, debit.id, reason=reason, fee_minor=line.charges_minor)
    return True


def _post_fee(line: StatementLine) -> None:
    entry = Entry(
        source_id=line.id,
        part="fee",
        debit=bank_lines.BANK_FEES,
        credit=bank_lines.CASH,
        account_id=None,
        amount_minor=line.charges_minor,
        occurred_date=line.booking_date,
    )
    ledger.post(kind=TransferKind.SUSPENSE, entries=[entry], actor=SYSTEM)
