"""
Online payments that need a person: held money is booked or goes back, everything else is looked at and done.

Above a bound of the pack a second person agrees before held money goes back.
"""

from datetime import date

from billing.domain.entries import Entry, TransferKind
from billing.operations import ledger
from cashiering.domain import checkouts as domain
from cashiering.domain.checkouts import WORKFLOW, CheckoutAction, CheckoutState, UnknownCheckout
from cashiering.gateways import online
from cashiering.models.checkout import Checkout
from cashiering.operations.checkout_events import book_step
from cashiering.operations.suspense import SamePerson
from cis.kernel import fixed
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit, outbox, packs
from cis.platform.db import opens_transaction

REFUND = "checkout_refund"
"""Messages of the outbox: have a provider give money back."""


class NotOurCurrency(Refused):
    """Money in another currency cannot be booked; it goes back."""

    code = "not_our_currency"


class NothingToDo(Refused):
    """Nobody has to look at it, or what is to be done is a decision on held money."""

    code = "nothing_to_do"


@opens_transaction
def book(*, checkout_id: int, today: date, actor: Actor) -> None:
    """
    Book held money to the account that it was meant for, as it is.

    :raises UnknownCheckout: there is none.
    :raises IllegalMove: it is not held.
    :raises NotAllowed: the actor has no role for it.
    :raises NotOurCurrency: it is in another currency.
    """
    row = _locked(checkout_id)
    move = WORKFLOW.step(CheckoutState(row.state), CheckoutAction.BOOK, actor)
    if not row.suspense_minor:
        raise NotOurCurrency("The money is in another currency.", advice="Let it go back.")
    entry = Entry(
        source_id=row.id, part="booked", debit=domain.SUSPENSE, credit=domain.CASH, account_id=None,
        amount_minor=row.suspense_minor, occurred_date=today, reason=row.reference,
    )  # fmt: skip
    ledger.post(kind=TransferKind.ONLINE, entries=[entry], actor=actor)
    book_step(row=row, amount_minor=row.suspense_minor, day=today, actor=actor)
    row.suspense_minor, row.need, row.proposed_by_id, row.state = 0, "", None, move.to.value
    row.save()
    audit.record(actor, "book_checkout", "account", row.account_id, checkout=row.id, amount=row.said_minor)


@opens_transaction
def give_back(*, checkout_id: int, today: date, actor: Actor) -> bool:
    """
    Let held money go back to its payer; the provider is asked to, and says when it went.

    Once a second person agrees, where the pack asks for one; who proposed it asks in vain again.

    :returns: False: a second person has to agree first.
    :raises UnknownCheckout: there is none.
    :raises IllegalMove: it is not held.
    :raises NotAllowed: the actor has no role for it.
    :raises SamePerson: it is the one who proposed it.
    """
    row = _locked(checkout_id)
    WORKFLOW.step(CheckoutState(row.state), CheckoutAction.REVERSE, actor)
    places = int(packs.rule("decimals", at=today))
    bound = fixed.parse(packs.rule("bank_statements", at=today)["second_person_from"], places=places)
    if row.proposed_by_id == actor.id and row.proposed_by_id is not None:
        raise SamePerson("You proposed this yourself.", advice="Another person decides.")
    if (row.said_minor or 0) >= bound and row.proposed_by_id is None:
        row.proposed_by_id = actor.id
        row.save(update_fields=["proposed_by_id"])
        audit.record(actor, "propose_refund", "account", row.account_id, checkout=row.id, amount=row.said_minor)
        return False
    outbox.queue(kind=REFUND, key=str(row.id), payload={"checkout_id": row.id})
    audit.record(actor, "refund_checkout", "account", row.account_id, checkout=row.id, amount=row.said_minor)
    return True


def send(message: outbox.Message) -> None:
    """Ask the provider to give money back; called by the outbox, again if it failed."""
    row = Checkout.objects.get(id=message.payload["checkout_id"])
    if row.state == CheckoutState.HELD.value and row.said_minor:
        online.of(row.provider).refund(reference=row.reference, amount_minor=row.said_minor, key=str(row.id))


@opens_transaction
def done(*, checkout_id: int, actor: Actor) -> None:
    """
    Say that a person has looked at an online payment; what is held is decided, not looked at.

    :raises UnknownCheckout: there is none.
    :raises NothingToDo: nothing is to be looked at, or it is held.
    """
    row = _locked(checkout_id)
    if not row.need or row.state == CheckoutState.HELD.value:
        raise NothingToDo("There is nothing to look at.", advice="Load the page anew.")
    audit.record(actor, "look_at_checkout", "account", row.account_id, checkout=row.id, need=row.need)
    row.need = ""
    row.save(update_fields=["need"])


def _locked(checkout_id: int) -> Checkout:
    row = Checkout.objects.select_for_update().filter(id=checkout_id).first()
    if row is None:
        raise UnknownCheckout(f"There is no online payment {checkout_id}.")
    return row
