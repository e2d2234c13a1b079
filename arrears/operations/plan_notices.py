"""What customers are told of their plans of instalments, each thing once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from accounts.domain.notice_events import Fact, Money
from accounts.operations import notices
from accounts.operations.notice_drafts import NewNotice
from accounts.queries import supplier
from arrears.queries.plans import plan_number
from cis.kernel.actors import SYSTEM
from cis.platform.db import joins_transaction

LINK: Final = "/portal/instalments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """
    One thing to tell of a plan.

    what      part of the key: the same of a plan is told once
    amounts   facts that are money [minor unit]
    facts     other facts of the event
    """

    plan_id: int
    serial: int
    account_id: int
    customer_id: int
    what: str
    amounts: Mapping[str, int]
    facts: Mapping[str, Fact] = field(default_factory=dict)


@joins_transaction
def tell_step(*, event: str, told: Sequence[Told]) -> None:
    """Tell customers of one event, in a constant number of statements; none: nothing happens."""
    if not told:
        return
    currency = supplier.current().currency
    news = [
        NewNotice(
            key=f"plan:{one.plan_id}:{one.what}",
            facts={
                "plan": plan_number(serial=one.serial),
                "link": LINK,
                **{name: Money(minor, currency) for name, minor in one.amounts.items()},
                **one.facts,
            },
            customer_id=one.customer_id,
            account_id=one.account_id,
        )
        for one in told
    ]
    notices.queue_many_step(event=event, notices=news, actor=SYSTEM)
