"""
Sales that a partner bank pays for: asked through the outbox, answered late, twice, or in any order.

Our books show what is ours alone: the down payment by the customer's bill, the price as the bank's money when it is
here. The customer's instalments are the bank's.
"""

from datetime import date, datetime

import structlog
from django.utils import timezone

from accounts.queries import supplier
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Refused
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform import audit, db, events, outbox
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain.announcements import FinancingPaid, FinancingReturned, FinancingUnwanted
from contracts.domain.charge_kinds import ChargeKind
from contracts.domain.financing import BANK, REACHED, WORKFLOW, BankAnswer, FinancingAction, FinancingState, Request
from contracts.domain.programs import EnrollmentAction, EnrollmentState, Terms
from contracts.gateways import partner_bank
from contracts.models.lease import Financing
from contracts.operations import enrollment_steps, enrollment_undo
from contracts.operations.enrollment_steps import lock, move
from contracts.queries import charge_rules

ASK = "partner_bank_ask"
"""Messages of the outbox: ask the bank to finance a sale."""
WITHDRAW = "partner_bank_withdraw"
"""Messages of the outbox: tell it that the customer has taken a sale back."""
ANSWERS_MOST = 200
REASON_MOST = 200
REFERENCE_MOST = 100
REFERENCE = "WL-{}"
_OPEN = (FinancingState.ASKED.value, FinancingState.ACCEPTED.value, FinancingState.PAID.value)
_OVER = (FinancingState.WITHDRAWN.value, FinancingState.REFUSED.value)
log = structlog.get_logger(__name__)


class FinancedByBank(Refused):
    """The instalments are the bank's: it is settled there."""

    code = "financed_by_bank"


class UnknownFinancing(Refused):
    """Nothing of this reference was ever asked of the bank."""

    code = "unknown_financing"


def check_ours(terms: Terms) -> None:
    """
    Refuse what a bank finances.

    :raises FinancedByBank: it does.
    """
    if terms.is_financed:
        raise FinancedByBank("A bank finances this: its instalments go there.", advice="Settle it with the bank.")


def check_bank(terms: Terms) -> None:
    """
    Refuse what a bank finances where none can be asked.

    :raises NoPartnerBank: no bank is connected.
    """
    if terms.is_financed:
        partner_bank.current()


@joins_transaction
def ask_step(*, enrollment_id: int, amount_minor: int, today: date) -> int:
    """
    Ask the bank to pay for a sale, once; the message leaves with the commit.

    :param amount_minor: as agreed, before a tax that comes on top. [minor unit]
    :returns: id of the financing.
    :raises NoPartnerBank: no bank is connected.
    """
    partner_bank.current()
    taxed = charge_rules.taxed(kind=ChargeKind.INSTALMENT, amount_minor=amount_minor, at=today)
    amounts = {"amount_minor": taxed.amount_minor, "tax_minor": taxed.tax_minor}
    made, _ = Financing.objects.get_or_create(enrollment_id=enrollment_id, defaults=amounts)
    outbox.queue(kind=ASK, key=str(made.id), payload={"financing_id": made.id})
    return int(made.id)


@joins_transaction
def withdraw_step(*, enrollment_id: int, actor: Actor) -> None:
    """Take a sale back from the bank, if it was asked; announces FinancingReturned where it had paid."""
    row = Financing.objects.select_for_update().filter(enrollment_id=enrollment_id, state__in=_OPEN).first()
    if row is None:
        return
    was_paid = row.state == FinancingState.PAID.value
    row.state = WORKFLOW.step(FinancingState(row.state), FinancingAction.WITHDRAW, actor).to.value
    row.save(update_fields=["state"])
    outbox.queue(kind=WITHDRAW, key=str(row.id), payload={"financing_id": row.id})
    audit.record(actor, "withdraw", "financing", row.id)
    if was_paid:
        events.announce(FinancingReturned(financing_id=row.id, on=timezone.localdate()))


def send(message: outbox.Message) -> None:
    """
    Ask the bank, then take what it says; called by the outbox, again if it failed.

    :raises BankUnreachable: it is tried again later.
    """
    if message.kind == WITHDRAW:
        told = message.payload
        partner_bank.current().withdraw(told.get("reference") or REFERENCE.format(told["financing_id"]))
        return
    row = Financing.objects.select_related("enrollment__program", "enrollment__customer").get(
        id=message.payload["financing_id"]
    )
    if row.state != FinancingState.ASKED.value:
        return  # answered before, or taken back
    program = row.enrollment.program
    first = row.enrollment.rows.filter(seq=1).values_list("due_date", flat=True).get()
    partner_bank.current().ask(
        Request(
            reference=REFERENCE.format(row.id),
            amount_minor=row.amount_minor,
            currency=supplier.current().currency,
            instalments=program.months,
            rate_e6=program.rate_e6,
            first_due_date=first,
            customer=row.enrollment.customer.name,
        )
    )
    take_answers(timezone.now())


def take_answers(at: datetime) -> int:
    """Take what the bank has to say, and confirm it once it is kept; return how many answers there were."""
    if not partner_bank.is_bound():
        return 0
    bank = partner_bank.current()
    found = bank.answers(most=ANSWERS_MOST)
    for answer in found:
        if _keep(answer, today=timezone.localdate(at)):
            bank.confirm([answer.answer_id])
    return len(found)


def _keep(answer: BankAnswer, *, today: date) -> bool:
    """Keep one answer; one that cannot be kept now is given again, and does not stop the others."""
    session = db.session()
    try:
        record_answer(answer=answer, today=today, actor=SYSTEM)
    except UnknownFinancing:
        _keep_unknown(answer)
    except Exception:
        if db.is_lost(session):
            raise  # the database went away, not the answer
        log.exception("bank_answer_not_kept", reference=answer.reference, action=answer.action)
        return False
    return True


@opens_transaction
def _keep_unknown(answer: BankAnswer) -> None:
    """
    Keep in the audit trail what a bank says to a reference that is not ours, whole, for somebody to look into.

    Money that it names is asked to go back, once; how much it is the bank does not say, so it cannot be booked.
    """
    audit.record(
        SYSTEM, "unknown_answer", "financing", None, reference=answer.reference, answer=answer.action.value,
        answer_id=answer.answer_id, bank_reference=answer.bank_reference, on=answer.on, reason=answer.reason,
    )  # fmt: skip
    if answer.action is FinancingAction.PAY:
        key = f"answer:{answer.answer_id}"[:REFERENCE_MOST]
        outbox.queue(kind=WITHDRAW, key=key, payload={"reference": answer.reference})


@opens_transaction
def record_answer(*, answer: BankAnswer, today: date, actor: Actor) -> bool:
    """
    Keep what a bank says; return False where that was known already.

    Yes lets the enrolment begin on its day, no takes it back, money is announced once. Money for a sale that was taken
    back or refused before is announced as unwanted, and asked to go back. Any other answer that contradicts an earlier
    one changes nothing; that it came is in the audit trail.

    :raises UnknownFinancing: nothing of this reference was asked.
    :raises NotAllowed: the actor is not the bank, nor billing.
    """
    row = _of_reference(answer.reference)
    action = answer.action
    if row.state in {state.value for state in REACHED[action]}:
        return False
    if action is FinancingAction.PAY and row.state in _OVER:
        return _hold(row, answer, actor=actor)
    if (row.state, action) == (FinancingState.ASKED.value, FinancingAction.PAY):
        _accept(row, answer, today=today, actor=actor)  # its yes was lost on the way, or comes later
    try:
        state = WORKFLOW.step(FinancingState(row.state), action, actor).to
    except IllegalMove:
        audit.record(actor, "odd_answer", "financing", row.id, answer=action.value, state=row.state)
        return False
    if action is FinancingAction.ACCEPT:
        _accept(row, answer, today=today, actor=actor)
        return True
    row.state, row.reason = state.value, answer.reason[:REASON_MOST]
    row.decided_at = row.decided_at or timezone.now()
    if action is FinancingAction.PAY:
        row.paid_date = answer.on
        events.announce(_paid(row, answer.on))
    row.save()
    audit.record(actor, action.value, "financing", row.id, reason=row.reason, on=answer.on)
    if action is FinancingAction.REFUSE:
        locked = lock(row.enrollment_id)
        reason = f"the bank refused: {answer.reason}".strip(": ")
        enrollment_undo.undo_step(locked, EnrollmentAction.REFUSE, reason=reason, actor=SYSTEM)
        enrollment_steps.tell(locked, "program_cancelled", today=today, actor=SYSTEM)
    return True


def _accept(row: Financing, answer: BankAnswer, *, today: date, actor: Actor) -> None:
    row.state = WORKFLOW.step(FinancingState(row.state), FinancingAction.ACCEPT, actor).to.value
    row.reference, row.decided_at = answer.bank_reference, timezone.now()
    row.save()
    audit.record(actor, FinancingAction.ACCEPT.value, "financing", row.id, reference=row.reference)
    locked = lock(row.enrollment_id)
    if locked.start <= today and locked.row.state == EnrollmentState.SIGNED.value:
        move(locked, EnrollmentAction.START, actor=SYSTEM)


def _hold(row: Financing, answer: BankAnswer, *, actor: Actor) -> bool:
    """Keep money that nobody waits for any more; one that was here before and has gone back is known already."""
    if not actor.is_one_of(BANK):
        raise NotAllowed(f"{actor.name} may not say that a bank has paid.")
    if row.paid_date is not None:
        return False
    row.paid_date = answer.on
    row.save(update_fields=["paid_date"])
    events.announce(FinancingUnwanted(financing_id=row.id, amount_minor=row.amount_minor, on=answer.on))
    outbox.queue(kind=WITHDRAW, key=f"{row.id}:paid", payload={"financing_id": row.id})
    audit.record(actor, "pay_unwanted", "financing", row.id, state=row.state, on=answer.on)
    return True


def _paid(row: Financing, on: date) -> FinancingPaid:
    return FinancingPaid(
        financing_id=row.id,
        account_id=row.enrollment.account_id,
        amount_minor=row.amount_minor,
        tax_minor=row.tax_minor,
        on=on,
    )


def _of_reference(reference: str) -> Financing:
    prefix = REFERENCE.format("")
    number = reference.removeprefix(prefix)
    row = None
    if reference.startswith(prefix) and number.isascii() and number.isdigit() and len(number) < 19:  # noqa: PLR2004
        row = (
            Financing.objects.select_for_update(of=("self",))
            .select_related("enrollment")
            .filter(id=int(number))
            .first()
        )
    if row is None:
        raise UnknownFinancing(f"Nothing is known of {reference}.", reference=reference)
    return row
