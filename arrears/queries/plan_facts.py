"""How plans of instalments stand, for any number of them in the same few statements."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from arrears.domain.instalments import Covered, Got, Open, Part, Standing, standing
from cis.platform.db import fetch

_KINDS = ["regular", "note", "late_fee"]
# What stood for other money that went back belongs to the time before the plan: below 0 nothing counts.
_PLANS = """
    SELECT p.id, p.account_id, p.customer_id, p.serial, p.state, p.grace_days, p.remind_days, p.new_bills,
           p.accepted_date, p.valid_until, p.total_minor, p.lowered_minor, s.parts, s.days, s.amounts, s.codes,
           d.bills, d.covered, d.owed, d.dues, d.whole, d.open
    FROM arrears_instalmentplan p
    CROSS JOIN LATERAL (
        SELECT array_agg(x.seq ORDER BY x.seq) AS parts, array_agg(x.due_date ORDER BY x.seq) AS days,
               array_agg(x.amount_minor ORDER BY x.seq) AS amounts, array_agg(x.code ORDER BY x.seq) AS codes
        FROM arrears_planpart x WHERE x.plan_id = p.id) s
    CROSS JOIN LATERAL (
        SELECT array_agg(x.bill_id ORDER BY b.due_date, b.id) AS bills,
               array_agg(x.amount_minor ORDER BY b.due_date, b.id) AS covered,
               array_agg(b.state = 'issued' ORDER BY b.due_date, b.id) AS owed,
               array_agg(b.due_date ORDER BY b.due_date, b.id) AS dues,
               array_agg(b.amount_minor ORDER BY b.due_date, b.id) AS whole,
               array_agg((CASE WHEN b.state = 'issued' THEN greatest(b.amount_minor - m.paid, 0) ELSE 0 END)::bigint
                         ORDER BY b.due_date, b.id) AS open
        FROM arrears_plandebt x JOIN billing_bill b ON b.id = x.bill_id
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(a.amount_minor), 0) AS paid FROM billing_allocation a WHERE a.bill_id = b.id) m
        WHERE x.plan_id = p.id) d
    WHERE p.id = ANY(%(plans)s) ORDER BY p.id
"""
_MONEY = """
    SELECT d.plan_id, a.bill_id, coalesce(y.received_date, c.issue_date), a.credit_id IS NOT NULL,
           sum(a.amount_minor)::bigint
    FROM arrears_plandebt d
    JOIN arrears_instalmentplan p ON p.id = d.plan_id AND p.accepted_date IS NOT NULL
    JOIN billing_allocation a ON a.bill_id = d.bill_id AND a.id > p.mark
    LEFT JOIN billing_payment y ON y.id = a.payment_id
    LEFT JOIN billing_bill c ON c.id = a.credit_id
    WHERE d.plan_id = ANY(%(plans)s)
    GROUP BY d.plan_id, a.bill_id, a.payment_id, a.credit_id, 3
    HAVING sum(a.amount_minor) > 0
"""
# A bill that is disputed, or held for another reason, breaks no plan.
_NEW_BILLS = """
    SELECT p.id, min(b.due_date)
    FROM arrears_instalmentplan p
    JOIN billing_bill b ON b.account_id = p.account_id AND b.state = 'issued' AND b.amount_minor > 0
                       AND b.kind = ANY(%(kinds)s) AND b.due_date > p.accepted_date AND b.due_date < %(today)s
    WHERE p.id = ANY(%(plans)s) AND p.new_bills
      AND NOT EXISTS (SELECT 1 FROM arrears_plandebt d WHERE d.plan_id = p.id AND d.bill_id = b.id)
      AND NOT EXISTS (SELECT 1 FROM arrears_hold h WHERE h.bill_id = b.id AND h.since_at <= now()
                                                     AND (h.until_at IS NULL OR h.until_at > now()))
      AND b.amount_minor > coalesce((SELECT sum(a.amount_minor) FROM billing_allocation a WHERE a.bill_id = b.id), 0)
    GROUP BY p.id
"""
_LIVE = """
    SELECT id, account_id FROM arrears_instalmentplan
    WHERE state = ANY(%(states)s) AND (%(accounts)s::bigint[] IS NULL OR account_id = ANY(%(accounts)s))
    ORDER BY account_id, id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFacts:
    """
    A plan with how it stands. [minor unit]

    debts    what it covers, as it is now
    codes    numbers on the cards of its parts, by seq
    """

    id: int
    account_id: int
    customer_id: int
    serial: int
    state: str
    grace_days: int
    remind_days: int
    new_bills: bool
    accepted_date: date | None
    valid_until: date
    total_minor: int
    lowered_minor: int
    standing: Standing
    debts: tuple[Open, ...]
    codes: dict[int, str]


def live(*, states: Sequence[str], account_ids: Sequence[int] | None = None) -> tuple[tuple[int, int], ...]:
    """Return (plan, account) of plans in these states, of all accounts or some, in order of accounts; one statement."""
    accounts = None if account_ids is None else list(account_ids)
    return tuple(fetch(_LIVE, {"states": list(states), "accounts": accounts}))


def of_plans(*, plan_ids: Sequence[int]) -> tuple[PlanFacts, ...]:
    """Return how plans stand, in order of their ids; two statements."""
    wanted = {"plans": list(plan_ids)}
    rows = fetch(_PLANS, wanted) if plan_ids else []
    got: defaultdict[int, list[Got]] = defaultdict(list)
    for plan_id, bill_id, day, is_credit, amount in fetch(_MONEY, wanted) if rows else []:
        got[plan_id].append(Got(bill_id, day, amount, is_credit))
    return tuple(_facts(row, got[row[0]]) for row in rows)


def new_dues(*, plan_ids: Sequence[int], today: date) -> dict[int, date]:
    """Return the due date of the oldest overdue bill beside each plan that wants them paid in time; one statement."""
    return dict(fetch(_NEW_BILLS, {"plans": list(plan_ids), "today": today, "kinds": _KINDS})) if plan_ids else {}


def _facts(row: Any, got: Sequence[Got]) -> PlanFacts:
    *head, seqs, days, amounts, codes, bills, covered, owed, dues, whole, opens = row
    parts = [Part(*one) for one in zip(seqs, days, amounts, strict=True)]
    debts = [Covered(*one) for one in zip(bills, covered, owed, strict=True)]
    names = list(PlanFacts.__dataclass_fields__)[: len(head)]
    return PlanFacts(
        **dict(zip(names, head, strict=True)),
        standing=standing(parts=parts, covered=debts, got=got),
        debts=tuple(
            Open(*one)
            for one, is_owed in zip(zip(bills, dues, whole, opens, strict=True), owed, strict=True)
            if is_owed
        ),
        codes=dict(zip(seqs, codes, strict=True)),
    )
