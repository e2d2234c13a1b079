"""Deposits that went back and are to be paid out: what is left of the credit becomes a refund, by three hands."""

from datetime import date, timedelta

import structlog

from accounts.queries import supplier
from billing.domain.deposits import DepositState
from billing.domain.refunds import RefundState
from billing.models.deposit import Deposit
from billing.models.settlement import FinalAccount, Refund
from billing.operations import final_accounts, ledger
from billing.queries import refunds
from cis.kernel.actors import SYSTEM
from cis.kernel.calendar import local_clock
from cis.platform import audit, deadlines
from cis.platform.db import joins_transaction, opens_transaction

MONTHS_MOST = timedelta(days=366)
"""So long it is looked whether credit is free; after that it stays on the account."""
log = structlog.get_logger(__name__)


def work(*, today: date) -> int:
    """Ask for the refunds that customers wish for and that may be made now; return how many."""
    waiting = Deposit.objects.filter(
        state=DepositState.RETURNED.value, is_paid_out=True, refund=None, ended_date__gt=today - MONTHS_MOST
    )
    return sum(want(deposit_id=deposit_id, today=today) for deposit_id in waiting.values_list("id", flat=True))


@opens_transaction
def want(*, deposit_id: int, today: date) -> bool:
    """Ask for the refund of one deposit as a use case of its own; see ``want_step``."""
    account_id = Deposit.objects.values_list("account_id", flat=True).get(id=deposit_id)
    ledger.lock_customers(account_ids=[account_id])
    return want_step(deposit_id=deposit_id, today=today)


@joins_transaction
def want_step(*, deposit_id: int, today: date) -> bool:
    """
    Ask that what is left of a returned deposit is paid out, once; somebody names the payee, another approves it.

    What stands against it is looked at by ``refunds.offer``; then it is looked at again another night. An account at
    its end pays out all of its credit anyway. Return whether a refund was asked for.
    """
    row = Deposit.objects.select_for_update().get(id=deposit_id)
    if row.state != DepositState.RETURNED or not row.is_paid_out or row.refund_id is not None:
        return False
    if FinalAccount.objects.filter(account_id=row.account_id, state__in=["open", "billed"]).exists():
        return False
    offer = refunds.offer(account_id=row.account_id, today=today)
    amount_minor = min(row.returned_minor, offer.free_minor)
    if amount_minor < max(1, offer.rule.least_minor):
        return False
    refund = Refund.objects.create(
        account_id=row.account_id,
        amount_minor=amount_minor,
        due_by_date=today,
        state=RefundState.ASKED.value,
        reason=f"Deposit {row.id}",
        key=f"deposit:{row.id}",
    )
    clock = local_clock(supplier.current().time_zone)
    due_at = deadlines.start(
        subject=final_accounts.REFUND, subject_id=refund.id, standard=final_accounts.REFUND_STANDARD,
        at=clock.day_start_utc(today),
    )  # fmt: skip
    refund.due_by_date = clock.local_date(due_at - timedelta(microseconds=1))
    refund.save(update_fields=["due_by_date"])
    row.refund = refund
    row.save(update_fields=["refund"])
    audit.record(SYSTEM, "ask_refund", "account", row.account_id, refund=refund.id, amount_minor=amount_minor)
    return True
