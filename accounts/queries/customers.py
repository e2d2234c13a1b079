"""Customers with their contact points."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from accounts.domain.contact import ContactKind, Shown, shown
from accounts.models.contact import ContactPoint
from accounts.models.customer import Customer, PlainName
from cis.kernel.errors import Refused
from cis.platform import db


class UnknownCustomer(Refused):
    """There is no such customer."""

    code = "unknown_customer"


class CustomerMerged(Refused):
    """The customer was merged into another one."""

    code = "customer_merged"


class CustomerErased(Refused):
    """The data of the customer were overwritten: nothing is told of them, and nothing is written there any more."""

    code = "customer_erased"


PLAIN_NAME = PlainName.template.replace("%(expressions)s", "{}")
"""SQL of a name as it is compared, by which customers are indexed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactCard:
    """
    One contact point.

    bounce_reason  why a message came back from it, "" = none did
    verified_at    since when it is proven that this customer answers it, None: it is not
    """

    id: int
    kind: str
    value: str
    is_preferred: bool
    bounce_reason: str = ""
    verified_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerCard:
    """
    A customer as a page shows it.

    version   to be handed back by an edit
    contacts  all contact points, the preferred of each kind first
    shown     the number, mailbox and address that stand on forms and letters
    """

    id: int
    external_id: str
    kind: str
    name: str
    id_number: str
    language: str
    note: str
    version: int
    contacts: tuple[ContactCard, ...]
    shown: Shown


def card(*, customer_id: int) -> CustomerCard:
    """
    Return one customer; two statements.

    :raises UnknownCustomer: there is none.
    """
    found = cards(customer_ids=[customer_id])
    if not found:
        raise UnknownCustomer(f"There is no customer {customer_id}.", customer_id=customer_id)
    return found[customer_id]


def cards(*, customer_ids: Iterable[int]) -> dict[int, CustomerCard]:
    """Return customers by id; two statements for any number. A customer that does not exist is left out."""
    wanted = list(customer_ids)
    contacts: dict[int, list[ContactCard]] = {}
    for point in ContactPoint.objects.filter(customer_id__in=wanted).order_by("kind", "-is_preferred", "id"):
        contact = ContactCard(
            id=point.id,
            kind=point.kind,
            value=point.value,
            is_preferred=point.is_preferred,
            bounce_reason=(point.bounce_reason or "bounced") if point.bounced_at else "",
            verified_at=point.verified_at,
        )
        contacts.setdefault(point.customer_id, []).append(contact)
    return {row.id: _card(row, contacts.get(row.id, [])) for row in Customer.objects.filter(id__in=wanted)}


def ids_by_external_id(external_ids: Iterable[str]) -> dict[str, int]:
    """
    Return the ids of those customers that exist, by external id; one statement.

    In the place of one who was merged stands the survivor.
    """
    rows = Customer.objects.filter(external_id__in=list(external_ids))
    return {
        name: survivor or row_id for name, row_id, survivor in rows.values_list("external_id", "id", "merged_into_id")
    }


@dataclass(frozen=True, slots=True)
class Standing:
    """A customer who stands, also in the place of those who were merged into them."""

    id: int
    external_id: str


def standing(*, external_id: str) -> Standing | None:
    """Return who stands under an external id, in the place of one who was merged the survivor; one statement."""
    rows = Customer.objects.filter(external_id=external_id)
    found = rows.values_list("id", "external_id", "merged_into_id", "merged_into__external_id").first()
    return None if found is None else Standing(found[2] or found[0], found[3] or found[1])


def with_mailbox(address: str) -> tuple[int, ...]:
    """Return the customers that are reached under a mailbox, oldest first; none for an empty one. One statement."""
    if not address:
        return ()
    written = {address, address.lower()}
    rows = ContactPoint.objects.filter(kind=ContactKind.EMAIL.value, value__in=written)
    return tuple(sorted(set(rows.values_list("customer_id", flat=True))))


def with_telephone(number: str) -> tuple[int, ...]:
    """Return the customers that are reached under a number in international form, oldest first; one statement."""
    if not number:
        return ()
    kinds = [ContactKind.MOBILE.value, ContactKind.PHONE.value]
    rows = ContactPoint.objects.filter(kind__in=kinds, value=number)
    return tuple(sorted(set(rows.values_list("customer_id", flat=True))))


def with_id_number(id_number: str) -> tuple[int, ...]:
    """Return the customers with an identity number in its plain form, oldest first; none for an empty one."""
    if not id_number:
        return ()
    rows = db.fetch("SELECT id FROM accounts_customer WHERE id_number = %s ORDER BY id", [id_number])
    return tuple(row_id for (row_id,) in rows)


def _card(row: Customer, contacts: list[ContactCard]) -> CustomerCard:
    return CustomerCard(
        id=row.id,
        external_id=row.external_id,
        kind=row.kind,
        name=row.name,
        id_number=row.id_number,
        language=row.language,
        note=row.note,
        version=row.version,
        contacts=tuple(contacts),
        shown=shown({ContactKind(contact.kind): contact.value for contact in contacts if contact.is_preferred}),
    )
