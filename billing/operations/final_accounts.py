"""
Final accounts: the last bill of an account on which nothing is supplied any more, and what is over paid back.

The final bill is an ordinary run over one account: what was used up to the end, priced as any month is. Whoever works
here looks for himself in the database, so work may be done again at any time.
"""

from datetime import date, datetime, timedelta

import structlog
from django.utils import timezone

from accounts.operations import accounts as account_steps
from accounts.queries import accounts, supplier
from billing.domain.announcements import AccountBilledToEnd, AccountSettled
from billing.domain.refunds import LIVE, RefundState
from billing.models.bill import Bill, BillKind, BillState
from billing.models.run import BillRun, RunState
from billing.models.settlement import FinalAccount, FinalState, Refund
from billing.operations import budgets, deposit_steps, ledger, nights, runs
from billing.queries import balances, final_accounts, rebill_changes, rebills, refunds, segments
from cis.kernel.actors import SYSTEM
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.kernel.periods import Period, month_of
from cis.platform import audit, deadlines, events
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain.announcements import AccountToSettle, SettlementDropped
from contracts.operations import changes, openings
from contracts.queries import enrollments

WORK = "final_accounts"
SUBJECT, REFUND = "final_account", "refund"
BILL_STANDARD, REFUND_STANDARD = "final_bill", "refund_credit"
PROGRAMME_RUNS = "A programme that the customer signed goes on: settle or end it first."
PERIODS_MOST = 36
"""So many months of one account are billed in one go; more than that is looked at by somebody."""
log = structlog.get_logger(__name__)


@joins_transaction
def open_step(made: AccountToSettle) -> None:
    """Note that a final bill is to be made, and by when; the account's open final account, if any, is kept."""
    if FinalAccount.objects.filter(account_id=made.account_id, state__in=("open", "billed")).exists():
        return
    final = FinalAccount(
        account_id=made.account_id,
        change_id=made.change_id,
        end_date=made.on,
        bill_by_date=made.on,
        from_agreement_id=made.from_agreement_id,
        to_agreement_id=made.to_agreement_id,
    )
    final.save()
    # The clock starts with the end of the supply, or when that is told, if it is told later.
    final.bill_by_date = _clock(SUBJECT, final.id, BILL_STANDARD, since=max(made.on, made.known_date))
    final.save(update_fields=["bill_by_date"])


@joins_transaction
def drop_step(dropped: SettlementDropped) -> None:
    """Make no final bill after all; one that was issued stays, and the next run corrects it."""
    final = FinalAccount.objects.filter(change_id=dropped.change_id).exclude(state=FinalState.SETTLED.value).first()
    if final is not None:
        final.state = FinalState.DROPPED.value
        final.save(update_fields=["state"])
        deadlines.drop(subject=SUBJECT, subject_id=final.id, at=timezone.now())


@joins_transaction
def _clock(subject: str, subject_id: int, standard: str, *, since: date) -> date:
    """Start the clock of a service standard at the beginning of a local date; return the last day that is in time."""
    clock = local_clock(supplier.current().time_zone)
    due_at = deadlines.start(subject=subject, subject_id=subject_id, standard=standard, at=clock.day_start_utc(since))
    return clock.local_date(due_at - timedelta(microseconds=1))


def work(at: datetime) -> None:
    """Bill final accounts as far as their usage is known, and close those of which nothing is open."""
    today = local_clock(supplier.current().time_zone).local_date(at)
    waiting = FinalAccount.objects.filter(state="open", end_date__lte=today).order_by("id")
    for final_id in waiting.values_list("id", flat=True):
        try:
            bill(final_id=final_id, today=today, at=at)
        except Refused as refusal:
            log.warning("final_account_waits", final=final_id, code=refusal.code, message=refusal.message)
            _note_waiting(final_id=final_id, message=refusal.message)
    for final_id in FinalAccount.objects.filter(state="billed").order_by("id").values_list("id", flat=True):
        try:
            settle(final_id=final_id, today=today)
        except Refused as refusal:
            log.warning("final_account_not_settled", final=final_id, code=refusal.code, message=refusal.message)


def bill(*, final_id: int, today: date, at: datetime) -> bool:
    """
    Bill an account to its end, month by month, each by a run that issues by itself; return whether all is billed.

    What keeps it from being billed, as usage that is not known, is noted: no run is opened for it.

    :raises AccountsTaken: another run under way has the account.
    """
    for _ in range(PERIODS_MOST):
        final = FinalAccount.objects.get(id=final_id)
        if final.state != FinalState.OPEN:
            return final.state == FinalState.BILLED
        period = _next_period(final)
        if period is None:
            _note_billed(final_id=final_id, today=today)
            return True
        scope = rebill_changes.scope_of(period)
        obstacle = segments.find(account_ids=[final.account_id], scope=scope).obstacles.of_account.get(final.account_id)
        if obstacle is not None:
            _note_waiting(final_id=final_id, message=obstacle.message)
            return False
        run_id = runs.open(
            period=period, as_of_date=today, actor=SYSTEM, account_ids=[final.account_id], is_unattended=True
        )
        _note_run(final_id=final_id, run_id=run_id)
        nights.work(at)
        if BillRun.objects.get(id=run_id).state != RunState.ISSUED or final_accounts.is_held(run_id=run_id):
            _note_waiting(final_id=final_id, message="Its bill is held: somebody has to look at it.")
            return False
    return False


def _next_period(final: FinalAccount) -> Period | None:
    """Return the next month to be billed before the account's end, or the last one to be corrected; None: all is."""
    unbilled = final_accounts.first_unbilled(account_id=final.account_id)
    if unbilled is not None:
        return month_of(unbilled)
    if rebills.is_open(account_id=final.account_id):
        return rebill_changes.last_billed(account_id=final.account_id)
    return None


@opens_transaction
def settle(*, final_id: int, today: date) -> bool:
    """
    Close an account that was billed to its end and of which nothing is open; return whether it is closed.

    Its deposit is used first.

    :raises MissingRule: it has a deposit, and the place has no rule on deposits any more.
    """
    # The books first, as all that moves them: who sends a refund locks them, and closes the account.
    account_id = FinalAccount.objects.values_list("account_id", flat=True).get(id=final_id)
    ledger.lock_customers(account_ids=[account_id])
    final = FinalAccount.objects.select_for_update().get(id=final_id)
    if final.state != FinalState.BILLED:
        return final.state == FinalState.SETTLED
    deposit_steps.use_step(account_id=account_id, today=today)
    owed = balances.of_account(account_id=final.account_id, today=today).balance_minor
    if owed < 0:
        _want_refund(final, amount_minor=-owed, today=today)
    else:
        _drop_refund(final)
    if owed != 0:
        return False
    return close_step(final_id=final_id, today=today)


@joins_transaction
def close_step(*, final_id: int, today: date) -> bool:
    """Close the account if nothing is owed and no programme runs; return whether it is closed."""
    final = FinalAccount.objects.select_for_update().get(id=final_id)
    if balances.of_account(account_id=final.account_id, today=today).balance_minor != 0:
        return False
    if enrollments.is_running(account_id=final.account_id):
        final.waits_for = PROGRAMME_RUNS
        final.save(update_fields=["waits_for"])
        return False
    final.state, final.settled_at, final.waits_for = FinalState.SETTLED.value, timezone.now(), ""
    final.save(update_fields=["state", "settled_at", "waits_for"])
    if accounts.card(account_id=final.account_id).state == "open":
        account_steps.close(account_id=final.account_id, closed_date=final.end_date, actor=SYSTEM)
    changes.finish_step(change_id=final.change_id, actor=SYSTEM)
    events.announce(AccountSettled(account_id=final.account_id))
    return True


@opens_transaction
def _note_billed(*, final_id: int, today: date) -> None:
    final = FinalAccount.objects.select_for_update().get(id=final_id)
    last = Bill.objects.filter(
        account_id=final.account_id, state=BillState.ISSUED.value, kind=BillKind.REGULAR.value
    ).order_by("-end_date", "-id")
    final.bill = last.first()
    final.state, final.billed_at, final.waits_for = FinalState.BILLED.value, timezone.now(), ""
    final.save(update_fields=["bill", "state", "billed_at", "waits_for"])
    deadlines.meet(subject=SUBJECT, subject_id=final.id, standard=BILL_STANDARD, at=timezone.now())
    if final.from_agreement_id is not None and final.to_agreement_id is not None:
        counted = final_accounts.counted_wh(agreement_id=final.from_agreement_id, on=final.end_date)
        if counted:
            openings.carry_count(
                agreement_id=final.to_agreement_id,
                counted_wh=counted,
                source=f"count of agreement {final.from_agreement_id} on {final.end_date}",
                actor=SYSTEM,
            )
    budgets.leave_step(account_id=final.account_id, today=today, actor=SYSTEM)
    events.announce(AccountBilledToEnd(account_id=final.account_id))
    owed = balances.of_account(account_id=final.account_id, today=today).balance_minor
    audit.record(SYSTEM, "bill_to_end", "account", final.account_id, final=final_id, owed_minor=owed)


@joins_transaction
def _want_refund(final: FinalAccount, *, amount_minor: int, today: date) -> None:
    """Note the credit that is to be paid back; what changes until it is paid is followed."""
    over = [RefundState.RETURNED.value, RefundState.DROPPED.value]
    refund = Refund.objects.filter(final_account=final).exclude(state__in=over).first()
    amount_minor -= refunds.promised_minor(account_id=final.account_id, but_refund_id=refund.id if refund else None)
    if refund is None and amount_minor > 0:
        refund = Refund(account_id=final.account_id, final_account=final, amount_minor=amount_minor, due_by_date=today)
        refund.save()
        refund.due_by_date = _clock(REFUND, refund.id, REFUND_STANDARD, since=today)
        refund.save(update_fields=["due_by_date"])
    elif refund is not None and refund.state in LIVE and refund.amount_minor != amount_minor > 0:
        # What was approved was another amount.
        refund.amount_minor, refund.state = amount_minor, RefundState.ASKED.value
        refund.approver_id, refund.approved_at = None, None
        refund.save(update_fields=["amount_minor", "state", "approver_id", "approved_at"])


@joins_transaction
def _drop_refund(final: FinalAccount) -> None:
    """Pay nothing out where the credit is gone: it paid another debt, or was moved to another account."""
    waiting = Refund.objects.filter(final_account=final, state__in=[state.value for state in LIVE])
    for refund in waiting.select_for_update():
        refund.state, refund.reason = RefundState.DROPPED.value, "The credit is gone."
        refund.save(update_fields=["state", "reason"])
        deadlines.drop(subject=REFUND, subject_id=refund.id, at=timezone.now())


@opens_transaction
def _note_run(*, final_id: int, run_id: int) -> None:
    FinalAccount.objects.filter(id=final_id).update(run_id=run_id, waits_for="")


@opens_transaction
def _note_waiting(*, final_id: int, message: str) -> None:
    FinalAccount.objects.filter(id=final_id, state="open").update(waits_for=message)
