"""Budget plans as operations and pages need them: the rule of the place, offers, balances, plans with their months."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

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

KEEPERS: frozenset[Role | ActorKind] = frozenset(
    {Role.CLERK, Role.BILLING, Role.SUPERVISOR, ActorKind.SYSTEM, ActorKind.CLIENT}
)
"""Who begins and ends plans; of a program its key has said so."""
BILLERS: frozenset[Role | ActorKind] = frozenset({Role.BILLING, Role.SUPERVISOR})
"""Who takes settlements back."""
RULE = "budget_billing"
_BALANCES = """
    SELECT t.account_id, sum(CASE WHEN t.debit_id = l.id THEN t.amount_minor ELSE -t.amount_minor END)::bigint
    FROM billing_ledgeraccount l
    JOIN billing_transfer t ON t.account_id = ANY(%s::bigint[]) AND l.id IN (t.debit_id, t.credit_id)
    WHERE l.code = %s::text
    GROUP BY t.account_id
"""
_OF_PLAN = """
    SELECT coalesce((SELECT sum(x.taken_minor - x.level_minor) FROM billing_budgetbill x
                     JOIN billing_bill b ON b.id = x.bill_id AND b.state = 'issued'
                     WHERE x.plan_id = %(plan)s::bigint), 0)
         - coalesce((SELECT sum(balance_minor) FROM billing_budgetsettlement
                     WHERE plan_id = %(plan)s::bigint AND state = 'made'), 0)
"""
_UNTIL = """
    SELECT max(s.end_date) FROM billing_billsegment s JOIN billing_bill b ON b.id = s.bill_id AND b.state = 'issued'
    WHERE b.account_id = %s::bigint AND s.cancels_id IS NULL AND NOT EXISTS (
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
class Series:
    """What a chart shows by month: used, asked for in its place, the balance after it. [minor unit]"""

    months: Sequence[date]
    used: Sequence[int]
    level: Sequence[int]
    balance: Sequence[int]


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
    def series(self) -> "Series":
        """Return what each month is taken to cost beside the level amount, and the balance that follows."""
        balance, balances = self.working.balance_minor, []
        for one in self.working.expected:
            balance += one.amount_minor - self.working.level_minor
            balances.append(balance)
        return Series(
            months=[one.month for one in self.working.expected],
            used=[one.amount_minor for one in self.working.expected],
            level=[self.working.level_minor for _ in self.working.expected],
            balance=balances,
        )

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


def plan_balance_minor(*, plan_id: int) -> int:
    """Return the balance of one plan, settled or not; a law of the books has it that all of an account are its sum."""
    (row,) = fetch(_OF_PLAN, {"plan": plan_id})
    return int(row[0])


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
        raise BudgetNotOffered(
            "The supply of the account ends or has ended.", advice="Its final bill is owed as it is."
        )
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


_PAID = "(SELECT coalesce(sum(a.amount_minor), 0) FROM billing_allocation a WHERE a.bill_id = n.id)"


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
    WHERE x.bill_id = ANY(%s::bigint[])
"""  # noqa: S608 (made of constants)


def on_bills(*, bill_ids: Sequence[int]) -> dict[int, OnBill]:
    """Return what budget plans say on bills, by bill; bills that are not levelled are missing; one statement."""
    return {bill_id: OnBill(*rest) for bill_id, *rest in fetch(_ON_BILLS, [list(bill_ids)])}


def year_before(day: date) -> date:
    """Return the first day of the year of a plan that ends on a day."""
    return add_months(day, -budgets.MONTHS)
