"""
Telling customers: a notice is a row for each way that it takes, written with the use case that causes it.

Its text is made at once, so what was said stands, whatever becomes of templates and facts. What goes outside goes
through the outbox after the commit (``notice_sending``); what lies in the inbox lies there at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from accounts.domain import notice_events, notice_facts
from accounts.domain.notice_events import Channel, Event, Fact
from accounts.domain.notice_routes import Address, Person
from accounts.operations import notice_drafts
from accounts.operations.notice_drafts import NewNotice, Recipient, Wording, Writer
from accounts.queries import notice_people
from accounts.queries.customers import UnknownCustomer
from accounts.queries.notice_people import Addressee
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform.db import joins_transaction

KEY_MOST = 200


class BadRecipient(Refused):
    """Nobody is named to be told, or two are; or the key is empty, too long, or comes twice."""

    code = "bad_recipient"


@joins_transaction
def queue_step(
    *,
    event: str,
    customer_id: int | None = None,
    account_id: int | None = None,
    facts: Mapping[str, Fact],
    key: str,
    actor: Actor,
    recipient: Recipient | None = None,
    occurred_date: date | None = None,
    place: str = "",
) -> int:
    """
    Tell a customer, or somebody who is none yet, of an event; return how many notices were written, one for each way.

    :param place: where a letter goes if the customer has no postal address that works.
    :param key: what it is about, as "payment:17". Told before under this key: nothing happens, 0 is returned.
    :raises UnknownEvent: the catalogue has no such event.
    :raises BadFacts: facts are missing, of another kind, or not those of the event.
    :raises BadRecipient: neither a customer nor a recipient is named, or both are; the key cannot be kept.
    :raises UnknownCustomer: there is no such customer.
    """
    new = NewNotice(
        key=key,
        facts=facts,
        customer_id=customer_id,
        account_id=account_id,
        recipient=recipient,
        occurred_date=occurred_date,
        place=place,
    )
    return queue_many_step(event=event, notices=[new], actor=actor)


@joins_transaction
def queue_many_step(
    *,
    event: str,
    notices: Sequence[NewNotice],
    actor: Actor,  # noqa: ARG001 (in whose name: the use case above has the audit event)
    only: frozenset[Channel] | None = None,
    wording: Wording | None = None,
) -> int:
    """
    Tell many people of events of one kind, in a constant number of statements; return how many notices were written.

    :param only: ways that are allowed at all: what is long past is told in the inbox alone.
    :param wording: texts in place of the catalogue's own.
    :raises UnknownEvent, BadFacts, BadRecipient, UnknownCustomer: see ``queue_step``; nothing is written.
    """
    kind = notice_events.event(event)
    for new in notices:
        _check(kind, new)
    if len({new.key for new in notices}) < len(notices):
        raise BadRecipient("A key comes twice: each thing that is told has its own.")
    known, texts = notice_people.addressees(
        event=kind.code,
        keys=[new.key for new in notices],
        customer_ids=[new.customer_id for new in notices],
        account_ids=[new.account_id for new in notices],
    )
    fresh = [new for new in notices if not known[new.key].is_told]
    if not fresh:
        return 0
    numbers = {new.account_id: known[new.key].number for new in fresh if new.account_id is not None}
    writer = Writer(kind, numbers, only, wording, written=texts)
    drafts = [draft for new in fresh for draft in writer.drafts(new, _person(new, known[new.key]))]
    return notice_drafts.write_step(event=kind, drafts=drafts)


def _check(kind: Event, new: NewNotice) -> None:
    if (new.customer_id is None) == (new.recipient is None):
        raise BadRecipient("Name either a customer or a recipient.", key=new.key)
    if not new.key or len(new.key) > KEY_MOST:
        raise BadRecipient(f"A key has 1 to {KEY_MOST} characters.", key=new.key)
    notice_facts.check(kind, facts=new.facts)


def _person(new: NewNotice, known: Addressee) -> Person:
    """Return who is told."""
    if new.recipient is not None:
        return new.recipient.person()
    if known.person is None:
        raise UnknownCustomer(f"There is no customer {new.customer_id}.", customer_id=new.customer_id)
    if new.place and Channel.POST not in known.person.addresses:
        return replace(known.person, addresses={**known.person.addresses, Channel.POST: Address(new.place)})
    return known.person
