"""What was open of overdue bills since their due dates, and the late fee that it bears."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q

from accounts.queries import supplier
from arrears.domain import charged_days
from arrears.domain.charged_days import Charged, Debt, FeeState, Window, steps_of
from arrears.domain.late_fees import Stretch
from arrears.models.late_fee import LateFee, LateFeeWaiver, WaiverState
from arrears.queries import late_fee_rules
from arrears.queries.late_fee_rules import FeeTerms
from billing.queries import prepay_rules
from cashiering.queries import debits
from cis.kernel.errors import Refused
from cis.platform.db import fetch

# Money counts from the day it was received, a bill below 0 from its issue; a payment that went back counts no more from
# the day it went. A bill that was paid in time, and from which nothing went back, is left out unless it was charged.
# Of direct debits it is read from when on they were under way: those that were collected and stayed, and those that are
# under way now. Whether their days are spared, the pack says for each bill.
# Its class is that of the tariffs it was rated by, a home's only where all of them are; else that of the holder.
# While a plan of instalments covers it and stops late fees it bears none; where one ended early, that may be owed.
# Neither does it on days on which a debit of it was held by us, whatever became of that.
_OVERDUE = """
    WITH debt AS (
        SELECT b.id, b.number, b.account_id, b.kind, b.due_date, b.amount_minor, b.state
        FROM billing_bill b
        WHERE b.account_id = ANY(%(accounts)s) AND b.kind IN ('regular', 'note') AND b.amount_minor > 0
          AND b.due_date < %(today)s
          AND (b.state = 'issued' OR EXISTS (
               SELECT 1 FROM arrears_latefee f WHERE f.bill_id = b.id AND f.state = 'charged'))
    ), paid AS (
        SELECT a.bill_id, sum(a.amount_minor) AS amount,
               CASE WHEN a.amount_minor > 0 THEN coalesce(p.received_date, c.issue_date)
                    ELSE coalesce(r.returned_date, (a.created_at AT TIME ZONE %(zone)s)::date) END AS day,
               CASE WHEN a.amount_minor > 0 AND r.id IS NULL
                    THEN (o.created_at AT TIME ZONE %(zone)s)::date END AS since
        FROM debt d JOIN billing_allocation a ON a.bill_id = d.id
        LEFT JOIN billing_payment p ON p.id = a.payment_id
        LEFT JOIN billing_paymentreturn r ON r.payment_id = a.payment_id
        LEFT JOIN billing_bill c ON c.id = a.credit_id
        LEFT JOIN cashiering_debit o ON o.payment_id = a.payment_id AND o.bill_id = a.bill_id
        GROUP BY 1, 3, 4
    ), coming AS (
        SELECT o.bill_id, array_agg((o.created_at AT TIME ZONE %(zone)s)::date ORDER BY o.id) AS days,
               array_agg(o.amount_minor ORDER BY o.id) AS amounts
        FROM debt d JOIN cashiering_debit o ON o.bill_id = d.id AND o.state = ANY(%(under_way)s)
        GROUP BY 1
    ), late AS (
        SELECT d.*, coalesce(array_agg(p.day) FILTER (WHERE p.day IS NOT NULL), '{}') AS days,
               coalesce(array_agg(p.amount) FILTER (WHERE p.day IS NOT NULL), '{}') AS amounts,
               coalesce(array_agg(least(p.day, p.since)) FILTER (WHERE p.day IS NOT NULL), '{}') AS spared
        FROM debt d LEFT JOIN paid p ON p.bill_id = d.id
        GROUP BY d.id, d.number, d.account_id, d.kind, d.due_date, d.amount_minor, d.state
        HAVING d.state <> 'issued' OR EXISTS (
                   SELECT 1 FROM arrears_latefee f WHERE f.bill_id = d.id AND f.state = 'charged')
            OR coalesce(bool_or(p.amount < 0), false)
            OR coalesce(sum(p.amount) FILTER (WHERE p.day <= d.due_date), 0) < d.amount_minor
    )
    SELECT l.id, l.number, l.account_id, l.kind, l.due_date, l.amount_minor, l.state = 'issued', l.days, l.amounts,
           l.spared, coalesce(g.days, '{}'), coalesce(g.amounts, '{}'),
           coalesce(rated.class, held.class, ''),
           EXISTS (SELECT 1 FROM billing_allocation g JOIN billing_writeoff w ON w.note_id = g.credit_id
                   WHERE g.bill_id = l.id AND w.state <> 'reversed'),
           EXISTS (SELECT FROM billing_prepayment p WHERE p.account_id = l.account_id AND p.since_date <= l.due_date
                   AND (p.until_date IS NULL OR p.until_date > l.due_date)),
           paused.since, paused.until
    FROM late l
    LEFT JOIN coming g ON g.bill_id = l.id
    LEFT JOIN LATERAL (
        SELECT CASE WHEN bool_and(v.customer_class = 'residential') THEN 'residential'
                    ELSE max(v.customer_class) FILTER (WHERE v.customer_class <> 'residential') END AS class
        FROM billing_billsegment s JOIN tariffs_tariffversion v ON v.id = s.tariff_version_id
        WHERE s.bill_id = l.id AND v.customer_class <> '') rated ON true
    LEFT JOIN LATERAL (
        SELECT CASE k.kind WHEN 'resident' THEN 'residential' ELSE 'commercial' END AS class
        FROM accounts_accountholder h JOIN accounts_customer k ON k.id = h.customer_id
        WHERE h.account_id = l.account_id AND lower(h.period) <= l.due_date
        ORDER BY lower(h.period) DESC LIMIT 1) held ON true
    CROSS JOIN LATERAL (
        SELECT array_agg(y.since ORDER BY y.since) AS since, array_agg(y.until ORDER BY y.since) AS until
        FROM (
            SELECT i.made_date AS since, i.ended_date AS until
            FROM arrears_plandebt x JOIN arrears_instalmentplan i ON i.id = x.plan_id
            WHERE x.bill_id = l.id AND i.stops_late_fees
              AND (i.state IN ('kept', 'completed') OR i.state IN ('broken', 'cancelled') AND NOT i.owes_late_fees)
            UNION ALL
            SELECT (o.created_at AT TIME ZONE %(zone)s)::date, (o.decided_at AT TIME ZONE %(zone)s)::date
            FROM cashiering_debit o WHERE o.bill_id = l.id AND o.held_reasons <> '') y) paused
    ORDER BY l.account_id, l.due_date, l.id
"""


class UnknownLateFee(Refused):
    """There is no such late fee, or no such waiver that waits."""

    code = "unknown_late_fee"


@dataclass(frozen=True, slots=True, kw_only=True)
class OverdueBill:
    """
    A bill that was not paid in time. [minor unit]

    terms       None: it bears no late fee by the rule of its due date
    debt        its history, and what was charged of it
    open_minor  what is open of it now, also where a debit of it is under way; 0 where it bears none
    """

    bill_id: int
    number: str
    account_id: int
    debt: Debt
    terms: FeeTerms | None
    open_minor: int

    def accrued_minor(self, *, today: date) -> int:
        """Return the late fee up to today, today included, that is not charged yet."""
        if self.terms is None:
            return 0
        return charged_days.accrued(rule=self.terms.rule, debt=self.debt, today=today)

    def explained(self, window: Window) -> tuple[Stretch, ...]:
        """Return the stretches of days that a charged window is made of."""
        if self.terms is None:
            return ()
        return charged_days.explained(rule=self.terms.rule, debt=self.debt, window=window)

    def uncharged(self, *, today: date) -> tuple[Stretch, ...]:
        """Return the stretches of days that are not charged yet, today included."""
        since = max((one.window.last_day for one in self.debt.charged), default=self.debt.due_date)
        return self.explained(Window(since + charged_days.DAY, today, 0))


def of_accounts(*, account_ids: Sequence[int], today: date) -> tuple[OverdueBill, ...]:
    """
    Return the bills of accounts that were not paid in time, with what was open since when; two statements.

    Bills that were paid in time are left out, so are late fees themselves; cancelled ones are there while a late fee
    of theirs stands, and bear none.

    :raises MissingRule: the pack does not say what late fee there is.
    """
    values = {
        "accounts": list(account_ids),
        "today": today,
        "zone": supplier.current().time_zone,
        "under_way": list(debits.UNDER_WAY_CODES),
    }
    rows = fetch(_OVERDUE, values)
    charged = _charged([row[0] for row in rows])
    return tuple(_bill(row, charged.get(row[0], ())) for row in rows)


def accrued_minor(*, account_id: int, today: date) -> int:
    """Return the late fee of an account up to today that no note has charged yet; two statements. [minor unit]"""
    return sum(one.accrued_minor(today=today) for one in of_accounts(account_ids=[account_id], today=today))


def _bill(row: Any, charged: tuple[Charged, ...]) -> OverdueBill:
    (bill_id, number, account_id, kind, due_date, amount, is_issued, days, amounts, spared, coming_days, coming,
     use_class, is_given_up, is_prepaid, since, until) = row  # fmt: skip
    terms = late_fee_rules.terms(use_class=use_class, kind=kind, due_date=due_date)
    if is_prepaid and prepay_rules.spares_late_fees(at=due_date):
        terms = None
    amounts = [int(one) for one in amounts]
    paid = list(zip(days, amounts, strict=True))
    if terms is not None and terms.spares_debits:
        paid = [*zip(spared, amounts, strict=True), *zip(coming_days, coming, strict=True)]
    return OverdueBill(
        bill_id=bill_id,
        number=number,
        account_id=account_id,
        debt=Debt(
            due_date=due_date,
            steps=steps_of(due_date=due_date, amount_minor=amount, paid=paid),
            bears=is_issued and terms is not None,
            is_given_up=is_given_up,
            charged=charged,
            paused=tuple(zip(since or (), until or (), strict=True)),
        ),
        terms=terms,
        open_minor=max(amount - sum(amounts), 0) if is_issued and terms is not None else 0,
    )


def _charged(bill_ids: Sequence[int]) -> dict[int, tuple[Charged, ...]]:
    found: dict[int, tuple[Charged, ...]] = {}
    rows = LateFee.objects.filter(bill_id__in=bill_ids).exclude(state=FeeState.TAKEN_BACK.value).order_by("period")
    for row in rows:
        window = Window(row.period.lower, row.period.upper - charged_days.DAY, row.amount_minor)
        one = Charged(row.id, window, is_waived=row.state == FeeState.WAIVED.value)
        found[row.bill_id] = (*found.get(row.bill_id, ()), one)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeRow:
    """
    A late fee that was charged, for pages. [minor unit]

    number, note_number   of the bill that was paid late, and of the note that charges it
    last_day              included
    waiver_id, reason, proposer_id  of a waiver that waits or was agreed; None: there is none
    """

    id: int
    account_id: int
    account_number: str
    bill_id: int
    number: str
    note_id: int
    note_number: str
    first_day: date
    last_day: date
    amount_minor: int
    state: str
    is_waiting: bool
    waiver_id: int | None
    reason: str
    proposer_id: int | None


WAITING = "waiting"
"""Filter for late fees whose waiver waits for a second person."""


@dataclass(frozen=True, slots=True)
class WantedFees:
    """
    Which late fees.

    text   number of an account, a bill or a note
    state  one of FeeState, or WAITING; "": all
    """

    text: str = ""
    state: str = ""
    account_id: int | None = None


def listed(*, wanted: WantedFees, offset: int = 0, most: int = 100) -> tuple[FeeRow, ...]:
    """Return late fees, the latest first; two statements."""
    text, state = wanted.text, wanted.state
    rows = LateFee.objects.select_related("account", "bill", "note").order_by("-id")
    if wanted.account_id is not None:
        rows = rows.filter(account_id=wanted.account_id)
    if text:
        rows = rows.filter(Q(account__number=text) | Q(bill__number=text) | Q(note__number=text))
    if state == WAITING:
        rows = rows.filter(waivers__state=WaiverState.PROPOSED.value)
    elif state:
        rows = rows.filter(state=state)
    found = list(rows[offset : offset + most])
    live = LateFeeWaiver.objects.filter(fee__in=found).exclude(state=WaiverState.DROPPED.value)
    waivers = {one.fee_id: one for one in live}
    return tuple(_row(one, waivers.get(one.id)) for one in found)


def _row(fee: LateFee, waiver: LateFeeWaiver | None) -> FeeRow:
    return FeeRow(
        id=fee.id,
        account_id=fee.account_id,
        account_number=fee.account.number,
        bill_id=fee.bill_id,
        number=fee.bill.number or "",
        note_id=fee.note_id,
        note_number=fee.note.number or "",
        first_day=fee.period.lower,
        last_day=fee.period.upper - charged_days.DAY,
        amount_minor=fee.amount_minor,
        state=fee.state,
        is_waiting=waiver is not None and waiver.state == WaiverState.PROPOSED.value,
        waiver_id=waiver.id if waiver else None,
        reason=waiver.reason if waiver else "",
        proposer_id=waiver.proposer_id if waiver else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BillAccrual:
    """A bill that bears a late fee now: what is open, and the fee not charged yet with its days. [minor unit]"""

    bill_id: int
    number: str
    due_date: date
    open_minor: int
    accrued_minor: int
    parts: tuple[Stretch, ...]

    @property
    def together_minor(self) -> int:
        """Return what is to be paid today."""
        return self.open_minor + self.accrued_minor


def accruals(*, account_id: int, today: date) -> tuple[BillAccrual, ...]:
    """Return what bears a late fee today that is not charged yet, by due date; two statements."""
    found = []
    for bill in of_accounts(account_ids=[account_id], today=today):
        accrued = bill.accrued_minor(today=today)
        if accrued:
            found.append(
                BillAccrual(
                    bill_id=bill.bill_id,
                    number=bill.number,
                    due_date=bill.debt.due_date,
                    open_minor=bill.open_minor,
                    accrued_minor=accrued,
                    parts=bill.uncharged(today=today),
                )
            )
    return tuple(found)


def one(*, fee_id: int) -> FeeRow:
    """
    Return one late fee; two statements.

    :raises UnknownLateFee: there is none.
    """
    fee = LateFee.objects.select_related("account", "bill", "note").filter(id=fee_id).first()
    if fee is None:
        raise UnknownLateFee(f"There is no late fee {fee_id}.")
    live = LateFeeWaiver.objects.filter(fee=fee).exclude(state=WaiverState.DROPPED.value)
    return _row(fee, live.first())


def parts_of(*, fee: FeeRow, today: date) -> tuple[Stretch, ...]:
    """Return the stretches of days of a late fee as they are known today; none where its bill bears none any more."""
    window = Window(fee.first_day, fee.last_day, fee.amount_minor)
    for bill in of_accounts(account_ids=[fee.account_id], today=today):
        if bill.bill_id == fee.bill_id and bill.debt.bears:
            return bill.explained(window)
    return ()


def of_bill(*, bill_id: int, account_id: int, today: date) -> BillAccrual | None:
    """Return the late fee of one bill that is not charged yet; None: there is none. Two statements."""
    return next((one for one in accruals(account_id=account_id, today=today) if one.bill_id == bill_id), None)
