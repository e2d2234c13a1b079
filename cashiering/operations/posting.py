"""
Lines of statements become money: certain ones payments, the others suspense, returns take payments back.

A worker goes through the lines in their order, a chunk in one transaction with a constant number of statements (a
return takes some more). One worker at a time: so what came earlier is always seen.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from django.utils import timezone

from accounts.queries import supplier
from billing.domain.channels import PaymentChannel
from billing.domain.entries import Entry, TransferKind
from billing.operations import ledger, payments
from billing.operations.payments import NewPayment
from billing.queries import debtors
from cashiering.domain import bank_lines
from cashiering.domain.bank_lines import LineState
from cashiering.domain.matching import Debtor, Match, Named, Paid, match, numbers_in, plain_name
from cashiering.models.bank import StatementLine
from cashiering.operations import consolidated_lines, debit_money, deposits, hand_overs, refund_files, returns
from cis.kernel.actors import SYSTEM
from cis.kernel.calendar import local_clock
from cis.platform import copying, jobs, packs
from cis.platform.db import execute, fetch, opens_transaction

WORK = "bank_lines"
"""Woken when a statement came."""
LOOK = "bank_lines_look"
"""The same from time to time: for what was woken and is not done."""
CHUNK = 2_000

# The same entry in another statement of the account: one that counts already, or that stands before it.
_KNOWN = """
    SELECT DISTINCT ON (l.id) l.id, e.id, e.entry_minor = l.entry_minor
    FROM cashiering_statementline l
    JOIN cashiering_statementline e
      ON e.bank_account = l.bank_account AND e.entry_reference = l.entry_reference
     AND e.statement_id <> l.statement_id AND e.is_credit = l.is_credit AND e.is_reversal = l.is_reversal
     AND (e.state NOT IN ('new', 'known') OR (e.state = 'new' AND e.id < l.id))
    WHERE l.id = ANY(%(lines)s) AND l.entry_reference <> ''
    ORDER BY l.id, e.entry_minor = l.entry_minor DESC, e.amount_minor = l.amount_minor DESC, e.id
"""
# A line without a name of its own that looks the same as one of another statement.
_ALIKE = """
    SELECT DISTINCT ON (l.id) l.id, e.id
    FROM cashiering_statementline l
    JOIN cashiering_statementline e
      ON e.amount_minor = l.amount_minor AND e.booking_date = l.booking_date AND e.bank_account = l.bank_account
     AND e.statement_id <> l.statement_id AND e.is_credit = l.is_credit AND e.payer_name = l.payer_name
     AND e.remittance = l.remittance AND e.end_to_end_id = l.end_to_end_id
     AND (e.state NOT IN ('new', 'known') OR (e.state = 'new' AND e.id < l.id))
    WHERE l.id = ANY(%(lines)s) AND (l.entry_reference = '' OR e.entry_reference = '')
    ORDER BY l.id, e.id
"""
_UPDATE = """
    UPDATE cashiering_statementline l
    SET state = n.state, reason = n.reason, score = n.score, suspense_minor = n.suspense, earlier_id = n.earlier
    FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(reasons)s::text[], %(scores)s::int[], %(suspense)s::bigint[],
                %(earlier)s::bigint[]) AS n(id, state, reason, score, suspense, earlier)
    WHERE l.id = n.id
"""


@dataclass(frozen=True, slots=True)
class _Fate:
    """What becomes of a line."""

    state: LineState
    reason: str
    score: int = 0
    suspense_minor: int = 0
    earlier_id: int | None = None


def work(at: datetime) -> None:
    """Post what waits; may be called at any time and by several workers."""
    today = local_clock(supplier.current().time_zone).local_date(at)
    with jobs.alone(WORK) as is_ours:
        while is_ours and post_chunk(today=today):
            pass


@opens_transaction
def post_chunk(*, today: date) -> int:
    """Post the next lines that wait, up to 2,000; return how many there were."""
    lines = list(StatementLine.objects.filter(state=LineState.NEW.value).order_by("id").select_for_update()[:CHUNK])
    if not lines:
        return 0
    returns.lock_originals_step(lines=lines)
    known, differing, alike = _seen_before([line.id for line in lines])
    fates = {
        line_id: _Fate(LineState.KNOWN, bank_lines.IS_KNOWN, earlier_id=earlier) for line_id, earlier in known.items()
    }
    doubts = {**dict.fromkeys(alike, bank_lines.PERHAPS_KNOWN), **dict.fromkeys(differing, bank_lines.ENTRY_DIFFERS)}
    refunds = _refunds([line for line in lines if line.id not in fates and line.id not in doubts], today)
    left = [line for line in lines if line.id not in fates and line.id not in refunds]
    came = [line for line in left if line.is_credit and not returns.takes_back(line)]
    expected, doubts = _expected(came, doubts, today)
    fates |= expected
    credits_ = [line for line in came if line.id not in fates]
    matches = _matches(credits_, today)
    certain = [
        (line, found)
        for line, found in zip(credits_, matches, strict=True)
        if found.account_id and line.id not in doubts
    ]
    _book(certain, today)
    for line, found in certain:
        fates[line.id] = _Fate(LineState.BOOKED, found.reason, found.score)
    for line, found in zip(credits_, matches, strict=True):
        if line.id not in fates:
            reason = doubts.get(line.id, found.reason)
            earlier = alike.get(line.id) or differing.get(line.id)
            fates[line.id] = _Fate(LineState.SUSPENSE, reason, found.score, line.amount_minor, earlier)
    _suggest([(line, found) for line, found in zip(credits_, matches, strict=True) if fates[line.id].suspense_minor])
    _write({**fates, **refunds})  # before the returns, which may take back what is booked here
    others = [line for line in left if line.id not in fates]
    outgoing = _outgoing(others, doubts)
    all_fates = {**fates, **outgoing}
    _post_suspense([line for line in left if all_fates[line.id].suspense_minor])
    _write(outgoing)
    return len(lines)


def _expected(
    came: Sequence[StatementLine], doubts: Mapping[int, str], today: date
) -> tuple[dict[int, _Fate], dict[int, str]]:
    """
    Return what becomes of lines that the house waits for, and what is odd now.

    They are its own money, direct debits, and payments of consolidated bills.
    """
    fates = {line_id: _Fate(LineState.SETTLED, reason) for line_id, reason in _own_money(came, doubts).items()}
    sure = [line for line in came if line.id not in fates and line.id not in doubts]
    debits = debit_money.collect_step(lines=sure, today=today)
    for line_id in debits.booked:
        fates[line_id] = _Fate(LineState.BOOKED, bank_lines.DEBIT_COLLECTED, bank_lines.DEBIT_SCORE)
    left = [line for line in sure if line.id not in fates and line.id not in debits.odd]
    for line_id in consolidated_lines.book_step(lines=left, today=today):
        fates[line_id] = _Fate(LineState.BOOKED, bank_lines.CONSOLIDATED, bank_lines.CONSOLIDATED_SCORE)
    return fates, {**doubts, **dict.fromkeys(debits.odd, bank_lines.DEBIT_DIFFERS)}


def _own_money(lines: Sequence[StatementLine], doubts: Mapping[int, str]) -> dict[int, str]:
    """Return the lines by which money arrives that is ours already: of a till, or of an agent."""
    sure = [line for line in lines if line.id not in doubts]
    arrived = dict.fromkeys(deposits.arrive_step(lines=sure), bank_lines.DEPOSIT)
    left = [line for line in sure if line.id not in arrived]
    return {**arrived, **dict.fromkeys(hand_overs.arrive_step(lines=left), bank_lines.HAND_OVER)}


def _seen_before(line_ids: Sequence[int]) -> tuple[dict[int, int], dict[int, int], dict[int, int]]:
    """Return lines that are known, whose entry said another amount, and that look like another; with that other."""
    found = fetch(_KNOWN, {"lines": list(line_ids)})
    known = {line_id: earlier for line_id, earlier, is_same in found if is_same}
    differing = {line_id: earlier for line_id, earlier, is_same in found if not is_same}
    alike = dict(fetch(_ALIKE, {"lines": list(line_ids)}))
    return known, differing, alike


def _matches(lines: Sequence[StatementLine], today: date) -> list[Match]:
    paid = [
        Paid(text=f"{line.remittance} {line.end_to_end_id}", name=line.payer_name, amount_minor=line.amount_minor)
        for line in lines
    ]
    numbers = {number for one in paid for number in numbers_in(one.text)}
    named: defaultdict[str, list[Named]] = defaultdict(list)
    for hit in debtors.by_numbers(numbers=numbers, today=today):
        named[hit.number].append(
            Named(
                number=hit.number, is_bill=hit.is_bill, account_id=hit.account_id, open_minor=hit.open_minor,
                holder=hit.holder,
            )
        )  # fmt: skip
    nameless = [one for one in paid if one.name and not any(number in named for number in numbers_in(one.text))]
    owing: defaultdict[tuple[int, str], list[Debtor]] = defaultdict(list)
    for account_id, owed, holder in debtors.by_balance(
        amounts_minor={one.amount_minor for one in nameless},
        names={plain_name(one.name) for one in nameless},
        today=today,
    ):
        owing[owed, plain_name(holder)].append(Debtor(account_id, owed, holder))
    certain_from = int(packs.rule("bank_statements", at=today)["certain_from"])
    return match(lines=paid, named=named, debtors=owing, certain_from=certain_from)


def _book(certain: Sequence[tuple[StatementLine, Match]], today: date) -> None:
    if not certain:
        return
    new = [
        NewPayment(
            account_id=found.account_id or 0,
            amount_minor=line.amount_minor,
            reference=bank_lines.payment_name(statement_id=line.statement_id, line_no=line.line_no),
            received_date=line.booking_date,
        )
        for line, found in certain
    ]
    payment_ids = payments.book_new_step(payments=new, channel=PaymentChannel.BANK, today=today, actor=SYSTEM)
    copying.load(
        table="cashiering_linepart",
        columns={
            "line_id": copying.int8(np.array([line.id for line, _found in certain], dtype=np.int64)),
            "payment_id": copying.int8(np.array(payment_ids, dtype=np.int64)),
            "amount_minor": copying.int8(np.array([line.amount_minor for line, _found in certain], dtype=np.int64)),
            "created_at": copying.instant(timezone.now()),
            "actor_id": copying.null(),
        },
    )


def _suggest(doubtful: Sequence[tuple[StatementLine, Match]]) -> None:
    rows = [(line.id, one) for line, found in doubtful for one in found.suggestions]
    if rows:
        copying.load(
            table="cashiering_linesuggestion",
            columns={
                "line_id": copying.int8(np.array([line_id for line_id, _one in rows], dtype=np.int64)),
                "account_id": copying.int8(np.array([one.account_id for _id, one in rows], dtype=np.int64)),
                "score": copying.int2(np.array([one.score for _id, one in rows], dtype=np.int64)),
                "evidence": copying.texts([one.evidence.value for _id, one in rows]),
            },
        )


def _refunds(lines: Sequence[StatementLine], today: date) -> dict[int, _Fate]:
    """Return what becomes of lines that say what became of refunds: they were posted when they were sent."""
    said = refund_files.settle_step(lines=lines, today=today)
    states = {"paid": LineState.SETTLED, "returned": LineState.TAKEN_BACK}
    return {line_id: _Fate(states[what], bank_lines.REFUND) for line_id, what in said.items()}


def _outgoing(lines: Sequence[StatementLine], doubts: dict[int, str]) -> dict[int, _Fate]:
    """Return what becomes of returns and of money that went out; what they take back is taken back."""
    sure = [line for line in lines if line.id not in doubts]
    back = [line for line in sure if returns.takes_back(line)]
    bounced = debit_money.take_back_step(lines=back)
    taken = returns.take_back_step(lines=[line for line in back if line.id not in bounced])
    sent = returns.settle_transfers_step(
        lines=[line for line in sure if not line.is_credit and not returns.takes_back(line)]
    )
    fates = {}
    for line in lines:
        if line.id in bounced:
            fates[line.id] = _Fate(LineState.TAKEN_BACK, bank_lines.DEBIT_RETURNED, earlier_id=bounced[line.id])
        elif line.id in taken:
            fates[line.id] = _Fate(LineState.TAKEN_BACK, bank_lines.RETURN_OF, earlier_id=taken[line.id])
        elif line.id in sent:
            fates[line.id] = _Fate(LineState.SETTLED, bank_lines.TRANSFER_OUT, earlier_id=sent[line.id])
        else:
            plain = bank_lines.RETURN_UNKNOWN if returns.takes_back(line) else bank_lines.WENT_OUT
            reason = doubts.get(line.id, plain)
            fates[line.id] = _Fate(LineState.SUSPENSE, reason, suspense_minor=line.amount_minor)
    return fates


def _post_suspense(lines: Sequence[StatementLine]) -> None:
    entries = [
        Entry(
            source_id=line.id,
            part="in" if line.is_credit else "out",
            debit=bank_lines.CASH if line.is_credit else bank_lines.SUSPENSE,
            credit=bank_lines.SUSPENSE if line.is_credit else bank_lines.CASH,
            account_id=None,
            amount_minor=line.amount_minor,
            occurred_date=line.booking_date,
        )
        for line in lines
    ]
    ledger.post(kind=TransferKind.SUSPENSE, entries=entries, actor=SYSTEM)


def _write(fates: dict[int, _Fate]) -> None:
    if fates:
        execute(
            _UPDATE,
            {
                "ids": list(fates),
                "states": [one.state.value for one in fates.values()],
                "reasons": [one.reason for one in fates.values()],
                "scores": [one.score for one in fates.values()],
                "suspense": [one.suspense_minor for one in fates.values()],
                "earlier": [one.earlier_id for one in fates.values()],
            },
        )
