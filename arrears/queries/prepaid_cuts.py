"""Which prepaid supplies are to be cut off, and what stands against it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from arrears.domain.cut_facts import Blocker
from arrears.domain.disconnection import CutBatchState, OrderAction
from arrears.models.collection import DisconnectionMove, DisconnectionOrder, PrepaidCutBatch
from arrears.queries import cuts
from cis.platform.db import fetch

# One order a crossing: what a person has called off or restored is not cut off by the night again.
_RIPE = """
    SELECT p.id, p.account_id, g.service_point_id
    FROM billing_prepayment p
    JOIN contracts_serviceagreement g ON g.account_id = p.account_id AND g.period @> %(today)s::date
    WHERE p.level = 'pending' AND p.cut_date <= %(today)s AND p.since_date <= %(today)s
      AND (p.until_date IS NULL OR p.until_date > %(today)s)
      AND NOT EXISTS (SELECT FROM arrears_disconnectionorder o WHERE o.service_point_id = g.service_point_id
                      AND o.state NOT IN ('restored', 'cancelled', 'expired', 'failed'))
      AND NOT EXISTS (SELECT FROM arrears_disconnectionorder o
                      WHERE o.service_point_id = g.service_point_id AND o.prepayment_id = p.id AND o.proposed_at >= (
                          SELECT max(m.at) FROM billing_prepaidmove m
                          WHERE m.prepayment_id = p.id AND m.level = 'pending'))
    ORDER BY p.cut_date, p.id, g.service_point_id
"""


@dataclass(frozen=True, slots=True)
class RipeSupply:
    """A place whose account has used up its balance, told so long ago that it may be cut off."""

    prepayment_id: int
    account_id: int
    service_point_id: int


def ripe(*, today: date) -> tuple[RipeSupply, ...]:
    """Return the places without an order whose days of the notice are over; one statement."""
    return tuple(RipeSupply(*row) for row in fetch(_RIPE, {"today": today}))


def against(*, prepayment_id: int, account_id: int, service_point_id: int, at: datetime) -> tuple[Blocker, ...]:
    """Return every reason why a place must not be cut off for the balance of its account now, before any order."""
    order = DisconnectionOrder(
        account_id=account_id, service_point_id=service_point_id, prepayment_id=prepayment_id, expires_at=at,
        proposed_at=at,
    )  # fmt: skip
    return cuts.blockers(order=order, at=at)


def gone(*, at: datetime) -> int:
    """Return how many prepaid supplies were told to be cut off on the local day of an instant; one statement."""
    now = cuts.moment_of(at)
    moves = DisconnectionMove.objects.filter(
        action=OrderAction.DISPATCH.value, order__prepayment_id__isnull=False, at__gte=now.clock.day_start_utc(now.day)
    )
    return moves.filter(at__lt=now.clock.day_start_utc(now.day + timedelta(days=1))).count()


@dataclass(frozen=True, slots=True)
class WaitingBatch:
    """
    Prepaid cuts of today that wait for a person.

    orders  how many wait in this batch
    count   of the whole day, those that went before included; from ``bound`` on one is asked
    """

    id: int
    day: date
    orders: int
    count: int
    bound: int


def waiting(*, today: date) -> WaitingBatch | None:
    """Return the prepaid cuts that wait for a person; one statement."""
    row = PrepaidCutBatch.objects.filter(day=today, state=CutBatchState.WAITING.value).first()
    return None if row is None else WaitingBatch(row.id, row.day, len(row.order_ids), row.count, row.bound)
