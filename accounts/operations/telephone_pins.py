"""Secret numbers for the telephone: set by the customer or for him at the desk, removed."""

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accounts.domain import telephone_pins
from accounts.models.telephone import TelephonePin
from accounts.queries import accounts
from cis.kernel.actors import Actor
from cis.platform import audit
from cis.platform.db import opens_transaction


@opens_transaction
def set_pin(*, account_id: int, customer_id: int, pin: str, digits: int, actor: Actor) -> None:
    """
    Set the secret number of an account's holder in the place of an earlier one.

    :param digits: how many the place asks for.
    :raises UnknownAccount: there is none.
    :raises BadPin: it is too easy, or has other digits.
    """
    card = accounts.card(account_id=account_id)
    telephone_pins.check(pin, digits=digits, account_number=card.number)
    TelephonePin.objects.update_or_create(
        account_id=account_id,
        defaults={
            "customer_id": customer_id, "hash": make_password(pin), "set_at": timezone.now(), "actor_id": actor.id,
        },
    )  # fmt: skip
    audit.record(actor, "set_telephone_pin", "customer", customer_id, account=account_id)


@opens_transaction
def remove(*, account_id: int, customer_id: int, actor: Actor) -> None:
    """Remove a secret number; who has none proves himself otherwise. There was none: nothing happens."""
    gone, _ = TelephonePin.objects.filter(account_id=account_id, customer_id=customer_id).delete()
    if gone:
        audit.record(actor, "remove_telephone_pin", "customer", customer_id, account=account_id)
