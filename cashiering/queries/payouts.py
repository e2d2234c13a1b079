"""Payouts of providers as pages show them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Q

from cashiering.domain.checkouts import transit
from cashiering.domain.settlements import LineState, UnknownPayout
from cashiering.models.checkout import Payout, PayoutLine
from cis.platform.db import fetch

_IN_TRANSIT = """
    SELECT coalesce(sum(CASE WHEN d.code = a.code THEN t.amount_minor ELSE -t.amount_minor END), 0)
    FROM billing_ledgeraccount a
    JOIN billing_transfer t ON a.id IN (t.debit_id, t.credit_id)
    JOIN billing_ledgeraccount d ON d.id = t.debit_id
    WHERE a.code = %s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutCard:
    """A payout; see ``models.checkout.Payout``. ``unknown``: how many of its lines are not as we know them."""

    id: int
    provider: str
    reference: str
    paid_date: date
    gross_minor: int
    fee_minor: int
    net_minor: int
    state: str
    line_id: int | None
    created_at: datetime
    line_count: int
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutLineCard:
    """A line of a payout. [minor unit]"""

    line_no: int
    reference: str
    gross_minor: int
    fee_minor: int
    checkout_id: int | None
    state: str


def listed(*, text: str = "", state: str = "", offset: int = 0, most: int) -> tuple[PayoutCard, ...]:
    """Return payouts, the latest first; one statement."""
    rows = _rows()
    if text:
        rows = rows.filter(reference__icontains=text)
    if state:
        rows = rows.filter(state=state)
    return tuple(_card(row) for row in rows.order_by("-paid_date", "-id")[offset : offset + most])


def one(*, payout_id: int) -> PayoutCard:
    """
    Return a payout.

    :raises UnknownPayout: there is none.
    """
    row = _rows().filter(id=payout_id).first()
    if row is None:
        raise UnknownPayout(f"There is no payout {payout_id}.")
    return _card(row)


def lines(*, payout_id: int, offset: int = 0, most: int) -> tuple[PayoutLineCard, ...]:
    """Return lines of a payout, those that are not known first."""
    rows = PayoutLine.objects.filter(payout_id=payout_id).annotate(known=Count("id", filter=Q(state=LineState.KNOWN)))
    return tuple(
        PayoutLineCard(
            line_no=row.line_no, reference=row.reference, gross_minor=row.gross_minor, fee_minor=row.fee_minor,
            checkout_id=row.checkout_id, state=row.state,
        )
        for row in rows.order_by("known", "line_no")[offset : offset + most]
    )  # fmt: skip


def in_transit_minor(*, provider: str) -> int:
    """Return what a provider has of ours that our bank has not shown yet. [minor unit]"""
    ((amount,),) = fetch(_IN_TRANSIT, [transit(provider)])
    return int(amount)


def _rows() -> Any:
    return Payout.objects.annotate(
        line_count=Count("lines"), unknown=Count("lines", filter=~Q(lines__state=LineState.KNOWN.value))
    )


def _card(row: Any) -> PayoutCard:
    return PayoutCard(**{name: getattr(row, name) for name in PayoutCard.__dataclass_fields__})
