"""Debits and their batches: what is under way, what waits for a person, what became of it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from cashiering.domain import debit_returns
from cashiering.domain import debits as domain
from cashiering.domain.bank_accounts import masked
from cashiering.domain.debits import LAST, UNDER_WAY, DebitState, name_of
from cashiering.models.debit import Debit, DebitBatch
from cashiering.queries import debit_rules
from cis.kernel.errors import Refused
from cis.platform.db import fetch

UNDER_WAY_CODES = tuple(state.value for state in UNDER_WAY)
WAITING = tuple(state.value for state in domain.WAITING)
BACK = (DebitState.REJECTED.value, DebitState.RETURNED.value)


class UnknownDebit(Refused):
    """There is no such debit."""

    code = "unknown_debit"


class UnknownBatch(Refused):
    """There is no such batch of debits."""

    code = "unknown_debit_batch"


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A debit of a bill that will still become money, or not; ``held_at``: it waits for persons since. [minor unit]"""

    debit_id: int
    account_id: int
    bill_id: int
    amount_minor: int
    collection_date: date
    state: str
    held_at: datetime | None

    def is_overlooked(self, *, before: datetime) -> bool:
        """Return whether it was held before an instant (``debit_rules.overlooked_before``), and waits still."""
        return self.held_at is not None and self.held_at < before


@dataclass(frozen=True, slots=True, kw_only=True)
class DebitCard:
    """A debit. ``remedy``: what is done about its return; ``meaning``: why it came back, by language. [minor unit]"""

    id: int
    state: str
    attempt: int
    account_id: int
    account_number: str
    bill_id: int
    bill_number: str
    mandate_id: int
    mandate_reference: str
    holder_name: str
    bank_account: str
    limit_minor: int
    batch_id: int | None
    batch_reference: str
    amount_minor: int
    collection_date: date
    sequence: str
    held_reasons: tuple[str, ...]
    usual_minor: int | None
    proposer_id: int | None
    payment_id: int | None
    collected_date: date | None
    returned_date: date | None
    return_code: str
    return_reason: str
    remedy: str
    meaning: Mapping[str, str]
    bank_fee_minor: int
    note_id: int | None
    problem: str
    is_handled: bool
    drop_reason: str

    @property
    def name(self) -> str:
        """Return the name by which the bank knows it."""
        return name_of(self.id)


@dataclass(frozen=True, slots=True)
class DebitsWanted:
    """
    Which debits; empty: all.

    only  "waiting" for a person; "overlooked": for too long; "problem": what follows of a return is not done
    """

    text: str = ""
    state: str = ""
    only: str = ""
    batch_id: int | None = None
    mandate_id: int | None = None
    account_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCard:
    """A batch and what became of it: counts and sums by the states of its debits. [minor unit]"""

    id: int
    reference: str
    state: str
    made_date: date
    debit_count: int
    amount_minor: int
    has_file: bool
    sha256: str
    proposer_id: int | None
    released_at: datetime | None
    sent_at: datetime | None
    bank_says: str
    collected: int
    collected_minor: int
    back: int
    back_minor: int
    waiting: int
    waiting_minor: int

    @property
    def percent(self) -> int:
        """Return how many of its debits have come to an end. [%]"""
        total = self.collected + self.back + self.waiting
        return 100 * (self.collected + self.back) // total if total else 100


def under_way(*, account_ids: Collection[int]) -> dict[int, UnderWay]:
    """
    Return the bills of accounts for which a debit is under way, by id of the bill; one statement.

    A bill in it is not dunned, unless its debit is overlooked: its money is expected on ``collection_date`` or the days
    after it.
    """
    given = {"accounts": list(account_ids), "under_way": list(UNDER_WAY_CODES), "waiting": list(WAITING)}
    return {row[2]: UnderWay(*row) for row in fetch(_UNDER_WAY, given)}


def expected(*, account_ids: Collection[int], at: datetime) -> dict[int, UnderWay]:
    """Return the bills of accounts whose money will come by itself: those under way, less those overlooked."""
    before = debit_rules.overlooked_before(at)
    found = under_way(account_ids=account_ids)
    return {bill_id: one for bill_id, one in found.items() if not one.is_overlooked(before=before)}


_UNDER_WAY = """
    SELECT id, account_id, bill_id, amount_minor, collection_date, state,
           CASE WHEN state = ANY(%(waiting)s) THEN created_at END
    FROM cashiering_debit WHERE account_id = ANY(%(accounts)s) AND state = ANY(%(under_way)s)
"""
_OWED = """
    SELECT m.id, m.account_id, m.customer_id, m.limit_minor, m.is_one_off, b.id, b.number, b.due_date,
           (b.amount_minor - coalesce((SELECT sum(a.amount_minor) FROM billing_allocation a
                                       WHERE a.bill_id = b.id), 0))::bigint
    FROM cashiering_mandate m
    JOIN billing_bill b ON b.account_id = m.account_id AND b.state = 'issued' AND b.kind <> 'credit'
                       AND b.amount_minor > 0 AND b.due_date >= m.signed_date
    JOIN accounts_accountholder h ON h.account_id = b.account_id AND h.customer_id = m.customer_id
                                 AND h.period @> (b.end_date - 1)
    WHERE m.state = 'active' AND {condition}
      AND b.amount_minor > coalesce((SELECT sum(a.amount_minor) FROM billing_allocation a WHERE a.bill_id = b.id), 0)
      AND NOT EXISTS (SELECT 1 FROM cashiering_debit d WHERE d.bill_id = b.id
                      AND NOT (d.state = 'dropped' AND d.drop_reason IN ('paid', 'mandate')))
      AND NOT EXISTS (SELECT 1 FROM billing_agreedpart g WHERE g.bill_id = b.id AND g.ended_at IS NULL)
      AND NOT (m.is_one_off AND EXISTS (SELECT 1 FROM cashiering_debit d WHERE d.mandate_id = m.id
                                        AND d.state <> 'dropped'))
    ORDER BY b.due_date, b.id LIMIT %(most)s
"""
_ACCOUNTS = f"SELECT DISTINCT account_id FROM ({_OWED.format(condition='true')}) owed ORDER BY account_id"  # noqa: S608
_CANDIDATES = _OWED.format(condition="m.account_id = ANY(%(accounts)s)")
_THEIR_MANDATES = """
    SELECT id FROM cashiering_mandate WHERE account_id = ANY(%(accounts)s) AND state = 'active' ORDER BY id FOR SHARE
"""
_LAST = """
    SELECT d.account_id, d.amount_minor
    FROM unnest(%(accounts)s::bigint[]) AS one (account_id)
    CROSS JOIN LATERAL (
        SELECT x.account_id, x.amount_minor FROM cashiering_debit x
        WHERE x.account_id = one.account_id AND x.state = 'collected'
        ORDER BY x.collection_date DESC, x.id DESC LIMIT %(most)s
    ) d
"""
_OPEN = """
    SELECT b.id, CASE b.state WHEN 'issued' THEN b.amount_minor - coalesce(
        (SELECT sum(a.amount_minor) FROM billing_allocation a WHERE a.bill_id = b.id), 0) ELSE 0 END
    FROM billing_bill b WHERE b.id = ANY(%(bills)s)
"""
_WAITING_THOUGH_PAID = """
    SELECT d.id FROM cashiering_debit d JOIN billing_bill b ON b.id = d.bill_id
    WHERE d.state = ANY(%(waiting)s) AND (b.state <> 'issued' OR b.amount_minor <= coalesce(
        (SELECT sum(a.amount_minor) FROM billing_allocation a WHERE a.bill_id = b.id), 0))
    ORDER BY d.id LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A bill that is to be debited. [minor unit]"""

    mandate_id: int
    account_id: int
    customer_id: int
    limit_minor: int
    is_one_off: bool
    bill_id: int
    bill_number: str
    due_date: date
    open_minor: int


def accounts_to_debit(*, most: int) -> list[int]:
    """Return the accounts of the next ``candidates``, which nothing locks yet; one statement."""
    return [account_id for (account_id,) in fetch(_ACCOUNTS, {"most": most})]


def candidates(*, account_ids: Collection[int], most: int) -> tuple[Candidate, ...]:
    """
    Return bills of accounts that are owed, have a mandate, and no debit yet: those due since the mandate was signed;
    two statements.

    Those that are paid in parts as agreed are none. Mandates of the accounts are locked against an end until the
    transaction is over.
    """
    fetch(_THEIR_MANDATES, {"accounts": list(account_ids)})
    return tuple(Candidate(*row) for row in fetch(_CANDIDATES, {"accounts": list(account_ids), "most": most}))


def last_collected(*, account_ids: Collection[int]) -> dict[int, list[int]]:
    """Return what was last collected of accounts, up to 12 each, the latest first; one statement. [minor unit]"""
    found: dict[int, list[int]] = {}
    for account_id, amount in fetch(_LAST, {"accounts": sorted(set(account_ids)), "most": LAST}):
        found.setdefault(account_id, []).append(int(amount))
    return found


def open_of_bills(*, bill_ids: Collection[int]) -> dict[int, int]:
    """Return what is open of bills, 0 of those that hold no more; one statement. [minor unit]"""
    return {bill_id: int(open_minor) for bill_id, open_minor in fetch(_OPEN, {"bills": sorted(set(bill_ids))})}


def waiting_though_paid(*, most: int) -> list[int]:
    """Return debits that wait for persons though nothing is open of their bills, in order; one statement."""
    return [debit_id for (debit_id,) in fetch(_WAITING_THOUGH_PAID, {"waiting": list(WAITING), "most": most})]


def listed(*, wanted: DebitsWanted, offset: int = 0, most: int) -> tuple[DebitCard, ...]:
    """Return debits, the latest day first; one statement."""
    return tuple(_card(row) for row in _rows(wanted).order_by("-collection_date", "-id")[offset : offset + most])


def sums(*, wanted: DebitsWanted) -> tuple[int, int]:
    """Return how many debits there are, and their sum. [minor unit]"""
    found = _rows(wanted).aggregate(count=Count("id"), sum=Sum("amount_minor"))
    return found["count"], found["sum"] or 0


def waiting(*, at: datetime) -> tuple[int, int]:
    """Return how many debits wait for a person, and how many of them for too long; one statement."""
    overlooked = Q(created_at__lt=debit_rules.overlooked_before(at))
    found = Debit.objects.filter(state__in=WAITING).aggregate(all=Count("id"), old=Count("id", filter=overlooked))
    return found["all"], found["old"]


def one(*, debit_id: int) -> DebitCard:
    """
    Return one debit.

    :raises UnknownDebit: there is none.
    """
    row = _rows(DebitsWanted()).filter(id=debit_id).first()
    if row is None:
        raise UnknownDebit(f"There is no debit {debit_id}.", debit_id=debit_id)
    return _card(row)


def batches(*, state: str = "", offset: int = 0, most: int) -> tuple[BatchCard, ...]:
    """Return batches, the latest first; one statement."""
    rows = _batches()
    rows = rows.filter(state=state) if state else rows
    return tuple(_batch_card(row) for row in rows.order_by("-id")[offset : offset + most])


def batch(*, batch_id: int) -> BatchCard:
    """
    Return one batch.

    :raises UnknownBatch: there is none.
    """
    row = _batches().filter(id=batch_id).first()
    if row is None:
        raise UnknownBatch(f"There is no batch {batch_id}.", batch_id=batch_id)
    return _batch_card(row)


def selected_batches() -> QuerySet[DebitBatch]:
    """Return batches for ``batch_cards``, not read yet."""
    return _batches()


def batch_cards(rows: Iterable[DebitBatch]) -> tuple[BatchCard, ...]:
    """Return rows of ``selected_batches`` as pages show them."""
    return tuple(_batch_card(row) for row in rows)


def selected(*, wanted: DebitsWanted) -> QuerySet[Debit]:
    """Return debits for ``cards``, not read yet."""
    return _rows(wanted)


def cards(rows: Iterable[Debit]) -> tuple[DebitCard, ...]:
    """Return rows of ``selected`` as pages show them."""
    return tuple(_card(row) for row in rows)


def account_debits(*, account_id: int, mandate_ids: Sequence[int], most: int) -> tuple[DebitCard, ...]:
    """Return debits of an account by some mandates, the latest first; what was dropped is left out; one statement."""
    rows = _rows(DebitsWanted(account_id=account_id)).filter(mandate_id__in=mandate_ids)
    found = rows.exclude(state__in=[DebitState.DROPPED.value, *WAITING]).order_by("-collection_date", "-id")
    return tuple(_card(row) for row in found[:most])


def _rows(wanted: DebitsWanted) -> QuerySet[Debit]:
    rows = Debit.objects.select_related("account", "bill", "mandate", "batch")
    exact = {"state": wanted.state, "batch_id": wanted.batch_id, "mandate_id": wanted.mandate_id,
             "account_id": wanted.account_id}  # fmt: skip
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if wanted.only in {"waiting", "overlooked"}:
        rows = rows.filter(state__in=WAITING)
        if wanted.only == "overlooked":
            rows = rows.filter(created_at__lt=debit_rules.overlooked_before(timezone.now()))
    elif wanted.only == "problem":
        rows = rows.filter(state__in=BACK, handled_at=None)
    if wanted.text:
        rows = rows.filter(
            Q(account__number__icontains=wanted.text)
            | Q(bill__number__icontains=wanted.text)
            | Q(mandate__reference__icontains=wanted.text)
            | Q(mandate__holder_name__icontains=wanted.text)
        )
    return rows


def _card(row: Any) -> DebitCard:
    names = ("id", "state", "attempt", "account_id", "bill_id", "mandate_id", "batch_id", "amount_minor",
             "collection_date", "sequence", "usual_minor", "proposer_id", "payment_id", "collected_date",
             "returned_date", "return_code", "return_reason", "bank_fee_minor", "note_id", "problem",
             "drop_reason")  # fmt: skip
    meaning = debit_returns.meaning(row.return_code)
    return DebitCard(
        **{name: getattr(row, name) for name in names},
        account_number=row.account.number,
        bill_number=row.bill.number or "",
        mandate_reference=row.mandate.reference,
        holder_name=row.mandate.holder_name,
        bank_account=masked(row.mandate.bank_account),
        limit_minor=row.mandate.limit_minor,
        batch_reference=row.batch.reference if row.batch else "",
        held_reasons=tuple(row.held_reasons.split()),
        remedy=meaning.remedy.value if row.state in BACK else "",
        meaning={"zh": meaning.zh, "en": meaning.en},
        is_handled=row.handled_at is not None,
    )


def _batches() -> QuerySet[DebitBatch]:
    collected, back = Q(debits__state=DebitState.COLLECTED.value), Q(debits__state__in=BACK)
    waiting = Q(debits__state__in=UNDER_WAY_CODES)
    groups = {"collected": collected, "back": back, "waiting": waiting}
    counts: dict[str, Any] = {name: Count("debits", filter=found) for name, found in groups.items()}
    counts |= {f"{name}_minor": Sum("debits__amount_minor", filter=found) for name, found in groups.items()}
    return DebitBatch.objects.annotate(**counts)


def _batch_card(row: Any) -> BatchCard:
    names = ("id", "reference", "state", "made_date", "debit_count", "amount_minor", "sha256", "proposer_id",
             "released_at", "sent_at", "bank_says", "collected", "back", "waiting")  # fmt: skip
    return BatchCard(
        **{name: getattr(row, name) for name in names},
        has_file=row.document_id is not None,
        collected_minor=row.collected_minor or 0,
        back_minor=row.back_minor or 0,
        waiting_minor=row.waiting_minor or 0,
    )
