"""Statements of the bank, their lines, and the money of nobody known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum

from cashiering.domain.bank_lines import LineState
from cashiering.models.bank import BankStatement, LineDecision, LinePart, StatementLine
from cis.kernel.errors import Refused
from cis.platform.db import fetch

OPEN_STATES = (LineState.SUSPENSE.value, LineState.PROPOSED.value)


class UnknownStatement(Refused):
    """There is no such statement."""

    code = "unknown_statement"


class UnknownLine(Refused):
    """There is no such line of a statement."""

    code = "unknown_statement_line"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementCard:
    """
    A statement.

    waiting         lines that are not posted yet
    open            lines of which something stands in suspense
    suspense_minor  that, credits less debits [minor unit]
    """

    id: int
    format: str
    reference: str
    bank_account: str
    statement_date: date | None
    opening_minor: int | None
    closing_minor: int | None
    moved_minor: int
    line_count: int
    pending: int
    file_name: str
    created_at: datetime
    waiting: int
    open: int
    suspense_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """
    What became of the money of a statement; all of it, so ``difference_minor`` is 0. [minor unit, credits above 0]

    moved_minor     what its lines moved at the bank
    booked_minor    became payments of accounts
    suspense_minor  stands in suspense
    outgoing_minor  is to go back to payers by transfers, or went back by them
    settled_minor   went out, or came back, and it is known for what
    known_minor     counts in another statement
    waiting_minor   is not posted yet
    """

    moved_minor: int
    booked_minor: int
    suspense_minor: int
    outgoing_minor: int
    settled_minor: int
    known_minor: int
    waiting_minor: int

    @property
    def difference_minor(self) -> int:
        """Return what is in none of these."""
        return (
            self.moved_minor
            - self.booked_minor
            - self.suspense_minor
            - self.outgoing_minor
            - self.settled_minor
            - self.known_minor
            - self.waiting_minor
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PartCard:
    """What of a line an account got. [minor unit]"""

    account_id: int
    account_number: str
    payment_id: int
    amount_minor: int
    is_back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionCard:
    """An account that money may be for; ``owed_minor``: what it owes now [minor unit]."""

    account_id: int
    account_number: str
    holder: str
    score: int
    evidence: str
    owed_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCard:
    """A line of a statement. [minor unit]"""

    id: int
    statement_id: int
    line_no: int
    is_credit: bool
    amount_minor: int
    suspense_minor: int
    booking_date: date
    value_date: date
    payer_name: str
    payer_account: str
    remittance: str
    end_to_end_id: str
    bank_reference: str
    return_reason: str
    state: str
    reason: str
    score: int
    earlier_id: int | None
    parts: tuple[PartCard, ...] = ()
    suggestions: tuple[SuggestionCard, ...] = ()

    @property
    def signed_minor(self) -> int:
        """Return what it adds to the account at the bank."""
        return self.amount_minor if self.is_credit else -self.amount_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionCard:
    """What a person decided on a line. [minor unit]"""

    kind: str
    amount_minor: int
    reason: str
    actor_id: int | None
    agreed_by_id: int | None
    created_at: datetime
    is_dropped: bool
    is_decided: bool


@dataclass(frozen=True, slots=True)
class LinesWanted:
    """Which lines; empty: all. ``side``: "in" or "out"."""

    statement_id: int | None = None
    state: str = ""
    text: str = ""
    side: str = ""
    only_open: bool = False


def statements(*, text: str = "", only_open: bool = False, offset: int = 0, most: int) -> tuple[StatementCard, ...]:
    """Return statements, the latest first; one statement of SQL."""
    rows = _statements()
    if text:
        rows = rows.filter(
            Q(reference__icontains=text) | Q(bank_account__icontains=text) | Q(file__name__icontains=text)
        )
    if only_open:
        rows = rows.filter(Q(open__gt=0) | Q(waiting__gt=0))
    ordered = rows.order_by(F("statement_date").desc(nulls_last=True), "-id")
    return tuple(_card(row) for row in ordered[offset : offset + most])


def statement(*, statement_id: int) -> StatementCard:
    """
    Return one statement.

    :raises UnknownStatement: there is none.
    """
    row = _statements().filter(id=statement_id).first()
    if row is None:
        raise UnknownStatement(f"There is no statement {statement_id}.")
    return _card(row)


def _statements() -> QuerySet[BankStatement]:
    open_lines = Q(lines__state__in=OPEN_STATES)
    return BankStatement.objects.select_related("file").annotate(
        waiting=Count("lines", filter=Q(lines__state=LineState.NEW.value)),
        open=Count("lines", filter=open_lines),
        open_in=Sum("lines__suspense_minor", filter=open_lines & Q(lines__is_credit=True)),
        open_out=Sum("lines__suspense_minor", filter=open_lines & Q(lines__is_credit=False)),
    )


def _card(row: Any) -> StatementCard:
    names = ("id", "format", "reference", "bank_account", "statement_date", "opening_minor", "closing_minor",
             "moved_minor", "line_count", "pending", "created_at", "waiting", "open")  # fmt: skip
    return StatementCard(
        **{name: getattr(row, name) for name in names},
        file_name=row.file.name,
        suspense_minor=(row.open_in or 0) - (row.open_out or 0),
    )


_RECONCILE = """
    WITH line AS (
        SELECT l.state, CASE WHEN l.is_credit THEN 1 ELSE -1 END AS sign, l.amount_minor, l.suspense_minor,
               coalesce((SELECT sum(p.amount_minor) FROM cashiering_linepart p WHERE p.line_id = l.id), 0) AS booked,
               coalesce((SELECT sum(d.amount_minor) FROM cashiering_linedecision d
                         WHERE d.line_id = l.id AND d.kind = 'send_back' AND d.decided_at IS NOT NULL
                           AND NOT d.is_dropped), 0) AS sent,
               coalesce((SELECT sum(d.amount_minor) FROM cashiering_linedecision d
                         WHERE d.line_id = l.id AND d.kind = 'payout'), 0) AS paid_out
        FROM cashiering_statementline l WHERE l.statement_id = %(statement)s
    )
    SELECT coalesce(sum(sign * booked), 0),
           coalesce(sum(sign * suspense_minor), 0),
           coalesce(sum(sign * sent), 0),
           coalesce(sum(sign * CASE WHEN state IN ('settled', 'taken_back') THEN amount_minor - booked
                                    ELSE paid_out END), 0),
           coalesce(sum(sign * amount_minor) FILTER (WHERE state = 'known'), 0),
           coalesce(sum(sign * amount_minor) FILTER (WHERE state = 'new'), 0)
    FROM line
"""


def reconcile(*, statement_id: int) -> Reconciliation:
    """Return what became of the money of a statement; two statements of SQL. See ``Reconciliation``."""
    moved = BankStatement.objects.values_list("moved_minor", flat=True).get(id=statement_id)
    ((booked, suspense, outgoing, settled, known, waiting),) = fetch(_RECONCILE, {"statement": statement_id})
    return Reconciliation(
        moved_minor=moved, booked_minor=int(booked), suspense_minor=int(suspense), outgoing_minor=int(outgoing),
        settled_minor=int(settled), known_minor=int(known), waiting_minor=int(waiting),
    )  # fmt: skip


def lines(*, wanted: LinesWanted, offset: int = 0, most: int) -> tuple[LineCard, ...]:
    """Return lines with their parts and suggestions; of a statement in its order, else the oldest first."""
    rows = _lines(wanted).order_by(*(["line_no"] if wanted.statement_id else ["booking_date", "id"]))
    return _cards(list(rows[offset : offset + most]))


def line(*, line_id: int) -> LineCard:
    """
    Return one line.

    :raises UnknownLine: there is none.
    """
    row = StatementLine.objects.filter(id=line_id).first()
    if row is None:
        raise UnknownLine(f"There is no line {line_id}.")
    return _cards([row])[0]


def sums(*, wanted: LinesWanted) -> tuple[int, int]:
    """Return how many lines there are, and what of them is in suspense, credits less debits. [minor unit]"""
    found = _lines(wanted).aggregate(
        count=Count("id"),
        came=Sum("suspense_minor", filter=Q(is_credit=True)),
        went=Sum("suspense_minor", filter=Q(is_credit=False)),
    )
    return found["count"], (found["came"] or 0) - (found["went"] or 0)


def decisions(*, line_id: int) -> tuple[DecisionCard, ...]:
    """Return what was decided on a line, in its order."""
    rows = LineDecision.objects.filter(line_id=line_id).order_by("id")
    return tuple(
        DecisionCard(
            kind=row.kind, amount_minor=row.amount_minor, reason=row.reason, actor_id=row.actor_id,
            agreed_by_id=row.agreed_by_id, created_at=row.created_at, is_dropped=row.is_dropped,
            is_decided=row.decided_at is not None,
        )
        for row in rows
    )  # fmt: skip


def _lines(wanted: LinesWanted) -> QuerySet[StatementLine]:
    rows = StatementLine.objects.all()
    if wanted.statement_id:
        rows = rows.filter(statement_id=wanted.statement_id)
    if wanted.only_open:
        rows = rows.filter(state__in=OPEN_STATES)
    if wanted.state:
        rows = rows.filter(state=wanted.state)
    if wanted.side:
        rows = rows.filter(is_credit=wanted.side == "in")
    if wanted.text:
        rows = rows.filter(
            Q(payer_name__icontains=wanted.text)
            | Q(remittance__icontains=wanted.text)
            | Q(end_to_end_id__icontains=wanted.text)
            | Q(bank_reference__icontains=wanted.text)
        )
    return rows


_SUGGESTED = """
    SELECT s.line_id, a.id, a.number, coalesce(c.name, ''), s.score, s.evidence, coalesce(l.balance_minor, 0)
    FROM cashiering_linesuggestion s
    JOIN accounts_account a ON a.id = s.account_id
    LEFT JOIN billing_ledgeraccount l ON l.account_id = a.id
    LEFT JOIN LATERAL (SELECT h.customer_id FROM accounts_accountholder h WHERE h.account_id = a.id
                       ORDER BY lower(h.period) DESC NULLS LAST LIMIT 1) h ON TRUE
    LEFT JOIN accounts_customer c ON c.id = h.customer_id
    WHERE s.line_id = ANY(%(lines)s) ORDER BY s.line_id, s.score DESC, s.id
"""


def _cards(rows: Sequence[StatementLine]) -> tuple[LineCard, ...]:
    ids = [row.id for row in rows]
    parts: dict[int, list[PartCard]] = {}
    for part in (
        LinePart.objects.filter(line_id__in=ids).select_related("payment__account", "payment__returned").order_by("id")
    ):
        parts.setdefault(part.line_id, []).append(
            PartCard(
                account_id=part.payment.account_id, account_number=part.payment.account.number,
                payment_id=part.payment_id, amount_minor=part.amount_minor, is_back=hasattr(part.payment, "returned"),
            )
        )  # fmt: skip
    suggestions: dict[int, list[SuggestionCard]] = {}
    open_ids = [row.id for row in rows if row.state in OPEN_STATES]
    for line_id, account_id, number, holder, score, evidence, owed in (
        fetch(_SUGGESTED, {"lines": open_ids}) if open_ids else []
    ):
        suggestions.setdefault(line_id, []).append(
            SuggestionCard(
                account_id=account_id, account_number=number, holder=holder, score=score, evidence=evidence,
                owed_minor=owed,
            )
        )  # fmt: skip
    names = ("id", "statement_id", "line_no", "is_credit", "amount_minor", "suspense_minor", "booking_date",
             "value_date", "payer_name", "payer_account", "remittance", "end_to_end_id", "bank_reference",
             "return_reason", "state", "reason", "score", "earlier_id")  # fmt: skip
    return tuple(
        LineCard(
            **{name: getattr(row, name) for name in names},
            parts=tuple(parts.get(row.id, ())),
            suggestions=tuple(suggestions.get(row.id, ())),
        )
        for row in rows
    )
