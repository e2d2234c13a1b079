"""Debts that were given up, or might be: what is open, what was written off, and what came back."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, F, Q, QuerySet, Sum

from accounts.queries import accounts
from billing.domain.adjustments import AdjustmentState
from billing.models.write_off import WriteOff, WriteOffBatch, WriteOffCandidate, WriteOffPart, WriteOffReturn
from billing.queries import balances
from billing.queries.second_person import DecisionCard, common, names, names_of
from cis.kernel.errors import Refused
from cis.platform.db import fetch

_OPEN = """
    SELECT b.account_id, b.id, b.number, b.due_date, (b.amount_minor - coalesce(p.paid, 0))::bigint, b.kind
    FROM billing_bill b
    LEFT JOIN LATERAL (SELECT sum(a.amount_minor) AS paid FROM billing_allocation a WHERE a.bill_id = b.id) p ON TRUE
    WHERE b.account_id = ANY(%s) AND b.state = 'issued' AND b.kind <> 'credit' AND b.amount_minor > coalesce(p.paid, 0)
    ORDER BY b.account_id, b.due_date, b.id
"""
_CANDIDATES = """
    SELECT c.account_id, a.number, coalesce(n.name, ''), c.reason, c.amount_minor, c.bills, c.oldest_due_date,
           c.listed_date
    FROM billing_writeoffcandidate c JOIN accounts_account a ON a.id = c.account_id
    LEFT JOIN LATERAL (SELECT h.customer_id FROM accounts_accountholder h WHERE h.account_id = c.account_id
                       ORDER BY lower(h.period) DESC LIMIT 1) h ON TRUE
    LEFT JOIN accounts_customer n ON n.id = h.customer_id
    WHERE (%(reason)s = '' OR c.reason = %(reason)s) AND (%(text)s = '' OR a.number LIKE %(text)s || '%%')
    ORDER BY c.amount_minor DESC, c.account_id OFFSET %(offset)s LIMIT %(most)s
"""
_MONTHS = """
    SELECT month, reason, sum(written)::bigint, sum(recovered)::bigint, sum(cancelled)::bigint, sum(reversed)::bigint,
           count(*) FILTER (WHERE written > 0)
    FROM (
        SELECT date_trunc('month', made_date)::date AS month, reason, amount_minor AS written, 0 AS recovered,
               0 AS cancelled, 0 AS reversed
        FROM billing_writeoff WHERE state IN ('made', 'reversed')
        UNION ALL
        SELECT date_trunc('month', r.made_date)::date, w.reason, 0,
               CASE r.why WHEN 'recovered' THEN r.amount_minor ELSE 0 END,
               CASE r.why WHEN 'cancelled' THEN r.amount_minor ELSE 0 END, 0
        FROM billing_writeoffreturn r JOIN billing_writeoff w ON w.id = r.write_off_id
        UNION ALL
        SELECT date_trunc('month', r.undone_date)::date, w.reason, 0, -r.amount_minor, 0, 0
        FROM billing_writeoffreturn r JOIN billing_writeoff w ON w.id = r.write_off_id WHERE r.undone_date IS NOT NULL
        UNION ALL
        SELECT date_trunc('month', n.issue_date)::date, w.reason, 0, 0, 0, w.amount_minor - w.back_minor
        FROM billing_writeoff w JOIN billing_bill n ON n.id = w.credit_note_id WHERE w.state = 'reversed'
    ) x
    WHERE (%(from)s::date IS NULL OR month >= %(from)s) AND (%(until)s::date IS NULL OR month <= %(until)s)
      AND (%(reason)s = '' OR reason = %(reason)s)
    GROUP BY month, reason ORDER BY month DESC, reason
"""


class UnknownWriteOff(Refused):
    """There is no such write-off."""

    code = "unknown_write_off"


class UnknownWriteOffBatch(Refused):
    """There is no such batch of write-offs."""

    code = "unknown_write_off_batch"


@dataclass(frozen=True, slots=True)
class OpenDebt:
    """What is open of one bill. [minor unit]"""

    account_id: int
    bill_id: int
    number: str
    due_date: date
    open_minor: int
    kind: str

    def is_late(self, today: date) -> bool:
        """Return whether it is past its due date, or the late fee of what is."""
        return self.due_date < today or self.kind == "late_fee"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOffCard(DecisionCard):
    """One write-off; names are of staff. [minor unit]"""

    account_id: int
    account_number: str
    reason: str
    amount_minor: int
    back_minor: int
    evidence: str
    paper_id: int | None
    batch_id: int | None
    note_id: int | None
    note_number: str
    credit_note_id: int | None

    @property
    def left_minor(self) -> int:
        """Return what of it still stands. [minor unit]"""
        return self.amount_minor - self.back_minor if self.state == AdjustmentState.MADE else 0


@dataclass(frozen=True, slots=True)
class Part:
    """What of a write-off is of one bill. [minor unit]"""

    bill_id: int
    number: str
    due_date: date | None
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """A part of a write-off that stands no more, and the note that says so. [minor unit]"""

    why: str
    amount_minor: int
    note_id: int
    note_number: str
    made_date: date
    is_undone: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account whose debt might be given up, and why. [minor unit]"""

    account_id: int
    account_number: str
    holder: str
    reason: str
    amount_minor: int
    bills: int
    oldest_due_date: date
    listed_date: date


@dataclass(frozen=True, slots=True)
class Total:
    """How many there are, and what they come to. [minor unit]"""

    count: int
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCard:
    """One batch; names are of staff. [minor unit]"""

    id: int
    state: str
    reason: str
    count: int
    amount_minor: int
    made: int
    dropped: int
    proposer_id: int
    proposer: str
    decider: str


@dataclass(frozen=True, slots=True)
class MonthRow:
    """
    What became of debts of one reason in one month. [minor unit]

    cancelled  of write-offs whose bill was cancelled; ``reversed``: of those that were taken back as mistaken
    count      write-offs that were made
    """

    month: date
    reason: str
    written_minor: int
    recovered_minor: int
    cancelled_minor: int
    reversed_minor: int
    count: int

    @property
    def net_minor(self) -> int:
        """Return what the month cost. [minor unit]"""
        return self.written_minor - self.recovered_minor - self.cancelled_minor - self.reversed_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Filters; "" and None: all."""

    text: str = ""
    state: str = ""
    reason: str = ""
    batch_id: int | None = None
    account_id: int | None = None


def open_debts(*, account_ids: Collection[int]) -> tuple[OpenDebt, ...]:
    """Return what is open of the bills of some accounts, the oldest first; one statement."""
    return tuple(OpenDebt(*row) for row in fetch(_OPEN, [list(account_ids)]))


def left_minor(*, account_ids: Collection[int]) -> int:
    """Return what was written off of some accounts and did not come back; one statement. [minor unit]"""
    rows = WriteOff.objects.filter(account_id__in=list(account_ids), state=AdjustmentState.MADE.value)
    return int(rows.aggregate(sum=Sum(F("amount_minor") - F("back_minor")))["sum"] or 0)


def left_minor_of_customer(*, customer_id: int, account_id: int) -> int:
    """Return what was written off and did not come back of all accounts that a customer holds or held. [minor unit]"""
    held = {one.account_id for one in accounts.held_by(customer_id=customer_id)}
    return left_minor(account_ids={*held, account_id})


def arrears_minor(*, account_ids: Collection[int], today: date) -> int:
    """Return what some accounts owe, what was given up of it too: it is owed all the same. [minor unit]"""
    return balances.arrears_minor(account_ids=account_ids, today=today) + left_minor(account_ids=account_ids)


def selected(*, wanted: Wanted) -> QuerySet[WriteOff]:
    """Return the rows of a list, the latest first."""
    rows = WriteOff.objects.select_related("account", "note").order_by("-id")
    for column in ("state", "reason", "batch_id", "account_id"):
        if getattr(wanted, column):
            rows = rows.filter(**{column: getattr(wanted, column)})
    if wanted.text:
        rows = rows.filter(Q(account__number__startswith=wanted.text) | Q(evidence__icontains=wanted.text))
    return rows


def listed(*, wanted: Wanted, offset: int = 0, most: int = 50) -> tuple[WriteOffCard, ...]:
    """Return write-offs, the latest first; at most three statements."""
    return cards(list(selected(wanted=wanted)[offset : offset + most]))


def one(*, write_off_id: int) -> WriteOffCard:
    """
    Return one write-off; at most three statements.

    :raises UnknownWriteOff: there is none.
    """
    found = cards(list(WriteOff.objects.select_related("account", "note").filter(id=write_off_id)))
    if not found:
        raise UnknownWriteOff(f"There is no write-off {write_off_id}.", write_off_id=write_off_id)
    return found[0]


def cards(rows: Sequence[WriteOff]) -> tuple[WriteOffCard, ...]:
    """Return rows as pages show them; at most two statements."""
    names = names_of(rows)
    return tuple(
        WriteOffCard(
            account_id=row.account_id,
            account_number=row.account.number,
            reason=row.reason,
            amount_minor=row.amount_minor,
            back_minor=row.back_minor,
            evidence=row.evidence,
            paper_id=row.paper_id,
            batch_id=row.batch_id,
            note_id=row.note_id,
            note_number=(row.note.number or "") if row.note else "",
            credit_note_id=row.credit_note_id,
            **common(row, names),
        )
        for row in rows
    )


def parts_of(*, write_off_id: int) -> tuple[Part, ...]:
    """Return of which bills a write-off is; one statement."""
    rows = WriteOffPart.objects.filter(write_off_id=write_off_id).order_by("bill__due_date", "id")
    found = rows.values_list("bill_id", "bill__number", "bill__due_date", "amount_minor")
    return tuple(Part(bill_id, number or "", due, amount) for bill_id, number, due, amount in found)


def returns_of(*, write_off_id: int) -> tuple[Return, ...]:
    """Return what of a write-off came back, in the order of time; one statement."""
    rows = WriteOffReturn.objects.filter(write_off_id=write_off_id).select_related("note").order_by("id")
    return tuple(
        Return(
            why=row.why,
            amount_minor=row.amount_minor,
            note_id=row.note_id,
            note_number=row.note.number or "",
            made_date=row.made_date,
            is_undone=row.undone_date is not None,
        )
        for row in rows
    )


def candidates(*, wanted: Wanted, offset: int = 0, most: int = 50) -> tuple[Candidate, ...]:
    """Return what the last night found, the largest debts first; one statement."""
    given = {"reason": wanted.reason, "text": wanted.text, "offset": offset, "most": most}
    return tuple(Candidate(*row) for row in fetch(_CANDIDATES, given))


def selected_candidates(*, reason: str = "") -> QuerySet[WriteOffCandidate]:
    """Return the rows of what the last night found; "": for every reason."""
    rows = WriteOffCandidate.objects.select_related("account")
    return rows.filter(reason=reason) if reason else rows


def candidate_sum(*, wanted: Wanted) -> Total:
    """Return how many candidates there are, and what they come to; one statement."""
    rows = WriteOffCandidate.objects.all()
    if wanted.reason:
        rows = rows.filter(reason=wanted.reason)
    if wanted.text:
        rows = rows.filter(account__number__startswith=wanted.text)
    found = rows.aggregate(count=Count("account_id"), sum=Sum("amount_minor"))
    return Total(found["count"], found["sum"] or 0)


def batches(*, most: int = 50) -> tuple[BatchCard, ...]:
    """Return batches, the latest first; at most three statements."""
    return batch_cards(selected_batches().order_by("-id")[:most])


def batch(*, batch_id: int) -> BatchCard:
    """
    Return one batch with what became of it.

    :raises UnknownWriteOffBatch: there is none.
    """
    found = batch_cards(selected_batches().filter(id=batch_id))
    if not found:
        raise UnknownWriteOffBatch(f"There is no batch {batch_id}.", batch_id=batch_id)
    return found[0]


def months(*, reason: str = "", since: date | None = None, until: date | None = None) -> tuple[MonthRow, ...]:
    """
    Return what was written off and what came back, by month and reason, the latest first; one statement.

    since, until  first days of the first and the last month; None: all
    """
    given = {"reason": reason, "from": since, "until": until}
    return tuple(MonthRow(*row) for row in fetch(_MONTHS, given))


def selected_batches() -> QuerySet[WriteOffBatch]:
    """Return the rows of the list of batches, with what of each was made and dropped."""
    made, dropped = (
        Count("write_offs", filter=Q(write_offs__state__in=states)) for states in (["made", "reversed"], ["dropped"])
    )
    return WriteOffBatch.objects.annotate(made_count=made, dropped_count=dropped)


def batch_cards(rows: Iterable[WriteOffBatch]) -> tuple[BatchCard, ...]:
    """Return rows of ``selected_batches`` as pages show them; at most three statements."""
    rows = list(rows)
    named = names({one for row in rows for one in (row.proposer_id, row.decider_id) if one})
    return tuple(
        BatchCard(
            id=row.id,
            state=row.state,
            reason=row.reason,
            count=row.count,
            amount_minor=row.amount_minor,
            made=row.made_count,  # type: ignore[attr-defined]  # counted by the database
            dropped=row.dropped_count,  # type: ignore[attr-defined]
            proposer_id=row.proposer_id,
            proposer=named.get(row.proposer_id, ""),
            decider=named.get(row.decider_id or 0, ""),
        )
        for row in rows
    )
