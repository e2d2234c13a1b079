"""Bills and payments as customers are told of them: whose they were, and what is left to pay."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from billing.domain.rebills import RebillCause
from billing.models.bill import Bill, BillKind, BillState
from billing.models.payment import Payment
from cis.kernel.periods import Period
from cis.platform import db


@dataclass(frozen=True, slots=True, kw_only=True)
class BillToTell:
    """An issued bill with the holder of its last day; ``open_minor`` is left to pay. [Wh, minor unit]"""

    id: int
    number: str
    account_id: int
    customer_id: int
    start_date: date
    end_date: date
    issue_date: date
    due_date: date
    energy_wh: int
    amount_minor: int
    open_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentToTell:
    """A payment with the holder of the day on which it came in. [minor unit]"""

    id: int
    account_id: int
    customer_id: int
    received_date: date
    amount_minor: int
    reference: str


_BILLS = """
    SELECT b.id, b.number, b.account_id, h.customer_id, b.start_date, b.end_date, b.issue_date, b.due_date,
           b.energy_wh, b.amount_minor,
           (CASE WHEN b.amount_minor > 0 THEN b.amount_minor - coalesce(p.paid, 0) ELSE 0 END)::bigint AS open_minor
    FROM billing_bill b
    JOIN accounts_accountholder h ON h.account_id = b.account_id AND h.period @> (b.end_date - 1)
    LEFT JOIN LATERAL (
        SELECT sum(a.amount_minor) AS paid FROM billing_allocation a WHERE a.bill_id = b.id
    ) p ON true
    WHERE b.kind <> 'credit'
"""
# Who is asked by a consolidated bill is told of it alone.
_ALONE = "NOT EXISTS (SELECT 1 FROM billing_consolidateditem i WHERE i.bill_id = b.id)"

_BY_ID = f"{_BILLS} AND b.state = %s AND b.id = ANY(%s) ORDER BY b.id"
_NEWS = f"""
    {_BILLS} AND {_ALONE} AND b.state = %s AND b.id = ANY(%s)
    AND NOT EXISTS (SELECT 1 FROM billing_depositmove m WHERE m.note_id = b.id AND m.kind <> 'reduce') ORDER BY b.id
"""  # noqa: S608 (made of constants)
_DUE = f"""
    SELECT * FROM ({_BILLS} AND b.state = 'issued' AND b.due_date >= %s AND b.due_date < %s AND {_ALONE}
                   AND (b.due_date, b.id) > (%s, %s)) AS told
    WHERE open_minor > 0 ORDER BY due_date, id LIMIT %s
"""  # noqa: S608 (made of constants)


def bills(*, bill_ids: Sequence[int]) -> tuple[BillToTell, ...]:
    """
    Return those of the bills that are issued and stand, by id; one statement.

    A credit note is not among them, nor what is asked for by a consolidated bill.
    """
    return _told(
        f"{_BILLS} AND {_ALONE} AND b.state = %s AND b.id = ANY(%s) ORDER BY b.id",
        [BillState.ISSUED.value, list(bill_ids)],
    )


def news(*, bill_ids: Sequence[int]) -> tuple[BillToTell, ...]:
    """Return the same without notes on deposits, of which customers are told otherwise; one statement."""
    return _told(_NEWS, [BillState.ISSUED.value, list(bill_ids)])


def cancelled(*, bill_ids: Sequence[int]) -> tuple[BillToTell, ...]:
    """Return those of the bills that were cancelled, by id; one statement."""
    return _told(_BY_ID, [BillState.CANCELLED.value, list(bill_ids)])


def due(*, from_date: date, until_date: date, after: tuple[date, int], most: int) -> tuple[BillToTell, ...]:
    """
    Return bills with something left to pay that are due in [from_date, until_date), in order of due date and id.

    :param after: due date and id of the last one that is known.
    """
    return _told(_DUE, [from_date, until_date, *after, most])


def payments(*, payment_ids: Sequence[int]) -> tuple[PaymentToTell, ...]:
    """
    Return payments by id; one statement.

    One of an account that nobody held on that day is left out, and what is part of a payment for a consolidated bill.
    """
    rows = db.fetch(_PAYMENTS, [list(payment_ids)])
    return tuple(
        PaymentToTell(
            id=row[0],
            account_id=row[1],
            customer_id=row[2],
            received_date=row[3],
            amount_minor=row[4],
            reference=row[5],
        )
        for row in rows
    )


_PAYMENTS = """
    SELECT p.id, p.account_id, h.customer_id, p.received_date, p.amount_minor, p.reference
    FROM billing_payment p
    JOIN accounts_accountholder h ON h.account_id = p.account_id AND h.period @> p.received_date
    WHERE p.id = ANY(%s) AND NOT EXISTS (SELECT 1 FROM billing_consolidatedpart x WHERE x.payment_id = p.id)
    ORDER BY p.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundToTell:
    """A refund that was sent, or came back (``returned_date``), with the holder of that day. [minor unit]"""

    id: int
    account_id: int
    customer_id: int
    amount_minor: int
    bank_account: str
    reference: str
    paid_date: date
    returned_date: date | None
    return_reason: str


_REFUNDS = """
    SELECT r.id, r.account_id, h.customer_id, r.amount_minor, r.bank_account, r.reference, r.paid_date,
           r.returned_date, r.return_reason
    FROM billing_refund r
    JOIN accounts_accountholder h ON h.account_id = r.account_id AND h.period @> r.paid_date
    WHERE r.id = ANY(%s) AND r.paid_date IS NOT NULL ORDER BY r.id
"""


def refunds(*, refund_ids: Sequence[int]) -> tuple[RefundToTell, ...]:
    """Return refunds that were sent, by id; one statement."""
    names = RefundToTell.__dataclass_fields__
    rows = db.fetch(_REFUNDS, [list(refund_ids)])
    return tuple(RefundToTell(**dict(zip(names, row, strict=True))) for row in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class RebilledToTell:
    """
    What an issued bill changed of days that were billed before, with the holder of its last day. [Wh, minor unit]

    periods              that were billed, and are billed anew
    before_wh, after_wh  of these periods
    amount_minor         what they cost more; below 0: paid back
    """

    id: int
    number: str
    account_id: int
    customer_id: int
    issue_date: date
    periods: tuple[Period, ...]
    before_wh: int
    after_wh: int
    amount_minor: int
    cause: RebillCause


# Billed periods whose segments are taken back, and billed anew in the same bill. Periods after the one whose energy is
# another one count too: their steps are others, and the sum is that of the bill. Where no energy is another one, prices
# or terms are, and there is nothing to be said of reads. That it was readings is said only where usage of the place was
# approved after the bill of then, all its days are supplied still, and no rule of usage is another one since.
_REBILLED = f"""
    WITH gone AS (
        SELECT s.bill_id, c.agreement_id, c.period_start_date, c.period_end_date, sum(c.used_wh) AS wh,
               sum(s.amount_minor) AS amount, max(o.created_at) AS at,
               min(c.start_date) AS first_date, max(c.end_date) AS end_date
        FROM billing_billsegment s JOIN billing_billsegment c ON c.id = s.cancels_id
        JOIN billing_bill o ON o.id = c.bill_id
        WHERE s.bill_id = ANY(%(bills)s) GROUP BY 1, 2, 3, 4
    ), changed AS (
        SELECT g.bill_id, g.period_start_date, g.period_end_date, g.wh AS before_wh, n.wh AS after_wh,
               g.amount + n.amount AS amount,
               EXISTS (SELECT FROM metering_usage u
                       WHERE u.service_point_id = a.service_point_id AND u.is_current AND u.approved_at > g.at
                         AND u.start_date < g.period_end_date AND u.end_date > g.period_start_date) AS is_read,
               NOT a.period @> daterange(g.first_date, g.end_date) OR EXISTS (
                   SELECT FROM metering_usagerule r
                   WHERE r.service_point_id = a.service_point_id AND (r.created_at > g.at OR r.retired_at > g.at)
                     AND r.period && daterange(g.period_start_date, g.period_end_date)) AS is_other
        FROM gone g JOIN contracts_serviceagreement a ON a.id = g.agreement_id
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(n.used_wh), 0) AS wh, coalesce(sum(n.amount_minor), 0) AS amount
            FROM billing_billsegment n
            WHERE n.bill_id = g.bill_id AND n.agreement_id = g.agreement_id AND n.cancels_id IS NULL
              AND n.period_start_date = g.period_start_date AND n.period_end_date = g.period_end_date) n
    )
    SELECT b.id, b.number, b.account_id, h.customer_id, b.issue_date,
           array_agg(x.period_start_date ORDER BY x.period_start_date, x.period_end_date),
           array_agg(x.period_end_date ORDER BY x.period_start_date, x.period_end_date),
           sum(x.before_wh)::bigint, sum(x.after_wh)::bigint, sum(x.amount)::bigint,
           CASE WHEN bool_or(x.is_other) FILTER (WHERE x.after_wh <> x.before_wh)
                  OR EXISTS (SELECT FROM billing_rebill r WHERE r.bill_id = b.id AND r.change_id IS NOT NULL)
                THEN '{RebillCause.TERMS.value}'
                WHEN EXISTS (SELECT FROM billing_rebill r WHERE r.bill_id = b.id AND r.correction_id IS NOT NULL)
                THEN '{RebillCause.CORRECTED.value}'
                WHEN bool_and(x.is_read) FILTER (WHERE x.after_wh <> x.before_wh) THEN '{RebillCause.READ.value}'
                ELSE '{RebillCause.TERMS.value}' END
    FROM changed x JOIN billing_bill b ON b.id = x.bill_id AND b.state = 'issued' AND b.kind <> 'credit' AND {_ALONE}
    JOIN accounts_accountholder h ON h.account_id = b.account_id AND h.period @> (b.end_date - 1)
    GROUP BY b.id, h.customer_id HAVING bool_or(x.after_wh <> x.before_wh) ORDER BY b.id
"""  # noqa: S608 (made of constants)


def rebilled(*, bill_ids: Sequence[int]) -> tuple[RebilledToTell, ...]:
    """
    Return which of the bills changed what was billed before, since usage is another one now; one statement.

    Not those that are asked for by a consolidated bill, which says itself what it corrects.
    """
    return tuple(
        RebilledToTell(
            id=bill_id, number=number, account_id=account_id, customer_id=customer_id, issue_date=issue_date,
            periods=tuple(Period(*days) for days in zip(starts, ends, strict=True)), before_wh=before_wh,
            after_wh=after_wh, amount_minor=amount_minor, cause=RebillCause(cause),
        )
        for (
            bill_id, number, account_id, customer_id, issue_date, starts, ends,
            before_wh, after_wh, amount_minor, cause,
        ) in db.fetch(_REBILLED, {"bills": list(bill_ids)})
    )  # fmt: skip


def latest_bill_id(*, account_id: int | None) -> int | None:
    """Return the latest issued bill of an account, or of all; None if there is none. One statement."""
    rows = Bill.objects.filter(state=BillState.ISSUED.value, kind=BillKind.REGULAR.value)
    if account_id is not None:
        rows = rows.filter(account_id=account_id)
    return rows.order_by("-id").values_list("id", flat=True).first()


def latest_payment_id(*, account_id: int | None) -> int | None:
    """Return the latest payment of an account, or of all; None if there is none. One statement."""
    rows = Payment.objects.all() if account_id is None else Payment.objects.filter(account_id=account_id)
    return rows.order_by("-id").values_list("id", flat=True).first()


def _told(sql: str, params: Sequence[object]) -> tuple[BillToTell, ...]:
    names = BillToTell.__dataclass_fields__
    return tuple(BillToTell(**dict(zip(names, row, strict=True))) for row in db.fetch(sql, params))
