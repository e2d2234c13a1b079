"""What is demanded, held and earned of deposits, as the notes and what paid them say; for many at once."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from billing.domain.deposits import GoodTerms, PaidBill, Verdict, held_since, judge
from billing.models.deposit import Deposit
from cis.platform.db import fetch

YEAR_DAYS = 365

# What paid its notes came in: money on the day it was received, a credit on that of its issue, neither before the note.
# A payment that went back, or was freed, comes to 0 and was never here. A reduction pays its own demand: no money came.
FACTS = """
    SELECT d.id AS deposit_id, coalesce(n.paid, 0) - coalesce(g.reduced, 0) - coalesce(g.back, 0) AS held,
           coalesce(n.owed, 0) - coalesce(n.paid, 0) AS open, coalesce(g.interest, 0) AS interest,
           coalesce(g.first, 0) AS first, n.due_date
    FROM billing_deposit d
    LEFT JOIN LATERAL (
        SELECT sum(m.amount_minor) AS owed, sum(p.paid) AS paid, min(b.due_date) AS due_date
        FROM billing_depositmove m
        JOIN billing_bill b ON b.id = m.note_id AND b.state = 'issued'
        LEFT JOIN LATERAL (SELECT coalesce(sum(a.amount_minor), 0) AS paid FROM billing_allocation a
                           WHERE a.bill_id = b.id) p ON true
        WHERE m.deposit_id = d.id AND m.kind IN ('demand', 'increase')
    ) n ON true
    LEFT JOIN LATERAL (
        SELECT sum(m.amount_minor) FILTER (WHERE m.kind = 'reduce' AND b.state = 'issued') AS reduced,
               sum(m.amount_minor) FILTER (WHERE m.kind = 'return') AS back,
               sum(m.amount_minor) FILTER (WHERE m.kind = 'interest') AS interest,
               max(m.amount_minor) FILTER (WHERE m.kind = 'demand') AS first
        FROM billing_depositmove m LEFT JOIN billing_bill b ON b.id = m.note_id WHERE m.deposit_id = d.id
    ) g ON true
"""
_BY_ID = f"SELECT deposit_id, held::bigint, open::bigint, interest::bigint, first FROM ({FACTS} WHERE d.id = ANY(%s)) f"  # noqa: S608
_MONEY = """
    SELECT m.deposit_id, greatest(coalesce(p.received_date, c.issue_date), b.issue_date) AS day,
           sum(a.amount_minor)::bigint
    FROM billing_depositmove m
    JOIN billing_bill b ON b.id = m.note_id AND b.state = 'issued'
    JOIN billing_allocation a ON a.bill_id = b.id
    LEFT JOIN billing_payment p ON p.id = a.payment_id
    LEFT JOIN billing_bill c ON c.id = a.credit_id
    WHERE m.deposit_id = ANY(%(deposits)s) AND m.kind IN ('demand', 'increase')
      AND NOT EXISTS (SELECT 1 FROM billing_depositmove o WHERE o.note_id = a.credit_id AND o.kind = 'reduce')
    GROUP BY 1, 2 HAVING sum(a.amount_minor) <> 0
    UNION ALL
    SELECT deposit_id, day, -amount_minor FROM billing_depositmove
    WHERE deposit_id = ANY(%(deposits)s) AND kind = 'return'
    ORDER BY 1, 2
"""
_PAID = """
    SELECT b.account_id, b.due_date,
           CASE WHEN sum(a.amount_minor) >= b.amount_minor
                THEN max(coalesce(p.received_date, c.issue_date)) FILTER (WHERE a.amount_minor > 0
                         AND NOT EXISTS (SELECT 1 FROM billing_paymentreturn r WHERE r.payment_id = a.payment_id)) END
    FROM billing_bill b
    LEFT JOIN billing_allocation a ON a.bill_id = b.id
    LEFT JOIN billing_payment p ON p.id = a.payment_id
    LEFT JOIN billing_bill c ON c.id = a.credit_id
    WHERE b.account_id = ANY(%(accounts)s) AND b.state = 'issued' AND b.kind <> 'credit' AND b.amount_minor > 0
      AND b.due_date >= %(since)s
    GROUP BY b.id ORDER BY b.account_id, b.due_date
"""
_BILLED = """
    SELECT coalesce(sum(b.amount_minor), 0)::bigint,
           coalesce(sum(b.end_date - b.start_date) FILTER (WHERE b.amount_minor > 0), 0)::bigint
    FROM billing_bill b
    WHERE b.account_id = %(account)s AND b.state = 'issued' AND b.kind = 'regular' AND b.end_date > %(since)s
"""
# The class of the tariffs by which it was billed last; else that of the holder.
_CLASS = """
    SELECT coalesce(
        (SELECT v.customer_class FROM billing_billsegment s
         JOIN billing_bill b ON b.id = s.bill_id AND b.account_id = %(account)s AND b.state = 'issued'
         JOIN tariffs_tariffversion v ON v.id = s.tariff_version_id
         WHERE v.customer_class <> '' ORDER BY s.end_date DESC, s.id DESC LIMIT 1),
        (SELECT CASE k.kind WHEN 'resident' THEN 'residential' ELSE 'commercial' END
         FROM accounts_accountholder h JOIN accounts_customer k ON k.id = h.customer_id
         WHERE h.account_id = %(account)s AND lower(h.period) <= %(today)s
         ORDER BY lower(h.period) DESC LIMIT 1), 'other')
"""


class _Port:
    """Who knows which demands were made of accounts; bound once by ``cis.wiring``."""

    demands: Callable[..., Mapping[int, Sequence[date]]] | None = None


def answer_demands_by(demands: Callable[..., Mapping[int, Sequence[date]]]) -> None:
    """Bind who knows the days of demands. To be called from ``cis.wiring`` only."""
    _Port.demands = demands


@dataclass(frozen=True, slots=True)
class Facts:
    """
    What a deposit is now. [minor unit]

    held_minor      below 0: it was given back, and then what had paid it went back
    first_minor     as it was demanded at first
    """

    held_minor: int
    open_minor: int
    interest_minor: int
    first_minor: int


def with_interest(facts: Facts, amount_minor: int) -> Facts:
    """Return the same with more interest credited. [minor unit]"""
    return replace(facts, interest_minor=facts.interest_minor + amount_minor)


def of_deposits(*, deposit_ids: Collection[int]) -> dict[int, Facts]:
    """Return what deposits are now, by id; one statement."""
    return {row[0]: Facts(*row[1:]) for row in fetch(_BY_ID, [list(deposit_ids)])}


def money_of(*, deposit_ids: Collection[int]) -> dict[int, tuple[tuple[date, int], ...]]:
    """Return on which days money of deposits came and went, by id of the deposit; one statement. [minor unit]"""
    found: dict[int, list[tuple[date, int]]] = {}
    for deposit_id, day, amount in fetch(_MONEY, {"deposits": list(deposit_ids)}):
        found.setdefault(deposit_id, []).append((day, amount))
    return {one: tuple(moves) for one, moves in found.items()}


def since_of(deposit: Deposit, facts: Facts, moves: Sequence[tuple[date, int]]) -> date | None:
    """Return the day since which a deposit is held: as much as was demanded at first, or less if it was reduced."""
    left = deposit.amount_minor - deposit.returned_minor
    return held_since(moves=moves, amount_minor=max(1, min(facts.first_minor, left)))


def verdicts(
    *, since: Mapping[int, date], account_of: Mapping[int, int], terms: GoodTerms, today: date
) -> dict[int, Verdict]:
    """
    Say of deposits whether they go back for good payment; two statements.

    since, account_of  by id of the deposit

    :raises LookupError: nobody was bound to say which demands were made: nothing is assumed in its place.
    """
    if _Port.demands is None:
        raise LookupError("nobody says which demands were made; see cis/wiring.py")
    if not since:
        return {}
    first, accounts = min(since.values()), sorted({account_of[one] for one in since})
    paid: dict[int, list[PaidBill]] = {}
    for account_id, due_date, paid_date in fetch(_PAID, {"accounts": accounts, "since": first}):
        paid.setdefault(account_id, []).append(PaidBill(due_date, paid_date))
    demands = _Port.demands(account_ids=accounts, since=first)
    return {
        one: judge(
            terms=terms,
            since=day,
            bills=paid.get(account_of[one], ()),
            demands=demands.get(account_of[one], ()),
            today=today,
        )
        for one, day in since.items()
    }


def class_of(*, account_id: int, today: date) -> str:
    """Return the class of use of an account; one statement."""
    ((found,),) = fetch(_CLASS, {"account": account_id, "today": today})
    return str(found)


def billed(*, account_id: int, today: date) -> tuple[int, int]:
    """Return what an account was billed for about a year, and for how many days; one statement. [minor unit, days]"""
    ((amount, days),) = fetch(_BILLED, {"account": account_id, "since": today - timedelta(days=YEAR_DAYS)})
    return amount, days
