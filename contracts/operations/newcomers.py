"""Customers who come with a change of use and whom nobody knows yet."""

from dataclasses import replace

from accounts.domain.customer import NewCustomer
from accounts.operations import customers
from cis.kernel.actors import Actor
from cis.platform.db import joins_transaction
from contracts.domain.changes import Wanted


@joins_transaction
def with_newcomer(*, wanted: Wanted, newcomer: NewCustomer | None, actor: Actor) -> Wanted:
    """Return a change with the customer who comes, who is made; None: he is known, or nobody comes."""
    if newcomer is None:
        return wanted
    customer_id = customers.enroll(customer=newcomer, actor=actor)
    if wanted.parts:
        return replace(wanted, parts=tuple(replace(part, customer_id=customer_id) for part in wanted.parts))
    return replace(wanted, customer_id=customer_id)
