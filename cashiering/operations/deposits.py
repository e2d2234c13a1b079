"""Money on its way to the bank arrives: a line of a statement names the deposit, or a person says which one it is."""

import re
from collections.abc import Sequence
from datetime import date

from django.utils import timezone

from billing.domain.entries import Entry, TransferKind
from billing.operations import ledger
from cashiering.domain import bank_lines
from cashiering.domain import tills as domain
from cashiering.domain.bank_lines import LineState
from cashiering.domain.tills import Means
from cashiering.models.bank import LineDecision, StatementLine
from cashiering.models.till import BankDeposit
from cashiering.operations.suspense import NotInSuspense, ReasonMissing, SamePerson
from cashiering.queries.bank import UnknownLine
from cashiering.queries.tills import UnknownDeposit
from cis.kernel.actors import SYSTEM, Actor
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction

NAME = re.compile(rf"{domain.DEPOSIT_PREFIX}(\d{{10}})(?!\d)")
ARRIVED = "deposit"


@joins_transaction
def arrive_step(*, lines: Sequence[StatementLine]) -> set[int]:
    """
    Post deposits that lines of a statement name, with exactly their amounts; a constant number of statements.

    :returns: the lines that are settled by it.
    """
    named = {line.id: {int(n) for n in NAME.findall(f"{line.remittance} {line.end_to_end_id}")} for line in lines}
    wanted = sorted({number for numbers in named.values() for number in numbers})
    if not wanted:
        return set()
    rows = BankDeposit.objects.select_for_update().filter(id__in=wanted, arrived_date__isnull=True).order_by("id")
    waiting = {row.id: row for row in rows}
    pairs: list[tuple[StatementLine, BankDeposit]] = []
    for line in lines:
        found = [waiting[number] for number in sorted(named[line.id]) if number in waiting]
        if len(found) == 1 and found[0].amount_minor == line.amount_minor:
            pairs.append((line, waiting.pop(found[0].id)))
    entries = [
        _entry(deposit, "arrived", domain.BANK, domain.TRANSIT, deposit.amount_minor, line.booking_date)
        for line, deposit in pairs
    ]
    ledger.post(kind=TransferKind.TILL, entries=entries, actor=SYSTEM)
    for line, deposit in pairs:
        deposit.line, deposit.arrived_date = line, line.booking_date
    BankDeposit.objects.bulk_update([deposit for _line, deposit in pairs], ["line", "arrived_date"])
    return {line.id for line, _deposit in pairs}


@opens_transaction
def arrive(*, line_id: int, deposit_id: int, reason: str, actor: Actor) -> int:
    """
    Say that a line in suspense is a deposit; a difference is a fee of who pays it, or cash that the bank did not find.

    Who closed the till does not decide where there is a difference.

    :returns: what arrived less than was sent; below 0: more. [minor unit]
    :raises UnknownLine, UnknownDeposit: there is none, or the deposit arrived before.
    :raises NotInSuspense: the line is money that went out, or something of it was assigned already.
    :raises ReasonMissing: there is a difference, and nobody explains it.
    :raises SamePerson: there is a difference, and it is the cashier of the till.
    """
    line = StatementLine.objects.select_for_update().filter(id=line_id).first()
    if line is None:
        raise UnknownLine(f"There is no line {line_id}.")
    if line.state != LineState.SUSPENSE or not line.is_credit or line.suspense_minor != line.amount_minor:
        raise NotInSuspense("The money of this line is not in suspense.", advice="Look at what became of it.")
    waiting = BankDeposit.objects.select_for_update(of=("self",)).select_related("session")
    deposit = waiting.filter(id=deposit_id, arrived_date__isnull=True).first()
    if deposit is None:
        raise UnknownDeposit(f"Deposit {deposit_id} is not on its way.")
    missing = deposit.amount_minor - line.amount_minor
    if missing and not reason.strip():
        raise ReasonMissing("The difference must be explained.", advice="Write a few words.", field="reason")
    if missing and actor.id in {deposit.session.cashier_id, deposit.session.counted_by_id}:
        raise SamePerson("You counted this yourself.", advice="Another person decides.")
    _post_arrival(line, deposit, missing, reason, actor)
    LineDecision.objects.create(
        line=line, kind=ARRIVED, amount_minor=line.amount_minor, reason=reason.strip()[: domain.REASON_MOST],
        actor_id=actor.id, decided_at=timezone.now(),
    )  # fmt: skip
    line.suspense_minor, line.state = 0, LineState.SETTLED.value
    line.save(update_fields=["suspense_minor", "state"])
    deposit.line, deposit.arrived_date, deposit.fee_minor = line, line.booking_date, missing
    deposit.save(update_fields=["line", "arrived_date", "fee_minor"])
    audit.record(actor, "deposit_arrived", "statement_line", line_id, deposit=deposit_id, missing=missing)
    return missing


def _post_arrival(line: StatementLine, deposit: BankDeposit, missing: int, reason: str, actor: Actor) -> None:
    lost = domain.SHORT if deposit.means == Means.CASH else bank_lines.BANK_FEES
    on = line.booking_date
    entries = [_entry(deposit, "arrived", bank_lines.SUSPENSE, domain.TRANSIT, line.amount_minor, on)]
    if missing > 0:
        entries.append(_entry(deposit, "missing", lost, domain.TRANSIT, missing, on, reason))
    elif missing < 0:
        entries.append(_entry(deposit, "missing", domain.TRANSIT, domain.OVER, -missing, on, reason))
    ledger.post(kind=TransferKind.TILL, entries=entries, actor=actor)


def _entry(
    deposit: BankDeposit, part: str, debit: str, credit: str, amount_minor: int, on: date, reason: str = ""
) -> Entry:
    return Entry(
        source_id=deposit.id, part=part, debit=debit, credit=credit, account_id=None, amount_minor=amount_minor,
        occurred_date=on, reason=reason,
    )  # fmt: skip
