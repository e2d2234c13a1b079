"""Supplies whose meter is told to switch on once their deposit is paid: in the transaction that pays or waives it."""

from collections.abc import Sequence
from datetime import date, datetime

import structlog
from django.db import transaction
from django.utils import timezone

from accounts.queries import supplier
from billing.domain.announcements import DepositSettled, PaymentsBooked
from billing.domain.energizing import EnergizingState
from billing.models.energizing import Energizing
from billing.operations import energizing, ledger
from billing.queries import supply_deposits
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.platform import events
from cis.platform.db import joins_transaction, opens_transaction

WORK = "energizing_waits"
LOOKED_AT = events.Accounts("billing_energizing", "t.state = 'waiting'")
"""Accounts of which payments are heard here."""
log = structlog.get_logger(__name__)


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

    One that cannot be told now waits on with the reason: it keeps nobody's money from being booked. The caller holds
    the locks of the ledgers.
    """
    found = Energizing.objects.filter(account_id__in=list(account_ids), state=EnergizingState.WAITING.value)
    rows = list(found.select_for_update().order_by("id"))
    if not rows:
        return 0
    today = _day(at)
    waited = supply_deposits.waited_for(account_ids={row.account_id for row in rows}, today=today)
    return sum(_go(row, today) for row in rows if row.account_id not in waited)


def _go(row: Energizing, today: date) -> bool:
    try:
        with transaction.atomic():
            energizing.go_step(row, today=today)
    except Refused as refusal:
        row.refresh_from_db()
        row.code, row.message, row.advice = refusal.code, refusal.message, refusal.advice
        row.save(update_fields=["code", "message", "advice"])
        return False
    return True


def work(at: datetime) -> None:
    """
    Look at all that wait for their deposit no more: a credit may have paid it, the rule of the place may be another
    one now, or what kept the meter from being told may be over. Two statements where all of them wait for it.

    :raises Exception: what kept one account from being looked at, after the others were.
    """
    rows = Energizing.objects.filter(state=EnergizingState.WAITING.value).order_by("account_id")
    account_ids = list(rows.values_list("account_id", flat=True).distinct())
    waited = supply_deposits.waited_for(account_ids=account_ids, today=_day(at))
    failed: Exception | None = None
    for account_id in (one for one in account_ids if one not in waited):
        try:
            _look(account_id, at)
        except Exception as error:
            log.exception("energizing_not_looked_at", account=account_id)
            failed = error
    if failed is not None:
        raise failed


@opens_transaction
def _look(account_id: int, at: datetime) -> None:
    ledger.lock_customers(account_ids=[account_id])
    look_step(account_ids=[account_id], at=at)


def _day(at: datetime) -> date:
    return local_clock(supplier.current().time_zone).local_date(at)
