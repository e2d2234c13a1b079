"""
Late fees: charged by a note of their own once a bill is paid, and at the ends that the pack names while it is open.

Whoever works here looks for himself in the database: what should be charged by now, less what is charged. So work may
be done again at any time; two at once wait for each other at the account, and the second finds nothing left.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from accounts.queries import supplier
from arrears.domain import charged_days
from arrears.domain.charged_days import FeeState, Window
from arrears.domain.late_fees import LateFeeRule, Stretch
from arrears.models.late_fee import LateFee, LateFeeNight, LateFeeWaiver, WaiverState
from arrears.queries import late_fees
from arrears.queries.late_fees import OverdueBill
from billing.operations import ledger, notes
from cis.kernel import fixed
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.platform import audit, packs
from cis.platform.db import fetch, joins_transaction, opens_transaction
from contracts.domain.charge_kinds import ChargeKind
from contracts.operations import charges

WORK = "late_fees"
SUBJECT = "late_fee"
CHUNK = 200
"""Accounts of one transaction: so long may a payment of one of them have to wait."""
REASON_MOST = 200
PER_MILLE_PLACES = 3
SURE = timedelta(days=1)
"""No transaction is open so long: allocations made before have their ids."""
NO_FEE = LateFeeRule(rate_e6=0, carried_rate_e6=0)
log = structlog.get_logger(__name__)

# Who owes, whose bills were paid since the last night, and whose bill was cancelled after its late fee was charged.
_ACCOUNTS = """
    SELECT account_id FROM billing_ledgeraccount WHERE account_id IS NOT NULL AND balance_minor > 0
    UNION
    SELECT b.account_id FROM billing_allocation a JOIN billing_bill b ON b.id = a.bill_id WHERE a.id > %(mark)s
    UNION
    SELECT f.account_id FROM arrears_latefee f JOIN billing_bill b ON b.id = f.bill_id
    WHERE f.state = 'charged' AND b.state <> 'issued'
    ORDER BY 1
"""
_MARK = "SELECT id FROM billing_allocation WHERE created_at < %s ORDER BY id DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Done:
    """How many notes were issued, and how many were taken back."""

    charged: int
    taken_back: int


def night(at: datetime) -> None:
    """
    Charge the late fees that are due of all accounts, and set those right that are wrong.

    An account that cannot be charged is named in the log and the audit, keeps no other waiting, and is looked at again
    the next night.
    """
    today = local_clock(supplier.current().time_zone).local_date(at)
    last = LateFeeNight.objects.order_by("-day").first()
    mark = fetch(_MARK, [timezone.now() - SURE])
    account_ids = [row[0] for row in fetch(_ACCOUNTS, {"mark": last.allocation_id if last else 0})]
    count, failed = 0, 0
    for start in range(0, len(account_ids), CHUNK):
        part = account_ids[start : start + CHUNK]
        try:
            count += charge(account_ids=part, today=today, actor=SYSTEM).charged
        except Refused:
            for account_id in part:
                made = _charge_alone(account_id, today)
                count, failed = count + (made or 0), failed + (made is None)
    known = last.allocation_id if last else 0
    _note_night(
        day=today,
        allocation_id=known if failed else max(known, mark[0][0] if mark else 0),
        accounts=len(account_ids),
        notes_made=count,
    )


def _charge_alone(account_id: int, today: date) -> int | None:
    try:
        return charge(account_ids=[account_id], today=today, actor=SYSTEM).charged
    except Refused as refusal:
        log.warning("late_fee_not_charged", account=account_id, code=refusal.code, message=refusal.message)
        audit.record(SYSTEM, "refuse_late_fee", "account", account_id, code=refusal.code, message=refusal.message)
        return None


@opens_transaction
def _note_night(*, day: date, allocation_id: int, accounts: int, notes_made: int) -> None:
    """Note that a night is done; done again on one day, its notes are added up."""
    row, is_new = LateFeeNight.objects.select_for_update().get_or_create(
        day=day, defaults={"allocation_id": allocation_id, "accounts": accounts, "notes": notes_made}
    )
    if not is_new:
        row.allocation_id = max(row.allocation_id, allocation_id)
        row.accounts, row.notes, row.finished_at = accounts, row.notes + notes_made, timezone.now()
        row.save()


@opens_transaction
def charge(*, account_ids: Sequence[int], today: date, actor: Actor) -> Done:
    """
    Charge the late fees of accounts that are due by now, and take back those that are wrong by now.

    Reading takes a constant number of statements; each note that is issued or taken back takes its own.

    :raises MissingRule: the pack does not say what late fee there is, or which tax is on it.
    :raises BillNotCancellable: a note that is wrong was corrected otherwise.
    """
    ledger.lock_customers(account_ids=account_ids)
    made = gone = 0
    for bill in late_fees.of_accounts(account_ids=account_ids, today=today):
        todo = charged_days.plan(
            rule=bill.terms.rule if bill.terms else NO_FEE,
            debt=bill.debt,
            while_open=bill.terms.while_open if bill.terms else charged_days.WhileOpen.NONE,
            today=today,
        )
        for fee_id in todo.taken_back:
            take_back_step(fee_id=fee_id, state=FeeState.TAKEN_BACK, reason=_why(bill), as_of_date=today, actor=actor)
        for window in todo.charged:
            _charge_step(bill, window, today=today, actor=actor)
        made, gone = made + len(todo.charged), gone + len(todo.taken_back)
    return Done(made, gone)


@joins_transaction
def charge_until_step(
    *, account_id: int, bill_ids: Collection[int], until: date, today: date, actor: Actor
) -> tuple[int, ...]:
    """
    Charge the late fee of bills of an account up to a day, though they are open: a plan of instalments takes it in.

    The caller holds the lock of the account's ledger.

    :returns: ids of the notes.
    :raises MissingRule: the pack does not say what late fee there is, or which tax is on it.
    """
    made: list[int] = []
    for bill in late_fees.of_accounts(account_ids=[account_id], today=today):
        if bill.bill_id not in bill_ids or bill.terms is None:
            continue
        windows = charged_days.uncharged(rule=bill.terms.rule, debt=bill.debt, until=until)
        made += [_charge_step(bill, window, today=today, actor=actor) for window in windows]
    return tuple(made)


def _why(bill: OverdueBill) -> str:
    if bill.debt.bears:
        return f"Bill {bill.number} was open otherwise than it was charged."
    return f"Bill {bill.number} is owed no more."


@joins_transaction
def _charge_step(bill: OverdueBill, window: Window, *, today: date, actor: Actor) -> int:
    assert bill.terms is not None
    before = LateFee.objects.filter(bill_id=bill.bill_id, state=FeeState.TAKEN_BACK.value).count()
    charge_id = charges.agree_step(
        account_id=bill.account_id,
        kind=ChargeKind.LATE_FEE,
        amount_minor=window.amount_minor,
        reason=reason_of(number=bill.number, parts=bill.explained(window), decimals=packs.rule("decimals", at=today)),
        subject=SUBJECT,
        subject_id=bill.bill_id,
        key=f"late_fee:{bill.bill_id}:{window.first_day}:{before}",
        today=today,
        actor=actor,
        legal_source=bill.terms.source,
    )
    note_id = notes.bill_now_step(
        account_id=bill.account_id,
        charge_ids=[charge_id],
        kind=notes.LATE_FEE,
        issue_date=today,
        due_date=None,
        actor=actor,
    )
    LateFee.objects.create(
        account_id=bill.account_id,
        bill_id=bill.bill_id,
        note_id=note_id,
        period=DateRange(window.first_day, window.last_day + charged_days.DAY),
        amount_minor=window.amount_minor,
    )
    return note_id


@joins_transaction
def take_back_step(*, fee_id: int, state: FeeState, reason: str, as_of_date: date, actor: Actor) -> None:
    """
    Take the note of a late fee back; what had paid it pays other debts. A waiver that was proposed is dropped.

    :param state: WAIVED, or TAKEN_BACK: then its days may be charged again.
    :raises BillNotCancellable: a later bill corrected the note.
    """
    fee = LateFee.objects.select_for_update().get(id=fee_id)
    notes.take_back_step(note_id=fee.note_id, reason=reason, as_of_date=as_of_date, actor=actor)
    fee.state, fee.ended_at = state.value, timezone.now()
    fee.save(update_fields=["state", "ended_at"])
    LateFeeWaiver.objects.filter(fee=fee, state=WaiverState.PROPOSED.value).update(state=WaiverState.DROPPED.value)


def reason_of(*, number: str, parts: Sequence[Stretch], decimals: int) -> str:
    """Return how a late fee comes about, as its note prints it: days, rate and amount of each stretch."""
    text = f"账单 Bill {number}: "
    for place, one in enumerate(parts):
        amount = fixed.to_text(one.open_minor, places=decimals)
        rate = fixed.to_text(one.rate_e6, places=PER_MILLE_PLACES).rstrip("0").rstrip(".")
        said = f"{' + ' if place else ''}{one.days} 天 d ({one.first_day}–{one.last_day}) × {rate}‰ × {amount}"
        if len(text) + len(said) > REASON_MOST - len(" + …"):
            return text + " + …"
        text += said
    return text
