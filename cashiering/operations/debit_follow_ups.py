"""
What follows from a debit that did not become money: a second try, a mandate that is suspended, a fee, and the customer
is told at once.

Each is done once, in a transaction of its own; one for which a rule is missing stays with its problem, for people.
"""

from datetime import date, datetime

from django.utils import timezone

from billing.operations import ledger, notes
from cashiering.domain import debit_returns, debits
from cashiering.domain.debit_returns import Remedy
from cashiering.domain.mandates import MandateState
from cashiering.models.debit import Debit
from cashiering.operations import debits as debits_operations
from cashiering.operations import mandates
from cashiering.queries import debit_rules
from cashiering.queries.debit_rules import DebitRule
from cashiering.queries.debits import BACK, open_of_bills
from cis.kernel.actors import SYSTEM
from cis.kernel.errors import Refused
from cis.platform import audit, db, jobs
from cis.platform.db import opens_transaction
from contracts.domain.charge_kinds import ChargeKind
from contracts.operations import charges

WORK = "debit_follow_ups"
LOOK = "debit_follow_ups_look"
SUBJECT = "debit"
PROBLEM_MOST = 300


def work(at: datetime) -> None:
    """Do what follows from debits that came back; may be called at any time and by several workers."""
    session = db.session()
    with jobs.alone(WORK) as is_ours:
        waiting = Debit.objects.filter(state__in=BACK, handled_at=None).order_by("id") if is_ours else ()
        for debit_id in [row.id for row in waiting]:
            try:
                handle(debit_id=debit_id, at=at)
            except Refused as refusal:
                if db.is_lost(session):
                    raise
                Debit.objects.filter(id=debit_id).update(problem=f"{refusal.message} {refusal.advice}"[:PROBLEM_MOST])


@opens_transaction
def handle(*, debit_id: int, at: datetime) -> bool:
    """
    Do what follows from one debit that came back, once; False: it was done, or it did not come back.

    :raises MissingRule: the pack does not say what is to be done; nothing is.
    """
    debit = (
        Debit.objects.select_for_update(of=("self",))
        .select_related("mandate", "bill")
        .filter(id=debit_id, state__in=BACK, handled_at=None)
        .first()
    )
    if debit is None:
        return False
    # Who asks whether something is under way, as the dispatch of a disconnection, holds this lock.
    ledger.lock_customers(account_ids=[debit.account_id])
    today, is_late = debit_rules.moment(at)
    rule = debit_rules.rule(at=today)
    meaning = debit_returns.meaning(debit.return_code)
    again = _again(debit, rule, today, is_late=is_late) if meaning.remedy is Remedy.AGAIN else None
    if meaning.remedy is Remedy.SUSPEND:
        reason = f"{debit.return_code} {meaning.en}"
        mandates.suspend_step(mandate_id=debit.mandate_id, reason=reason, actor=SYSTEM)
    if meaning.is_charged:
        _charge(debit, rule, today)
    _tell(debit, meaning, again)
    debit.handled_at, debit.problem = timezone.now(), ""
    debit.save()
    audit.record(SYSTEM, "follow_up", SUBJECT, debit.id, remedy=meaning.remedy.value, again=again and again.id)
    return True


def _again(debit: Debit, rule: DebitRule, today: date, *, is_late: bool) -> Debit | None:
    """Plan the next try, if the pack allows one, the mandate holds and something is open; None: there is none."""
    open_minor = open_of_bills(bill_ids=[debit.bill_id]).get(debit.bill_id, 0)
    is_over = debit.attempt >= rule.tries or debit.mandate.state != MandateState.ACTIVE.value
    if is_over or debit.mandate.is_one_off or open_minor <= 0:
        return None
    return Debit.objects.create(
        mandate_id=debit.mandate_id,
        account_id=debit.account_id,
        bill_id=debit.bill_id,
        attempt=debit.attempt + 1,
        amount_minor=min(debit.amount_minor, open_minor),
        collection_date=debits.again_date(rule.timing, today=today, after_days=rule.again_days, is_late=is_late),
        usual_minor=debit.usual_minor,
    )


def _charge(debit: Debit, rule: DebitRule, today: date) -> None:
    """Charge the fee on that the pack says, by a note of its own."""
    fee = {"bank": debit.bank_fee_minor, "fixed": rule.fee_minor}.get(rule.fee, 0)
    if fee <= 0:
        return
    charge_id = charges.agree_step(
        account_id=debit.account_id,
        kind=ChargeKind.DEBIT_RETURN,
        amount_minor=fee,
        reason=f"{debit.bill.number} · {debits.name_of(debit.id)} · {debit.return_code}",
        subject=SUBJECT,
        subject_id=debit.id,
        key=f"debit_return:{debit.id}",
        today=today,
        actor=SYSTEM,
    )
    debit.note_id = notes.bill_now_step(
        account_id=debit.account_id, charge_ids=[charge_id], kind=notes.NOTE, issue_date=today, due_date=None,
        actor=SYSTEM,
    )  # fmt: skip


_NEXT = {
    Remedy.SUSPEND: (
        "您的扣款授权已暂停。请用其他方式缴费，并重新办理扣款授权。",
        "Your mandate is suspended: please pay the bill yourself, and set up a new one.",
    ),
    Remedy.ASK: (
        "请用其他方式缴费；如对账单有疑问，请联系我们。",
        "Please pay the bill yourself, or tell us what is wrong with it.",
    ),
    Remedy.STAFF: (
        "您无需操作，我们会与银行核实并通知您。",
        "You need not do anything: we clear it with the bank and tell you.",
    ),
}


def _tell(debit: Debit, meaning: debit_returns.Meaning, again: Debit | None) -> None:
    what_next = _NEXT.get(meaning.remedy, debits_operations.PAY)
    if again is not None:
        day = again.collection_date
        what_next = (
            f"将于{day.year}年{day.month}月{day.day}日再次扣款，请备足余额。",
            f"We try again on {day}: please see that there is enough money on the account.",
        )
    debits_operations.tell_not_made_step(debit, reason=(meaning.zh, meaning.en), what_next=what_next)
