"""Orders of disconnection as lists and pages show them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from arrears.models.collection import DisconnectionMove
from arrears.queries.cuts import UnknownOrder
from cis.platform.db import fetch


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """
    An order of disconnection. [minor unit]

    open_minor     of the bills that its notice names, before it 0
    prepayment_id  it is for the balance of this prepayment; None: for overdue bills
    """

    id: int
    account_id: int
    account_number: str
    name: str
    customer_id: int | None
    service_point_id: int
    address: str
    customer_class: str
    state: str
    way: str
    reason: str
    proposed_at: datetime
    proposer_id: int | None
    proposer_name: str
    expires_at: datetime
    notice_proven_at: datetime | None
    notice_proof: str
    slot_start_at: datetime | None
    slot_end_at: datetime | None
    copied_at: datetime | None
    reminded_at: datetime | None
    work_order_id: int | None
    prepayment_id: int | None
    open_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRow:
    """One move of an order."""

    action: str
    state: str
    at: datetime
    note: str
    actor_name: str


@dataclass(frozen=True, slots=True)
class WantedOrders:
    """
    Which orders.

    text   number of an account
    state  "": those under way; "all": all; else one of OrderState
    cause  "": all; "bills", "balance"
    batch  id of the batch of prepaid cuts that names them; None: whatever names them
    """

    text: str = ""
    state: str = ""
    cause: str = ""
    batch: int | None = None


_ROW = """
    SELECT o.id, o.account_id, a.number, coalesce(k.name, ''), k.id, o.service_point_id, p.address, o.customer_class,
           o.state, o.way, o.reason, o.proposed_at, o.proposer_id, o.proposer_name, o.expires_at, o.notice_proven_at,
           o.notice_proof, o.slot_start_at, o.slot_end_at, o.copied_at, o.reminded_at, o.work_order_id,
           o.prepayment_id,
           coalesce((SELECT sum(b.amount_minor - coalesce((SELECT sum(x.amount_minor) FROM billing_allocation x
                                                           WHERE x.bill_id = b.id), 0))
                     FROM billing_bill b WHERE b.id = ANY(o.bill_ids) AND b.state = 'issued'), 0)::bigint
    FROM arrears_disconnectionorder o
    JOIN accounts_account a ON a.id = o.account_id
    JOIN metering_servicepoint s ON s.id = o.service_point_id
    JOIN metering_premises p ON p.id = s.premises_id
    LEFT JOIN LATERAL (
        SELECT k.id, k.name FROM accounts_accountholder h JOIN accounts_customer k ON k.id = h.customer_id
        WHERE h.account_id = o.account_id ORDER BY lower(h.period) DESC LIMIT 1) k ON true
"""
_OVER = "('restored', 'cancelled', 'expired', 'failed')"


def listed(*, wanted: WantedOrders, offset: int = 0, most: int = 50) -> tuple[OrderRow, ...]:
    """Return orders, the latest first; one statement."""
    sql = f"""{_ROW} WHERE (%(text)s = '' OR a.number = %(text)s)
              AND (%(state)s = 'all' OR %(state)s = '' AND o.state NOT IN {_OVER} OR o.state = %(state)s)
              AND (%(cause)s = '' OR (%(cause)s = 'balance') = (o.prepayment_id IS NOT NULL))
              AND (%(batch)s::bigint IS NULL OR o.id IN (
                  SELECT unnest(c.order_ids) FROM arrears_prepaidcutbatch c WHERE c.id = %(batch)s))
              ORDER BY o.id DESC LIMIT %(most)s OFFSET %(offset)s"""  # noqa: S608 (made of constants)
    return tuple(
        _row(row) for row in fetch(sql, asdict(wanted) | {"text": wanted.text.strip(), "most": most, "offset": offset})
    )


def one(*, order_id: int) -> OrderRow:
    """
    Return an order; one statement.

    :raises UnknownOrder: there is none.
    """
    rows = fetch(f"{_ROW} WHERE o.id = %s", [order_id])
    if not rows:
        raise UnknownOrder(f"There is no disconnection order {order_id}.", order_id=order_id)
    return _row(rows[0])


def of_account(*, account_id: int) -> tuple[OrderRow, ...]:
    """Return the orders of an account, the latest first; one statement."""
    return tuple(_row(row) for row in fetch(f"{_ROW} WHERE o.account_id = %s ORDER BY o.id DESC", [account_id]))


def moves(*, order_id: int) -> tuple[MoveRow, ...]:
    """Return what was done with an order, the latest first; one statement."""
    rows = DisconnectionMove.objects.filter(order_id=order_id).order_by("-id")
    return tuple(MoveRow(**row) for row in rows.values(*MoveRow.__dataclass_fields__))


def supplies(*, account_id: int, on: date) -> tuple[tuple[int, str], ...]:
    """Return the places that an account is supplied at on a day, with their addresses; one statement."""
    rows = fetch(
        """SELECT DISTINCT g.service_point_id, p.address FROM contracts_serviceagreement g
           JOIN metering_servicepoint s ON s.id = g.service_point_id JOIN metering_premises p ON p.id = s.premises_id
           WHERE g.account_id = %s AND g.period @> %s::date ORDER BY 1""",
        [account_id, on],
    )
    return tuple((int(point_id), str(address)) for point_id, address in rows)


def _row(row: Sequence[object]) -> OrderRow:
    return OrderRow(**dict(zip(OrderRow.__dataclass_fields__, row, strict=True)))  # type: ignore[arg-type]


def named(*, order_id: int) -> frozenset[int]:
    """Return the bills that the notice of an order names; one statement."""
    rows = fetch("SELECT unnest(bill_ids) FROM arrears_disconnectionorder WHERE id = %s", [order_id])
    return frozenset(row[0] for row in rows)
