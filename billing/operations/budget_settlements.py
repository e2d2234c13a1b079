"""Settlements of budget plans: the balance becomes owed or credited, by notes; taken back with them."""

from datetime import date

from billing.domain import budgets
from billing.domain.budgets import PlanState, SettlementKind, SettlementState
from billing.models.bill import BillKind
from billing.models.budget import BudgetPlan, BudgetSettlement, BudgetSettlementNote
from billing.operations import budget_telling, issuing, ledger, notes
from billing.queries import budgets as queries
from billing.queries import due_dates
from billing.queries.budgets import UnknownPlan
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain.charge_kinds import ChargeKind
from contracts.operations import signed_charges

SUBJECT = "budget_settlement"
REASON_MOST = 200


class SettlementNotReversible(Refused):
    """The settlement was taken back, another one follows it, or no reason is given."""

    code = "budget_settlement_not_reversible"


@joins_transaction
def lock_plan(*, plan_id: int) -> BudgetPlan:
    """
    Lock the books of a plan's account, as all that moves them does first, then the plan.

    :raises UnknownPlan: there is none.
    """
    account_id = BudgetPlan.objects.filter(id=plan_id).values_list("account_id", flat=True).first()
    if account_id is None:
        raise UnknownPlan(f"There is no budget plan {plan_id}.", plan_id=plan_id)
    ledger.lock_customers(account_ids=[account_id])
    return BudgetPlan.objects.select_for_update().get(id=plan_id)


@joins_transaction
def settle_step(
    *, plan: BudgetPlan, kind: SettlementKind, until_date: date, today: date, actor: Actor
) -> BudgetSettlement | None:
    """
    Square the balance of a plan that is locked; None where a plan that ended has none.

    A debt of a year above the bound of the place is owed in parts; a credit pays what is open, the rest is the
    account's credit.
    """
    balance_minor = queries.plan_balance_minor(plan_id=plan.id)
    if not balance_minor and kind is SettlementKind.AFTER:
        return None
    made = BudgetSettlement.objects.create(
        plan=plan, kind=kind.value, until_date=until_date, balance_minor=balance_minor, made_date=today,
        maker_id=actor.id,
    )  # fmt: skip
    due = due_dates.of_accounts(account_ids=[plan.account_id], issue_date=today)[plan.account_id]
    rule = queries.rule_or_none(at=today)
    parts = budgets.parts(balance_minor=balance_minor, kind=kind, due_date=due, rule=rule)
    for place, part in enumerate(parts, start=1):
        charge_id = signed_charges.agree_step(
            account_id=plan.account_id,
            kind=ChargeKind.BUDGET_SETTLEMENT,
            amount_minor=part.amount_minor,
            tax_minor=0,
            ledger_class=budgets.LEDGER_CODE,
            reason=f"{until_date.isoformat()} {place}/{len(parts)}" if len(parts) > 1 else until_date.isoformat(),
            legal_source=queries.source(at=today),
            subject=SUBJECT,
            subject_id=made.id,
            key=f"{SUBJECT}:{made.id}:{place}",
            today=today,
            actor=actor,
        )
        note_id = notes.bill_now_step(
            account_id=plan.account_id, charge_ids=[charge_id], kind=BillKind.NOTE, issue_date=today,
            due_date=part.due_date, actor=actor, is_told=False,
        )  # fmt: skip
        BudgetSettlementNote.objects.create(settlement=made, note_id=note_id)
        issuing.queue_paper_step(bill_ids=[note_id])
    budget_telling.settled_step(settlement=made, parts=parts, today=today, actor=actor)
    audit.record(
        actor, "settle_budget", "account", plan.account_id, plan=plan.id, settlement=made.id, kind=kind.value,
        balance_minor=balance_minor,
    )  # fmt: skip
    return made


@opens_transaction
def reverse(*, settlement_id: int, reason: str, today: date, actor: Actor) -> None:
    """
    Take a settlement back with its notes: the balance is as it was, and a plan that ended with it goes on.

    What was paid of the notes is credit of the account.

    :raises NotAllowed: the actor neither bills nor supervises.
    :raises UnknownPlan: there is no such settlement.
    :raises SettlementNotReversible: it was taken back before, it is not the last one, or no reason is given.
    """
    if not actor.is_one_of(queries.BILLERS):
        raise NotAllowed(f"{actor.name} may not take settlements back.", advice="Ask billing or a supervisor.")
    found = BudgetSettlement.objects.filter(id=settlement_id).first()
    if found is None:
        raise UnknownPlan(f"There is no settlement {settlement_id} of a budget plan.")
    plan = lock_plan(plan_id=found.plan_id)
    made = BudgetSettlement.objects.select_for_update().get(id=settlement_id)
    last = plan.settlements.filter(state=SettlementState.MADE.value).order_by("-id").first()
    if not reason.strip() or last is None or last.id != made.id or made.kind == SettlementKind.AFTER.value:
        raise SettlementNotReversible(
            "Only the last settlement is taken back, once, and for a reason.", advice="Say why.", field="reason"
        )
    if made.kind == SettlementKind.END.value:
        if BudgetPlan.objects.filter(account_id=plan.account_id, state=PlanState.ACTIVE.value).exists():
            raise SettlementNotReversible("The account has another plan by now.", advice="End that one first.")
        plan.state, plan.ended_date, plan.end_reason, plan.ender_id = PlanState.ACTIVE.value, None, "", None
    else:
        plan.year_date = queries.year_before(made.until_date)
    plan.save(update_fields=["state", "ended_date", "end_reason", "ender_id", "year_date"])
    for note_id in made.notes.values_list("note_id", flat=True):
        notes.take_back_step(note_id=note_id, reason=reason, as_of_date=today, actor=actor)
    made.state, made.reverser_id = SettlementState.REVERSED.value, actor.id
    made.reverse_reason = reason.strip()[:REASON_MOST]
    made.save(update_fields=["state", "reverser_id", "reverse_reason"])
    audit.record(actor, "reverse_budget_settlement", "account", plan.account_id, settlement=made.id, reason=reason)
