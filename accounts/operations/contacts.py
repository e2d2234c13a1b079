"""Contact points of a customer: add, remove, prefer; at most one of each kind is preferred."""

from django.utils import timezone

from accounts.domain import contact
from accounts.domain.contact import ContactKind, Shown
from accounts.domain.customer import search_grams
from accounts.models.contact import ContactPoint
from accounts.models.customer import Customer
from accounts.operations import unreachable
from accounts.queries import supplier
from accounts.queries.customers import CustomerErased, CustomerMerged, UnknownCustomer
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction


class UnknownContact(Refused):
    """The customer has no such contact point."""

    code = "unknown_contact"


class ContactTaken(Refused):
    """The customer has this contact point already."""

    code = "contact_taken"


class NumberIsOthers(Refused):
    """Another customer proved that the number is theirs."""

    code = "number_is_others"


@opens_transaction
def add(*, customer_id: int, kind: str, value: str, is_preferred: bool = False, actor: Actor) -> int:
    """
    Add a contact point; the first of its kind is preferred.

    :returns: id of the contact point.
    :raises UnknownCustomer: there is no such customer.
    :raises BadContact: the value is no contact of that kind.
    :raises ContactTaken: the customer has it already.
    """
    customer = lock_customer(customer_id=customer_id)
    way, plain = contact.contact(value, kind=ContactKind(kind), country=supplier.country())
    kept = ContactPoint.objects.filter(customer=customer, kind=way)
    if kept.filter(value=plain).exists():
        raise ContactTaken(f"{plain} is kept already.", customer_id=customer_id)
    point = ContactPoint.objects.create(customer=customer, kind=way, value=plain)
    if is_preferred or not kept.filter(is_preferred=True).exists():
        prefer_point(point=point)
    touch(customer=customer)
    unreachable.reached_step(customer_id=customer_id, at=timezone.now())
    audit.record(actor, "add_contact", "customer", customer_id, kind=str(way), value=plain)
    return point.id


@opens_transaction
def remove(*, customer_id: int, contact_id: int, actor: Actor) -> None:
    """
    Remove a contact point; the oldest left of its kind is preferred from now on.

    :raises UnknownCustomer: there is no such customer.
    :raises UnknownContact: the customer has no such contact point.
    """
    customer = lock_customer(customer_id=customer_id)
    point = _point(customer, contact_id)
    kind, value, was_preferred = point.kind, point.value, point.is_preferred
    point.delete()
    heir = ContactPoint.objects.filter(customer=customer, kind=kind).order_by("id").first()
    if was_preferred and heir:
        prefer_point(point=heir)
    touch(customer=customer)
    audit.record(actor, "remove_contact", "customer", customer_id, kind=kind, value=value)


@opens_transaction
def prefer(*, customer_id: int, contact_id: int, actor: Actor) -> None:
    """
    Make a contact point the preferred one of its kind.

    :raises UnknownCustomer: there is no such customer.
    :raises UnknownContact: the customer has no such contact point.
    """
    customer = lock_customer(customer_id=customer_id)
    point = _point(customer, contact_id)
    prefer_point(point=point)
    touch(customer=customer)
    audit.record(actor, "prefer_contact", "customer", customer_id, kind=point.kind, value=point.value)


@opens_transaction
def mend(*, customer_id: int, contact_id: int, actor: Actor) -> None:
    """
    Say that a contact point works again, though a message came back from it: the customer was asked.

    :raises UnknownCustomer: there is no such customer.
    :raises UnknownContact: the customer has no such contact point. :raises NumberIsOthers: see there.
    """
    customer = lock_customer(customer_id=customer_id)
    point = _point(customer, contact_id)
    _check_free(point)
    if point.bounced_at is not None:
        point.bounced_at, point.bounce_reason = None, ""
        point.save(update_fields=["bounced_at", "bounce_reason"])
        unreachable.reached_step(customer_id=customer_id, at=timezone.now())
        audit.record(actor, "mend_contact", "customer", customer_id, kind=point.kind, value=point.value)


@joins_transaction
def lock_customer(*, customer_id: int) -> Customer:
    """
    Lock a customer against other edits until the use case ends.

    :raises UnknownCustomer: there is no such customer. :raises CustomerMerged: another one stands in their place.
    :raises CustomerErased: the data were overwritten, and nothing is written there any more.
    """
    customer = Customer.objects.select_for_update().filter(id=customer_id).first()
    if customer is None:
        raise UnknownCustomer(f"There is no customer {customer_id}.", customer_id=customer_id)
    if customer.merged_into_id is not None:
        raise CustomerMerged(
            f"{customer.name} was merged into another customer.", advice="Open the customer who stands in their place.",
            customer_id=customer.merged_into_id,
        )  # fmt: skip
    if customer.erased_at is not None:
        raise CustomerErased(
            "The data of this customer were overwritten.", advice="Take them on anew.", customer_id=customer_id
        )
    return customer


@joins_transaction
def prefer_point(*, point: ContactPoint) -> None:
    """Make a contact point the only preferred one of its kind."""
    ContactPoint.objects.filter(customer_id=point.customer_id, kind=point.kind, is_preferred=True).exclude(
        id=point.id
    ).update(is_preferred=False)
    point.is_preferred = True
    point.save(update_fields=["is_preferred"])


@joins_transaction
def show(*, customer: Customer, old: Shown, contacts: tuple[tuple[ContactKind, str], ...]) -> None:
    """Put the contacts of a form in place of those it showed before; others of the customer stay."""
    given = {value for _, value in contacts}
    gone = {old.phone, old.email, old.postal_address} - given
    ContactPoint.objects.filter(customer=customer, is_preferred=True, value__in=gone).delete()
    for kind, value in contacts:
        point, _ = ContactPoint.objects.get_or_create(customer=customer, kind=kind, value=value)
        if not point.is_preferred:
            prefer_point(point=point)
    if given - {old.phone, old.email, old.postal_address}:
        unreachable.reached_step(customer_id=customer.id, at=timezone.now())


@joins_transaction
def touch(*, customer: Customer) -> None:
    """Make the customer found by what is kept now, and older copies of it on forms stale."""
    contacts = tuple(
        (ContactKind(kind), value)
        for kind, value in ContactPoint.objects.filter(customer=customer).order_by("id").values_list("kind", "value")
    )
    grams = search_grams(name=customer.name, name_pinyin=customer.name_pinyin, contacts=contacts)
    customer.search_grams = list(grams)
    customer.version += 1
    customer.save()


def _check_free(point: ContactPoint) -> None:
    others = ContactPoint.objects.filter(value=point.value, verified_at__isnull=False)
    if point.kind in {"mobile", "phone"} and others.exclude(customer_id=point.customer_id).exists():
        raise NumberIsOthers("Another customer proved that it is theirs.", advice="Prove it by a code.")


def _point(customer: Customer, contact_id: int) -> ContactPoint:
    point = ContactPoint.objects.filter(customer=customer, id=contact_id).first()
    if point is None:
        raise UnknownContact("The customer has no such contact point.", customer_id=customer.id, contact_id=contact_id)
    return point
