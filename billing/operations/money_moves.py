"""
Money that is on the wrong account is moved to the right one.

A payment is taken back where it was booked, with all that it had paid there, and booked anew with the day on which it
came in. Credit goes by a note on each side, over ``liability.transfer``. Above the limit of a role a second person
decides; what was moved is moved back.
"""

from dataclasses import dataclass
from datetime import date

from billing.domain.adjustments import TRANSFERS, AdjustmentState, MovedThing
from billing.domain.channels import PaymentChannel, ReturnKind
from billing.models.adjustment import MoneyMove
from billing.models.payment import Payment, PaymentReturn
from billing.operations import adjustments, notes, payments, second_person, telling
from billing.operations.second_person import Kind
from billing.queries import adjustment_rules, balances, refunds
from billing.queries.adjustments import UnknownMove
from billing.queries.payments import UnknownPayment
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain.charge_kinds import ChargeKind

SUBJECT = "money_move"
REASON_MOST = 200
REFERENCE_MOST = payments.REFERENCE_MOST


class BadMove(Refused):
    """Money cannot be moved like that: to the same account, more than there is, a payment that went back."""

    code = "bad_money_move"


class OwnMove(Refused):
    """Who proposed it does not agree to it."""

    code = "own_money_move"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMove:
    """
    Money to be moved. [minor unit]

    payment_id    a payment, whole; None: credit of ``from_account_id``
    amount_minor  of credit; of a payment it is not asked for
    key           the same key twice is one move
    """

    to_account_id: int
    reason: str
    key: str
    payment_id: int | None = None
    from_account_id: int | None = None
    amount_minor: int = 0


@opens_transaction
def propose(*, new: NewMove, today: date, actor: Actor) -> int:
    """
    Move money; above what the actor's role does alone it is proposed, and a second person decides.

    :returns: id of the move.
    :raises NotAllowed: the actor may not move money.
    :raises BadMove, UnknownPayment, MissingRule: as they say.
    """
    rule = adjustment_rules.moves(at=today)
    if not new.reason.strip():
        raise BadMove("It is not said why.", advice="Say in a few words what was wrong.", field="reason")
    return second_person.propose_step(KIND, _drafted(new), limits=rule.limits, today=today, actor=actor)


@opens_transaction
def decide(*, move_id: int, is_agreed: bool, today: date, actor: Actor) -> None:
    """
    Agree to a move that was proposed, or drop it.

    :raises UnknownMove: there is none that waits.
    :raises NotAllowed: the actor neither bills nor supervises.
    :raises OwnMove: who proposed it does not agree to it.
    :raises BadMove: the money is not there any more.
    """
    second_person.decide_step(KIND, move_id, is_agreed=is_agreed, today=today, actor=actor)


@opens_transaction
def reverse(*, move_id: int, reason: str, today: date, actor: Actor) -> None:
    """
    Move money back to where it was; what it had paid on the second account is open there again.

    :raises UnknownMove: there is none that was made.
    :raises NotAllowed: the actor neither bills nor supervises.
    :raises OwnMove: it was made by two, and the actor proposed it.
    :raises BadMove: no reason, or the payment went back meanwhile.
    """
    second_person.reverse_step(KIND, move_id, reason=reason, today=today, actor=actor)


@joins_transaction
def _drafted(new: NewMove) -> MoneyMove:
    if new.payment_id is not None:
        payment = Payment.objects.filter(id=new.payment_id).first()
        if payment is None:
            raise UnknownPayment(f"There is no payment {new.payment_id}.")
        source, amount_minor = payment.account_id, payment.amount_minor
    elif new.from_account_id is not None:
        payment, source, amount_minor = None, new.from_account_id, new.amount_minor
    else:
        raise BadMove("It is not said what is moved.")
    if source == new.to_account_id:
        raise BadMove("It is on this account already.", advice="Choose another account.", field="to_account")
    return MoneyMove(
        thing=(MovedThing.PAYMENT if payment else MovedThing.CREDIT).value,
        from_account_id=source,
        to_account_id=new.to_account_id,
        amount_minor=amount_minor,
        reason=new.reason.strip()[:REASON_MOST],
        key=new.key,
        payment=payment,
    )


@joins_transaction
def _check(row: MoneyMove, today: date) -> None:
    """Refuse what is not there to be moved, under the lock of both accounts."""
    if row.payment_id is not None:
        if PaymentReturn.objects.filter(payment_id=row.payment_id).exists():
            raise BadMove("The payment went back.", advice="Look at the ledger of the account.")
        others = MoneyMove.objects.filter(payment_id=row.payment_id, state=AdjustmentState.PROPOSED.value)
        if others.exclude(id=row.id).exists():
            raise BadMove("Somebody has proposed to move this payment.", advice="Decide on that first.")
        return
    credit_minor = -balances.owed_minor(account_ids=[row.from_account_id]).get(row.from_account_id, 0)
    used_minor = refunds.used_minor(account_id=row.from_account_id, credit_minor=credit_minor, today=today)
    free_minor = credit_minor - used_minor - refunds.promised_minor(account_id=row.from_account_id)
    if not 0 < row.amount_minor <= free_minor:
        raise BadMove("So much credit is not there.", advice="Look at the account.", field="amount")


@joins_transaction
def _make(row: MoneyMove, today: date, actor: Actor) -> None:
    if row.payment_id is not None:
        row.moved_payment_id = _rebook(
            row.payment_id, to_account_id=row.to_account_id, name=str(row.id), reason=row.reason, today=today,
            actor=actor,
        )  # fmt: skip
        _tell(row.payment_id, today)
    else:
        row.from_note_id = _note(row, row.from_account_id, row.amount_minor, today=today, actor=actor)
        row.to_note_id = _note(row, row.to_account_id, -row.amount_minor, today=today, actor=actor)


@joins_transaction
def _undo(row: MoneyMove, reason: str, today: date, actor: Actor) -> None:
    if row.moved_payment_id is not None:
        row.back_payment_id = _rebook(
            row.moved_payment_id, to_account_id=row.from_account_id, name=f"{row.id}B", reason=reason, today=today,
            actor=actor,
        )  # fmt: skip
        _tell(row.moved_payment_id, today)
        return
    for note_id in (row.to_note_id, row.from_note_id):
        if note_id is not None:
            notes.take_back_step(note_id=note_id, reason=reason, as_of_date=today, actor=actor)


@joins_transaction
def _rebook(payment_id: int, *, to_account_id: int, name: str, reason: str, today: date, actor: Actor) -> int:
    """Take a payment back and book it on another account, as of the day on which it came in; return the new one."""
    payment = Payment.objects.get(id=payment_id)
    if PaymentReturn.objects.filter(payment_id=payment_id).exists():
        raise BadMove("The payment went back.", advice="Look at the ledger of the account.")
    payments.take_back_step(
        payment_id=payment_id, kind=ReturnKind.MOVED, returned_date=today, reason=reason, actor=actor
    )
    suffix = f"/M{name}"
    return payments.book(
        account_id=to_account_id,
        amount_minor=payment.amount_minor,
        channel=PaymentChannel(payment.channel),
        reference=payment.reference[: REFERENCE_MOST - len(suffix)] + suffix,
        received_date=payment.received_date,
        today=today,
        actor=actor,
    ).payment_id


@joins_transaction
def _note(row: MoneyMove, account_id: int, amount_minor: int, *, today: date, actor: Actor) -> int:
    return adjustments.note_step(
        account_id=account_id,
        kind=ChargeKind.CREDIT_MOVE,
        amount_minor=amount_minor,
        tax_minor=0,
        ledger_class=TRANSFERS,
        text=row.reason,
        source=adjustment_rules.moves(at=today).source,
        subject=SUBJECT,
        subject_id=row.id,
        part="from" if amount_minor > 0 else "to",
        due_date=today,
        today=today,
        actor=actor,
    )


def _tell(payment_id: int, today: date) -> None:
    if adjustment_rules.moves(at=today).tells:
        telling.queue_moved_step(payment_ids=[payment_id])


KIND = Kind(
    model=MoneyMove,
    name="money_move",
    verb="move_money",
    accounts=("from_account_id", "to_account_id"),
    unknown=UnknownMove,
    own=OwnMove,
    bad=BadMove,
    check=_check,
    make=_make,
    undo=_undo,
)
