"""What falls due of budget plans: reviews, the settlement of a year, plans whose amounts are not paid."""

from datetime import date, datetime, timedelta

import structlog

from accounts.queries import supplier
from billing.domain import budgets
from billing.domain.budgets import EndReason, LevelReason, NothingToLevel, PlanState, SettlementKind, SettlementState
from billing.models.budget import BudgetLevel, BudgetPlan
from billing.operations import budget_settlements, budget_telling
from billing.operations import budgets as operations
from billing.queries import budgets as queries
from cis.kernel.actors import SYSTEM
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.platform.db import fetch, joins_transaction, opens_transaction

WORK = "budget_plans"
"""Falls due each night, after the bills."""

log = structlog.get_logger(__name__)
_LATE = """
    SELECT DISTINCT p.id FROM billing_budgetplan p
    JOIN billing_budgetbill x ON x.plan_id = p.id JOIN billing_bill n ON n.id = x.level_note_id AND n.state = 'issued'
    WHERE p.state = 'active' AND n.due_date < %(due)s::date AND (%(plan)s::bigint IS NULL OR p.id = %(plan)s::bigint)
      AND n.amount_minor > (SELECT coalesce(sum(a.amount_minor), 0) FROM billing_allocation a WHERE a.bill_id = n.id)
    ORDER BY p.id
"""
_BILLED = """
    SELECT p.id, p.year_date, max(x.covered_end),
           (SELECT max(v.due_date) FROM billing_budgetlevel v WHERE v.plan_id = p.id)
    FROM billing_budgetplan p
    JOIN billing_budgetbill x ON x.plan_id = p.id JOIN billing_bill b ON b.id = x.bill_id AND b.state = 'issued'
    WHERE p.state = 'active' AND x.covered_end IS NOT NULL
    GROUP BY p.id ORDER BY p.id
"""


def night(at: datetime) -> None:
    """
    Work on all plans that something is due of; what is done is not due again, so it may be cut off and run twice.

    Where the place has no rule any more, running plans are left as they are.
    """
    today = local_clock(supplier.current().time_zone).local_date(at)
    rule = queries.rule_or_none(at=today)
    if rule is None:
        return
    if rule.late_days:
        for (plan_id,) in fetch(_LATE, {"due": today - timedelta(days=rule.late_days), "plan": None}):
            _try(_end_late, plan_id=plan_id, today=today)
    for plan_id, year_date, billed_until, reviewed in fetch(_BILLED):
        if billed_until >= budgets.year_end(year_date):
            _try(settle_year, plan_id=plan_id, today=today)
        elif budgets.review_due(year_date=year_date, billed_until=billed_until, reviewed=reviewed, rule=rule):
            _try(review, plan_id=plan_id, today=today)


def _try(work: object, **given: object) -> None:
    """Do one plan in a transaction of its own; one that is refused must not keep the others from their turn."""
    try:
        work(**given)  # type: ignore[operator]
    except Refused as refusal:
        log.warning("budget_plan_waits", code=refusal.code, message=refusal.message, **given)


@opens_transaction
def settle_year(*, plan_id: int, today: date) -> bool:
    """
    Settle the year of a plan whose months are all billed, and work out the amount of the next; whether it was due.

    :raises UnknownPlan: there is no such plan.
    """
    plan = budget_settlements.lock_plan(plan_id=plan_id)
    end_date = budgets.year_end(plan.year_date)
    billed_until = _billed_until(plan)
    if plan.state != PlanState.ACTIVE.value or billed_until is None or billed_until < end_date:
        return False
    settled = plan.settlements.filter(
        kind=SettlementKind.YEAR.value, state=SettlementState.MADE.value, until_date=end_date
    )
    if not settled.exists():
        budget_settlements.settle_step(
            plan=plan, kind=SettlementKind.YEAR, until_date=end_date, today=today, actor=SYSTEM
        )
    plan.year_date = end_date
    plan.save(update_fields=["year_date"])
    if not plan.levels.filter(due_date__gte=end_date).exists():
        _work_out(plan, reason=LevelReason.YEAR, due_date=end_date, first=billed_until, today=today)
    return True


@opens_transaction
def review(*, plan_id: int, today: date) -> bool:
    """
    Work the amount of a plan out anew where a review is due; return whether it was.

    It changes only by more than the rule's percent, and from a month on that begins long enough after it was told.

    :raises UnknownPlan: there is no such plan.
    :raises MissingRule: the place has no rule any more.
    """
    plan = budget_settlements.lock_plan(plan_id=plan_id)
    rule, billed_until = queries.rule(at=today), _billed_until(plan)
    reviewed = max(plan.levels.values_list("due_date", flat=True))
    if plan.state != PlanState.ACTIVE.value or billed_until is None:
        return False
    due = budgets.review_due(year_date=plan.year_date, billed_until=billed_until, reviewed=reviewed, rule=rule)
    if due is None:
        return False
    first = budgets.holds_from(today=today, billed_until=billed_until, rule=rule)
    _work_out(plan, reason=LevelReason.REVIEW, due_date=due, first=first, today=today)
    return True


@opens_transaction
def _end_late(*, plan_id: int, today: date) -> None:
    budget_settlements.lock_plan(plan_id=plan_id)
    late = {"due": today - timedelta(days=queries.rule(at=today).late_days), "plan": plan_id}
    # Asked again under the lock: it may have been paid meanwhile.
    if fetch(_LATE, late):
        operations.end_step(plan_id=plan_id, reason=EndReason.LATE, today=today, actor=SYSTEM)


@joins_transaction
def _work_out(plan: BudgetPlan, *, reason: LevelReason, due_date: date, first: date, today: date) -> None:
    """Work an amount out from the bills of the last twelve months and what is on the balance, and keep how."""
    rule, billed_until = queries.rule(at=today), _billed_until(plan)
    assert billed_until is not None  # who calls has looked
    levels = list(plan.levels.order_by("from_date", "id").values_list("from_date", "amount_minor"))
    before_minor = budgets.level_on(levels=levels, month=first)
    until = queries.billed_until(account_id=plan.account_id) or billed_until
    balance_minor = queries.balances_minor(account_ids=[plan.account_id]).get(plan.account_id, 0)
    try:
        working = budgets.work_out(
            billed=queries.whole_months(account_id=plan.account_id, until_date=until),
            first=first,
            until=budgets.year_end(plan.year_date),
            rule=rule,
            balance_minor=balance_minor,
            since=billed_until,
            before_minor=before_minor,
        )
    except NothingToLevel:
        # The last months of a year, or a year of credits: the amount stays until it is settled.
        level = BudgetLevel(amount_minor=before_minor, known_months=0, expected_minor=0, months=0)
        is_changed = False
    else:
        # A new year has its own amount; within one it stays unless it is far off.
        is_changed = working.level_minor != before_minor and (
            reason is LevelReason.YEAR
            or budgets.is_changed(before_minor=before_minor, new_minor=working.level_minor, rule=rule)
        )
        level = BudgetLevel(
            amount_minor=working.level_minor if is_changed else before_minor,
            known_months=working.known_months,
            expected_minor=working.expected_minor,
            still_minor=working.still_minor,
            months=working.months,
        )
    level.plan, level.reason, level.due_date, level.from_date = plan, reason.value, due_date, first
    level.before_minor, level.balance_minor, level.made_date = before_minor, balance_minor, today
    level.save()
    if is_changed:
        budget_telling.changed_step(level=level, today=today, actor=SYSTEM)


def _billed_until(plan: BudgetPlan) -> date | None:
    rows = plan.bills.filter(bill__state="issued", covered_end__isnull=False).order_by("-covered_end")
    return rows.values_list("covered_end", flat=True).first()
