"""Supplies whose meter is told to switch on once their deposit is paid: in the transaction that pays or waives it."""

from collections.abc import Sequence
from datetime import date, datetime

from django.utils import timezone

from accounts.queries import supplier
from billing.domain.announcements import DepositSettled, PaymentsBooked
from billing.domain.energizing import EnergizingState
from billing.models.energizing import Energizing
from billing.operations import energizing, ledger
from billing.queries import supply_deposits
from cis.kernel.calendar import local_clock
from cis.platform.db import joins_transaction, opens_transaction

WORK = "energizing_waits"


@joins_transaction
def note_payments(booked: PaymentsBooked) -> None:
    """Switch on what waited for a deposit that is paid now; one statement where nothing waits. A listener."""
    look_step(account_ids=booked.account_ids, at=timezone.now())


@joins_transaction
def note_settled(settled: DepositSettled) -> None:
    """Switch on what waited for a deposit that is waived now, or not waited for any more; a listener."""
    look_step(account_ids=(settled.account_id,), at=timezone.now())


@joins_transaction
def look_step(*, account_ids: Sequence[int], at: datetime) -> int:
    """
    Tell the meters to switch on whose deposits are waited for no more; return how many.

    The caller holds the locks of the ledgers.
    """
    found = Energizing.objects.filter(account_id__in=list(account_ids), state=EnergizingState.WAITING.value)
    rows = list(found.select_for_update().order_by("id"))
    if not rows:
        return 0
    today = _day(at)
    waited = supply_deposits.waited_for(account_ids={row.account_id for row in rows}, today=today)
    free = [row for row in rows if row.account_id not in waited]
    for row in free:
        energizing.go_step(row, today=today)
    return len(free)


def work(at: datetime) -> None:
    """Look at all that wait: a credit may have paid a deposit, or the rule of the place may be another one now."""
    rows = Energizing.objects.filter(state=EnergizingState.WAITING.value).order_by("account_id")
    for account_id in list(rows.values_list("account_id", flat=True).distinct()):
        _look(account_id, at)


@opens_transaction
def _look(account_id: int, at: datetime) -> None:
    ledger.lock_customers(account_ids=[account_id])
    look_step(account_ids=[account_id], at=at)


def _day(at: datetime) -> date:
    return local_clock(supplier.current().time_zone).local_date(at)
