"""Customers who pay a level amount: begun in the portal and at the desk some months ago, their bills levelled since."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from billing.operations import budget_nights
from billing.operations import budgets as operations
from billing.operations.budgets import Acceptance
from billing.queries import bills, budgets
from cis.demo.building import Billed
from cis.kernel.actors import SYSTEM
from cis.kernel.errors import Refused
from cis.kernel.periods import Period

EVERY = 9
MOST = 12
MONTHS_BEFORE = 5
"""So many months of the demo are billed after plans have begun."""
LATER = timedelta(days=20)


def month_over(*, billed: Billed, months: Sequence[Period], today: date) -> None:
    """Do what a supplier does about plans when a month is billed: begin some, months ago; review and settle others."""
    if months.index(billed.month) == len(months) - 1 - MONTHS_BEFORE:
        begin(run_id=billed.run_id, today=min(today, billed.month.end + LATER))
    night = datetime.combine(min(today, billed.month.end), time(4), tzinfo=ZoneInfo(settings.TIME_ZONE))
    budget_nights.night(night)


def begin(*, run_id: int, today: date) -> Sequence[int]:
    """
    Begin plans for some accounts of a run whose bills are paid; returns the accounts.

    :param today: as if staff had done it on that day.
    """
    begun: list[int] = []
    for card in bills.of_run(run_id=run_id, state="issued", most=EVERY * MOST)[::EVERY]:
        try:
            offer = budgets.offer(account_id=card.account_id, today=today)
            new = Acceptance(
                account_id=card.account_id,
                level_minor=offer.working.level_minor,
                door="portal" if len(begun) % 3 else "desk",
                key=f"demo:{card.account_id}",
            )
            operations.accept(new=new, today=today, actor=SYSTEM)
        except Refused:
            continue  # too new, overdue, or a supplier of its own energy: a person would offer it nothing either
        begun.append(card.account_id)
    return begun
