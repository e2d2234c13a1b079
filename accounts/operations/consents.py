"""Consent: a customer chooses by which ways notices of each class go; each change is in the audit trail."""

from collections.abc import Mapping

from django.utils import timezone

from accounts.domain.notice_events import Channel, NoticeClass
from accounts.models.notice import Consent
from accounts.operations.contacts import lock_customer
from accounts.queries import consents
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction


class UnknownChoice(Refused):
    """There is nothing to choose for this class and way: what belongs to the supply always lies in the inbox."""

    code = "no_such_choice"


@opens_transaction
def change(*, customer_id: int, choices: Mapping[tuple[NoticeClass, Channel], bool], actor: Actor) -> int:
    """
    Write down what a customer chose; what already holds because they said so is left alone. Return how many changed.

    :raises UnknownCustomer: there is no such customer.
    :raises UnknownChoice: a class and way cannot be chosen.
    """
    return change_step(customer_id=customer_id, choices=choices, actor=actor)


@joins_transaction
def change_step(*, customer_id: int, choices: Mapping[tuple[NoticeClass, Channel], bool], actor: Actor) -> int:
    """Do what ``change`` does, as a step of a use case."""
    lock_customer(customer_id=customer_id)
    known = {(one.notice_class, one.channel): one for one in consents.of_customer(customer_id=customer_id)}
    changed = {}
    for place, is_given in choices.items():
        now = known.get(place)
        if now is None:
            raise UnknownChoice("This cannot be chosen.", advice="The inbox always takes what belongs to the supply.")
        if now.is_on != is_given:
            changed[place] = is_given
    for (kind, channel), is_given in changed.items():
        Consent.objects.update_or_create(
            customer_id=customer_id,
            notice_class=kind.value,
            channel=channel.value,
            defaults={"is_given": is_given, "changed_at": timezone.now()},
        )
    if changed:
        told = {f"{kind}_{channel}": is_given for (kind, channel), is_given in changed.items()}
        audit.record(actor, "change_consent", "customer", customer_id, **told)
    return len(changed)
