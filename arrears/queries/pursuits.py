"""What is known of accounts that may be pursued, for any number of them in the same few statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from arrears.domain.cut_facts import Debt, Hold, HoldKind, Moment
from arrears.domain.pursuit import Made, Pursued
from arrears.queries import hindrances
from billing.queries import prepay_rules
from cis.platform.db import fetch

_KINDS = ["regular", "note", "late_fee"]
"""Kinds of bills that are owed while they are issued."""

# Who has a case, and who owes on bills that are overdue. A prepaid account is not pursued where the pack says so: its
# balance, which its debts lower, decides; and its open case ends.
_ACCOUNTS = """
    SELECT account_id FROM arrears_collectioncase WHERE closed_date IS NULL
    UNION
    SELECT l.account_id FROM billing_ledgeraccount l
    WHERE l.account_id IS NOT NULL AND l.balance_minor > 0
      AND NOT (%(spares)s AND EXISTS (SELECT FROM billing_prepayment p WHERE p.account_id = l.account_id
               AND p.since_date <= %(today)s AND (p.until_date IS NULL OR p.until_date > %(today)s)))
      AND EXISTS (
        SELECT FROM billing_bill b WHERE b.account_id = l.account_id AND b.state = 'issued' AND b.amount_minor > 0
                                     AND b.kind = ANY(%(kinds)s) AND b.due_date < %(today)s)
    ORDER BY 1
"""

# The class of a new case is that of the tariffs its overdue bills were rated by, a home's only where all of them are;
# else that of the holder. Who is told is the holder of the last day of the oldest bill.
_FACTS = """
    WITH debt AS (
        SELECT b.account_id, array_agg(b.id ORDER BY b.due_date, b.id) AS ids,
               array_agg(b.due_date ORDER BY b.due_date, b.id) AS days,
               array_agg((b.amount_minor - coalesce(p.paid, 0))::bigint ORDER BY b.due_date, b.id) AS open,
               min(b.end_date) AS used_until
        FROM billing_bill b
        LEFT JOIN LATERAL (
            SELECT sum(x.amount_minor) AS paid FROM billing_allocation x WHERE x.bill_id = b.id) p ON true
        WHERE b.account_id = ANY(%(accounts)s) AND b.state = 'issued' AND b.kind = ANY(%(kinds)s)
          AND b.amount_minor > coalesce(p.paid, 0) AND b.due_date < %(today)s
          AND NOT (%(spares)s AND EXISTS (SELECT FROM billing_prepayment y WHERE y.account_id = b.account_id
                   AND y.since_date <= %(today)s AND (y.until_date IS NULL OR y.until_date > %(today)s)))
        GROUP BY b.account_id
    )
    SELECT a.id, coalesce(l.balance_minor, 0), coalesce(d.ids, '{}'), coalesce(d.days, '{}'), coalesce(d.open, '{}'),
           c.id, coalesce(c.customer_class, rated.class, held.class, ''), held.customer_id
    FROM unnest(%(accounts)s::bigint[]) AS a (id)
    LEFT JOIN billing_ledgeraccount l ON l.account_id = a.id
    LEFT JOIN debt d ON d.account_id = a.id
    LEFT JOIN arrears_collectioncase c ON c.account_id = a.id AND c.closed_date IS NULL
    LEFT JOIN LATERAL (
        SELECT CASE WHEN bool_and(v.customer_class = 'residential') THEN 'residential'
                    ELSE max(v.customer_class) FILTER (WHERE v.customer_class <> 'residential') END AS class
        FROM billing_billsegment s JOIN tariffs_tariffversion v ON v.id = s.tariff_version_id
        WHERE c.id IS NULL AND s.bill_id = ANY(d.ids) AND v.customer_class <> '') rated ON true
    LEFT JOIN LATERAL (
        SELECT h.customer_id, CASE k.kind WHEN 'resident' THEN 'residential' ELSE 'commercial' END AS class
        FROM accounts_accountholder h JOIN accounts_customer k ON k.id = h.customer_id
        WHERE h.account_id = a.id AND lower(h.period) < coalesce(d.used_until, %(today)s)
        ORDER BY lower(h.period) DESC LIMIT 1) held ON true
    ORDER BY a.id
"""

# Lists of ids go as arrays: the query builder takes longer over thousands of parameters than the database over them.
_HOLDS = """
    SELECT account_id, id, kind, since_at, until_at, bill_id FROM arrears_hold WHERE account_id = ANY(%s) ORDER BY id
"""
# What had to be proven when it was made counts: a ladder that asks for more since stops nobody for ever.
_MADE = """
    SELECT c.account_id, m.step, m.made_at, m.done_at, m.proven_at IS NOT NULL OR m.wants = 'none'
    FROM arrears_collectioncase c JOIN arrears_collectionmove m ON m.case_id = c.id
    WHERE c.account_id = ANY(%s) ORDER BY m.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An account with what is known of it; ``case_id`` None: it has no open case; ``customer_id``: who is told."""

    account_id: int
    case_id: int | None
    customer_class: str
    customer_id: int | None
    pursued: Pursued


def account_ids(*, today: date) -> tuple[int, ...]:
    """Return the accounts that have a case or owe on overdue bills, in order; one statement."""
    given = {"today": today, "kinds": _KINDS, "spares": prepay_rules.spares_dunning(at=today)}
    return tuple(row[0] for row in fetch(_ACCOUNTS, given))


def of_accounts(*, account_ids: Sequence[int], now: Moment) -> tuple[Found, ...]:
    """Return what is known of accounts, in order of their ids; three statements."""
    wanted = list(account_ids)
    spares = prepay_rules.spares_dunning(at=now.day)
    rows = fetch(_FACTS, {"accounts": wanted, "today": now.day, "kinds": _KINDS, "spares": spares})
    holds, made = _holds(wanted), _made(wanted, now)
    for account_id, more in hindrances.of_accounts(account_ids=wanted, at=now.at).items():
        holds.setdefault(account_id, []).extend(more)
    return tuple(_found(row, holds, made) for row in rows)


def _found(row: Any, holds: dict[int, list[Hold]], made: dict[int, list[Made]]) -> Found:
    account_id, owed, ids, days, opens, case_id, use_class, customer_id = row
    return Found(
        account_id=account_id,
        case_id=case_id,
        customer_class=use_class,
        customer_id=customer_id,
        pursued=Pursued(
            debts=tuple(Debt(*one) for one in zip(ids, days, opens, strict=True)),
            owed_minor=owed,
            holds=tuple(holds.get(account_id, ())),
            made=tuple(made.get(account_id, ())),
        ),
    )


def _holds(wanted: Sequence[int]) -> dict[int, list[Hold]]:
    """Return all holds by account, those that ended too: the days that they took do not count as waiting."""
    found: dict[int, list[Hold]] = {}
    for account_id, hold_id, kind, since_at, until_at, bill_id in fetch(_HOLDS, [wanted]):
        found.setdefault(account_id, []).append(Hold(hold_id, HoldKind(kind), since_at, until_at, bill_id))
    return found


def _made(wanted: Sequence[int], now: Moment) -> dict[int, list[Made]]:
    found: dict[int, list[Made]] = {}
    days: dict[datetime, date] = {}  # most were made at the same few instants
    for account_id, step, made_at, done_at, is_proven in fetch(_MADE, [wanted]):
        at: datetime = done_at or made_at
        day = days.get(at) or days.setdefault(at, now.clock.local_date(at))
        found.setdefault(account_id, []).append(Made(step, day, done_at is not None, is_proven))
    return found
