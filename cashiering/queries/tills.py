"""Tills, their sessions, receipts, and money on its way to the bank."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from cashiering.domain.tills import CashMove, Flow, Means, ReceiptState, SessionState, deposit_name
from cashiering.models.till import NOT_CLOSED, BankDeposit, CashMovement, Receipt, ReceiptPart, Till, TillSession
from cis.kernel.errors import Refused
from cis.platform.db import fetch

WAITING = (SessionState.OPEN.value, SessionState.COUNTED.value)
_FLOW = """
    SELECT s.float_minor,
           coalesce((SELECT sum(r.amount_minor) FROM cashiering_receipt r
                     WHERE r.session_id = s.id AND r.means = 'cash'), 0),
           coalesce((SELECT sum(r.amount_minor) FROM cashiering_receipt r
                     WHERE r.session_id = s.id AND r.means = 'cash' AND r.state = 'cancelled'), 0),
           coalesce((SELECT sum(m.amount_minor) FROM cashiering_cashmovement m
                     WHERE m.session_id = s.id AND m.kind = ANY(%(kinds_in)s)), 0),
           coalesce((SELECT sum(m.amount_minor) FROM cashiering_cashmovement m
                     WHERE m.session_id = s.id AND NOT m.kind = ANY(%(kinds_in)s)), 0)
    FROM cashiering_tillsession s WHERE s.id = %(session)s
"""


class UnknownTill(Refused):
    """There is no such till."""

    code = "unknown_till"


class UnknownSession(Refused):
    """There is no such session of a till."""

    code = "unknown_till_session"


class UnknownReceipt(Refused):
    """There is no such receipt."""

    code = "unknown_receipt"


class UnknownDeposit(Refused):
    """There is no such deposit on its way."""

    code = "unknown_deposit"


@dataclass(frozen=True, slots=True, kw_only=True)
class TillCard:
    """A till; ``cashier_id`` who has it open, None: it is closed."""

    id: int
    code: str
    name: str
    place: str
    is_active: bool
    cashier_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCard:
    """
    A session of a till. [minor unit]

    expected_minor, counted_minor, deposit_minor  None: it was not counted yet
    taken_minor    of all receipts that count, by all means
    """

    id: int
    till_id: int
    till_code: str
    till_name: str
    cashier_id: int
    opened_date: date
    opened_at: datetime
    float_minor: int
    state: str
    expected_minor: int | None
    counted_minor: int | None
    deposit_minor: int | None
    reason: str
    counted_at: datetime | None
    counted_by_id: int | None
    closed_at: datetime | None
    confirmed_by_id: int | None
    receipt_count: int
    taken_minor: int

    @property
    def difference_minor(self) -> int | None:
        """Return what was counted less what should have been there. [minor unit]"""
        if self.counted_minor is None or self.expected_minor is None or self.state == SessionState.OPEN:
            return None
        return self.counted_minor - self.expected_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsWanted:
    """Which sessions; what is left out does not matter. ``only``: "open", "difference", "waiting"."""

    till_id: int | None = None
    since: date | None = None
    until: date | None = None
    only: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptCard:
    """A receipt; ``accounts`` are (id, number) of those that it pays, ``prints`` how often it was printed."""

    id: int
    number: str
    session_id: int
    till_code: str
    cashier_id: int
    means: str
    amount_minor: int
    change_minor: int
    reference: str
    taken_date: date
    taken_at: datetime
    state: str
    reason: str
    asked_by_id: int | None
    decided_by_id: int | None
    session_state: str
    accounts: tuple[tuple[int, str], ...]
    prints: int

    @property
    def tendered_minor(self) -> int:
        """Return what the payer gave. [minor unit]"""
        return self.amount_minor + self.change_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class PartCard:
    """What of a receipt went to an account, and what it paid there: (bill, amount). [minor unit]"""

    account_id: int
    account_number: str
    payment_id: int
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementCard:
    """Cash that was brought or taken away. [minor unit]"""

    id: int
    kind: str
    amount_minor: int
    is_in: bool
    reason: str
    moved_at: datetime
    actor_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositCard:
    """Money on its way to the bank. ``arrived_date`` None: no statement says yet that it came. [minor unit]"""

    id: int
    name: str
    session_id: int
    till_code: str
    cashier_id: int
    means: str
    amount_minor: int
    sent_date: date
    arrived_date: date | None
    line_id: int | None
    fee_minor: int


def flow(*, session_id: int) -> Flow:
    """
    Return what cash went through a till since it was opened; one statement.

    :raises UnknownSession: there is none.
    """
    kinds_in = [kind.value for kind in CashMove if kind.is_in]
    found = fetch(_FLOW, {"session": session_id, "kinds_in": kinds_in})
    if not found:
        raise UnknownSession(f"There is no session {session_id}.")
    float_minor, taken, cancelled, came, went = (int(value) for value in found[0])
    return Flow(
        float_minor=float_minor, taken_minor=taken, cancelled_minor=cancelled, in_minor=came, out_minor=went
    )  # fmt: skip


def all_tills() -> tuple[TillCard, ...]:
    """Return the tills by their codes, with who has them open; two statements."""
    open_by = dict(TillSession.objects.filter(NOT_CLOSED).values_list("till_id", "cashier_id"))
    return tuple(
        TillCard(
            id=row.id, code=row.code, name=row.name, place=row.place, is_active=row.is_active,
            cashier_id=open_by.get(row.id),
        )
        for row in Till.objects.order_by("code")
    )  # fmt: skip


def open_of(*, cashier_id: int | None) -> SessionCard | None:
    """Return the session that a person has, open or counted; None: no till of his is open. One statement."""
    if cashier_id is None:
        return None
    return next(iter(_sessions(_annotated().filter(NOT_CLOSED, cashier_id=cashier_id))), None)


def session(*, session_id: int) -> SessionCard:
    """
    Return a session; one statement.

    :raises UnknownSession: there is none.
    """
    found = _sessions(_annotated().filter(id=session_id))
    if not found:
        raise UnknownSession(f"There is no session {session_id}.")
    return found[0]


def sessions(*, wanted: SessionsWanted, offset: int = 0, most: int) -> tuple[SessionCard, ...]:
    """Return sessions, the latest first; one statement."""
    rows = _annotated()
    if wanted.till_id:
        rows = rows.filter(till_id=wanted.till_id)
    if wanted.since:
        rows = rows.filter(opened_date__gte=wanted.since)
    if wanted.until:
        rows = rows.filter(opened_date__lte=wanted.until)
    if wanted.only == "open":
        rows = rows.filter(state=SessionState.OPEN.value)
    if wanted.only == "waiting":
        rows = rows.filter(state=SessionState.COUNTED.value)
    if wanted.only == "difference":
        rows = rows.exclude(state=SessionState.OPEN.value).exclude(counted_minor=F("expected_minor"))
    return _sessions(rows.order_by("-opened_date", "-id")[offset : offset + most])


def counts(*, session_id: int, is_closing: bool) -> tuple[tuple[int, int], ...]:
    """Return (face value, pieces) that were counted, the largest first; one statement. [minor unit]"""
    found = TillSession.objects.get(id=session_id).counts.filter(is_closing=is_closing)
    return tuple(found.order_by("-face_minor").values_list("face_minor", "pieces"))


def by_means(*, session_id: int) -> dict[str, tuple[int, int]]:
    """Return how many receipts that count came by which means, and their sum; one statement. [minor unit]"""
    rows = (
        Receipt.objects.filter(session_id=session_id)
        .exclude(state=ReceiptState.CANCELLED.value)
        .values_list("means")
        .annotate(count=Count("id"), sum=Sum("amount_minor"))
    )
    found = {means: (count, amount) for means, count, amount in rows}
    return {means.value: found.get(means.value, (0, 0)) for means in Means}


def receipts(
    *, session_id: int | None = None, only_asked: bool = False, offset: int = 0, most: int
) -> tuple[ReceiptCard, ...]:
    """Return receipts, the latest first; two statements. ``only_asked``: those that wait for a second person."""
    rows = Receipt.objects.all()
    if session_id is not None:
        rows = rows.filter(session_id=session_id)
    if only_asked:
        rows = rows.filter(state=ReceiptState.CANCEL_ASKED.value)
    return _receipts(rows.order_by("-id")[offset : offset + most])


def receipt(*, receipt_id: int) -> ReceiptCard:
    """
    Return a receipt; two statements.

    :raises UnknownReceipt: there is none.
    """
    found = _receipts(Receipt.objects.filter(id=receipt_id))
    if not found:
        raise UnknownReceipt(f"There is no receipt {receipt_id}.")
    return found[0]


def parts(*, receipt_id: int) -> tuple[PartCard, ...]:
    """Return what of a receipt went where, in its order; one statement."""
    rows = ReceiptPart.objects.filter(receipt_id=receipt_id).select_related("payment__account").order_by("id")
    return tuple(
        PartCard(
            account_id=row.payment.account_id, account_number=row.payment.account.number,
            payment_id=row.payment_id, amount_minor=row.amount_minor,
        )
        for row in rows
    )  # fmt: skip


def movements(*, session_id: int) -> tuple[MovementCard, ...]:
    """Return what cash was brought to a till and taken away, in its order; one statement."""
    names = ("id", "kind", "amount_minor", "reason", "moved_at", "actor_id")
    return tuple(
        MovementCard(is_in=CashMove(row.kind).is_in, **{name: getattr(row, name) for name in names})
        for row in CashMovement.objects.filter(session_id=session_id).order_by("id")
    )


def deposits(
    *, session_id: int | None = None, on_the_way: bool = False, offset: int = 0, most: int
) -> tuple[DepositCard, ...]:
    """Return money on its way to the bank, and what arrived, the latest first; one statement."""
    rows = BankDeposit.objects.select_related("session__till")
    if session_id is not None:
        rows = rows.filter(session_id=session_id)
    if on_the_way:
        rows = rows.filter(arrived_date__isnull=True)
    names = ("id", "session_id", "means", "amount_minor", "sent_date", "arrived_date", "line_id", "fee_minor")
    return tuple(
        DepositCard(
            name=deposit_name(row.id), till_code=row.session.till.code, cashier_id=row.session.cashier_id,
            **{name: getattr(row, name) for name in names},
        )
        for row in rows.order_by("-id")[offset : offset + most]
    )  # fmt: skip


def on_the_way_minor() -> int:
    """Return what is on its way to the bank; one statement. [minor unit]"""
    found = BankDeposit.objects.filter(arrived_date__isnull=True).aggregate(sum=Sum("amount_minor"))
    return found["sum"] or 0


def _annotated() -> QuerySet[TillSession, Any]:
    counts_ = ~Q(receipts__state=ReceiptState.CANCELLED.value)
    return TillSession.objects.select_related("till").annotate(
        receipt_count=Count("receipts", filter=counts_),
        taken_minor=Coalesce(Sum("receipts__amount_minor", filter=counts_), 0),
    )


def _sessions(rows: QuerySet[TillSession, Any]) -> tuple[SessionCard, ...]:
    names = ("id", "till_id", "cashier_id", "opened_date", "opened_at", "float_minor", "state", "expected_minor",
             "counted_minor", "deposit_minor", "reason", "counted_at", "counted_by_id", "closed_at",
             "confirmed_by_id", "receipt_count", "taken_minor")  # fmt: skip
    return tuple(
        SessionCard(till_code=row.till.code, till_name=row.till.name, **{name: getattr(row, name) for name in names})
        for row in rows
    )


def _receipts(rows: QuerySet[Receipt]) -> tuple[ReceiptCard, ...]:
    found = list(rows.select_related("session__till").annotate(print_count=Count("prints")))
    accounts = _accounts([row.id for row in found])
    names = ("id", "number", "session_id", "means", "amount_minor", "change_minor", "reference", "taken_date",
             "taken_at", "state", "reason", "asked_by_id", "decided_by_id")  # fmt: skip
    return tuple(
        ReceiptCard(
            till_code=row.session.till.code, cashier_id=row.session.cashier_id, session_state=row.session.state,
            accounts=tuple(accounts.get(row.id, ())), prints=row.print_count,
            **{name: getattr(row, name) for name in names},
        )
        for row in found
    )  # fmt: skip


def _accounts(receipt_ids: Collection[int]) -> dict[int, list[tuple[int, str]]]:
    found: dict[int, list[tuple[int, str]]] = {}
    for receipt_id, account_id, number in (
        ReceiptPart.objects.filter(receipt_id__in=receipt_ids)
        .order_by("id")
        .values_list("receipt_id", "payment__account_id", "payment__account__number")
    ):
        found.setdefault(receipt_id, []).append((account_id, number))
    return found
