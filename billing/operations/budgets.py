"""
Budget plans: begun when a customer accepts a level amount, ended when he wants, leaves or does not pay.

What a plan does to bills is in ``budget_notes``, what squares it in ``budget_settlements``, what falls due in
``budget_nights``.
"""

from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from accounts.domain.announcements import HolderChanged
from billing.domain.budgets import EndReason, LevelReason, PlanState, SettlementKind
from billing.models.budget import BudgetLevel, BudgetPlan
from billing.operations import budget_settlements, ledger
from billing.queries import budgets as queries
from billing.queries.budgets import BudgetNotOffered, UnknownPlan
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction

KEY_MOST = 100
DOORS = ("desk", "portal", "api")


class LevelMoved(Refused):
    """The level amount that was accepted is no longer the one that is worked out."""

    code = "budget_level_moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """
    A customer accepts a level amount. [minor unit]

    level_minor  the amount that he has seen
    door         desk, portal, api
    key          the same key twice is one plan
    """

    account_id: int
    level_minor: int
    door: str
    key: str


@opens_transaction
def accept(*, new: Acceptance, today: date, actor: Actor) -> int:
    """
    Begin a plan: the next bills of the account are levelled.

    :returns: id of the plan.
    :raises NotAllowed: the actor neither serves customers nor is one to whom the place leaves it.
    :raises LevelMoved: another amount is worked out by now: it is to be looked at again.
    :raises MissingRule, BudgetNotOffered, BudgetUnknown, NothingToLevel: as ``queries.budgets.offer``.
    """
    _check_actor(actor, today=today)
    if new.door not in DOORS or not 0 < len(new.key.strip()) <= KEY_MOST:
        raise BudgetNotOffered("The acceptance has no key or no known door.")
    ledger.lock_customers(account_ids=[new.account_id])
    known = BudgetPlan.objects.filter(key=new.key).first()
    if known is not None and known.account_id == new.account_id:
        return known.id
    offer = queries.offer(account_id=new.account_id, today=today)
    if offer.working.level_minor != new.level_minor:
        raise LevelMoved(
            "Another amount is worked out by now.", advice="Look at it again, then accept it.",
            level_minor=offer.working.level_minor,
        )  # fmt: skip
    plan = BudgetPlan.objects.create(
        account_id=new.account_id,
        from_date=offer.first,
        year_date=offer.first,
        accepted_date=today,
        door=new.door,
        terms=offer.text,
        key=new.key,
        accepter_id=actor.id,
    )
    BudgetLevel.objects.create(
        plan=plan,
        reason=LevelReason.OFFER.value,
        due_date=offer.first,
        from_date=offer.first,
        amount_minor=offer.working.level_minor,
        known_months=offer.working.known_months,
        expected_minor=offer.working.expected_minor,
        months=offer.working.months,
        made_date=today,
    )
    audit.record(
        actor, "accept_budget", "account", new.account_id, plan=plan.id, level_minor=offer.working.level_minor,
        door=new.door,
    )  # fmt: skip
    return plan.id


@opens_transaction
def end(*, plan_id: int, today: date, actor: Actor) -> None:
    """
    End a plan as its customer wants, and settle it at once: what is missing is owed, what is over is credited.

    :raises NotAllowed: as ``accept``.
    :raises UnknownPlan: there is none that runs.
    """
    _check_actor(actor, today=today)
    end_step(plan_id=plan_id, reason=EndReason.ASKED, today=today, actor=actor)


@joins_transaction
def end_step(*, plan_id: int, reason: EndReason, today: date, actor: Actor) -> None:
    """
    End a plan and settle it, as a step of what ends it.

    :raises UnknownPlan: there is none that runs.
    """
    plan = budget_settlements.lock_plan(plan_id=plan_id)
    if plan.state != PlanState.ACTIVE.value:
        raise UnknownPlan(f"Budget plan {plan_id} has ended.", plan_id=plan_id)
    plan.state, plan.ended_date, plan.end_reason = PlanState.ENDED.value, today, reason.value
    plan.ender_id = actor.id
    plan.save(update_fields=["state", "ended_date", "end_reason", "ender_id"])
    budget_settlements.settle_step(plan=plan, kind=SettlementKind.END, until_date=today, today=today, actor=actor)
    audit.record(actor, "end_budget", "account", plan.account_id, plan=plan.id, reason=reason.value)


@joins_transaction
def note_holder(changed: HolderChanged) -> None:
    """End and settle the plan of who gives an account to another customer; a listener."""
    leave_step(account_id=changed.account_id, today=timezone.localdate(), actor=SYSTEM)


@joins_transaction
def leave_step(*, account_id: int, today: date, actor: Actor) -> None:
    """End the plan of an account that is billed to its end, if it has one."""
    plan = queries.running(account_id=account_id)
    if plan is not None:
        end_step(plan_id=plan.id, reason=EndReason.LEFT, today=today, actor=actor)


def _check_actor(actor: Actor, *, today: date) -> None:
    if actor.is_one_of(queries.KEEPERS):
        return
    if actor.kind is ActorKind.CUSTOMER or Role.CUSTOMER in actor.roles:
        found = queries.rule_or_none(at=today)
        if found is not None and found.by_customer:
            return
    raise NotAllowed(f"{actor.name} may not begin or end budget plans.", advice="Ask a clerk or billing.")
