"""Customers who were taken on twice: pairs to compare, one merged, one that waits; and numbers that are proven."""

from dataclasses import replace
from datetime import date, datetime

from django.utils import timezone

from accounts.domain.contact import ContactKind
from accounts.domain.customer import NewCustomer
from accounts.domain.merging import MergeState
from accounts.domain.protections import ProtectionKind
from accounts.operations import customers as operations
from accounts.operations import data_exports, duplicates, merges, verified_numbers
from accounts.operations.merges import NewMerge
from accounts.queries import accounts, customers, protections, users
from accounts.queries.customers import CustomerCard
from billing.queries import bills
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role

SKIPPED, PROVEN = 20, 6
"""Accounts before these are those of other pages of the demo; so many numbers are proven."""
NOTE = "营业厅重复建档 Taken on again at the counter"


def build(*, run_id: int, today: date) -> list[MergeState]:
    """Take some customers of a run on again, merge two of them, prove numbers; return how the merges stand."""
    now, clerk = timezone.now(), _clerk()
    cards = _holders(run_id, today)
    if len(cards) < 4:
        return []
    for card in cards[:PROVEN]:
        _prove(card, now, clerk)
    # The same person; one who may be; one who has the number of somebody else by now.
    _again(cards[0], today, clerk)
    _again(cards[1], today, clerk, email="", postal_address="", id_number="")
    newcomer = _again(cards[2], today, clerk, name="王新户", email="", postal_address="", id_number="")
    _prove(customers.card(customer_id=newcomer), now, clerk)
    states = [_merge(cards[3], today, clerk, now)]
    guarded = _guarded(today)
    if guarded is not None:
        states.append(_merge(guarded, today, clerk, now))
    duplicates.find(at=now)
    data_exports.ask(customer_id=cards[0].id, at=now, actor=clerk)
    data_exports.work(now)
    return states


def _holders(run_id: int, today: date) -> list[CustomerCard]:
    """Return people with a mobile number, each once."""
    found: dict[int, CustomerCard] = {}
    for bill in bills.of_run(run_id=run_id, state="issued", offset=SKIPPED, most=20):
        card = customers.card(customer_id=accounts.overview(account_id=bill.account_id, at_date=today).holder.id)
        if card.kind == "resident" and any(one.kind == ContactKind.MOBILE for one in card.contacts):
            found[card.id] = card
    return list(found.values())


def _again(card: CustomerCard, today: date, clerk: Actor, **changes: str) -> int:
    """Take a customer on a second time."""
    new = NewCustomer(
        name=card.name, kind=card.kind, language=card.language, id_number=card.id_number, note=NOTE,
        phone=card.shown.phone, email=card.shown.email, postal_address=card.shown.postal_address,
    )  # fmt: skip
    return operations.create(customer=replace(new, **changes), opened_date=today, actor=clerk).customer_id


def _merge(card: CustomerCard, today: date, clerk: Actor, at: datetime) -> MergeState:
    made = _again(card, today, clerk)
    new = NewMerge(survivor_id=card.id, merged_id=made, reason="同一证件号码 The same identity card", choices={})
    return MergeState(merges.merge(new=new, at=at, actor=clerk).state)


def _guarded(today: date) -> CustomerCard | None:
    """Return somebody who lives on electricity: a second person decides on merging them."""
    wanted = protections.WantedProtections()
    for one in protections.listed(wanted=wanted, today=today, most=50):
        if one.kind == ProtectionKind.LIFE_SUPPORT:
            return customers.card(customer_id=one.customer_id)
    return None


def _prove(card: CustomerCard, at: datetime, clerk: Actor) -> None:
    contact = next(one for one in card.contacts if one.kind == ContactKind.MOBILE)
    verified_numbers.answered(customer_id=card.id, contact_id=contact.id, at=at, actor=clerk)


def _clerk() -> Actor:
    card = users.with_role(role=Role.CLERK)[-1]
    return Actor(ActorKind.STAFF, card.id, card.username, frozenset({Role.CLERK}))
