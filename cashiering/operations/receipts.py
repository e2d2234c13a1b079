"""Receipts of a till: money that is taken for one account or several, cancelled by a second person, and printed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.utils import timezone

from billing.domain.channels import ReturnKind
from billing.operations import consolidated_payments, ledger, payments
from billing.operations.payments import ReferenceReused
from billing.queries import consolidated, moved_payments
from cashiering.domain import tills as domain
from cashiering.domain.tills import BadTill, Means, ReceiptState, SessionState
from cashiering.models.till import Receipt, ReceiptPart, ReceiptPrint, TillSession
from cashiering.operations import tills
from cashiering.operations.suspense import ReasonMissing, SamePerson
from cashiering.operations.tills import TillClosed
from cashiering.queries.tills import UnknownReceipt
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit, sequences
from cis.platform.db import opens_transaction

SEQUENCE = "receipt"
PARTS_MOST = 50
FORM_MOST = 64


class NotCancellable(Refused):
    """The receipt cannot be cancelled now."""

    code = "receipt_not_cancellable"


@dataclass(frozen=True, slots=True)
class Part:
    """
    What of a receipt goes to an account. [minor unit]

    for_bills  what it pays of each bill, by id of the bill; the rest goes by the rule
    """

    account_id: int
    amount_minor: int
    for_bills: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Taken:
    """The receipt of what was taken; ``is_new`` False: the same form came before."""

    receipt_id: int
    is_new: bool


@opens_transaction
def take(
    *,
    session_id: int,
    parts: Sequence[Part],
    means: Means,
    tendered_minor: int | None,
    reference: str,
    form: str,
    today: date,
    actor: Actor,
) -> Taken:
    """
    Take money at an open till: one receipt, one payment for each account.

    :param tendered_minor: what the payer gave in cash; None: exactly the amount. [minor unit]
    :param reference: of the card's slip, the cheque or the purse; empty for cash.
    :param form: name of the form that it was sent with: the same form twice is the same receipt.
    :raises TillClosed: the session takes no money, or is another person's.
    :raises BadTill: nothing is to be paid, an account stands twice, the reference is missing, too little was given.
    :raises BadPayment: an amount is not above 0.
    :raises BadDirection: it cannot pay these bills.
    :raises ReferenceReused: the form came before with another amount.
    """
    session = tills.lock_step(session_id=session_id)
    total = sum(part.amount_minor for part in parts)
    known = _known(form, (session_id, total, means.value))
    if known is not None:
        return known
    tills.check_open(session, actor)
    _check(parts, means, reference, form)
    change = domain.change_minor(amount_minor=total, tendered_minor=tendered_minor, means=means)
    # The accounts before the number, so that whoever waits for an account holds no number that others wait for.
    ledger.lock_customers(account_ids=[part.account_id for part in parts])
    receipt = _write(session, form, means, (total, change), reference, today)
    for number, part in enumerate(parts, start=1):
        _book(receipt, part, number if len(parts) > 1 else 0, today, actor)
    audit.record(actor, "take", "receipt", receipt.id, number=receipt.number, amount=total, means=means.value)
    return Taken(receipt.id, is_new=True)


@opens_transaction
def take_consolidated(
    *,
    session_id: int,
    consolidated_bill_id: int,
    amount_minor: int,
    means: Means,
    tendered_minor: int | None,
    reference: str,
    form: str,
    today: date,
    actor: Actor,
) -> Taken:
    """
    Take money for a consolidated bill at an open till: one receipt, spread over its bills; see ``take``.

    :raises UnknownConsolidatedBill: there is none.
    """
    session = tills.lock_step(session_id=session_id)
    known = _known(form, (session_id, amount_minor, means.value))
    if known is not None:
        return known
    tills.check_open(session, actor)
    if amount_minor <= 0:
        raise BadTill("Nothing is to be paid.", advice="Enter an amount.", field="amount")
    _check_words(means, reference, form)
    change = domain.change_minor(amount_minor=amount_minor, tendered_minor=tendered_minor, means=means)
    accounts = consolidated.accounts_of(consolidated_bill_id=consolidated_bill_id)
    lead = consolidated.one(consolidated_bill_id=consolidated_bill_id).lead_account_id
    ledger.lock_customers(account_ids=[*accounts, lead])
    receipt = _write(session, form, means, (amount_minor, change), reference, today)
    booked = consolidated_payments.book_step(
        consolidated_bill_id=consolidated_bill_id,
        amount_minor=amount_minor,
        channel=means.channel,
        reference=receipt.number,
        received_date=today,
        today=today,
        actor=actor,
    )
    ReceiptPart.objects.bulk_create(
        ReceiptPart(receipt=receipt, payment_id=payment_id, amount_minor=part) for payment_id, part in booked.parts
    )
    audit.record(actor, "take", "receipt", receipt.id, number=receipt.number, amount=amount_minor, means=means.value)
    return Taken(receipt.id, is_new=True)


def _known(form: str, taken: tuple[int, int, str]) -> Taken | None:
    """Return the receipt that a form made before, by its session, amount and means."""
    known = Receipt.objects.filter(form=form).first()
    if known is None:
        return None
    if (known.session_id, known.amount_minor, known.means) != taken:
        raise ReferenceReused("This form was sent before with another amount.", advice="Begin anew.")
    return Taken(known.id, is_new=False)


@opens_transaction
def ask_cancel(*, receipt_id: int, reason: str, actor: Actor) -> None:
    """
    Ask that a receipt be cancelled; a second person decides, as long as its till is open.

    :raises UnknownReceipt: there is none.
    :raises NotCancellable: it is cancelled, it is asked already, or its till is not open.
    :raises ReasonMissing: it is not said why.
    """
    receipt = _locked(receipt_id)
    if receipt.state != ReceiptState.TAKEN or receipt.session.state != SessionState.OPEN:
        raise NotCancellable("The receipt cannot be cancelled.", advice="Its till is closed: pay back instead.")
    if not reason.strip():
        raise ReasonMissing("It must be said why.", advice="Write a few words.", field="reason")
    receipt.state, receipt.reason = ReceiptState.CANCEL_ASKED.value, reason.strip()[: domain.REASON_MOST]
    receipt.asked_by_id = actor.id
    receipt.save(update_fields=["state", "reason", "asked_by_id"])
    audit.record(actor, "ask_cancel", "receipt", receipt_id, reason=receipt.reason)


@opens_transaction
def cancel(*, receipt_id: int, today: date, actor: Actor) -> None:
    """
    Cancel a receipt as the second person: its payments are taken back, and cash goes out of the till.

    :raises NotCancellable: nobody asked for it.
    :raises SamePerson: it is the one who asked, or the cashier.
    :raises TillClosed: its till is not open any more.
    :raises NotEnoughCash: the till does not hold so much any more.
    """
    receipt = _locked(receipt_id)
    if receipt.state != ReceiptState.CANCEL_ASKED:
        raise NotCancellable("Nobody asked to cancel this receipt.", advice="Look at the receipt.")
    if actor.id in {receipt.asked_by_id, receipt.session.cashier_id}:
        raise SamePerson("You asked for this yourself.", advice="Another person decides.")
    if receipt.session.state != SessionState.OPEN:
        raise TillClosed("The till of the receipt is closed.", advice="Pay back instead.")
    if receipt.means == Means.CASH:
        tills.give_back_step(session=receipt.session, amount_minor=receipt.amount_minor)
    for payment_id, _account in _parts(receipt):
        payments.take_back_step(
            payment_id=moved_payments.standing(payment_id=payment_id), kind=ReturnKind.CORRECTED, returned_date=today,
            reason=receipt.reason, actor=actor,
        )  # fmt: skip
    receipt.state, receipt.decided_by_id = ReceiptState.CANCELLED.value, actor.id
    receipt.cancelled_at = timezone.now()
    receipt.save(update_fields=["state", "decided_by_id", "cancelled_at"])
    audit.record(actor, "cancel", "receipt", receipt_id, number=receipt.number)


@opens_transaction
def keep(*, receipt_id: int, actor: Actor) -> None:
    """
    Let a receipt stand that was to be cancelled.

    :raises NotCancellable: nobody asked to cancel it.
    """
    receipt = _locked(receipt_id)
    if receipt.state != ReceiptState.CANCEL_ASKED:
        raise NotCancellable("Nobody asked to cancel this receipt.", advice="Look at the receipt.")
    receipt.state, receipt.decided_by_id = ReceiptState.TAKEN.value, actor.id
    receipt.save(update_fields=["state", "decided_by_id"])
    audit.record(actor, "keep", "receipt", receipt_id)


@opens_transaction
def count_print(*, receipt_id: int, actor: Actor) -> int:
    """
    Count a print of a receipt; return its number: 1 is the original, each later one a copy.

    :raises UnknownReceipt: there is none.
    """
    receipt = _locked(receipt_id)
    number = receipt.prints.count() + 1
    ReceiptPrint.objects.create(receipt=receipt, number=number, actor_id=actor.id)
    audit.record(actor, "print", "receipt", receipt_id, copy=number - 1)
    return number


def _locked(receipt_id: int) -> Receipt:
    """Lock the session before the receipt, as whoever takes money does."""
    session_id = Receipt.objects.filter(id=receipt_id).values_list("session_id", flat=True).first()
    if session_id is None:
        raise UnknownReceipt(f"There is no receipt {receipt_id}.")
    session = tills.lock_step(session_id=session_id)
    receipt = Receipt.objects.select_for_update().get(id=receipt_id)
    receipt.session = session
    return receipt


def _parts(receipt: Receipt) -> list[tuple[int, int]]:
    """Return payment and account of each part, accounts in the order in which they are locked."""
    rows = list(ReceiptPart.objects.filter(receipt=receipt).values_list("payment_id", "payment__account_id"))
    ledger.lock_customers(account_ids=[account_id for _payment, account_id in rows])
    return rows


def _write(
    session: TillSession, form: str, means: Means, amounts: tuple[int, int], reference: str, today: date
) -> Receipt:
    """Write a receipt with its number; amounts: what is paid, and the change. [minor unit]"""
    return Receipt.objects.create(
        number=domain.receipt_number(sequences.take(SEQUENCE)),
        session=session,
        form=form,
        means=means.value,
        amount_minor=amounts[0],
        change_minor=amounts[1],
        reference=reference.strip(),
        taken_date=today,
    )


def _book(receipt: Receipt, part: Part, number: int, today: date, actor: Actor) -> None:
    booked = payments.book(
        account_id=part.account_id,
        amount_minor=part.amount_minor,
        channel=Means(receipt.means).channel,
        reference=receipt.number + (f"-{number}" if number else ""),
        received_date=today,
        today=today,
        actor=actor,
        for_bills=part.for_bills,
    )
    ReceiptPart.objects.create(receipt=receipt, payment_id=booked.payment_id, amount_minor=part.amount_minor)


def _check(parts: Sequence[Part], means: Means, reference: str, form: str) -> None:
    account_ids = [part.account_id for part in parts]
    if not 0 < len(parts) <= PARTS_MOST or len(set(account_ids)) != len(parts):
        raise BadTill("Nothing is to be paid, or an account stands twice.", advice="Enter an amount.", field="amount")
    if any(part.amount_minor <= 0 for part in parts):
        raise BadTill("Each amount must be more than 0.", advice="Leave out accounts that pay nothing.", field="amount")
    _check_words(means, reference, form)


def _check_words(means: Means, reference: str, form: str) -> None:
    if not 0 < len(form) <= FORM_MOST or len(reference) > payments.REFERENCE_MOST:
        raise BadTill("The reference is too long.", advice="Write a shorter one.", field="reference")
    if means is not Means.CASH and not reference.strip():
        raise BadTill("The number of the slip is missing.", advice="Enter the number of the slip.", field="reference")
