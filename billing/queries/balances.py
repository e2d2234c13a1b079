"""What an account owes."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, Sum

from billing.domain.entries import CUSTOMER, TransferKind
from billing.models.bill import OWED_KINDS, Bill, BillState
from billing.models.ledger import LedgerAccount, Transfer
from billing.models.payment import Allocation


@dataclass(frozen=True, slots=True)
class Balance:
    """
    What an account owes on a day.

    balance_minor   > 0: the customer owes, < 0: the customer has credit. [minor unit]
    overdue_minor   part of it from bills whose due date has passed. [minor unit]
    next_due_date   due date of the oldest unpaid bill that is not overdue
    """

    balance_minor: int
    overdue_minor: int
    next_due_date: date | None


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement on a customer's ledger account; ``owed_minor`` > 0 raises what is owed. [minor unit]"""

    transfer_id: int
    occurred_date: date
    kind: str
    part: str
    source_id: int
    owed_minor: int
    reason: str


class _Port:
    """Who answers what late fee is not charged yet; bound once by ``cis.wiring``."""

    accrued: Callable[..., int] | None = None


def answer_accrued_by(accrued: Callable[..., int]) -> None:
    """Bind who knows what late fee accrues. To be called from ``cis.wiring`` only."""
    _Port.accrued = accrued


def accrued_minor(*, account_id: int, today: date) -> int:
    """
    Return the late fee of an account up to today that is not billed yet, if it pays today. [minor unit]

    :raises LookupError: nobody was bound to answer: nothing is assumed in its place.
    """
    if _Port.accrued is None:
        raise LookupError("nobody answers what late fee accrues; see cis/wiring.py")
    return _Port.accrued(account_id=account_id, today=today)


def of_account(*, account_id: int, today: date) -> Balance:
    """Return the balance of an account as of today; three statements."""
    balance = LedgerAccount.objects.filter(account_id=account_id).values_list("balance_minor", flat=True).first() or 0
    unpaid = [
        (due, amount - (paid or 0))
        for due, amount, paid in Bill.objects.filter(
            account_id=account_id,
            state=BillState.ISSUED.value,
            kind__in=[kind.value for kind in OWED_KINDS],
            amount_minor__gt=0,
        )
        .annotate(paid=Sum("allocations__amount_minor"))
        .values_list("due_date", "amount_minor", "paid")
        if due is not None
    ]
    overdue = sum(open_minor for due, open_minor in unpaid if due < today)
    coming = [due for due, open_minor in unpaid if due >= today and open_minor > 0]
    return Balance(
        balance_minor=balance,
        # Credit that is not allocated yet pays the oldest debts, so no more can be overdue than is owed.
        overdue_minor=max(0, min(overdue, balance)),
        next_due_date=min(coming) if coming and balance > 0 else None,
    )


def owed_minor(*, account_ids: Collection[int]) -> dict[int, int]:
    """Return what some accounts owe, below 0 their credit; one statement. Accounts without postings are missing."""
    rows = LedgerAccount.objects.filter(account_id__in=list(account_ids))
    return dict(rows.values_list("account_id", "balance_minor"))


def movements(*, account_id: int, most: int = 100) -> tuple[Movement, ...]:
    """Return the last movements on the customer's ledger account, newest first."""
    rows = (
        Transfer.objects.filter(account_id=account_id)
        .exclude(kind=TransferKind.FINANCING.value)  # a bank's money for a sale: not on the customer's account
        .order_by("-id")
        .values_list("id", "occurred_date", "kind", "part", "source_id", "amount_minor", "debit__account_id", "reason")[
            :most
        ]
    )
    return tuple(
        Movement(
            transfer_id=row_id,
            occurred_date=on,
            kind=kind,
            part=part,
            source_id=source_id,
            owed_minor=amount if debtor == account_id else -amount,
            reason=reason,
        )
        for row_id, on, kind, part, source_id, amount, debtor, reason in rows
    )


@dataclass(frozen=True, slots=True)
class Posting:
    """
    What a bill moved under one ledger class.

    debit, credit  codes of ledger accounts; "customer" for that of the bill's own account
    is_reversal    it takes back what another bill posted
    """

    part: str
    debit: str
    credit: str
    amount_minor: int
    occurred_date: date
    is_reversal: bool


def postings_of(*, bill_id: int) -> tuple[Posting, ...]:
    """Return the transfers of a bill, in the order in which they were posted; one statement."""
    rows = (
        Transfer.objects.filter(kind="bill", source_id=bill_id)
        .order_by("id")
        .values_list(
            "part", "debit__code", "debit__account_id", "credit__code", "credit__account_id", "amount_minor",
            "occurred_date", "reverses_id",
        )
    )  # fmt: skip
    return tuple(
        Posting(
            part=part,
            debit=CUSTOMER if debtor else debit,
            credit=CUSTOMER if creditor else credit,
            amount_minor=amount,
            occurred_date=on,
            is_reversal=reverses is not None,
        )
        for part, debit, debtor, credit, creditor, amount, on, reverses in rows
    )


def arrears_minor(*, account_ids: Collection[int], today: date) -> int:  # noqa: ARG001 (the signature of the port)
    """
    Return what some accounts owe together for bills that were issued, due or not; one statement. [minor unit]

    Who gives up a supply settles all of it. Credit of one account pays no other.
    """
    rows = LedgerAccount.objects.filter(account_id__in=list(account_ids), balance_minor__gt=0)
    return rows.aggregate(sum=Sum("balance_minor"))["sum"] or 0


def total_owed_minor() -> int:
    """Return what all customers owe together. [minor unit]"""
    return LedgerAccount.objects.filter(account__isnull=False).aggregate(sum=Sum("balance_minor"))["sum"] or 0


def paid_minor(*, bill_ids: tuple[int, ...]) -> dict[int, int]:
    """Return what was paid of each bill; bills without payment are missing. [minor unit]"""
    rows = Allocation.objects.filter(bill_id__in=bill_ids).values_list("bill_id").annotate(Sum("amount_minor"))
    return dict(rows)


def settled_minor(*, bill_ids: tuple[int, ...]) -> dict[int, tuple[int, int]]:
    """Return the same, and what of it is no money but was written off; one statement. [minor unit]"""
    given_up = Sum("amount_minor", filter=Q(credit__write_off__isnull=False), default=0)
    rows = Allocation.objects.filter(bill_id__in=bill_ids).values_list("bill_id")
    found = rows.annotate(paid=Sum("amount_minor"), given_up=given_up)
    return {bill_id: (paid_minor, given_up_minor) for bill_id, paid_minor, given_up_minor in found}
