"""Lists of bills for a page or a file, and what accounts owe in one statement for many."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, F, Q, QuerySet, Sum

from billing.models.bill import Bill, BillKind, BillState
from billing.queries import bills
from billing.queries.bills import BillCard
from cis.kernel.periods import add_months
from cis.platform import db

LEAST_DIGITS = 4
ORDERS = {
    "newest": ("-issue_date", "-id"),
    "due": ("due_date", "id"),
    "amount": ("-amount_minor", "id"),
    "number": ("number", "id"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    Which bills are listed.

    text      first digits of a bill's or an account's number; "" = all
    state     a BillState, or "overdue"; "" = all that have a number
    month     first day of the month in which the billed period ends or lies; None = all
    run_id    of one run, its drafts included
    order     a key of ORDERS
    """

    text: str = ""
    state: str = ""
    month: date | None = None
    run_id: int | None = None
    order: str = "newest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """How many bills fit, and what they come to. [minor unit, Wh]"""

    count: int
    amount_minor: int
    energy_wh: int


def page(*, wanted: Wanted, today: date, offset: int = 0, most: int = 50) -> tuple[BillCard, ...]:
    """Return one page of bills; two statements."""
    rows = _chosen(wanted, today).order_by(*ORDERS.get(wanted.order, ORDERS["newest"]))
    return bills.cards(rows[offset : offset + most])


def sums(*, wanted: Wanted, today: date) -> Sums:
    """Return count and sums of all bills that fit; one statement."""
    found = _chosen(wanted, today).aggregate(count=Count("id"), amount=Sum("amount_minor"), energy=Sum("energy_wh"))
    return Sums(count=found["count"], amount_minor=found["amount"] or 0, energy_wh=found["energy"] or 0)


def by_number(*, text: str, most: int = 5) -> tuple[BillCard, ...]:
    """Return the bills whose number begins with these digits, four at least; two statements at most."""
    digits = text.strip()
    if len(digits) < LEAST_DIGITS or not (digits.isascii() and digits.isdigit()):
        return ()
    return bills.cards(Bill.objects.filter(number__startswith=digits).order_by("number")[:most])


def owed_minor(*, account_ids: Iterable[int]) -> dict[int, int]:
    """Return the balances of some accounts, by account id; one statement. [minor unit, > 0: the customer owes]"""
    return dict(
        db.fetch(
            "SELECT account_id, balance_minor FROM billing_ledgeraccount WHERE account_id = ANY(%s)",
            [list(account_ids)],
        )
    )


def _chosen(wanted: Wanted, today: date) -> QuerySet[Bill]:
    rows = Bill.objects.all()
    if wanted.run_id is not None:
        rows = rows.filter(run_id=wanted.run_id)
    elif not wanted.state:
        rows = rows.filter(state__in=bills.SHOWN_STATES)
    if wanted.state == "overdue":
        rows = (
            rows.filter(state=BillState.ISSUED.value, due_date__lt=today)
            .exclude(kind=BillKind.CREDIT.value)
            .alias(paid=Sum("allocations__amount_minor", default=0))
            .filter(amount_minor__gt=F("paid"))
        )
    elif wanted.state:
        rows = rows.filter(state=wanted.state)
    if wanted.month is not None:
        rows = rows.filter(start_date__gte=wanted.month, start_date__lt=add_months(wanted.month, 1))
    if wanted.text.strip():
        text = wanted.text.strip()
        rows = rows.filter(Q(number__startswith=text) | Q(account__number__startswith=text))
    return rows
