"""
Credit is paid out by three hands: who asks, a second person who approves, and who sends it.

Each step looks at the credit under the lock of the customer's ledger account, and only an approved refund is sent, so
none is paid twice however many persons press at once.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from accounts.queries import supplier
from billing.domain import refunds as rules
from billing.domain.channels import PaymentChannel
from billing.domain.entries import CUSTOMER, Entry, TransferKind
from billing.domain.refunds import GONE, LIVE, REFUND_WORKFLOW, RefundAction, RefundState
from billing.models.settlement import Refund
from billing.operations import allocation, final_accounts, ledger, telling
from billing.operations.second_person import person_of
from billing.queries import balances, refunds
from billing.queries.refunds import UnknownRefund
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, deadlines
from cis.platform.db import joins_transaction, opens_transaction

REFUND, STANDARD = final_accounts.REFUND, final_accounts.REFUND_STANDARD
REFERENCE_MOST, TEXT_MOST, NAME_MOST, CODE_MOST = 100, 200, 70, 20


class RefundPaid(Refused):
    """The refund was paid already."""

    code = "refund_paid"


class BadRefund(Refused):
    """The refund cannot be what is meant: no reference, a date to come, a credit that is gone."""

    code = "bad_refund"


class NotFree(Refused):
    """So much may not be paid out now."""

    code = "refund_not_free"


class DebtsFirst(Refused):
    """The same customer owes on another account."""

    code = "refund_debts_first"


class Disputed(Refused):
    """Something of the account is disputed."""

    code = "refund_disputed"


class OwnRefund(Refused):
    """One person has had two of the three hands that must not be the same."""

    code = "own_refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRefund:
    """
    Credit to be paid out. [minor unit]

    payee, bank_account, bank_code  to whom; the account is needed unless it is paid in cash
    key                             the same key twice is one refund
    """

    account_id: int
    amount_minor: int
    payee: str
    bank_account: str
    key: str
    bank_code: str = ""
    reason: str = ""
    channel: PaymentChannel = PaymentChannel.BANK


@opens_transaction
def ask(*, new: NewRefund, today: date, actor: Actor) -> int:
    """Ask that credit is paid out; see ``ask_step``."""
    return ask_step(new=new, today=today, actor=actor)


@joins_transaction
def ask_step(*, new: NewRefund, today: date, actor: Actor, but_hold_ids: Collection[int] = ()) -> int:
    """
    Ask that credit is paid out; a second person approves it.

    :param but_hold_ids: holds of the case from which it is asked: they do not stand against their own settlement.
    :returns: id of the refund.
    :raises NotAllowed: the actor may not, or the place lets no customer ask.
    :raises NotFree, DebtsFirst, Disputed: it may not be paid out now; ``queries.refunds.offer`` says why.
    :raises BadBankAccount, BadRefund: no payee, or no such bank account.
    """
    if not actor.is_one_of(rules.ASKERS):
        raise NotAllowed(f"{actor.name} may not ask for refunds.", advice="Ask a clerk.")
    ledger.lock_customers(account_ids=[new.account_id])
    known = Refund.objects.filter(key=new.key).first()
    if known is not None:
        return known.id
    offer = _check_free(new.account_id, new.amount_minor, today=today, least_minor=None, but_hold_ids=but_hold_ids)
    if actor.kind is ActorKind.CUSTOMER and not offer.rule.by_customer:
        raise NotAllowed("Refunds are asked for at the desk here.", advice="Call us.")
    number = _number(new.bank_account, new.channel, must_be_iban=offer.rule.must_be_iban)
    row = Refund.objects.create(
        account_id=new.account_id,
        amount_minor=new.amount_minor,
        due_by_date=today,
        payee=_payee(new.payee),
        bank_account=number,
        bank_code=new.bank_code.strip().upper()[:CODE_MOST],
        is_to_payer=number in offer.payer_accounts,
        reason=new.reason.strip()[:TEXT_MOST],
        channel=new.channel.value,
        key=new.key,
        asker_id=person_of(actor),
    )
    clock = local_clock(supplier.current().time_zone)
    due_at = deadlines.start(subject=REFUND, subject_id=row.id, standard=STANDARD, at=clock.day_start_utc(today))
    row.due_by_date = clock.local_date(due_at - timedelta(microseconds=1))
    row.save(update_fields=["due_by_date"])
    audit.record(actor, "ask_refund", "account", new.account_id, refund=row.id, amount_minor=new.amount_minor)
    return row.id


@opens_transaction
def name_payee(*, refund_id: int, payee: str, bank_account: str, bank_code: str, today: date, actor: Actor) -> None:
    """
    Say to whom a refund goes; who says so asks for it, and an approval that was given is given anew.

    :raises UnknownRefund, RefundPaid: there is none, or it has left.
    :raises BadBankAccount, BadRefund: no payee, or no such bank account.
    """
    if not actor.is_one_of(rules.ASKERS - {ActorKind.CUSTOMER}):
        raise NotAllowed(f"{actor.name} may not change refunds.", advice="Ask a clerk.")
    row = _locked(refund_id)
    if row.state not in LIVE:
        raise RefundPaid("This refund is not open any more.", advice="Look at it again.", refund_id=refund_id)
    offer = refunds.offer(account_id=row.account_id, today=today)
    row.payee = _payee(payee)
    row.bank_account = _number(bank_account, PaymentChannel(row.channel), must_be_iban=offer.rule.must_be_iban)
    row.bank_code = bank_code.strip().upper()[:CODE_MOST]
    row.is_to_payer = row.bank_account in offer.payer_accounts
    row.asker_id, row.state = person_of(actor), RefundState.ASKED.value
    row.approver_id, row.approved_at = None, None
    row.save()
    audit.record(actor, "name_payee", "account", row.account_id, refund=row.id)


@opens_transaction
def approve(*, refund_id: int, today: date, actor: Actor) -> None:
    """
    Approve a refund as the second person; the credit is looked at anew.

    :raises UnknownRefund, IllegalMove, NotAllowed: as they say.
    :raises OwnRefund: who asked for it does not approve it.
    :raises NotFree, DebtsFirst, Disputed, BadRefund: it may not be paid out now, or nobody has said to whom.
    """
    row = _locked(refund_id)
    move = REFUND_WORKFLOW.step(RefundState(row.state), RefundAction.APPROVE, actor)
    if row.asker_id == person_of(actor):
        raise OwnRefund("Who asked for a refund does not approve it.", advice="Ask somebody else of billing.")
    if row.channel == PaymentChannel.BANK and not row.bank_account:
        raise BadRefund("Nobody has said to which account it goes.", advice="Enter the payee first.")
    least = 0 if row.final_account_id else None
    _check_free(row.account_id, row.amount_minor, today=today, least_minor=least, but_refund_id=row.id)
    row.state, row.approver_id, row.approved_at = move.to.value, person_of(actor), timezone.now()
    row.save(update_fields=["state", "approver_id", "approved_at"])
    audit.record(actor, "approve_refund", "account", row.account_id, refund=row.id, amount_minor=row.amount_minor)


@opens_transaction
def drop(*, refund_id: int, reason: str, actor: Actor) -> None:
    """
    Do not pay it out after all. A customer takes back only what nobody has approved.

    :raises UnknownRefund, IllegalMove, NotAllowed: as they say.
    :raises BadRefund: it is the credit of an account at its end, which has to go somewhere; or nobody says why.
    """
    row = _locked(refund_id)
    move = REFUND_WORKFLOW.step(RefundState(row.state), RefundAction.DROP, actor)
    if row.final_account_id is not None:
        raise BadRefund("The account is at its end: its credit is paid out.", advice="Enter another payee, or move it.")
    if not reason.strip():
        raise BadRefund("A reason is needed.", advice="Say why it is not paid out.", field="reason")
    row.state, row.reason = move.to.value, reason.strip()[:TEXT_MOST]
    row.save(update_fields=["state", "reason"])
    deadlines.drop(subject=REFUND, subject_id=row.id, at=timezone.now())
    audit.record(actor, "drop_refund", "account", row.account_id, refund=row.id, reason=row.reason)


@opens_transaction
def pay_back(*, refund_id: int, reference: str, paid_date: date, today: date, actor: Actor) -> None:
    """Note that an approved refund was paid, and post it; see ``send_step``."""
    channel = refunds.one(refund_id=refund_id).channel
    send_step(
        references={refund_id: reference},
        channel=PaymentChannel(channel),
        paid_date=paid_date,
        today=today,
        actor=actor,
    )


@joins_transaction
def send_step(
    *, references: Mapping[int, str], channel: PaymentChannel, paid_date: date, today: date, actor: Actor
) -> None:
    """
    Send approved refunds: they are posted, and the accounts whose end they are close; all of them or none.

    :param references: the number that bank or till gives each payment, by id of the refund; counts once a channel.
    :param channel: by which they go; ``cash.<channel>`` is credited.
    :raises UnknownRefund, RefundPaid, IllegalMove, NotAllowed: one of them is not there to be sent by the actor.
    :raises OwnRefund: who approved one does not send it.
    :raises BadRefund: no reference or a known one, a date to come, another channel, or the credit is gone.
    """
    rows = _locked_many(sorted(references))
    _check_sending(rows, references, channel=channel, paid_date=paid_date, today=today, actor=actor)
    for row in rows:
        row.state, row.reference = RefundState.SENT.value, references[row.id].strip()
        row.paid_date, row.actor_id = paid_date, actor.id
    Refund.objects.bulk_update(rows, ["state", "reference", "paid_date", "actor_id"])
    entries = [
        Entry(
            source_id=row.id,
            part=channel.value,
            debit=CUSTOMER,
            credit=ledger.CASH_PREFIX + channel.value,
            account_id=row.account_id,
            amount_minor=row.amount_minor,
            occurred_date=paid_date,
        )
        for row in rows
    ]
    ledger.post(kind=TransferKind.REFUND, entries=entries, actor=actor)
    allocation.allocate(account_ids=sorted({row.account_id for row in rows}), today=today)
    for row in rows:
        deadlines.meet(subject=REFUND, subject_id=row.id, at=timezone.now())
        audit.record(actor, "pay_back", "account", row.account_id, refund=row.id, amount_minor=row.amount_minor)
        if row.final_account_id is not None:
            final_accounts.close_step(final_id=row.final_account_id, today=today)
    telling.queue_refunds_step(refund_ids=[row.id for row in rows])


@opens_transaction
def confirm(*, refund_id: int, confirmed_date: date, actor: Actor) -> None:
    """Note that the bank has paid a refund; see ``confirm_step``."""
    confirm_step(refund_id=refund_id, confirmed_date=confirmed_date, actor=actor)


@joins_transaction
def confirm_step(*, refund_id: int, confirmed_date: date, actor: Actor) -> None:
    """
    Note that a refund that was sent has been paid by the bank; noted twice is once.

    :raises UnknownRefund, IllegalMove, NotAllowed: as they say.
    """
    row = _locked(refund_id)
    if row.state == RefundState.CONFIRMED:
        return
    move = REFUND_WORKFLOW.step(RefundState(row.state), RefundAction.CONFIRM, actor)
    row.state, row.confirmed_date = move.to.value, confirmed_date
    row.save(update_fields=["state", "confirmed_date"])
    audit.record(actor, "confirm_refund", "account", row.account_id, refund=row.id)


@opens_transaction
def take_back(*, refund_id: int, returned_date: date, reason: str, today: date, actor: Actor) -> None:
    """Note that a refund came back; see ``take_back_step``."""
    take_back_step(refund_id=refund_id, returned_date=returned_date, reason=reason, today=today, actor=actor)


@joins_transaction
def take_back_step(*, refund_id: int, returned_date: date, reason: str, today: date, actor: Actor) -> None:
    """
    Note that a refund came back: its posting is reversed, and the account has its credit again, which pays debts first.

    :raises UnknownRefund, IllegalMove, NotAllowed: as they say.
    :raises BadRefund: no reason, or a day before it was sent.
    """
    row = _locked(refund_id)
    if row.state == RefundState.RETURNED:
        return
    move = REFUND_WORKFLOW.step(RefundState(row.state), RefundAction.RETURN, actor)
    if not reason.strip():
        raise BadRefund("A reason is needed.", advice="Enter what the bank says.", field="reason")
    if row.paid_date is None or not row.paid_date <= returned_date <= today:
        raise BadRefund("It cannot have come back on that day.", field="returned_date")
    row.state, row.returned_date, row.return_reason = move.to.value, returned_date, reason.strip()[:TEXT_MOST]
    row.save(update_fields=["state", "returned_date", "return_reason"])
    ledger.reverse(
        kind=TransferKind.REFUND, source_id=row.id, account_id=row.account_id, occurred_date=returned_date,
        actor=actor, reason=reason,
    )  # fmt: skip
    allocation.release_refund(refund_id=row.id)
    allocation.allocate(account_ids=[row.account_id], today=today)
    telling.queue_refunds_step(refund_ids=[row.id], came_back=True)
    audit.record(actor, "take_back_refund", "account", row.account_id, refund=row.id, reason=reason)


@joins_transaction
def _check_free(
    account_id: int, amount_minor: int, *, today: date, least_minor: int | None, but_refund_id: int | None = None,
    but_hold_ids: Collection[int] = (),
) -> refunds.RefundOffer:  # fmt: skip
    offer = refunds.offer(account_id=account_id, today=today, but_refund_id=but_refund_id, but_hold_ids=but_hold_ids)
    least = offer.rule.least_minor if least_minor is None else least_minor
    if offer.is_disputed:
        raise Disputed("Something of the account is disputed.", advice="Settle the dispute first.")
    if offer.rule.are_debts_first and offer.owed_elsewhere_minor:
        raise DebtsFirst(
            "The same customer owes on another account.", advice=f"Move the credit there: {', '.join(offer.owing)}."
        )
    if not max(1, least) <= amount_minor <= offer.credit.free_minor:
        raise NotFree(
            "So much may not be paid out now.", advice="Look at what is free of the credit.", field="amount",
            free_minor=offer.credit.free_minor,
        )  # fmt: skip
    return offer


@joins_transaction
def _check_sending(
    rows: Sequence[Refund], references: Mapping[int, str], *, channel: PaymentChannel, paid_date: date, today: date,
    actor: Actor,
) -> None:  # fmt: skip
    given = [reference.strip() for reference in references.values()]
    if paid_date > today:
        raise BadRefund(f"{paid_date} is still to come.", field="paid_date")
    if any(not 0 < len(reference) <= REFERENCE_MOST for reference in given) or len(set(given)) < len(given):
        raise BadRefund(
            "A refund has its number.", advice="Enter the number that the bank gave the payment.", field="reference"
        )
    for row in rows:
        if row.state in GONE:
            raise RefundPaid(f"It was paid on {row.paid_date} ({row.reference}).", refund_id=row.id)
        REFUND_WORKFLOW.step(RefundState(row.state), RefundAction.SEND, actor)
        if row.approver_id == actor.id:
            raise OwnRefund("Who approved a refund does not send it.", advice="Ask somebody else.", refund_id=row.id)
        if row.channel != channel:
            raise BadRefund("It is to be paid by another way.", refund_id=row.id)
    if Refund.objects.filter(channel=channel.value, reference__in=given).exists():
        raise BadRefund("This number is another refund already.", field="reference")
    _check_credit(rows)


def _check_credit(rows: Sequence[Refund]) -> None:
    wanted: dict[int, int] = {}
    for row in rows:
        wanted[row.account_id] = wanted.get(row.account_id, 0) + row.amount_minor
    owed = balances.owed_minor(account_ids=wanted)
    for account_id, amount_minor in wanted.items():
        if -owed.get(account_id, 0) < amount_minor:
            raise BadRefund(
                "So much credit is not there any more.", advice="Look at the account's ledger.", account_id=account_id
            )


@joins_transaction
def _locked(refund_id: int) -> Refund:
    return _locked_many([refund_id])[0]


@joins_transaction
def _locked_many(refund_ids: Sequence[int]) -> list[Refund]:
    """Lock the customers' books, as all that moves them does first, then the refunds."""
    found = dict(Refund.objects.filter(id__in=refund_ids).values_list("id", "account_id"))
    missing = [refund_id for refund_id in refund_ids if refund_id not in found]
    if missing or not found:
        raise UnknownRefund(f"There is no refund {', '.join(map(str, missing))}.", refund_ids=missing)
    ledger.lock_customers(account_ids=list(found.values()))
    return list(Refund.objects.select_for_update().filter(id__in=refund_ids).order_by("id"))


def _payee(payee: str) -> str:
    if not payee.strip() or len(payee.strip()) > NAME_MOST:
        raise BadRefund(
            f"A payee has a name of 1 to {NAME_MOST} characters.", advice="As the bank knows it.", field="payee"
        )
    return payee.strip()


def _number(typed: str, channel: PaymentChannel, *, must_be_iban: bool) -> str:
    if channel is not PaymentChannel.BANK:
        return ""
    return rules.bank_account(typed, must_be_iban=must_be_iban)
