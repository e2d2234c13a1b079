"""Customers are told that a budget plan was settled, or that its amount changes; monthly bills are in ``telling``."""

from collections.abc import Sequence
from datetime import date

from accounts.domain.notice_events import Fact
from accounts.operations import notices
from accounts.queries import accounts
from billing.domain.budgets import Part
from billing.models.budget import BudgetLevel, BudgetSettlement
from billing.operations import telling
from cis.kernel.actors import Actor
from cis.platform.db import joins_transaction

LINK = "/portal/budget"


@joins_transaction
def settled_step(*, settlement: BudgetSettlement, parts: Sequence[Part], today: date, actor: Actor) -> None:
    """Tell the customer what a settlement came to: owed, spread, credited, or nothing."""
    balance_minor = settlement.balance_minor
    facts: dict[str, Fact] = {"until": settlement.until_date, "link": LINK}
    if balance_minor > 0:
        facts |= {
            "amount": telling.money(balance_minor),
            "parts": len(parts),
            "first": telling.money(parts[0].amount_minor),
            "due": parts[0].due_date,
        }
        event = "budget_owed"
    else:
        facts["amount"] = telling.money(-balance_minor)
        event = "budget_credited"
    _tell(event, settlement.plan.account_id, f"budget-settlement:{settlement.id}", facts, today, actor)


@joins_transaction
def changed_step(*, level: BudgetLevel, today: date, actor: Actor) -> None:
    """Tell the customer that another amount is asked for from a month on."""
    facts: dict[str, Fact] = {
        "before": telling.money(level.before_minor),
        "amount": telling.money(level.amount_minor),
        "since": level.from_date,
        "link": LINK,
    }
    _tell("budget_changed", level.plan.account_id, f"budget-level:{level.id}", facts, today, actor)


def _tell(event: str, account_id: int, key: str, facts: dict[str, Fact], today: date, actor: Actor) -> None:
    holder_id = next((one.customer_id for one in accounts.holders(account_ids=[account_id])), None)
    if holder_id is None:
        return
    notices.queue_step(
        event=event, customer_id=holder_id, account_id=account_id, facts=facts, key=key, actor=actor,
        occurred_date=today,
    )  # fmt: skip
