"""
What providers say: kept as it came, then done, each message once and in any order.

``take`` is what a door calls: it checks the signature, keeps the message and answers; a worker does what follows.
``look`` asks for payments whose messages never came.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.domain.receipts import Signed
from accounts.operations import notices
from accounts.queries import accounts
from billing.domain.channels import PaymentChannel, ReturnKind
from billing.domain.entries import Entry, TransferKind
from billing.operations import consolidated_payments, ledger, payments, telling
from billing.operations.payments import BadReturn
from billing.queries import bills, moved_payments
from billing.queries import consolidated_payments as whole_payments
from cashiering.domain import checkouts as domain
from cashiering.domain.checkouts import (
    UNDER_WAY,
    WORKFLOW,
    Asked,
    CheckoutAction,
    CheckoutState,
    Need,
    Said,
    Word,
    verdict,
)
from cashiering.gateways import online
from cashiering.gateways.online import BadMessage, NoProvider, ProviderUnreachable, Thanks
from cashiering.models.checkout import Checkout, CheckoutEvent
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.calendar import local_clock
from cis.platform import audit, db, jobs, outbox, packs
from cis.platform.db import fetch, joins_transaction, opens_transaction

EVENT = "checkout_event"
"""Messages of the outbox: do what a provider's message says."""
LOOK = "checkouts"
"""Providers are asked for payments whose messages did not come."""
ASK_MOST = 200
CURRENCY_LETTERS = 3
NAME_MOST, TEXT_MOST = 200, 100
EXPIRED_FOR = timedelta(hours=1)
SILENT_FOR = timedelta(days=1)
log = structlog.get_logger(__name__)

# Asked again after a quarter of the time that it has waited, so that one which never ends is asked less and less.
_TO_ASK = """
    SELECT id FROM cashiering_checkout
    WHERE state IN ('created', 'pending') AND created_at < %(since)s
      AND (asked_at IS NULL OR asked_at + greatest((asked_at - created_at) / 4, interval '1 minute') < %(at)s)
    ORDER BY asked_at NULLS FIRST, id LIMIT %(most)s
"""


_Action = Callable[[Checkout, Said, date], None]


def take(*, provider: str, message: Signed, at: datetime) -> Thanks:
    """
    Take a provider's message: check it, keep it once, and let a worker do what it says.

    :returns: what the provider wants to hear.
    :raises NoProvider: there is none of this name.
    :raises BadSignature: it is not the provider's, or not of this time.
    :raises BadMessage: it cannot be read.
    """
    found = online.of(provider)
    said = found.verify(message, now=at)
    _keep(provider=provider, said=[said], body=message.body.decode("utf-8", "replace").replace("\x00", ""))
    return found.thanks()


def work(message: outbox.Message) -> None:
    """Do what a message says; called by the outbox, again if it failed."""
    record(provider=message.payload["provider"], event_id=message.payload["event_id"])


def record_waiting(*, provider: str) -> int:
    """Do what kept messages of a provider say that no worker has done yet; return how many there were."""
    rows = CheckoutEvent.objects.filter(provider=provider, done_at=None).order_by("id")
    names = list(rows.values_list("event_id", flat=True))
    for event_id in names:
        record(provider=provider, event_id=event_id)
    return len(names)


def look(at: datetime) -> None:
    """Ask providers for payments whose messages did not come; called by the clock."""
    day = local_clock(settings.TIME_ZONE).local_date(at)
    since = at - timedelta(minutes=int(packs.rule("online_payment", at=day)["ask_after_minutes"]))
    session = db.session()
    with jobs.alone(LOOK) as is_ours:
        found = fetch(_TO_ASK, {"since": since, "at": at, "most": ASK_MOST}) if is_ours else []
        for (checkout_id,) in found:
            try:
                ask(checkout_id=checkout_id, at=at)
            except Exception:  # one that cannot be asked does not stop the others
                if db.is_lost(session):
                    raise  # the database went away, not the provider
                log.exception("checkout_not_asked", checkout_id=checkout_id)


def ask(*, checkout_id: int, at: datetime) -> None:
    """Ask the provider what became of a payment, and do what it says."""
    row = Checkout.objects.get(id=checkout_id)
    try:
        said = list(online.of(row.provider).fetch(row.reference))
    except (ProviderUnreachable, NoProvider) as error:
        log.warning("payment_provider_down", provider=row.provider, reference=row.reference, error=str(error))
        _asked(checkout_id=checkout_id, at=at, is_answered=False)
        return
    _keep(provider=row.provider, said=said, body="")
    for one in said:
        record(provider=row.provider, event_id=_name(one))
    _asked(checkout_id=checkout_id, at=at, is_answered=True)


@opens_transaction
def _keep(*, provider: str, said: Sequence[Said], body: str) -> None:
    """
    Keep what was said, each name of a message once; it is done after the commit.

    :raises BadMessage: a currency is none.
    """
    if any(len(one.currency) != CURRENCY_LETTERS for one in said):
        raise BadMessage("The currency has not three letters.")
    CheckoutEvent.objects.bulk_create(
        (
            CheckoutEvent(
                provider=provider,
                event_id=_name(one),
                reference=one.reference[:TEXT_MOST],
                word=one.word.value,
                amount_minor=one.amount_minor,
                currency=one.currency,
                payment=one.payment[:TEXT_MOST],
                reason=one.reason[:NAME_MOST],
                occurred_at=one.occurred_at,
                body=body,
            )
            for one in said
        ),
        ignore_conflicts=True,
    )
    payloads = {f"{provider}:{_name(one)}"[:NAME_MOST]: {"provider": provider, "event_id": _name(one)} for one in said}
    outbox.queue_many(kind=EVENT, payloads=payloads)


def _name(said: Said) -> str:
    """Return the name of a message as it is kept: a long one by its hash."""
    return said.event_id if len(said.event_id) <= TEXT_MOST else hashlib.sha256(said.event_id.encode()).hexdigest()


@opens_transaction
def record(*, provider: str, event_id: str) -> None:
    """Do what a kept message says, once; done before: nothing happens."""
    event = CheckoutEvent.objects.filter(provider=provider, event_id=event_id).first()
    if event is None:
        return
    # The payment first, then its message: all messages of one payment wait here for each other.
    row = Checkout.objects.select_for_update().filter(provider=provider, reference=event.reference).first()
    event = CheckoutEvent.objects.select_for_update().get(id=event.id)
    if event.done_at is not None:
        return
    event.done_at = timezone.now()
    if row is None:
        audit.record(SYSTEM, "unknown_checkout_event", "checkout_event", event.id, provider=provider, word=event.word)
    else:
        event.checkout = row
        event.outcome = _apply_step(row=row, said=_said(event))
    event.save(update_fields=["done_at", "checkout", "outcome"])


@joins_transaction
def _apply_step(*, row: Checkout, said: Said) -> str:
    """Do what was said of a payment whose row is locked; return the action, or the need, that followed."""
    asked = Asked(
        CheckoutState(row.state), row.amount_minor, row.currency, payment=row.payment_reference,
        said_minor=row.said_minor,
    )  # fmt: skip
    found = verdict(asked=asked, said=said)
    if found.need is not None:
        row.need = found.need.value
    day = _day(said.occurred_at)
    if found.action is not None:
        _ACTIONS[found.action](row, said, day)
    if found.action is not None or found.need is not None:
        row.save()
        audit.record(
            SYSTEM, "checkout_event", "account", row.account_id, checkout=row.id, word=said.word.value,
            state=row.state, need=row.need,
        )  # fmt: skip
    return str(found.action or found.need or "")


def _move(row: Checkout, action: CheckoutAction, *, actor: Actor = SYSTEM, reason: str = "") -> None:
    row.state = WORKFLOW.step(CheckoutState(row.state), action, actor).to.value
    row.settled_at = None if CheckoutState(row.state) in UNDER_WAY else timezone.now()
    row.reason = reason[:NAME_MOST]


def _begin(row: Checkout, said: Said, day: date) -> None:  # noqa: ARG001 (one signature for all)
    # What is under way keeps an account from being cut off: who is about to cut it off waits here, or goes first.
    paid = row.parts.values_list("bill__account_id", flat=True)
    ledger.lock_customers(account_ids=[row.account_id, *paid])
    _move(row, CheckoutAction.BEGIN)


def _end(action: CheckoutAction) -> _Action:
    def ended(row: Checkout, said: Said, day: date) -> None:  # noqa: ARG001 (one signature for all)
        _move(row, action, reason=said.reason)

    return ended


def _pay(row: Checkout, said: Said, day: date) -> None:
    row.payment_reference = said.payment
    book_step(row=row, amount_minor=row.amount_minor, day=day, actor=SYSTEM)
    ledger.post(
        kind=TransferKind.ONLINE,
        entries=[_entry(row, "transit", domain.transit(row.provider), domain.CASH, row.amount_minor, day)],
        actor=SYSTEM,
    )
    _move(row, CheckoutAction.PAY)


@joins_transaction
def book_step(*, row: Checkout, amount_minor: int, day: date, actor: Actor) -> None:
    """Book the money of a checkout: it pays the bills it was made for as far as they are open, the rest by the rule."""
    if row.consolidated_bill_id is not None:
        _book_collected(row, row.consolidated_bill_id, amount_minor, day, actor)
        return
    ledger.lock_customers(account_ids=[row.account_id])
    wanted = dict(row.parts.values_list("bill_id", "amount_minor"))
    open_of = {card.id: card.open_minor for card in bills.listed(bill_ids=list(wanted))}
    left, parts = amount_minor, {}
    for bill_id, part in wanted.items():
        parts[bill_id] = min(part, open_of.get(bill_id, 0), left)
        left -= parts[bill_id]
    received = payments.book(
        account_id=row.account_id,
        amount_minor=amount_minor,
        channel=PaymentChannel.ONLINE,
        reference=row.reference,
        received_date=day,
        today=_day(timezone.now()),
        actor=actor,
        for_bills={bill_id: part for bill_id, part in parts.items() if part},
    )
    row.payment_id = received.payment_id


def _book_collected(row: Checkout, consolidated_bill_id: int, amount_minor: int, day: date, actor: Actor) -> None:
    booked = consolidated_payments.book_step(
        consolidated_bill_id=consolidated_bill_id,
        amount_minor=amount_minor,
        channel=PaymentChannel.ONLINE,
        reference=row.reference,
        received_date=day,
        today=_day(timezone.now()),
        actor=actor,
    )
    row.payment_id = booked.parts[0][0]


def _hold(row: Checkout, said: Said, day: date) -> None:
    """Keep money that is not what was asked for in suspense; what is in another currency is not ours to post."""
    row.payment_reference, row.said_minor, row.said_currency = said.payment, said.amount_minor, said.currency
    if said.currency == row.currency and said.amount_minor:
        row.suspense_minor = said.amount_minor
        entry = _entry(row, "held", domain.transit(row.provider), domain.SUSPENSE, said.amount_minor, day)
        ledger.post(kind=TransferKind.ONLINE, entries=[entry], actor=SYSTEM)
    _move(row, CheckoutAction.HOLD, reason=said.reason)


def _reverse(row: Checkout, said: Said, day: date) -> None:
    """Take the money back, tell the customer, and let a person look; what never came leaves no trace in the books."""
    if row.payment_id is not None and not _take_back(row, said, day):
        row.need = Need.BACK_UNCLEAR.value
        return
    if row.suspense_minor:
        entry = _entry(row, "held_back", domain.SUSPENSE, domain.transit(row.provider), row.suspense_minor, day)
        ledger.post(kind=TransferKind.ONLINE, entries=[entry], actor=SYSTEM)
        row.suspense_minor, row.proposed_by_id = 0, None
        row.need = ""  # it was held, and is where it came from
    _move(row, CheckoutAction.REVERSE, reason=said.reason)


def _take_back(row: Checkout, said: Said, day: date) -> bool:
    """Take back the payment of a checkout; False: it was taken back already for another reason."""
    assert row.payment is not None
    whole = whole_payments.whole_of(payment_id=row.payment.id)
    amount = row.payment.amount_minor
    if whole is not None:
        amount = row.amount_minor if row.said_minor is None else row.said_minor  # held, and booked by a person
    day, reason = max(day, row.payment.received_date), said.reason or "taken back by the provider"
    given: dict[str, Any] = {"kind": ReturnKind.BOUNCED, "returned_date": day, "reason": reason, "actor": SYSTEM}
    try:
        with transaction.atomic():
            if whole is None:
                payments.take_back_step(payment_id=moved_payments.standing(payment_id=row.payment.id), **given)
            else:
                consolidated_payments.take_back_step(consolidated_payment_id=whole, **given)
    except BadReturn:
        return False
    entry = _entry(row, "back", domain.CASH, domain.transit(row.provider), amount, day)
    ledger.post(kind=TransferKind.ONLINE, entries=[entry], actor=SYSTEM)
    holder = accounts.addressees(account_ids=[row.account_id], at_date=day).get(row.account_id)
    if holder is not None:
        notices.queue_step(
            event="payment_reversed",
            customer_id=holder.customer_id,
            account_id=row.account_id,
            facts={"amount": telling.money(amount), "reversed": day, "reference": row.reference},
            key=f"payment:{row.payment.id}",
            actor=SYSTEM,
            occurred_date=day,
        )
    return True


def _entry(row: Checkout, part: str, debit: str, credit: str, amount_minor: int, day: date) -> Entry:
    return Entry(
        source_id=row.id, part=part, debit=debit, credit=credit, account_id=None, amount_minor=amount_minor,
        occurred_date=day, reason=row.reference,
    )  # fmt: skip


_ACTIONS: Mapping[CheckoutAction, _Action] = {
    CheckoutAction.BEGIN: _begin,
    CheckoutAction.PAY: _pay,
    CheckoutAction.HOLD: _hold,
    CheckoutAction.FAIL: _end(CheckoutAction.FAIL),
    CheckoutAction.EXPIRE: _end(CheckoutAction.EXPIRE),
    CheckoutAction.REVERSE: _reverse,
}


@opens_transaction
def _asked(*, checkout_id: int, at: datetime, is_answered: bool) -> None:
    """Note that a provider was asked; what it never knew of expires, what it is silent about goes to a person."""
    row = Checkout.objects.select_for_update().get(id=checkout_id)
    row.asked_at = at
    if is_answered and row.state == CheckoutState.CREATED.value and at > row.expires_at + EXPIRED_FOR:
        _move(row, CheckoutAction.EXPIRE)
    elif CheckoutState(row.state) in UNDER_WAY and at > row.created_at + SILENT_FOR:
        row.need = row.need or Need.NO_ANSWER.value
    elif row.need == Need.NO_ANSWER.value:
        row.need = ""
    row.save(update_fields=["asked_at", "state", "settled_at", "reason", "need"])


def _said(event: CheckoutEvent) -> Said:
    return Said(
        event_id=event.event_id, reference=event.reference, word=Word(event.word), amount_minor=event.amount_minor,
        currency=event.currency, occurred_at=event.occurred_at, payment=event.payment, reason=event.reason,
    )  # fmt: skip


def _day(at: datetime) -> date:
    """Return the local day of an instant; one that is still to come is today."""
    clock = local_clock(settings.TIME_ZONE)
    return clock.local_date(min(at, timezone.now()))
