"""Payouts of providers as pages show them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Q

from cashiering.domain.checkouts import transit
from cashiering.domain.settlements import LineState, PayoutState, UnknownPayout
from cashiering.models.checkout import Checkout, Payout, PayoutLine
from cis.platform.db import fetch

_IN_TRANSIT = """
    SELECT coalesce(sum(CASE WHEN d.code = a.code THEN t.amount_minor ELSE -t.amount_minor END), 0)
    FROM billing_ledgeraccount a
    JOIN billing_transfer t ON a.id IN (t.debit_id, t.credit_id)
    JOIN billing_ledgeraccount d ON d.id = t.debit_id
    WHERE a.code = %s
"""


# A payment of ours counts on the day on which it came in; one that went back came in as well.
_MISSING = """
    WITH covered AS (
        SELECT provider, min(from_date) AS first, max(until_date) AS last FROM cashiering_payout
        WHERE from_date IS NOT NULL AND (%(payout)s::bigint IS NULL OR id = %(payout)s) GROUP BY provider
    )
    SELECT c.id, c.reference, c.payment_reference, c.provider, d.paid_date,
           coalesce(c.said_minor, c.amount_minor), c.state
    FROM covered v
    JOIN cashiering_checkout c ON c.provider = v.provider AND c.state IN ('paid', 'held', 'reversed')
    LEFT JOIN billing_payment p ON p.id = c.payment_id
    CROSS JOIN LATERAL (
        SELECT coalesce(p.received_date, (c.settled_at AT TIME ZONE %(zone)s)::date) AS paid_date
    ) d
    WHERE d.paid_date BETWEEN v.first AND v.last
      AND (c.payment_id IS NOT NULL OR c.said_minor IS NOT NULL)
      AND c.said_currency IN ('', c.currency)
      AND NOT EXISTS (SELECT 1 FROM cashiering_payoutline l WHERE l.checkout_id = c.id AND l.gross_minor > 0)
    ORDER BY d.paid_date, c.id OFFSET %(offset)s LIMIT %(most)s
"""
COUNTED_MOST = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutCard:
    """A payout; see ``models.checkout.Payout``. ``unknown``: how many of its lines are not as we know them."""

    id: int
    provider: str
    reference: str
    paid_date: date
    from_date: date | None
    until_date: date | None
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
    """
    A line of a payout. [minor unit]

    our_minor  what we know of; None: nothing
    fee_agreed_minor  None: no fee is agreed
    """

    line_no: int
    reference: str
    payment_reference: str
    kind: str
    paid_date: date | None
    gross_minor: int
    fee_minor: int
    checkout_id: int | None
    our_minor: int | None
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingCard:
    """A payment of ours that a provider should have brought by now, and no payout has. [minor unit]"""

    checkout_id: int
    reference: str
    payment_reference: str
    provider: str
    paid_date: date
    amount_minor: int
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
    names = ("line_no", "reference", "payment_reference", "kind", "paid_date", "gross_minor", "fee_minor",
             "checkout_id", "state")  # fmt: skip
    return tuple(
        PayoutLineCard(our_minor=_ours(row.checkout), **{name: getattr(row, name) for name in names})
        for row in rows.select_related("checkout").order_by("known", "line_no")[offset : offset + most]
    )


def missing(*, payout_id: int | None = None, offset: int = 0, most: int) -> tuple[MissingCard, ...]:
    """
    Return payments of ours of days that files of their provider cover, which none of them brings; one statement.

    :param payout_id: of the days of this payout alone.
    """
    values = {"zone": settings.TIME_ZONE, "payout": payout_id, "offset": offset, "most": most}
    names = list(MissingCard.__dataclass_fields__)
    return tuple(MissingCard(**dict(zip(names, row, strict=True))) for row in fetch(_MISSING, values))


def to_look_at() -> int:
    """Return how many payouts are held, and payments are missing in all of them; two statements."""
    held = Payout.objects.filter(state=PayoutState.HELD.value).count()
    return held + len(missing(most=COUNTED_MOST))


def _ours(row: Checkout | None) -> int | None:
    if row is None:
        return None
    return row.amount_minor if row.said_minor is None else row.said_minor


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
