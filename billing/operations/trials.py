"""
What a correction would change, in energy and in money: it is made, billed and measured, and all of it rolled back.

So a preview is the same code as the run, and cannot say something else.
"""

from dataclasses import dataclass
from datetime import date

from billing.domain.findings import Obstacle
from billing.queries import rebill_changes, segments
from billing.queries.rebill_changes import MonthChange
from cis.kernel.actors import Actor
from cis.platform import db
from metering.domain.correction_orders import Order
from metering.operations import corrections
from metering.queries import corrections as found_corrections
from metering.queries.corrections import CorrectionDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChange:
    """
    What becomes of one account.

    months    periods of which bills change; none where nothing was billed of them yet
    obstacle  why it could not be billed; None: it can
    """

    account_id: int
    months: tuple[MonthChange, ...]
    obstacle: Obstacle | None = None

    @property
    def change_minor(self) -> int:
        """Return what is added; below 0: paid back. [minor unit]"""
        return sum(month.change_minor for month in self.months)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A correction as it would be: its energy by register and span, its money by account and billed period."""

    correction: CorrectionDetail
    accounts: tuple[AccountChange, ...]

    @property
    def change_minor(self) -> int:
        """Return what all accounts together would be billed. [minor unit]"""
        return sum(account.change_minor for account in self.accounts)

    @property
    def is_billable(self) -> bool:
        """Return whether every account can be billed, so that the money is known."""
        return all(account.obstacle is None for account in self.accounts)


def of_order(*, order: Order, today: date, actor: Actor) -> Trial:
    """
    Return what a correction would do; nothing of it is kept.

    :raises BadCorrection: see ``metering.queries.correction_plans.plan``.
    :raises AlreadyCorrected: there is one of the same cause for some of the days.
    :raises NotAllowed: the actor may not correct.
    """
    with db.rolled_back():
        correction_id = corrections.try_out(order=order, today=today, actor=actor)
        return Trial(
            correction=found_corrections.one(correction_id=correction_id),
            accounts=tuple(_of_account(one) for one in rebill_changes.accounts_of(correction_id=correction_id)),
        )


def of_account(*, account_id: int) -> AccountChange:
    """Return what the open rebills of an account would change; a constant number of statements."""
    return _of_account(account_id)


def _of_account(account_id: int) -> AccountChange:
    last = rebill_changes.last_billed(account_id=account_id)
    if last is None:
        return AccountChange(account_id=account_id, months=())
    found = segments.find(account_ids=[account_id], scope=rebill_changes.scope_of(last))
    return AccountChange(
        account_id=account_id,
        months=rebill_changes.changes_of(found),
        obstacle=found.obstacles.of_account.get(account_id),
    )
