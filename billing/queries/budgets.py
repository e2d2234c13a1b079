"""Budget plans as operations and pages need them: the rule of the place, offers, balances, plans with their months."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from accounts.queries import supplier
from billing.domain import budget_terms, budgets
from billing.domain.budgets import LEDGER_CODE, BudgetRule, PlanState, Working
from billing.models.budget import BudgetPlan
from billing.models.settlement import FinalAccount
from billing.queries import balances, bills
from cis.kernel import fixed
from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.periods import add_months, month_of
from cis.platform import packs
from cis.platform.db import fetch

KEEPERS: frozenset[Role | ActorKind] = frozenset({Role.CLERK, Role.BILLING, Role.SUPERVISOR, ActorKind.SYSTEM})
"""Who begins and ends plans."""
BILLERS: frozenset[Role | ActorKind] = frozenset({Role.BILLING, Role.SUPERVISOR})
"""Who takes settlements back."""
RULE = "budget_billing"
_BALANCES = """
    SELECT t.account_id, sum(CASE WHEN t.debit_id = l.id THEN t.amount_minor ELSE -t.amount_minor END)::bigint
    FROM billing_ledgeraccount l
    JOIN billing_transfer t ON t.account_id = ANY(%s) AND l.id IN (t.debit_id, t.credit_id)
    WHERE l.code = %s
    GROUP BY t.account_id
"""
_UNTIL = """
    SELECT max(s.end_date) FROM billing_billsegment s JOIN billing_bill b ON b.id = s.bill_id AND b.state = 'issued'
    WHERE b.account_id = %s AND s.cancels_id IS NULL AND NOT EXISTS (
        SELECT 1 FROM billing_billsegment c JOIN billing_bill cb ON cb.id = c.bill_id AND cb.state = 'issued'
        WHERE c.cancels_id = s.id)
"""


class UnknownPlan(Refused):
    """There is no such plan, or it is not running."""

    code = "unknown_budget_plan"


class BudgetNotOffered(Refused):
    """The account cannot have a budget plan now."""

    code = "budget_not_offered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """
    What a plan would be. [minor unit]

    first  first month that is levelled
    terms  sentences, by language
    """

    account_id: int
    first: date
    working: Working
    rule: BudgetRule
    terms: dict[str, tuple[str, ...]]

    @property
    def text(self) -> str:
        """Return the terms as they are kept."""
        return "\n".join((*self.terms["zh"], "", *self.terms["en"]))


def rule(*, at: date) -> BudgetRule:
    """
    Return what the place says about budget plans.

    :raises MissingRule: it has no rule ``budget_billing``: none are offered there.
    """
    text = packs.text_of(RULE, at=at)
    value, places = text.value, packs.rule("decimals", at=at)
    return BudgetRule(
        least_months=value["least_months"],
        step_minor=max(1, fixed.parse(value["step"], places=places)),
        review_months=tuple(sorted(value["review_months"])),
        change_percent=value["change_percent"],
        notice_days=value["notice_days"],
        spread_above_minor=fixed.parse(value["spread_above"], places=places),
        spread_months=value["spread_months"],
        late_days=value["late_days"],
        by_customer=value["by_customer"],
        source=text.source,
    )


def rule_or_none(*, at: date) -> BudgetRule | None:
    """Return the same; None where the place has none, or has none any more."""
    try:
        return rule(at=at)
    except packs.MissingRule:
        return None


def source(*, at: date) -> str:
    """Return the text that plans rest on; where the place has none any more, what the customer accepted."""
    found = rule_or_none(at=at)
    return found.source if found is not None else "Accepted by the customer"


def balances_minor(*, account_ids: Collection[int]) -> dict[int, int]:
    """Return budget balances, above 0: used and not paid yet; accounts without one are missing; one statement."""
    return dict(fetch(_BALANCES, [sorted(set(account_ids)), LEDGER_CODE]))


def billed_until(*, account_id: int) -> date | None:
    """Return the first day after all that is billed of an account; None: nothing is; one statement."""
    until: date | None = fetch(_UNTIL, [account_id])[0][0]
    return until


def whole_months(*, account_id: int, until_date: date) -> dict[date, int]:
    """Return what was billed for energy in each whole month of the last twelve before a day; one statement."""
    found = bills.usage_by_month(account_id=account_id, end_date=until_date, months=budgets.MONTHS)
    return {one.month: one.amount_minor for one in found if one.days >= month_of(one.month).days}


def running(*, account_id: int) -> BudgetPlan | None:
    """Return the plan of an account that runs; one statement."""
    return BudgetPlan.objects.filter(account_id=account_id, state=PlanState.ACTIVE.value).first()


def offer(*, account_id: int, today: date) -> Offer:
    """
    Return the level amount that an account would pay, and how it is worked out.

    :raises MissingRule: none are offered at this place.
    :raises BudgetNotOffered: one runs already, something is overdue, or the account is at its end.
    :raises BudgetUnknown, NothingToLevel: too little was billed, or it comes to nothing.
    """
    place = rule(at=today)
    if running(account_id=account_id) is not None:
        raise BudgetNotOffered("The account has a budget plan.", advice="Look at it, or end it first.")
    if FinalAccount.objects.filter(account_id=account_id, state__in=["open", "billed", "settled"]).exists():
        raise BudgetNotOffered("The supply of the account ends or has ended.", advice="Its final bill is owed as it is.")
    if balances.of_account(account_id=account_id, today=today).overdue_minor:
        raise BudgetNotOffered("Something is overdue.", advice="A plan begins when what is overdue is paid.")
    until = billed_until(account_id=account_id)
    if until is None:
        raise budgets.BudgetUnknown(
            "Nothing was billed of this account yet.", advice="Offer it when more months are billed.", known=0
        )
    first = month_of(until).start
    working = budgets.work_out(
        billed=whole_months(account_id=account_id, until_date=until),
        first=first,
        until=budgets.year_end(first),
        rule=place,
    )
    return Offer(
        account_id=account_id,
        first=first,
        working=working,
        rule=place,
        terms=budget_terms.terms(
            working=working, first=first, rule=place, currency=supplier.current().currency,
            places=packs.rule("decimals", at=today),
        ),
    )  # fmt: skip


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
        WHERE (%(text)s = '' OR a.number LIKE %(start)s OR h.name LIKE %(part)s)
          AND (%(state)s = '' OR p.state = %(state)s)
          AND (%(account)s::bigint IS NULL OR p.account_id = %(account)s)
          AND (%(plan)s::bigint IS NULL OR p.id = %(plan)s)
    ) found
    WHERE CASE %(side)s WHEN 'owes' THEN balance_minor > 0 WHEN 'ahead' THEN balance_minor < 0 ELSE true END
    ORDER BY id DESC OFFSET %(offset)s LIMIT %(most)s
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


_PAID = "(SELECT coalesce(sum(a.amount_minor), 0) FROM billing_allocation a WHERE a.bill_id = n.id)"
_MONTHS = f"""
    SELECT b.id, b.number, coalesce(x.covered_start, b.start_date), coalesce(x.covered_end, b.end_date), x.taken_minor,
           x.level_minor, coalesce(n.number, ''), CASE WHEN n.state = 'issued' THEN n.amount_minor - {_PAID} ELSE 0 END,
           x.balance_minor, b.state <> 'issued'
    FROM billing_budgetbill x JOIN billing_bill b ON b.id = x.bill_id LEFT JOIN billing_bill n ON n.id = x.level_note_id
    WHERE x.plan_id = %s ORDER BY b.id
"""  # noqa: S608 (made of constants)
_NOTES = f"""
    SELECT s.settlement_id, n.id, n.number, n.due_date, n.amount_minor,
           CASE WHEN n.state = 'issued' AND n.amount_minor > 0 THEN n.amount_minor - {_PAID} ELSE 0 END
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
        notes.setdefault(settlement_id, []).append((note[0], note[1], note[2], note[3], int(note[4])))
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


@dataclass(frozen=True, slots=True)
class OnBill:
    """
    What a budget plan says on a bill. [minor unit]

    to_pay_minor  open of the level amount, and of what the bill itself still owes
    """

    taken_minor: int
    level_minor: int
    balance_minor: int
    to_pay_minor: int
    level_number: str


_ON_BILLS = f"""
    SELECT x.bill_id, x.taken_minor, x.level_minor, x.balance_minor,
           (CASE WHEN n.id IS NULL OR n.state <> 'issued' THEN 0 ELSE n.amount_minor - {_PAID} END
            + greatest(b.amount_minor, 0)
            - (SELECT coalesce(sum(a.amount_minor), 0) FROM billing_allocation a WHERE a.bill_id = b.id))::bigint,
           coalesce(n.number, '')
    FROM billing_budgetbill x JOIN billing_bill b ON b.id = x.bill_id LEFT JOIN billing_bill n ON n.id = x.level_note_id
    WHERE x.bill_id = ANY(%s)
"""  # noqa: S608 (made of constants)


def on_bills(*, bill_ids: Sequence[int]) -> dict[int, OnBill]:
    """Return what budget plans say on bills, by bill; bills that are not levelled are missing; one statement."""
    return {bill_id: OnBill(*rest) for bill_id, *rest in fetch(_ON_BILLS, [list(bill_ids)])}


def year_before(day: date) -> date:
    """Return the first day of the year of a plan that ends on a day."""
    return add_months(day, -budgets.MONTHS)
