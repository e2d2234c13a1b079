"""Money that goes out again: returns take the payment back that they are about, transfers to payers are known."""

import re
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Sum

from billing.domain.channels import ReturnKind
from billing.domain.entries import Entry, TransferKind
from billing.operations import ledger, payments
from billing.operations.payments import BadReturn
from billing.queries import moved_payments
from cashiering.domain import bank_lines
from cashiering.domain.bank_lines import LineState
from cashiering.models.bank import LinePart, StatementLine
from cis.kernel.actors import SYSTEM
from cis.platform.db import fetch, joins_transaction

TRANSFER = re.compile(rf"{bank_lines.TRANSFER_PREFIX}(\d{{10}})(?!\d)")
# By the bank's name of the entry, by the payer's name of the payment, or where the text names the entry of the bank.
_OF_RETURNS = """
    FROM cashiering_statementline l
    JOIN cashiering_statementline o
      ON o.amount_minor = l.amount_minor AND o.bank_account = l.bank_account AND o.is_credit <> l.is_credit
     AND o.booking_date <= l.booking_date AND o.id <> l.id AND NOT o.is_reversal AND o.return_reason = ''
     AND o.state IN ('booked', 'suspense')
     AND ((l.end_to_end_id <> '' AND o.end_to_end_id = l.end_to_end_id)
          OR (l.entry_reference <> '' AND o.entry_reference = l.entry_reference)
          OR (length(o.bank_reference) > 5
              AND strpos(' ' || l.remittance || ' ' || l.original || ' ' || l.end_to_end_id || ' ',
                         ' ' || o.bank_reference || ' ') > 0))
    WHERE l.id = ANY(%(lines)s)
"""
_ORIGINALS = f"SELECT l.id, o.id {_OF_RETURNS}"
_LOCK = f"""
    SELECT id FROM cashiering_statementline WHERE id IN (SELECT o.id {_OF_RETURNS}) ORDER BY id FOR UPDATE
"""  # noqa: S608 (made of constants)
_SENT = """
    SELECT o.id, o.amount_minor FROM cashiering_statementline o
    WHERE o.id = ANY(%(lines)s) AND o.state = 'sent_back'
      AND NOT EXISTS (SELECT 1 FROM cashiering_statementline s WHERE s.earlier_id = o.id AND s.state = 'settled')
"""
_SENT_AMOUNTS = """
    SELECT line_id, sum(amount_minor) FROM cashiering_linedecision
    WHERE line_id = ANY(%(lines)s) AND kind = 'send_back' AND decided_at IS NOT NULL AND NOT is_dropped GROUP BY line_id
"""


def takes_back(line: StatementLine) -> bool:
    """Return whether a line takes an earlier movement back."""
    return line.is_reversal or bool(line.return_reason)


@joins_transaction
def lock_originals_step(*, lines: Sequence[StatementLine]) -> None:
    """Lock what returns may be about, before any account is locked: who assigns money holds its line first."""
    wanted = [line.id for line in lines if takes_back(line)]
    if wanted:
        fetch(_LOCK, {"lines": wanted})


@joins_transaction
def take_back_step(*, lines: Sequence[StatementLine]) -> dict[int, int]:
    """
    Take back what returns are about, where that is one earlier line for sure.

    :returns: the earlier line of each return that was done; the others are for a person.
    """
    originals: dict[int, set[int]] = {}
    if lines:
        for line_id, original_id in fetch(_ORIGINALS, {"lines": [line.id for line in lines]}):
            originals.setdefault(line_id, set()).add(original_id)
    done: dict[int, int] = {}
    for line in lines:
        found = originals.get(line.id, set()) - set(done.values())
        if len(found) == 1:
            (original_id,) = found
            if _take_back(line, StatementLine.objects.select_for_update().get(id=original_id)):
                done[line.id] = original_id
    return done


def _take_back(line: StatementLine, original: StatementLine) -> bool:
    """
    Take back the payments of a line and what of it stands in suspense.

    False: a payment went back already, or a part of the line became something else, as the payout of a provider.
    """
    parts = LinePart.objects.filter(line=original)
    booked_minor = parts.aggregate(sum=Sum("amount_minor", default=0))["sum"]
    if booked_minor + original.suspense_minor != original.amount_minor:
        return False
    reason = line.return_reason or line.remittance or "reversed by the bank"
    try:
        with transaction.atomic():
            for payment_id in parts.values_list("payment_id", flat=True):
                payments.take_back_step(
                    payment_id=moved_payments.standing(payment_id=payment_id),
                    kind=ReturnKind.BOUNCED,
                    returned_date=line.booking_date,
                    reason=reason,
                    actor=SYSTEM,
                )
    except BadReturn:
        return False
    if original.suspense_minor:
        _free(line, original)
    original.suspense_minor = 0
    original.state = LineState.TAKEN_BACK.value
    original.save(update_fields=["state", "suspense_minor"])
    return True


def _free(line: StatementLine, original: StatementLine) -> None:
    """Take what of the earlier line is in suspense off again: this line has moved it back."""
    entry = Entry(
        source_id=line.id,
        part="back",
        debit=bank_lines.CASH if line.is_credit else bank_lines.SUSPENSE,
        credit=bank_lines.SUSPENSE if line.is_credit else bank_lines.CASH,
        account_id=None,
        amount_minor=original.suspense_minor,
        occurred_date=line.booking_date,
    )
    ledger.post(kind=TransferKind.SUSPENSE, entries=[entry], actor=SYSTEM)


@joins_transaction
def settle_transfers_step(*, lines: Sequence[StatementLine]) -> dict[int, int]:
    """
    Post transfers back to payers whose money has gone now, by the name that they were given; a constant of statements.

    :returns: the earlier line whose money each of them sends back.
    """
    named = {line.id: [int(n) for n in TRANSFER.findall(f"{line.end_to_end_id} {line.remittance}")] for line in lines}
    wanted = sorted({number for numbers in named.values() for number in numbers})
    if not wanted:
        return {}
    open_ids = {line_id for line_id, _amount in fetch(_SENT, {"lines": wanted})}
    amounts = dict(fetch(_SENT_AMOUNTS, {"lines": sorted(open_ids)}))
    done: dict[int, int] = {}
    for line in lines:
        numbers = [number for number in named[line.id] if number in open_ids]
        if len(numbers) == 1 and amounts.get(numbers[0]) == line.amount_minor:
            done[line.id] = numbers[0]
            open_ids.discard(numbers[0])
    entries = [
        Entry(
            source_id=line.id,
            part="sent",
            debit=bank_lines.OUTGOING,
            credit=bank_lines.CASH,
            account_id=None,
            amount_minor=line.amount_minor,
            occurred_date=line.booking_date,
        )
        for line in lines
        if line.id in done
    ]
    ledger.post(kind=TransferKind.SUSPENSE, entries=entries, actor=SYSTEM)
    return done
