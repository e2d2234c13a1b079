"""Plans of instalments end with the account, or with who held it: what is open of them is owed with the final bill."""

from datetime import datetime

from django.utils import timezone

from accounts.domain.announcements import HolderChanged
from arrears.domain.plan_workflow import LIVE, PlanAction, PlanState
from arrears.models.plan import InstalmentPlan
from arrears.operations import plan_looks, plans
from arrears.queries import plan_facts
from billing.domain.announcements import AccountBilledToEnd
from billing.operations import ledger
from cis.kernel.actors import SYSTEM
from cis.platform.db import joins_transaction

LEFT = "left"
"""Why it ended; a word of the desk."""


@joins_transaction
def note_end(billed: AccountBilledToEnd) -> None:
    """End the plan of an account whose final bill is issued; a listener, in the transaction that says so."""
    leave_step(account_id=billed.account_id, at=timezone.now())


@joins_transaction
def note_holder(changed: HolderChanged) -> None:
    """End the plan of who gives an account to another customer; a listener."""
    leave_step(account_id=changed.account_id, at=timezone.now())


@joins_transaction
def leave_step(*, account_id: int, at: datetime) -> None:
    """
    End the plan of an account, if it has one: one that holds is settled into the account and its customer is told, one
    that was only offered is dropped.
    """
    ledger.lock_customers(account_ids=[account_id])
    states = [state.value for state in LIVE]
    row = InstalmentPlan.objects.select_for_update().filter(account_id=account_id, state__in=states).first()
    if row is None:
        return
    if row.state != PlanState.KEPT:
        plans.drop_step(row=row, reason=LEFT, at=at, actor=SYSTEM)
        return
    (facts,) = plan_facts.of_plans(plan_ids=[row.id])
    plan_looks.end_step(ended=[(facts, LEFT)], action=PlanAction.LEAVE, state=PlanState.CANCELLED, at=at, actor=SYSTEM)
