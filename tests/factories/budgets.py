"""Months billed as a run issues them, and budget plans on them."""

from collections.abc import Sequence
from datetime import date

from django.db import transaction

from billing.models.bill import Bill
from billing.operations import budgets, issuing
from billing.operations.budgets import Acceptance
from billing.queries import balances
from billing.queries import budgets as queries
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.periods import add_months, month_of
from tests.factories import billing
from tests.factories.contracts import World
from tests.factories.refunds import paid_in

KWH = (200, 150, 100, 80, 60, 60, 150, 220, 160, 70, 90, 160)
"""A year that comes to 92.55 yuan: the level amount is 80.00."""


def month(world: World, start: date, kwh: int) -> Bill:
    """Bill a month, issued as a run issues it."""
    period = month_of(start)
    made = billing.draft(world=world, kwh=kwh, start_date=period.start, end_date=period.end)
    with transaction.atomic():
        issuing.issue(bill_ids=[made.id], account_ids=[world.account.id], issue_date=period.end, actor=SYSTEM)
    made.refresh_from_db()
    return made


def pay(world: World, on: date) -> int:
    """Pay what is owed; return how much it was."""
    due = balances.of_account(account_id=world.account.id, today=on).balance_minor
    if due > 0:
        paid_in(world.account.id, due, on=on, reference=f"due{world.account.id}-{on}")
    return max(0, due)


def year(world: World, first: date, kwh: Sequence[int] = KWH) -> None:
    """Bill whole months without a plan, and pay them."""
    for place, one in enumerate(kwh):
        made = month(world, add_months(first, place), one)
    pay(world, made.issue_date)


def accept(world: World, on: date, key: str = "k", actor: Actor = SYSTEM) -> int:
    """Begin a plan with the amount that is worked out."""
    offer = queries.offer(account_id=world.account.id, today=on)
    new = Acceptance(
        account_id=world.account.id,
        level_minor=offer.working.level_minor,
        door="desk",
        key=f"{key}{world.account.id}",
    )
    return budgets.accept(new=new, today=on, actor=actor)
