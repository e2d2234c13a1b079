"""Budget plans as pages show them: listed, and one with its months, amounts and settlements."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from billing.domain import budgets
from billing.models.budget import BudgetPlan
from billing.queries.budgets import Series, UnknownPlan
from cis.kernel.periods import month_of
from cis.platform.db import fetch


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCard:
    """
    A plan in a list. [minor unit]

    level_minor    what is asked for now
    balance_minor  above 0: used and not paid yet
    billed_until   first day after its last levelled bill; None: none yet
    """

    id: int
    account_id: int
    account_number: str
    customer: str
    state: str
    from_date: date
    year_date: date
    accepted_date: date
    door: str
    ended_date: date | None
    end_reason: str
    level_minor: int
    balance_minor: int
    billed_until: date | None

    @property
    def year_end(self) -> date:
        """The day from which the year is settled."""
        return budgets.year_end(self.year_date)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Filters; "" and None: all."""

    text: str = ""
    state: str = ""
    side: str = ""
    account_id: int | None = None
    plan_id: int | None = None


_CARDS = """
    SELECT * FROM (
        SELECT p.id, p.account_id, a.number AS account_number, h.name AS customer, p.state, p.from_date, p.year_date,
               p.accepted_date, p.door, p.ended_date, p.end_reason,
               (SELECT v.amount_minor FROM billing_budgetlevel v
                WHERE v.plan_id = p.id AND v.from_date <= greatest(%(month)s::date, p.from_date)
                ORDER BY v.from_date DESC, v.id DESC LIMIT 1) AS level_minor,
               coalesce((SELECT sum(CASE WHEN t.debit_id = l.id THEN t.amount_minor ELSE -t.amount_minor END)
                         FROM billing_ledgeraccount l JOIN billing_transfer t
                           ON t.account_id = p.account_id AND l.id IN (t.debit_id, t.credit_id)
                         WHERE l.code = 'liability.budget' AND p.state = 'active'), 0)::bigint AS balance_minor,
               (SELECT max(x.covered_end) FROM billing_budgetbill x JOIN billing_bill b ON b.id = x.bill_id
                WHERE x.plan_id = p.id AND b.state = 'issued') AS billed_until
        FROM billing_budgetplan p
        JOIN accounts_account a ON a.id = p.account_id
        LEFT JOIN LATERAL (
            SELECT c.name FROM accounts_accountholder s JOIN accounts_customer c ON c.id = s.customer_id
            WHERE s.account_id = p.account_id ORDER BY lower(s.period) DESC LIMIT 1) h ON true
        WHERE (%(text)s::text = '' OR a.number LIKE %(start)s::text OR h.name LIKE %(part)s::text)
          AND (%(state)s::text = '' OR p.state = %(state)s::text)
          AND (%(account)s::bigint IS NULL OR p.account_id = %(account)s)
          AND (%(plan)s::bigint IS NULL OR p.id = %(plan)s)
    ) found
    WHERE CASE %(side)s::text WHEN 'owes' THEN balance_minor > 0 WHEN 'ahead' THEN balance_minor < 0 ELSE true END
    ORDER BY id DESC OFFSET %(offset)s::bigint LIMIT %(most)s::bigint
"""


def listed(*, wanted: Wanted, today: date, offset: int = 0, most: int = 50) -> tuple[PlanCard, ...]:
    """Return plans, the latest first; one statement."""
    plain = wanted.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    values = {
        "text": wanted.text, "start": f"{plain}%", "part": f"%{plain}%", "state": wanted.state, "side": wanted.side,
        "account": wanted.account_id, "plan": wanted.plan_id, "month": month_of(today).start, "offset": offset,
        "most": most,
    }  # fmt: skip
    names = PlanCard.__dataclass_fields__
    return tuple(PlanCard(**dict(zip(names, row, strict=True))) for row in fetch(_CARDS, values))


def latest(*, account_id: int, today: date) -> PlanCard | None:
    """Return the last plan of an account; one statement."""
    return next(iter(listed(wanted=Wanted(account_id=account_id), today=today, most=1)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthRow:
    """A levelled bill: what was used, what was asked in its place, the balance after it. [minor unit]"""

    bill_id: int
    number: str
    start_date: date
    end_date: date
    used_minor: int
    level_minor: int
    level_number: str
    open_minor: int
    balance_minor: int
    is_cancelled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementRow:
    """A settlement with its notes: number, due date, amount and what is open of each. [minor unit]"""

    id: int
    kind: str
    state: str
    until_date: date
    made_date: date
    balance_minor: int
    reverse_reason: str
    notes: tuple[tuple[int, str, date, int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDetail:
    """A plan with all that happened to it; ``levels`` are rows of the table, newest last."""

    card: PlanCard
    terms: str
    months: tuple[MonthRow, ...]
    levels: tuple[Any, ...]
    settlements: tuple[SettlementRow, ...]

    @property
    def texts(self) -> dict[str, str]:
        """Return the terms that were accepted, by language."""
        zh, _, en = self.terms.partition("\n\n")
        return {"zh": zh, "en": en}

    @property
    def series(self) -> Series:
        """Return its months in the order of time; bills that were cancelled are left out."""
        by_month: dict[date, list[MonthRow]] = {}
        for row in self.months:
            if not row.is_cancelled:
                by_month.setdefault(month_of(row.start_date).start, []).append(row)
        months = sorted(by_month)
        return Series(
            months=months,
            used=[sum(row.used_minor for row in by_month[one]) for one in months],
            level=[sum(row.level_minor for row in by_month[one]) for one in months],
            balance=[by_month[one][-1].balance_minor for one in months],
        )


_PAID = "(SELECT coalesce(sum(a.amount_minor), 0) FROM billing_allocation a WHERE a.bill_id = n.id)"
_MONTHS = f"""
    SELECT b.id, b.number, coalesce(x.covered_start, b.start_date), coalesce(x.covered_end, b.end_date), x.taken_minor,
           x.level_minor, coalesce(n.number, ''),
           (CASE WHEN n.state = 'issued' THEN n.amount_minor - {_PAID} ELSE 0 END)::bigint,
           x.balance_minor, b.state <> 'issued'
    FROM billing_budgetbill x JOIN billing_bill b ON b.id = x.bill_id LEFT JOIN billing_bill n ON n.id = x.level_note_id
    WHERE x.plan_id = %s ORDER BY b.id
"""  # noqa: S608 (made of constants)
_NOTES = f"""
    SELECT s.settlement_id, n.id, n.number, n.due_date, n.amount_minor,
           (CASE WHEN n.state = 'issued' AND n.amount_minor > 0 THEN n.amount_minor - {_PAID} ELSE 0 END)::bigint
    FROM billing_budgetsettlementnote s JOIN billing_bill n ON n.id = s.note_id
    JOIN billing_budgetsettlement m ON m.id = s.settlement_id
    WHERE m.plan_id = %s ORDER BY n.due_date, n.id
"""  # noqa: S608 (made of constants)


def detail(*, plan_id: int, today: date) -> PlanDetail:
    """
    Return a plan with its months, amounts and settlements; six statements.

    :raises UnknownPlan: there is none.
    """
    card = next(iter(listed(wanted=Wanted(plan_id=plan_id), today=today, most=1)), None)
    if card is None:
        raise UnknownPlan(f"There is no budget plan {plan_id}.", plan_id=plan_id)
    plan = BudgetPlan.objects.get(id=plan_id)
    notes: dict[int, list[tuple[int, str, date, int, int]]] = {}
    for settlement_id, *note in fetch(_NOTES, [plan_id]):
        notes.setdefault(settlement_id, []).append(tuple(note))
    names = MonthRow.__dataclass_fields__
    return PlanDetail(
        card=card,
        terms=plan.terms,
        months=tuple(MonthRow(**dict(zip(names, row, strict=True))) for row in fetch(_MONTHS, [plan_id])),
        levels=tuple(plan.levels.order_by("from_date", "id")),
        settlements=tuple(
            SettlementRow(
                id=row.id, kind=row.kind, state=row.state, until_date=row.until_date, made_date=row.made_date,
                balance_minor=row.balance_minor, reverse_reason=row.reverse_reason, notes=tuple(notes.get(row.id, ())),
            )
            for row in plan.settlements.order_by("id")
        ),
    )  # fmt: skip
